/* What commands and the running supervisor tell each other on supervise.sock. */
/* JSON lines, writer and reader side by side. One request per connection, then replies, the last
 * one `end`. */
#ifndef LATTICE_SUPERVISOR_CONTROL_MESSAGE_H
#define LATTICE_SUPERVISOR_CONTROL_MESSAGE_H

#include "common/config.h"
#include "common/ledger.h"
#include "supervisor/break_lock.h"
#include "supervisor/schedule.h"

enum { CONTROL_VERSION = 1 };
/* A longer line is refused. A request is small; a reply holds a message and a path at most. */
enum { CONTROL_REQUEST_BYTES_MAX = 64 * 1024, CONTROL_REPLY_BYTES_MAX = 256 * 1024 };

struct control_request {
    char command[24];               /* a name in the table of handlers */
    char source[SOURCE_ID_MAX + 1]; /* "": none */
    char *path;                     /* owned; NULL: none */
    struct run_limits limits;       /* 0 where no flag was given */
    int64_t budget_ms;              /* 0: none */
    int64_t waves;
    int64_t max_age_ms; /* of break-lock; 0: none */
    bool full;
    bool allow_shrink;
    bool force; /* of break-lock */
};

enum control_reply_type {
    REPLY_TAKEN,   /* it will be done, and may take long: the first of what waits for a worker */
    REPLY_ATTEMPT, /* one run of the source ended */
    REPLY_TEXT,    /* a line for people */
    REPLY_RUNNING, /* where a worker stands */
    REPLY_VERDICT, /* of break-lock */
    REPLY_END,     /* done; cause and text say what went wrong */
};

struct control_reply {
    enum control_reply_type type;
    char source[SOURCE_ID_MAX + 1];
    char text[ERROR_TEXT_SIZE]; /* of TEXT and END */
    enum cause cause;           /* of END */
    struct attempt attempt;     /* of ATTEMPT */
    struct break_verdict verdict;
    char phase[16]; /* of RUNNING, as all below */
    int64_t done;
    int64_t total;    /* -1: not known */
    int64_t left_ms;  /* to its deadline */
    int64_t quiet_ms; /* since its last progress */
    bool stopping;
};

/* Each gives one line with its '\n'; caller frees. */
char *control_write_request(const struct control_request *request);
char *control_write_reply(const struct control_reply *reply);
/* One line without its '\n'; pure. CAUSE_USAGE with what is wrong. */
CHECKED bool control_read_request(const char *line, size_t size, struct control_request *request,
                                  struct error *e);
CHECKED bool control_read_reply(const char *line, size_t size, struct control_reply *reply,
                                struct error *e);
void control_request_release(struct control_request *request);

#endif
