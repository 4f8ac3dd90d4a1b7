/* supervise.sock: the side of a command that asks the running supervisor. */
#ifndef LATTICE_SUPERVISOR_CONTROL_CLIENT_H
#define LATTICE_SUPERVISOR_CONTROL_CLIENT_H

#include "common/home.h"
#include "supervisor/control_message.h"
#include "supervisor/lines.h"

struct control_line {
    int fd;         /* owned; -1: none */
    struct buf got; /* owned; bytes that were read and not yet taken */
};

/* Asks. CAUSE_UNREACHABLE if nobody listens. Caller releases, also on failure. */
CHECKED bool control_ask(const struct home *home, const struct control_request *request,
                         struct control_line *line, struct error *e);
/* The next reply; waits for it, at most `wait_ms` (-1: as long as it takes). CAUSE_UNREACHABLE. */
CHECKED bool control_next(struct control_line *line, int wait_ms, struct control_reply *reply,
                          struct error *e);
/* For all but `status`, before anything else is heard: waits CONTROL_ANSWER_MS for the supervisor
 * to take it. False: it has done and will do nothing of it; CAUSE_UNREACHABLE if it does not
 * answer, else the cause of its refusal. */
CHECKED bool control_taken(struct control_line *line, struct error *e);
void control_line_release(struct control_line *line);

/* Asks for what is done at once, and prints every text of the answer; how it ended is how the
 * command ends. What a supervisor does not take in time it will not do later either. */
CHECKED bool control_command(const struct home *home, const struct control_request *request,
                             struct error *e);
/* The same for what takes long; `*taken` says whether the supervisor had taken it when it failed.
 */
CHECKED bool control_errand(const struct home *home, const struct control_request *request,
                            bool *taken, struct error *e);

#endif
