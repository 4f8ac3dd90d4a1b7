/* sources.json: what is taken, how defaults resolve, that every mistake is named with its place. */
#include "common/config.h"

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "tests/unit/harness.h"

#define GIT(id, more) "{\"id\":\"" id "\",\"kind\":\"git\",\"url\":\"/srv/x\"" more "}"
#define SOURCES(list) "{\"sources\":[" list "]}"

static struct config taken(const char *text)
{
    struct config config;
    struct config_mistakes mistakes;
    struct error e = {0};
    CHECK_OK(config_parse(text, strlen(text), &config, &mistakes, &e), &e);
    CHECK_INT(mistakes.count, 0);
    return config;
}

/* `want`: all mistakes, each with a line break behind it. */
static void mistaken(const char *text, const char *want)
{
    struct config config;
    struct config_mistakes mistakes;
    struct error e = {0};
    char got[8192] = "";
    CHECK_FAILS(config_parse(text, strlen(text), &config, &mistakes, &e), &e, CAUSE_CONFIG, "");
    for (size_t i = 0; i < mistakes.count; i++) {
        strncat(got, mistakes.lines[i], sizeof got - strlen(got) - 1);
        strncat(got, "\n", sizeof got - strlen(got) - 1);
    }
    CHECK_STR(got, want);
    CHECK_INT(config.count, 0);
    config_release(&config);
    config_mistakes_release(&mistakes);
}

static void same_list(char *const *list, const char *want)
{
    char got[256] = "";
    for (; *list; list++) {
        strncat(got, *list, sizeof got - strlen(got) - 1);
        strncat(got, " ", sizeof got - strlen(got) - 1);
    }
    CHECK_STR(got, want);
}

TEST(a_short_source_gets_every_built_in_default)
{
    struct config config = taken(SOURCES(GIT("notes", "")));
    const struct source_config *s = &config.sources[0];
    CHECK_INT(config.count, 1);
    CHECK_STR(s->id, "notes");
    CHECK_STR(s->kind, "git");
    CHECK_STR(s->url, "/srv/x");
    CHECK(s->enabled && !s->branch && s->entry);
    CHECK_INT(s->timeout_ms, 600000);
    CHECK_INT(s->grace_ms, 30000);
    CHECK_INT(s->stall_ms, 300000);
    CHECK_INT(s->every_ms, 900000);
    CHECK_INT(s->max_page_bytes, 4194304);
    CHECK_INT(s->memory, MEMORY_NORMAL);
    same_list(s->include, "*.md *.markdown *.mdx *.txt *.rst *.org ");
    same_list(s->exclude, "");
    config_release(&config);
}

TEST(every_key_is_read)
{
    struct config config = taken(SOURCES(
        GIT("n", ",\"branch\":\"main\",\"enabled\":false,\"timeout\":\"1h\",\"grace\":\"2m\","
                 "\"stall\":90,\"every\":\"1d\",\"max_page_bytes\":1024,\"memory\":\"low\","
                 "\"include\":[\"docs/**\",\"*.md\"],\"exclude\":[\"drafts/\"]")));
    const struct source_config *s = &config.sources[0];
    CHECK_STR(s->branch, "main");
    CHECK(!s->enabled);
    CHECK_INT(s->timeout_ms, 3600000);
    CHECK_INT(s->grace_ms, 120000);
    CHECK_INT(s->stall_ms, 90000);
    CHECK_INT(s->every_ms, 86400000);
    CHECK_INT(s->max_page_bytes, 1024);
    CHECK_INT(s->memory, MEMORY_LOW);
    same_list(s->include, "docs/** *.md ");
    same_list(s->exclude, "drafts/ ");
    config_release(&config);
}

TEST(source_wins_over_defaults_wherever_they_stand)
{
    struct config config =
        taken("{\"sources\":[" GIT("a", ",\"timeout\":\"1h\",\"include\":[\"b\"]") "," GIT(
            "b", "") "],\"defaults\":{\"timeout\":\"20m\",\"include\":[\"a\"],\"enabled\":false}}");
    CHECK_INT(config.sources[0].timeout_ms, 3600000);
    CHECK_INT(config.sources[1].timeout_ms, 1200000);
    same_list(config.sources[0].include, "b ");
    same_list(config.sources[1].include, "a ");
    CHECK(!config.sources[1].enabled);
    config_release(&config);
}

TEST(one_source_is_written_so_that_it_reads_the_same_alone)
{
    struct config all = taken("{\"sources\":[" GIT("a", "") "," GIT(
        "b", ",\"branch\":\"dev\"") "],\"defaults\":{\"timeout\":\"7m\",\"include\":[\"*.x\"]}}");
    char *text = config_write_one(&all, &all.sources[1], 1024);
    struct config one = taken(text);
    CHECK_INT(one.count, 1);
    CHECK_STR(one.sources[0].id, "b");
    CHECK_STR(one.sources[0].branch, "dev");
    CHECK_INT(one.sources[0].timeout_ms, 420000);
    same_list(one.sources[0].include, "*.x ");
    CHECK(!config_write_one(&all, &all.sources[1], strlen(text) - 1));
    free(text);
    config_release(&all);
    config_release(&one);
}

TEST(grace_that_nobody_names_is_a_quarter_of_a_short_timeout)
{
    struct config config = taken(SOURCES(GIT("a", ",\"timeout\":\"20s\"") "," GIT("b", "")));
    CHECK_INT(config.sources[0].grace_ms, 5000);
    CHECK_INT(config.sources[1].grace_ms, 30000);
    CHECK_INT(default_grace_ms(120000), 30000);
    CHECK_INT(default_grace_ms(119000), 29750);
    config_release(&config);
}

TEST(grace_of_exactly_half_is_taken)
{
    struct config config = taken(SOURCES(GIT("a", ",\"timeout\":60,\"grace\":30")));
    CHECK_INT(config.sources[0].grace_ms, 30000);
    config_release(&config);
}

TEST(grace_over_half_the_timeout_is_refused_where_it_is_named)
{
    mistaken(SOURCES(GIT("a", ",\"timeout\":60,\"grace\":31")),
             "sources[0].grace: 31s is over half of the timeout, which is 1m\n");
    mistaken(SOURCES(GIT("a", ",\"grace\":\"6m\"")),
             "sources[0].grace: 6m is over half of the timeout, which is 10m\n");
    mistaken("{\"defaults\":{\"grace\":\"2m\"},\"sources\":[" GIT("a", "") "," GIT(
                 "b", ",\"timeout\":\"3m\"") "]}",
             "sources[1].timeout: 3m is under twice the grace, which is 2m\n");
    mistaken("{\"defaults\":{\"grace\":\"6m\"},\"sources\":[" GIT("a", "") "]}",
             "defaults.grace: 6m is over half of the timeout, which is 10m\n");
    mistaken("{\"defaults\":{\"timeout\":\"1m\"},\"sources\":[" GIT("a", ",\"grace\":\"40s\"") "]}",
             "sources[0].grace: 40s is over half of the timeout, which is 1m\n");
}

TEST(a_wrong_duration_is_named_once)
{
    mistaken(SOURCES(GIT("a", ",\"timeout\":\"10 minuts\",\"grace\":\"9m\"")),
             "sources[0].timeout: \"10 minuts\": expected a duration such as 90s, 10m, 1h\n");
    mistaken(SOURCES(GIT("a", ",\"timeout\":0,\"stall\":1.5,\"every\":true,\"grace\":-3")),
             "sources[0].timeout: 0: expected a duration such as 90s, 10m, 1h\n"
             "sources[0].stall: 1.5: expected a duration such as 90s, 10m, 1h\n"
             "sources[0].every: true: expected a duration such as 90s, 10m, 1h\n"
             "sources[0].grace: -3: expected a duration such as 90s, 10m, 1h\n");
}

TEST(numbers_over_ten_years_are_refused)
{
    mistaken(SOURCES(GIT("a", ",\"every\":9223372036854775807")),
             "sources[0].every: 9223372036854775807: expected at most 3650d\n");
}

TEST(all_mistakes_are_named_in_the_files_order)
{
    struct config config;
    struct error e = {0};
    const char *text =
        "{\"sources\":[" GIT("A", ",\"memory\":1") ",7],"
                                                   "\"defaults\":{\"stall\":[]},\"x\":1}";
    mistaken(text, "sources[0].id: \"A\": expected 1 to 64 of a-z 0-9 . _ - that start with a "
                   "letter or digit\n"
                   "sources[0].memory: 1: expected \"normal\" or \"low\"\n"
                   "sources[1]: 7: expected an object such as {\"id\": \"notes\", \"kind\": "
                   "\"git\", \"url\": \"~/notes\"}\n"
                   "defaults.stall: a list: expected a duration such as 90s, 10m, 1h\n"
                   "x: unknown key\n");
    CHECK_FAILS(config_parse(text, strlen(text), &config, NULL, &e), &e, CAUSE_CONFIG,
                "(and 4 more; `lattice-supervise check-config` names them all)");
}

TEST(unknown_keys_are_mistakes_with_a_guess)
{
    mistaken("{\"source\":[],\"sources\":[" GIT(
                 "a", ",\"tiemout\":1,\"brunch\":\"x\",\"zzz\":1") "],\"defaults\":{\"stal\":1}}",
             "source: unknown key; did you mean \"sources\"?\n"
             "sources[0].tiemout: unknown key; did you mean \"timeout\"?\n"
             "sources[0].brunch: unknown key; did you mean \"branch\"?\n"
             "sources[0].zzz: unknown key\n"
             "defaults.stal: unknown key; did you mean \"stall\"?\n");
}

TEST(a_key_in_the_wrong_place_is_told_where_it_belongs)
{
    mistaken("{\"timeout\":1,\"defaults\":{\"url\":\"x\",\"id\":\"x\"},\"sources\":[" GIT(
                 "a", ",\"token_file\":\"x\"") "]}",
             "timeout: belongs into \"defaults\" or a source\n"
             "defaults.url: not a default; it belongs into a source\n"
             "defaults.id: not a default; it belongs into a source\n"
             "sources[0].token_file: kind \"git\" has no such key\n");
}

TEST(missing_keys_are_named)
{
    mistaken("{}", "sources: missing\n");
    mistaken(SOURCES("{}"), "sources[0].id: missing\nsources[0].kind: missing\n");
    mistaken(SOURCES("{\"id\":\"a\",\"kind\":\"git\"}"), "sources[0].url: missing\n");
}

TEST(wrong_shapes_are_mistakes)
{
    mistaken("[]", "expected an object: {\"defaults\": {...}, \"sources\": [...]}\n");
    mistaken("{\"sources\":{}}", "sources: an object: expected a list of sources\n");
    mistaken("{\"defaults\":[],\"sources\":[]}",
             "defaults: a list: expected an object such as {\"timeout\": \"10m\"}\n");
    mistaken(SOURCES(GIT("a", ",\"enabled\":\"yes\"")),
             "sources[0].enabled: \"yes\": expected true or false\n");
}

TEST(no_sources_is_no_mistake)
{
    struct config config = taken("{\"sources\":[]}");
    CHECK_INT(config.count, 0);
    CHECK(config_find(&config, "a") == NULL);
    config_release(&config);
}

TEST(two_sources_with_one_id_are_refused)
{
    mistaken(SOURCES(GIT("a", "") "," GIT("b", "") "," GIT("a", "")),
             "sources[2].id: \"a\": sources[0] has it already\n");
}

TEST(a_file_with_endless_sources_is_refused_at_once)
{
    struct buf text = {0};
    buf_add_text(&text, "{\"sources\":[0");
    for (int i = 0; i < CONFIG_MAX_SOURCES; i++)
        buf_add_text(&text, ",0");
    buf_add_text(&text, "]}");
    mistaken(text.data, "sources: 10001 are more than 10000\n");
    buf_release(&text);
}

TEST(ids_are_names_of_plain_folders)
{
    char id[SOURCE_ID_MAX + 2];
    memset(id, 'a', sizeof id);
    id[SOURCE_ID_MAX + 1] = '\0';
    CHECK(!source_id_valid(id));
    id[SOURCE_ID_MAX] = '\0';
    CHECK(source_id_valid(id));
    CHECK(source_id_valid("0") && source_id_valid("a.b_c-d"));
    CHECK(!source_id_valid("") && !source_id_valid(".a") && !source_id_valid("-a"));
    CHECK(!source_id_valid("_a") && !source_id_valid("..") && !source_id_valid("a/b"));
    CHECK(!source_id_valid("A") && !source_id_valid("a\n") && !source_id_valid("\xC3\xA9"));
}

TEST(an_unknown_kind_is_refused_with_those_that_are_known)
{
    struct buf known = {0};
    for (const char *const *kind = config_kinds(); *kind; kind++)
        buf_printf(&known, " %s", *kind);
    CHECK_STR(config_kinds()[0], "git");
    CLEANUP(free_text)
    char *want = xasprintf(
        "sources[0].kind: \"gopher\": unknown kind; this version knows:%s\n"
        "sources[1].kind: \"gti\": unknown kind; did you mean \"git\"? This version knows:%s\n"
        "sources[2].kind: 7: expected the name of a kind, such as \"git\"\n",
        known.data, known.data);
    mistaken(SOURCES("{\"id\":\"a\",\"kind\":\"gopher\"},"
                     "{\"id\":\"b\",\"kind\":\"gti\",\"url\":\"/x\"},"
                     "{\"id\":\"c\",\"kind\":7}"),
             want);
    buf_release(&known);
}

TEST(page_sizes_have_bounds)
{
    mistaken(SOURCES(GIT("a", ",\"max_page_bytes\":1023") "," GIT(
                 "b", ",\"max_page_bytes\":67108865") "," GIT("c", ",\"max_page_bytes\":\"4M\"")),
             "sources[0].max_page_bytes: 1023: expected a number of bytes from 1024 to 67108864 "
             "(64 MiB)\n"
             "sources[1].max_page_bytes: 67108865: expected a number of bytes from 1024 to "
             "67108864 (64 MiB)\n"
             "sources[2].max_page_bytes: \"4M\": expected a number of bytes from 1024 to 67108864 "
             "(64 MiB)\n");
}

TEST(every_bad_pattern_is_named)
{
    mistaken(SOURCES(GIT("a", ",\"include\":[\"[a\",\"ok\",4,\"!x\"],\"exclude\":\"x\"")),
             "sources[0].include[0]: \"[a\": \"[\" without \"]\"\n"
             "sources[0].include[2]: 4: expected a pattern such as \"*.md\"\n"
             "sources[0].include[3]: \"!x\": \"!\" is for .gitignore; use include and exclude\n"
             "sources[0].exclude: \"x\": expected a list of patterns such as [\"*.md\"]\n");
}

TEST(including_nothing_is_a_mistake)
{
    mistaken(SOURCES(GIT("a", ",\"include\":[],\"exclude\":[]")),
             "sources[0].include: would include nothing; leave it out for Markdown, text, "
             "reStructuredText and Org files\n");
}

TEST(branches_that_git_would_not_allow_are_refused)
{
    static const char *const wrong[] = {
        "",   "-x", "a..b", "a b", "a~1",  "a^",     "a:b",      "a?", "a*", "[a",    "a\\b",
        "/a", "a/", "a//b", ".a",  "a/.b", "a.lock", "a.lock/b", "a.", "@",  "a@{1}", "a\x7f"};
    struct config config;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct error e = {0};
        json_t *root = json_pack("{s:[{s:s,s:s,s:s,s:s}]}", "sources", "id", "a", "kind", "git",
                                 "url", "/x", "branch", wrong[i]);
        char *text = json_dumps(root, 0);
        CHECK_FAILS(config_parse(text, strlen(text), &config, NULL, &e), &e, CAUSE_CONFIG,
                    "not a name that git allows for a branch");
        free(text);
        json_decref(root);
    }
}

TEST(branches_are_named_without_refs_heads)
{
    mistaken(SOURCES(GIT("a", ",\"branch\":\"refs/heads/main\"")),
             "sources[0].branch: \"refs/heads/main\": expected a branch's own name, such as main; "
             "leave it out for the remote's HEAD\n");
    struct config config = taken(SOURCES(GIT("a", ",\"branch\":\"feature/x.y@z-\xC3\xA9\"")));
    CHECK_STR(config.sources[0].branch, "feature/x.y@z-\xC3\xA9");
    config_release(&config);
}

TEST(urls_are_checked_and_kept_as_written)
{
    setenv("HOME", "/home/ada", 1);
    struct config config = taken("{\"sources\":[{\"id\":\"a\",\"kind\":\"git\",\"url\":\"~/n\"},"
                                 "{\"id\":\"b\",\"kind\":\"git\",\"url\":\"https://u:p@h/x\"}]}");
    CHECK_STR(config.sources[0].url, "~/n");
    CHECK_STR(config.sources[1].url, "https://u:p@h/x");
    config_release(&config);
    mistaken(SOURCES("{\"id\":\"a\",\"kind\":\"git\",\"url\":\"notes\"},"
                     "{\"id\":\"b\",\"kind\":\"git\",\"url\":\"ext::sh\"}"),
             "sources[0].url: \"notes\": expected an absolute path or one that starts with ~/, "
             "since cron starts elsewhere than you\n"
             "sources[1].url: \"ext::sh\": remote helpers (name::address) run programs and are "
             "refused\n");
}

TEST(no_message_holds_a_secret)
{
    static const char *const texts[] = {
        SOURCES("{\"id\":\"https://u:sesame@h\",\"kind\":\"https://u:sesame@h\"}"),
        SOURCES("{\"id\":\"a\",\"kind\":\"git\",\"url\":\"http://u:sesame@h/x\"}"),
        SOURCES("{\"id\":\"a\",\"kind\":\"git\",\"url\":\"https://u:ses/ame@h/x\"}"),
        SOURCES("{\"id\":\"a\",\"kind\":\"git\",\"url\":\"u:sesame@h:x\"}"),
        SOURCES(
            "{\"id\":\"a\",\"kind\":\"git\",\"url\":\"/x\",\"timeout\":\"https://u:sesame@h\"}"),
        SOURCES("{\"id\":\"a\",\"kind\":\"git\",\"url\":\"/x\",\"https://u:sesame@h\":1}"),
        SOURCES(
            "{\"id\":\"a\",\"kind\":\"git\",\"url\":\"/x\",\"include\":[\"[https://u:sesame@h\"]}"),
        "{\"url\":\"https:\\/\\/u:sesame@h",
        "{\"url\":https:\\/\\/u:sesame@h}",
        "{\"https:\\/\\/u:sesame@h\":1,\"https:\\/\\/u:sesame@h\":2}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct config config;
        struct config_mistakes mistakes;
        struct error e = {0};
        CHECK_FAILS(config_parse(texts[i], strlen(texts[i]), &config, &mistakes, &e), &e,
                    CAUSE_CONFIG, "");
        CHECK(!strstr(e.text, "ame@") && !strstr(e.text, "ses"));
        for (size_t k = 0; k < mistakes.count; k++)
            CHECK(!strstr(mistakes.lines[k], "ame@") && !strstr(mistakes.lines[k], "ses"));
        config_mistakes_release(&mistakes);
    }
}

TEST(a_long_or_strange_value_is_shown_short_and_on_one_line)
{
    mistaken(SOURCES(GIT("a", ",\"memory\":\"\\u001b[2J\\n\"")),
             "sources[0].memory: \"\\x1b[2J\\n\": expected \"normal\" or \"low\"\n");
    mistaken(SOURCES(GIT("a", ",\"memory\":\"0123456789012345678901234567890123456789"
                              "01234567890123456789012345678901234567890123456789\"")),
             "sources[0].memory: \"0123456789012345678901234567890123456789"
             "0123456789012345678901234567890123456789...\": expected \"normal\" or \"low\"\n");
}

TEST(syntax_errors_have_line_and_column)
{
    mistaken("{\n  \"sources\": [\n    {]\n", "line 3, column 6: string or '}' expected\n");
    mistaken("{\"sources\":[],\n \"sources\":[]}",
             "line 2, column 10: duplicate object key near '\"sources\"'\n");
    mistaken(SOURCES("{\"id\":\"a\\u0000b\"}"), "line 1, column 28: \\u0000 is not allowed\n");
}

TEST(an_empty_file_says_what_is_expected)
{
    mistaken("", "is empty; expected at least {\"sources\": []}\n");
    mistaken(" \n\t\n", "is empty; expected at least {\"sources\": []}\n");
}

TEST(a_byte_order_mark_is_skipped)
{
    struct config config = taken("\xEF\xBB\xBF{\"sources\":[]}");
    config_release(&config);
}

TEST(sources_are_found_by_id)
{
    struct config config = taken(SOURCES(GIT("a", "") "," GIT("b", "")));
    CHECK(config_find(&config, "b") == &config.sources[1]);
    CHECK(config_find(&config, "c") == NULL);
    config_release(&config);
}
