# https:// from a real server: credentials reach git and nobody else.
# shellcheck shell=bash

# shellcheck source=tests/e2e/lib/worker.sh
. "$LATTICE_ROOT/tests/e2e/lib/worker.sh"

# Not that of a test beside this one, whose processes are seen too.
SECRET=s3same-$$-$RANDOM

# A server with TLS and passwords on $PORT that serves $TEST_DIR/srv/notes.git as git/notes.git; the
# certificate is the test's own. At each request it notes the arguments of all processes.
https_server() {
    local backend=$TEST_DIR/backend lighttpd
    lighttpd=$(PATH=$PATH:/usr/sbin command -v lighttpd) || skip 'there is no lighttpd (CI=true make deps installs it)'
    command -v openssl >/dev/null || skip 'there is no openssl (CI=true make deps installs it)'
    mkdir "$TEST_DIR/srv"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test \
        -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem 2>/dev/null
    printf '%s' "ada:$SECRET" >passwords
    cat >"$backend" <<SCRIPT
#!/bin/sh
cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' >>'$TEST_DIR/cmdlines'
exec '$(git --exec-path)/git-http-backend'
SCRIPT
    chmod 755 "$backend"
    cat >lighttpd.conf <<CONF
server.modules = ("mod_auth", "mod_authn_file", "mod_alias", "mod_cgi", "mod_setenv", "mod_openssl")
server.document-root = "$TEST_DIR/srv"
server.bind = "/dev/stdin"
server.errorlog = "$TEST_DIR/server.log"
ssl.engine = "enable"
ssl.pemfile = "$TEST_DIR/cert.pem"
ssl.privkey = "$TEST_DIR/key.pem"
alias.url = ("/git" => "$backend")
cgi.assign = ("" => "")
setenv.set-environment = ("GIT_PROJECT_ROOT" => "$TEST_DIR/srv", "GIT_HTTP_EXPORT_ALL" => "1")
auth.backend = "plain"
auth.backend.plain.userfile = "$TEST_DIR/passwords"
auth.require = ("/git" => ("method" => "basic", "realm" => "git", "require" => "valid-user"))
CONF
    start https "$TOOLS/listen_exec" "$lighttpd" -D -f lighttpd.conf
    wait_for_line "$TEST_DIR/https.out" . 10
    PORT=$(head -n 1 "$TEST_DIR/https.out")
    git config --file "$HOME/.gitconfig" http.sslCAInfo "$TEST_DIR/cert.pem"
    git config --file "$HOME/.gitconfig" safe.directory '*'
}

upstream() {
    make_repo "$TEST_DIR/notes"
    repo_pages "$TEST_DIR/notes" "$1"
    repo_commit "$TEST_DIR/notes"
    git clone -q --bare "$TEST_DIR/notes" "$TEST_DIR/srv/notes.git"
    git -C "$TEST_DIR/srv/notes.git" config uploadpack.allowFilter true
    git -C "$TEST_DIR/srv/notes.git" config uploadpack.allowAnySHA1InWant true
}

push() {
    repo_commit "$TEST_DIR/notes"
    git -C "$TEST_DIR/notes" push -q "$TEST_DIR/srv/notes.git" HEAD
}

# Nothing but sources.json knows the secret, also not in base64 as it goes over the wire.
secret_is_nowhere() {
    local form
    for form in "$SECRET" "$(printf 'ada:%s' "$SECRET" | base64)"; do
        ! grep -rlF --exclude=sources.json -e "$form" "$LATTICE_HOME" "$TEST_DIR/cmdlines" \
            "$TEST_DIR/git.args" "$OUT" "$ERR" || fail 'the secret was found there'
    done
}

test_credentials_of_a_url_reach_git_and_nobody_else() {
    https_server
    upstream 100
    wrap_git ''
    add_source notes "https://ada:$SECRET@127.0.0.1:$PORT/git/notes.git"
    secret_is_nowhere
    sync_exits 0 'notes: ok, 100 pages' notes
    expect_contains "$TEST_DIR/cmdlines" "git-remote-https"
    secret_is_nowhere
    store_equals_git notes "$TEST_DIR/notes"
    repo_write "$TEST_DIR/notes" pages/page-000001.md '# Changed\n'
    push
    expect_exit 0 "$SUPERVISE" --all
    expect_contains "$OUT" 'ok '
    secret_is_nowhere
    expect_exit 0 "$SUPERVISE" status --json
    secret_is_nowhere
    expect_exit 0 "$SUPERVISE" list
    secret_is_nowhere
    store_equals_git notes "$TEST_DIR/notes"
    LATTICE_LOG=debug sync_exits 0 'notes: unchanged' notes
    secret_is_nowhere
    store_sound notes
}

test_a_wrong_password_is_told_from_an_unreachable_server() {
    https_server
    upstream 2
    add_source notes "https://ada:wrong-$SECRET@127.0.0.1:$PORT/git/notes.git"
    sync_exits 77 'notes: failed auth' notes
    expect_contains "$OUT" 'check the user name and password or token'
    touch "$TEST_DIR/git.args" "$TEST_DIR/cmdlines"
    secret_is_nowhere
    add_source open "https://127.0.0.1:$PORT/git/notes.git"
    sync_exits 77 'open: failed auth' open
    expect_contains "$OUT" 'it wants a user name and password'
    add_source gone "https://ada:$SECRET@127.0.0.1:$PORT/git/gone.git"
    sync_exits 78 'gone: failed config' gone
    expect_contains "$OUT" "check \`url\`"
}

test_the_users_own_credential_helper_is_asked() {
    https_server
    upstream 2
    git config --file "$HOME/.gitconfig" credential.helper \
        "!f() { test \"\$1\" = get && echo username=ada && echo password=$SECRET; }; f"
    add_source notes "https://127.0.0.1:$PORT/git/notes.git"
    sync_exits 0 'notes: ok, 2 pages' notes
    store_equals_git notes "$TEST_DIR/notes"
}

test_a_certificate_that_is_not_trusted_is_refused() {
    https_server
    upstream 2
    git config --file "$HOME/.gitconfig" --unset http.sslCAInfo
    add_source notes "https://ada:$SECRET@127.0.0.1:$PORT/git/notes.git"
    sync_exits 69 'notes: failed unreachable' notes
    expect_contains "$OUT" "the server's certificate is not trusted"
}

# The one before stays in force, also for a worker whose URL has a secret.
test_a_broken_edit_fails_no_source_with_a_secret() {
    https_server
    upstream 2
    wrap_git ''
    add_source notes "https://ada:$SECRET@127.0.0.1:$PORT/git/notes.git" --set every=1h
    start serve "$SUPERVISE" serve
    local serve=$STARTED
    wait_for_line "$TEST_DIR/serve.err" 'notes wave 1: ok, 2 pages' 20
    echo '{"sources": [{]}' >"$LATTICE_HOME/sources.json"
    wait_for_line "$TEST_DIR/serve.err" 'the one before stays in force' 10
    repo_write "$TEST_DIR/notes" pages/new.md '# New\n'
    push
    kill -USR1 "$serve"
    wait_for_line "$TEST_DIR/serve.err" 'ok, 3 pages' 20
    kill -TERM "$serve"
    wait_exit "$serve"
    touch "$OUT" "$ERR"
    secret_is_nowhere
    store_equals_git notes "$TEST_DIR/notes"
}

test_a_source_that_is_removed_while_it_is_fetched_is_fetched_to_the_end() {
    https_server
    upstream 2
    add_source notes "https://ada:$SECRET@127.0.0.1:$PORT/git/notes.git"
    hold_git fetch
    start first "$WORKER" sync notes
    wait_held
    rm "$LATTICE_HOME/sources.json"
    let_git_go
    wait_exit "$STARTED"
    expect_equal "$CODE" 0 'exit code'
    expect_contains "$TEST_DIR/first.out" 'notes: ok, 2 pages'
    store_equals_git notes "$TEST_DIR/notes"
}

test_the_credential_helper_answers_for_its_own_host_alone() {
    printf '%s\n' https://git.example.org:8443/notes.git username=ada "password=$SECRET" >secret
    ask() {
        printf '%s\n' "$@" '' | "$WORKER" credential get 3<secret
    }
    expect_equal "$(ask protocol=https host=git.example.org:8443)" $'username=ada\npassword='"$SECRET" 'answer'
    expect_equal "$(ask protocol=https host=git.example.org)" '' 'answer without the port'
    expect_equal "$(ask protocol=https host=evil.example.org:8443)" '' 'answer to another host'
    expect_equal "$(ask protocol=http host=git.example.org:8443)" '' 'answer without TLS'
    expect_equal "$(ask)" '' 'answer to nothing'
    expect_exit 0 "$WORKER" credential store 3<secret
    expect_exit 64 "$WORKER" credential 3<secret
    expect_exit 64 "$WORKER" credential get 3<&-
}
