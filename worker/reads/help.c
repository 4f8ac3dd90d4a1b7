/* The text of --help. */
#include "worker/reads/help.h"

#include <stdio.h>

#include "common/outcome.h"

const char reads_help[] = "usage: lattice-reads --help | --version\n"
                          "\n"
                          "Reads what lattice-supervise synced: opens the stores read-only.\n";

int reads_help_print(const char *text)
{
    fputs(text, stdout);
    return fflush(stdout) == 0 ? 0 : cause_exit(CAUSE_STORE);
}
