/* The NOTE of the table: what a person should know of a source, in plain words; pure. */
#ifndef LATTICE_SUPERVISOR_NOTE_H
#define LATTICE_SUPERVISOR_NOTE_H

#include "common/status.h"
#include "common/text.h"

/* Appends it, escaped: no message can forge a line or drive the terminal. */
void note_write(struct buf *out, const struct source_status *status);

#endif
