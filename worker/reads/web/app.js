// Search as you type, keys, and the live view of sources. Everything works without it, too: what is
// put into the page here is what the service sends for the same address, with fragment=1.

const $ = (id) => document.getElementById(id);
const main = $('main');
const field = $('q');
document.documentElement.classList.add('js');

// --- content from the service ---------------------------------------------------------------------

const fragmentAddress = (address) => {
    const url = new URL(address, location.href);
    url.searchParams.set('fragment', '1');
    url.hash = '';
    return url;
};

// Makes `old` what `fresh` is and keeps every node that is the same: focus and selection stay.
function patch(old, fresh) {
    if (old.isEqualNode(fresh)) return;
    if (old.nodeType !== Node.ELEMENT_NODE || old.nodeName !== fresh.nodeName) {
        old.replaceWith(fresh);
        return;
    }
    for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
    for (const { name, value } of fresh.attributes) old.setAttribute(name, value);
    const parts = [...fresh.childNodes]; // those that are taken over are no longer there
    parts.forEach((part, i) => {
        if (i < old.childNodes.length) patch(old.childNodes[i], part);
        else old.append(part);
    });
    while (old.childNodes.length > parts.length) old.lastChild.remove();
}

const say = (text) => {
    if ($('status').textContent !== text) $('status').textContent = text;
};

function show(text) {
    const view = new DOMParser().parseFromString(text, 'text/html').getElementById('view');
    if (!view) throw new Error('this is not from the service');
    document.title = view.dataset.title;
    say(view.dataset.status);
    document.adoptNode(view);
    patch($('view'), view);
}

function showFailure(error) {
    const problem = document.createElement('p');
    problem.className = 'warn';
    problem.id = 'failure';
    problem.textContent = `The service does not answer (${error.message}). ` +
        'Is "lattice-reads serve" running? What is shown is what it said last.';
    $('failure')?.remove();
    $('view').prepend(problem);
    say(problem.textContent);
}

let request = null;

// The newest wins: what was asked before is given up. Resolves to whether it was shown.
async function load(address) {
    request?.abort();
    const mine = request = new AbortController();
    const slow = setTimeout(() => main.setAttribute('aria-busy', 'true'), 300);
    try {
        const answer = await fetch(fragmentAddress(address), { signal: mine.signal });
        const text = await answer.text();
        if (mine.signal.aborted) return false;
        show(text);
        return true;
    } catch (error) {
        if (mine.signal.aborted) return false;
        showFailure(error);
        return false;
    } finally {
        clearTimeout(slow);
        if (request === mine) {
            main.removeAttribute('aria-busy');
            request = null;
        }
    }
}

// --- search as you type -----------------------------------------------------------------------------

const searching = () => location.pathname === '/';
const hits = () => [...document.querySelectorAll('.hits .open, .recent .open')];
let shown = field.value.trim(); // the query whose results are there
let settled = true; // the last search was looked at: the next one is a new entry in the history
let typing = 0;

function searchAddress(query) {
    const url = new URL('/', location.href);
    if (query) url.searchParams.set('q', query);
    const source = field.form.elements.source?.value;
    if (source) url.searchParams.set('source', source);
    return url;
}

async function search() {
    clearTimeout(typing);
    const query = field.value.trim();
    if (query === shown && !request) return;
    const address = searchAddress(query);
    history[settled ? 'pushState' : 'replaceState'](null, '', address);
    settled = false;
    if (await load(address)) shown = query;
}

field.addEventListener('input', () => {
    if (!searching()) return;
    clearTimeout(typing);
    typing = setTimeout(search, 60);
});

field.form.addEventListener('submit', async (event) => {
    if (!searching()) return;
    event.preventDefault();
    await search();
    settled = true;
    hits()[0]?.focus();
});

addEventListener('popstate', () => {
    if (!searching()) return;
    field.value = new URLSearchParams(location.search).get('q') ?? '';
    shown = field.value.trim();
    settled = true;
    load(location.href);
});

// --- keys -------------------------------------------------------------------------------------------

function move(by) {
    const all = hits();
    const at = all.indexOf(document.activeElement);
    if (at + by < 0) field.focus();
    else all[Math.min(at + by, all.length - 1)]?.focus();
    settled = true;
}

function back() {
    if (document.activeElement === field && field.value && searching()) return; // the browser clears it
    if ($('back')) location.assign($('back').href);
    else if (searching()) field.focus();
    else location.assign('/');
}

addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const at = document.activeElement;
    const typed = at instanceof HTMLInputElement || at instanceof HTMLTextAreaElement;
    const among = at === field || at?.classList.contains('open');
    if (event.key === '/' && !typed) {
        field.focus();
        field.select();
    } else if (event.key === 'ArrowDown' && among && searching()) move(1);
    else if (event.key === 'ArrowUp' && at !== field && among && searching()) move(-1);
    else if (event.key === 'Escape') return back();
    else return;
    event.preventDefault();
});

// --- the words of the search, in the page that was opened ---------------------------------------------

const plain = (text) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

function highlight() {
    const text = document.querySelector('.page .text');
    const words = [...new Set(plain(field.value).match(/(?<![-\p{L}\p{N}_])[\p{L}\p{N}_]{2,}/gu) ?? [])]
        .filter((word) => word !== 'or' && word !== 'and');
    if (!text || !words.length || !CSS.highlights) return;
    const ranges = [];
    const walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
    while (walker.nextNode() && ranges.length < 2000)
        for (const { 0: word, index } of walker.currentNode.data.matchAll(/[\p{L}\p{M}\p{N}_]+/gu))
            if (words.includes(plain(word))) {
                const range = new Range();
                range.setStart(walker.currentNode, index);
                range.setEnd(walker.currentNode, index + word.length);
                ranges.push(range);
            }
    CSS.highlights.set('found', new Highlight(...ranges));
}
highlight();

// --- the live view ------------------------------------------------------------------------------------

// One request at a time; what happens meanwhile makes one more.
let asking = false;
let again = false;

async function refresh() {
    if (asking) {
        again = true;
        return;
    }
    asking = true;
    do {
        again = false;
        await load(location.href);
        tellLive();
    } while (again);
    asking = false;
}

let live = '';

function tellLive(state = live) {
    live = state;
    const place = $('live');
    if (!place) return;
    place.hidden = false;
    place.className = state === 'live' ? 'live on' : 'live';
    place.textContent = state === 'live' ? 'live' : 'not live: connecting again';
}

if (/^\/(sources|sessions)(\/|$)/.test(location.pathname)) {
    const events = new EventSource('/api/v1/events');
    const kinds = ['run_started', 'run_progress', 'run_finished', 'source_fresh', 'source_stale', 'reset'];
    for (const kind of kinds) events.addEventListener(kind, refresh);
    events.addEventListener('open', () => {
        tellLive('live');
        refresh(); // what happened before the stream was there
    });
    events.addEventListener('error', () => tellLive('lost'));
    // Ages go on without any event.
    setInterval(() => document.hidden || refresh(), 30000);
    document.addEventListener('visibilitychange', () => document.hidden || refresh());
    addEventListener('pagehide', () => events.close());
    addEventListener('pageshow', (event) => event.persisted && location.reload());
}
