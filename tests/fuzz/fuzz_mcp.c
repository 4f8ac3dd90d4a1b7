/* Fuzz target: messages of agents; every answer is JSON with the request's id. */
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "worker/reads/mcp.h"
#include "worker/reads/mcp_ids.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool promise)
{
    if (!promise)
        abort();
}

static void must_be_reply(struct buf *out, const struct mcp_message *message)
{
    json_t *reply = json_loadb(out->data, out->size, 0, NULL);
    must(json_is_object(reply));
    must(!memchr(out->data, '\n', out->size));
    must(!message->id || json_equal(json_object_get(reply, "id"), message->id));
    must((json_object_get(reply, "result") != NULL) != (json_object_get(reply, "error") != NULL));
    json_decref(reply);
    buf_release(out);
}

static void converse(const char *text, size_t size, const struct mcp_headers *headers)
{
    struct mcp_message message;
    struct mcp_error error = {0};
    struct buf out = {0};
    bool unknown;
    if (!mcp_decode(text, size, &message, &error) || !mcp_check(&message, headers, &error)) {
        must(error.code != 0);
        mcp_format_error(&out, message.id, &error);
        must_be_reply(&out, &message);
    } else if (message.kind == MCP_REQUEST && mcp_answer(&message, &out, &unknown))
        must_be_reply(&out, &message);
    mcp_release(&message);
}

static void check_id(const char *text)
{
    struct page_id id;
    struct page_id again;
    struct error e = {0};
    if (!page_id_parse(text, &id, &e))
        return;
    char *made = page_id_format(&id);
    must(page_id_parse(made, &again, &e));
    must(strcmp(id.source, again.source) == 0 && strcmp(id.path, again.path) == 0);
    must(id.chunk == again.chunk);
    free(made);
    page_id_release(&id);
    page_id_release(&again);
}

/* The first line is a header's value for half of the inputs. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = xstrndup((const char *)data, size);
    char *rest = strchr(text, '\n');
    converse(text, strlen(text), NULL);
    check_id(text);
    if (rest) {
        *rest++ = '\0';
        struct mcp_headers headers = {MCP_MODERN, "tools/call", text};
        converse(rest, strlen(rest), &headers);
    }
    free(text);
    return 0;
}
