/* The service's own numbers. */
#include "worker/reads/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "common/version.h"
#include "worker/reads/serve.h"

static void add(struct buf *out, const char *name, const char *type, const char *help,
                uint64_t value)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s %" PRIu64 "\n", name, help, name, type, name,
               value);
}

static void add_statuses(struct buf *out, const struct http_counters *c)
{
    const char *name = "lattice_reads_http_requests_total";
    buf_printf(out,
               "# HELP %s Requests that were answered, by class of status.\n# TYPE %s counter\n",
               name, name);
    for (int class = 1; class < 6; class ++)
        buf_printf(out, "%s{status=\"%dxx\"} %" PRIu64 "\n", name, class, c->by_status[class]);
}

static void add_pushes(struct buf *out, struct service *service)
{
    static const char *const ends[] = {
        [PUSH_QUEUED] = "queued", [PUSH_WRONG] = "wrong", [PUSH_CLOSED] = "closed"};
    const struct inbox_counters *c = inbox_counters(service->inbox);
    const char *name = "lattice_reads_pushes_total";
    buf_printf(out,
               "# HELP %s Messages that agents pushed, by what became of them.\n"
               "# TYPE %s counter\n",
               name, name);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        buf_printf(out, "%s{end=\"%s\"} %" PRIu64 "\n", name, ends[i], c->ends[i]);
    add(out, "lattice_reads_push_groups_total", "counter",
        "Groups of messages that were answered together.", c->groups);
    add(out, "lattice_reads_accepts_writes", "gauge", "1: what is pushed is taken.",
        gate_now(&service->gate).reason == GATE_OPEN);
}

/* The second number of /proc/self/statm; 0: not known. */
static uint64_t resident_bytes(void)
{
    unsigned long long size;
    unsigned long long resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file)
        return 0;
    if (fscanf(file, "%llu %llu", &size, &resident) != 2)
        resident = 0;
    fclose(file);
    return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void format(struct buf *out, struct service *service)
{
    const struct http_counters *c = http_counters(service->http);
    buf_printf(out,
               "# HELP lattice_reads_build_info Always 1.\n# TYPE lattice_reads_build_info gauge\n"
               "lattice_reads_build_info{version=\"%s\"} 1\n",
               LATTICE_VERSION);
    add_statuses(out, c);
    add(out, "lattice_reads_http_malformed_total", "counter",
        "Requests that ended without an answer of ours.", c->by_status[0]);
    add(out, "lattice_reads_http_connections_total", "counter", "Connections taken.",
        c->connections);
    add(out, "lattice_reads_http_connections_refused_total", "counter",
        "Connections refused: too many were open.", c->refused);
    add(out, "lattice_reads_http_connections_timed_out_total", "counter",
        "Connections ended by a limit of time.", c->timed_out);
    add(out, "lattice_reads_http_connections", "gauge", "Open connections.", c->open_connections);
    add(out, "lattice_reads_event_streams", "gauge", "Open event streams.", c->open_streams);
    add(out, "lattice_reads_event_streams_dropped_total", "counter",
        "Event streams ended since their client did not keep up.", c->streams_dropped);
    add(out, "lattice_reads_http_unsent_bytes", "gauge",
        "Bytes of large answers that their clients have not taken.", c->unsent_bytes);
    add(out, "lattice_reads_http_unsent_dropped_total", "counter",
        "Large answers that found no room, or were ended to make some.", c->unsent_dropped);
    add(out, "lattice_reads_http_body_bytes", "gauge",
        "Room for bodies of requests that have no answer yet.", c->body_bytes);
    add(out, "lattice_reads_http_bodies_refused_total", "counter",
        "Requests whose body found no room.", c->bodies_refused);
    add(out, "lattice_reads_queries", "gauge", "Queries that run or wait.",
        work_count(service->work));
    add(out, "lattice_reads_queries_late_total", "counter", "Queries ended by their deadline.",
        service->late);
    add(out, "lattice_reads_queries_turned_away_total", "counter",
        "Queries not begun: too many waited.", work_turned_away(service->work));
    if (service->inbox)
        add_pushes(out, service);
    add(out, "lattice_reads_resident_bytes", "gauge", "Memory in use.", resident_bytes());
    add(out, "lattice_reads_start_time_seconds", "gauge", "When the service was started.",
        (uint64_t)service->started_at);
}

void metrics_serve(struct http_request *request)
{
    struct http_answer answer = {.status = 200, .type = "text/plain; version=0.0.4; charset=utf-8"};
    format(&answer.body, http_service(request));
    http_answer(request, &answer);
}
