/* Git's credential helper: hands out the secret of one source's URL, to that URL's host alone. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/config.h"
#include "common/home.h"
#include "common/url.h"
#include "worker/sync/commands.h"

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
static bool asked_for(const struct git_url *url)
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
    return protocol[0] && host[0] && matches(url->location, protocol, host);
}

static bool answer(const char *override, const char *id, struct error *e)
{
    struct home home = {0};
    struct config config = {0};
    struct git_url url = {0};
    if (!home_open_existing(override, &home, e))
        return false;
    CLEANUP(free_text) char *path = home_path(&home, HOME_SOURCES_JSON);
    bool ok = config_read(path, &config, NULL, e);
    const struct source_config *source = ok ? config_find(&config, id) : NULL;
    ok = source && git_url_parse(source->url, getenv("HOME"), &url, e);
    if (ok && url.secret && asked_for(&url)) {
        if (url.user)
            printf("username=%s\n", url.user);
        printf("password=%s\n", url.secret);
    }
    git_url_release(&url);
    config_release(&config);
    home_release(&home);
    return ok;
}

int command_credential(int argc, char **argv)
{
    static const struct option options[] = {{"home", required_argument, NULL, 'h'}, {0}};
    const char *home = NULL;
    struct error e = {0};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option != 'h')
            return cause_exit(CAUSE_USAGE);
        home = optarg;
    }
    if (argc - optind != 2)
        return cause_exit(CAUSE_USAGE);
    if (strcmp(argv[optind + 1], "get") != 0)
        return 0; /* store and erase: nothing is kept */
    return answer(home, argv[optind], &e) ? 0 : cause_exit(CAUSE_CONFIG);
}
