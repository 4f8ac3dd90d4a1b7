# make try: what a newcomer sees first.
# shellcheck shell=bash disable=SC2153 # lib.sh sets CODE

# A checkout with the script that make try runs, and one more repository.
checkout() {
    make_repo "$TEST_DIR/lattice"
    repo_write "$TEST_DIR/lattice" README.md '# Here\n'
    mkdir "$TEST_DIR/lattice/tests"
    cp "$LATTICE_ROOT/tests/try.sh" "$TEST_DIR/lattice/tests/"
    repo_commit "$TEST_DIR/lattice"
    make_repo "$TEST_DIR/My Notes"
    repo_pages "$TEST_DIR/My Notes" 7
    repo_commit "$TEST_DIR/My Notes"
}

# try [REPO]: as make calls it.
try() {
    LATTICE_BIN=$LATTICE_BIN TRY_HOME=$TEST_DIR/build/try TRY_REPOS=${1:-} "$TEST_DIR/lattice/tests/try.sh"
}

test_it_syncs_the_checkout_and_what_is_named_then_says_unchanged() {
    checkout
    expect_exit 0 try "$TEST_DIR/My Notes"
    expect_matches "$OUT" '^lattice +git +ok +1 +1 +0 +0 +0 '
    expect_matches "$OUT" '^my-notes +git +ok +7 +7 +0 +0 +0 '
    expect_contains "$OUT" '2 sources: 2 ok'
    expect_exit 0 try "$TEST_DIR/My Notes"
    expect_matches "$OUT" '^lattice +git +unchanged +1 '
    expect_matches "$OUT" '^my-notes +git +unchanged +7 '
    LATTICE_HOME=$TEST_DIR/build/try
    store_equals_git my-notes "$TEST_DIR/My Notes"
    store_equals_git lattice "$TEST_DIR/lattice"
}

test_another_repository_of_that_name_gets_a_number() {
    checkout
    git clone -q "$TEST_DIR/My Notes" "$TEST_DIR/other/my notes.git"
    mkdir first
    mv "$TEST_DIR/My Notes" first/my-notes
    mv "$TEST_DIR/other/my notes.git" other/my-notes.git
    expect_exit 0 try "$TEST_DIR/first/my-notes file://$TEST_DIR/other/my-notes.git"
    expect_matches "$OUT" '^my-notes +git +ok +7 '
    expect_matches "$OUT" '^my-notes-2 +git +ok +7 '
}

test_without_a_commit_of_its_own_it_wants_a_repository() {
    checkout
    rm -rf "$TEST_DIR/lattice/.git"
    expect_exit 1 try
    expect_contains "$ERR" 'name one: make try REPO=/path/or/url'
    expect_exit 0 try "$TEST_DIR/My Notes"
    expect_contains "$OUT" '1 source: 1 ok'
}

test_a_mistyped_path_is_said_and_not_added() {
    checkout
    expect_exit 1 try "$TEST_DIR/nowhere"
    expect_contains "$ERR" "$TEST_DIR/nowhere: no such folder"
    expect_exit 0 try
}

test_an_address_that_fails_is_said_with_how_to_take_it_out() {
    checkout
    expect_exit 1 try 'http://127.0.0.1:9/x'
    expect_contains "$OUT" 'lattice-supervise remove ID'
}
