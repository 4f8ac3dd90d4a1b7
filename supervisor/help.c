/* The text of --help. */
#include "supervisor/help.h"

#include <stdio.h>

const char help_text[] =
    "usage: lattice-supervise (--all | --source ID...) [OPTION]...\n"
    "       lattice-supervise status [--json] [ID]...\n"
    "       lattice-supervise break-lock (--all | --source ID...) [--max-age D | --force]\n"
    "       lattice-supervise retry ID [PATH]\n"
    "       lattice-supervise doctor [--json]\n"
    "       lattice-supervise runs [ID] [--limit N] [--json]\n"
    "       lattice-supervise serve [OPTION]...\n"
    "       lattice-supervise kick [ID]\n"
    "       lattice-supervise add | remove | list | check-config [--help]\n"
    "\n"
    "Syncs sources into local, searchable stores: one process per source, each under a\n"
    "deadline, so that no source can hold up another. Made for cron.\n"
    "\n"
    "which sources\n"
    "  --all            every enabled source of sources.json\n"
    "  --source ID      this one, also if it is disabled; repeatable\n"
    "limits of each worker (flag, else the source's own, else its defaults)\n"
    "  --timeout D      hard limit of its life: at D it is killed, with its group (10m)\n"
    "  --grace D        it is asked to stop this long before that; at most half of the\n"
    "                   timeout (30s, at most a quarter of the timeout)\n"
    "  --stall D        without progress for D it is ended as at its deadline (5m)\n"
    "limits of all\n"
    "  --jobs N         at most N at a time (the number of processors)\n"
    "  --waves N        rounds: later ones take what is partial or worth another try (3)\n"
    "  --budget D       none starts with less than 10s of D left; none outlives it\n"
    "  --wait D         wait up to D for another supervisor to end, instead of exit 75\n"
    "how\n"
    "  --full           import every page anew\n"
    "  --allow-shrink   let a source lose more than half of its pages\n"
    "  --partial-ok     exit 0, not 3, if some are partial and none failed\n"
    "  --json           print one JSON document instead of the table\n"
    "  --home DIR       where everything is kept ($LATTICE_HOME)\n"
    "  --help           this text\n"
    "  --version        the version\n"
    "\n"
    "D is a number with ms, s, m, h or d: 90s, 10m, 1h; a bare number means seconds.\n"
    "\n"
    "exit codes\n"
    "  0    all are synced\n"
    "  1    some failed\n"
    "  3    some are partial, none failed; the next run goes on where they stopped\n"
    "  64   the command line is wrong\n"
    "  75   another supervisor runs on this home\n"
    "  78   sources.json or the environment is wrong\n"
    "  128+n  stopped by signal n; Ctrl-C twice stops in a hurry\n"
    "\n"
    "environment: LATTICE_HOME, LATTICE_LOG=error|warn|info|debug, NO_COLOR\n";

const char help_status_text[] =
    "usage: lattice-supervise status [--json] [--watch] [ID]...\n"
    "\n"
    "Prints how every source stands, without running anything; also while a run goes on.\n"
    "FRESH is the time since the store was last known to equal its source.\n"
    "\n"
    "  --json      as one JSON document\n"
    "  --watch     again whenever something changes, until interrupted\n"
    "  --home DIR  where everything is kept ($LATTICE_HOME)\n"
    "  --help      this text\n";

int help_print(const char *text)
{
    fputs(text, stdout);
    return fflush(stdout) == 0 ? 0 : 1;
}
