// Watched lists on `/docs`: as they come, after a break, when they are refused, and whatever they hold.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { EXACT, KEY, isGood, open, state } from "./docs.js";
import { proxy } from "./proxy.js";
import { DESK, LONG, PHONE, isAccessible, stage } from "./stage.js";

const sir0 = await stage();
const studio = await sir0.server.account("northlight", "publisher");

const addGame = (title) =>
  sir0.server.call("POST", "/api/games", { title, genre: "Puzzle", price: 5, description: "-" }, studio.token);

const events = (call) => call.locator(".watched-events > li");
const about = (call, text) => call.locator(".watched-line", { hasText: text });

/** Answers every watched call of the page with this instead of the server. */
const answer = (page, given) => page.route(/:watch/, (route) => route.fulfill(given));

test("a watched list shows each change as it comes, and stops", LONG, (t) =>
  sir0.visit(t, "/docs", DESK, async (page) => {
    await addGame("Lanterns");
    const watch = await open(page, "watchGames");
    await watch.locator("select").first().selectOption("true");
    await watch.getByRole("button", { name: "Start", ...EXACT }).press("Enter");
    await watch.locator(".watched-kind", { hasText: "inSync" }).waitFor();
    await addGame("Moths");
    const latest = events(watch).first();
    await latest.getByText("added", EXACT).waitFor();
    await latest.locator("summary").press("Enter");

    assert.match(await latest.locator("pre").innerText(), /"title": "Moths"/);
    assert.match(await latest.locator(".watched-id").innerText(), /^id \S{20,}/);
    await isAccessible(page);
    await watch.getByRole("button", { name: "Stop" }).press("Enter");
    await state(watch).getByText("Stopped").waitFor();
    const many = await events(watch).count();
    await addGame("Owls");
    await page.waitForTimeout(500);
    assert.equal(await events(watch).count(), many);
    await watch.getByRole("button", { name: "Clear" }).click();
    assert.equal(await events(watch).count(), 0);
  }),
);

test(
  "a list goes on behind its last event, cut in the middle or told to, and ends with its operation",
  LONG,
  async (t) => {
    const front = await proxy(sir0.server);
    after(front.end);
    await sir0.visit(t, `${front.url}/docs`, DESK, async (page) => {
      const watch = await open(page, "watchGames");
      await watch.locator(".execute").click();
      await state(watch).getByText("Connected").waitFor();
      await addGame("Before");
      await about(watch, "Before").waitFor();
      front.cut();
      await state(watch).getByText("broke off").waitFor();
      await addGame("Meanwhile");

      await about(watch, "Meanwhile").waitFor();
      const asked = front.seen.filter(({ url }) => url.includes(":watch"));
      assert.equal(asked.length, 2);
      assert.equal(asked[0].headers["last-event-id"], undefined);
      assert.match(asked[1].headers["last-event-id"], /\S{20,}/);

      await sir0.server.restart();
      await watch.locator(".watched-kind", { hasText: "goingAway" }).waitFor();
      await addGame("After");
      await about(watch, "After").waitFor();
      assert.equal(await about(watch, "Before").count(), 1);
      assert.equal(await watch.locator(".watched-kind", { hasText: "startOver" }).count(), 0);

      await watch.locator(".opblock-summary-control").click();
      await page.waitForTimeout(300);
      assert.equal(front.streams.size, 0, "nobody sees it any more");
    });
  },
);

test(
  "a stream that is refused says why, is asked for again only if that helps, and has room for a finger",
  LONG,
  (t) =>
    sir0.visit(t, "/docs", PHONE, async (page) => {
      const watch = await open(page, "watchGames");
      await watch.getByPlaceholder("resumeToken").fill("forged");
      await watch.locator(".execute").click();
      await state(watch).getByText("400 Invalid fields").waitFor();
      assert.match(await state(watch).innerText(), /INVALID_FIELDS/);
      await watch.getByRole("button", { name: "Start", ...EXACT }).waitFor();
      assert.match(await watch.locator(".live-responses-table").innerText(), /400/);
      await isGood(page);

      await answer(page, {
        status: 401,
        json: { error: "Sign in <b>first</b>", details: "the token is over" },
      });
      await watch.locator(".execute").click();
      await state(watch).getByText("401 Sign in <b>first</b>: the token is over.").waitFor();
      await page.unroute(/:watch/);

      await answer(page, { status: 429, headers: { "retry-after": "2" }, json: { error: "Too much at once" } });
      await watch.getByPlaceholder("resumeToken").fill("");
      await watch.locator(".execute").click();
      await state(watch).getByText("429 Too much at once. It is asked again in 2 s.").waitFor();
      await page.unroute(/:watch/);
      await state(watch).getByText("Connected").waitFor();
      await watch.locator(".watched-events summary").first().waitFor();
      const targets = watch.locator(".opblock-summary-control, .btn, select, input, .watched-events summary");
      const boxes = await Promise.all((await targets.all()).map((target) => target.boundingBox()));
      assert.ok(boxes.length > 5);
      for (const { height } of boxes) assert.ok(height >= 44, `${height} px`);
    }),
);

test("what an event holds is shown as text, whatever it is", LONG, (t) =>
  sir0.visit(t, "/docs", DESK, async (page) => {
    const html = `<img src=x onerror="document.title='broken into'"><script>document.title='broken into'</script>`;
    const body = `: hello\nevent: <b>news</b>\nid: 1\r\ndata: ${html}\ndata: second line\r\n\r\nretry: 9000\ndata: lost`;
    await answer(page, { status: 200, contentType: "text/event-stream; charset=utf-8", body });
    const watch = await open(page, "watchGames");
    await watch.locator(".execute").click();

    await state(watch).getByText("The stream broke off or ended. It is asked again in 9 s.").waitFor();
    assert.equal(await events(watch).count(), 1, "what has no end is no event");
    assert.equal(await watch.locator(".watched-kind").innerText(), "<b>news</b>");
    await watch.locator(".watched-events summary").click();
    assert.equal(await watch.locator(".watched-events pre").innerText(), `${html}\nsecond line`);
    assert.equal(await watch.locator(".watched-events :is(img, b, script)").count(), 0);
    assert.equal(await page.title(), "SIR0 API");
    await page.unroute(/:watch/);

    await answer(page, { status: 200, contentType: "text/html", body: "<h1>Sign in</h1>" });
    await watch.getByRole("button", { name: "Stop" }).click();
    await watch.locator(".execute").click();
    await state(watch).getByText("The answer is no stream of events: It is text/html.").waitFor();
  }),
);

test("of a flood the latest events are kept, each up to a bound", LONG, (t) =>
  sir0.visit(t, "/docs", DESK, async (page) => {
    const flood = Array.from({ length: 5_000 }, (_, n) => `id: ${n}\ndata: {"changed":{"n":${n}}}\n\n`).join(
      "",
    );
    const large = `data: ${"x".repeat(100_000)}\n\n`;
    await answer(page, { status: 200, contentType: "text/event-stream", body: flood + large });
    const watch = await open(page, "watchGames");
    await watch.locator(".execute").click();
    await watch.getByText("5001 events, the latest 200 are kept").waitFor();
    assert.equal(await events(watch).count(), 200);
    await watch.locator(".watched-events summary").first().click();
    assert.match(
      await watch.locator(".watched-events pre").first().innerText(),
      /^x{16384}\n… the rest is not kept$/,
    );
    await page.unroute(/:watch/);

    await answer(page, {
      status: 200,
      contentType: "text/event-stream",
      body: `data: ${"x".repeat(1_100_000)}`,
    });
    await watch.getByRole("button", { name: "Stop" }).click();
    await watch.locator(".execute").click();
    await state(watch).getByText("An event is larger than 1 MiB").waitFor();
    await watch.getByRole("button", { name: "Start", ...EXACT }).waitFor();
  }),
);

test(
  "any call that answers with a stream is watched, also one object a line, and with the token",
  LONG,
  async (t) => {
    const description = await (await fetch(`${sir0.server.url}/openapi.json`)).json();
    const content = { "application/x-ndjson": { schema: { type: "object" } } };
    description.paths["/api/rumours"] = {
      get: {
        tags: ["Games"],
        operationId: "hearRumours",
        security: [{ accessToken: [] }],
        responses: { 200: { description: "A rumour.", content } },
      },
    };
    const lines = `{"heard":{"of":"owls"},"resumeToken":"a1"}\n{"heartbeat":{},"resumeToken":"a2"}\n{"heartbeat":{},"resumeToken":"a3"}\n`;
    await sir0.visit(t, "/openapi.json", DESK, async (page) => {
      const asked = [];
      await page.route(/openapi\.json/, (route) => route.fulfill({ json: description }));
      await page.route(/rumours/, (route) => {
        const headers = route.request().headers();
        asked.push([headers.accept, headers.authorization, headers["last-event-id"]]);
        const contentType = "application/x-ndjson";
        return route.fulfill(
          asked.length > 1 ? { status: 400, json: { error: "Over" } } : { contentType, body: lines },
        );
      });
      await page.evaluate(([key, token]) => sessionStorage.setItem(key, token), [KEY, studio.token]);
      await page.goto("/docs");
      await page.getByText("Signed in", EXACT).waitFor();
      const call = await open(page, "hearRumours");
      await call.locator(".execute").click();
      await state(call).getByText("400 Over").waitFor();

      const kinds = await call.locator(".watched-kind").allInnerTexts();
      assert.deepEqual(kinds, ["heartbeat × 2", "heard"]);
      const bearer = `Bearer ${studio.token}`;
      assert.deepEqual(asked, [
        ["application/x-ndjson", bearer, undefined],
        ["application/x-ndjson", bearer, "a3"],
      ]);
    });
  },
);
