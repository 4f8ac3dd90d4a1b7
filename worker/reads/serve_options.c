/* Reading the command line of `serve`. */
#include "worker/reads/serve_options.h"

#include <getopt.h>

#include "common/config.h"
#include "common/duration.h"
#include "worker/reads/http.h"
#include "worker/reads/http_hosts.h"

enum flag {
    FLAG_LISTEN = 256, /* above every character, as getopt_long wants */
    FLAG_UNIX,
    FLAG_QUERY_TIMEOUT,
    FLAG_ALLOW_HOST,
    FLAG_TOKEN_FILE,
    FLAG_INBOX,
    FLAG_HOME,
    FLAG_HELP,
};

static const struct option flags[] = {
    {"listen", required_argument, NULL, FLAG_LISTEN},
    {"unix", required_argument, NULL, FLAG_UNIX},
    {"query-timeout", required_argument, NULL, FLAG_QUERY_TIMEOUT},
    {"allow-host", required_argument, NULL, FLAG_ALLOW_HOST},
    {"token-file", required_argument, NULL, FLAG_TOKEN_FILE},
    {"inbox", required_argument, NULL, FLAG_INBOX},
    {"home", required_argument, NULL, FLAG_HOME},
    {"help", no_argument, NULL, FLAG_HELP},
    {NULL, 0, NULL, 0},
};

static bool take_timeout(struct serve_options *options, struct error *e)
{
    if (!duration_parse(optarg, "--query-timeout", &options->query_timeout_ms, e))
        return false;
    return options->query_timeout_ms <= QUERY_TIMEOUT_MAX_MS ||
           error_set(e, CAUSE_USAGE, "--query-timeout: \"%s\": at most 10m", optarg);
}

static bool take_host(struct serve_options *options, struct error *e)
{
    if (!http_host_name_valid(optarg))
        return error_set(e, CAUSE_USAGE,
                         "--allow-host: \"%s\": expected a name or an address, without http:// "
                         "and without a port",
                         optarg);
    if (options->allowed_count == ALLOWED_HOSTS_MAX - 1) /* one is the listen address */
        return error_set(e, CAUSE_USAGE, "--allow-host: more than %d", ALLOWED_HOSTS_MAX - 1);
    options->allowed_hosts[options->allowed_count++] = optarg;
    return true;
}

/* `word` is what getopt_long has read last. */
static bool take(struct serve_options *options, int flag, const char *word, struct error *e)
{
    switch (flag) {
    case FLAG_LISTEN:
        options->listen = optarg;
        return true;
    case FLAG_UNIX:
        options->unix_path = optarg;
        return true;
    case FLAG_QUERY_TIMEOUT:
        return take_timeout(options, e);
    case FLAG_ALLOW_HOST:
        return take_host(options, e);
    case FLAG_TOKEN_FILE:
        options->token_file = optarg;
        return true;
    case FLAG_INBOX:
        options->inbox = optarg;
        return source_id_valid(optarg) ||
               error_set(e, CAUSE_USAGE, "--inbox: \"%s\": expected the id of a source", optarg);
    case FLAG_HOME:
        options->home = optarg;
        return true;
    case ':':
        return error_set(e, CAUSE_USAGE, "%s needs a value: see lattice-reads serve --help", word);
    case '?':
        return error_set(e, CAUSE_USAGE, "unknown option %s: see lattice-reads serve --help", word);
    }
    options->help = true;
    return true;
}

static bool check(const struct serve_options *options, const char *stray, struct error *e)
{
    char host[256];
    char port[8];
    if (options->help)
        return true;
    if (stray)
        return error_set(e, CAUSE_USAGE, "unexpected word \"%s\"", stray);
    if (!options->listen)
        return true;
    if (!http_split_address(options->listen, host, port, e))
        return false;
    return host_is_loopback(host) || options->token_file ||
           error_set(e, CAUSE_USAGE,
                     "--listen %s: others could read everything there; give --token-file FILE "
                     "with a token that clients must show, or listen on 127.0.0.1",
                     options->listen);
}

bool serve_options_parse(int argc, char **argv, struct serve_options *options, struct error *e)
{
    int flag;
    *options = (struct serve_options){.query_timeout_ms = QUERY_TIMEOUT_MS};
    optind = 0; /* glibc: also forget what an earlier call left */
    opterr = 0;
    while ((flag = getopt_long(argc, argv, ":", flags, NULL)) != -1)
        if (!take(options, flag, argv[optind - 1], e))
            return false;
    if (!options->listen && !options->unix_path)
        options->listen = SERVE_LISTEN_DEFAULT;
    return check(options, argv[optind], e);
}
