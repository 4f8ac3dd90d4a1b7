/* What git's words on stderr mean: a cause and a sentence. */
#include "worker/sync/git_explain.h"

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/text.h"

/* Words of git 2.30 to 2.45, curl and OpenSSH in the C locale; the first that is found decides. */
static const struct {
    const char *words;
    enum cause cause;
    const char *remedy;
} known[] = {
    {"could not read Username", CAUSE_AUTH,
     "it wants a user name and password; put them in a git credential helper, or in the URL"},
    {"could not read Password", CAUSE_AUTH,
     "it wants a password; put it in a git credential helper, or in the URL"},
    {"Authentication failed", CAUSE_AUTH, "check the user name and password or token"},
    {"The requested URL returned error: 401", CAUSE_AUTH, "check the user name and token"},
    {"The requested URL returned error: 403", CAUSE_AUTH, "check what the token may read"},
    {"Permission denied (", CAUSE_AUTH, "check the ssh key: it must work without a passphrase"},
    {"Host key verification failed", CAUSE_AUTH,
     "connect once by hand with ssh to accept the host's key"},
    {"detected dubious ownership", CAUSE_CONFIG,
     "it belongs to another user: give its plain path instead of file://, which is read in place"},
    {"Could not resolve host", CAUSE_UNREACHABLE, NULL},
    {"Connection refused", CAUSE_UNREACHABLE, NULL},
    {"Connection timed out", CAUSE_UNREACHABLE, NULL},
    {"Connection reset", CAUSE_UNREACHABLE, NULL},
    {"Operation too slow", CAUSE_UNREACHABLE, NULL},
    {"Network is unreachable", CAUSE_UNREACHABLE, NULL},
    {"No route to host", CAUSE_UNREACHABLE, NULL},
    {"not found in upstream", CAUSE_CONFIG, "check `branch`"},
    {"couldn't find remote ref", CAUSE_CONFIG, "check `branch`"},
    {"not a git repository", CAUSE_CONFIG, "check `url`"},
    {"does not appear to be a git repository", CAUSE_CONFIG, "check `url`"},
    {"transport '", CAUSE_CONFIG, "only file, https, http and ssh are used"},
    {"not valid: is this a git repository", CAUSE_CONFIG, "check `url`"},
    {"The requested URL returned error: 404", CAUSE_CONFIG, "check `url`"},
    {"repository not found", CAUSE_CONFIG, "check `url`, and that you may read it"},
    {"Repository not found", CAUSE_CONFIG, "check `url`, and that you may read it"},
    {"' does not exist", CAUSE_CONFIG, "check `url`"},
    {"The requested URL returned error: 5", CAUSE_UNREACHABLE, NULL},
    {"SSL certificate problem", CAUSE_UNREACHABLE, "the server's certificate is not trusted"},
    {"server certificate verification failed", CAUSE_UNREACHABLE,
     "the server's certificate is not trusted"},
    {"unable to access", CAUSE_UNREACHABLE, NULL},
    {"Could not read from remote repository", CAUSE_UNREACHABLE, NULL},
    {"early EOF", CAUSE_UNREACHABLE, NULL},
    {"the remote end hung up", CAUSE_UNREACHABLE, NULL},
    {"No space left on device", CAUSE_STORE, "free space, then run again"},
    {"Disk quota exceeded", CAUSE_STORE, "free space, then run again"},
    {"unable to write", CAUSE_STORE, NULL},
    {"unable to create", CAUSE_STORE, NULL},
    {"Permission denied", CAUSE_CONFIG, "make it readable for this user"},
    {"missing blob", CAUSE_BAD_DATA, NULL},
    {"unable to read", CAUSE_BAD_DATA, NULL},
    {"bad object", CAUSE_BAD_DATA, NULL},
    {"bad tree object", CAUSE_BAD_DATA, NULL},
    {"not our ref", CAUSE_BAD_DATA, NULL},
    {"fatal: Not a valid object name", CAUSE_BAD_DATA, NULL},
};

/* git's most telling line: the first `fatal:` or `ERROR:`, without that word; else the last line
 * that is not empty. Caller frees. */
static char *telling_line(const char *text)
{
    static const char *const starts[] = {"fatal: ", "ERROR: ", "error: ", "ssh: "};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        const char *line = strstr(text, starts[i]);
        if (!line)
            continue;
        line += i == 3 ? 0 : strlen(starts[i]);
        return xstrndup(line, strcspn(line, "\r\n"));
    }
    const char *last = text;
    for (const char *p = text; *p; p += strcspn(p, "\r\n"), p += strspn(p, "\r\n"))
        last = p;
    return xstrndup(last, strcspn(last, "\r\n"));
}

bool git_explain(const char *what, const char *text, struct error *e)
{
    CLEANUP(free_text) char *line = telling_line(text);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strstr(text, known[i].words))
            return error_set(e, known[i].cause, "git %s: %s%s%s", what, line,
                             known[i].remedy ? "; " : "", known[i].remedy ? known[i].remedy : "");
    return error_set(e, CAUSE_UNREACHABLE, "git %s: %s", what,
                     *line ? line : "ended without a word");
}
