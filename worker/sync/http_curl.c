/* libcurl, loaded when it is first needed; its event loop on stop_poll. */
#include "worker/sync/http_curl.h"

#include <dlfcn.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "worker/sync/stop.h"

/* The one ABI that curl has had since 2006; Debian also builds it over GnuTLS. */
static const char *const library_names[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};

static const struct {
    const char *name;
    size_t offset;
} functions[] = {
#define X(name) {"curl_" #name, offsetof(struct curl_api, name)},
    CURL_FUNCTIONS(X)
#undef X
};

static bool find_functions(void *library, struct curl_api *api, struct error *e)
{
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        void *function = dlsym(library, functions[i].name);
        if (!function)
            return error_set(e, CAUSE_CONFIG, "libcurl is too old: %s", dlerror());
        memcpy((char *)api + functions[i].offset, &function, sizeof function);
    }
    return true;
}

const struct curl_api *curl_api(struct error *e)
{
    static struct curl_api api;
    static bool loaded;
    void *library = NULL;
    if (loaded)
        return &api;
    for (size_t i = 0; !library && i < sizeof library_names / sizeof *library_names; i++)
        library = dlopen(library_names[i], RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        error_set(e, CAUSE_CONFIG,
                  "libcurl is not there (%s); install it, on Debian the package libcurl4",
                  dlerror());
        return NULL;
    }
    if (!find_functions(library, &api, e))
        return NULL;
    loaded = api.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    if (!loaded)
        error_set(e, CAUSE_CONFIG, "libcurl could not be initialized");
    return loaded ? &api : NULL;
}

void curl_set_number(const struct curl_api *api, CURL *easy, CURLoption option, long value)
{
    api->easy_setopt(easy, option, value);
}

void curl_set_text(const struct curl_api *api, CURL *easy, CURLoption option, const char *value)
{
    api->easy_setopt(easy, option, value);
}

void curl_set_pointer(const struct curl_api *api, CURL *easy, CURLoption option, void *value)
{
    api->easy_setopt(easy, option, value);
}

/* CURLMOPT_SOCKETFUNCTION: what curl wants to hear of `fd` from now on. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *unused)
{
    struct curl_loop *loop = context;
    nfds_t i = 0;
    (void)easy;
    (void)unused;
    while (i < loop->count && loop->sockets[i].fd != fd)
        i++;
    if (what == CURL_POLL_REMOVE) {
        if (i < loop->count)
            loop->sockets[i] = loop->sockets[--loop->count];
        return 0;
    }
    if (i == CURL_SOCKETS_MAX)
        return -1;
    if (i == loop->count)
        loop->count++;
    short events =
        (short)((what & CURL_POLL_IN ? POLLIN : 0) | (what & CURL_POLL_OUT ? POLLOUT : 0));
    loop->sockets[i] = (struct pollfd){.fd = fd, .events = events};
    return 0;
}

/* CURLMOPT_TIMERFUNCTION */
static int on_timer(CURLM *multi, long timeout_ms, void *context)
{
    struct curl_loop *loop = context;
    (void)multi;
    loop->timer_at_ms = timeout_ms < 0 ? -1 : clock_monotonic_ms() + timeout_ms;
    return 0;
}

bool curl_loop_init(struct curl_loop *loop, const struct curl_api *api, struct error *e)
{
    *loop = (struct curl_loop){.api = api, .timer_at_ms = -1, .multi = api->multi_init()};
    if (!loop->multi)
        return error_set(e, CAUSE_BUG, "libcurl gives no multi handle");
    loop->sockets = xcalloc(CURL_SOCKETS_MAX, sizeof *loop->sockets);
    api->multi_setopt(loop->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    api->multi_setopt(loop->multi, CURLMOPT_SOCKETDATA, loop);
    api->multi_setopt(loop->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    api->multi_setopt(loop->multi, CURLMOPT_TIMERDATA, loop);
    return true;
}

void curl_loop_release(struct curl_loop *loop)
{
    if (loop->multi)
        loop->api->multi_cleanup(loop->multi);
    free(loop->sockets);
    *loop = (struct curl_loop){0};
}

static int until_timer(const struct curl_loop *loop)
{
    if (loop->timer_at_ms < 0)
        return -1;
    int64_t left = loop->timer_at_ms - clock_monotonic_ms();
    return left <= 0 ? 0 : (int)(left < 3600 * 1000 ? left : 3600 * 1000);
}

/* Waits once, and tells curl what came. False: a stop. */
static bool turn(struct curl_loop *loop, int *running)
{
    struct pollfd now[CURL_SOCKETS_MAX];
    nfds_t count = loop->count; /* curl changes the list while it is told */
    memcpy(now, loop->sockets, count * sizeof *now);
    if (!stop_poll(now, count, until_timer(loop)))
        return false;
    for (nfds_t i = 0; i < count; i++) {
        short got = now[i].revents;
        int mask = (got & POLLIN ? CURL_CSELECT_IN : 0) | (got & POLLOUT ? CURL_CSELECT_OUT : 0) |
                   (got & (POLLERR | POLLHUP | POLLNVAL) ? CURL_CSELECT_ERR : 0);
        if (mask)
            loop->api->multi_socket_action(loop->multi, now[i].fd, mask, running);
    }
    if (loop->timer_at_ms >= 0 && clock_monotonic_ms() >= loop->timer_at_ms) {
        loop->timer_at_ms = -1;
        loop->api->multi_socket_action(loop->multi, CURL_SOCKET_TIMEOUT, 0, running);
    }
    return true;
}

enum step curl_loop_run(struct curl_loop *loop, CURL *easy, CURLcode *code, struct error *e)
{
    const struct curl_api *api = loop->api;
    int running = 1;
    bool going = true;
    if (api->multi_add_handle(loop->multi, easy) != CURLM_OK) {
        error_set(e, CAUSE_BUG, "libcurl takes no transfer");
        return STEP_FAILED;
    }
    api->multi_socket_action(loop->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    while (running && going)
        going = turn(loop, &running);
    int left = 0;
    const CURLMsg *message = running ? NULL : api->multi_info_read(loop->multi, &left);
    if (message)
        *code = message->data.result;
    api->multi_remove_handle(loop->multi, easy);
    loop->count = 0;
    loop->timer_at_ms = -1;
    return message ? STEP_DONE : STEP_STOPPED;
}
