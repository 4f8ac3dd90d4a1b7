/* The table of operations, and checking what they are given. */
#include "worker/reads/ops.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "common/duration.h"
#include "common/text.h"

const struct op *op_find(const char *name)
{
    for (size_t i = 0; i < op_count; i++)
        if (strcmp(ops[i].name, name) == 0)
            return &ops[i];
    return NULL;
}

static bool check_text(const struct op_param *p, json_t *raw, json_t **value, struct error *e)
{
    if (!json_is_string(raw))
        return error_set(e, CAUSE_USAGE, "%s: expected a text", p->name);
    size_t size = json_string_length(raw);
    if (memchr(json_string_value(raw), '\0', size))
        return error_set(e, CAUSE_USAGE, "%s: contains a NUL character", p->name);
    if ((int64_t)size < p->least)
        return error_set(e, CAUSE_USAGE, "%s: is empty", p->name);
    if ((int64_t)size > p->most)
        return error_set(e, CAUSE_USAGE, "%s: is too long: at most %lld bytes", p->name,
                         (long long)p->most);
    *value = json_incref(raw);
    return true;
}

/* At most 18 digits, so that nothing overflows. */
static bool parse_number(const char *text, int64_t *number)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 18 || text[digits])
        return false;
    *number = strtoll(text, NULL, 10);
    return true;
}

static bool check_count(const struct op_param *p, json_t *raw, json_t **value, struct error *e)
{
    int64_t number = -1;
    bool known = json_is_integer(raw);
    if (known)
        number = json_integer_value(raw);
    else if (json_is_string(raw))
        known = parse_number(json_string_value(raw), &number);
    if (!known || number < p->least || number > p->most)
        return error_set(
            e, CAUSE_USAGE, "%s: %s%s%sexpected a number from %lld to %lld", p->name,
            json_is_string(raw) ? "\"" : "", json_is_string(raw) ? json_string_value(raw) : "",
            json_is_string(raw) ? "\": " : "", (long long)p->least, (long long)p->most);
    *value = json_integer(number);
    return true;
}

static bool parse_date(const char *text, int64_t *unix_s)
{
    struct tm utc = {0};
    const char *end = strptime(text, "%Y-%m-%d", &utc);
    if (end && *end == 'T')
        end = strptime(end, "T%H:%M:%SZ", &utc);
    if (!end || *end)
        return false;
    struct tm normal = utc;
    *unix_s = timegm(&normal);
    return normal.tm_mday == utc.tm_mday && normal.tm_mon == utc.tm_mon; /* no 30th of February */
}

static bool check_time(const struct op_param *p, json_t *raw, json_t **value, struct error *e)
{
    const char *text = json_string_value(raw);
    struct error ignored = {0};
    int64_t at = 0;
    int64_t ago_ms = 0;
    if (json_is_integer(raw))
        at = json_integer_value(raw);
    else if (text && duration_parse(text, p->name, &ago_ms, &ignored))
        at = clock_unix_s() - ago_ms / 1000;
    else if (!text || (!parse_date(text, &at) && !parse_number(text, &at)))
        return error_set(e, CAUSE_USAGE,
                         "%s: \"%s\": expected a date such as 2026-05-01 or a time ago such as 3d",
                         p->name, text ? text : "");
    *value = json_integer(at);
    return true;
}

static bool check_flag(const struct op_param *p, json_t *raw, json_t **value, struct error *e)
{
    static const char *const yes[] = {"", "1", "true", "yes", "on"};
    static const char *const no[] = {"0", "false", "no", "off"};
    const char *text = json_string_value(raw);
    if (json_is_boolean(raw))
        *value = json_incref(raw);
    for (size_t i = 0; text && !*value && i < sizeof yes / sizeof *yes; i++)
        if (strcmp(text, yes[i]) == 0)
            *value = json_true();
    for (size_t i = 0; text && !*value && i < sizeof no / sizeof *no; i++)
        if (strcmp(text, no[i]) == 0)
            *value = json_false();
    return *value || error_set(e, CAUSE_USAGE, "%s: expected true or false", p->name);
}

static bool check_list(const struct op_param *p, json_t *raw, json_t **value, struct error *e)
{
    size_t count = json_is_array(raw) ? json_array_size(raw) : 1;
    if (count > OP_LIST_MAX)
        return error_set(e, CAUSE_USAGE, "%s: too many: at most %d", p->name, OP_LIST_MAX);
    json_t *list = json_array();
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++) {
        json_t *text = NULL;
        ok = check_text(p, json_is_array(raw) ? json_array_get(raw, i) : raw, &text, e);
        if (ok)
            json_array_append_new(list, text);
    }
    if (ok)
        *value = list;
    else
        json_decref(list);
    return ok;
}

/* A parameter that is not a list may come in a list of one: a URL's. */
static bool check_value(const struct op_param *p, json_t *raw, json_t **value, struct error *e)
{
    if (p->type != OP_LIST && json_is_array(raw)) {
        if (json_array_size(raw) != 1)
            return error_set(e, CAUSE_USAGE, "%s: given more than once", p->name);
        raw = json_array_get(raw, 0);
    }
    switch (p->type) {
    case OP_TEXT:
        return check_text(p, raw, value, e);
    case OP_COUNT:
        return check_count(p, raw, value, e);
    case OP_TIME:
        return check_time(p, raw, value, e);
    case OP_FLAG:
        return check_flag(p, raw, value, e);
    case OP_LIST:
        return check_list(p, raw, value, e);
    }
    return false;
}

static bool check_known(const struct op *op, json_t *raw, struct error *e)
{
    const char *key;
    json_t *ignored;
    json_object_foreach (raw, key, ignored) {
        bool known = false;
        for (size_t i = 0; i < op->param_count; i++)
            known |= strcmp(op->params[i].name, key) == 0;
        if (known)
            continue;
        struct buf names = {0};
        for (size_t i = 0; i < op->param_count; i++)
            buf_printf(&names, "%s%s", i ? ", " : "", op->params[i].name);
        error_set(e, CAUSE_USAGE, "%s: no such parameter; %s has %s", key, op->name,
                  names.size ? names.data : "none");
        buf_release(&names);
        return false;
    }
    return true;
}

bool op_check_args(const struct op *op, json_t *raw, json_t **args, struct error *e)
{
    if (!json_is_object(raw))
        return error_set(e, CAUSE_USAGE, "expected an object of parameters");
    json_t *checked = json_object();
    bool ok = check_known(op, raw, e);
    for (size_t i = 0; ok && i < op->param_count; i++) {
        const struct op_param *p = &op->params[i];
        json_t *given = json_object_get(raw, p->name);
        json_t *value = NULL;
        if (given && !json_is_null(given))
            ok = check_value(p, given, &value, e);
        else if (p->required)
            ok = error_set(e, CAUSE_USAGE, "%s: is missing: %s", p->name, p->about);
        else if (p->type == OP_COUNT)
            value = json_integer(p->fallback);
        if (value)
            json_object_set_new(checked, p->name, value);
    }
    if (ok)
        *args = checked;
    else
        json_decref(checked);
    return ok;
}
