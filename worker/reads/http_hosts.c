/* Names that we answer to. */
#include "worker/reads/http_hosts.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

/* The longest name of the DNS. */
enum { HOST_MAX = 253 };

bool host_is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (strcasecmp(host, "localhost") == 0)
        return true;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

bool http_host_name_valid(const char *name)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._";
    struct in6_addr v6;
    size_t size = strlen(name);
    return inet_pton(AF_INET6, name, &v6) == 1 ||
           (size > 0 && size <= HOST_MAX && strspn(name, letters) == size);
}

static bool is_port(const char *text, size_t size)
{
    if (size == 0)
        return true;
    if (text[0] != ':' || size > 6)
        return false;
    for (size_t i = 1; i < size; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    return true;
}

/* `name`, `name:port`, `[v6]`, `[v6]:port`; the host alone goes to `out`. *literal: in brackets. */
static bool take_host(const char *value, size_t size, char out[HOST_MAX + 1], bool *literal)
{
    const char *end;
    size_t skip = size > 0 && value[0] == '[';
    *literal = skip;
    end = memchr(value, skip ? ']' : ':', size);
    if (skip && !end)
        return false;
    size_t length = (end ? (size_t)(end - value) : size) - skip;
    if (length == 0 || length > HOST_MAX || memchr(value, '\0', size))
        return false;
    memcpy(out, value + skip, length);
    out[length] = '\0';
    size_t rest = skip + length + skip;
    return is_port(value + rest, size - rest);
}

bool http_host_allowed(const struct http_hosts *hosts, const char *value, size_t size)
{
    char host[HOST_MAX + 1];
    bool literal;
    struct in_addr v4;
    struct in6_addr v6;
    if (!take_host(value, size, host, &literal))
        return false;
    bool is_v6 = inet_pton(AF_INET6, host, &v6) == 1;
    if (literal != is_v6)
        return false;
    if (host_is_loopback(host))
        return true;
    if (hosts->any_address && (is_v6 || inet_pton(AF_INET, host, &v4) == 1))
        return true;
    for (size_t i = 0; i < hosts->count; i++)
        if (strcasecmp(hosts->allowed[i], host) == 0)
            return true;
    return false;
}

bool http_origin_allowed(const struct http_hosts *hosts, const char *value, size_t size)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t length = strlen(schemes[i]);
        if (size > length && strncasecmp(value, schemes[i], length) == 0)
            return http_host_allowed(hosts, value + length, size - length);
    }
    return false;
}
