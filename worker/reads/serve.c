/* The loop of the service: what it opens, and how it ends. */
#include "worker/reads/serve.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/notify.h"
#include "worker/reads/auth.h"
#include "worker/reads/help.h"

static const char serve_help[] =
    "usage: lattice-reads serve [--listen ADDRESS:PORT] [--unix PATH] [OPTION...]\n"
    "\n"
    "Serves the stores: HTTP API, events, MCP for agents, pages for people. It opens them\n"
    "read-only, also with --inbox: what is pushed goes to files that a worker imports.\n"
    "\n"
    "  --listen ADDRESS:PORT  default " SERVE_LISTEN_DEFAULT "; port 0: any that is free\n"
    "  --unix PATH            a socket in the file system that only you may use\n"
    "  --query-timeout D      what one query may take (2s)\n"
    "  --inbox ID             take what agents push, into this source of kind inbox\n"
    "  --allow-host NAME      answer to this name, too (a proxy's); may be repeated\n"
    "  --token-file FILE      clients must show this token; needed beyond loopback\n"
    "  --home DIR             default $LATTICE_HOME, else ~/.local/share/lattice\n"
    "\n"
    "It stops softly on SIGTERM and SIGINT.\n";

static void set_hosts(struct service *service, char host[256])
{
    struct http_hosts *hosts = &service->http_options.hosts;
    struct error ignored = {0};
    char port[8];
    for (size_t i = 0; i < service->options.allowed_count; i++)
        hosts->allowed[hosts->count++] = service->options.allowed_hosts[i];
    if (!service->options.listen ||
        !http_split_address(service->options.listen, host, port, &ignored))
        return;
    hosts->allowed[hosts->count++] = host;
    hosts->any_address = strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

static bool start_listening(struct service *service, struct error *e)
{
    const struct serve_options *options = &service->options;
    CLEANUP(free_text) char *address = NULL;
    if (options->listen && !http_listen_tcp(service->http, options->listen, &address, e))
        return false;
    if (address)
        log_line(LOG_INFO, NULL, "serve", "listening on http://%s", address);
    if (options->unix_path && !http_listen_unix(service->http, options->unix_path, e))
        return false;
    if (options->unix_path)
        log_line(LOG_INFO, NULL, "serve", "listening on %s", options->unix_path);
    return true;
}

static void close_signals(struct service *service)
{
    for (size_t i = 0; i < 2; i++)
        uv_close((uv_handle_t *)&service->signals[i], NULL);
}

static void stopped(void *owner)
{
    struct service *service = owner;
    close_signals(service);
    uv_stop(&service->loop);
}

static void signalled(uv_signal_t *handle, int number)
{
    struct service *service = handle->data;
    if (service->stop_signal)
        return;
    service->stop_signal = number;
    log_line(LOG_INFO, NULL, "serve", "stopping");
    notify_send("STOPPING=1");
    http_stop(service->http, stopped, service);
    work_pool_stop(service->work);
}

static void watch_signals(struct service *service)
{
    static const int numbers[] = {SIGTERM, SIGINT};
    for (size_t i = 0; i < 2; i++) {
        uv_signal_init(&service->loop, &service->signals[i]);
        service->signals[i].data = service;
        uv_signal_start(&service->signals[i], signalled, numbers[i]);
    }
    signal(SIGPIPE, SIG_IGN);
}

/* A stream takes a descriptor, a store three for each reader. */
static void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max < 65536 ? limit.rlim_max : 65536;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static bool start_inbox(struct service *service, struct error *e)
{
    const struct inbox_options options = {&service->home, service->options.inbox, &service->gate,
                                          service->work, service->http};
    return !options.source || inbox_open(&service->loop, &options, &service->inbox, e);
}

static bool start(struct service *service, struct error *e)
{
    service->started_at = clock_unix_s();
    service->work =
        work_pool_new(&service->loop, &service->home, service->options.query_timeout_ms);
    if (service->options.inbox) {
        gate_init(&service->gate);
        service->http_options.gate = &service->gate;
    }
    return http_new(&service->loop, service, &service->http_options, &service->http, e) &&
           start_inbox(service, e) &&
           events_open(&service->loop, &service->home, &service->events, e) &&
           start_listening(service, e);
}

static void end(struct service *service)
{
    while ((service->work && work_count(service->work) > 0) ||
           (service->inbox && inbox_count(service->inbox) > 0))
        uv_run(&service->loop, UV_RUN_ONCE);
    if (service->http)
        http_free(service->http); /* its streams go */
    if (service->events)
        events_close(&service->events);
    inbox_close(&service->inbox);
    uv_run(&service->loop, UV_RUN_DEFAULT); /* until every handle is closed, and every query over */
    work_pool_free(&service->work);
    if (service->http_options.gate)
        gate_release(&service->gate);
    uv_loop_close(&service->loop);
}

static bool serve(struct service *service, struct error *e)
{
    uv_loop_init(&service->loop);
    raise_descriptors();
    bool ok = start(service, e);
    if (ok) {
        watch_signals(service);
        log_line(LOG_INFO, NULL, "serve", "ready");
        notify_send("READY=1");
        uv_run(&service->loop, UV_RUN_DEFAULT);
    } else if (service->http)
        http_stop(service->http, NULL, NULL);
    end(service);
    return ok;
}

int command_serve(int argc, char **argv)
{
    struct service service = {0};
    struct error e = {0};
    char host[256] = "";
    char *token = NULL;
    bool ok = serve_options_parse(argc, argv, &service.options, &e);
    if (ok && service.options.help)
        return reads_help_print(serve_help);
    ok = ok && (!service.options.token_file || token_read(service.options.token_file, &token, &e));
    if (ok && home_open_existing(service.options.home, &service.home, &e)) {
        set_hosts(&service, host);
        service.http_options.token = token;
        ok = serve(&service, &e);
        home_release(&service.home);
    } else
        ok = false;
    if (token)
        explicit_bzero(token, strlen(token));
    free(token);
    if (!ok)
        log_line(LOG_ERROR, NULL, "serve", "%s", e.text);
    return ok ? 0 : cause_exit(e.cause);
}
