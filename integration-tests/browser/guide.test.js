// `/docs/guide` as a person reads it: on a phone, by night, from a link to a reason, below the path of a proxy.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { proxy } from "./proxy.js";
import { DESK, LONG, PHONE, fits, isAccessible, stage } from "./stage.js";

const sir0 = await stage();

test("the guide fits and can be heard, on a phone and at a desk, by day and by night", LONG, async (t) => {
  for (const size of [PHONE, DESK]) {
    for (const colorScheme of ["light", "dark"]) {
      const use = async (page) => {
        assert.equal(await page.locator("h1").count(), 1);
        await fits(page);
        await isAccessible(page);
      };
      await sir0.visit(t, "/docs/guide", size, use, { colorScheme });
    }
  }
});

test("what is wide scrolls in itself, also with the keyboard", LONG, async (t) => {
  await sir0.visit(t, "/docs/guide", PHONE, async (page) => {
    const wide = page.locator("pre, .wide");
    let scrolled = 0;
    for (const one of await wide.all()) {
      const room = await one.evaluate((it) => it.scrollWidth - it.clientWidth);
      if (room < 20) continue;
      await one.focus();
      await page.keyboard.press("ArrowRight");
      await page.waitForFunction((it) => it.scrollLeft > 0, await one.elementHandle());
      scrolled += 1;
    }
    assert.ok(scrolled > 10, `${scrolled} do`);
  });
});

test("a link to a reason leads there, and the contents lead to each part", LONG, async (t) => {
  await sir0.visit(t, "/docs/guide#GAME_NOT_FOUND", DESK, async (page) => {
    const reason = page.getByRole("heading", { name: "GAME_NOT_FOUND" });
    await reason.waitFor();
    const at = await reason.evaluate((it) => it.getBoundingClientRect().top);
    // A browser scrolls by whole points, so a part of one may be above the window.
    assert.ok(at > -1 && at < DESK.height, `it is at ${at}`);

    const contents = page.getByRole("navigation", { name: "Contents" });
    await contents.getByRole("link", { name: "Limits", exact: true }).click();
    const limits = page.getByRole("heading", { name: "Limits", exact: true });
    await page.waitForFunction(
      (it) => Math.abs(it.getBoundingClientRect().top) < 100,
      await limits.elementHandle(),
    );
  });
});

test("below the path of a proxy it has its style, and leads to the calls and the document", LONG, async (t) => {
  const front = await proxy(sir0.server, "/store");
  after(() => front.end());
  await sir0.visit(t, `${front.url}/store/docs/guide`, DESK, async (page) => {
    const width = await page.evaluate(() => getComputedStyle(document.body).maxWidth);
    assert.notEqual(width, "none", "the style is there");
    const links = await page.locator("header a").evaluateAll((all) => all.map((it) => it.href));
    const paths = links.map((href) => new URL(href).pathname);
    const pages = ["docs/guide", "", "docs", "openapi.json", "postman.json"];
    assert.deepEqual(paths, pages.map((page) => `/store/${page}`));
  });
});
