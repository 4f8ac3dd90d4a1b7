/* Lines of agents' logs: what is taken of them, what is counted, what is left out. */
#include "worker/sync/log_line.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/harness.h"

static struct log_reader reader;
#define line  reader.line
#define state reader.state

static bool take(const struct log_format *format, const char *text)
{
    reader.format = format;
    return log_line_read(&reader, text, strlen(text), false);
}

static void block_is(size_t at, enum log_block_kind kind, const char *text)
{
    CHECK(at < line.count);
    CHECK_INT(line.blocks[at].kind, kind);
    CHECK_MEM(line.text.data + line.blocks[at].start, line.blocks[at].size, text, strlen(text));
}

TEST(a_prompt_is_what_a_person_typed)
{
    CHECK(take(&log_claude,
               "{\"type\":\"user\",\"sessionId\":\"s\",\"cwd\":\"/x/y\",\"timestamp\":"
               "\"2026-05-01T12:00:00.5+02:00\",\"message\":{\"content\":\" Hello\\n\"}}"));
    block_is(0, LOG_PROMPT, "Hello");
    CHECK_STR(line.session, "s");
    CHECK_STR(line.cwd, "/x/y");
    CHECK_INT(line.at, 1777629600);
    CHECK_STR(line.day, "2026-05-01");
    CHECK(take(&log_claude,
               "{\"type\":\"user\",\"message\":{\"content\":[{\"type\":\"tool_result\","
               "\"tool_use_id\":\"t\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},"
               "{\"type\":\"text\",\"text\":\"b\"}]}]}}"));
    CHECK_INT(line.count, 1);
    block_is(0, LOG_RESULT, "a b");
    CHECK(take(&log_claude,
               "{\"type\":\"user\",\"isSidechain\":true,\"message\":{\"content\":\"T\"}}"));
    block_is(0, LOG_NOTE, "T");
    CHECK(take(&log_claude, "{\"type\":\"user\",\"isMeta\":true,\"message\":{\"content\":\"T\"}}"));
    CHECK_INT(line.count, 0);
    CHECK(take(&log_claude, "{\"type\":\"user\",\"message\":{\"content\":\"<command-message>x is "
                            "running</command-message>\\n<command-name>/x</command-name>\\n"
                            "<command-args>the file</command-args>\"}}"));
    block_is(0, LOG_PROMPT, "/x the file");
    CHECK(take(&log_claude, "{\"type\":\"user\",\"message\":{\"content\":"
                            "\"<system-reminder>r</system-reminder>\"}}"));
    CHECK_INT(line.count, 0);
    log_reader_release(&reader);
}

#define SPLIT(id, output)                                                                          \
    "{\"type\":\"assistant\",\"requestId\":\"r\",\"message\":{\"id\":\"" id "\",\"model\":\"m\","  \
    "\"content\":[],\"usage\":{\"input_tokens\":5,\"output_tokens\":" output "}}}"

TEST(usage_counts_once_for_a_message_in_several_lines)
{
    state = (struct log_state){0};
    CHECK(take(&log_claude, SPLIT("a", "1")));
    CHECK_INT(line.messages, 1);
    CHECK_INT(line.tokens.input, 5);
    CHECK(take(&log_claude, SPLIT("b", "7")));
    CHECK_INT(line.tokens.output, 7);
    CHECK(take(&log_claude, SPLIT("a", "9")));
    CHECK_INT(line.messages, 0);
    CHECK_INT(line.tokens.input, 0);
    CHECK_INT(line.tokens.output, 8);
    json_t *kept = log_state_write(&state);
    log_state_read(&state, kept);
    json_decref(kept);
    CHECK(take(&log_claude, SPLIT("a", "9")));
    CHECK(!line.used);
    log_reader_release(&reader);
}

TEST(a_failed_result_has_the_name_of_its_tool)
{
    state = (struct log_state){0};
    CHECK(take(
        &log_claude,
        "{\"type\":\"assistant\",\"message\":{\"content\":[{\"type\":\"tool_use\",\"id\":\"t1\","
        "\"name\":\"Bash\",\"input\":{\"command\":\"ls\",\"more\":[1,{\"a\":2}]}}]}}"));
    block_is(0, LOG_CALL, "command: ls, more: [1,{\"a\":2}]");
    CHECK_STR(line.blocks[0].tool, "Bash");
    CHECK(take(&log_claude,
               "{\"type\":\"user\",\"message\":{\"content\":[{\"type\":\"tool_result\","
               "\"tool_use_id\":\"t1\",\"is_error\":true,\"content\":\"no\"}]}}"));
    CHECK_STR(line.blocks[0].tool, "Bash");
    CHECK(line.blocks[0].failed);
    log_reader_release(&reader);
}

TEST(what_is_shortened_shows_no_half_of_a_secret)
{
    struct buf text = {0};
    buf_add_text(&text, "{\"type\":\"user\",\"message\":{\"content\":[{\"type\":\"tool_result\","
                        "\"content\":\"");
    for (int i = 0; i < LOG_RESULT_BYTES - 8; i++)
        buf_add_byte(&text, i % 8 ? 'x' : ' ');
    buf_add_text(&text, " gh"
                        "p_0123456789abcdefghijABCDEFGHIJ012345 behind\"}]}}");
    CHECK(take(&log_claude, text.data));
    CHECK_INT(line.count, 1);
    char *shown = xstrndup(line.text.data + line.blocks[0].start, line.blocks[0].size);
    CHECK(!strstr(shown, "p_0"));
    CHECK(line.blocks[0].size <= LOG_RESULT_BYTES + 3);
    free(shown);
    buf_release(&text);
    log_reader_release(&reader);
}

TEST(other_lines_are_passed_over_and_what_is_no_object_is_bad)
{
    CHECK(take(&log_claude, "{\"type\":\"progress\",\"message\":{\"content\":\"x\"}}"));
    CHECK_INT(line.count, 0);
    CHECK(take(&log_claude, "{}"));
    CHECK(take(&log_claude, "{\"type\":7,\"message\":[],\"timestamp\":{}}"));
    CHECK_INT(line.at, -1);
    CHECK(!take(&log_claude, "[1]"));
    CHECK(!take(&log_claude, "{\"a\":1} x"));
    CHECK(!take(&log_claude, "{\"a\":"));
    CHECK(!take(&log_claude, "{\"a\" 1}"));
    CHECK(!take(&log_claude, "{\"a\":1,}"));
    CHECK(!take(&log_claude, "{\"a\":\"\n\"}"));
    log_reader_release(&reader);
}

TEST(a_line_that_was_cut_gives_what_stands_before)
{
    static const char whole[] = "{\"type\":\"user\",\"sessionId\":\"s\",\"message\":{\"content\":"
                                "\"some words \\u00e4 and more\",\"x\":tru";
    reader.format = &log_claude;
    for (size_t size = 1; size < sizeof whole; size++)
        CHECK(log_line_read(&reader, whole, size, true));
    CHECK_INT(line.count, 1);
    size_t cut = (size_t)(strstr(whole, " more") - whole);
    CHECK(log_line_read(&reader, whole, cut, true));
    CHECK_MEM(line.text.data + line.blocks[0].start, line.blocks[0].size, "some words \xC3\xA4 and",
              17);
    log_reader_release(&reader);
}

/* A line of codex with this payload. */
static bool item(const char *payload)
{
    char *text = xasprintf("{\"type\":\"response_item\",\"payload\":%s}", payload);
    bool ok = take(&log_codex, text);
    free(text);
    return ok;
}

static void call_is(const char *arguments, const char *text)
{
    char *payload = xasprintf("{\"type\":\"function_call\",\"name\":\"shell\",\"call_id\":\"c\","
                              "\"arguments\":%s}",
                              arguments);
    CHECK(item(payload));
    block_is(0, LOG_CALL, text);
    free(payload);
}

static void output_is(const char *output, const char *text, bool failed)
{
    char *payload =
        xasprintf("{\"type\":\"function_call_output\",\"call_id\":\"c\",\"output\":%s}", output);
    call_is("\"{}\"", "{}");
    CHECK(item(payload));
    block_is(0, LOG_RESULT, text);
    CHECK_STR(line.blocks[0].tool, "shell");
    CHECK(line.blocks[0].failed == failed);
    free(payload);
}

TEST(codex_writes_objects_as_texts)
{
    call_is("\"{\\\"command\\\":[\\\"ls\\\",\\\"-l\\\"],\\\"workdir\\\":\\\"/x\\\"}\"",
            "command: [\"ls\",\"-l\"], workdir: /x");
    call_is("\"{\\\"text\\\":\\\"a\\\\nb\\\"}\"", "text: a b");
    call_is("\"{ no object\"", "{ no object");
    call_is("\"*** Begin Patch\"", "*** Begin Patch");
    call_is("{\"command\":\"ls\"}", "command: ls");
    output_is("\"{\\\"output\\\":\\\"none\\\\n\\\",\\\"metadata\\\":{\\\"exit_code\\\":2}}\"",
              "none", true);
    output_is("\"{\\\"output\\\":\\\"\\\",\\\"metadata\\\":{\\\"exit_code\\\":1}}\"", "failed",
              true);
    output_is("\"{\\\"rows\\\":[1]}\"", "{\"rows\":[1]}", false);
    output_is("\"Exit code: 0\\nOutput:\\nfine\"", "Exit code: 0 Output: fine", false);
    output_is("{\"content\":\"denied\",\"success\":false}", "denied", true);
    log_reader_release(&reader);
}

TEST(what_a_tool_is_given_under_a_secrets_name_is_masked)
{
    call_is("\"{\\\"password\\\":\\\"correct horse\\\",\\\"user\\\":\\\"me\\\"}\"",
            "password: ***, user: me");
    call_is("{\"apiKey\":\"abc\",\"max_tokens\":5,\"env\":{\"DB_PASSWORD\":\"correcthorse\"}}",
            "apiKey: ***, max_tokens: 5, env: {\"DB_PASSWORD\":\"***\"}");
    log_reader_release(&reader);
}

TEST(codex_totals_count_by_what_they_grew)
{
#define TOTAL(input, cached, output)                                                               \
    "{\"type\":\"event_msg\",\"payload\":{\"type\":\"token_count\",\"info\":{\"total_token_"       \
    "usage\":"                                                                                     \
    "{\"input_tokens\":" input ",\"cached_input_tokens\":" cached ",\"output_tokens\":" output     \
    "}}}}"
    state = (struct log_state){0};
    CHECK(take(&log_codex, TOTAL("10", "4", "3")));
    CHECK_INT(line.tokens.input, 6);
    CHECK_INT(line.tokens.cache_read, 4);
    CHECK(take(&log_codex, TOTAL("10", "4", "3")));
    CHECK(!line.used);
    CHECK(take(&log_codex, TOTAL("15", "6", "9")));
    CHECK_INT(line.tokens.input, 3);
    CHECK_INT(line.tokens.output, 6);
    CHECK(take(&log_codex, TOTAL("2", "0", "1"))); /* began anew */
    CHECK_INT(line.tokens.input, 2);
    CHECK_INT(line.tokens.output, 1);
    log_reader_release(&reader);
}

static void time_is(const char *text, int64_t at, const char *day)
{
    char *whole = xasprintf("{\"type\":\"user\",\"timestamp\":%s}", text);
    CHECK(take(&log_claude, whole));
    CHECK_INT(line.at, at);
    CHECK_STR(line.day, day);
    free(whole);
}

TEST(a_line_has_the_day_of_its_time_in_utc)
{
    time_is("\"1970-01-01T00:00:00Z\"", 0, "1970-01-01");
    time_is("\"1970-01-01T01:00:00.999+01:00\"", 0, "1970-01-01");
    time_is("\"2026-05-01T00:30:00.123456789+02:00\"", 1777588200, "2026-04-30");
    time_is("\"2026-04-30T23:59:59Z\"", 1777593599, "2026-04-30");
    time_is("\"2026-05-01T00:00:00Z\"", 1777593600, "2026-05-01");
    time_is("\"1969-12-31T23:59:59Z\"", -1, "");
    time_is("\"1970-01-01T00:00:00Zx\"", -1, "");
    time_is("\"2026-05-01T00:00:00Z and so on, longer than any time is\"", -1, "");
    time_is("\"\"", -1, "");
    time_is("5", -1, "");
    log_reader_release(&reader);
}
