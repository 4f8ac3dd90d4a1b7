/* The end of a run or of `status`: table, last line, JSON document, exit code; pure. */
#ifndef LATTICE_SUPERVISOR_REPORT_H
#define LATTICE_SUPERVISOR_REPORT_H

#include <jansson.h>

#include "common/status.h"
#include "common/text.h"

enum { REPORT_VERSION = 1 };

struct report {
    const struct source_status *statuses; /* borrowed */
    size_t count;
    bool ran; /* false: `status`, which has no waves, time and exit code */
    int waves;
    int64_t duration_ms;
    int exit_code;
    const char *containment;      /* borrowed; name of the tier in force; NULL: not asked */
    const char *containment_text; /* borrowed; the same for people; NULL: no line for it */
};

/* 0, 1 or 3 by the verdicts of what is shown; --partial-ok turns 3 into 0, never 1. */
int report_exit_code(const struct source_status *statuses, size_t count, bool partial_ok);
/* `4 sources: 1 ok, 1 unchanged, 1 partial, 1 failed · 1 wave · 50.3s` */
void report_line(struct buf *out, const struct report *report);
/* {"version": 1, "sources": [...], "summary": {...}}; the caller owns it. */
json_t *report_json(const struct report *report);
/* Writes it to stdout, as table or JSON. False if stdout took it not whole. */
bool report_print(const struct report *report, bool json);

#endif
