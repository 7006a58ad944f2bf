// Server-sent events as a browser's `EventSource` reads them, with nothing but `fetch`.

import assert from "node:assert/strict";
import { test } from "node:test";

import { LANTERNS, LONG, platform } from "./stage.js";

const sir0 = await platform();
const studio = await sir0.publisher("northlight");

/** The events of a stream, by the rules of https://html.spec.whatwg.org/#event-stream-interpretation. */
async function* events(path, headers = {}, signal) {
  const accept = "text/event-stream";
  const answer = await fetch(`${sir0.url}${path}`, { headers: { accept, ...headers }, signal });
  assert.equal(answer.status, 200);
  // `EventSource` gives up for good on any other type.
  assert.equal(answer.headers.get("content-type").split(";")[0], accept);
  let [unread, id, data] = ["", "", []];
  for await (const text of answer.body.pipeThrough(new TextDecoderStream())) {
    const lines = (unread + text).split("\n");
    unread = lines.pop();
    for (const line of lines) {
      const [, field, value] = /^([^:]*):? ?(.*)$/.exec(line);
      if (field === "id") id = value;
      if (field === "data") data.push(value);
      if (line === "" && data.length > 0) {
        yield { lastEventId: id, ...JSON.parse(data.join("\n")) };
        data = [];
      }
    }
  }
}

test("a browser that lost its connection resumes by itself", { timeout: LONG }, async () => {
  const leaves = new AbortController();
  const { gameId } = await sir0.games.createGame(LANTERNS, studio);
  const stream = events("/api/games:watch?sendPresent=true", {}, leaves.signal);
  const present = (await stream.next()).value;
  const inSync = (await stream.next()).value;
  leaves.abort();

  await sir0.games.updateGame({ gameId, price: 4 }, studio);
  const back = new AbortController();
  const headers = { "last-event-id": inSync.lastEventId };
  const resumed = events("/api/games:watch?sendPresent=true", headers, back.signal);
  const missed = (await resumed.next()).value;

  assert.deepEqual([present.present.gameId, present.lastEventId], [gameId, present.resumeToken]);
  assert.notEqual(present.lastEventId, inSync.lastEventId, "it begins the present anew");
  assert.deepEqual(inSync.inSync, {});
  assert.deepEqual([missed.changed.gameId, missed.changed.price], [gameId, 4]);
  back.abort();
});

test("a filter by id keeps other games out of the stream", { timeout: LONG }, async () => {
  const leaves = new AbortController();
  const { gameId: quiet } = await sir0.games.createGame(LANTERNS, studio);
  const { gameId: watched } = await sir0.games.createGame(LANTERNS, studio);
  const path = `/api/games:watch?gameIds=${watched}&sendPresent=true`;
  const stream = events(path, {}, leaves.signal);
  await stream.next();
  await stream.next();

  await sir0.games.updateGame({ gameId: quiet, price: 1 }, studio);
  await sir0.games.updateGame({ gameId: watched, price: 2 }, studio);

  const { changed } = (await stream.next()).value;
  assert.deepEqual([changed.gameId, changed.price], [watched, 2]);
  leaves.abort();
});

test("a stream that cannot begin is refused in JSON", async () => {
  const path = "/api/games:watch?resumeToken=forged";

  const answer = await fetch(`${sir0.url}${path}`, { headers: { accept: "text/event-stream" } });

  assert.equal(answer.status, 400);
  assert.equal(answer.headers.get("content-type"), "application/json");
  const { error, reason } = await answer.json();
  assert.deepEqual([error, reason], ["Invalid fields", "INVALID_FIELDS"]);
});

test("a refusal names a field as the page wrote it", async () => {
  // The first of each pair is found by its form, the second by a rule: a page cannot know which.
  const asked = [
    ["/api/games?pageSize=many", "pageSize"],
    ["/api/games?pageSize=-1", "pageSize"],
    ["/api/games:watch?gameIds=one", "gameIds"],
    ["/api/games:watch?gameIds=0", "gameIds"],
    ["/api/games:watch?resumeToken=forged", "resumeToken"],
    ["/api/games/one", "gameId"],
    ["/api/games/0", "gameId"],
  ];

  const named = [];
  for (const [path] of asked) {
    const { fields } = await (await fetch(`${sir0.url}${path}`)).json();
    named.push([path, ...fields.map(({ field }) => field)]);
  }

  assert.deepEqual(named, asked);
});
