/* Which path is answered by what. */
#ifndef LATTICE_WORKER_READS_HTTP_ROUTES_H
#define LATTICE_WORKER_READS_HTTP_ROUTES_H

#include <stdbool.h>
#include <stddef.h>

struct http_request;

struct http_route {
    const char *path;
    bool below;          /* all that begins with `path`, too */
    bool open;           /* no token is asked for */
    bool by_body;        /* the answer is more than the stores' state: its ETag is of the answer */
    const char *methods; /* as in Allow */
    void (*serve)(struct http_request *request);
    const char *op;     /* the operation that it runs; NULL: none */
    const char *filled; /* of the operation's parameters those in the path: "source path" */
    const char *about;  /* for the OpenAPI document where there is no operation; NULL: not in it */
    const char *type;   /* of its answer; NULL: application/json */
};

extern const struct http_route http_routes[];
extern const size_t http_route_count;

/* The longest match; NULL if there is none. */
const struct http_route *http_route_find(const char *path);

#endif
