/* The pages for people: routes that answer with HTML, and what these load. */
#ifndef LATTICE_WORKER_READS_WEB_H
#define LATTICE_WORKER_READS_WEB_H

#include "worker/reads/http.h"

#define WEB_TYPE "text/html; charset=utf-8"

/* /?q=..&source=..&offset=.. and, with nothing asked, what changed last */
void web_serve_search(struct http_request *request);
/* /pages/SOURCE/PATH?q=.. */
void web_serve_page(struct http_request *request);
/* /sources */
void web_serve_sources(struct http_request *request);
/* /sources/ID */
void web_serve_source(struct http_request *request);
/* /sessions?offset=.. */
void web_serve_sessions(struct http_request *request);
/* /sessions/SOURCE/ID?offset=.. */
void web_serve_session(struct http_request *request);
/* /assets/HASH/NAME */
void web_serve_asset(struct http_request *request);

#endif
