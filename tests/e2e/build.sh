# make deps, make install, make uninstall: what a user types besides try and check.
# shellcheck shell=bash disable=SC2016,SC2153 # for the stubs; lib.sh sets CODE

# make_here TARGET...: with nothing of the make that may run these tests, and nothing to be built.
make_here() {
    env -u MAKEFLAGS -u MAKELEVEL -u CI -u DEPS make --no-print-directory -C "$LATTICE_ROOT" -o all \
        "BUILD=${LATTICE_BIN%/*}" "$@"
}

# stub NAME: a command that notes how it was called, and does what stdin says.
stub() {
    mkdir -p bin
    {
        printf '#!/bin/bash\necho "%s $*" >>%q\n' "$1" "$TEST_DIR/called"
        cat
    } >"bin/$1"
    chmod +x "bin/$1"
}

# apt_with PACKAGE...: a Debian that has these installed, and an apt that would install what it is told.
apt_with() {
    printf 'installed %s \n' "$@" >installed
    stub dpkg-query <<<"cat '$TEST_DIR/installed'"
    stub apt-get <<<'[ -z "${APT_FAILS:-}" ] || { echo "E: no network"; exit 100; }'
}

# only COMMAND...: no others than these are found.
only() {
    local command
    mkdir -p few
    for command; do
        ln -s "$(command -v "$command")" few/
    done
}

deps() {
    PATH=$TEST_DIR/bin:$PATH make_here deps
}

test_install_and_uninstall_leave_nothing_else() {
    [ -x "${LATTICE_BIN%/*}/release/lattice-reads" ] || skip 'what would be installed is not built'
    expect_exit 0 make_here install "DESTDIR=$TEST_DIR/root" PREFIX=/opt/lattice
    expect_equal "$(cd root && find . -type f -perm 755 | sort | tr '\n' ' ')" \
        './opt/lattice/bin/lattice-reads ./opt/lattice/bin/lattice-supervise ./opt/lattice/bin/lattice-worker '
    expect_matches <(root/opt/lattice/bin/lattice-supervise --version) '^lattice-supervise [0-9]'
    expect_exit 0 make_here uninstall "DESTDIR=$TEST_DIR/root" PREFIX=/opt/lattice
    expect_equal "$(find root -type f)" ''
}

test_deps_says_what_is_missing_and_why_and_installs_it() {
    apt_with gcc
    expect_exit 0 deps
    expect_matches "$OUT" '^  libsqlite3-dev +stores, index and ledger$'
    expect_matches "$OUT" '^  strace +shows that an idle service makes no system call$'
    expect_equal "$(grep -c '^  gcc ' "$OUT" || true)" 0 'lines on what is there'
    expect_matches called '^apt-get -y -q update$'
    expect_matches called '^apt-get -y -q install --no-install-recommends .*libsqlite3-dev'
    # Once all of it is there, nothing is said and nothing done.
    # shellcheck disable=SC2046 # a list of words
    apt_with $(sed -n 's/^apt-get -y -q install --no-install-recommends //p' called) gcc
    rm called
    expect_exit 0 deps
    expect_equal "$(cat "$OUT")" ''
    expect_equal "$(grep -c '^apt-get' called || true)" 0
}

test_deps_that_cannot_be_installed_fail_with_the_reason() {
    apt_with gcc
    expect_exit 2 env APT_FAILS=1 "PATH=$TEST_DIR/bin:$PATH" make -C "$LATTICE_ROOT" deps
    expect_contains "$ERR" 'E: no network'
    expect_contains "$ERR" 'error: apt-get update failed'
    only bash make awk grep sed sort tr cat mktemp rm head dirname nproc pkg-config gcc
    cp bin/* few/
    stub id <<<'echo 1000'
    cp bin/id few/
    expect_exit 2 env -u MAKEFLAGS -u MAKELEVEL "PATH=$TEST_DIR/few" make -C "$LATTICE_ROOT" deps
    expect_matches "$ERR" '^error: neither root nor sudo; run this as root, then make again:$'
    expect_matches "$ERR" '^  apt-get update && apt-get install --no-install-recommends .*libuv1-dev'
}

test_deps_elsewhere_are_named_for_other_systems() {
    only bash make awk grep sed sort tr cat dirname nproc
    expect_exit 2 env -u MAKEFLAGS -u MAKELEVEL "PATH=$TEST_DIR/few" make -C "$LATTICE_ROOT" deps
    expect_matches "$ERR" '^error: this is not a Debian or Ubuntu system'
    expect_matches "$ERR" '^dnf install .*libuv-devel'
    expect_matches "$ERR" '^pacman -S --needed .*libuv'
    expect_matches "$ERR" '^apk add .*libuv-dev'
}
