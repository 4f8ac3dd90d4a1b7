/* peak FILE CMD ARG...: runs it and appends the peak resident set of that one process to FILE. */
/*
 * In KiB. getrusage(2) gives the largest of a process and all its children; a supervisor's own is
 * only to be had from /proc/PID/status while it lives, so it is stopped at its exit: ptrace(2). */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t start(char **argv)
{
    pid_t pid = fork();
    if (pid == 0) {
        raise(SIGSTOP); /* until it is traced */
        execvp(argv[0], argv);
        fprintf(stderr, "peak: %s: %s\n", argv[0], strerror(errno));
        _exit(127);
    }
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, WUNTRACED) != pid ||
        ptrace(PTRACE_SEIZE, pid, NULL, PTRACE_O_TRACEEXIT) != 0) {
        perror("peak");
        exit(2);
    }
    kill(pid, SIGCONT);
    return pid;
}

static long read_peak_kib(pid_t pid)
{
    char name[64];
    char line[256];
    long kib = -1;
    snprintf(name, sizeof name, "/proc/%ld/status", (long)pid);
    FILE *file = fopen(name, "re");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, "VmHWM:", 6) == 0)
            kib = strtol(line + 6, NULL, 10);
    if (file)
        fclose(file);
    return kib;
}

/* Passes every stop on until the end; its wait status. */
static int follow(pid_t pid, long *kib)
{
    int status = 0;
    while (waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status)) {
        int event = status >> 16;
        if (event == PTRACE_EVENT_EXIT)
            *kib = read_peak_kib(pid);
        ptrace(PTRACE_CONT, pid, NULL, event ? 0L : (long)WSTOPSIG(status));
    }
    return status;
}

int main(int argc, char **argv)
{
    long kib = -1;
    if (argc < 3) {
        fputs("usage: peak FILE CMD ARG...\n", stderr);
        return 2;
    }
    int status = follow(start(argv + 2), &kib);
    FILE *file = fopen(argv[1], "ae");
    if (!file || kib < 0) {
        perror(argv[1]);
        return 2;
    }
    fprintf(file, "%ld\n", kib);
    if (fclose(file) != 0)
        return 2;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
