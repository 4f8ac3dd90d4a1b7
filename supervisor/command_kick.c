/* `kick [ID]` */
#include "supervisor/command_kick.h"

#include <stdio.h>

#include "supervisor/command_line.h"
#include "supervisor/control_client.h"

static const char kick_help[] =
    "usage: lattice-supervise kick [ID]\n"
    "\n"
    "Makes the running supervisor sync a source now, or all of them, and does not wait for it.\n"
    "\n"
    "  --home DIR  where everything is kept ($LATTICE_HOME)\n"
    "  --help      this text\n";

static bool kick(const struct arguments *a, struct error *e)
{
    struct control_request request = {.command = "kick"};
    struct home home = {0};
    if (a->count > 0 && !source_id_valid(a->words[0]))
        return error_set(e, CAUSE_USAGE, "\"%s\" is not a source id", a->words[0]);
    if (a->count > 0)
        snprintf(request.source, sizeof request.source, "%s", a->words[0]);
    bool ok = home_open_existing(a->home, &home, e) && control_command(&home, &request, e);
    home_release(&home);
    return ok;
}

int command_kick(int argc, char **argv)
{
    static const struct option options[] = {COMMON_OPTIONS, {0}};
    static const struct command command = {
        .help = kick_help, .options = options, .least = 0, .most = 1, .run = kick};
    return command_run(&command, argc, argv);
}
