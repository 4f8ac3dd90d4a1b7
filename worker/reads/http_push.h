/* Observations over HTTP: a message in, 202 once it is on the disk. */
#ifndef LATTICE_WORKER_READS_HTTP_PUSH_H
#define LATTICE_WORKER_READS_HTTP_PUSH_H

struct http_request;

/* One for each row of the table of routes that writes. */
void push_serve_init(struct http_request *request);
void push_serve_observation(struct http_request *request);
void push_serve_summary(struct http_request *request);
void push_serve_end(struct http_request *request);
void push_serve_note(struct http_request *request);
void push_serve_archive(struct http_request *request);

#endif
