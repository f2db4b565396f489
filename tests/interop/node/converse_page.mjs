// What the scripts with Converse.js share: its page, the browser, people who log in, and what they do there as a person would.

import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { deflateSync } from "node:zlib";
import { chromium } from "playwright-core";
import { options, soon, step } from "./steps.mjs";

const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".wasm": "application/wasm", ".svg": "image/svg+xml" };
const dist = join(dirname(fileURLToPath(import.meta.url)), "node_modules", "converse.js", "dist");
const PATIENCE = 20_000;

const PAGE = `<!doctype html><html><head><meta charset="utf-8"><link rel="stylesheet" href="/converse.min.css">
<script type="module" src="/converse.min.js"></script></head><body class="converse-fullscreen"><script type="module">
window.begin = (settings) => {
  converse.plugins.add("look", {
    initialize() { window.look = this._converse; },
  });
  converse.initialize({ ...settings, whitelisted_plugins: ["look"] });
};
</script></body></html>`;

const PAGES = { "/": PAGE, "/nothing": "<!doctype html>" };

/** Serves the client as any web server would: from an origin that is not the XMPP server's. */
function serve() {
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url, "http://x").pathname);
    try {
      const body = PAGES[path] ?? await readFile(join(dist, path));
      response.writeHead(200, { "Content-Type": TYPES[path in PAGES ? ".html" : extname(path)] ?? "application/octet-stream" });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  return new Promise((resolve) => server.listen(options.page, "127.0.0.1", () => resolve(server)));
}

/** Runs the conversation with a browser, and ends the browser after it. */
export async function inBrowser(conversation) {
  const server = await serve();
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium", headless: true,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  try {
    await conversation(browser);
  } finally {
    await browser.close();
    server.close();
  }
}

/** The address of an account of `options.accounts`. */
export const address = ([name]) => `${name}@${options.domain}`;

/** Somebody in front of a Converse.js in a browser of its own. */
export class Person {
  constructor(page, account, way) {
    Object.assign(this, { page, account, way, said: [], name: account[0], address: address(account), origin: `http://127.0.0.1:${options.page}` });
    page.on("console", (message) => this.said.push(message.text()));
    page.on("pageerror", (error) => this.said.push(String(error)));
    page.setDefaultTimeout(PATIENCE);
  }

  /** Opens the page and logs in; `way` are the client's settings for how to connect. */
  static async login(browser, way, account) {
    const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1100, height: 700 } });
    const person = new Person(await context.newPage(), account, way);
    await person.page.goto(person.origin);
    await person.begin();
    step(`${person.name} logged in`);
    return person;
  }

  async begin() {
    await this.page.evaluate((settings) => window.begin(settings), {
      authentication: "login", auto_login: true, jid: `${this.address}/converse`, password: this.account[1],
      discover_connection_methods: false, view_mode: "fullscreen", theme: "classic", loglevel: "warn",
      allow_non_roster_messaging: true, auto_reconnect: false, persistent_store: "sessionStorage",
      assets_path: "/", i18n: "en", show_controlbox_by_default: true, ...this.way,
    });
    try {
      await this.page.waitForFunction(() => window.look?.api?.connection?.connected?.(), undefined, { timeout: 30_000 });
      await this.page.evaluate(async () => { await window.look.api.waitUntil("rosterContactsFetched"); });
    } catch (error) {
      throw new Error(`${this.name} does not come in: ${error}\n${this.said.join("\n")}`);
    }
  }

  /** Loads the page again, with nothing left of what the client kept in the browser, also not what it writes as it is closed; after
   *  something was done meanwhile. */
  async reload(meanwhile = async () => {}) {
    await this.page.goto(`${this.origin}/nothing`);
    await this.page.evaluate(() => { sessionStorage.clear(); localStorage.clear(); });
    await meanwhile();
    await this.page.goto(this.origin);
    await this.begin();
  }

  locator(selector, filter) {
    return this.page.locator(selector, filter).first();
  }

  /** Waits until something can be seen. */
  async sees(selector, hasText) {
    try {
      await this.locator(selector, hasText === undefined ? {} : { hasText }).waitFor();
    } catch (error) {
      await this.picture("lost");
      throw new Error(`${this.name} does not see ${selector} ${hasText ?? ""}: ${error}\n${this.said.join("\n")}`);
    }
  }

  async click(selector, hasText) {
    await this.sees(selector, hasText);
    await this.locator(selector, { hasText }).click();
  }

  /** Opens the chat with somebody. Nothing is returned: what the client keeps of a chat is too large to come here. */
  async open(other) {
    await this.page.evaluate(async (jid) => { await window.look.api.chats.open(jid, {}, true); }, other.address);
  }

  /** Types into the chat that is open. */
  async says(text) {
    const box = this.locator("textarea.chat-textarea");
    await box.fill(text);
    await box.press("Enter");
  }

  /** Waits for a message in the chat that is open. */
  async hears(text) {
    await this.sees(".chat-msg__text", text);
  }

  /** Chooses a picture of one colour in the dialog for the profile. */
  async setPicture(colour) {
    const dialog = "converse-profile-modal";
    await this.click(".show-profile");
    await this.sees(`${dialog} .save-form`);
    await this.locator(`${dialog} input[name=avatar_image]`).setInputFiles({ name: "me.png", mimeType: "image/png", buffer: png(colour) });
    await this.click(`${dialog} .save-form`);
    await this.locator(dialog).waitFor({ state: "hidden" });
  }

  /** Waits for a picture, and looks what colour it has in the middle: red, green and blue. */
  async seesColour(selector, colour) {
    await this.sees(selector);
    const shown = this.locator(selector);
    const source = await shown.getAttribute("href") ?? await shown.getAttribute("src");
    const seen = await this.page.evaluate(async (address) => {
      const image = new Image();
      image.crossOrigin = "anonymous";
      image.src = address;
      await image.decode();
      const canvas = new OffscreenCanvas(1, 1).getContext("2d");
      canvas.drawImage(image, image.width / 2, image.height / 2, 1, 1, 0, 0, 1, 1);
      return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
    }, source);
    const near = seen.every((value, index) => Math.abs(value - colour[index]) < 8);
    if (!near) throw new Error(`${this.name} sees ${seen} instead of ${colour} in ${selector}`);
  }

  /** Keeps what a person would see. */
  async picture(what) {
    await this.page.screenshot({ path: join(options.pictures, `converse-${what}-${this.name}.png`) });
  }

  async logout() {
    await soon(this.page.evaluate(async () => { await window.look.api.user.logout(); }), "logout");
    await this.page.context().close();
  }
}

const CRC = Uint32Array.from({ length: 256 }, (_, value) => {
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

/** A PNG of one colour, `[red, green, blue]`. */
export function png(colour, side = 64) {
  const chunk = (kind, data) => {
    const body = Buffer.concat([Buffer.from(kind), data]);
    const sum = body.reduce((crc, octet) => CRC[(crc ^ octet) & 255] ^ (crc >>> 8), 0xffffffff) ^ 0xffffffff;
    const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    check.writeUInt32BE(sum >>> 0);
    return Buffer.concat([length, body, check]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const row = Buffer.from([0, ...Array(side).fill(colour).flat()]);
  const pixels = deflateSync(Buffer.concat(Array(side).fill(row)));
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", header), chunk("IDAT", pixels), chunk("IEND", Buffer.alloc(0)),
  ]);
}
