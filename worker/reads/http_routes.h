/* Which path is answered by what. */
#ifndef LATTICE_WORKER_READS_HTTP_ROUTES_H
#define LATTICE_WORKER_READS_HTTP_ROUTES_H

#include <stdbool.h>
#include <stddef.h>

#include "common/text.h"

struct http_request;

/* A row; several may be about the same address, each with methods of its own. */
struct http_route {
    const char *path;
    const char *end;     /* with `below`: only what ends with this; NULL: any */
    bool below;          /* all that begins with `path`, too */
    bool open;           /* no token is asked for */
    bool by_body;        /* the answer is more than the stores' state: its ETag is of the answer */
    bool writes;         /* only there with an inbox; the gate is asked before the body is read */
    const char *methods; /* as in Allow */
    void (*serve)(struct http_request *request);
    const char *op;     /* the operation that it runs; NULL: none */
    const char *filled; /* of the parameters those in the path, behind it: "source path" */
    const char *about;  /* for the OpenAPI document where there is no operation; NULL: not in it */
    const char *type;   /* of its answer; NULL: application/json */
};

extern const struct http_route http_routes[];
extern const size_t http_route_count;

enum { HTTP_ALLOW_SIZE = 48 };

/* What there is at an address. */
struct http_match {
    const struct http_route *route; /* that answers the method, else another; NULL: none is there */
    char allow[HTTP_ALLOW_SIZE];    /* the methods of all of them, as in Allow */
};
/* The longest match. `writing`: with the rows that write. */
struct http_match http_route_find(const char *path, const char *method, bool writing);
/* The address as a template: "/api/v1/pages/{source}/{path}". */
void http_route_template(const struct http_route *route, char *out, size_t size);
/* All rows that write, as "POST /api/v1/notes, DELETE ...". */
void http_routes_print_writing(struct buf *out);
/* Is `method` one of the words of an Allow header? */
bool http_allows(const char *methods, const char *method);

#endif
