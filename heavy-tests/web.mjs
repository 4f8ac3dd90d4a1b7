// Drives the pages of lattice-reads in headless Chromium: web.mjs CHROMIUM PROGRAMS TEST-FOLDER SHOTS.
// Started by web.sh, which makes the home that is looked at.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';

const [chromiumPath, programs, folder, shots] = process.argv.slice(2);
const load = createRequire(`${process.env.NODE_PATH}/x.js`);
const { chromium } = load('playwright-core');
const axeSource = readFileSync(load.resolve('axe-core/axe.min.js'), 'utf8');
const exec = promisify(execFile);

const WAIT = 60000; // everything is waited for by its event; this is for a machine that is very slow

// --- the service ----------------------------------------------------------------------------------------

let base;

// Resolves when it says that it is ready.
async function serve(listen) {
    const child = spawn(`${programs}/lattice-reads`, ['serve', '--listen', listen], {
        cwd: folder, stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.ended = new Promise((resolve) => child.once('exit', resolve));
    let said = '';
    await new Promise((resolve, reject) => {
        child.stderr.on('data', (data) => {
            said += data;
            if (/serve: ready/.test(said)) resolve();
        });
        child.once('exit', () => reject(new Error(`the service ended: ${said}`)));
    });
    base = said.match(/listening on (http:\/\/\S+)/)[1];
    return child;
}

async function stop(child) {
    child.kill('SIGTERM');
    await child.ended;
}

// Some sources fail, and are meant to.
const supervise = (...args) => exec(`${programs}/lattice-supervise`, args).catch((error) => error);

// --- tests ----------------------------------------------------------------------------------------------

let browser;
let service;
let failures = 0;
let passed = 0;

const desktop = { viewport: { width: 1280, height: 800 }, colorScheme: 'light' };
const looks = {
    light: desktop,
    dark: { ...desktop, colorScheme: 'dark' },
    phone: { viewport: { width: 320, height: 640 }, colorScheme: 'light', isMobile: true, hasTouch: true },
    'phone-dark': { viewport: { width: 320, height: 640 }, colorScheme: 'dark', isMobile: true, hasTouch: true },
};

// A test has its own context; nothing may be said on the console, nothing asked of others.
async function test(name, run, options = desktop, { quiet = true } = {}) {
    const context = await browser.newContext({ ...options, baseURL: base });
    const page = await context.newPage();
    const heard = [];
    page.setDefaultTimeout(WAIT);
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && heard.push(message.text()));
    page.on('pageerror', (error) => heard.push(`${error}`));
    page.on('dialog', (dialog) => {
        heard.push(`dialog: ${dialog.message()}`);
        dialog.dismiss();
    });
    page.on('request', (request) => request.url().startsWith(base) || heard.push(`asked: ${request.url()}`));
    try {
        await run(page);
        if (quiet) assert.deepEqual(heard, [], 'the browser complains');
        passed++;
        console.log(`   ok      ${name}`);
    } catch (error) {
        failures++;
        console.log(`   FAILED  ${name}: ${error.stack}\n${heard.join('\n')}`);
        await page.screenshot({ path: `${shots}/failed-${name}.png` }).catch(() => {});
    }
    await context.close();
}

const focused = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.textContent);
const hitTitles = (page) => page.locator('.hits .open').allTextContents();
const findHits = (page, query) => page.waitForFunction(
    (q) => new URLSearchParams(location.search).get('q') === q && document.title.startsWith(`${q} `) &&
        !document.querySelector('main[aria-busy]'), query);

await (async () => {
    service = await serve('127.0.0.1:0');
    browser = await chromium.launch({
        executablePath: chromiumPath,
        headless: true,
        args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
            '--disable-component-update', '--disable-sync'],
    });

    await test('search_as_you_type_and_open_by_keys_alone', async (page) => {
        await page.goto('/sources/notes');
        await page.keyboard.press('/');
        assert.equal(await focused(page), 'q');
        await page.goto('/');
        // Autofocus comes with the first frame, which may be later than the end of loading.
        await page.waitForFunction(() => document.activeElement.id === 'q');
        await page.keyboard.type('uv_spawn', { delay: 20 });
        await findHits(page, 'uv_spawn');
        const titles = await hitTitles(page);
        assert.ok(titles.includes('Deployment guide'), `${titles}`);
        assert.equal(await page.locator('.hits mark').first().textContent(), 'uv_spawn');
        assert.match(await page.locator('#status').textContent(), /^\d+ pages found$/);
        await page.keyboard.press('ArrowDown');
        assert.equal(await focused(page), titles[0]);
        await page.keyboard.press('ArrowDown');
        assert.equal(await focused(page), titles[1]);
        await page.keyboard.press('ArrowUp');
        await page.keyboard.press('ArrowUp');
        assert.equal(await focused(page), 'q');
        for (let i = 0; i <= titles.indexOf('Deployment guide'); i++) await page.keyboard.press('ArrowDown');
        await page.keyboard.press('Enter');
        await page.waitForURL(/\/pages\/notes\/ops\/deploy\.md\?q=uv_spawn#c\d+$/);
        assert.equal(await page.locator('h1').textContent(), 'Deployment guide');
        assert.ok(await page.evaluate(() => CSS.highlights.get('found').size) >= 2, 'words in the page');
        await page.keyboard.press('Escape');
        await page.waitForURL(/\/\?q=uv_spawn$/);
        assert.deepEqual(await hitTitles(page), titles);
    });

    await test('enter_shows_results_and_goes_to_the_first', async (page) => {
        await page.goto('/');
        await page.keyboard.type('glossary');
        await page.keyboard.press('Enter');
        await findHits(page, 'glossary');
        await page.waitForFunction(() => document.activeElement.classList.contains('open'));
        assert.equal(await focused(page), (await hitTitles(page))[0]);
        await page.keyboard.press('Enter');
        await page.waitForURL(/\/pages\//);
    });

    await test('a_slow_answer_never_replaces_a_newer_one', async (page) => {
        let letGo;
        const held = new Promise((resolve) => { letGo = resolve; });
        await page.route(/[?&]q=uv_spawn&/, async (route) => {
            await held;
            await route.continue().catch(() => {});
        });
        await page.goto('/');
        const asked = page.waitForRequest(/[?&]q=uv_spawn&/);
        await page.locator('#q').fill('uv_spawn');
        const slow = await asked;
        const gone = page.waitForEvent('requestfailed', (request) => request === slow);
        await page.locator('#q').fill('glossary');
        await gone; // it was given up
        await findHits(page, 'glossary');
        letGo();
        assert.ok((await hitTitles(page)).includes('Glossary'));
        assert.equal(new URL(page.url()).searchParams.get('q'), 'glossary');
    });

    await test('the_history_goes_back_to_what_was_shown', async (page) => {
        await page.goto('/?q=glossary');
        const before = await hitTitles(page);
        await page.locator('#q').fill('uv_spawn');
        await findHits(page, 'uv_spawn');
        await page.goBack();
        await findHits(page, 'glossary');
        assert.deepEqual(await hitTitles(page), before);
        assert.equal(await page.locator('#q').inputValue(), 'glossary');
    });

    await test('everything_is_reached_without_script', async (page) => {
        await page.goto('/');
        await page.locator('#q').fill('text');
        await page.getByRole('button', { name: 'Search' }).click();
        await page.waitForURL(/\?q=text$/);
        assert.equal(await page.locator('.hits > li').count(), 20);
        await page.getByRole('link', { name: /More results/ }).click();
        await page.waitForURL(/offset=20/);
        assert.equal(await page.locator('.hits').getAttribute('start'), '21');
        await page.locator('.hits .open').first().click();
        await page.waitForURL(/\/pages\//);
        await page.locator('#back').click();
        await page.waitForURL(/\?q=text/);
        await page.getByRole('link', { name: 'Sources' }).click();
        await page.waitForURL(/\/sources$/);
        assert.equal(await page.locator('table.sources tbody').count(), 7);
    }, { ...desktop, javaScriptEnabled: false });

    await test('what_is_old_catches_the_eye', async (page) => {
        await page.goto('/sources');
        const row = (id) => page.locator('tbody', { has: page.locator(`a[href="/sources/${id}"]`) });
        const paper = (id) => row(id).evaluate((node) => getComputedStyle(node).backgroundColor);
        assert.match(await row('media').textContent(), /failed[\s\S]*2 days ago[\s\S]*unreachable/);
        assert.match(await row('far').textContent(), /never/);
        assert.notEqual(await paper('media'), await paper('notes'));
        assert.equal(await paper('media'), await paper('far'));
        assert.equal(await row('handbook').locator('.late').textContent(), '3 h ago');
        await page.goto('/?q=uv_spawn');
        await page.getByText('2 days old').waitFor();
        await page.goto('/pages/media/a.md');
        await page.getByText('This may be out of date: the source was last seen 2 days ago.').waitFor();
    });

    await test('a_sync_is_seen_while_it_runs', async (page) => {
        await page.goto('/sources');
        await page.locator('#live.on').waitFor();
        await page.evaluate(() => {
            window.mine = true;
            window.seen = [];
            const look = () => {
                const row = document.querySelector('a[href="/sources/live"]').closest('tbody');
                const text = row.querySelector('.pill').textContent;
                if (window.seen.at(-1) !== text) window.seen.push(text);
            };
            look();
            new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
        });
        await page.locator('a[href="/sources/notes"]').focus();
        const run = supervise('--source', 'live');
        await page.waitForFunction(() => window.seen.includes('running'), null, { timeout: WAIT });
        await page.screenshot({ path: `${shots}/running-light.png` });
        await page.waitForFunction(() => window.seen.at(-1) === 'ok', null, { timeout: 3 * WAIT });
        await run;
        const row = page.locator('tbody', { has: page.locator('a[href="/sources/live"]') });
        await row.getByText('30,000', { exact: true }).waitFor();
        assert.ok(await page.evaluate(() => window.mine), 'the page was not loaded again');
        assert.equal(await focused(page), 'notes', 'the focus stays');
        assert.match(await row.locator('svg.strip').getAttribute('aria-label'), /1 good/);
    });

    await test('a_small_sync_is_seen_at_once', async (page) => {
        await page.goto('/sources/notes');
        await page.locator('#live.on').waitFor();
        const before = await page.locator('.runs tbody tr').count();
        writeFileSync(`${folder}/notes/new.md`, '# Brand new\n\nzebrafinch\n');
        await exec('git', ['-C', `${folder}/notes`, 'add', '-A']);
        await exec('git', ['-C', `${folder}/notes`, 'commit', '-qm', 'new']);
        await supervise('--source', 'notes');
        await page.waitForFunction((n) => document.querySelectorAll('.runs tbody tr').length === n + 1, before);
        await page.getByRole('link', { name: 'Brand new' }).waitFor();
        await page.goto('/?q=zebrafinch');
        assert.deepEqual(await hitTitles(page), ['Brand new']);
    });

    await test('sessions_need_no_script', async (page) => {
        await page.goto('/');
        await page.getByRole('link', { name: 'Sessions' }).click();
        await page.getByRole('link', { name: 'Why the queue grows' }).click();
        await page.waitForURL(/\/sessions\/in\/s-1$/);
        assert.equal(await page.locator('.observations > li').count(), 4);
        assert.match(await page.locator('.observations > li').nth(1).textContent(), /discovery[\s\S]*superseded by/);
        await page.locator('#back').click();
        await page.waitForURL(/\/sessions$/);
    }, { ...desktop, javaScriptEnabled: false });

    await test('what_is_pushed_is_seen_when_it_comes', async (page) => {
        await page.goto('/sessions/in/s-1');
        await page.locator('#live.on').waitFor();
        await page.evaluate(() => { window.mine = true; });
        const push = exec(`${programs}/lattice-worker`, ['append', 'in', '--strict']);
        push.child.stdin.end('{"session": "s-1", "type": "change", "text": "A turnstone was seen."}\n');
        await push;
        await supervise('--source', 'in');
        await page.getByText('A turnstone was seen.').waitFor();
        assert.equal(await page.locator('.observations > li').count(), 5);
        assert.ok(await page.evaluate(() => window.mine), 'the page was not loaded again');
    });

    await test('hostile_markdown_does_nothing', async (page) => {
        await page.goto('/pages/notes/hostile.md');
        assert.match(await page.locator('h1').textContent(), /^Hostile/);
        assert.equal(await page.locator('.text :is(script, img, iframe, style, form, button)').count(), 0);
        assert.equal(await page.locator('a[href^="javascript"]').count(), 0);
        assert.ok(await page.locator('main').isVisible());
        await page.screenshot({ path: `${shots}/hostile-light.png` });
    });

    await test('a_broken_store_is_named_and_the_others_answer', async (page) => {
        const store = `${process.env.LATTICE_HOME}/sources/broken/store.db`;
        writeFileSync(`${store}.bad`, 'not a database '.repeat(4096));
        renameSync(`${store}.bad`, store);
        await page.goto('/?q=uv_spawn');
        await page.locator('.warn', { hasText: 'broken did not answer' }).waitFor();
        assert.ok((await hitTitles(page)).includes('Deployment guide'));
        await page.screenshot({ path: `${shots}/broken-light.png` });
        await page.goto('/sources');
        await page.locator('tbody.attention', { has: page.locator('a[href="/sources/broken"]') }).waitFor();
    });

    const views = {
        start: '/', search: '/?q=uv_spawn', nothing: '/?q=nothinglikeit', page: '/pages/notes/README.md?q=source',
        code: '/pages/notes/ops/deploy.md?q=uv_spawn', text: '/pages/notes/may.txt', sources: '/sources',
        source: '/sources/media', missing: '/pages/notes/nowhere.md', sessions: '/sessions', session: '/sessions/in/s-1',
    };
    for (const [look, options] of Object.entries(looks))
        await test(`axe_finds_nothing_${look}`, async (page) => {
            for (const [name, address] of Object.entries(views)) {
                await page.goto(address);
                if (/^\/(sources|sessions)/.test(address)) await page.locator('#live.on').waitFor();
                await page.evaluate(axeSource);
                const { violations } = await page.evaluate(() => axe.run({ resultTypes: ['violations'] }));
                const found = violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(' ')}`);
                assert.deepEqual(found, [], `${name} ${look}`);
                const width = await page.evaluate(() => document.documentElement.scrollWidth);
                assert.ok(width <= options.viewport.width, `${name} is ${width} wide`);
                await page.screenshot({ path: `${shots}/${name}-${look}.png`, fullPage: true });
            }
        }, options, { quiet: false }); // a missing page is an error on the console

    await test('who_is_cut_off_is_told_and_is_live_again', async (page) => {
        const port = new URL(base).port;
        await page.goto('/sources');
        await page.locator('#live.on').waitFor();
        await stop(service);
        await page.getByText('not live: connecting again').waitFor();
        service = await serve(`127.0.0.1:${port}`);
        await page.locator('#live.on').waitFor();
        await page.goto('/');
        await stop(service);
        await page.locator('#q').fill('glossary');
        await page.locator('#failure', { hasText: 'The service does not answer' }).waitFor();
        service = await serve(`127.0.0.1:${port}`);
        await page.locator('#q').fill('uv_spawn');
        await findHits(page, 'uv_spawn');
        assert.equal(await page.locator('#failure').count(), 0);
    }, desktop, { quiet: false }); // refused connections are errors on the console
})().catch((error) => {
    failures++;
    console.log(`   FAILED  ${error.stack}`);
}).finally(async () => {
    await browser?.close();
    if (service) await stop(service);
});
console.log(`   ${passed} passed, ${failures} failed`);
process.exitCode = failures ? 1 : 0;
