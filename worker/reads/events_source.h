/* Reading the ledger's events into frames, on a thread. */
#ifndef LATTICE_WORKER_READS_EVENTS_SOURCE_H
#define LATTICE_WORKER_READS_EVENTS_SOURCE_H

#include "common/ledger.h"
#include "common/text.h"

/* One event as it is sent. */
struct event_frame {
    int64_t seq; /* 0: of no event */
    size_t size;
    char *text; /* owned */
};

struct event_frames {
    struct event_frame *frames; /* owned */
    size_t count;
    size_t room;
};
/* `text` is taken. */
void event_frames_add(struct event_frames *list, int64_t seq, char *text, size_t size);
void event_frames_release(struct event_frames *list);

/* As text/event-stream has it; pure. Appends. */
void event_format(struct buf *out, const struct ledger_event *event);
/* A Last-Event-ID header; -1: not one of ours. */
int64_t event_id_parse(const char *text);

/* Keeps the ledger open between two looks, and sees that it was replaced. One thread at a time. */
struct event_source {
    const struct home *home; /* borrowed */
    struct ledger *ledger;
    ino_t inode;
};
struct event_look {
    int64_t after; /* -1: from now on: only where it stands */
    int64_t most;  /* events at a time */
    bool lost;     /* what followed `after` is not all there any more, or it is another ledger */
    int64_t newest;
    bool full; /* there may be more */
    struct event_frames found;
};
/* Failures are as if there were nothing: the next notice comes. */
void event_source_look(struct event_source *source, struct event_look *look);
void event_source_release(struct event_source *source);

#endif
