/* Times searches in one long-lived reader: p50 and p99 of each query, and what it answered. */
/*
 *   search_time HOME RUNS [QUERY]...
 *
 * One line per query: CPU-ms p50, wall-ms p50, wall-ms p99, approximate (0, 1), hits, the query.
 * The queries take turns, so that what else the machine does falls on all. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/text.h"
#include "worker/reads/ops.h"

struct times {
    double *wall;
    double *cpu;
};

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
    if (!op_check_args(op, raw, &args, &e) || op->run(reader, args, &answer, &e) != OP_DONE)
        fprintf(stderr, "error: %s: %s\n", query, e.text);
    json_decref(raw);
    json_decref(args);
    return answer;
}

static void print(const char *query, struct times *times, int runs, json_t *answer)
{
    size_t count = (size_t)runs;
    qsort(times->wall, count, sizeof *times->wall, by_value);
    qsort(times->cpu, count, sizeof *times->cpu, by_value);
    printf("%.3f %.3f %.3f %d %zu %s\n", times->cpu[count / 2], times->wall[count / 2],
           times->wall[(count * 99 + 99) / 100 - 1],
           json_is_true(json_object_get(answer, "approximate")),
           json_array_size(json_object_get(answer, "hits")), query);
}

int main(int argc, char **argv)
{
    struct home home = {0};
    struct reader *reader = NULL;
    struct error e = {0};
    struct reader_limits limits = {.deadline_ms = 60000};
    int runs = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 0;
    if (argc < 4 || runs < 1 || !home_open_existing(argv[1], &home, &e) ||
        !reader_open(&home, &limits, &reader, &e)) {
        fprintf(stderr, "error: usage: search_time HOME RUNS QUERY...: %s\n", e.text);
        return 64;
    }
    size_t queries = (size_t)argc - 3;
    struct times *times = xcalloc(queries, sizeof *times);
    json_t **answers = xcalloc(queries, sizeof(json_t *));
    for (size_t q = 0; q < queries; q++) {
        times[q].wall = xcalloc((size_t)runs, sizeof(double));
        times[q].cpu = xcalloc((size_t)runs, sizeof(double));
        answers[q] = ask(reader, argv[q + 3]); /* warm */
    }
    for (int i = 0; i < runs; i++)
        for (size_t q = 0; q < queries; q++) {
            double wall = now_ms(CLOCK_MONOTONIC);
            double cpu = now_ms(CLOCK_THREAD_CPUTIME_ID);
            json_decref(answers[q]);
            answers[q] = ask(reader, argv[q + 3]);
            times[q].wall[i] = now_ms(CLOCK_MONOTONIC) - wall;
            times[q].cpu[i] = now_ms(CLOCK_THREAD_CPUTIME_ID) - cpu;
        }
    for (size_t q = 0; q < queries; q++) {
        print(argv[q + 3], &times[q], runs, answers[q]);
        json_decref(answers[q]);
        free(times[q].wall);
        free(times[q].cpu);
    }
    free(times);
    free(answers);
    reader_free(&reader);
    home_release(&home);
    return 0;
}
