/* Times searches in one long-lived reader: p50 and p99 of each query, and what it answered. */
/*
 *   search_time HOME RUNS QUERY...
 *
 * One line per query: CPU-ms p50, wall-ms p50, wall-ms p99, approximate (0, 1), hits, how many of
 * the first 10 an exact search has, too, the query. The queries take turns, so that what else the
 * machine does falls on all. Exit code 1 if a search failed or a store did not answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/text.h"
#include "worker/reads/ops.h"
#include "worker/reads/search.h"

struct timed {
    const char *text;
    double *wall;
    double *cpu;
    json_t *answer; /* of the last run */
    size_t same;    /* as an exact one */
};

static bool failed;

static double now_ms(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static json_t *ask(struct reader *reader, const char *query)
{
    const struct op *op = op_find("search");
    struct error e = {0};
    json_t *raw = json_pack("{s:s}", "query", query);
    json_t *args = NULL;
    json_t *answer = NULL;
    bool ok = op_check_args(op, raw, &args, &e) && op->run(reader, args, &answer, &e) == OP_DONE;
    if (!ok || json_is_true(json_object_get(answer, "partial"))) {
        fprintf(stderr, "error: %s: %s\n", query, ok ? "a store did not answer" : e.text);
        failed = true;
    }
    json_decref(raw);
    json_decref(args);
    return answer;
}

static bool has(const json_t *hits, const json_t *hit)
{
    size_t i;
    json_t *other;
    json_array_foreach (hits, i, other)
        if (json_equal(json_object_get(hit, "source"), json_object_get(other, "source")) &&
            json_equal(json_object_get(hit, "path"), json_object_get(other, "path")))
            return true;
    return false;
}

static void compare_with_exact(struct reader *reader, struct timed *query)
{
    int64_t bound = search_cost_max;
    search_cost_max = INT64_MAX;
    json_t *exact = ask(reader, query->text);
    search_cost_max = bound;
    size_t i;
    json_t *hit;
    json_array_foreach (json_object_get(exact, "hits"), i, hit)
        query->same += has(json_object_get(query->answer, "hits"), hit);
    json_decref(exact);
}

static void print(const struct timed *q, size_t runs)
{
    qsort(q->wall, runs, sizeof *q->wall, by_value);
    qsort(q->cpu, runs, sizeof *q->cpu, by_value);
    printf("%.3f %.3f %.3f %d %zu %zu %s\n", q->cpu[runs / 2], q->wall[runs / 2],
           q->wall[(runs * 99 + 99) / 100 - 1],
           json_is_true(json_object_get(q->answer, "approximate")),
           json_array_size(json_object_get(q->answer, "hits")), q->same, q->text);
}

static void run(struct reader *reader, struct timed *q, size_t at)
{
    double wall = now_ms(CLOCK_MONOTONIC);
    double cpu = now_ms(CLOCK_THREAD_CPUTIME_ID);
    json_decref(q->answer);
    q->answer = ask(reader, q->text);
    q->wall[at] = now_ms(CLOCK_MONOTONIC) - wall;
    q->cpu[at] = now_ms(CLOCK_THREAD_CPUTIME_ID) - cpu;
}

int main(int argc, char **argv)
{
    struct home home = {0};
    struct reader *reader = NULL;
    struct error e = {0};
    struct reader_limits limits = {0};
    size_t runs = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    size_t count = argc > 3 ? (size_t)argc - 3 : 0;
    if (count == 0 || runs == 0 || !home_open_existing(argv[1], &home, &e) ||
        !reader_open(&home, &limits, &reader, &e)) {
        fprintf(stderr, "error: usage: search_time HOME RUNS QUERY...: %s\n", e.text);
        return 64;
    }
    struct timed *queries = xcalloc(count, sizeof *queries);
    for (size_t q = 0; q < count; q++) {
        queries[q] = (struct timed){.text = argv[q + 3],
                                    .wall = xcalloc(runs, sizeof(double)),
                                    .cpu = xcalloc(runs, sizeof(double))};
        run(reader, &queries[q], 0); /* warm */
    }
    for (size_t i = 0; i < runs; i++)
        for (size_t q = 0; q < count; q++)
            run(reader, &queries[q], i);
    for (size_t q = 0; q < count; q++) {
        compare_with_exact(reader, &queries[q]);
        print(&queries[q], runs);
        json_decref(queries[q].answer);
        free(queries[q].wall);
        free(queries[q].cpu);
    }
    free(queries);
    reader_free(&reader);
    home_release(&home);
    return failed;
}
