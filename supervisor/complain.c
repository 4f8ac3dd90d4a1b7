/* Printing errors of a run and of `status`. */
#include "supervisor/complain.h"

#include <stdio.h>

#include "supervisor/command_line.h"

int complain_error(const struct error *e)
{
    print_note("error", "%s: %s", cause_name(e->cause), e->text);
    if (e->cause == CAUSE_USAGE)
        fputs("`lattice-supervise --help` shows what can be done\n", stderr);
    return cause_exit(e->cause);
}

void complain_mistakes(const char *path, const struct config_mistakes *mistakes, struct error *e)
{
    if (mistakes->count < 2)
        return;
    for (size_t i = 0; i < mistakes->count; i++)
        print_note("error", "%s", mistakes->lines[i]);
    error_set(e, CAUSE_CONFIG, "%s: %zu mistakes", path, mistakes->count);
}
