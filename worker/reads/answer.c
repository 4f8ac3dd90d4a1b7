/* Text and lists in answers, and how they end. */
#include "worker/reads/answer.h"

#include <string.h>

#include "common/text.h"
#include "worker/reads/request.h"

json_t *json_text_sized(const char *text, size_t size)
{
    struct buf clean = {0};
    if (utf8_valid(text, size))
        return json_stringn_nocheck(text, size);
    utf8_sanitize(&clean, text, size);
    json_t *value = json_stringn(clean.data, clean.size);
    buf_release(&clean);
    return value;
}

json_t *json_text(const char *text)
{
    return json_text_sized(text, strlen(text));
}

json_t *json_text_or_null(const char *text)
{
    return text[0] ? json_text(text) : json_null();
}

struct paging paging_of(json_t *args)
{
    return (struct paging){.limit = json_integer_value(json_object_get(args, "limit")),
                           .offset = json_integer_value(json_object_get(args, "offset"))};
}

int64_t paging_ask(const struct paging *paging)
{
    return paging->limit + 1;
}

void paging_add(json_t *answer, const struct paging *paging, const char *name, json_t *list)
{
    bool more = (int64_t)json_array_size(list) > paging->limit;
    while ((int64_t)json_array_size(list) > paging->limit)
        json_array_remove(list, json_array_size(list) - 1);
    json_object_set_new(answer, "limit", json_integer(paging->limit));
    json_object_set_new(answer, "offset", json_integer(paging->offset));
    json_object_set_new(answer, "has_more", json_boolean(more));
    json_object_set_new(answer, name, list);
}

enum op_end request_finish(struct reader *reader, json_t *answer, struct error *e)
{
    bool late = request_grace(reader);
    request_describe(reader, answer);
    request_end(reader);
    if (!late)
        return OP_DONE;
    error_set(e, CAUSE_DEADLINE, "the deadline came before all stores had answered");
    return OP_LATE;
}
