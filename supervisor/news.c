/* One uv_fs_event per folder: a file may be made, renamed over and removed, its folder stays. */
#include "supervisor/news.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/config.h"
#include "common/text.h"

struct spot {
    uv_fs_event_t event;
    struct news *news; /* borrowed; NULL once it is closing */
    char *path;        /* owned; as the worker named it */
    const char *name;  /* in `path`; "": any name counts */
    char *folder;      /* owned */
    struct stat st;    /* of the folder that is watched; all zero: it was not there */
};

struct news {
    uv_loop_t *loop; /* borrowed */
    char id[SOURCE_ID_MAX + 1];
    news_handler handle;
    void *owner;
    struct spot **spots; /* owned */
    size_t count;
};

struct news *news_new(uv_loop_t *loop, const char *id, news_handler handle, void *owner)
{
    struct news *news = xcalloc(1, sizeof *news);
    news->loop = loop;
    snprintf(news->id, sizeof news->id, "%s", id);
    news->handle = handle;
    news->owner = owner;
    return news;
}

/* Locks of git come and go beside what they guard. */
static bool is_lock(const char *name)
{
    size_t length = strlen(name);
    return length > 5 && strcmp(name + length - 5, ".lock") == 0;
}

static void happened(uv_fs_event_t *event, const char *name, int events, int status)
{
    struct spot *spot = event->data;
    (void)events;
    if (status < 0 || !spot->news)
        return;
    if (name && (spot->name[0] ? strcmp(name, spot->name) != 0 : is_lock(name)))
        return;
    spot->news->handle(spot->news->owner, spot->news->id);
}

static void spot_closed(uv_handle_t *handle)
{
    struct spot *spot = handle->data;
    free(spot->path);
    free(spot->folder);
    free(spot);
}

static void close_spots(struct news *news)
{
    for (size_t i = 0; i < news->count; i++) {
        news->spots[i]->news = NULL;
        uv_close((uv_handle_t *)&news->spots[i]->event, spot_closed);
    }
    free(news->spots);
    news->spots = NULL;
    news->count = 0;
}

/* A watch is of the folder that was there: of one in its place it tells nothing. */
static bool still_watched(const struct spot *spot)
{
    struct stat now = {0};
    return stat(spot->folder, &now) == 0 && now.st_dev == spot->st.st_dev &&
           now.st_ino == spot->st.st_ino;
}

static bool same(const struct news *news, const struct watch_list *list)
{
    bool equal = news->count == list->count;
    for (size_t i = 0; equal && i < list->count; i++)
        equal = strcmp(news->spots[i]->path, list->paths[i]) == 0 && still_watched(news->spots[i]);
    return equal;
}

static void add_spot(struct news *news, const char *path)
{
    struct spot *spot = xcalloc(1, sizeof *spot);
    spot->news = news;
    spot->path = xstrdup(path);
    spot->name = strrchr(spot->path, '/') + 1;
    spot->folder = xstrndup(path, (size_t)(spot->name - spot->path));
    if (stat(spot->folder, &spot->st) != 0)
        spot->st = (struct stat){0};
    uv_fs_event_init(news->loop, &spot->event);
    spot->event.data = spot;
    /* One that cannot be watched costs the wait for the next turn. */
    uv_fs_event_start(&spot->event, happened, spot->folder, 0);
    news->spots[news->count++] = spot;
}

void news_watch(struct news *news, const struct watch_list *list)
{
    if (same(news, list))
        return;
    close_spots(news);
    news->spots = xcalloc(list->count, sizeof(struct spot *));
    for (size_t i = 0; i < list->count; i++)
        add_spot(news, list->paths[i]);
}

void news_close(struct news *news)
{
    if (!news)
        return;
    close_spots(news);
    free(news);
}
