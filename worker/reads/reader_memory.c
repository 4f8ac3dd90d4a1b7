/* What a reader remembers of a store that it need not have open. */
#include "worker/reads/reader_memory.h"

#include <stdio.h>
#include <sys/stat.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "common/cleanup.h"

/* The coarsest clock of a filesystem that is in use (FAT: 2 s), and a tick; tests set less. */
int store_settle_s = 3;

bool file_look_take(const char *path, struct file_look *look)
{
    struct stat st;
    *look = (struct file_look){0};
    if (stat(path, &st) != 0)
        return false;
    *look = (struct file_look){st.st_dev, st.st_ino, st.st_size, st.st_mtim, st.st_ctim};
    return true;
}

bool store_look_take(const char *path, struct store_look *look)
{
    CLEANUP(free_text) char *log = xasprintf("%s-wal", path);
    (void)file_look_take(log, &look->log);
    return file_look_take(path, &look->database);
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool file_look_same(const struct file_look *a, const struct file_look *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           same_time(&a->changed, &b->changed) && same_time(&a->touched, &b->touched);
}

bool store_look_same(const struct store_look *a, const struct store_look *b)
{
    return file_look_same(&a->database, &b->database) && file_look_same(&a->log, &b->log);
}

/* Also false for a time in the future: a clock was set back. */
static bool is_old(const struct file_look *look, time_t now)
{
    return look->changed.tv_sec + store_settle_s < now &&
           look->touched.tv_sec + store_settle_s < now;
}

/* An empty log, as an opened store has it, grows with its first commit. */
bool store_look_settled(const struct store_look *look)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return is_old(&look->database, now.tv_sec) &&
           (look->log.size == 0 || is_old(&look->log, now.tv_sec));
}

void store_memory_forget(struct store_memory *memory)
{
    lexicon_clear(&memory->words);
    *memory = (struct store_memory){0};
}

void memory_give_back(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}
