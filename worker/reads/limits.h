/* The service's limits in one place, each with its reason. */
#ifndef LATTICE_WORKER_READS_LIMITS_H
#define LATTICE_WORKER_READS_LIMITS_H

enum {
    /* A browser's head has 2 KiB; a token and a long query fit in this as well. */
    HTTP_HEAD_MAX = 8 * 1024,
    /* Of one connection: a head, its parsed form, and a chunk to send. */
    HTTP_CONNECTION_BYTES = 16 * 1024,
    /* A browser sends twenty. */
    HTTP_FIELDS_MAX = 64,
    /* Parameters of one request: the largest operation has a dozen, lists repeat theirs. */
    HTTP_ARGS_MAX = 100,
    /* MCP requests only: a batch of ids is 100 KiB at most. */
    HTTP_BODY_MAX = 256 * 1024,
    /* One observation: what the spool takes. */
    HTTP_PUSH_MAX = 1024 * 1024,
    /* Bodies of requests that have no answer yet, all together. */
    HTTP_BODIES_MAX = 64 * 1024 * 1024,
    /* Of a body that is too long so much is read, so that its sender gets to see the answer. */
    HTTP_BODY_DISCARD_MAX = 4 * HTTP_BODY_MAX,
    /* What the kernel holds for one client; by itself it takes some MiB of what nobody reads. This
     * is 2.5 MiB a second to the other side of the world. */
    HTTP_SEND_BYTES = 256 * 1024,
    /* Of answers that their clients have not taken: eight of the largest pages. */
    HTTP_UNSENT_MAX = 32 * 1024 * 1024,
    /* Smaller ones do not count: a connection has as much for itself. */
    HTTP_UNSENT_LEAST = HTTP_CONNECTION_BYTES,
    /* Who takes longer than that goes where there is no room for the next. */
    HTTP_UNSENT_MS = 2000,
    /* 2,000 streams, and room for everybody else. */
    HTTP_CONNECTIONS_MAX = 4096,
    HTTP_STREAMS_MAX = 3072,
    HTTP_BACKLOG = 511,
    /* Accepted in one go, so that who is connected is served in between. */
    HTTP_ACCEPT_AT_A_TIME = 64,

    /* From the connection to the end of its first head: two round trips of a bad line. */
    HTTP_HEAD_MS = 10 * 1000,
    /* The whole body. */
    HTTP_BODY_MS = 10 * 1000,
    /* From an answer to the end of the next head. */
    HTTP_IDLE_MS = 60 * 1000,
    /* An answer of some MiB on a slow line. */
    HTTP_ANSWER_MS = 60 * 1000,
    /* How exact these are: nobody is ended sooner, or later than this. */
    HTTP_SWEEP_MS = 1000,

    /* A closed gate is looked at no more often than that for those who knock. */
    GATE_LOOK_MS = 1000,

    /* Requests that wait for a thread or have one. More wait longer than their own deadline. */
    WORK_QUEUE_MAX = 256,
    /* libuv's own pool has 4 threads: one is left for events, so that queries do not hold them up.
     * Each of the others has a reader, opened when it is first needed. */
    WORK_READERS_MAX = 3,
    /* Stores that each reader keeps open: 3 readers and 3 descriptors each make 576. */
    WORK_STORES_MAX = 64,
    /* Words that each reader remembers, so that a store that cannot match need not be open. */
    WORK_WORDS_KIB = 8 * 1024,
    /* Hits that each reader keeps of stores that it has closed again: ten in each of 1,500. */
    WORK_KEPT_KIB = 1024,
    QUERY_TIMEOUT_MS = 2000,
    QUERY_TIMEOUT_MAX_MS = 10 * 60 * 1000,

    /* Events that a slow client may fall behind, and those that wait in memory for it. */
    EVENTS_KEPT = 4096,
    EVENTS_KEPT_BYTES = 1024 * 1024,
    /* Read from the ledger at a time. */
    EVENTS_AT_A_TIME = 512,
    /* The same for the history of one client, which waits in memory until he takes it. */
    EVENTS_REPLAYED_AT_A_TIME = 64,
    /* Proxies end what is silent for 30 or 60 s. */
    EVENTS_HEARTBEAT_MS = 15 * 1000,
    /* Who has taken nothing of what waits for him through so many of them is dropped: a minute, as
     * other answers have. */
    EVENTS_STUCK_BEATS = 4,
    /* A client that lost the stream waits so long before it comes again. */
    EVENTS_RETRY_MS = 2000,

    /* After SIGTERM: for answers under way to be taken. No query is waited for. */
    SERVE_STOP_MS = 1000,

    /* Shorter ones can be guessed, longer ones do not fit a head. */
    TOKEN_MIN = 16,
    TOKEN_MAX = 1024,
    ALLOWED_HOSTS_MAX = 64,

    /* One message on stdin. */
    MCP_LINE_MAX = HTTP_BODY_MAX,
};

#endif
