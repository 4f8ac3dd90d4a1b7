/* `mcp`: one message a line on stdin, one reply a line on stdout. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/duration.h"
#include "common/log.h"
#include "worker/reads/help.h"
#include "worker/reads/limits.h"
#include "worker/reads/mcp.h"

static const char mcp_help[] =
    "usage: lattice-reads mcp [--query-timeout D] [--home DIR]\n"
    "\n"
    "Serves agents by the Model Context Protocol on stdin and stdout: search, read, recent,\n"
    "sources, links. It ends with its stdin.\n";

struct options {
    const char *home;
    int64_t query_timeout_ms;
    bool help;
};

static bool parse(int argc, char **argv, struct options *options, struct error *e)
{
    static const struct option flags[] = {{"home", required_argument, NULL, 'H'},
                                          {"query-timeout", required_argument, NULL, 'q'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    int flag;
    *options = (struct options){.query_timeout_ms = QUERY_TIMEOUT_MS};
    optind = 0;
    opterr = 0;
    while ((flag = getopt_long(argc, argv, ":", flags, NULL)) != -1) {
        if (flag == '?' || flag == ':')
            return error_set(e, CAUSE_USAGE,
                             "unknown option, or one without its value: %s: see "
                             "lattice-reads mcp --help",
                             argv[optind - 1]);
        if (flag == 'q' &&
            !duration_parse(optarg, "--query-timeout", &options->query_timeout_ms, e))
            return false;
        if (flag == 'H')
            options->home = optarg;
        options->help |= flag == 'h';
    }
    return !argv[optind] || error_set(e, CAUSE_USAGE, "unexpected word \"%s\"", argv[optind]);
}

/* The reply to one line; nothing to what is no request. */
static void answer(const char *line, size_t size, struct reader *reader, int64_t timeout_ms,
                   struct buf *out)
{
    struct mcp_message message;
    struct mcp_error error = {0};
    bool unknown;
    if (!mcp_decode(line, size, &message, &error) || !mcp_check(&message, NULL, &error))
        mcp_format_error(out, message.id, &error);
    else if (message.kind == MCP_REQUEST && !mcp_answer(&message, out, &unknown))
        mcp_call(&message, reader, timeout_ms, out);
    mcp_release(&message);
}

/* A line of stdin without its end; false: there are no more. One that is too long is cut, and then
 * it is not JSON. */
static bool read_line(struct buf *line)
{
    int c;
    buf_reset(line);
    while ((c = getchar()) != EOF && c != '\n')
        if (line->size <= MCP_LINE_MAX)
            buf_add_byte(line, (char)c);
    return c != EOF || line->size > 0;
}

static bool converse(struct reader *reader, int64_t timeout_ms, struct error *e)
{
    struct buf line = {0};
    struct buf out = {0};
    bool ok = true;
    while (ok && read_line(&line)) {
        buf_reset(&out);
        if (line.size > 0 && strspn(line.data, " \t\r") < line.size)
            answer(line.data, line.size, reader, timeout_ms, &out);
        if (out.size == 0)
            continue;
        buf_add_byte(&out, '\n');
        ok = fwrite(out.data, 1, out.size, stdout) == out.size && fflush(stdout) == 0;
    }
    if (!ok)
        error_set(e, CAUSE_STORE, "stdout: %s", strerror(errno));
    buf_release(&line);
    buf_release(&out);
    return ok;
}

int command_mcp(int argc, char **argv)
{
    struct options options;
    struct home home = {0};
    struct reader *reader = NULL;
    struct error e = {0};
    bool ok = parse(argc, argv, &options, &e);
    if (ok && options.help)
        return reads_help_print(mcp_help);
    ok = ok && home_open_existing(options.home, &home, &e);
    if (ok) {
        struct reader_limits limits = {0};
        ok = reader_open(&home, &limits, &reader, &e) &&
             converse(reader, options.query_timeout_ms, &e);
        reader_free(&reader);
        home_release(&home);
    }
    if (!ok)
        log_line(LOG_ERROR, NULL, "mcp", "%s", e.text);
    return ok ? 0 : cause_exit(e.cause);
}
