/* The text of --help. */
#include "worker/reads/help.h"

#include <stdio.h>

#include "common/outcome.h"

#define COMMON_OPTIONS                                                                             \
    "  --json             as one JSON document\n"                                                  \
    "  --query-timeout D  give up after D (30s)\n"                                                 \
    "  --home DIR         where everything is kept ($LATTICE_HOME)\n"                              \
    "  --help             this text\n"

const char reads_help[] =
    "usage: lattice-reads search QUERY... [OPTION]...\n"
    "       lattice-reads page SOURCE PATH [--raw]\n"
    "       lattice-reads context SOURCE PATH --around CHUNK [--before N] [--after N]\n"
    "       lattice-reads links SOURCE PATH\n"
    "       lattice-reads recent | sources | stats [SOURCE]...\n"
    "       lattice-reads runs [SOURCE]\n"
    "       lattice-reads view [NAME]\n"
    "       lattice-reads sessions | queue [SOURCE]...\n"
    "       lattice-reads session ID\n"
    "       lattice-reads serve | mcp [OPTION]...\n"
    "       lattice-reads --help | --version\n"
    "\n"
    "Reads what lattice-supervise synced. It opens the stores read-only and waits for no writer.\n"
    "Each command has a --help of its own.\n"
    "\n"
    "exit codes\n"
    "  0   found\n"
    "  1   nothing found\n"
    "  64  the command line is wrong\n"
    "  69  the deadline came first; what was found until then is printed\n"
    "  74  nothing found, and a store could not be read\n"
    "  78  sources.json or the environment is wrong\n"
    "\n"
    "environment: LATTICE_HOME, LATTICE_LOG=error|warn|info|debug, NO_COLOR\n";

const char reads_help_search[] =
    "usage: lattice-reads search QUERY... [OPTION]...\n"
    "\n"
    "Pages that match, the best first, of all sources in one list.\n"
    "\n"
    "  word word          both        \"a phrase\"  in this order\n"
    "  one OR other       either      -word       without it\n"
    "  begin*  *part*     words that begin so, that contain it\n"
    "  upper and lower case, accents and all other signs make no difference\n"
    "\n"
    "  --source ID        only in this source; repeatable\n"
    "  --kind K           only in sources of this kind, such as git\n"
    "  --tag T            only pages with this tag\n"
    "  --path GLOB        only pages whose path matches, as in .gitignore\n"
    "  --since D|DATE     only pages that came or changed since: 3d, 2026-05-01\n"
    "  --until D|DATE     only pages that came or changed before\n"
    "  --superseded       also what agents superseded or archived\n"
    "  --limit N          at most N, up to 100 (10)\n"
    "  --offset N         leave out the first N\n" COMMON_OPTIONS;

const char reads_help_page[] =
    "usage: lattice-reads page SOURCE PATH [OPTION]...\n"
    "\n"
    "One page as it was synced.\n"
    "\n"
    "  --raw              its bytes alone; control characters are not escaped\n" COMMON_OPTIONS;

const char reads_help_context[] =
    "usage: lattice-reads context SOURCE PATH --around CHUNK [OPTION]...\n"
    "\n"
    "The part of a page around a hit.\n"
    "\n"
    "  --around CHUNK     the number that search shows\n"
    "  --before N         so many chunks before it (1)\n"
    "  --after N          so many chunks behind it (1)\n" COMMON_OPTIONS;

const char reads_help_links[] =
    "usage: lattice-reads links SOURCE PATH [OPTION]...\n"
    "\n"
    "Where a page leads (->), and which pages of its source lead to it (<-).\n"
    "\n"
    "  --limit N          at most N of each, up to 100 (100)\n"
    "  --offset N         leave out the first N of each\n" COMMON_OPTIONS;

const char reads_help_recent[] =
    "usage: lattice-reads recent [SOURCE]... [OPTION]...\n"
    "\n"
    "Pages that came or changed last, by the time of the sync that brought them.\n"
    "\n"
    "  --source ID        the same as a plain SOURCE; repeatable\n"
    "  --kind K           only sources of this kind, such as git\n"
    "  --limit N          at most N, up to 100 (20)\n"
    "  --offset N         leave out the first N\n" COMMON_OPTIONS;

const char reads_help_sources[] =
    "usage: lattice-reads sources [SOURCE]... [OPTION]...\n"
    "\n"
    "How every source stands. FRESH is the time since its store was last known to equal it.\n"
    "\n"
    "  --kind K           only sources of this kind, such as git\n" COMMON_OPTIONS;

const char reads_help_runs[] = "usage: lattice-reads runs [SOURCE] [OPTION]...\n"
                               "\n"
                               "Past runs, the newest first.\n"
                               "\n"
                               "  --limit N          at most N, up to 100 (20)\n"
                               "  --offset N         leave out the first N\n" COMMON_OPTIONS;

const char reads_help_stats[] =
    "usage: lattice-reads stats [SOURCE]... [OPTION]...\n"
    "\n"
    "What the stores hold.\n"
    "\n"
    "  --kind K           only sources of this kind, such as git\n" COMMON_OPTIONS;

const char reads_help_view[] =
    "usage: lattice-reads view [NAME] [OPTION]...\n"
    "\n"
    "What the sessions of agents add up to, over all sources that have some. Without NAME: which\n"
    "views there are.\n"
    "\n"
    "  --source ID        only of this source; repeatable\n"
    "  --kind K           only of sources of this kind, such as agent-log\n"
    "  --limit N          at most N rows, up to 100 (20)\n"
    "  --offset N         leave out the first N\n" COMMON_OPTIONS;

const char reads_help_sessions[] =
    "usage: lattice-reads sessions [SOURCE]... [OPTION]...\n"
    "\n"
    "Sessions that agents pushed to an inbox, the one that said something last first.\n"
    "\n"
    "  --source ID        the same as a plain SOURCE; repeatable\n"
    "  --state S          only these: open, ended, orphaned\n"
    "  --project P        only of this project\n"
    "  --limit N          at most N, up to 100 (20)\n"
    "  --offset N         leave out the first N\n" COMMON_OPTIONS;

const char reads_help_session[] =
    "usage: lattice-reads session ID [OPTION]...\n"
    "\n"
    "One session with its prompts, observations and summaries in order.\n"
    "\n"
    "  --source ID        only in this source; repeatable\n"
    "  --limit N          at most N observations, up to 100 (100)\n"
    "  --offset N         leave out the first N\n" COMMON_OPTIONS;

const char reads_help_queue[] =
    "usage: lattice-reads queue [SOURCE]... [OPTION]...\n"
    "\n"
    "What was pushed to inboxes and is not in their stores yet.\n"
    "\n"
    "  --source ID        the same as a plain SOURCE; repeatable\n" COMMON_OPTIONS;

int reads_help_print(const char *text)
{
    fputs(text, stdout);
    return fflush(stdout) == 0 ? 0 : cause_exit(CAUSE_STORE);
}
