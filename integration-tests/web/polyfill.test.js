// Server-sent events as a stand-in for `EventSource` reads them, which resumes by the query and not by a header.

import assert from "node:assert/strict";
import { createServer, request } from "node:http";
import { test } from "node:test";
import polyfill from "event-source-polyfill";

import { LANTERNS, LONG, platform } from "./stage.js";

const { EventSourcePolyfill } = polyfill;

const sir0 = await platform();
const studio = await sir0.publisher("northlight");

/** A way to the platform that can be broken, and remembers what was asked. */
async function breakableWay(t) {
  const asked = [];
  const open = new Set();
  const way = createServer((incoming, outgoing) => {
    asked.push(incoming.url);
    const { method, headers } = incoming;
    const forwarded = request(`${sir0.url}${incoming.url}`, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.pipe(outgoing);
    });
    forwarded.on("error", () => outgoing.destroy());
    outgoing.on("close", () => forwarded.destroy());
    open.add(outgoing);
    forwarded.end();
  });
  await new Promise((resolve) => way.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    way.closeAllConnections();
    way.close();
  });
  const breaks = () => open.forEach((outgoing) => outgoing.destroy());
  return { url: `http://127.0.0.1:${way.address().port}`, asked, breaks };
}

/** What the stand-in hears, in order, as the names of messages. */
function listens(t, url) {
  // It tells the console of every break.
  t.mock.method(console, "error", () => {});
  const source = new EventSourcePolyfill(url);
  t.after(() => source.close());
  const [unread, waiting] = [[], []];
  source.onmessage = ({ data }) => {
    const heard = JSON.parse(data);
    if (waiting.length > 0) waiting.shift()(heard);
    else unread.push(heard);
  };
  return () => unread.shift() ?? new Promise((resolve) => waiting.push(resolve));
}

/** The queries on which the stand-in said how far it had come. */
const resumed = ({ asked }) => asked.filter((path) => /[?&]lastEventId=[^&]/.test(path)).length;

test("a stand-in that is cut off before any change misses none", { timeout: LONG }, async (t) => {
  const way = await breakableWay(t);
  const hear = listens(t, `${way.url}/api/games:watch?genre=Puzzle`);
  const first = await hear();
  way.breaks();

  const { gameId } = await sir0.games.createGame(LANTERNS, studio);
  const missed = await hear();

  assert.deepEqual(first.heartbeat, {});
  assert.equal(missed.added.gameId, gameId);
  assert.ok(resumed(way) > 0, `it resumed by the query: ${way.asked}`);
});

test("a stand-in that is cut off again and again hears each change once", { timeout: LONG }, async (t) => {
  const way = await breakableWay(t);
  const { gameId } = await sir0.games.createGame(LANTERNS, studio);
  const hear = listens(t, `${way.url}/api/games:watch?sendPresent=true&gameIds=${gameId}`);
  assert.equal((await hear()).present.gameId, gameId);
  assert.deepEqual((await hear()).inSync, {});

  const prices = [];
  for (const price of [1, 2, 3]) {
    way.breaks();
    await sir0.games.updateGame({ gameId, price }, studio);
    prices.push((await hear()).changed.price);
  }

  assert.deepEqual(prices, [1, 2, 3]);
  assert.ok(resumed(way) >= 3, `it resumed by the query: ${way.asked}`);
});
