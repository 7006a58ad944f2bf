// The stage itself: a page that does what it must not is no page that passes.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { test } from "node:test";

import { DESK, LONG, fits, isAccessible, stage } from "./stage.js";

const sir0 = await stage();

/** Uses a page of this text, served under a strict policy. */
async function show(t, text, use) {
  const policy = "default-src 'none'; script-src 'self'; connect-src *; img-src * data:; style-src 'self'";
  const headers = { "content-type": "text/html", "content-security-policy": policy };
  const server = createServer((request, answer) => {
    answer.writeHead(request.url === "/" ? 200 : 404, headers).end(request.url === "/" ? text : "");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await sir0.visit(t, `http://127.0.0.1:${server.address().port}`, DESK, use);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const settle = (page) => page.waitForTimeout(300);
const bare = (body) => `<!doctype html><html lang="en"><title>t</title><link rel="icon" href="data:,">${body}`;
const PLAIN = { name: "stage" };

test("a plain page passes", LONG, async () => {
  await show(PLAIN, bare("<h1>Lanterns</h1>"), async (page) => {
    await isAccessible(page);
    await fits(page);
  });
});

for (const [what, body, told] of [
  [
    "asks another host",
    `<img alt="" src="http://example.com/a.png">`,
    /asks another host: http:\/\/example.com/,
  ],
  ["has a script in it", "<script>1</script>", /complains: .*script-src/],
  ["has a style in it", `<p style="color: red">`, /complains: .*style-src/],
  ["lacks a file", `<script src="/none.js"></script>`, /complains: .*404/],
]) {
  test(`a page that ${what} fails`, LONG, async () => {
    await assert.rejects(show(PLAIN, bare(body), settle), told);
  });
}

test("a picture without words is a fault, and so is a wide page", LONG, async () => {
  await assert.rejects(show(PLAIN, bare(`<img src="data:image/gif;base64,">`), isAccessible), /image-alt/);
  await assert.rejects(show(PLAIN, bare("<pre>" + "wide ".repeat(999)), fits), /sideways/);
});
