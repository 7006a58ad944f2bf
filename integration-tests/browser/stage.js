// A server, a browser, and pages that are judged while they are used: what a page asks of another host, what its
// policy stops and what it complains of fail its test.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after } from "node:test";
import axe from "axe-core";

import { start } from "./chromium.js";
import { Server, TARGET } from "./server.js";

export const PHONE = { width: 360, height: 740 };
export const DESK = { width: 1280, height: 800 };

/** Longer than any test of a page takes; only a failing one waits for it. */
export const LONG = { timeout: 120_000 };

/** A server and a browser, for as long as the tests of one file take. */
export async function stage(args = [], settings = {}) {
  return before(await Server.start(args, settings));
}

/** A browser before a server that runs already, and that ends with the tests of the file. */
export async function before(server) {
  const browser = await start();
  after(() => Promise.all([browser.close(), server.end()]));
  return new Stage(server, browser);
}

class Stage {
  #browser;

  constructor(server, browser) {
    this.server = server;
    this.#browser = browser;
  }

  /**
   * Opens an address, relative to the server or whole, in a browser that knows nothing yet, and uses it. Whatever is
   * wrong with the page fails the test, with a picture in `target/browser`. `settings` are those of a context of
   * Playwright.
   */
  async visit(test, address, size, use, settings = {}) {
    const url = new URL(address, this.server.url);
    // Without motion: a colour on its way to another one is none that anybody reads.
    const given = { viewport: size, baseURL: url.origin, reducedMotion: "reduce", ...settings };
    const context = await this.#browser.newContext(given);
    // A click on the docs page takes over 10 s where other tests hold the cores.
    context.setDefaultTimeout(30_000);
    const page = await context.newPage();
    const faults = watched(page, url.origin);
    try {
      await page.goto(url.href);
      await use(page);
      assert.deepEqual(faults, [], "the page did what it must not, or complains");
    } catch (failure) {
      await picture(page, test.name);
      throw failure;
    } finally {
      await context.close();
    }
  }
}

/** What happens on a page and must not. Chromium tells what a content security policy stops as a complaint. */
function watched(page, origin) {
  const faults = [];
  page.on("request", (request) => {
    const url = new URL(request.url());
    const isHere = url.origin === origin || url.protocol === "data:" || url.protocol === "blob:";
    if (!isHere) faults.push(`asks another host: ${url.href}`);
  });
  page.on("pageerror", (error) => faults.push(`throws: ${error.stack}`));
  page.on("console", (message) => {
    // What the API refuses is the page's to show. The browser notes it, too.
    const isRefusal = message.location().url.includes("/api/");
    if (message.type() === "error" && !isRefusal) faults.push(`complains: ${message.text()}`);
  });
  return faults;
}

async function picture(page, name) {
  const folder = join(TARGET, "browser");
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${name.replaceAll(/[^\w-]+/g, "_")}.png`);
  // A page that is gone has no picture, and its failure is told all the same.
  await page.screenshot({ path, fullPage: true }).then(
    () => console.error(`see ${path}`),
    () => {},
  );
}

/** Fails on every serious or critical fault that axe finds on the page as it is now. */
export async function isAccessible(page) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => globalThis.axe.run({ resultTypes: ["violations"] }));
  const grave = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  const told = grave.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary}`),
  );
  assert.deepEqual(told, []);
}

/** Fails if the page is wider than its window, and names what sticks out. */
export async function fits(page) {
  const wide = await page.evaluate(() => {
    const room = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= room) return [];
    const all = [...document.body.querySelectorAll("*")];
    const beyond = all.filter((one) => one.getBoundingClientRect().right > room + 1);
    return ["the page scrolls sideways", ...beyond.map((one) => one.outerHTML.slice(0, 120))];
  });
  assert.deepEqual(wide, []);
}
