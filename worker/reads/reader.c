/* Stores that stay open between requests, and the life of a request. */
#include "worker/reads/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/text.h"
#include "worker/reads/history.h"
#include "worker/reads/reader_memory.h"
#include "worker/reads/request.h"

/* A store that is replaced again while it is opened. */
enum { OPEN_TRIES = 3 };
/* For the rows of at most a hundred hits. */
enum { GRACE_MS = 250 };

struct slot {
    const struct source_config *source; /* borrowed from the configuration */
    struct rstore *store;               /* NULL: not open */
    int64_t used;                       /* turn in which it was last asked for */
    bool selected;                      /* in this request */
    bool in_snapshot;
    bool asked; /* state or problem below are of this request */
    enum rstore_problem problem;
    struct error error;
    struct rstore_state state;
    ino_t inode;
    bool immutable;
    struct store_memory memory;
    bool looked;            /* in this request */
    struct store_look look; /* before the snapshot */
};

struct reader {
    const struct home *home;
    struct reader_limits limits;
    int64_t until_ms; /* of the requests to come; monotonic, 0: none */
    struct request_clock clock;
    struct clock_limit limit; /* by it */
    char *config_path;
    struct file_look config_look;
    struct config config;
    struct slot *slots; /* one per source of the configuration */
    size_t *selected;   /* of slots */
    size_t selected_count;
    size_t open_count;
    size_t closed_count; /* since memory was given back */
    size_t word_bytes;   /* in the memories of all slots */
    int64_t turn;
    bool graced; /* the deadline came: what was found is being written down */
    struct store_stamp *stamps;
    size_t stamp_count;
};

static void close_slot(struct reader *reader, struct slot *slot)
{
    if (slot->store) {
        reader->open_count--;
        reader->closed_count++;
    }
    rstore_close(&slot->store);
    slot->in_snapshot = false;
}

static void forget(struct reader *reader, struct slot *slot)
{
    reader->word_bytes -= lexicon_bytes(&slot->memory.words);
    store_memory_forget(&slot->memory);
}

/* What each store that is open may cache. */
static int cache_part(const struct reader *reader, size_t sources)
{
    size_t most = sources < reader->limits.stores_max ? sources : reader->limits.stores_max;
    return reader->limits.cache_kib / (int)(most ? most : 1);
}

/* Stores of sources that stay configured are remembered, and stay open if their part of the cache
 * is still the same. */
static void take_config(struct reader *reader, struct config *config)
{
    struct slot *slots = xcalloc(config->count + 1, sizeof *slots);
    bool same_part = cache_part(reader, config->count) == cache_part(reader, reader->config.count);
    for (size_t i = 0; i < config->count; i++)
        slots[i].source = &config->sources[i];
    for (size_t i = 0; reader->slots && i < reader->config.count; i++) {
        struct slot *old = &reader->slots[i];
        const struct source_config *now = config_find(config, old->source->id);
        if (!now || !same_part)
            close_slot(reader, old);
        if (!now) {
            forget(reader, old);
            continue;
        }
        slots[now - config->sources] = *old;
        slots[now - config->sources].source = now;
    }
    free(reader->slots);
    config_release(&reader->config);
    reader->slots = slots;
    reader->config = *config;
    reader->selected = xrealloc(reader->selected, (config->count + 1) * sizeof *reader->selected);
    reader->stamps = xrealloc(reader->stamps, (config->count + 1) * sizeof *reader->stamps);
    reader->selected_count = 0;
    reader->stamp_count = 0;
}

/* A file that is being edited and has a mistake now leaves the last good one in place. */
static bool refresh_config(struct reader *reader, struct error *e)
{
    struct file_look now;
    struct config config = {0};
    struct error mistake = {0};
    bool there = file_look_take(reader->config_path, &now);
    if (reader->slots && there && file_look_same(&now, &reader->config_look))
        return true;
    if (!config_read(reader->config_path, &config, NULL, &mistake)) {
        config_release(&config);
        if (reader->slots && there)
            return true;
        *e = mistake;
        return false;
    }
    reader->config_look = now;
    take_config(reader, &config);
    return true;
}

bool reader_open(const struct home *home, const struct reader_limits *limits, struct reader **out,
                 struct error *e)
{
    struct reader *reader = xcalloc(1, sizeof *reader);
    reader->home = home;
    reader->limits = (struct reader_limits){
        .stores_max = limits->stores_max ? limits->stores_max : READER_STORES_MAX,
        .cache_kib = limits->cache_kib ? limits->cache_kib : READER_CACHE_KIB,
        .words_kib = limits->words_kib ? limits->words_kib : READER_WORDS_KIB,
        .kept_kib = limits->kept_kib ? limits->kept_kib : READER_KEPT_KIB};
    reader->limit = request_clock_limit(&reader->clock);
    reader->config_path = home_path(home, HOME_SOURCES_JSON);
    if (!refresh_config(reader, e))
        reader_free(&reader);
    *out = reader;
    return reader != NULL;
}

void reader_free(struct reader **out)
{
    struct reader *reader = *out;
    if (!reader)
        return;
    for (size_t i = 0; reader->slots && i < reader->config.count; i++) {
        close_slot(reader, &reader->slots[i]);
        forget(reader, &reader->slots[i]);
    }
    config_release(&reader->config);
    free(reader->config_path);
    free(reader->slots);
    free(reader->selected);
    free(reader->stamps);
    free(reader);
    *out = NULL;
}

void reader_set_deadline(struct reader *reader, int64_t deadline_ms)
{
    reader->until_ms = deadline_ms ? clock_monotonic_ms() + deadline_ms : 0;
}

void reader_stop(struct reader *reader)
{
    atomic_store(&reader->clock.stopped, true);
}

static bool is_wanted(const struct request_scope *scope, const struct source_config *source)
{
    bool wanted = !scope->ids;
    for (size_t i = 0; !wanted && i < json_array_size(scope->ids); i++)
        wanted = strcmp(json_string_value(json_array_get(scope->ids, i)), source->id) == 0;
    return wanted && (!scope->kind || strcmp(scope->kind, source->kind) == 0);
}

static bool check_scope(const struct reader *reader, const struct request_scope *scope,
                        struct error *e)
{
    for (size_t i = 0; i < json_array_size(scope->ids); i++) {
        const char *id = json_string_value(json_array_get(scope->ids, i));
        if (!config_find(&reader->config, id))
            return error_set(e, CAUSE_USAGE, "source: \"%s\": no such source in %s", id,
                             reader->config_path);
    }
    return true;
}

bool request_begin(struct reader *reader, struct request_scope scope, struct error *e)
{
    reader->turn++;
    reader->graced = false;
    reader->selected_count = 0;
    reader->stamp_count = 0;
    reader->clock.until_ms = reader->until_ms;
    if (!refresh_config(reader, e) || !check_scope(reader, &scope, e))
        return false;
    for (size_t i = 0; i < reader->config.count; i++) {
        struct slot *slot = &reader->slots[i];
        slot->asked = false;
        slot->looked = false;
        slot->problem = RSTORE_FINE;
        slot->error = (struct error){0};
        slot->selected = is_wanted(&scope, slot->source);
        if (slot->selected)
            reader->selected[reader->selected_count++] = i;
    }
    return true;
}

static void take_stamps(struct reader *reader)
{
    for (size_t i = 0; i < reader->selected_count; i++) {
        const struct slot *slot = &reader->slots[reader->selected[i]];
        if (!slot->asked || slot->problem != RSTORE_FINE)
            continue;
        struct store_stamp *stamp = &reader->stamps[reader->stamp_count++];
        *stamp = (struct store_stamp){.inode = slot->inode,
                                      .version = slot->state.version,
                                      .last_success_at = slot->state.last_success_at};
        snprintf(stamp->source, sizeof stamp->source, "%s", slot->source->id);
    }
}

void request_end(struct reader *reader)
{
    take_stamps(reader);
    for (size_t i = 0; i < reader->selected_count; i++) {
        struct slot *slot = &reader->slots[reader->selected[i]];
        if (slot->in_snapshot)
            rstore_end(slot->store);
        slot->in_snapshot = false;
    }
    reader->clock.until_ms = 0;
}

size_t request_count(const struct reader *reader)
{
    return reader->selected_count;
}

const struct source_config *request_source(const struct reader *reader, size_t at)
{
    return reader->slots[reader->selected[at]].source;
}

const struct home *request_home(const struct reader *reader)
{
    return reader->home;
}

bool request_grace(struct reader *reader)
{
    bool late = request_late(&reader->clock);
    if (late)
        reader->clock.until_ms = clock_monotonic_ms() + GRACE_MS;
    reader->graced = late;
    return late;
}

const struct request_clock *request_clock(const struct reader *reader)
{
    return &reader->clock;
}

const struct clock_limit *request_limit(const struct reader *reader)
{
    return &reader->limit;
}

static void make_room(struct reader *reader)
{
    while (reader->open_count >= reader->limits.stores_max) {
        struct slot *oldest = NULL;
        for (size_t i = 0; i < reader->config.count; i++) {
            struct slot *slot = &reader->slots[i];
            if (slot->store && (!oldest || slot->used < oldest->used))
                oldest = slot;
        }
        if (!oldest)
            return;
        close_slot(reader, oldest);
    }
    if (reader->closed_count >= reader->limits.stores_max) {
        memory_give_back();
        reader->closed_count = 0;
    }
}

static char *slot_path(const struct reader *reader, const struct slot *slot)
{
    return home_source_path(reader->home, slot->source->id, SOURCE_STORE);
}

/* Once in a request: what was remembered, whether the file is still the one that is open, and what
 * the snapshot is of, all go by one look. */
static const struct store_look *look_at(const struct reader *reader, struct slot *slot)
{
    if (!slot->looked) {
        CLEANUP(free_text) char *path = slot_path(reader, slot);
        (void)store_look_take(path, &slot->look);
        slot->looked = true;
    }
    return &slot->look;
}

static enum rstore_problem open_slot(struct reader *reader, struct slot *slot)
{
    CLEANUP(free_text) char *path = slot_path(reader, slot);
    struct rstore_options options = {.cache_kib = cache_part(reader, reader->config.count),
                                     .clock = &reader->clock};
    make_room(reader);
    slot->error = (struct error){0};
    enum rstore_problem problem = rstore_open(path, &options, &slot->store, &slot->error);
    if (slot->store)
        reader->open_count++;
    return problem;
}

/* The file may have been replaced. */
static enum rstore_problem begin_slot(struct reader *reader, struct slot *slot)
{
    enum rstore_problem problem = RSTORE_MISSING;
    for (int i = 0; i < OPEN_TRIES && problem == RSTORE_MISSING; i++) {
        slot->looked = slot->looked && i == 0;
        const struct store_look *now = look_at(reader, slot);
        if (slot->store && !rstore_is_current(slot->store, now))
            close_slot(reader, slot);
        problem = slot->store ? RSTORE_FINE : open_slot(reader, slot);
        if (problem != RSTORE_FINE)
            continue;
        problem = rstore_begin(slot->store, &slot->state, &slot->error);
        if (problem != RSTORE_FINE)
            close_slot(reader, slot);
    }
    slot->in_snapshot = problem == RSTORE_FINE;
    if (slot->in_snapshot) {
        slot->inode = rstore_inode(slot->store);
        slot->immutable = rstore_is_immutable(slot->store);
    }
    return problem;
}

struct rstore *request_store(struct reader *reader, size_t at)
{
    struct slot *slot = &reader->slots[reader->selected[at]];
    slot->used = reader->turn;
    if (reader->graced && slot->in_snapshot)
        return slot->store;
    if (slot->asked && slot->problem != RSTORE_FINE)
        return NULL;
    if (!slot->in_snapshot) {
        slot->problem = request_late(&reader->clock) ? RSTORE_LATE : begin_slot(reader, slot);
        slot->asked = true;
    }
    return slot->problem == RSTORE_FINE ? slot->store : NULL;
}

size_t request_kept_bytes(const struct reader *reader)
{
    bool closes = reader->selected_count > reader->limits.stores_max;
    return closes ? (size_t)reader->limits.kept_kib * 1024 : 0;
}

const struct store_memory *request_memory(struct reader *reader, size_t at)
{
    struct slot *slot = &reader->slots[reader->selected[at]];
    if (!slot->memory.known || slot->asked)
        return NULL;
    if (!store_look_same(look_at(reader, slot), &slot->memory.look)) {
        forget(reader, slot);
        return NULL;
    }
    slot->asked = true;
    slot->state = slot->memory.state;
    slot->immutable = slot->memory.immutable;
    slot->inode = slot->look.database.inode;
    return &slot->memory;
}

struct lexicon *request_remember(struct reader *reader, size_t at,
                                 const struct rstore_totals *totals)
{
    struct slot *slot = &reader->slots[reader->selected[at]];
    struct store_memory *memory = &slot->memory;
    if (!memory->known || !store_look_same(&memory->look, &slot->look)) {
        forget(reader, slot);
        memory->known = store_look_settled(&slot->look);
        memory->look = slot->look;
        memory->immutable = slot->immutable;
        memory->state = slot->state;
        memory->totals = *totals;
    }
    return memory->known ? &memory->words : NULL;
}

bool request_add_words(struct reader *reader, struct lexicon *words, const struct word *word)
{
    if (reader->word_bytes >= (size_t)reader->limits.words_kib * 1024)
        return false;
    reader->word_bytes -= lexicon_bytes(words);
    lexicon_add(words, word);
    reader->word_bytes += lexicon_bytes(words);
    return true;
}

void request_end_words(struct reader *reader, struct lexicon *words)
{
    reader->word_bytes -= lexicon_bytes(words);
    lexicon_end(words);
    reader->word_bytes += lexicon_bytes(words);
}

void request_drop_words(struct reader *reader, struct lexicon *words)
{
    reader->word_bytes -= lexicon_bytes(words);
    lexicon_clear(words);
    words->refused = true;
}

bool request_is_first(const struct reader *reader)
{
    return reader->turn == 1;
}

void request_fail(struct reader *reader, size_t at, const struct error *e)
{
    struct slot *slot = &reader->slots[reader->selected[at]];
    slot->problem = e->damaged    ? RSTORE_DAMAGED
                    : slot->store ? rstore_failure(slot->store)
                                  : RSTORE_UNREADABLE;
    if (request_late(&reader->clock))
        slot->problem = RSTORE_LATE;
    slot->error = *e;
    if (slot->problem == RSTORE_LATE)
        return;
    forget(reader, slot);
    close_slot(reader, slot); /* whatever it was, the next request starts anew */
}

enum op_end request_no_answer(const struct reader *reader, size_t at, struct error *e)
{
    const struct slot *slot = &reader->slots[reader->selected[at]];
    if (slot->problem == RSTORE_LATE) {
        error_set(e, CAUSE_DEADLINE, "the deadline came before the store had answered");
        return OP_LATE;
    }
    bool missing = slot->problem == RSTORE_MISSING;
    error_set(e, missing ? CAUSE_USAGE : CAUSE_STORE, "%s: %s: %s", slot->source->id,
              rstore_problem_name(slot->problem), slot->error.text);
    return missing ? OP_NOT_FOUND : OP_FAILED;
}

static json_t *describe(struct ledger *ledger, const struct slot *slot)
{
    bool answered = slot->asked && slot->problem == RSTORE_FINE;
    int64_t at =
        answered ? slot->state.last_success_at : history_last_success(ledger, slot->source->id);
    int64_t now = clock_unix_s();
    json_t *object = json_object();
    json_object_set_new(object, "id", json_string(slot->source->id));
    json_object_set_new(object, "answered", json_boolean(answered));
    json_object_set_new(object, "fresh_s",
                        at ? json_integer(now > at ? now - at : 0) : json_null());
    json_object_set_new(object, "last_success_at", at ? json_integer(at) : json_null());
    if (!answered) {
        enum rstore_problem problem = slot->asked ? slot->problem : RSTORE_LATE;
        json_object_set_new(object, "problem", json_string(rstore_problem_name(problem)));
        json_object_set_new(object, "message",
                            json_string(problem == RSTORE_LATE
                                            ? "the deadline came before this store was read"
                                            : slot->error.text));
    } else if (slot->immutable)
        json_object_set_new(object, "note",
                            json_string("read without shared memory: the home is read-only and "
                                        "the store has no log"));
    return object;
}

void request_describe(struct reader *reader, json_t *answer)
{
    json_t *list = json_array();
    struct ledger *ledger = NULL;
    bool partial = false;
    for (size_t i = 0; i < reader->selected_count; i++) {
        const struct slot *slot = &reader->slots[reader->selected[i]];
        bool answered = slot->asked && slot->problem == RSTORE_FINE;
        if (!answered && !partial)
            ledger = history_open(reader);
        partial |= !answered;
        json_array_append_new(list, describe(ledger, slot));
    }
    ledger_close(&ledger);
    json_object_set_new(answer, "sources", list);
    json_object_set_new(answer, "partial", json_boolean(partial));
}

const struct store_stamp *reader_stamps(const struct reader *reader, size_t *count)
{
    *count = reader->stamp_count;
    return reader->stamps;
}
