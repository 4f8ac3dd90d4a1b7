# Showing pages, parts of them, links, what changed, sources, runs, sizes.
# shellcheck shell=bash

# shellcheck source=tests/e2e/lib/reads.sh
. "$LATTICE_ROOT/tests/e2e/lib/reads.sh"

test_a_raw_page_is_its_bytes() {
    notes one
    repo_write one 'a b.md' '---\ntags: [x]\n---\n\n# A\r\n\ntab\there \033 end'
    synced one
    expect_exit 0 "$READS" page one 'a b.md' --raw
    cmp "$OUT" 'one/a b.md'
    expect_exit 0 "$READS" page one 'a b.md' --json
    expect_equal "$(json '$.tags[0]')" x
    expect_equal "$(json '$.front.tags[0]')" x
    expect_equal "$(json '$.sources[0].answered')" 1
}

test_what_is_not_there_is_exit_1_and_named() {
    notes one
    repo_write one a.md '# A\n'
    synced one
    expect_exit 1 "$READS" page one b.md
    expect_contains "$ERR" 'one has no page b.md'
    expect_exit 1 "$READS" page two a.md
    expect_contains "$ERR" '"two": no such source'
    expect_exit 1 "$READS" context one a.md --around 5
    expect_contains "$ERR" 'there is no chunk 5'
    expect_exit 1 "$READS" links one b.md
}

test_context_is_the_chunks_around_a_hit() {
    notes one
    repo_write one a.md "# A\n\n$(for i in 0 1 2 3; do
        printf '## Part %s\\n\\nkestrel%s %s\\n\\n' "$i" "$i" "$(printf 'word%.0s ' {1..290})"
    done)"
    synced one
    search 0 kestrel2
    expect_exit 0 "$READS" context one a.md --around "$(json '$.hits[0].chunk')" --before 1 --after 0 --json
    expect_equal "$(json '$.chunks[#-1].chunk')" "$(json '$.around')"
    expect_contains "$OUT" kestrel1
    expect_contains "$OUT" kestrel2
    expect_not_contains "$OUT" kestrel3
    expect_exit 64 "$READS" context one a.md
    expect_contains "$ERR" 'around: is missing'
}

test_links_lead_out_and_back() {
    notes one
    repo_write one a.md '# A\n\n[to b](sub/b.md), [[c]], [[nowhere]], [web](https://example.org/).\n'
    repo_write one sub/b.md '# B\n\n[back](../a.md)\n'
    repo_write one deep/c.md '# C\n\n[[a]]\n'
    synced one
    expect_exit 0 "$READS" links one a.md --json
    expect_equal "$(json '$.out.links[0].path')" sub/b.md
    expect_equal "$(json '$.out.links[2].path')" deep/c.md
    expect_equal "$(json '$.out.links[3].path')" ''
    expect_equal "$(json '$.out.links[3].outside')" 0
    expect_equal "$(json '$.out.links[1].outside')" 1
    expect_equal "$(json '$.back.links[0].path') $(json '$.back.links[1].path')" 'deep/c.md sub/b.md'
    expect_exit 0 "$READS" links one a.md --limit 1 --json
    expect_equal "$(json '$.out.has_more') $(json '$.back.has_more')" '1 1'
    expect_exit 0 "$READS" links one a.md
    expect_matches "$OUT" '^-> sub/b.md  '
    expect_matches "$OUT" '^<- deep/c.md  '
}

# out PAGE, back PAGE: where its links lead, and where those come from that mean it; in order.
out() {
    expect_exit 0 "$READS" links one "$1" --json
    sqlite3 -batch :memory: "SELECT group_concat(coalesce(json_extract(value, '\$.path'), '-'), ' ')
        FROM json_each(readfile('$OUT'), '\$.out.links')"
}
back() {
    expect_exit "${2:-0}" "$READS" links one "$1" --json
    sqlite3 -batch :memory: "SELECT group_concat(json_extract(value, '\$.path'), ' ')
        FROM json_each(readfile('$OUT'), '\$.back.links')"
}

test_a_wiki_link_means_its_page_in_any_case() {
    notes one
    repo_write one from.md '[[api guide]] [[DOCS/Setup]] [[docs]] [[ÉTÉ]] [[straße]] [[nowhere]]\n'
    repo_write one deep/Api-Guide.md '# No\n'
    repo_write one 'deep/API Guide.md' '# A\n'
    repo_write one docs/setup.md '# S\n'
    repo_write one Docs/README.md '# D\n'
    repo_write one été.md '# E\n'
    repo_write one STRASSE.md '# T\n'
    synced one
    expect_equal "$(out from.md)" 'deep/API Guide.md docs/setup.md Docs/README.md été.md STRASSE.md -'
    for page in 'deep/API Guide.md' docs/setup.md Docs/README.md été.md STRASSE.md; do
        expect_equal "$(back "$page")" from.md
    done
    expect_equal "$(back deep/Api-Guide.md 1)" ''
    # A path is what it says.
    repo_write one other.md '[a](deep/api%20guide.md)\n'
    synced one
    expect_equal "$(out other.md)" -
    expect_equal "$(back 'deep/API Guide.md')" from.md
}

test_the_page_that_a_link_means_is_the_one_that_has_it_back() {
    notes one
    repo_write one from.md '[[api]] [[Api]] [[API]] [[aPI]]\n\n[t](notes/todo)\n'
    repo_write one x/api.md '# 1\n'
    repo_write one y/api.md '# 2\n'
    repo_write one y/Api.md '# 3\n'
    repo_write one notes/todo.md '# 4\n'
    repo_write one notes/todo.txt 'todo\n'
    synced one
    expect_equal "$(out from.md)" 'x/api.md y/Api.md x/api.md x/api.md notes/todo.md'
    expect_equal "$(back x/api.md)" 'from.md from.md from.md'
    expect_equal "$(back y/Api.md)" from.md
    expect_equal "$(back y/api.md 1)" ''
    expect_equal "$(back notes/todo.md)" from.md
    expect_equal "$(back notes/todo.txt 1)" ''
}

test_recent_shows_the_newest_of_all_sources_first() {
    notes one
    repo_write one a.md '# A\n'
    synced one
    notes two
    repo_write two b.md '# B\n'
    synced two
    sqlite3 -batch "$LATTICE_HOME/sources/one/store.db" 'UPDATE page SET updated_at = updated_at + 100'
    expect_exit 0 "$READS" recent --json
    expect_equal "$(json '$.pages[0].path') $(json '$.pages[0].change')" 'a.md changed'
    expect_equal "$(json '$.pages[1].path') $(json '$.pages[1].change')" 'b.md added'
    expect_exit 0 "$READS" recent two --limit 1 --json
    expect_equal "$(json '$.pages[0].path') $(json '$.has_more')" 'b.md 0'
}

# Each page of the list, one after the other, is the list.
test_recent_is_paged_over_all_sources() {
    local id offset
    for id in one two three; do
        notes "$id"
        repo_pages "$TEST_DIR/$id" 40
        synced "$id"
        sqlite3 -batch "$LATTICE_HOME/sources/$id/store.db" \
            "UPDATE page SET updated_at = 1000000000 + (id * 7919 + length('$id')) % 50"
    done
    for offset in 0 30 60 90 120; do
        expect_exit $((offset / 120)) "$READS" recent --limit 30 --offset "$offset" --json
        expect_equal "$(json '$.has_more')" $((offset < 90)) "more behind $offset"
        sqlite3 -batch :memory: "SELECT json_extract(value, '\$.updated_at') || ' '
            || json_extract(value, '\$.source') || ' ' || json_extract(value, '\$.path')
            FROM json_each(CAST(readfile('$OUT') AS TEXT), '\$.pages')" >>"$TEST_DIR/got"
    done
    for id in one two three; do
        sql "$id" "SELECT updated_at || ' $id ' || path FROM page"
    done | LC_ALL=C sort -k 1,1nr -k 2,2 -k 3,3 >"$TEST_DIR/want"
    diff "$TEST_DIR/want" "$TEST_DIR/got" || fail 'not the list'
}

test_sources_are_the_objects_of_status() {
    notes one
    repo_write one a.md '# A\n'
    synced one
    add_source other "$TEST_DIR/other"
    expect_exit 0 "$READS" sources --json
    json '$.sources[0]' >reads.json
    expect_exit 0 "$SUPERVISE" status --json one
    expect_equal "$(json '$.sources[0].bookmark')" "$(json '$.bookmark' "$TEST_DIR/reads.json")"
    expect_equal "$(sqlite3 :memory: "SELECT group_concat(key) FROM json_each(CAST(readfile('reads.json') AS TEXT))")" \
        "$(sqlite3 :memory: "SELECT group_concat(key) FROM json_each(CAST(readfile('$OUT') AS TEXT), '\$.sources[0]')")"
    expect_exit 0 "$READS" sources
    expect_matches "$OUT" '^one +git +ok +1 '
    expect_matches "$OUT" '^other +git +never '
}

test_runs_are_paged() {
    notes one
    repo_write one a.md '# A\n'
    repo_commit one
    add_source one "$TEST_DIR/one"
    expect_exit 1 "$READS" runs
    for _ in 1 2 3; do
        expect_exit 0 "$SUPERVISE" --all
    done
    expect_exit 0 "$READS" runs one --limit 2 --json
    expect_equal "$(json '$.runs[0].status') $(json '$.has_more')" 'unchanged 1'
    expect_exit 0 "$READS" runs one --limit 2 --offset 2 --json
    expect_equal "$(json '$.runs[0].status') $(json '$.has_more')" 'ok 0'
}

test_sources_runs_and_stats_end_with_the_deadline_and_show_what_they_found() {
    local id
    for id in one two; do
        notes "$id"
        repo_write "$id" a.md '# A\n'
        repo_commit "$id"
        add_source "$id" "$TEST_DIR/$id"
    done
    expect_exit 0 "$SUPERVISE" --all
    lock_database "$LATTICE_HOME/sources/two/store.db"
    expect_exit 69 "$READS" sources --query-timeout 400ms --json
    expect_contains "$ERR" 'deadline: the deadline came when 1 of 2 sources had been read'
    expect_equal "$(json '$.sources[0].id') $(json '$.sources[1].id')" 'one '
    expect_exit 0 "$READS" sources --json
    expect_contains "$OUT" 'another program writes to it'
    expect_exit 69 "$READS" stats --query-timeout 400ms --json
    expect_equal "$(json '$.stores[0].source') $(json '$.sources[1].problem')" 'one late'
    unlock_database
    lock_database "$LATTICE_HOME/ledger.db"
    expect_exit 69 "$READS" runs --query-timeout 400ms
    expect_contains "$ERR" 'before all runs had been read'
    unlock_database
    expect_exit 0 "$READS" runs
}

test_stats_sum_what_the_stores_hold() {
    local id
    for id in one two; do
        notes "$id"
        repo_pages "$TEST_DIR/$id" 5
        synced "$id"
    done
    expect_exit 0 "$READS" stats --json
    expect_equal "$(json '$.stores[1].pages') $(json '$.total.pages')" '5 10'
    expect_equal "$(json '$.total.chunks')" "$(($(sql one 'SELECT count(*) FROM chunk') * 2))"
}

test_help_and_version_and_usage() {
    local command
    expect_exit 0 "$READS" --version
    expect_exit 64 "$READS"
    expect_exit 64 "$READS" nonsense
    expect_contains "$ERR" 'error: usage: "nonsense": no such command'
    for command in search page context links recent sources runs stats; do
        expect_exit 0 "$READS" "$command" --help
        expect_contains "$OUT" "usage: lattice-reads $command"
        expect_exit 64 "$READS" "$command" --nonsense
        expect_contains "$ERR" 'unknown option --nonsense'
    done
}
