# ssh from a real sshd: keys, host keys, both spellings of an address, and what sshd keeps from git.
# shellcheck shell=bash

# shellcheck source=tests/e2e/lib/worker.sh
. "$LATTICE_ROOT/tests/e2e/lib/worker.sh"

# ssh_server [LINE-OF-SSHD-CONFIG...]: from now on `ssh server` reaches an sshd of the test's own, with
# the test's keys. Each connection starts one that serves it alone, so that no port is taken; what ssh
# is told stands where the machine's ssh_config is, in mounts that are the test's own.
ssh_server() {
    local sshd account file
    sshd=$(PATH=$PATH:/usr/sbin command -v sshd) || skip 'there is no sshd (CI=true make deps installs it)'
    command -v ssh-keygen >/dev/null || skip 'there is no ssh-keygen (package openssh-client)'
    [ -e /etc/ssh/ssh_config ] || skip 'there is no /etc/ssh/ssh_config to stand in for'
    account=$(id -un)
    mkdir -m 700 "$TEST_DIR/ssh"
    ssh-keygen -q -t ed25519 -N '' -C test -f "$TEST_DIR/ssh/host"
    ssh-keygen -q -t ed25519 -N '' -C test -f "$TEST_DIR/ssh/mine"
    ssh-keygen -q -t ed25519 -N '' -C test -f "$TEST_DIR/ssh/other"
    cp "$TEST_DIR/ssh/mine.pub" "$TEST_DIR/ssh/authorized"
    printf 'server %s\n' "$(cat "$TEST_DIR/ssh/host.pub")" >"$TEST_DIR/ssh/known"
    printf '%s\n' "HostKey $TEST_DIR/ssh/host" "AuthorizedKeysFile $TEST_DIR/ssh/authorized" \
        'StrictModes no' 'UsePAM no' 'PermitRootLogin prohibit-password' 'PasswordAuthentication no' \
        'KbdInteractiveAuthentication no' "$@" >"$TEST_DIR/ssh/sshd_config"
    # The key exchange is the quick one: the default one takes half a second of a processor.
    cat >"$TEST_DIR/ssh/config" <<CONFIG
Host server
    User $account
    IdentityFile $TEST_DIR/ssh/mine
    IdentitiesOnly yes
    IdentityAgent none
    UserKnownHostsFile $TEST_DIR/ssh/known
    GlobalKnownHostsFile none
    StrictHostKeyChecking yes
    KexAlgorithms curve25519-sha256
    ProxyCommand $sshd -i -f $TEST_DIR/ssh/sshd_config -E $TEST_DIR/ssh/log
CONFIG
    mount --bind "$TEST_DIR/ssh/config" /etc/ssh/ssh_config
    # Nothing of whoever runs this: it would come before ours, or cost seconds.
    for file in .bashrc .ssh/config .gitconfig; do
        file=$(getent passwd "$account" | cut -d: -f6)/$file
        [ ! -e "$file" ] || mount --bind /dev/null "$file"
    done
    mount -t tmpfs -o mode=755 none /run
    mkdir -m 755 /run/sshd
}

upstream() {
    make_repo "$TEST_DIR/notes"
    repo_pages "$TEST_DIR/notes" 20
    repo_commit "$TEST_DIR/notes"
    git -C "$TEST_DIR/notes" config uploadpack.allowFilter true
}

# syncs URL: the first time, with a change, and with nothing to do.
syncs() {
    add_source notes "$1"
    sync_exits 0 'notes: ok, 20 pages' notes
    store_equals_git notes "$TEST_DIR/notes"
    expect_contains "$TEST_DIR/ssh/log" 'Accepted publickey for'
    repo_write "$TEST_DIR/notes" pages/page-000005.md '# Changed\n'
    repo_commit "$TEST_DIR/notes"
    sync_exits 0 'notes: ok, 20 pages (0 added, 1 changed' notes
    store_equals_git notes "$TEST_DIR/notes"
    store_sound notes
    sync_exits 0 'notes: unchanged' notes
}

test_an_ssh_address_is_synced() {
    own_mounts "${BASH_SOURCE[0]}" "${FUNCNAME[0]}"
    ssh_server 'AcceptEnv GIT_PROTOCOL'
    upstream
    syncs "ssh://server$TEST_DIR/notes"
    expect_equal "$(cat "$ERR")" '' 'warnings'
    expect_equal "$(git --git-dir="$LATTICE_HOME/sources/notes/mirror.git" cat-file --batch-all-objects \
        --batch-check='%(objecttype)' | grep -c blob)" 21 'blobs in the mirror: by their ids'
}

test_an_address_as_scp_has_them_is_synced() {
    own_mounts "${BASH_SOURCE[0]}" "${FUNCNAME[0]}"
    ssh_server 'AcceptEnv GIT_PROTOCOL'
    upstream
    syncs "server:$TEST_DIR/notes"
}

# Debian's sshd accepts LANG and LC_* alone: git's server behind it speaks version 0.
test_an_sshd_that_keeps_the_protocol_from_git_serves_all_at_once() {
    own_mounts "${BASH_SOURCE[0]}" "${FUNCNAME[0]}"
    ssh_server
    upstream
    syncs "$(id -un)@server:$TEST_DIR/notes"
}

test_a_key_that_is_not_accepted_is_a_matter_of_credentials() {
    own_mounts "${BASH_SOURCE[0]}" "${FUNCNAME[0]}"
    ssh_server
    upstream
    cp "$TEST_DIR/ssh/other.pub" "$TEST_DIR/ssh/authorized"
    add_source notes "ssh://server$TEST_DIR/notes"
    sync_exits 77 'notes: failed auth' notes
    expect_contains "$OUT" 'Permission denied (publickey); check the ssh key: it must work without a passphrase'
}

test_a_key_with_a_passphrase_asks_nobody() {
    own_mounts "${BASH_SOURCE[0]}" "${FUNCNAME[0]}"
    ssh_server
    upstream
    ssh-keygen -q -p -N secret -f "$TEST_DIR/ssh/mine"
    add_source notes "ssh://server$TEST_DIR/notes"
    sync_exits 77 'notes: failed auth' notes
}

test_a_host_key_that_is_not_known_is_refused() {
    own_mounts "${BASH_SOURCE[0]}" "${FUNCNAME[0]}"
    ssh_server
    upstream
    printf 'server %s\n' "$(cat "$TEST_DIR/ssh/other.pub")" >"$TEST_DIR/ssh/known"
    add_source notes "ssh://server$TEST_DIR/notes"
    sync_exits 77 'notes: failed auth' notes
    expect_contains "$OUT" "connect once by hand with ssh to accept the host's key"
}

test_a_repository_that_is_not_there_is_a_matter_of_the_address() {
    own_mounts "${BASH_SOURCE[0]}" "${FUNCNAME[0]}"
    ssh_server
    add_source notes "ssh://server$TEST_DIR/nothing"
    sync_exits 78 'notes: failed config' notes
    expect_contains "$OUT" "check \`url\`"
}
