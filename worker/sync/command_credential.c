/* Git's credential helper: hands out the secret of one source's URL, to that URL's host alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/outcome.h"
#include "common/url.h"
#include "worker/sync/commands.h"
#include "worker/sync/git.h"

/* All of it comes from one URL. */
enum { SECRET_MAX_BYTES = 2 * URL_TEXT_MAX };

/* "https" and "git.example.org:8443" of "https://git.example.org:8443/path". */
static bool matches(const char *location, const char *protocol, const char *host)
{
    size_t protocol_size = strlen(protocol);
    const char *rest = location + protocol_size;
    if (strncmp(location, protocol, protocol_size) != 0 || strncmp(rest, "://", 3) != 0)
        return false;
    rest += 3;
    return strlen(host) == strcspn(rest, "/") && strncmp(rest, host, strlen(host)) == 0;
}

/* gitcredentials(7): key=value lines on stdin until an empty one. */
static bool asked_for(const char *location)
{
    char line[4096];
    char protocol[sizeof line] = "";
    char host[sizeof line] = "";
    while (fgets(line, sizeof line, stdin) && line[0] != '\n') {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "protocol=", 9) == 0)
            snprintf(protocol, sizeof protocol, "%s", line + 9);
        if (strncmp(line, "host=", 5) == 0)
            snprintf(host, sizeof host, "%s", line + 5);
    }
    return protocol[0] && host[0] && matches(location, protocol, host);
}

/* From its beginning, wherever another helper has read to: all of them share one offset. */
static size_t read_secret(char *text, size_t size)
{
    size_t have = 0;
    ssize_t n = 1;
    while (n > 0 && have < size) {
        n = pread(GIT_SECRET_FD, text + have, size - have, (off_t)have);
        have += n > 0 ? (size_t)n : 0;
    }
    return have;
}

int command_credential(int argc, char **argv)
{
    static char text[SECRET_MAX_BYTES];
    if (argc != 2)
        return cause_exit(CAUSE_USAGE);
    if (strcmp(argv[1], "get") != 0)
        return 0; /* store and erase: nothing is kept */
    size_t size = read_secret(text, sizeof text - 1);
    char *end = memchr(text, '\n', size);
    if (!end)
        return cause_exit(CAUSE_USAGE); /* no git of ours started this */
    *end = '\0';
    if (asked_for(text))
        fputs(end + 1, stdout);
    return 0;
}
