# The pages of `lattice-reads serve` for people, without any script: search, page, sources.
# shellcheck shell=bash

# shellcheck source=tests/e2e/lib/reads_serve.sh
. "$LATTICE_ROOT/tests/e2e/lib/reads_serve.sh"

# header NAME: of the last answer.
header() {
    tr -d '\r' <"$TEST_DIR/head" | sed -n "s/^$1: //Ip"
}

test_nothing_of_others_is_loaded_or_run() {
    source_of notes a.md '# Hello\n\nsome uv_spawn text\n'
    serve_reads
    local path
    for path in / '/?q=uv_spawn' /pages/notes/a.md /pages/notes/nix.md /sources /sources/notes /sources/nix /sessions /sessions/notes/nix; do
        case $path in
        *nix*) get 404 "$path" ;;
        *) get 200 "$path" ;;
        esac
        expect_equal "$(header Content-Type)" 'text/html; charset=utf-8' "$path: type"
        expect_equal "$(header Content-Security-Policy)" "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'" "$path: policy"
        expect_equal "$(header X-Content-Type-Options)" nosniff "$path: sniffing"
        expect_equal "$(header Referrer-Policy)" no-referrer "$path: referrer"
        expect_equal "$(grep -c '<script' "$OUT")" 1 "$path: scripts"
        expect_matches "$OUT" '<script type="module" src="/assets/[0-9a-f]{16}/app.js"></script>'
        ! grep -qE ' style=| on[a-z]+=|<style' "$OUT" || fail "$path: something is written into the page"
    done
    stop_reads
}

test_a_search_needs_no_script() {
    source_of notes a.md '# Hello <b>\n\nsome uv_spawn & text\n'
    serve_reads
    get 200 '/?q=uv_spawn+%26'
    expect_contains "$OUT" '<form class="find" role="search" action="/" method="get">'
    expect_contains "$OUT" 'value="uv_spawn &amp;"'
    expect_contains "$OUT" '<a class="open" href="/pages/notes/a.md?q=uv_spawn%20%26#c0">'
    expect_contains "$OUT" 'some <mark>uv_spawn</mark> &amp; text'
    get 200 '/pages/notes/a.md?q=uv_spawn'
    expect_contains "$OUT" '<a id="back" href="/?q=uv_spawn">'
    expect_contains "$OUT" 'id="c0"'
    get 200 '/?q=nothing_like_it'
    expect_contains "$OUT" 'Nothing was found for <strong>nothing_like_it</strong>'
    get 200 '/?q=%3Cscript%3Ealert(1)%3C/script%3E'
    expect_not_contains "$OUT" '<script>alert'
    get 200 '/?q=uv_spawn&source=notes'
    expect_contains "$OUT" 'Only in <strong>notes</strong>'
    expect_contains "$OUT" '<input type="hidden" name="source" value="notes">'
    get 400 '/?q=uv_spawn&source=nix'
    expect_contains "$OUT" 'no such source'
    get 400 '/?q=uv_spawn&offset=x'
    expect_contains "$OUT" 'offset: &quot;x&quot;: expected a number'
    get 200 '/?fragment=1&q=uv_spawn'
    expect_equal "$(head -c 14 "$OUT")" '<div id="view"' 'beginning of a fragment'
    stop_reads
}

test_results_go_on_over_pages() {
    make_repo "$TEST_DIR/many"
    repo_pages "$TEST_DIR/many" 45
    repo_commit "$TEST_DIR/many"
    expect_exit 0 "$SUPERVISE" add many "$TEST_DIR/many"
    expect_exit 0 "$SUPERVISE" --source many
    serve_reads
    local address='/?q=text' pages=0 hits=0
    while [ -n "$address" ]; do
        get 200 "$address"
        pages=$((pages + 1))
        hits=$((hits + $(grep -c '<a class="open"' "$OUT")))
        address=$(sed -n 's/.*rel="next" href="\([^"]*\)".*/\1/p' "$OUT" | sed 's/&amp;/\&/g')
        [ "$pages" -lt 9 ] || fail 'it goes on for ever'
    done
    expect_equal "$pages/$hits" 3/45 'pages and hits'
    get 200 '/?q=text&offset=20'
    expect_contains "$OUT" 'rel="prev" href="/?q=text"'
    stop_reads
}

test_files_of_the_page_are_kept_for_ever_and_said_again_only_if_they_changed() {
    mkdir -m 700 "$LATTICE_HOME"
    echo '{"sources": []}' >"$LATTICE_HOME/sources.json"
    serve_reads
    get 200 /
    local style script etag
    style=$(sed -n 's/.*rel="stylesheet" href="\([^"]*\)".*/\1/p' "$OUT")
    script=$(sed -n 's/.*<script type="module" src="\([^"]*\)".*/\1/p' "$OUT")
    get 200 "$style"
    expect_equal "$(header Content-Type)" 'text/css; charset=utf-8'
    expect_equal "$(header Cache-Control)" 'public, max-age=31536000, immutable'
    cmp "$OUT" "$LATTICE_ROOT/worker/reads/web/style.css"
    etag=$(header ETag)
    get 304 "$style" -H "If-None-Match: $etag"
    get 200 "$script"
    expect_equal "$(header Content-Type)" 'text/javascript; charset=utf-8'
    cmp "$OUT" "$LATTICE_ROOT/worker/reads/web/app.js"
    get 200 /assets/0000000000000000/icon.svg
    expect_equal "$(header Cache-Control)" no-cache 'of an older version'
    expect_equal "$(header Content-Type)" image/svg+xml
    get 404 "${style%/*}/nix.css"
    get 404 "${style%/*}/../web.c" --path-as-is
    stop_reads
}

test_a_page_is_said_again_only_if_it_changed() {
    source_of notes a.md '# Hello\n'
    # Ages are words, which change by themselves: this one does not for a day.
    sqlite3 "$LATTICE_HOME/sources/notes/store.db" 'UPDATE page SET updated_at = 86400 * 400, created_at = 86400 * 400;
        UPDATE sync_state SET last_success_at = 86400 * 400'
    serve_reads
    get 200 /pages/notes/a.md
    local etag
    etag=$(header ETag)
    get 304 /pages/notes/a.md -H "If-None-Match: $etag"
    repo_write "$TEST_DIR/notes" a.md '# Hello again\n'
    repo_commit "$TEST_DIR/notes"
    expect_exit 0 "$SUPERVISE" --source notes
    get 200 /pages/notes/a.md -H "If-None-Match: $etag"
    expect_contains "$OUT" 'Hello again'
    stop_reads
}

test_markdown_is_shown_safely() {
    source_of notes a.md '# A\n\n<script>alert(1)</script>\n\n[x](javascript:alert(2)) [b](b.md) <img src=x onerror=alert(3)>\n'
    serve_reads
    get 200 /pages/notes/a.md
    expect_contains "$OUT" '<h1 id="h-a">A</h1>'
    expect_not_contains "$OUT" 'alert(1)'
    expect_not_contains "$OUT" 'href="javascript'
    expect_not_contains "$OUT" '<img'
    expect_contains "$OUT" '<span class="leads-nowhere" title="b.md">b</span>'
    repo_write "$TEST_DIR/notes" b.md '# B\n'
    repo_commit "$TEST_DIR/notes"
    expect_exit 0 "$SUPERVISE" --source notes
    get 200 /pages/notes/a.md
    expect_contains "$OUT" '<a href="/pages/notes/b.md">b</a>'
    get 200 /pages/notes/b.md
    expect_contains "$OUT" '<a href="/pages/notes/a.md#c0">A</a>'
    stop_reads
}

test_sources_say_what_is_old_and_why() {
    source_of notes a.md '# A\n'
    source_of gone a.md '# A\n'
    mv "$TEST_DIR/gone" "$TEST_DIR/away"
    expect_exit 1 "$SUPERVISE" --source gone
    sqlite3 "$LATTICE_HOME/sources/gone/store.db" "UPDATE sync_state SET last_success_at = unixepoch() - 3 * 86400"
    sqlite3 "$LATTICE_HOME/ledger.db" "UPDATE source_state SET last_success_at = unixepoch() - 3 * 86400 WHERE source = 'gone'"
    serve_reads
    get 200 /sources
    expect_contains "$OUT" '<strong>1</strong> not up to date'
    expect_contains "$OUT" '>3 days ago</time>'
    expect_contains "$OUT" 'unreachable: '
    expect_contains "$OUT" '<span class="pill good">ok</span>'
    expect_contains "$OUT" 'aria-label="The last '
    get 200 /sources/gone
    expect_contains "$OUT" '<span class="pill bad">failed</span>'
    expect_contains "$OUT" '<a class="open" href="/pages/gone/a.md">'
    get 200 /
    expect_contains "$OUT" '<strong>Not up to date:</strong> <a href="/sources/gone">gone</a> (3 days)'
    get 200 /pages/gone/a.md
    expect_contains "$OUT" 'the source was last seen 3 days ago'
    stop_reads
}

test_a_damaged_store_is_named_and_the_others_answer() {
    source_of notes a.md '# Hello\n\nuv_spawn\n'
    source_of broken a.md '# Hello\n\nuv_spawn\n'
    rm -f "$LATTICE_HOME/sources/broken/store.db-wal" "$LATTICE_HOME/sources/broken/store.db-shm"
    head -c 8192 /dev/urandom >"$LATTICE_HOME/sources/broken/store.db"
    serve_reads
    get 200 '/?q=uv_spawn'
    expect_contains "$OUT" '<strong>broken</strong> did not answer'
    expect_contains "$OUT" 'href="/pages/notes/a.md'
    get 503 /pages/broken/a.md
    expect_contains "$OUT" 'No answer right now'
    get 200 /sources
    expect_contains "$OUT" '/sources/broken'
    stop_reads
}

test_a_home_without_sources_says_how_to_begin() {
    mkdir -m 700 "$LATTICE_HOME"
    serve_reads
    get 503 /
    expect_contains "$OUT" 'The settings cannot be used'
    expect_contains "$OUT" 'lattice-supervise add'
    echo '{"sources": []}' >"$LATTICE_HOME/sources.json"
    get 200 /
    expect_contains "$OUT" 'There is no source yet'
    get 200 /sources
    expect_contains "$OUT" 'lattice-supervise add notes ~/notes'
    get 200 '/?q=x'
    expect_contains "$OUT" 'Nothing was found'
    get 404 /pages/
    get 404 /pages/x/
    stop_reads
}

test_a_browser_shows_the_token_as_a_password() {
    source_of notes a.md '# Hello\n'
    (umask 077 && echo secret-0123456789abcdef >"$TEST_DIR/token")
    serve_reads --token-file "$TEST_DIR/token"
    get 401 /
    expect_matches "$TEST_DIR/head" '^WWW-Authenticate: Basic realm='
    get 401 / -u me:secret-0123456789abcdeg
    get 200 / -u me:secret-0123456789abcdef
    get 200 "$(sed -n 's/.*rel="stylesheet" href="\([^"]*\)".*/\1/p' "$OUT")" -u me:secret-0123456789abcdef
    get 200 /pages/notes/a.md -u me:secret-0123456789abcdef
    stop_reads
    expect_not_contains "$TEST_DIR/reads.err" secret-
}
