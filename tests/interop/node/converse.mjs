// Converse.js in Chromium over each of `ways`: two people in two browsers log in and talk, and find what they said in the archive.
// What they see is kept as pictures.

import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { options, run, soon, step } from "./steps.mjs";

const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".wasm": "application/wasm", ".svg": "image/svg+xml" };
const dist = join(dirname(fileURLToPath(import.meta.url)), "node_modules", "converse.js", "dist");

const PAGE = `<!doctype html><html><head><meta charset="utf-8"><link rel="stylesheet" href="/converse.min.css">
<script type="module" src="/converse.min.js"></script></head><body class="converse-fullscreen"><script type="module">
window.begin = (settings) => {
  converse.plugins.add("look", {
    initialize() { window.look = this._converse; },
  });
  converse.initialize({ ...settings, whitelisted_plugins: ["look"] });
};
</script></body></html>`;

/** Serves the client as any web server would: from an origin that is not the XMPP server's. */
function serve() {
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url, "http://x").pathname);
    try {
      const body = path === "/" ? PAGE : await readFile(join(dist, path));
      response.writeHead(200, { "Content-Type": TYPES[path === "/" ? ".html" : extname(path)] ?? "application/octet-stream" });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  return new Promise((resolve) => server.listen(options.page, "127.0.0.1", () => resolve(server)));
}

async function login(browser, way, [name, password]) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1100, height: 700 } });
  const page = await context.newPage();
  const said = [];
  page.on("console", (message) => said.push(message.text()));
  page.on("pageerror", (error) => said.push(String(error)));
  await page.goto(`http://127.0.0.1:${options.page}/`);
  await page.evaluate((settings) => window.begin(settings), {
    authentication: "login", auto_login: true, jid: `${name}@${options.domain}/converse`, password,
    discover_connection_methods: false, view_mode: "fullscreen", theme: "default", loglevel: "warn",
    allow_non_roster_messaging: true, auto_reconnect: false, persistent_store: "sessionStorage",
    assets_path: "/", i18n: "en", show_controlbox_by_default: true, ...way,
  });
  try {
    await page.waitForFunction(() => window.look?.api?.connection?.connected?.(), undefined, { timeout: 30_000 });
    await page.evaluate(async () => { await window.look.api.waitUntil("rosterContactsFetched"); });
  } catch (error) {
    throw new Error(`${name} does not come in: ${error}\n${said.join("\n")}`);
  }
  step(`${name} logged in`);
  return page;
}

/** Opens the chat with the other. Nothing is returned: what the client keeps of a chat is too large to come here. */
async function open(page, other) {
  await page.evaluate(async (jid) => { await window.look.api.chats.open(jid, {}, true); }, other);
}

/** Types into the page as a person would. */
async function say(page, to, text) {
  await open(page, to);
  const box = page.locator("textarea.chat-textarea").first();
  await box.waitFor({ timeout: 20_000 });
  await box.fill(text);
  await box.press("Enter");
}

async function sees(page, text) {
  await page.locator(".chat-msg__text", { hasText: text }).first().waitFor({ timeout: 20_000 });
}

run(async () => {
  const server = await serve();
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium", headless: true,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  const [first, second] = options.accounts;
  const jid = ([name]) => `${name}@${options.domain}`;
  try {
    for (const [kind, way] of Object.entries(options.ways)) {
      const romeo = await login(browser, way, first);
      const juliet = await login(browser, way, second);
      await say(romeo, jid(second), `But soft! over ${kind}`);
      await open(juliet, jid(first));
      await sees(juliet, `But soft! over ${kind}`);
      await say(juliet, jid(first), "Ay me! \u263e <&>");
      await sees(romeo, "Ay me! \u263e <&>");
      step(`both see what the other wrote over ${kind}`);
      for (const [name, page] of [["romeo", romeo], ["juliet", juliet]]) {
        await page.screenshot({ path: join(options.pictures, `converse-${kind}-${name}.png`) });
        await soon(page.evaluate(async () => { await window.look.api.user.logout(); }), "logout");
        await page.context().close();
      }
      // A browser that knows nothing of it: what was said comes from the archive.
      const again = await login(browser, way, second);
      await open(again, jid(first));
      await sees(again, `But soft! over ${kind}`);
      await sees(again, "Ay me! \u263e <&>");
      step(`and finds it again in another browser over ${kind}`);
      await again.context().close();
    }
  } finally {
    await browser.close();
    server.close();
  }
});
