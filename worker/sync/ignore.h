/* The rules of one .gitignore: bytes in, verdicts out; pure, bounded, fuzzed. gitignore(5). */
#ifndef LATTICE_WORKER_SYNC_IGNORE_H
#define LATTICE_WORKER_SYNC_IGNORE_H

#include <stdbool.h>
#include <stddef.h>

/* Of a file's bytes; what stands behind them is not read. */
enum { IGNORE_MAX_BYTES = 256 * 1024 };

struct ignore;

enum ignore_verdict { IGNORE_SILENT, IGNORE_OUT, IGNORE_IN };

/* Rules that git could not read match nothing, as in git. NULL if there is no rule. */
struct ignore *ignore_parse(const char *text, size_t size);
/* What the last rule that matches says of `path`, seen from the folder of the file. The folders
 * above it are not looked at: who walks a tree does not enter one that is left out. */
enum ignore_verdict ignore_judge(const struct ignore *ignore, const char *path, bool is_folder);
/* NULL-safe. */
void ignore_free(struct ignore *ignore);

#endif
