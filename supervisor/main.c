/* lattice-supervise: keeps sources synced, each in a process of its own. */
#include <fcntl.h>
#include <linux/close_range.h>
#include <malloc.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/log.h"
#include "common/version.h"
#include "supervisor/command_break_lock.h"
#include "supervisor/command_config.h"
#include "supervisor/command_doctor.h"
#include "supervisor/command_kick.h"
#include "supervisor/command_retry.h"
#include "supervisor/command_runs.h"
#include "supervisor/command_status.h"
#include "supervisor/help.h"
#include "supervisor/run.h"
#include "supervisor/service.h"

static int command_help(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return help_print(help_text);
}

static int command_version(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return help_print("lattice-supervise " LATTICE_VERSION "\n");
}

static const struct {
    const char *name;
    int (*run)(int argc, char **argv); /* argv[0] is the command's name; gives the exit code */
} commands[] = {
    {"status", command_status},
    {"retry", command_retry},
    {"kick", command_kick},
    {"serve", command_serve},
    {"break-lock", command_break_lock},
    {"doctor", command_doctor},
    {"runs", command_runs},
    {"add", command_add},
    {"remove", command_remove},
    {"list", command_list},
    {"check-config", command_check_config},
    {"help", command_help},
    {"--help", command_help},
    {"-h", command_help},
    {"--version", command_version},
};

/* A closed 0, 1 or 2 would become the next file that is opened; and what we inherited above them
 * is none of the workers' business. */
static void repair_descriptors(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
    syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
}

/* By default each thread of the pool gets a heap of its own, which grows for hours until each has
 * seen the largest store: 10 MiB instead of 7. None of them allocates enough to wait for another.
 */
static void share_one_heap(void)
{
#ifdef M_ARENA_MAX
    mallopt(M_ARENA_MAX, 1);
#endif
}

int main(int argc, char **argv)
{
    share_one_heap();
    repair_descriptors();
    umask(077); /* the home is its user's alone, and so is all in it */
    log_init_from_environment();
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof *commands; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    return run_command(argc, argv);
}
