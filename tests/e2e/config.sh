# add, remove, list, check-config: what the operator types and reads, what happens to the files.
# shellcheck shell=bash

make_home() {
    mkdir -m 700 "$LATTICE_HOME"
    printf '%s' "$1" >"$LATTICE_HOME/sources.json"
}

# One line on stderr that starts with this.
expect_error() {
    expect_equal "$(wc -l <"$ERR")" 1 'number of lines on stderr'
    expect_equal "$(head -c ${#1} "$ERR")" "$1" 'error'
}

test_add_makes_the_home_and_the_first_source() {
    make_repo "$TEST_DIR/notes"
    expect_exit 0 "$SUPERVISE" add notes "$TEST_DIR/notes"
    expect_contains "$OUT" 'lattice-supervise --source notes'
    expect_equal "$(cat "$ERR")" '' 'stderr'
    expect_equal "$(stat -c %a "$LATTICE_HOME/sources.json")" 600 'mode'
    expect_exit 0 "$SUPERVISE" list
    expect_matches "$OUT" "^notes +git +yes +10m +30s +5m +15m +4194304 +normal +$TEST_DIR/notes\$"
    expect_exit 0 "$SUPERVISE" check-config
    expect_equal "$(cat "$OUT")" 'ok: 1 source'
}

test_a_relative_path_becomes_absolute() {
    make_repo "$TEST_DIR/there/notes"
    mkdir "$TEST_DIR/here"
    cd "$TEST_DIR/here" || return
    expect_exit 0 "$SUPERVISE" add a ../there/notes
    cd "$TEST_DIR/there/notes" || return
    expect_exit 0 "$SUPERVISE" add b .
    expect_exit 0 "$SUPERVISE" add c not-yet
    expect_contains "$ERR" 'warning: c:'
    expect_exit 0 "$SUPERVISE" list
    expect_matches "$OUT" "^a .* $TEST_DIR/there/notes\$"
    expect_matches "$OUT" "^b .* $TEST_DIR/there/notes\$"
    expect_matches "$OUT" "^c .* $TEST_DIR/there/notes/not-yet\$"
}

test_add_takes_every_key() {
    expect_exit 0 "$SUPERVISE" add wiki https://git.example.org/wiki --branch next --include '*.md' \
        --include 'docs/**' --exclude drafts/ --set timeout=20m --set max_page_bytes=2048 \
        --set memory=low --set enabled=false --kind git
    expect_exit 0 "$SUPERVISE" list --json
    expect_contains "$OUT" '"branch": "next"'
    expect_contains "$OUT" '"timeout_ms": 1200000'
    expect_contains "$OUT" '"max_page_bytes": 2048'
    expect_contains "$OUT" '"memory": "low"'
    expect_contains "$OUT" '"enabled": false'
    expect_equal "$(tr -d ' \n' <"$OUT" | grep -o '"include":.*')" \
        '"include":["*.md","docs/**"],"exclude":["drafts/"]}]}'
}

test_add_warns_where_no_repository_is() {
    mkdir "$TEST_DIR/plain"
    expect_exit 0 "$SUPERVISE" add a "$TEST_DIR/plain"
    expect_error 'warning: a: '
    expect_contains "$ERR" 'no git repository is there'
    expect_exit 0 "$SUPERVISE" add b "file://$TEST_DIR/gone"
    expect_error 'warning: b: '
}

test_add_refuses_what_is_wrong_with_a_reason() {
    expect_exit 64 "$SUPERVISE" add notes 'ext::sh -c id'
    expect_error 'error: usage: url: "ext::sh -c id": remote helpers'
    expect_exit 64 "$SUPERVISE" add Notes /srv/x
    expect_error 'error: usage: id: "Notes": expected '
    expect_exit 64 "$SUPERVISE" add notes --kind inbx
    expect_error 'error: usage: kind: "inbx": unknown kind; did you mean "inbox"?'
    expect_exit 64 "$SUPERVISE" add notes /srv/x --kind inbox
    expect_error 'error: usage: kind "inbox" has no URL or path'
    expect_exit 64 "$SUPERVISE" add notes /srv/x --set 'timeout=10 minuts'
    expect_error 'error: usage: timeout: "10 minuts": expected a duration such as 90s, 10m, 1h'
    expect_exit 64 "$SUPERVISE" add notes /srv/x --include '[a'
    expect_error 'error: usage: include[0]: "[a": '
    expect_exit 64 "$SUPERVISE" add notes -- --upload-pack=x
    expect_error 'error: usage: url: "--upload-pack=x": starts with "-"'
    expect_exit 64 "$SUPERVISE" add notes $'/srv/\xff'
    expect_error 'error: usage: url: is not UTF-8'
    [ ! -e "$LATTICE_HOME/sources.json" ] || fail 'sources.json was written'
}

test_add_refuses_an_id_that_is_there() {
    expect_exit 0 "$SUPERVISE" add notes https://git.example.org/a
    cp "$LATTICE_HOME/sources.json" before
    expect_exit 64 "$SUPERVISE" add notes https://git.example.org/b
    expect_error 'error: usage: notes: there is a source with this id already'
    cmp before "$LATTICE_HOME/sources.json"
}

test_usage_errors_name_the_option() {
    expect_exit 64 "$SUPERVISE" add
    expect_error 'error: usage: add: expected an ID'
    expect_exit 64 "$SUPERVISE" add a /b c
    expect_error 'error: usage: add: one word too many: c'
    expect_exit 64 "$SUPERVISE" add a /b --nope
    expect_error 'error: usage: add: --nope: no such option'
    expect_exit 64 "$SUPERVISE" add a /b --branch
    expect_error 'error: usage: add: --branch: expected a value'
    expect_exit 64 "$SUPERVISE" add a /b --set timeout
    expect_error 'error: usage: add: --set: expected KEY=VALUE'
    expect_exit 64 "$SUPERVISE" list --json=1
    expect_error 'error: usage: list: --json: takes no value'
    expect_exit 64 "$SUPERVISE" remove ../x
    expect_error 'error: usage: expected the id of a source'
}

test_each_command_has_help() {
    local command
    for command in add remove list check-config; do
        expect_exit 0 "$SUPERVISE" "$command" --help
        expect_contains "$OUT" "usage: lattice-supervise $command"
    done
}

test_a_secret_in_a_url_is_never_printed() {
    expect_exit 0 "$SUPERVISE" add wiki https://ada:sesame@git.example.org/wiki
    expect_not_contains "$OUT" sesame
    expect_exit 0 "$SUPERVISE" list
    expect_contains "$OUT" 'https://***@git.example.org/wiki'
    expect_exit 0 "$SUPERVISE" list --json
    expect_contains "$OUT" 'https://***@git.example.org/wiki'
    expect_exit 64 "$SUPERVISE" add b http://ada:sesame@git.example.org/wiki
    expect_not_contains "$ERR" sesame
    expect_exit 64 "$SUPERVISE" add b ada:sesame@git.example.org:wiki
    expect_not_contains "$ERR" sesame
    printf '%s' '{"url":https:\/\/ada:sesame@x' >"$LATTICE_HOME/sources.json"
    expect_exit 78 "$SUPERVISE" check-config
    expect_not_contains "$ERR" sesame
    expect_not_contains "$OUT" sesame
}

test_without_sources_every_command_says_how_to_begin() {
    expect_exit 78 "$SUPERVISE" list
    expect_error 'error: config: '
    expect_contains "$ERR" 'lattice-supervise add ID URL'
    mkdir -m 700 "$LATTICE_HOME"
    expect_exit 78 "$SUPERVISE" check-config
    expect_error 'error: config: '
    expect_contains "$ERR" 'lattice-supervise add ID URL'
}

test_check_config_prints_every_mistake_on_its_line() {
    cat >wrong.json <<'JSON'
{"sources": [
  {"id": "a", "kind": "git", "url": "/srv/a", "tiemout": 5},
  {"id": "a", "kind": "gti", "url": "/srv/b"},
  {"id": "c", "kind": "git", "url": "/srv/c", "timeout": "10 minuts"}
]}
JSON
    expect_exit 78 "$SUPERVISE" check-config wrong.json
    expect_equal "$(sed 's/\(knows: git\) .*/\1/' "$OUT")" 'sources[0].tiemout: unknown key; did you mean "timeout"?
sources[1].kind: "gti": unknown kind; did you mean "git"? This version knows: git
sources[1].id: "a": sources[0] has it already
sources[2].timeout: "10 minuts": expected a duration such as 90s, 10m, 1h'
    expect_error 'error: config: wrong.json: 4 mistakes'
}

test_check_config_names_the_line_of_a_syntax_error() {
    printf '{\n  "sources": [,]\n}\n' >broken.json
    expect_exit 78 "$SUPERVISE" check-config broken.json
    expect_matches "$OUT" '^line 2, column [0-9]+: '
    expect_exit 78 "$SUPERVISE" check-config /dev/null
    expect_error 'error: config: /dev/null: is not a regular file'
}

test_a_broken_file_is_not_edited() {
    make_home '{"sources":[],"x":1}'
    expect_exit 78 "$SUPERVISE" add notes https://git.example.org/a
    expect_contains "$ERR" 'sources.json: x: unknown key'
    expect_equal "$(cat "$LATTICE_HOME/sources.json")" '{"sources":[],"x":1}'
}

test_remove_keeps_what_was_synced() {
    expect_exit 0 "$SUPERVISE" add notes https://git.example.org/a
    mkdir -p "$LATTICE_HOME/sources/notes"
    : >"$LATTICE_HOME/sources/notes/store.db"
    expect_exit 0 "$SUPERVISE" remove notes
    expect_contains "$OUT" 'lattice-supervise remove notes --purge'
    [ -e "$LATTICE_HOME/sources/notes/store.db" ] || fail 'the store is gone'
    expect_exit 0 "$SUPERVISE" list
    expect_not_contains "$OUT" notes
    expect_exit 64 "$SUPERVISE" remove notes
    expect_error 'error: usage: notes: no such source'
    expect_exit 0 "$SUPERVISE" remove notes --purge
    [ ! -e "$LATTICE_HOME/sources/notes" ] || fail 'the store is still there'
}

test_purge_deletes_the_folder_and_nothing_behind_a_link() {
    local folder=$LATTICE_HOME/sources/notes
    expect_exit 0 "$SUPERVISE" add notes https://git.example.org/a
    expect_exit 0 "$SUPERVISE" add other https://git.example.org/b
    mkdir -p "$folder/mirror.git/objects/ab" "$TEST_DIR/outside" "$LATTICE_HOME/sources/other"
    : >"$TEST_DIR/outside/keep"
    : >"$folder/mirror.git/objects/ab/cd"
    chmod 444 "$folder/mirror.git/objects/ab/cd"
    ln -s "$TEST_DIR/outside" "$folder/mirror.git/link"
    ln -s ../../.. "$folder/up"
    expect_exit 0 "$SUPERVISE" remove notes --purge
    [ ! -e "$folder" ] || fail 'the folder is still there'
    [ -e "$TEST_DIR/outside/keep" ] || fail 'a link was followed'
    expect_equal "$(ls -A "$LATTICE_HOME/sources")" other
    expect_exit 0 "$SUPERVISE" check-config
}

test_purge_of_a_folder_that_is_a_link_is_refused() {
    expect_exit 0 "$SUPERVISE" add notes https://git.example.org/a
    mkdir -p "$TEST_DIR/outside" "$LATTICE_HOME/sources"
    : >"$TEST_DIR/outside/keep"
    ln -s "$TEST_DIR/outside" "$LATTICE_HOME/sources/notes"
    expect_exit 74 "$SUPERVISE" remove notes --purge
    expect_contains "$ERR" 'is not a folder'
    expect_equal "$(ls -A "$TEST_DIR/outside")" keep
    expect_exit 0 "$SUPERVISE" list
    expect_contains "$OUT" notes
}

# Links written through, and one home for every command.
test_home_option_and_a_linked_file() {
    mkdir -p dotfiles "$TEST_DIR/elsewhere"
    chmod 700 "$TEST_DIR/elsewhere"
    echo '{"sources": []}' >dotfiles/lattice.json
    ln -s "$TEST_DIR/dotfiles/lattice.json" "$TEST_DIR/elsewhere/sources.json"
    expect_exit 0 "$SUPERVISE" add notes https://git.example.org/a --home "$TEST_DIR/elsewhere"
    expect_contains dotfiles/lattice.json '"notes"'
    [ -L "$TEST_DIR/elsewhere/sources.json" ] || fail 'the link was replaced'
    expect_exit 0 "$SUPERVISE" list --home "$TEST_DIR/elsewhere"
    expect_contains "$OUT" notes
    [ ! -e "$LATTICE_HOME" ] || fail 'the other home was made'
}

test_many_adds_at_once_lose_nothing() {
    local pids=() i
    for i in 1 2 3 4 5 6 7 8; do
        "$SUPERVISE" add "s$i" https://git.example.org/a >/dev/null &
        pids+=("$!")
    done
    for i in "${pids[@]}"; do
        wait "$i"
    done
    expect_exit 0 "$SUPERVISE" check-config
    expect_equal "$(cat "$OUT")" 'ok: 8 sources'
}

test_output_that_cannot_be_written_is_an_error() {
    expect_exit 0 "$SUPERVISE" add notes https://git.example.org/a
    CODE=0
    "$SUPERVISE" list >/dev/full 2>"$ERR" || CODE=$?
    expect_equal "$CODE" 74 'exit code'
    expect_error 'error: store: write the output: '
}
