/* Sessions of repo-recall, and their pages. */
#include "worker/sync/recall_session.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/harness.h"
#include "worker/sync/page.h"

static struct error e;
static struct recall_session session;

#define SESSION(members) "{\"session\":{\"session_uuid\":\"u-1\"," members "},\"repos\":[]}"

static void parse(const char *text)
{
    recall_session_release(&session);
    CHECK_OK(recall_session_parse(text, strlen(text), &session, &e), &e);
}

static void check_refused(const char *text, const char *part)
{
    e = (struct error){0};
    CHECK_FAILS(recall_session_parse(text, strlen(text), &session, &e), &e, CAUSE_BAD_DATA, part);
    recall_session_release(&session);
}

/* Borrowed until the next. */
static const char *page_text(void)
{
    static struct buf page;
    buf_reset(&page);
    recall_session_page(&session, &page);
    return page.data;
}

TEST(a_whole_session_becomes_a_page_with_its_front_matter)
{
    struct page page = {0};
    parse("{\"session\":{\"id\":7,\"session_uuid\":\"u-1\",\"cwd\":\"/home/me/lattice\","
          "\"started_at\":1767323045,\"ended_at\":1767326645,\"duration_ms\":3600000,"
          "\"source_file\":\"/x/u-1.jsonl\",\"last_prompt\":\"Fix \\\"it\\\": #7 [[x]]\\nnow\","
          "\"message_count\":12,\"user_message_count\":3,\"assistant_message_count\":9,"
          "\"input_tokens\":5,\"output_tokens\":6,\"cache_read_tokens\":7,"
          "\"cache_creation_tokens\":8,\"models_used\":[\"m-2\",\"m-1\"],"
          "\"tools_used\":[\"Edit\",\"Bash\"],"
          "\"tool_call_counts_json\":\"{\\\"Bash\\\":{\\\"calls\\\":3,\\\"errors\\\":1}}\","
          "\"stop_reason_counts_json\":\"{\\\"end_turn\\\":4}\"},"
          "\"repos\":[[42,\"lattice\",\"/home/me/lattice\"]]}");
    const char *text = page_text();
    CHECK_OK(page_parse(&page, "u-1.md", text, strlen(text), &e), &e);
    CHECK(!page.warning);
    CHECK_STR(page.title, "Fix \"it\": #7 [[x]]");
    CHECK_STR(page.front, "{\"title\":\"Fix \\\"it\\\": #7 [[x]]\",\"session\":\"u-1\","
                          "\"project\":\"lattice\",\"cwd\":\"/home/me/lattice\","
                          "\"started_at\":\"2026-01-02T03:04:05Z\","
                          "\"ended_at\":\"2026-01-02T04:04:05Z\",\"duration_ms\":3600000,"
                          "\"messages\":12,\"user_messages\":3,\"assistant_messages\":9,"
                          "\"input_tokens\":5,\"output_tokens\":6,\"cache_read_tokens\":7,"
                          "\"cache_creation_tokens\":8,\"repositories\":[\"lattice\"],"
                          "\"models\":[\"m-1\",\"m-2\"],\"tools\":[\"Bash\",\"Edit\"],"
                          "\"tags\":[\"session\",\"lattice\"],\"source_file\":\"/x/u-1.jsonl\"}");
    CHECK_INT(page.link_count, 0);
    CHECK_INT(page.tag_count, 2);
    CHECK_CONTAINS(text, "* Tools: `Bash` 3 calls (1 error), `Edit`\n");
    CHECK_CONTAINS(text, "* Repositories: `lattice` in `/home/me/lattice`\n");
    CHECK_CONTAINS(text, "* Turns ended by: `end_turn` 4\n");
    CHECK_CONTAINS(text, "```text\nFix \"it\": #7 [[x]]\nnow\n```\n");
    page_release(&page);
}

TEST(what_is_missing_or_of_another_type_counts_as_not_known)
{
    parse("{\"session\":{\"session_uuid\":\"u-1\",\"cwd\":null,\"started_at\":\"today\","
          "\"message_count\":-5,\"input_tokens\":1e300,\"models_used\":7,\"tools_used\":[1,\"\"],"
          "\"tool_call_counts_json\":\"nonsense\",\"last_prompt\":[]},\"repos\":[7,[1,2],[]]}");
    CHECK_INT(session.started_at, -1);
    CHECK_INT(session.messages, 0);
    CHECK_INT(session.tokens.input, 0);
    CHECK_INT(session.model_count + session.tool_count + session.repo_count, 0);
    CHECK_CONTAINS(page_text(), "title: \"Session u-1\"\n");
}

TEST(a_session_without_its_key_is_refused)
{
    check_refused("{", "not JSON");
    check_refused("[]", "no object \"session\"");
    check_refused("{\"session\":{}}", "session_uuid");
    check_refused("{\"session\":{\"session_uuid\":\"\"}}", "session_uuid");
    check_refused("{\"session\":{\"session_uuid\":5}}", "session_uuid");
}

TEST(numbers_within_strings_have_bounds)
{
    parse(SESSION("\"tool_call_counts_json\":\"{\\\"A\\\":{\\\"calls\\\":-3,\\\"errors\\\":1},"
                  "\\\"B\\\":{\\\"calls\\\":9223372036854775807},\\\"C\\\":5}\""));
    CHECK_INT(session.tool_count, 3);
    CHECK_INT(session.tools[0].calls, 0);
    CHECK_INT(session.tools[1].calls, INT64_C(1) << 53);
    CHECK_INT(session.tools[2].calls, 0);
    parse(
        SESSION("\"tool_call_counts_json\":\"{\\\"A\\\":{\\\"calls\\\":99999999999999999999}}\""));
    CHECK_INT(session.tool_count, 0);
}

TEST(the_order_of_lists_and_the_ids_of_a_scan_are_no_change)
{
    parse("{\"session\":{\"id\":1,\"session_uuid\":\"u\",\"models_used\":[\"b\",\"a\",\"b\"],"
          "\"tools_used\":[\"X\",\"Y\"],\"tool_call_counts_json\":"
          "\"{\\\"Y\\\":{\\\"calls\\\":1,\\\"errors\\\":0},\\\"X\\\":{\\\"calls\\\":2}}\"},"
          "\"repos\":[[1,\"r\",\"/r\"],[2,\"q\",\"/q\"],[3,\"r\",\"/r\"]]}");
    char *before = xstrdup(page_text());
    parse("{\"repos\":[[9,\"q\",\"/q\"],[8,\"r\",\"/r\"]],\"session\":{\"id\":5,"
          "\"session_uuid\":\"u\",\"models_used\":[\"a\",\"b\"],\"tools_used\":[\"Y\"],"
          "\"tool_call_counts_json\":\"{\\\"X\\\":{\\\"errors\\\":0,\\\"calls\\\":2},"
          "\\\"Y\\\":{\\\"calls\\\":1,\\\"errors\\\":0}}\"}}");
    CHECK_STR(page_text(), before);
    free(before);
}

TEST(a_prompt_can_neither_end_its_fence_nor_the_front_matter)
{
    struct page page = {0};
    parse(SESSION("\"last_prompt\":\"---\\n````\\n# no heading\\u0000\\n```\",\"cwd\":\"/a`b\""));
    const char *text = page_text();
    CHECK_OK(page_parse(&page, "u-1.md", text, strlen(text), &e), &e);
    CHECK_STR(page.title, "---");
    CHECK(!page.warning);
    CHECK_CONTAINS(text, "`````text\n---\n````\n# no heading \n```\n`````\n");
    CHECK_CONTAINS(text, "* Folder: `/a'b`\n");
    page_release(&page);
}

TEST(control_and_format_characters_leave_the_front_matter_readable)
{
    struct page page = {0};
    parse(SESSION(
        "\"last_prompt\":\"\\n \\u001b[1mA\\u0085B\\u2028C\\ufeffD\\u007f\\ud83d\\ude00\""));
    const char *text = page_text();
    CHECK_OK(page_parse(&page, "u-1.md", text, strlen(text), &e), &e);
    CHECK(!page.warning);
    CHECK_STR(page.title, "[1mA B C D \xf0\x9f\x98\x80");
    page_release(&page);
}

TEST(what_is_private_is_neither_in_the_title_nor_ends_the_front_matter)
{
    struct page page = {0};
    parse(SESSION(
        "\"cwd\":\"/a<private>\",\"last_prompt\":\"A <private>s3cret\\ns3cret</private> B\""));
    const char *text = page_text();
    CHECK(!strstr(text, "s3cret"));
    CHECK_OK(page_parse(&page, "u-1.md", text, strlen(text), &e), &e);
    CHECK(!page.warning);
    CHECK_STR(page.title, "A B");
    CHECK_CONTAINS(page.front, "\"tags\":[\"session\"]");
    page_release(&page);
}

TEST(a_key_in_a_prompt_is_masked)
{
    parse(SESSION("\"last_prompt\":\"use ghp_0123456789abcdefghijABCDEFGHIJ012345 for it\""));
    const char *text = page_text();
    CHECK(!strstr(text, "0123456789abcdef"));
    CHECK_CONTAINS(text, "ghp_*** for it");
}

static void check_path(const char *uuid, const char *want)
{
    struct buf path = {0};
    struct recall_session s = {.uuid = {uuid, strlen(uuid)}};
    recall_session_path(&s, &path);
    CHECK_STR(path.data, want);
    buf_release(&path);
}

TEST(a_uuid_cannot_leave_its_folder)
{
    check_path("0b5f-4A_.x", "0b5f-4A_.x.md");
    check_path("../a", "%2E.%2Fa.md");
    check_path("a b%\xc3\xa4", "a%20b%25%C3%A4.md");
}

TEST(tokens_of_several_models_are_counted_once)
{
    struct buf name = {0};
    parse(SESSION("\"models_used\":[\"m-2\",\"m-1\",\"m-2\"]"));
    recall_session_model(&session, &name);
    CHECK_STR(name.data, "m-1 + m-2");
    parse(SESSION("\"models_used\":[]"));
    buf_reset(&name);
    recall_session_model(&session, &name);
    CHECK_STR(name.data, "unknown");
    buf_release(&name);
    recall_session_release(&session);
}
