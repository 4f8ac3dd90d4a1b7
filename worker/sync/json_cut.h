/* Cuts the elements of one array out of a JSON document as it comes; pure, bounded, fuzzed. */
/* For answers that are too large for a tree: `{"sessions":[{...},{...}],"version":3}` gives each
 * element of "sessions", and what is left is a small document, `{"sessions":[],"version":3}`. What
 * is within an element and the document without them is for a parser to judge. */
#ifndef LATTICE_WORKER_SYNC_JSON_CUT_H
#define LATTICE_WORKER_SYNC_JSON_CUT_H

#include "common/error.h"
#include "common/text.h"

enum { JSON_ELEMENT_MAX_BYTES = 8 * 1024 * 1024, JSON_REST_MAX_BYTES = 64 * 1024 };

enum json_place {
    JSON_OUTSIDE, /* of the array */
    JSON_BEFORE,  /* an element, or the end of an empty array */
    JSON_NEXT,    /* an element, after a comma */
    JSON_ELEMENT,
    JSON_AFTER /* an element: a comma, or the end */
};

/* Set the first three, zero the rest. */
struct json_cut {
    const char *name; /* of the array, a member of the outermost object; as it is written */
    bool (*element)(void *context, const char *bytes, size_t size, struct error *e);
    void *context;
    enum json_place place;
    int depth; /* of brackets, outside or within the element */
    bool in_string;
    bool escaped;
    size_t key; /* offset in `rest` of the last string of the outermost object */
    size_t key_size;
    struct buf bytes; /* of the element in hand */
    struct buf rest;  /* the document without the elements */
};

/* CAUSE_BAD_DATA, or what `element` said. */
CHECKED bool json_cut_feed(struct json_cut *cut, const char *bytes, size_t size, struct error *e);
/* Nothing follows: was the document whole? */
CHECKED bool json_cut_end(const struct json_cut *cut, struct error *e);
void json_cut_release(struct json_cut *cut);

#endif
