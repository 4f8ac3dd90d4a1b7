/* add, remove, list and check-config. */
#include "supervisor/command_config.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/config.h"
#include "common/config_keys.h"
#include "common/duration.h"
#include "common/home.h"
#include "common/json_text.h"
#include "common/text.h"
#include "common/url.h"
#include "supervisor/command_line.h"
#include "supervisor/purge_source.h"

/* --- add ------------------------------------------------------------------------------------- */

static const char add_help[] =
    "usage: lattice-supervise add ID [URL|PATH] [OPTION]...\n"
    "\n"
    "Adds a source to sources.json. ID is 1 to 64 of a-z 0-9 . _ - and names its folder.\n"
    "A repository is a path, https://..., ssh://..., [user@]host:path or file:///...\n"
    "A dir or agent-log is a path; a feed or repo-recall is https://... or http://...\n"
    "An inbox is neither: what agents push is put into it.\n"
    "\n"
    "  --kind K         kind of source (git); see `kind` in the README\n"
    "  --branch B       branch to follow (the remote's HEAD)\n"
    "  --include G      pattern of files to take, as in .gitignore; repeatable\n"
    "                   (*.md *.markdown *.mdx *.txt *.rst *.org)\n"
    "  --exclude G      pattern of files to leave out; repeatable\n"
    "  --set KEY=VALUE  any other key of sources.json, such as timeout=20m; repeatable\n"
    "  --home DIR       where everything is kept ($LATTICE_HOME)\n"
    "  --help           this text\n";

static bool looks_like_repository(const char *path)
{
    static const char *const signs[] = {".git", "HEAD"};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        CLEANUP(free_text) char *sign = xasprintf("%s/%s", path, signs[i]);
        if (access(sign, F_OK) == 0)
            return true;
    }
    return false;
}

/* The repository may come later, so this is a warning only. */
static void warn_if_no_repository(const char *id, const char *location)
{
    struct git_url url;
    struct error e = {0};
    if (!git_url_parse(location, getenv("HOME"), &url, &e))
        return;
    const char *path = url.kind == URL_FILE ? url.location + strlen("file://") : url.location;
    bool local = url.kind == URL_FILE || url.kind == URL_PATH;
    if (local && access(path, F_OK) != 0)
        print_note("warning", "%s: %s: %s", id, path, strerror(errno));
    else if (local && !looks_like_repository(path))
        print_note("warning", "%s: %s: no git repository is there", id, path);
    git_url_release(&url);
}

static bool is_relative_path(const char *location)
{
    struct git_url url;
    struct error e = {0};
    if (!git_url_parse(location, getenv("HOME"), &url, &e))
        return false;
    bool relative = url.kind == URL_PATH && url.location[0] != '/';
    git_url_release(&url);
    return relative;
}

/* What is written for a location that was typed in this folder. Caller frees. */
static char *absolute(const char *location)
{
    char cwd[PATH_MAX];
    if (!is_relative_path(location))
        return xstrdup(location);
    char *real = realpath(location, NULL);
    if (real || !getcwd(cwd, sizeof cwd))
        return real ? real : xstrdup(location);
    return xasprintf("%s/%s", cwd, location);
}

/* The key that a kind's one positional argument goes to; NULL if it takes none. */
static const char *location_key(const char *kind_name)
{
    const struct config_kind *kind = config_kind_find(kind_name);
    const struct config_key *key = kind ? config_kind_location(kind) : NULL;
    return key ? key->name : kind ? NULL : "url";
}

static bool set_text(json_t *entry, const char *key, const char *text, struct error *e)
{
    if (json_object_set_new(entry, key, json_string(text)) == 0)
        return true;
    return error_set(e, CAUSE_USAGE, "%s: is not UTF-8", key);
}

static bool set_location(json_t *entry, const char *kind, const char *word, struct error *e)
{
    const char *key = location_key(kind);
    if (!key)
        return error_set(e, CAUSE_USAGE, "kind \"%s\" has no URL or path", kind);
    CLEANUP(free_text) char *location = absolute(word);
    return set_text(entry, key, location, e);
}

static bool fill_entry(const struct arguments *a, json_t *entry, struct error *e)
{
    const char *kind = a->kind ? a->kind : "git";
    if (!set_text(entry, "id", a->words[0], e) || !set_text(entry, "kind", kind, e))
        return false;
    if (a->count > 1 && !set_location(entry, kind, a->words[1], e))
        return false;
    if (a->branch && !set_text(entry, "branch", a->branch, e))
        return false;
    if (a->include)
        json_object_set(entry, "include", a->include);
    if (a->exclude)
        json_object_set(entry, "exclude", a->exclude);
    if (a->set)
        json_object_update(entry, a->set);
    return true;
}

static bool add(const struct arguments *a, struct error *e)
{
    struct home home;
    CLEANUP(free_json) json_t *entry = json_object();
    if (!fill_entry(a, entry, e) || !home_open(a->home, &home, e))
        return false;
    CLEANUP(free_text) char *path = home_path(&home, HOME_SOURCES_JSON);
    home_release(&home);
    if (!config_add(path, entry, e))
        return false;
    const char *id = json_string_value(json_object_get(entry, "id"));
    const char *kind = json_string_value(json_object_get(entry, "kind"));
    const char *url = json_string_value(json_object_get(entry, "url"));
    if (url && kind && strcmp(kind, "git") == 0)
        warn_if_no_repository(id, url);
    printf("added %s; `lattice-supervise --source %s` syncs it\n", id, id);
    return true;
}

/* --- remove ---------------------------------------------------------------------------------- */

static const char remove_help[] =
    "usage: lattice-supervise remove ID [--purge]\n"
    "\n"
    "Takes a source out of sources.json. What was synced is kept, but served no more.\n"
    "\n"
    "  --purge     delete what was synced and the history of its runs as well, also of a source\n"
    "              that was removed before; a running supervisor does it, and stops the\n"
    "              source's worker first\n"
    "  --home DIR  where everything is kept ($LATTICE_HOME)\n"
    "  --help      this text\n";

static bool remove_source(const struct arguments *a, struct error *e)
{
    struct home home;
    const char *id = a->words[0];
    if (!source_id_valid(id))
        return error_set(e, CAUSE_USAGE,
                         "expected the id of a source; `lattice-supervise list` "
                         "shows them");
    if (!home_open_existing(a->home, &home, e))
        return false;
    CLEANUP(free_text) char *path = home_path(&home, HOME_SOURCES_JSON);
    CLEANUP(free_text) char *folder = home_source_path(&home, id, "");
    bool ok = a->purge ? purge_source_anywhere(&home, id, e) : config_remove(path, id, e);
    home_release(&home);
    if (ok && !a->purge && access(folder, F_OK) == 0)
        printf("removed %s; %s is kept, `lattice-supervise remove %s --purge` deletes it\n", id,
               folder, id);
    else if (ok && !a->purge)
        printf("removed %s\n", id);
    return ok;
}

/* --- list ------------------------------------------------------------------------------------ */

static const char list_help[] =
    "usage: lattice-supervise list [--json]\n"
    "\n"
    "Prints the sources of sources.json with their limits; every default is filled in.\n"
    "\n"
    "  --json      as one JSON object\n"
    "  --home DIR  where everything is kept ($LATTICE_HOME)\n"
    "  --help      this text\n";

static const char *memory_name(enum memory_size memory)
{
    switch (memory) {
    case MEMORY_NORMAL:
        return "normal";
    case MEMORY_LOW:
        return "low";
    }
    return "";
}

static json_t *texts_json(char *const *list)
{
    json_t *array = json_array();
    for (; list && *list; list++)
        json_array_append_new(array, json_string(*list));
    return array;
}

static json_t *source_json(const struct source_config *s)
{
    CLEANUP(free_text) char *url = s->url ? url_mask(s->url) : NULL;
    return json_pack(
        "{s:s, s:s, s:b, s:s?, s:s?, s:s?, s:s?, s:I, s:I, s:I, s:I, s:I, s:s, s:o, s:o}", "id",
        s->id, "kind", s->kind, "enabled", s->enabled, "url", url, "branch", s->branch, "path",
        s->path, "format", s->format, "timeout_ms", (json_int_t)s->timeout_ms, "grace_ms",
        (json_int_t)s->grace_ms, "stall_ms", (json_int_t)s->stall_ms, "every_ms",
        (json_int_t)s->every_ms, "max_page_bytes", (json_int_t)s->max_page_bytes, "memory",
        memory_name(s->memory), "include", texts_json(s->include), "exclude",
        texts_json(s->exclude));
}

static void print_json(const struct config *config)
{
    json_t *sources = json_array();
    for (size_t i = 0; i < config->count; i++)
        json_array_append_new(sources, source_json(&config->sources[i]));
    json_print(json_pack("{s:o}", "sources", sources));
}

static void print_row(const struct source_config *s, int width)
{
    char times[4][DURATION_TEXT_SIZE];
    struct buf where = {0};
    CLEANUP(free_text) char *url = url_mask(s->url ? s->url : s->path ? s->path : "");
    CLEANUP(free_text)
    char *full = xasprintf("%s%s%s", url, s->branch ? " @ " : "", s->branch ? s->branch : "");
    duration_format_exact(s->timeout_ms, times[0]);
    duration_format_exact(s->grace_ms, times[1]);
    duration_format_exact(s->stall_ms, times[2]);
    duration_format_exact(s->every_ms, times[3]);
    buf_reserve(&where, 0);
    text_escape(&where, full, strlen(full));
    printf("%-*s  %-11s  %-7s  %7s  %7s  %7s  %7s  %9" PRId64 "  %-6s  %s\n", width, s->id, s->kind,
           s->enabled ? "yes" : "no", times[0], times[1], times[2], times[3], s->max_page_bytes,
           memory_name(s->memory), where.data);
    buf_release(&where);
}

static void print_table(const struct config *config)
{
    size_t width = strlen("SOURCE");
    for (size_t i = 0; i < config->count; i++)
        if (strlen(config->sources[i].id) > width)
            width = strlen(config->sources[i].id);
    printf("%-*s  %-11s  %-7s  %7s  %7s  %7s  %7s  %9s  %-6s  %s\n", (int)width, "SOURCE", "KIND",
           "ENABLED", "TIMEOUT", "GRACE", "STALL", "EVERY", "MAX_PAGE", "MEMORY", "URL");
    for (size_t i = 0; i < config->count; i++)
        print_row(&config->sources[i], (int)width);
}

static bool list(const struct arguments *a, struct error *e)
{
    struct home home;
    struct config config;
    if (!home_open_existing(a->home, &home, e))
        return false;
    CLEANUP(free_text) char *path = home_path(&home, HOME_SOURCES_JSON);
    home_release(&home);
    if (!config_read(path, &config, NULL, e))
        return false;
    if (a->json)
        print_json(&config);
    else
        print_table(&config);
    config_release(&config);
    return true;
}

/* --- check-config ---------------------------------------------------------------------------- */

static const char check_help[] =
    "usage: lattice-supervise check-config [FILE]\n"
    "\n"
    "Checks sources.json, or FILE, and prints every mistake with its place, one a line.\n"
    "Exits with 0 if there is none, else with 78.\n"
    "\n"
    "  --home DIR  where everything is kept ($LATTICE_HOME)\n"
    "  --help      this text\n";

static bool check_file(const char *path, struct error *e)
{
    struct config config;
    struct config_mistakes mistakes;
    bool ok = config_read(path, &config, &mistakes, e);
    for (size_t i = 0; i < mistakes.count; i++)
        puts(mistakes.lines[i]);
    if (mistakes.count)
        error_set(e, CAUSE_CONFIG, "%s: %zu mistake%s", path, mistakes.count,
                  mistakes.count == 1 ? "" : "s");
    if (ok)
        printf("ok: %zu source%s\n", config.count, config.count == 1 ? "" : "s");
    config_mistakes_release(&mistakes);
    config_release(&config);
    return ok;
}

static bool check_config(const struct arguments *a, struct error *e)
{
    struct home home;
    if (a->count > 0)
        return check_file(a->words[0], e);
    if (!home_open_existing(a->home, &home, e))
        return false;
    CLEANUP(free_text) char *path = home_path(&home, HOME_SOURCES_JSON);
    home_release(&home);
    return check_file(path, e);
}

/* --- the commands ---------------------------------------------------------------------------- */

static const struct option add_options[] = {
    COMMON_OPTIONS,
    {"kind", required_argument, NULL, OPT_KIND},
    {"branch", required_argument, NULL, OPT_BRANCH},
    {"include", required_argument, NULL, OPT_INCLUDE},
    {"exclude", required_argument, NULL, OPT_EXCLUDE},
    {"set", required_argument, NULL, OPT_SET},
    {NULL, 0, NULL, 0},
};
static const struct option remove_options[] = {
    COMMON_OPTIONS, {"purge", no_argument, NULL, OPT_PURGE}, {NULL, 0, NULL, 0}};
static const struct option list_options[] = {
    COMMON_OPTIONS, {"json", no_argument, NULL, OPT_JSON}, {NULL, 0, NULL, 0}};
static const struct option check_options[] = {COMMON_OPTIONS, {NULL, 0, NULL, 0}};

int command_add(int argc, char **argv)
{
    static const struct command command = {add_help, add_options, 1, 2, add};
    return command_run(&command, argc, argv);
}

int command_remove(int argc, char **argv)
{
    static const struct command command = {remove_help, remove_options, 1, 1, remove_source};
    return command_run(&command, argc, argv);
}

int command_list(int argc, char **argv)
{
    static const struct command command = {list_help, list_options, 0, 0, list};
    return command_run(&command, argc, argv);
}

int command_check_config(int argc, char **argv)
{
    static const struct command command = {check_help, check_options, 0, 1, check_config};
    return command_run(&command, argc, argv);
}
