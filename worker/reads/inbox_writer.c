/* The thread that cleans what was pushed and makes it durable, a group at a time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "worker/reads/inbox_internal.h"

/* More may be imported of a file than was written: lines of a group that was not acknowledged. */
int64_t inbox_waiting(const struct inbox *inbox)
{
    int64_t waiting = 0;
    for (size_t i = 0; i < inbox->file_count; i++) {
        const struct inbox_file *file = &inbox->files[i];
        waiting += file->written > file->imported ? file->written - file->imported : 0;
    }
    return waiting;
}

static void add_file(struct inbox *inbox, const char *name)
{
    struct inbox_file file = {0};
    snprintf(file.name, sizeof file.name, "%s", name);
    if (!inbox->files || inbox->file_count == inbox->file_room) {
        inbox->file_room = 2 * inbox->file_room + 8;
        inbox->files = xrealloc(inbox->files, inbox->file_room * sizeof *inbox->files);
    }
    inbox->files[inbox->file_count++] = file;
}

/* The file that is written to is the last one. Under the lock. */
static void note_written(struct inbox *inbox)
{
    const struct spool *spool = &inbox->spool;
    size_t count = inbox->file_count;
    if (count == 0 || strcmp(inbox->files[count - 1].name, spool->name) != 0)
        add_file(inbox, spool->name);
    inbox->files[inbox->file_count - 1].written = spool->lines;
}

/* The line of one message; false: it is wrong. */
static bool add_line(struct push *push, struct buf *lines)
{
    const struct observation_route route = {&push->op, push->session};
    struct observation o = {0};
    if (!observation_parse(push->body, push->size, &route, &o, &push->error))
        return false;
    observation_stamp(&o);
    snprintf(push->id, sizeof push->id, "%s", observation_id(&o));
    observation_write_line(&o, lines);
    observation_release(&o);
    return true;
}

static bool write_lines(struct inbox *inbox, const struct buf *lines)
{
    struct error e = {0};
    if (lines->size == 0)
        return true;
    if (!spool_append(&inbox->spool, lines->data, lines->size, &e)) {
        inbox_failed(inbox, inbox->spool.code, e.text);
        return false;
    }
    uv_mutex_lock(&inbox->lock);
    note_written(inbox);
    uv_mutex_unlock(&inbox->lock);
    return true;
}

/* What is wrong is said to its sender, the others are written all the same. */
static void write_group(struct inbox *inbox, struct push_list *group)
{
    struct buf lines = {0};
    bool open = inbox_may_write(inbox, false);
    for (struct push *push = group->first; open && push; push = push->next)
        push->end = add_line(push, &lines) ? PUSH_QUEUED : PUSH_WRONG;
    open = open && write_lines(inbox, &lines);
    for (struct push *push = group->first; !open && push; push = push->next)
        push->end = push->end == PUSH_WRONG ? PUSH_WRONG : PUSH_CLOSED;
    buf_release(&lines);
}

/* Under the lock. */
static void hand_over(struct inbox *inbox, struct push_list *group)
{
    int64_t waiting = inbox_waiting(inbox);
    for (struct push *push = group->first; push; push = push->next)
        push->queue_length = waiting;
    if (inbox->answered.last)
        inbox->answered.last->next = group->first;
    else
        inbox->answered.first = group->first;
    inbox->answered.last = group->last;
    uv_async_send(&inbox->done);
}

/* One turn, under the lock, which is let go while there is something to do. False: it is over. */
static bool turn(struct inbox *inbox)
{
    struct push_list group = inbox->pending;
    bool look = inbox->look;
    bool rest = inbox->rest && !group.first;
    if (!group.first && !look && !rest && inbox->stop)
        return false;
    if (!group.first && !look && !rest) {
        uv_cond_wait(&inbox->wake, &inbox->lock);
        return true;
    }
    inbox->pending = (struct push_list){0};
    inbox->look = inbox->rest = false;
    uv_mutex_unlock(&inbox->lock);
    if (look)
        inbox_may_write(inbox, true);
    if (rest && inbox->spooling)
        spool_rest(&inbox->spool);
    if (group.first)
        write_group(inbox, &group);
    uv_mutex_lock(&inbox->lock);
    if (group.first)
        hand_over(inbox, &group);
    return true;
}

void *inbox_write(void *owner)
{
    struct inbox *inbox = owner;
    uv_mutex_lock(&inbox->lock);
    while (turn(inbox))
        continue;
    uv_mutex_unlock(&inbox->lock);
    inbox_let_go(inbox);
    return NULL;
}
