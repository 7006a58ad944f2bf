// `/docs` as it looks and where it is served: on a phone, at a desk, behind a proxy.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { execute, isGood, open, state } from "./docs.js";
import { proxy } from "./proxy.js";
import { DESK, LONG, PHONE, stage } from "./stage.js";

const sir0 = await stage();

for (const [where, size] of [
  ["on a phone", PHONE],
  ["at a desk", DESK],
]) {
  test(`every call is listed, fits and can be heard, ${where}`, LONG, (t) =>
    sir0.visit(t, "/docs", size, async (page) => {
      await page.getByText("/api/games:watch", { exact: true }).waitFor();
      await execute(await open(page, "createGame"));
      await open(page, "updateGame");
      await page.locator(".models-control").click();
      await isGood(page);

      await page.getByRole("button", { name: "Authorize" }).click();
      await page.getByRole("dialog").waitFor();
      await isGood(page);
    }),
  );
}

test(
  "the page works below a path that a proxy takes off, with a slash at its end or without",
  LONG,
  async (t) => {
    const front = await proxy(sir0.server, "/shop");
    after(front.end);
    for (const address of ["/shop/x/../docs?%3Cscript%3Ealert(1)%3C/script%3E", "/shop/docs/"]) {
      await sir0.visit(t, `${front.url}${address}`, DESK, async (page) => {
        const list = await open(page, "listGames");
        assert.equal(await execute(list), 200);
        const watch = await open(page, "watchGames");
        await watch.locator(".execute").click();
        await state(watch).getByText("Connected").waitFor();
        const guides = await page
          .getByRole("link", { name: /guide/i })
          .evaluateAll((all) => all.map(({ href }) => href));
        assert.ok(guides.length > 1);
        assert.deepEqual([...new Set(guides)], [`${front.url}/shop/docs/guide`]);
      });
    }
    const outside = front.seen.filter(({ url }) => !url.startsWith("/shop/"));
    assert.deepEqual(outside, []);
  },
);

test("what the page needs comes compressed", async () => {
  const page = await (await fetch(`${sir0.server.url}/docs`)).text();
  const files = [...page.matchAll(/(?:src|href)="\.\/(docs\/[^"]+\.(?:js|css))"/g)].map(([, file]) => file);

  assert.equal(files.length, 4);
  for (const file of files) {
    const { headers } = await fetch(`${sir0.server.url}/${file}`, { headers: { "accept-encoding": "br" } });
    assert.equal(headers.get("content-encoding"), "br", file);
  }
});
