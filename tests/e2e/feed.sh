# Sources of the kind `feed`: formats, pages, what is kept and what goes, cuts and lies.
# shellcheck shell=bash disable=SC2153 # lib.sh sets CODE, lib/http.sh PORT

# shellcheck source=tests/e2e/lib/http.sh
. "$LATTICE_ROOT/tests/e2e/lib/http.sh"

# rss ID...: a feed of these entries, newest first.
rss() {
    local id
    echo '<?xml version="1.0"?><rss version="2.0"><channel><title>Blog</title>'
    for id; do
        echo "<item><guid>$id</guid><title>Post $id</title><link>/posts/$id</link><description>
            &lt;p&gt;Words of &lt;b&gt;$id&lt;/b&gt;.&lt;/p&gt;</description></item>"
    done
    echo '</channel></rss>'
}

# atom ELEMENTS ID...: a feed of these entries, with some elements of its own.
atom() {
    local id
    echo "<feed xmlns='http://www.w3.org/2005/Atom' xmlns:at='http://purl.org/atompub/tombstones/1.0'
        xmlns:fh='http://purl.org/syndication/history/1.0'>$1"
    for id in "${@:2}"; do
        echo "<entry><id>$id</id><title>Entry $id</title></entry>"
    done
    echo '</feed>'
}

# json NEXT ID...: a mapped document; NEXT may be empty.
json() {
    local next=$1 id comma=''
    shift
    printf '{"data":['
    for id; do
        printf '%s{"key":"%s","name":"Item %s","text":"Words of %s."}' "$comma" "$id" "$id" "$id"
        comma=,
    done
    printf '],"next":"%s"}' "$next"
}

blog() {
    http_upstream upstream
    add_source blog "http://127.0.0.1:$PORT/feed" --kind feed "$@"
}

# A source of JSON whose fields are mapped.
mapped() {
    http_upstream upstream
    mkdir -p "$LATTICE_HOME"
    chmod 700 "$LATTICE_HOME"
    cat >"$LATTICE_HOME/sources.json" <<JSON
{"sources": [{"id": "api", "kind": "feed", "url": "http://127.0.0.1:$PORT/items", "map": {"items": "/data",
 "id": "/key", "title": "/name", "body": "/text", "deleted": "/gone", "next": "/next"}}]}
JSON
}

titles() {
    sql "$1" "SELECT group_concat(title, ', ') FROM (SELECT title FROM page ORDER BY title)"
}

requests() {
    grep -c '^GET ' srv/requests
}

test_a_blog_is_synced_and_found_unchanged() {
    blog
    rss one two | answers _feed
    sync_exits 0 'blog: ok, 2 pages' blog
    expect_equal "$(titles blog)" 'Post one, Post two' 'titles'
    expect_equal "$(hits blog '"words of one"')" 1 'hits'
    expect_equal "$(sql blog "SELECT json_extract(front, '\$.url') FROM page WHERE title = 'Post one'")" \
        "http://127.0.0.1:$PORT/posts/one" 'address'
    sync_exits 0 'blog: unchanged' blog
    store_sound blog
}

test_a_feed_as_they_are_in_the_wild_is_read() {
    blog
    answers _feed <<<'<?xml version="1.0"?>
<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN"
  "http://127.0.0.1:1/publish/formats/rss-0.91.dtd">
<rss version="0.91"><channel><title>Q&A&hellip;</title><item><title>Caf&eacute;&nbsp;&mdash; R&D</title>
<link>http://example.org/?a=1&b=2</link><description>Na&iuml;ve &lt;b&gt;words&lt;/b&gt;</description></item></channel></rss>'
    sync_exits 0 'blog: ok, 1 pages' blog
    expect_equal "$(sql blog "SELECT title || '|' || json_extract(front, '\$.url') FROM page")" \
        $'Caf\u00e9 \u2014 R&D|http://example.org/?a=1&b=2' 'title and address'
    expect_equal "$(hits blog 'naïve AND words')" 1 'hits'
}

test_a_changed_entry_is_changed_and_an_old_one_stays() {
    blog
    rss one two | answers _feed
    sync_exits 0 'blog: ok, 2 pages' blog
    rss three two | sed 's/Words of <b>two/New &/; s/Post two/Post 2/' | answers _feed
    sync_exits 0 '1 added, 1 changed, 0 deleted' blog
    expect_equal "$(titles blog)" 'Post 2, Post one, Post three' 'titles'
    rss | answers _feed
    sync_exits 0 'blog: ok, 3 pages' blog
    # What is kept is kept by a run that does all anew, too.
    sync_exits 0 '3 changed, 0 deleted' blog --full
    expect_equal "$(titles blog)" 'Post 2, Post one, Post three' 'titles'
    expect_equal "$(hits blog '"words of one"')" 1 'hits'
    store_sound blog
}

test_an_entry_with_a_tombstone_goes() {
    blog
    atom '' a b | answers _feed
    sync_exits 0 'blog: ok, 2 pages' blog
    atom '<at:deleted-entry ref="a"/>' b | answers _feed
    sync_exits 0 '1 deleted' blog
    expect_equal "$(titles blog)" 'Entry b' 'titles'
    sync_exits 0 'blog: unchanged' blog
    store_sound blog
}

test_a_complete_feed_is_all_there_is() {
    blog
    atom '' a b | answers _feed
    sync_exits 0 'blog: ok, 2 pages' blog
    atom '<fh:complete/>' b | answers _feed
    sync_exits 0 '1 deleted' blog
    expect_equal "$(titles blog)" 'Entry b' 'titles'
}

test_html_is_text_and_private_is_not_stored() {
    blog
    answers _feed <<<'{"version":"https://jsonfeed.org/version/1.1","items":[{"id":"1","title":"T",
        "content_html":"<h2>Part</h2><script>scripted</script><p>see <a href=\"/x\">there</a> &lt;private&gt;hush&lt;/private&gt; <private>hush</private>end</p>"}]}'
    sync_exits 0 'blog: ok, 1 pages' blog
    expect_equal "$(sql blog "SELECT group_concat(text, '') FROM chunk")" "---
title: \"T\"
---

## Part

see [there](http://127.0.0.1:$PORT/x)  end" 'text'
    expect_equal "$(hits blog 'hush OR scripted')" 0 'hits'
}

test_a_list_by_a_map_loses_what_it_no_longer_has() {
    mapped
    json '' a b c | answers _items
    sync_exits 0 'api: ok, 3 pages' api
    expect_equal "$(titles api)" 'Item a, Item b, Item c' 'titles'
    json '' a b | answers _items
    sync_exits 0 '1 deleted' api
    json '' a b | sed 's/"key":"b"/&,"gone":true/' | answers _items
    sync_exits 0 '1 deleted' api
    expect_equal "$(titles api)" 'Item a' 'titles'
    json '' | answers _items
    sync_exits 65 'refusing to delete 1 of 1 pages' api
    sync_exits 0 '1 deleted' api --allow-shrink
    store_sound api
}

test_every_page_of_a_list_is_followed() {
    mapped
    json /items/2 a b | answers _items
    json 3 c | answers _items_2
    json '' d | answers _items_3 'header Link: </items/9>; rel="prev", <4>; rel="next"'
    json '' e | answers _items_4
    sync_exits 0 'api: ok, 5 pages' api
    rm srv/requests
    sync_exits 0 'api: unchanged' api
    expect_equal "$(requests)" 4 'requests'
    [ ! -e "$LATTICE_HOME/sources/api/answers" ] || fail 'answers were left behind'
}

test_a_feed_is_followed_to_what_is_known() {
    blog
    atom '<link rel="next" href="/old"/>' c | answers _feed
    atom '<link rel="next" href="/oldest"/>' b | answers _old
    atom '' a | answers _oldest
    sync_exits 0 'blog: ok, 3 pages' blog
    rm srv/requests
    sync_exits 0 'blog: unchanged' blog
    expect_equal "$(requests)" 1 'requests'
    atom '<link rel="next" href="/old"/>' d | answers _feed
    sync_exits 0 '1 added' blog
    expect_equal "$(requests)" 3 'requests: its first two pages, and the first of before'
    sync_exits 0 'blog: ' blog --full
    expect_equal "$(requests)" 6 'requests'
    expect_equal "$(titles blog)" 'Entry a, Entry b, Entry c, Entry d' 'titles'
}

test_a_304_means_what_the_store_equals() {
    mapped
    json /items/2 a | answers _items 'header ETag: "1"' match
    json '' b | answers _items_2 'header ETag: "2"' match
    sync_exits 0 'api: ok, 2 pages' api
    sync_exits 0 'api: unchanged' api
    expect_contains <(last_request /items) 'If-None-Match: "1"'
    expect_contains <(last_request /items/2) 'If-None-Match: "2"'
    # One of them changed: all are asked for in full.
    json '' c | answers _items_2 'header ETag: "3"' match
    sync_exits 0 '1 added, 0 changed, 1 deleted' api
    expect_not_contains <(last_request /items) 'If-None-Match'
    expect_equal "$(titles api)" 'Item a, Item c' 'titles'
    sync_exits 0 'api: unchanged' api
    sync_exits 0 'api: ok' api --full
    expect_not_contains <(last_request /items) 'If-None-Match'
}

# The ETag of a feed whose content was not written is not known: no 304 can hide that.
test_no_304_follows_a_failed_write() {
    mapped
    json '' a | answers _items 'header ETag: "1"' match
    sync_exits 0 'api: ok, 1 pages' api
    json '' b c | answers _items 'header ETag: "2"' match
    rm srv/requests
    sync_exits 65 'refusing to delete 1 of 1 pages' api
    sync_exits 65 'refusing to delete 1 of 1 pages' api
    expect_not_contains srv/requests 'If-None-Match: "2"'
    expect_equal "$(requests)" 2 'requests: one for each run'
    sync_exits 0 '2 added, 0 changed, 1 deleted' api --allow-shrink
    sync_exits 0 'api: unchanged' api
    expect_contains <(last_request /items) 'If-None-Match: "2"'
}

# cut_run: the first page of a list was kept, the second one came in half when the run was stopped.
cut_run() {
    mapped
    json /items/2 a | answers _items
    json "${1:-}" b | answers _items_2.1 hold
    json "${1:-}" b | answers _items_2
    start worker "$WORKER" sync api
    wait_for_line srv/requests '^held' 20
    kill "-${SIGNAL:-TERM}" "$STARTED"
    wait_exit "$STARTED"
    rm srv/_items_2.1 srv/requests
}

test_a_cut_run_goes_on_behind_the_last_page() {
    cut_run /items/3
    expect_equal "$CODE" 3 'exit code'
    expect_contains worker.out 'run again to go on'
    # What changed since in a page that was kept is the next run's.
    json /items/2 changed | answers _items
    json '' c | answers _items_3
    sync_exits 0 'api: ok, 3 pages' api
    expect_equal "$(requests)" 2 'requests'
    expect_equal "$(titles api)" 'Item a, Item b, Item c' 'titles'
    [ ! -e "$LATTICE_HOME/sources/api/answers" ] || fail 'answers were left behind'
    sync_exits 0 '1 added, 0 changed, 1 deleted' api
}

test_a_run_that_has_no_time_says_so_and_the_next_goes_on() {
    mapped
    json /items/2 a | answers _items
    json '' b | answers _items_2.1 hold
    json '' b | answers _items_2
    sync_exits 3 'api: partial' api --timeout 6s --grace 3s
    expect_contains "$OUT" 'stopped at its deadline'
    rm srv/_items_2.1 srv/requests
    sync_exits 0 'api: ok, 2 pages' api
    expect_equal "$(requests)" 1 'requests'
    store_sound api
}

test_a_killed_run_goes_on_behind_the_last_page() {
    SIGNAL=KILL cut_run
    sync_exits 0 'api: ok, 2 pages' api
    expect_equal "$(requests)" 1 'requests'
    store_sound api
}

test_answers_of_another_address_are_not_gone_on_with() {
    cut_run
    json '' z | answers _other
    sed -i 's,/items",/other",' "$LATTICE_HOME/sources.json"
    sync_exits 0 'api: ok, 1 pages' api
    expect_equal "$(titles api)" 'Item z' 'titles'
}

test_a_place_that_the_server_has_forgotten_is_left() {
    cut_run
    answers _items_2 'status 410' </dev/null
    json '' c | answers _items
    sync_exits 0 'api: ok, 1 pages' api
    expect_contains "$ERR" 'at which the last run was cut'
    expect_equal "$(titles api)" 'Item c' 'titles'
}

# refused TEXT [LINE...]: the answer on standard input fails the run, and the store stays.
refused() {
    local text=$1
    shift
    answers _feed "$@"
    sync_exits 65 "$text" blog
    expect_equal "$(titles blog)" 'Post one' 'titles'
}

test_what_is_no_feed_changes_nothing() {
    blog
    rss one | answers _feed 'header Content-Type: text/html'
    sync_exits 0 'blog: ok, 1 pages' blog
    refused 'a web page, not a feed' 'header Content-Type: text/html' <<<'<!DOCTYPE html><p>Sorry'
    refused 'the answer is empty' </dev/null
    refused 'XML, line' <<<'<rss><channel><item>'
    refused 'are refused' <<<'<!DOCTYPE rss [<!ENTITY a "b">]><rss><channel><item>&a;</item></channel></rss>'
    refused 'no JSON Feed' <<<'{"error":"down"}'
    refused 'failed bad-data' endless <<<"<rss><channel><!-- $(printf '%0100000d' 0) -->"
    rss two | answers _feed 'length 100000'
    sync_exits 69 'the answer broke off' blog
    expect_equal "$(titles blog)" 'Post one' 'titles'
    store_sound blog
}

test_next_pages_elsewhere_and_in_circles_are_refused() {
    mapped
    json http://127.0.0.1:1/items a | answers _items
    sync_exits 65 'its next page is at http://127.0.0.1:1/items, which is not the server' api
    json /items a | answers _items
    sync_exits 65 'page 2: it leads back to page 1' api
    json /items/2 a | answers _items
    json /items b | answers _items_2
    sync_exits 65 'page 3: it leads back to page 1' api
}

test_the_example_of_the_readme_is_taken() {
    mkdir -p "$LATTICE_HOME"
    chmod 700 "$LATTICE_HOME"
    # shellcheck disable=SC2016 # the marks of a block
    sed -n '/^```json$/,/^```$/p' "$LATTICE_ROOT/README.md" | sed '/^```/d' >"$LATTICE_HOME/sources.json"
    expect_contains "$LATTICE_HOME/sources.json" '"kind": "feed"'
    expect_exit 0 "$SUPERVISE" check-config
}
