/* What agents push: what is taken, what is refused by name, what is never kept. */
#include "common/observation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/harness.h"

static const struct observation_route anywhere;

static struct observation parsed(const char *text)
{
    struct observation o;
    struct error e = {0};
    CHECK_OK(observation_parse(text, strlen(text), &anywhere, &o, &e), &e);
    return o;
}

static void refused(const char *text, const char *message)
{
    struct observation o;
    struct error e = {0};
    CHECK(!observation_parse(text, strlen(text), &anywhere, &o, &e));
    CHECK_INT(e.cause, CAUSE_BAD_DATA);
    CHECK_STR(e.text, message);
}

static const char *item(const json_t *list, size_t at)
{
    return json_string_value(json_array_get(list, at));
}

TEST(an_observation_has_all_its_fields)
{
    struct observation o =
        parsed("{\"session\": \"s 1\", \"id\": \"a-1\", \"type\": \"decision\", \"title\": \"T\","
               " \"text\": \"one\\ntwo\", \"project\": \"p\", \"cwd\": \"/w/p\", \"agent\": \"a\","
               " \"facts\": [\"f\"], \"concepts\": [\"c\", \"d\"], \"files_read\": [\"r\"],"
               " \"files_modified\": [\"m\"], \"supersedes\": [\"x\", \"y\"]}");
    CHECK_INT(o.op, OBSERVATION_OBSERVE);
    CHECK_INT(o.type, TYPE_DECISION);
    CHECK_STR(o.session, "s 1");
    CHECK_STR(observation_id(&o), "a-1");
    CHECK_STR(o.title, "T");
    CHECK_STR(o.text, "one\ntwo");
    CHECK_STR(o.project, "p");
    CHECK_STR(o.cwd, "/w/p");
    CHECK_STR(o.agent, "a");
    CHECK_STR(item(o.facts, 0), "f");
    CHECK_STR(item(o.concepts, 1), "d");
    CHECK_STR(item(o.files_read, 0), "r");
    CHECK_STR(item(o.files_modified, 0), "m");
    CHECK_INT(json_array_size(o.supersedes), 2);
    CHECK(!o.ids);
    observation_release(&o);
}

TEST(each_op_has_its_type)
{
    static const struct {
        const char *text;
        enum observation_op op;
        enum observation_type type;
    } cases[] = {
        {"{\"op\":\"init\",\"session\":\"s\",\"prompt\":\"p\"}", OBSERVATION_INIT, TYPE_PROMPT},
        {"{\"session\":\"s\",\"text\":\"t\"}", OBSERVATION_OBSERVE, TYPE_NOTE},
        {"{\"op\":\"summarize\",\"session\":\"s\",\"text\":\"t\"}", OBSERVATION_SUMMARIZE,
         TYPE_SUMMARY},
        {"{\"op\":\"note\",\"title\":\"t\",\"type\":\"bugfix\"}", OBSERVATION_NOTE, TYPE_BUGFIX},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct observation o = parsed(cases[i].text);
        CHECK_INT(o.op, cases[i].op);
        CHECK_INT(o.type, cases[i].type);
        observation_release(&o);
    }
    struct observation end = parsed("{\"op\":\"end\",\"session\":\"s\"}");
    CHECK_INT(end.op, OBSERVATION_END);
    observation_release(&end);
}

TEST(a_prompt_is_the_text_of_an_init)
{
    struct observation o = parsed("{\"op\":\"init\",\"session\":\"s\",\"prompt\":\"Do it\"}");
    CHECK_STR(o.text, "Do it");
    observation_release(&o);
}

TEST(one_id_stands_for_a_list_of_one)
{
    struct observation o = parsed("{\"op\":\"archive\",\"ids\":\"a:1\"}");
    CHECK_INT(json_array_size(o.ids), 1);
    CHECK_STR(item(o.ids, 0), "a:1");
    observation_release(&o);
}

TEST(a_mistake_is_named_with_its_field)
{
    refused("{\"session\":\"s\",\"text\":\"t\",\"facts\":[\"a\",\"b\",\"c\",7]}",
            "facts[3]: expected a string");
    refused("{\"session\":\"s\",\"text\":\"t\",\"facts\":\"a\"}", "facts: expected a list");
    refused("{\"session\":\"s\",\"text\":\"t\",\"type\":\"foo\\n\"}",
            "type: \"foo\\n\": expected one of decision, bugfix, feature, refactor, discovery, "
            "change, summary, note, prompt");
    refused("{\"session\":\"s\",\"text\":\"t\",\"type\":[]}", "type: expected a string");
    refused("{\"session\":\"s\",\"text\":7}", "text: expected a string");
    refused("{\"text\":\"t\"}", "session: missing");
    refused("{\"session\":\"\",\"text\":\"t\"}", "session: missing");
    refused("{\"session\":\"a\\nb\",\"text\":\"t\"}",
            "session: expected a name without control bytes");
    refused("{\"session\":\"s\",\"text\":\"t\",\"id\":\"a b\"}",
            "id: expected letters, digits and . _ : - alone");
    refused("{\"session\":\"s\",\"text\":\"t\",\"ids\":[\"a\"]}",
            "ids: `observe` has no such field");
    refused("{\"session\":\"s\",\"text\":\"t\",\"facs\":[]}", "\"facs\": unknown field");
    refused("{\"op\":\"push\"}",
            "op: expected one of init, observe, summarize, end, note, archive");
    refused("{\"op\":\"archive\",\"ids\":[]}", "ids: missing");
    refused("{\"op\":\"note\",\"type\":\"note\"}",
            "text: missing; it needs a title, a text or facts that are not private");
    refused("{\"op\":\"summarize\",\"session\":\"s\",\"title\":\"t\"}", "text: missing");
    refused("[]", "expected a JSON object");
    refused("{\"v\":1,\"session\":\"s\",\"text\":\"t\"}", "\"v\": unknown field");
}

/* It is stored where a line of a spool is no message. */
TEST(a_mistake_is_named_without_its_secrets)
{
    refused("{\"session\":\"s\",\"text\":\"t\",\"password=giraffe1\":1}",
            "\"password=***\": unknown field");
    refused("{\"session\":\"s\",\"text\":\"t\",\"type\":\"a <private>hippo</private> b\"}",
            "type: \"a  b\": expected one of decision, bugfix, feature, refactor, discovery, "
            "change, summary, note, prompt");
}

TEST(what_is_no_json_is_refused)
{
    struct observation o;
    struct error e = {0};
    static const char *const bad[] = {"",
                                      "{",
                                      "{\"session\":\"s\",\"session\":\"t\"}",
                                      "{\"text\":\"\\u0000\"}",
                                      "{\"text\":\"\\ud800\"}",
                                      "{\"text\":\"\xff\"}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_FAILS(observation_parse(bad[i], strlen(bad[i]), &anywhere, &o, &e), &e,
                    CAUSE_BAD_DATA, "not JSON");
}

/* {"session":"s","KEY":VALUE} with a value of `size` times the letter a, perhaps in a list. */
static char *with_value(const char *key, size_t size)
{
    char *value = xmalloc(size + 1);
    memset(value, 'a', size);
    value[size] = '\0';
    char *text = xasprintf("{\"session\":\"s\",\"facts\":[\"f\"],\"%s\":\"%s\"}", key, value);
    free(value);
    return text;
}

TEST(each_text_has_its_bound)
{
    static const struct {
        const char *key;
        size_t most;
        const char *message;
    } bounds[] = {
        {"title", OBSERVATION_TITLE_BYTES, "title: expected at most 500 bytes"},
        {"project", OBSERVATION_NAME_BYTES, "project: expected at most 256 bytes"},
        {"cwd", OBSERVATION_PATH_BYTES, "cwd: expected at most 4096 bytes"},
        {"id", OBSERVATION_ID_BYTES, "id: expected at most 64 bytes"},
    };
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        char *fits = with_value(bounds[i].key, bounds[i].most);
        char *larger = with_value(bounds[i].key, bounds[i].most + 1);
        struct observation o = parsed(fits);
        observation_release(&o);
        refused(larger, bounds[i].message);
        free(fits);
        free(larger);
    }
}

TEST(a_message_has_at_most_one_mebibyte)
{
    struct observation o;
    struct error e = {0};
    char *fits = with_value("text", OBSERVATION_MAX_BYTES - 40);
    char *larger = with_value("text", OBSERVATION_MAX_BYTES);
    CHECK(strlen(fits) <= OBSERVATION_MAX_BYTES);
    o = parsed(fits);
    observation_release(&o);
    CHECK_FAILS(observation_parse(larger, strlen(larger), &anywhere, &o, &e), &e, CAUSE_BAD_DATA,
                "at most 1048576 are taken");
    free(fits);
    free(larger);
}

TEST(a_list_has_at_most_256_items)
{
    struct buf text = {0};
    buf_add_text(&text, "{\"session\":\"s\",\"facts\":[\"0\"");
    for (int i = 1; i < OBSERVATION_LIST_ITEMS; i++)
        buf_printf(&text, ",\"%d\"", i);
    size_t open = text.size;
    buf_add_text(&text, "]}");
    struct observation o = parsed(text.data);
    CHECK_INT(json_array_size(o.facts), OBSERVATION_LIST_ITEMS);
    observation_release(&o);
    text.size = open;
    buf_add_text(&text, ",\"x\"]}");
    refused(text.data, "facts: expected at most 256 items");
    buf_release(&text);
}

TEST(what_is_private_is_gone)
{
    struct observation o =
        parsed("{\"session\":\"s\",\"title\":\"a <private>b</private> c\","
               "\"text\":\"\\n \\n  x<PRIVATE>\\ny</PRIVATE>z\\u0001 \\n\","
               "\"facts\":[\"<private>all</private>\",\"k<system-reminder>r</system-reminder>\"],"
               "\"concepts\":[\"<private>c</private>\"],"
               "\"files_read\":[\"a\\nb\"]}");
    CHECK_STR(o.title, "a c");
    CHECK_STR(o.text, "  xz");
    CHECK_INT(json_array_size(o.facts), 1);
    CHECK_STR(item(o.facts, 0), "k");
    CHECK(!o.concepts && !json_object_get(o.json, "concepts"));
    CHECK_STR(item(o.files_read, 0), "a b");
    observation_release(&o);
    refused("{\"session\":\"s\",\"text\":\"<private>all of it</private>\"}",
            "text: missing; it needs a title, a text or facts that are not private");
}

/* No scanner for secrets shall take this file for a leak. */
TEST(keys_are_masked)
{
    struct observation o = parsed("{\"session\":\"s\",\"title\":\"gh"
                                  "p_0123456789abcdefghijABCDEFGHIJ012345\","
                                  "\"text\":\"password=hunter2\","
                                  "\"facts\":[\"AK"
                                  "IAIOSFODNN7EXAMPLE\"]}");
    CHECK_STR(o.title, "ghp_***");
    CHECK_STR(o.text, "password=***");
    CHECK_STR(item(o.facts, 0), "AKIA***");
    observation_release(&o);
}

TEST(null_and_empty_are_as_if_not_there)
{
    struct observation o = parsed("{\"session\":\"s\",\"text\":\"t\",\"title\":null,"
                                  "\"agent\":\"\",\"facts\":[],\"type\":null,\"ids\":null}");
    CHECK(!o.title && !o.agent && !o.facts);
    CHECK_INT(o.type, TYPE_NOTE);
    CHECK_INT(json_object_size(o.json), 2);
    observation_release(&o);
}

TEST(the_address_says_op_and_session)
{
    enum observation_op end = OBSERVATION_END;
    const struct observation_route route = {&end, "s/1"};
    struct observation o;
    struct error e = {0};
    CHECK_OK(observation_parse("{}", 2, &route, &o, &e), &e);
    CHECK_INT(o.op, OBSERVATION_END);
    CHECK_STR(o.session, "s/1");
    observation_release(&o);
    const char *same = "{\"session\":\"s/1\"}";
    CHECK_OK(observation_parse(same, strlen(same), &route, &o, &e), &e);
    observation_release(&o);
    const char *other = "{\"session\":\"s/2\"}";
    CHECK_FAILS(observation_parse(other, strlen(other), &route, &o, &e), &e, CAUSE_BAD_DATA,
                "session: the address names another one");
    const char *op = "{\"op\":\"end\"}";
    CHECK_FAILS(observation_parse(op, strlen(op), &route, &o, &e), &e, CAUSE_BAD_DATA,
                "op: the address says what it is");
}

TEST(a_line_says_the_same_again)
{
    struct observation o =
        parsed("{\"session\":\"s\",\"type\":\"change\",\"text\":\"a\\n\\\"b\\\" \xc3\xa9\"}");
    struct observation again;
    struct buf line = {0};
    struct error e = {0};
    observation_stamp(&o);
    observation_write_line(&o, &line);
    CHECK(memchr(line.data, '\n', line.size) == line.data + line.size - 1);
    CHECK_OK(observation_read_line(line.data, line.size - 1, &again, &e), &e);
    CHECK_STR(again.ulid, o.ulid);
    CHECK_STR(observation_id(&again), o.ulid);
    CHECK_INT(again.op, OBSERVATION_OBSERVE);
    CHECK_INT(again.type, TYPE_CHANGE);
    CHECK_STR(again.text, "a\n\"b\" \xc3\xa9");
    CHECK(json_equal(again.json, o.json));
    observation_release(&o);
    observation_release(&again);
    buf_release(&line);
}

TEST(a_line_is_never_longer_than_its_bound)
{
    enum observation_op op = OBSERVATION_SUMMARIZE;
    char session[OBSERVATION_SESSION_BYTES + 1];
    memset(session, '"', sizeof session - 1);
    session[sizeof session - 1] = '\0';
    const struct observation_route route = {&op, session};
    struct buf text = {0};
    struct buf line = {0};
    struct observation o;
    struct error e = {0};
    buf_add_text(&text, "{\"supersedes\":\"a\",\"text\":\"");
    while (text.size < OBSERVATION_MAX_BYTES - 4)
        buf_add_text(&text, "\\\"");
    buf_add_text(&text, "\"}");
    CHECK_OK(observation_parse(text.data, text.size, &route, &o, &e), &e);
    observation_stamp(&o);
    observation_write_line(&o, &line);
    CHECK(line.size > OBSERVATION_MAX_BYTES);
    CHECK(line.size <= OBSERVATION_LINE_MAX_BYTES);
    observation_release(&o);
    buf_release(&text);
    buf_release(&line);
}

TEST(a_line_of_a_newer_version_is_told_from_a_bad_one)
{
    struct observation o;
    struct error e = {0};
    const char *newer = "{\"v\":2,\"ulid\":\"01ARYZ6S410000000000000000\",\"how\":\"new\"}";
    CHECK_FAILS(observation_read_line(newer, strlen(newer), &o, &e), &e, CAUSE_CONFIG,
                "a newer lattice wrote it");
    static const char *const bad[] = {
        "{\"v\":0,\"ulid\":\"01ARYZ6S410000000000000000\",\"session\":\"s\",\"text\":\"t\"}",
        "{\"ulid\":\"01ARYZ6S410000000000000000\",\"session\":\"s\",\"text\":\"t\"}",
        "{\"v\":1,\"ulid\":\"01ARYZ6S41000000000000000\",\"session\":\"s\",\"text\":\"t\"}",
        "{\"v\":1,\"ulid\":7,\"session\":\"s\",\"text\":\"t\"}",
        "{\"v\":1,\"ulid\":\"01ARYZ6S410000000000000000\",\"op\":\"observe\",\"text\":\"t\"}",
        "[]",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_FAILS(observation_read_line(bad[i], strlen(bad[i]), &o, &e), &e, CAUSE_BAD_DATA, "");
}
