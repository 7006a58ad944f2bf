// The documented subscription messages, spoken by the `ws` client and by `wscat` on the command line.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import WebSocket from "ws";

import { LANTERNS, LONG, beside, platform } from "./stage.js";

const SUBSCRIBE = { action: "subscribe", topic: "game_updates" };
const SUBSCRIBED = "Subscribed to game_updates";
const UNSUBSCRIBE = { action: "unsubscribe", topic: "game_updates" };
const UNSUBSCRIBED = { message: "Unsubscribed from game_updates" };

const sir0 = await platform();
const studio = await sir0.publisher("northlight");

/** An open socket: what to say, and what it hears, in order. */
async function connected(t) {
  const socket = new WebSocket(sir0.socket);
  const unread = [];
  const waiting = [];
  socket.on("message", (text) => {
    const frame = JSON.parse(text);
    const next = waiting.shift();
    if (next) next(frame);
    else unread.push(frame);
  });
  await once(socket, "open");
  t.after(() => socket.terminate());
  return {
    socket,
    say: (frame) => socket.send(typeof frame === "string" ? frame : JSON.stringify(frame)),
    hear: () => unread.shift() ?? new Promise((resolve) => waiting.push(resolve)),
  };
}

test("a subscriber hears of a game added, changed and removed", { timeout: LONG }, async (t) => {
  const { say, hear } = await connected(t);
  say(SUBSCRIBE);
  assert.equal((await hear()).message, SUBSCRIBED);

  const { gameId } = await sir0.games.createGame(LANTERNS, studio);
  await sir0.games.updateGame({ gameId, price: 5 }, studio);
  await sir0.games.deleteGame({ gameId }, studio);

  const heard = [await hear(), await hear(), await hear()];
  const events = heard.map(({ topic, event, game }) => [topic, event, game.gameId, game.price]);
  assert.deepEqual(events, [
    ["game_updates", "added", gameId, 19.99],
    ["game_updates", "changed", gameId, 5],
    ["game_updates", "removed", gameId, 5],
  ]);
  assert.deepEqual(Object.keys(LANTERNS).filter((field) => !(field in heard[0].game)), []);
});

test("who unsubscribed hears no more", { timeout: LONG }, async (t) => {
  const { say, hear } = await connected(t);
  say(SUBSCRIBE);
  await hear();
  say(UNSUBSCRIBE);
  assert.deepEqual(await hear(), UNSUBSCRIBED);

  const { gameId } = await sir0.games.createGame(LANTERNS, studio);
  say({ action: "subscribe", topic: `game_updates/${gameId}` });

  // An update that slipped through would come before this answer.
  assert.equal((await hear()).message, `Subscribed to game_updates/${gameId}`);
});

test("a socket that resumes hears exactly what it missed", { timeout: LONG }, async (t) => {
  const first = await connected(t);
  first.say(SUBSCRIBE);
  await first.hear();
  const { gameId } = await sir0.games.createGame(LANTERNS, studio);
  const { resumeToken } = await first.hear();
  first.socket.close();

  await sir0.games.updateGame({ gameId, title: "Lanterns II" }, studio);
  const second = await connected(t);
  second.say({ ...SUBSCRIBE, resume: resumeToken });

  assert.deepEqual(await second.hear(), { message: SUBSCRIBED });
  const { event, game } = await second.hear();
  assert.deepEqual([event, game.title], ["changed", "Lanterns II"]);
});

test("nonsense gets one JSON error and costs nobody the socket", { timeout: LONG }, async (t) => {
  const { say, hear, socket } = await connected(t);
  const nonsense = ["{", '{"action":"dance","topic":"game_updates"}', "[]"];
  nonsense.push('{"action":"subscribe","topic":"weather"}');

  for (const text of nonsense) {
    say(text);

    const { error, details } = await hear();
    assert.deepEqual([typeof error, typeof details], ["string", "string"], text);
  }
  socket.send(Buffer.from([1, 2, 3]));
  assert.equal((await hear()).error, "Not a text frame");
  say(SUBSCRIBE);
  assert.equal((await hear()).message, SUBSCRIBED);
});

test("a ping is answered", { timeout: LONG }, async (t) => {
  const { socket } = await connected(t);

  socket.ping("still there?");

  const [echo] = await once(socket, "pong");
  assert.equal(echo.toString(), "still there?");
});

test("wscat subscribes from the command line and hears a change", { timeout: LONG }, async (t) => {
  const wscat = beside("node_modules/.bin/wscat");
  const line = ["--connect", sir0.socket, "--execute", JSON.stringify(SUBSCRIBE), "--wait", "-1"];
  // Its standard input stays open: at its end wscat leaves.
  const person = spawn(wscat, line, { stdio: ["pipe", "pipe", "inherit"] });
  t.after(() => person.kill());
  const lines = createInterface({ input: person.stdout })[Symbol.asyncIterator]();
  const next = async () => JSON.parse((await lines.next()).value.replace(/^[^{]*/, ""));
  assert.equal((await next()).message, SUBSCRIBED);

  const { gameId } = await sir0.games.createGame(LANTERNS, studio);

  const { event, game } = await next();
  assert.deepEqual([event, game.gameId], ["added", gameId]);
});
