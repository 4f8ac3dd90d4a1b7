/* Times, ages and sizes as a person reads them. */
#ifndef LATTICE_WORKER_READS_WEB_TIME_H
#define LATTICE_WORKER_READS_WEB_TIME_H

#include "worker/reads/web_html.h"

/* How old what a source shows may be. `late`: four times the default `every`; `old`: even a nightly
 * cron has been missed. */
enum age { AGE_FRESH, AGE_LATE, AGE_OLD, AGE_NEVER };
enum { AGE_LATE_S = 60 * 60, AGE_OLD_S = 26 * 60 * 60 };
/* Negative: never. */
enum age age_of(int64_t fresh_s);
const char *age_class(enum age age);

/* "just now", "4 min", "3 h", "2 days", "5 months": the largest unit. */
void age_words(int64_t seconds, char *out, size_t size);
/* <time datetime="..." title="2026-05-01 12:00 UTC">3 h ago</time>; "never" for 0. */
void html_ago(struct html *h, int64_t unix_s, int64_t now_s);
/* 340 ms, 2.1 s, 3 min 20 s */
void html_duration(struct html *h, int64_t ms);
/* 12.3 MiB */
void html_size(struct html *h, int64_t bytes);

#endif
