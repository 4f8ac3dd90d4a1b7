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
void control_line_release(struct control_line *line);

/* Asks and prints every text of the answer; how it ended is how the command ends. `wait_ms` as
 * above, for each line. */
CHECKED bool control_command(const struct home *home, const struct control_request *request,
                             int wait_ms, struct error *e);

#endif
