/* measure FILE CMD ARG...: runs it and appends one line to FILE. */
/*
 *   exit_code cpu_ms wall_us peak_kib
 * CPU is user and system time of the command and all its children that were waited for; the peak
 * is the largest resident set of any one of them. A command that a signal ended counts 128 + n. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static double ms(struct timeval t)
{
    return (double)t.tv_sec * 1000 + (double)t.tv_usec / 1000;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fputs("usage: measure FILE CMD ARG...\n", stderr);
        return 2;
    }
    long long start = now_us();
    pid_t pid = fork();
    if (pid == 0) {
        execvp(argv[2], argv + 2);
        fprintf(stderr, "measure: %s: %s\n", argv[2], strerror(errno));
        _exit(127);
    }
    int status = 0;
    struct rusage used;
    if (pid < 0 || wait4(pid, &status, 0, &used) != pid) {
        perror("measure");
        return 2;
    }
    long long wall = now_us() - start;
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    FILE *file = fopen(argv[1], "ae");
    if (!file) {
        perror(argv[1]);
        return 2;
    }
    fprintf(file, "%d %.1f %lld %ld\n", code, ms(used.ru_utime) + ms(used.ru_stime), wall,
            used.ru_maxrss);
    return fclose(file) == 0 ? code : 2;
}
