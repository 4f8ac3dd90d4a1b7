/* What keeps a worker from outliving its welcome, and its children from outliving it. */
#ifndef LATTICE_WORKER_SYNC_GUARD_H
#define LATTICE_WORKER_SYNC_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* First thing in main: descriptors 0 to 4 are open (a closed fd 3 would become store.db, and the
 * final record would be written into it), all from 3 on close at exec, no core dumps,
 * no_new_privs, SIGPIPE ignored, crash signals name the page in hand on the result descriptor. */
void guard_init(void);

/* For a worker that a supervisor started: subreaper, parent-death signal with the race closed, and
 * the control group that it was told to make. `parent` is the supervisor's pid as the kernel gave
 * it before (getppid at start). */
void guard_supervised(pid_t parent);
/* For one that is run by hand: subreaper, unless there are children that are not ours. */
void guard_by_hand(void);

/* Is this process a subreaper, so that nothing it started is out of its sight? */
bool guard_sees_children(void);
/* Ends what this process ever started and still lives, whatever session, parent and environment it
 * has now; returns how many those were. Without a subreaper (forced by a test, or children were
 * there at start) it does nothing. Not while a child is still waited for. */
size_t guard_end_children(int64_t wait_ms);

/* Is it certain without a look at all processes that nothing this process started still lives,
 * since its control group is empty? */
bool guard_has_left_none(void);

/* Last resort: after `after_ms` the group ends, whatever hangs. */
void guard_alarm(int64_t after_ms);

/* Ends all that this process started, as far as its control group or its being a subreaper reaches;
 * then the whole process group if it leads it, else only itself: a worker started by hand must not
 * kill its caller's script. Does not return. Async-signal-safe. */
void guard_end_group(void) __attribute__((noreturn));

/* As fork(2), into the worker's control group if it has one. One that takes nobody any more is left
 * and removed first, so that it does not stand for what is started without it. The child goes on to
 * exec. */
pid_t guard_fork(void);
/* In a forked child before exec: parent-death signal, clean signal mask and dispositions. Returns
 * false if the parent is gone already. Async-signal-safe. */
bool guard_child(pid_t parent);

/* The page about to be parsed, as a ready progress line (with '\n'), borrowed until the next call;
 * NULL for none. A stop or crash signal writes it to the result descriptor once, so that the
 * supervisor learns on which page a run hung or crashed. */
void guard_set_item(const char *line, int result_fd);
/* Async-signal-safe. */
void guard_name_item(void);

#endif
