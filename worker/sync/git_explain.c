/* What git's words on stderr mean: a cause and a sentence. */
#include "worker/sync/git_explain.h"

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/text.h"

/* What git adds when ssh ended; why is on the line before. */
static const char ssh_echo[] = "Could not read from remote repository";

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
    {"mismatched algorithms", CAUSE_BAD_DATA, NULL},
    {"request for unadvertised object", CAUSE_BAD_DATA, NULL},
    {"not our ref", CAUSE_BAD_DATA, NULL},
    {"does not support shallow capabilities", CAUSE_CONFIG,
     "it is a plain file server; git's smart protocol is needed"},
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
    {"' not found", CAUSE_CONFIG, "check `url`, and that you may read it"},
    {"The requested URL returned error: 5", CAUSE_UNREACHABLE, NULL},
    {"SSL certificate problem", CAUSE_UNREACHABLE, "the server's certificate is not trusted"},
    {"server certificate verification failed", CAUSE_UNREACHABLE,
     "the server's certificate is not trusted"},
    {"unable to access", CAUSE_UNREACHABLE, NULL},
    {ssh_echo, CAUSE_UNREACHABLE, NULL},
    {"early EOF", CAUSE_UNREACHABLE, NULL},
    {"the remote end hung up", CAUSE_UNREACHABLE, NULL},
    {"No space left on device", CAUSE_STORE, "free space, then run again"},
    {"Disk quota exceeded", CAUSE_STORE, "free space, then run again"},
    {"File too large", CAUSE_STORE, "raise the limit on the size of files (ulimit -f)"},
    {"unable to write", CAUSE_STORE, NULL},
    {"unable to create", CAUSE_STORE, NULL},
    {"Permission denied", CAUSE_CONFIG, "make it readable for this user"},
    {"from promisor remote", CAUSE_BAD_DATA,
     "it is a partial clone, into which nothing is fetched for a sync; complete it there with "
     "`git fetch --refetch --no-filter`, or give the remote's URL"},
    {"missing blob", CAUSE_BAD_DATA, NULL},
    {"unable to read", CAUSE_BAD_DATA, NULL},
    {"bad object", CAUSE_BAD_DATA, NULL},
    {"bad tree object", CAUSE_BAD_DATA, NULL},
    {"fatal: Not a valid object name", CAUSE_BAD_DATA, NULL},
    {"does not match index", CAUSE_BAD_DATA, NULL},
    {" is corrupt", CAUSE_BAD_DATA, NULL},
    {"Could not read ", CAUSE_BAD_DATA, NULL},
    {"revision walk setup failed", CAUSE_BAD_DATA, NULL},
};

/* The line around `at`, without git's own word in front. Caller frees. */
static char *line_at(const char *text, const char *at)
{
    static const char *const starts[] = {"fatal: ", "ERROR: ", "error: ", "remote: "};
    while (at > text && at[-1] != '\n' && at[-1] != '\r')
        at--;
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (strncmp(at, starts[i], strlen(starts[i])) == 0)
            at += strlen(starts[i]);
    /* "unable to access 'URL': reason": the caller names the URL already. */
    size_t size = strcspn(at, "\r\n");
    const char *reason = memmem(at, size, "': ", 3);
    if (strncmp(at, "unable to access '", 18) == 0 && reason && reason + 3 < at + size) {
        size -= (size_t)(reason + 3 - at);
        at = reason + 3;
    }
    /* More of the sentence follows. */
    size -= size > 1 && at[size - 1] == '.';
    return xstrndup(at, size);
}

/* git's most telling line where no known words are: the first `fatal:` or `ERROR:`, else the last
 * line that is not empty. Caller frees. */
static char *telling_line(const char *text)
{
    static const char *const starts[] = {"fatal: ", "ERROR: ", "error: ", "ssh: "};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        const char *line = strstr(text, starts[i]);
        if (line)
            return line_at(text, line);
    }
    const char *last = text;
    for (const char *p = text; *p; p += strcspn(p, "\r\n"), p += strspn(p, "\r\n"))
        last = p;
    return line_at(text, last);
}

/* ssh says why on a line of its own, before git says that nothing came. */
static const char *reason_before(const char *text, const char *at)
{
    bool is_echo = strncmp(at, ssh_echo, strlen(ssh_echo)) == 0;
    return is_echo && strncmp(text, "fatal: ", 7) != 0 && text[strspn(text, "\r\n")]
               ? text + strspn(text, "\r\n")
               : at;
}

bool git_explain(const char *what, const char *text, struct error *e)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const char *found = strstr(text, known[i].words);
        if (!found)
            continue;
        CLEANUP(free_text) char *line = line_at(text, found);
        CLEANUP(free_text) char *reason = line_at(text, reason_before(text, found));
        return error_set(e, known[i].cause, "git %s: %s%s%s", what, *reason ? reason : line,
                         known[i].remedy ? "; " : "", known[i].remedy ? known[i].remedy : "");
    }
    CLEANUP(free_text) char *line = telling_line(text);
    return error_set(e, CAUSE_UNREACHABLE, "git %s: %s", what,
                     *line ? line : "ended without a word");
}
