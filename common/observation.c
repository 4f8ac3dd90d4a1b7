/* What agents and their hooks push: the one table of fields, and what is made of each. */
#include "common/observation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/private.h"
#include "common/secret.h"

/* --- names -------------------------------------------------------------------------------------
 */

static const char *const op_names[] = {
#define X(id, name) [id] = (name),
    OBSERVATION_OPS(X)
#undef X
};

static const char *const type_names[] = {
#define X(id, name) [id] = (name),
    OBSERVATION_TYPES(X)
#undef X
};

const char *observation_op_name(enum observation_op op)
{
    return op_names[op];
}

const char *observation_type_name(enum observation_type type)
{
    return type_names[type];
}

bool observation_type_parse(const char *name, enum observation_type *type)
{
    for (int i = 0; i < OBSERVATION_TYPE_COUNT; i++)
        if (strcmp(name, type_names[i]) == 0) {
            *type = (enum observation_type)i;
            return true;
        }
    return false;
}

/* --- fields ------------------------------------------------------------------------------------
 */

enum shape {
    SHAPE_TEXT, /* cleaned */
    SHAPE_NAME, /* cleaned, in one line */
    SHAPE_SESSION,
    SHAPE_ID,
    SHAPE_TYPE,
    SHAPE_TEXTS, /* lists of these */
    SHAPE_NAMES,
    SHAPE_IDS, /* or one id */
};

#define OP(name)   (1U << OBSERVATION_##name)
#define IN_SESSION (OP(INIT) | OP(OBSERVE) | OP(SUMMARIZE) | OP(END))
#define SAYS       (OP(OBSERVE) | OP(SUMMARIZE) | OP(NOTE))
#define ANY_OP     (IN_SESSION | OP(NOTE) | OP(ARCHIVE))

struct field {
    const char *name;
    enum shape shape;
    unsigned ops;      /* that may have it */
    unsigned required; /* that must */
    size_t most;       /* bytes of a text, or of each in a list; 0: what the message holds */
    size_t offset;     /* in struct observation */
};

#define AT(member) offsetof(struct observation, member)

static const struct field fields[] = {
    {"session", SHAPE_SESSION, IN_SESSION, IN_SESSION, OBSERVATION_SESSION_BYTES, AT(session)},
    {"id", SHAPE_ID, ANY_OP, 0, OBSERVATION_ID_BYTES, AT(id)},
    {"type", SHAPE_TYPE, OP(OBSERVE) | OP(NOTE), 0, 0, AT(type)},
    {"title", SHAPE_NAME, SAYS | OP(INIT), 0, OBSERVATION_TITLE_BYTES, AT(title)},
    {"text", SHAPE_TEXT, SAYS, OP(SUMMARIZE), 0, AT(text)},
    {"prompt", SHAPE_TEXT, OP(INIT), 0, 0, AT(text)},
    {"project", SHAPE_NAME, SAYS | OP(INIT), 0, OBSERVATION_NAME_BYTES, AT(project)},
    {"cwd", SHAPE_NAME, SAYS | OP(INIT), 0, OBSERVATION_PATH_BYTES, AT(cwd)},
    {"agent", SHAPE_NAME, SAYS | OP(INIT), 0, OBSERVATION_NAME_BYTES, AT(agent)},
    {"facts", SHAPE_TEXTS, SAYS, 0, 0, AT(facts)},
    {"concepts", SHAPE_NAMES, SAYS, 0, OBSERVATION_NAME_BYTES, AT(concepts)},
    {"files_read", SHAPE_NAMES, SAYS, 0, OBSERVATION_PATH_BYTES, AT(files_read)},
    {"files_modified", SHAPE_NAMES, SAYS, 0, OBSERVATION_PATH_BYTES, AT(files_modified)},
    {"supersedes", SHAPE_IDS, SAYS, 0, OBSERVATION_ID_BYTES, AT(supersedes)},
    {"ids", SHAPE_IDS, OP(ARCHIVE), OP(ARCHIVE), OBSERVATION_ID_BYTES, AT(ids)},
};

enum { FIELD_COUNT = sizeof fields / sizeof *fields };

/* A value in a message, and what it is called there. */
struct place {
    const struct field *field;
    json_t *value;
    int item; /* of a list; -1: none */
    struct observation *out;
};

static bool wrong(const struct place *p, struct error *e, const char *what)
{
    return p->item < 0 ? error_set(e, CAUSE_BAD_DATA, "%s: %s", p->field->name, what)
                       : error_set(e, CAUSE_BAD_DATA, "%s[%d]: %s", p->field->name, p->item, what);
}

/* What was sent, for a message to people, which may be stored: cleaned, escaped, not all of it. */
static void show(struct buf *out, const char *text)
{
    enum { SHOWN_BYTES = 40 };
    char *copy = xstrdup(text);
    size_t size = secret_mask(copy, session_strip(copy, strlen(copy)));
    bool cut = size > SHOWN_BYTES;
    buf_add_byte(out, '"');
    text_escape(out, copy, cut ? utf8_floor(copy, SHOWN_BYTES) : size);
    buf_add_text(out, cut ? "...\"" : "\"");
    free(copy);
}

/* --- texts -------------------------------------------------------------------------------------
 */

static bool is_control(char c)
{
    return (unsigned char)c < ' ' || c == '\x7f';
}

static bool has_control(const char *text)
{
    for (; *text; text++)
        if (is_control(*text))
            return true;
    return false;
}

/* Without control bytes but \n and \t. The new size. */
static size_t drop_control(char *text, size_t size)
{
    size_t kept = 0;
    for (size_t i = 0; i < size; i++)
        if (!is_control(text[i]) || text[i] == '\n' || text[i] == '\t')
            text[kept++] = text[i];
    return kept;
}

/* Without white space around it; what the first line is indented by stays. */
static void trim(const char **text, size_t *size)
{
    while (*size > 0 && strchr(" \t\n", (*text)[*size - 1]))
        --*size;
    for (size_t blank; (blank = strspn(*text, " \t")) < *size && (*text)[blank] == '\n';) {
        *text += blank + 1;
        *size -= blank + 1;
    }
}

/* Each run of white space is one space, and none begins it. The new size. */
static size_t into_one_line(char *text, size_t size)
{
    size_t kept = 0;
    for (size_t i = 0; i < size; i++) {
        bool space = text[i] == ' ' || text[i] == '\n' || text[i] == '\t';
        if (!space || (kept > 0 && text[kept - 1] != ' '))
            text[kept++] = space ? ' ' : text[i];
    }
    return kept;
}

/* Cleans the text in its place. */
static void clean(json_t *value, bool one_line)
{
    size_t size = json_string_length(value);
    char *copy = xstrndup(json_string_value(value), size);
    const char *text = copy;
    size = secret_mask(copy, session_strip(copy, drop_control(copy, size)));
    if (one_line)
        size = into_one_line(copy, size);
    copy[size] = '\0';
    trim(&text, &size);
    json_string_setn(value, text, size);
    free(copy);
}

static bool id_is_valid(const char *id)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-";
    return id[0] && id[strspn(id, letters)] == '\0';
}

/* Of a text that may be cleaned and of those that are names; an empty one counts as none. */
static bool check_text(const struct place *p, enum shape shape, struct error *e)
{
    char expected[64];
    if (!json_is_string(p->value))
        return wrong(p, e, "expected a string");
    if (shape == SHAPE_TEXT || shape == SHAPE_NAME)
        clean(p->value, shape == SHAPE_NAME);
    const char *text = json_string_value(p->value);
    snprintf(expected, sizeof expected, "expected at most %zu bytes", p->field->most);
    if (p->field->most && strlen(text) > p->field->most)
        return wrong(p, e, expected);
    if (shape == SHAPE_SESSION && has_control(text))
        return wrong(p, e, "expected a name without control bytes");
    if (shape == SHAPE_ID && !id_is_valid(text))
        return wrong(p, e, "expected letters, digits and . _ : - alone");
    return true;
}

static bool take_type(const struct place *p, struct error *e)
{
    const char *name = json_string_value(p->value);
    struct buf text = {0};
    if (!name)
        return wrong(p, e, "expected a string");
    if (observation_type_parse(name, &p->out->type))
        return true;
    show(&text, name);
    buf_add_text(&text, ": expected one of ");
    for (int i = 0; i < OBSERVATION_TYPE_COUNT; i++)
        buf_printf(&text, "%s%s", i ? ", " : "", type_names[i]);
    wrong(p, e, text.data);
    buf_release(&text);
    return false;
}

/* --- values ------------------------------------------------------------------------------------
 */

static enum shape item_shape(enum shape list)
{
    return list == SHAPE_TEXTS ? SHAPE_TEXT : list == SHAPE_NAMES ? SHAPE_NAME : SHAPE_ID;
}

/* Items that are empty go; a list without items is none. */
static bool take_list(const struct place *p, struct error *e)
{
    const json_t **list = (const json_t **)((char *)p->out + p->field->offset);
    char expected[64];
    struct place item = *p;
    if (!json_is_array(p->value))
        return wrong(p, e, "expected a list");
    snprintf(expected, sizeof expected, "expected at most %d items", OBSERVATION_LIST_ITEMS);
    if (json_array_size(p->value) > OBSERVATION_LIST_ITEMS)
        return wrong(p, e, expected);
    for (size_t i = 0, left = json_array_size(p->value); left > 0; left--) {
        item.item++;
        item.value = json_array_get(p->value, i);
        if (!check_text(&item, item_shape(p->field->shape), e))
            return false;
        if (json_string_length(item.value) == 0)
            json_array_remove(p->value, i);
        else
            i++;
    }
    *list = json_array_size(p->value) ? p->value : NULL;
    return true;
}

static bool take_value(const struct place *p, struct error *e)
{
    const char **text = (const char **)((char *)p->out + p->field->offset);
    switch (p->field->shape) {
    case SHAPE_TYPE:
        return take_type(p, e);
    case SHAPE_TEXTS:
    case SHAPE_NAMES:
    case SHAPE_IDS:
        return take_list(p, e);
    case SHAPE_TEXT:
    case SHAPE_NAME:
    case SHAPE_SESSION:
    case SHAPE_ID:
        break;
    }
    if (!check_text(p, p->field->shape, e))
        return false;
    *text = json_string_length(p->value) ? json_string_value(p->value) : NULL;
    return true;
}

static bool is_there(const struct observation *o, const struct field *field)
{
    const void *value;
    memcpy(&value, (const char *)o + field->offset, sizeof value);
    return field->shape == SHAPE_TYPE || value;
}

/* One id stands for a list of one. */
static void into_list(json_t *json, const struct field *field)
{
    json_t *value = json_object_get(json, field->name);
    if (field->shape == SHAPE_IDS && json_is_string(value))
        json_object_set_new(json, field->name, json_pack("[O]", value));
}

static bool take_field(struct observation *o, const struct field *field, struct error *e)
{
    into_list(o->json, field);
    const struct place p = {field, json_object_get(o->json, field->name), -1, o};
    unsigned op = 1U << o->op;
    bool given = p.value && !json_is_null(p.value);
    if (given && !(field->ops & op))
        return error_set(e, CAUSE_BAD_DATA, "%s: `%s` has no such field", field->name,
                         op_names[o->op]);
    if (given && !take_value(&p, e))
        return false;
    if (p.value && (!given || !is_there(o, field)))
        json_object_del(o->json, field->name); /* null, or nothing is left of it */
    return !(field->required & op) || is_there(o, field) || wrong(&p, e, "missing");
}

static bool is_field(const char *name)
{
    for (size_t i = 0; i < FIELD_COUNT; i++)
        if (strcmp(fields[i].name, name) == 0)
            return true;
    return false;
}

static bool unknown_field(const json_t *json, struct error *e)
{
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)json, name, value) {
        struct buf shown = {0};
        if (is_field(name))
            continue;
        show(&shown, name);
        error_set(e, CAUSE_BAD_DATA, "%s: unknown field", shown.data);
        buf_release(&shown);
        return true;
    }
    return false;
}

/* --- messages ----------------------------------------------------------------------------------
 */

/* `op` leaves the object: what is left are its fields. */
static bool take_op(struct observation *o, const struct observation_route *route, struct error *e)
{
    json_t *value = json_object_get(o->json, "op");
    const char *name = json_string_value(value);
    o->op = route->op ? *route->op : OBSERVATION_OBSERVE;
    if (!value)
        return true;
    for (int i = 0; name && !route->op && i < OBSERVATION_OP_COUNT; i++)
        if (strcmp(name, op_names[i]) == 0) {
            o->op = (enum observation_op)i;
            json_object_del(o->json, "op");
            return true;
        }
    return route->op
               ? error_set(e, CAUSE_BAD_DATA, "op: the address says what it is")
               : error_set(e, CAUSE_BAD_DATA,
                           "op: expected one of init, observe, summarize, end, note, archive");
}

/* The address names the session; the message may say the same, and nothing else. */
static bool take_session(struct observation *o, const char *session, struct error *e)
{
    const json_t *own = json_object_get(o->json, "session");
    if (own && (!json_is_string(own) || strcmp(json_string_value(own), session) != 0))
        return error_set(e, CAUSE_BAD_DATA, "session: the address names another one");
    json_t *value = json_string(session);
    if (!value)
        return error_set(e, CAUSE_BAD_DATA, "session: expected UTF-8");
    json_object_set_new(o->json, "session", value);
    return true;
}

static enum observation_type type_of(enum observation_op op)
{
    return op == OBSERVATION_INIT        ? TYPE_PROMPT
           : op == OBSERVATION_SUMMARIZE ? TYPE_SUMMARY
                                         : TYPE_NOTE;
}

static bool take_fields(struct observation *o, struct error *e)
{
    o->type = type_of(o->op);
    if (unknown_field(o->json, e))
        return false;
    for (size_t i = 0; i < FIELD_COUNT; i++)
        if (!take_field(o, &fields[i], e))
            return false;
    if ((SAYS & 1U << o->op) && !o->title && !o->text && !o->facts)
        return error_set(e, CAUSE_BAD_DATA,
                         "text: missing; it needs a title, a text or facts that are not private");
    return true;
}

static bool is_object(const json_t *json, struct error *e)
{
    return json_is_object(json) || error_set(e, CAUSE_BAD_DATA, "expected a JSON object");
}

bool observation_take(json_t *json, const struct observation_route *route, struct observation *out,
                      struct error *e)
{
    struct observation o = {.json = json};
    if (!is_object(json, e) || !take_op(&o, route, e) ||
        (route->session && !take_session(&o, route->session, e)) || !take_fields(&o, e)) {
        observation_release(&o);
        return false;
    }
    *out = o;
    return true;
}

static json_t *read_json(const char *text, size_t size, struct error *e)
{
    json_error_t problem;
    json_t *json = json_loadb(text, size, JSON_REJECT_DUPLICATES, &problem);
    if (!json)
        error_set(e, CAUSE_BAD_DATA, "not JSON: %s at byte %d", problem.text, problem.position);
    return json;
}

bool observation_parse(const char *text, size_t size, const struct observation_route *route,
                       struct observation *out, struct error *e)
{
    if (size > OBSERVATION_MAX_BYTES)
        return error_set(e, CAUSE_BAD_DATA, "%zu bytes; at most %d are taken", size,
                         OBSERVATION_MAX_BYTES);
    json_t *json = read_json(text, size, e);
    return json && observation_take(json, route, out, e);
}

void observation_stamp(struct observation *o)
{
    ulid_make(o->ulid);
}

const char *observation_id(const struct observation *o)
{
    return o->id ? o->id : o->ulid;
}

void observation_release(struct observation *o)
{
    json_decref(o->json);
    *o = (struct observation){0};
}

/* --- lines -------------------------------------------------------------------------------------
 */

void observation_write_line(const struct observation *o, struct buf *out)
{
    char *members = json_dumps(o->json, JSON_COMPACT);
    buf_printf(out, "{\"v\":%d,\"ulid\":\"%s\",\"op\":\"%s\",%s\n", OBSERVATION_VERSION, o->ulid,
               op_names[o->op], members + 1); /* each op needs a field: it is not empty */
    free(members);
}

/* What the writer put in front; it leaves the object. */
static bool take_stamp(struct observation *o, struct error *e)
{
    const json_t *v = json_object_get(o->json, "v");
    const json_t *ulid = json_object_get(o->json, "ulid");
    if (json_integer_value(v) > OBSERVATION_VERSION)
        return error_set(e, CAUSE_CONFIG,
                         "version %" JSON_INTEGER_FORMAT ": a newer lattice wrote it; bring this "
                         "one up to date",
                         json_integer_value(v));
    if (json_integer_value(v) != OBSERVATION_VERSION)
        return error_set(e, CAUSE_BAD_DATA, "v: expected %d", OBSERVATION_VERSION);
    if (!json_is_string(ulid) || !ulid_valid(json_string_value(ulid), json_string_length(ulid)))
        return error_set(e, CAUSE_BAD_DATA, "ulid: expected a ULID");
    memcpy(o->ulid, json_string_value(ulid), sizeof o->ulid);
    json_object_del(o->json, "v");
    json_object_del(o->json, "ulid");
    return true;
}

bool observation_read_line(const char *line, size_t size, struct observation *out, struct error *e)
{
    const struct observation_route route = {0};
    struct observation stamp = {0};
    if (size > OBSERVATION_LINE_MAX_BYTES)
        return error_set(e, CAUSE_BAD_DATA, "%zu bytes; at most %d are taken", size,
                         OBSERVATION_LINE_MAX_BYTES);
    stamp.json = read_json(line, size, e);
    if (!stamp.json)
        return false;
    if (!is_object(stamp.json, e) || !take_stamp(&stamp, e)) {
        observation_release(&stamp);
        return false;
    }
    if (!observation_take(stamp.json, &route, out, e))
        return false;
    memcpy(out->ulid, stamp.ulid, sizeof out->ulid);
    return true;
}
