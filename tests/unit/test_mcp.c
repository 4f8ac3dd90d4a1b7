/* Model Context Protocol: messages that are none, versions, headers that disagree, ids. */
#include "worker/reads/mcp.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/harness.h"
#include "worker/reads/mcp_ids.h"

#define META                                                                                       \
    "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","                       \
    "\"io.modelcontextprotocol/clientCapabilities\":{}}"

static bool take(const char *text, const struct mcp_headers *headers, struct mcp_message *message,
                 struct mcp_error *error)
{
    *error = (struct mcp_error){0};
    return mcp_decode(text, strlen(text), message, error) && mcp_check(message, headers, error);
}

static int code_of(const char *text, const struct mcp_headers *headers)
{
    struct mcp_message message;
    struct mcp_error error;
    bool ok = take(text, headers, &message, &error);
    mcp_release(&message);
    return ok ? 0 : (int)error.code;
}

TEST(what_is_no_message_is_refused)
{
    CHECK_INT(code_of("", NULL), MCP_PARSE_ERROR);
    CHECK_INT(code_of("{", NULL), MCP_PARSE_ERROR);
    CHECK_INT(code_of("{\"a\":1,\"a\":2}", NULL), MCP_PARSE_ERROR);
    CHECK_INT(code_of("[]", NULL), MCP_INVALID_REQUEST);
    CHECK_INT(code_of("1", NULL), MCP_PARSE_ERROR);
    CHECK_INT(code_of("{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"ping\"}", NULL),
              MCP_INVALID_REQUEST);
    CHECK_INT(code_of("{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}", NULL),
              MCP_INVALID_REQUEST);
    CHECK_INT(code_of("{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"ping\"}", NULL),
              MCP_INVALID_REQUEST);
    CHECK_INT(code_of("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}", NULL), MCP_INVALID_REQUEST);
    CHECK_INT(code_of("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\",\"params\":[]}", NULL),
              MCP_INVALID_REQUEST);
    CHECK_INT(code_of("{\"jsonrpc\":\"2.0\",\"id\":1}", NULL), MCP_INVALID_REQUEST);
}

TEST(requests_notifications_and_responses_are_told_apart)
{
    struct mcp_message message;
    struct mcp_error error;
    CHECK(take("{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"ping\"}", NULL, &message, &error));
    CHECK_INT(message.kind, MCP_REQUEST);
    CHECK(!message.modern);
    mcp_release(&message);
    CHECK(take("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}", NULL, &message,
               &error));
    CHECK_INT(message.kind, MCP_NOTIFICATION);
    mcp_release(&message);
    CHECK(take("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}", NULL, &message, &error));
    CHECK_INT(message.kind, MCP_RESPONSE);
    mcp_release(&message);
}

TEST(a_modern_request_needs_version_and_capabilities)
{
    CHECK_INT(code_of("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{" META
                      "}}",
                      NULL),
              0);
    CHECK_INT(code_of("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{"
                      "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\"}}}",
                      NULL),
              MCP_INVALID_PARAMS);
    CHECK_INT(code_of("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{"
                      "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"1999-01-01\","
                      "\"io.modelcontextprotocol/clientCapabilities\":{}}}}",
                      NULL),
              MCP_UNSUPPORTED_VERSION);
    struct mcp_headers headers = {.version = "2026-07-28", .method = "tools/list"};
    CHECK_INT(code_of("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}", &headers),
              MCP_INVALID_PARAMS);
}

#define CALL                                                                                       \
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/"                                            \
    "call\",\"params\":{\"name\":\"search\"," META "}}"

TEST(headers_must_say_what_the_body_says)
{
    struct mcp_headers good = {"2026-07-28", "tools/call", "search"};
    struct mcp_headers encoded = {"2026-07-28", "tools/call", "=?base64?c2VhcmNo?="};
    CHECK_INT(code_of(CALL, &good), 0);
    CHECK_INT(code_of(CALL, &encoded), 0);
    const struct mcp_headers bad[] = {
        {NULL, "tools/call", "search"},
        {"2025-11-25", "tools/call", "search"},
        {"2026-07-28", NULL, "search"},
        {"2026-07-28", "tools/list", "search"},
        {"2026-07-28", "tools/call", NULL},
        {"2026-07-28", "tools/call", "read"},
        {"2026-07-28", "tools/call", "=?base64?c2VhcmN?="},
        {"2026-07-28", "tools/call", "=?base64?!!!!?="},
        {"2026-07-28", "tools/call",
         "=?base64?"
         "?="},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_INT(code_of(CALL, &bad[i]), MCP_HEADER_MISMATCH);
}

TEST(an_unknown_version_in_the_header_alone_is_refused)
{
    struct mcp_headers old = {.version = "2025-11-25"};
    struct mcp_headers unknown = {.version = "2199-01-01"};
    struct mcp_headers batching = {.version = "2025-03-26"}; /* whose lists are refused */
    CHECK_INT(code_of("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}", &old), 0);
    CHECK_INT(code_of("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}", &unknown),
              MCP_UNSUPPORTED_VERSION);
    CHECK_INT(code_of("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}", &batching),
              MCP_UNSUPPORTED_VERSION);
}

TEST(a_wrong_id_is_not_cut_within_a_character)
{
    struct error e = {0};
    struct page_id id;
    char text[302] = "a";
    for (size_t i = 1; i + 2 < sizeof text; i += 2)
        memcpy(text + i, "\xc3\xa9", 3);
    CHECK(!page_id_parse(text, &id, &e));
    CHECK_CONTAINS(e.text, "expected source/path");
    CHECK(utf8_valid(e.text, strlen(e.text)));
}

static void answers(const char *text, const char *part)
{
    struct mcp_message message;
    struct mcp_error error;
    struct buf out = {0};
    bool unknown;
    CHECK(take(text, NULL, &message, &error));
    CHECK(mcp_answer(&message, &out, &unknown));
    CHECK_CONTAINS(out.data, part);
    buf_release(&out);
    mcp_release(&message);
}

TEST(each_revision_has_its_own_methods)
{
    answers("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}", "\"result\":{}");
    answers("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{" META "}}", "-32601");
    answers("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server/discover\"}", "-32601");
    answers("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server/discover\",\"params\":{" META "}}",
            "\"supportedVersions\":[\"2026-07-28\",\"2025-11-25\"]");
    answers("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{"
            "\"protocolVersion\":\"2099-01-01\"}}",
            "\"protocolVersion\":\"2025-11-25\"");
    answers("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"x\"}}",
            "-32602");
}

TEST(a_modern_result_says_that_it_is_complete)
{
    answers("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{" META "}}",
            "\"resultType\":\"complete\"");
}

static void id_is(const char *text, const char *source, const char *path, int64_t chunk)
{
    struct page_id id;
    struct error e = {0};
    CHECK_OK(page_id_parse(text, &id, &e), &e);
    CHECK_STR(id.source, source);
    CHECK_STR(id.path, path);
    CHECK_INT(id.chunk, chunk);
    char *again = page_id_format(&id);
    CHECK_STR(again, text);
    free(again);
    page_id_release(&id);
}

TEST(ids_name_pages_and_chunks)
{
    id_is("notes/a/b.md", "notes", "a/b.md", -1);
    id_is("notes/a/b.md#12", "notes", "a/b.md", 12);
    id_is("notes/c#1#", "notes", "c#1", -1);
    id_is("notes/c#1#7", "notes", "c#1", 7);
}

TEST(ids_that_name_nothing_are_refused)
{
    struct page_id id;
    struct error e = {0};
    CHECK_FAILS(page_id_parse(NULL, &id, &e), &e, CAUSE_USAGE, "text");
    CHECK_FAILS(page_id_parse("notes", &id, &e), &e, CAUSE_USAGE, "source/path");
    CHECK_FAILS(page_id_parse("/a", &id, &e), &e, CAUSE_USAGE, "source/path");
    CHECK_FAILS(page_id_parse("notes/", &id, &e), &e, CAUSE_USAGE, "source/path");
    CHECK_FAILS(page_id_parse("notes/#1", &id, &e), &e, CAUSE_USAGE, "source/path");
}
