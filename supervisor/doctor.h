/* What is right and wrong with a home and the machine under it, each with its remedy. */
#ifndef LATTICE_SUPERVISOR_DOCTOR_H
#define LATTICE_SUPERVISOR_DOCTOR_H

#include <jansson.h>

#include "common/home.h"
#include "common/text.h"

enum finding_level { FINDING_OK, FINDING_WARN, FINDING_FAIL };

struct finding {
    enum finding_level level;
    const char *check;  /* static: "home", "kernel", ... */
    char *source;       /* owned; NULL if it is about no single one */
    char *text;         /* owned */
    const char *remedy; /* static; NULL: none needed */
};

struct findings {
    struct finding *list; /* owned */
    size_t count;
};

/* `source` may be NULL. */
struct finding *finding_add(struct findings *findings, enum finding_level level, const char *check,
                            const char *source);
void finding_say(struct finding *finding, const char *remedy, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void findings_release(struct findings *findings);

const char *finding_level_name(enum finding_level level);
size_t findings_count(const struct findings *findings, enum finding_level level);
/* One line each, and one more for a remedy; then a line of counts. */
void findings_write(struct buf *out, const struct findings *findings);
/* {"version", "checks": [{"check", "source", "level", "text", "remedy"}], "summary": {...}}; the
 * caller owns it. */
json_t *findings_json(const struct findings *findings);

/* Kernel, containment, git, SQLite (doctor_machine.c). */
void doctor_machine(struct findings *findings);
/* Everything in the home (doctor_home.c). */
void doctor_home(struct findings *findings, const struct home *home);

#endif
