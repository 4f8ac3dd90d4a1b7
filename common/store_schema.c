/* The tables of a store, as append-only migrations. */
#include "common/store_schema.h"

const char *const store_migrations[] = {
    /* Pages and what is derived from them. Chunks partition a page's text, so it is stored once.
     * The index has exactly the content table's columns of the same names: snippet() and the
     * integrity check look them up there. */
    "CREATE TABLE page("
    " id INTEGER PRIMARY KEY,"
    " path TEXT NOT NULL UNIQUE," /* relative, UTF-8; BINARY order is git's order */
    " title TEXT NOT NULL,"
    " kind TEXT NOT NULL," /* markdown, text */
    " front TEXT,"         /* front matter as a JSON object */
    " warning TEXT,"
    " blob TEXT NOT NULL,"          /* the source's id of these bytes */
    " epoch INTEGER NOT NULL,"      /* importer version x 1e6 + count of --full */
    " size_bytes INTEGER NOT NULL," /* in the source */
    " created_at INTEGER NOT NULL," /* Unix seconds: first imported */
    " updated_at INTEGER NOT NULL"  /* Unix seconds: last imported */
    ") STRICT;"
    "CREATE TABLE chunk("
    " id INTEGER PRIMARY KEY,"
    " page INTEGER NOT NULL REFERENCES page(id),"
    " position INTEGER NOT NULL,"
    " title TEXT NOT NULL,"
    " heading TEXT NOT NULL," /* trail: 'Install > Debian' with U+203A */
    " text TEXT NOT NULL,"
    " UNIQUE(page, position)"
    ") STRICT;"
    "CREATE VIRTUAL TABLE chunk_index USING fts5(title, heading, text,"
    " content='chunk', content_rowid='id', tokenize='unicode61 remove_diacritics 2');"
    "CREATE TABLE link("
    " page INTEGER NOT NULL REFERENCES page(id),"
    " seq INTEGER NOT NULL,"      /* in the page */
    " position INTEGER NOT NULL," /* of the chunk */
    " kind TEXT NOT NULL,"        /* wiki, markdown */
    " target TEXT NOT NULL,"      /* as written */
    " key TEXT,"                  /* wiki: the name; markdown: the path meant; NULL: outside */
    " label TEXT NOT NULL,"
    " PRIMARY KEY(page, seq)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX link_key ON link(key) WHERE key IS NOT NULL;"
    "CREATE TABLE tag("
    " tag TEXT NOT NULL,"
    " page INTEGER NOT NULL REFERENCES page(id),"
    " PRIMARY KEY(page, tag)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX tag_tag ON tag(tag);"
    /* What cannot be a page. `path` is the source's bytes; `shown` is fit for people. */
    "CREATE TABLE page_error("
    " path BLOB NOT NULL PRIMARY KEY,"
    " shown TEXT NOT NULL,"
    " reason TEXT NOT NULL," /* binary, too-large, path, quarantined, missing */
    " detail TEXT NOT NULL,"
    " blob TEXT NOT NULL,"
    " epoch INTEGER NOT NULL,"
    " shape TEXT NOT NULL,"
    " at INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE lock("
    " id INTEGER PRIMARY KEY CHECK(id = 1),"
    " run_id TEXT NOT NULL,"
    " host TEXT NOT NULL,"
    " boot_id TEXT NOT NULL,"
    " pid_namespace INTEGER NOT NULL,"
    " pid INTEGER NOT NULL,"
    " pid_start INTEGER NOT NULL,"
    " phase TEXT NOT NULL,"
    " done INTEGER NOT NULL,"
    " total INTEGER NOT NULL,"
    " acquired_at INTEGER NOT NULL,"
    " last_refreshed_at INTEGER NOT NULL,"
    " progress_seq INTEGER NOT NULL"
    ") STRICT;"
    "CREATE TABLE sync_state("
    " id INTEGER PRIMARY KEY CHECK(id = 1),"
    " bookmark TEXT,"       /* the state that the store last equalled */
    " bookmark_shape TEXT," /* hash of everything else that shaped it */
    " target TEXT,"         /* where a run that changed something was going */
    " target_shape TEXT,"
    " target_allow_shrink INTEGER NOT NULL DEFAULT 0,"
    " target_full INTEGER NOT NULL DEFAULT 0,"
    " full_count INTEGER NOT NULL DEFAULT 0,"
    " last_success_at INTEGER NOT NULL DEFAULT 0,"
    " version INTEGER NOT NULL DEFAULT 0," /* rises in each changing transaction */
    " pages INTEGER NOT NULL DEFAULT 0,"
    " errors INTEGER NOT NULL DEFAULT 0,"
    " skipped INTEGER NOT NULL DEFAULT 0"
    ") STRICT;"
    "INSERT INTO sync_state(id) VALUES(1);"
    "CREATE TABLE run("
    " seq INTEGER PRIMARY KEY,"
    " run_id TEXT NOT NULL UNIQUE,"
    " started_at INTEGER NOT NULL,"
    " outcome TEXT NOT NULL,"
    " cause TEXT NOT NULL,"
    " message TEXT NOT NULL,"
    " pages INTEGER NOT NULL,"
    " added INTEGER NOT NULL,"
    " changed INTEGER NOT NULL,"
    " deleted INTEGER NOT NULL,"
    " renamed INTEGER NOT NULL,"
    " remaining INTEGER NOT NULL,"
    " errors INTEGER NOT NULL,"
    " quarantined INTEGER NOT NULL,"
    " skipped INTEGER NOT NULL,"
    " duration_ms INTEGER NOT NULL,"
    " cpu_ms INTEGER NOT NULL,"
    " peak_rss_bytes INTEGER NOT NULL,"
    " committed INTEGER NOT NULL"
    ") STRICT;",
    /* The long column first. A position list names each column but the first, in two bytes for
     * each term of each chunk: with `text` last, a third of the index was that. */
    "DROP TABLE chunk_index;"
    "CREATE VIRTUAL TABLE chunk_index USING fts5(text, title, heading,"
    " content='chunk', content_rowid='id', tokenize='unicode61 remove_diacritics 2');"
    "INSERT INTO chunk_index(chunk_index) VALUES('rebuild');",
    /* Columns in the order of the key: in another one, quick_check of SQLite before 3.41 calls each
     * row's tag NULL, and a sound store looks damaged. */
    "DROP INDEX tag_tag;"
    "ALTER TABLE tag RENAME TO old_tag;"
    "CREATE TABLE tag("
    " page INTEGER NOT NULL REFERENCES page(id),"
    " tag TEXT NOT NULL,"
    " PRIMARY KEY(page, tag)"
    ") STRICT, WITHOUT ROWID;"
    "INSERT INTO tag(page, tag) SELECT page, tag FROM old_tag;"
    "DROP TABLE old_tag;"
    "CREATE INDEX tag_tag ON tag(tag);",
    /* What a kind notes of its source from run to run; sessions of agents, whose text is a page. */
    "CREATE TABLE memo("
    " key TEXT NOT NULL PRIMARY KEY,"
    " value TEXT NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE session("
    " page INTEGER PRIMARY KEY REFERENCES page(id) ON DELETE CASCADE,"
    " uuid TEXT NOT NULL UNIQUE,"
    " project TEXT NOT NULL," /* last folder of cwd; '': not known */
    " cwd TEXT NOT NULL,"     /* '': not known */
    " started_at INTEGER,"    /* Unix seconds; NULL: not known */
    " ended_at INTEGER,"      /* Unix seconds; NULL: not known */
    " duration_ms INTEGER NOT NULL,"
    " prompts INTEGER NOT NULL," /* of a person; results of tools are none */
    " messages INTEGER NOT NULL,"
    " input_tokens INTEGER NOT NULL,"
    " output_tokens INTEGER NOT NULL,"
    " cache_read_tokens INTEGER NOT NULL,"
    " cache_creation_tokens INTEGER NOT NULL"
    ") STRICT;"
    "CREATE TABLE session_tool("
    " session INTEGER NOT NULL REFERENCES session(page) ON DELETE CASCADE,"
    " tool TEXT NOT NULL,"
    " calls INTEGER NOT NULL,"
    " errors INTEGER NOT NULL,"
    " PRIMARY KEY(session, tool)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE session_model("
    " session INTEGER NOT NULL REFERENCES session(page) ON DELETE CASCADE,"
    " day TEXT NOT NULL," /* YYYY-MM-DD, UTC; '': not known */
    " model TEXT NOT NULL,"
    " messages INTEGER NOT NULL,"
    " input_tokens INTEGER NOT NULL,"
    " output_tokens INTEGER NOT NULL,"
    " cache_read_tokens INTEGER NOT NULL,"
    " cache_creation_tokens INTEGER NOT NULL,"
    " PRIMARY KEY(session, day, model)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE session_repo("
    " session INTEGER NOT NULL REFERENCES session(page) ON DELETE CASCADE,"
    " path TEXT NOT NULL,"
    " name TEXT NOT NULL,"
    " PRIMARY KEY(session, path)"
    ") STRICT, WITHOUT ROWID;",
    /* What a folder's files looked like when their content was hashed: as long as they look the
     * same, they are not read again. */
    "CREATE TABLE file("
    " path BLOB NOT NULL PRIMARY KEY,"
    " size_bytes INTEGER NOT NULL,"
    " mtime_ns INTEGER NOT NULL,"
    " ctime_ns INTEGER NOT NULL,"
    " inode INTEGER NOT NULL,"
    " blob TEXT NOT NULL"
    ") STRICT, WITHOUT ROWID;",
    /* Files of an agent's logs: how far each was read, what the next line must know, and what it
     * gave to its session. The chunks of a page are those of its files in the order of their paths.
     */
    "CREATE TABLE log_file("
    " id INTEGER PRIMARY KEY,"
    " path BLOB NOT NULL UNIQUE," /* below the source's folder, its bytes */
    " inode INTEGER NOT NULL,"
    " size INTEGER NOT NULL," /* that was read to its end; -1: it was not */
    " mtime_ns INTEGER NOT NULL,"
    " offset INTEGER NOT NULL,"     /* behind the last line that was taken */
    " tail_hash INTEGER NOT NULL,"  /* of the bytes before that */
    " generation INTEGER NOT NULL," /* how often it was read anew */
    " epoch INTEGER NOT NULL,"
    " state TEXT NOT NULL," /* JSON of the parser, no text of the log in it */
    " page INTEGER REFERENCES page(id) ON DELETE SET NULL,"
    " chunks INTEGER NOT NULL,"
    " title TEXT NOT NULL,"
    " title_rank INTEGER NOT NULL,"
    " cwd TEXT NOT NULL,"
    " cwd_rank INTEGER NOT NULL," /* 0: none, 1: of a subagent, 2: of the session */
    " started_at INTEGER,"
    " ended_at INTEGER,"
    " prompts INTEGER NOT NULL,"
    " messages INTEGER NOT NULL,"
    " input_tokens INTEGER NOT NULL,"
    " output_tokens INTEGER NOT NULL,"
    " cache_read_tokens INTEGER NOT NULL,"
    " cache_creation_tokens INTEGER NOT NULL"
    ") STRICT;"
    "CREATE INDEX log_file_page ON log_file(page);",
    /* Views over sessions, and which run made which. */
    "CREATE TABLE view("
    " name TEXT NOT NULL PRIMARY KEY,"
    " definition INTEGER NOT NULL," /* VIEWS_VERSION under which it was made */
    " watermark INTEGER NOT NULL,"  /* version of the store whose sessions it shows */
    " version INTEGER NOT NULL,"    /* of the store, with it */
    " rows INTEGER NOT NULL,"
    " rebuilt_at INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE view_row("
    " view TEXT NOT NULL,"
    " seq INTEGER NOT NULL,"
    " row TEXT NOT NULL," /* JSON array, in the order of the view's columns */
    " PRIMARY KEY(view, seq)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE run_view("
    " seq INTEGER PRIMARY KEY,"
    " run_id TEXT NOT NULL,"
    " view TEXT NOT NULL,"
    " rows INTEGER NOT NULL,"
    " duration_ms INTEGER NOT NULL,"
    " watermark INTEGER NOT NULL,"
    " rebuilt_at INTEGER NOT NULL"
    ") STRICT;",
    /* What agents pushed. An observation is some chunks of its page, one after the other; those of
     * superseded and archived ones are hidden from search. */
    "CREATE TABLE observation("
    " id TEXT NOT NULL PRIMARY KEY,"
    " page INTEGER NOT NULL REFERENCES page(id) ON DELETE CASCADE,"
    " position INTEGER NOT NULL," /* of its first chunk */
    " chunks INTEGER NOT NULL,"
    " type TEXT NOT NULL,"
    " at INTEGER NOT NULL,"   /* Unix milliseconds, as the two below */
    " project TEXT NOT NULL," /* '': not known, as all below */
    " agent TEXT NOT NULL,"
    " title TEXT NOT NULL,"
    " detail TEXT NOT NULL," /* JSON object: facts, concepts, files_read, files_modified */
    " superseded_by TEXT,"   /* the id of another one */
    " archived_at INTEGER"
    ") STRICT;"
    "CREATE INDEX observation_page ON observation(page, position);"
    /* What is known of ids that have not come yet. */
    "CREATE TABLE observation_end("
    " id TEXT NOT NULL PRIMARY KEY,"
    " superseded_by TEXT,"
    " archived_at INTEGER"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE hidden_chunk("
    " chunk INTEGER PRIMARY KEY REFERENCES chunk(id) ON DELETE CASCADE"
    ") STRICT;"
    "CREATE TABLE inbox_session("
    " page INTEGER PRIMARY KEY REFERENCES page(id) ON DELETE CASCADE,"
    " agent TEXT NOT NULL," /* '': not known */
    " state TEXT NOT NULL," /* open, ended; orphaned: silent for so long that it was closed */
    " title_rank INTEGER NOT NULL," /* 0: the session's name, 1: a prompt's, 2: given */
    " last_at INTEGER NOT NULL"     /* Unix milliseconds: of the last message */
    ") STRICT;"
    "CREATE INDEX inbox_session_state ON inbox_session(state, last_at);"
    /* How far each file of the spool was read. */
    "CREATE TABLE spool_file("
    " name TEXT NOT NULL PRIMARY KEY,"
    " offset INTEGER NOT NULL,"
    " lines INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;",
    /* Chunks that were taken out of the index since its segments were last made one. */
    "ALTER TABLE sync_state ADD COLUMN dropped INTEGER NOT NULL DEFAULT 0;",
};

const int store_format = sizeof store_migrations / sizeof *store_migrations;

void run_row_bind(sqlite3_stmt *s, const struct run_result *run)
{
    bind_text(s, 1, run->run_id);
    bind_int(s, 2, run->started_at);
    bind_text(s, 3, outcome_name(run->outcome));
    bind_text(s, 4, cause_name(run->cause));
    bind_text(s, 5, run->message);
    const int64_t numbers[] = {run->pages,    run->added,       run->changed, run->deleted,
                               run->renamed,  run->remaining,   run->errors,  run->quarantined,
                               run->skipped,  run->duration_ms, run->cpu_ms,  run->peak_rss_bytes,
                               run->committed};
    for (int i = 0; i < (int)(sizeof numbers / sizeof *numbers); i++)
        bind_int(s, 6 + i, numbers[i]);
}

bool run_row_read(sqlite3_stmt *s, struct run_result *run, struct error *e)
{
    struct run_result r = {0};
    if (!outcome_parse(column_text(s, 2), &r.outcome) || !cause_parse(column_text(s, 3), &r.cause))
        return error_set(e, CAUSE_STORE, "run row with unknown outcome or cause: %s %s",
                         column_text(s, 2), column_text(s, 3));
    column_copy(s, 0, r.run_id, sizeof r.run_id);
    r.started_at = column_int(s, 1);
    column_copy(s, 4, r.message, sizeof r.message);
    int64_t *const numbers[] = {&r.pages,   &r.added,       &r.changed, &r.deleted,
                                &r.renamed, &r.remaining,   &r.errors,  &r.quarantined,
                                &r.skipped, &r.duration_ms, &r.cpu_ms,  &r.peak_rss_bytes};
    for (int i = 0; i < (int)(sizeof numbers / sizeof *numbers); i++)
        *numbers[i] = column_int(s, 5 + i);
    r.committed = column_int(s, 17) != 0;
    *run = r;
    return true;
}

bool store_counts_error(const char *path, struct error *e)
{
    error_set(
        e, CAUSE_STORE,
        "%s: its counters cannot be right; the file is damaged: move it aside and run again to "
        "rebuild it",
        path);
    e->damaged = true;
    return false;
}
