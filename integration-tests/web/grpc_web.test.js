// A browser's gRPC client tells the story of a studio: sign in, list a game, be refused, be watched.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";

import { BadRequestSchema, ErrorInfoSchema } from "./gen/google/rpc/error_details_pb.js";
import { LANTERNS, LONG, platform } from "./stage.js";

const sir0 = await platform();
const studio = await sir0.publisher("northlight");

async function refusal(call) {
  const refused = await call.then(
    () => assert.fail("the call succeeded"),
    (error) => ConnectError.from(error),
  );
  const [info] = refused.findDetails(ErrorInfoSchema);
  const violations = refused.findDetails(BadRequestSchema).flatMap((bad) => bad.fieldViolations);
  const fields = violations.map(({ field }) => field);
  return { code: refused.code, reason: info?.reason, domain: info?.domain, fields };
}

/** The next messages of a stream: this many, as the case and the value of each update. */
async function hear(stream, count) {
  const heard = [];
  while (heard.length < count) {
    const { value, done } = await stream.next();
    assert.ok(!done, "the stream goes on");
    heard.push(value);
  }
  return heard;
}

const told = ({ update }) => [update.case, update.value.gameId];

test("a game that was added can be read and is in the list", async () => {
  const { gameId, message, title } = await sir0.games.createGame(LANTERNS, studio);

  const { game } = await sir0.games.getGame({ gameId });
  const { games } = await sir0.games.listGames({ q: "lanterns" });

  assert.deepEqual({ message, title }, { message: "Game added successfully", title: "Lanterns" });
  const { title: read, genre, price, description } = game;
  assert.deepEqual({ title: read, genre, price, description }, LANTERNS);
  assert.deepEqual(games, [game]);
});

test("a list continues where the page before ended", async () => {
  for (const title of ["Amber", "Basalt", "Cinder"]) {
    await sir0.games.createGame({ ...LANTERNS, title, genre: "Paged" }, studio);
  }
  const asked = { genre: "paged", sort: "title", pageSize: 2 };

  const first = await sir0.games.listGames(asked);
  const second = await sir0.games.listGames({ ...asked, pageToken: first.nextPageToken });

  const titles = [first, second].map(({ games }) => games.map(({ title }) => title));
  assert.deepEqual(titles, [["Amber", "Basalt"], ["Cinder"]]);
  assert.equal(second.nextPageToken, undefined);
});

test("an unknown game is refused with a word for programs", async () => {
  const refused = await refusal(sir0.games.getGame({ gameId: 2_000_000_000 }));

  const expected = { code: Code.NotFound, reason: "GAME_NOT_FOUND", domain: "storefront" };
  assert.deepEqual(refused, { ...expected, fields: [] });
});

test("one refusal names every bad field", async () => {
  const bad = { title: "", genre: "Puzzle", price: 1.234, description: "x".repeat(4001) };

  const refused = await refusal(sir0.games.createGame(bad, studio));

  assert.equal(refused.code, Code.InvalidArgument);
  assert.equal(refused.reason, "INVALID_FIELDS");
  assert.deepEqual(refused.fields, ["title", "price", "description"]);
});

test("a visitor and a wrong password are told apart", async () => {
  const login = { email: "northlight@example.com", password: "not the one" };

  const visitor = await refusal(sir0.games.createGame(LANTERNS));
  const guess = await refusal(sir0.accounts.login(login));

  assert.deepEqual([visitor.code, visitor.reason], [Code.Unauthenticated, "SIGN_IN_REQUIRED"]);
  assert.deepEqual([guess.code, guess.reason], [Code.Unauthenticated, "INVALID_CREDENTIALS"]);
});

test("a token is refused once its session is over", async () => {
  const guest = await sir0.publisher("eastlight");
  const token = guest.headers.authorization.replace("Bearer ", "");

  await sir0.accounts.logout({ token });

  const refused = await refusal(sir0.games.createGame(LANTERNS, guest));
  assert.equal(refused.code, Code.Unauthenticated);
});

test("a watcher hears the present, then each change", { timeout: LONG }, async () => {
  const { gameId } = await sir0.games.createGame({ ...LANTERNS, genre: "Watched" }, studio);
  const leaves = new AbortController();
  const asked = { sendPresent: true, genre: "Watched" };
  const stream = sir0.games
    .watchGames(asked, { signal: leaves.signal })
    [Symbol.asyncIterator]();
  const present = await hear(stream, 2);

  await sir0.games.updateGame({ gameId, price: 9.5 }, studio);
  const [change] = await hear(stream, 1);

  assert.deepEqual(present.map(told), [["present", gameId], ["inSync", undefined]]);
  assert.deepEqual(told(change), ["changed", gameId]);
  assert.deepEqual([change.update.value.price, change.update.value.revision], [9.5, 2]);
  leaves.abort();
});

test("a watcher that comes back hears exactly what it missed", { timeout: LONG }, async () => {
  const genre = "Resumed";
  const { gameId } = await sir0.games.createGame({ ...LANTERNS, genre }, studio);
  const leaves = new AbortController();
  const stream = sir0.games
    .watchGames({ sendPresent: true, genre }, { signal: leaves.signal })
    [Symbol.asyncIterator]();
  const [, inSync] = await hear(stream, 2);
  leaves.abort();

  await sir0.games.updateGame({ gameId, title: "Lanterns II" }, studio);
  await sir0.games.deleteGame({ gameId }, studio);
  const back = new AbortController();
  const resumed = sir0.games
    .watchGames({ genre, resumeToken: inSync.resumeToken }, { signal: back.signal })
    [Symbol.asyncIterator]();
  const missed = await hear(resumed, 2);

  assert.deepEqual(missed.map(told), [["changed", gameId], ["removed", gameId]]);
  back.abort();
});

test("a forged resume token is refused before the stream begins", { timeout: LONG }, async () => {
  const stream = sir0.games.watchGames({ resumeToken: "forged" })[Symbol.asyncIterator]();

  const refused = await refusal(stream.next());

  assert.equal(refused.code, Code.InvalidArgument);
  assert.deepEqual(refused.fields, ["resume_token"]);
});
