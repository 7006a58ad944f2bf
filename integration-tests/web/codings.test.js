// fetch, which reads codings by itself, gets the same list from the platform in each form that it asks for.

import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

import { LANTERNS, platform } from "./stage.js";

const sir0 = await platform();
const studio = await sir0.publisher("northlight");
const list = `${sir0.url}/api/games`;

test("a list comes in a coding that fetch reads, and its tag is good to write with", async () => {
  const description = "Light finds a way. ".repeat(100);
  const { gameId } = await sir0.games.createGame({ ...LANTERNS, description }, studio);

  const coded = await fetch(list);
  const plain = await fetch(list, { headers: { "accept-encoding": "identity" } });
  assert.match(coded.headers.get("content-encoding") ?? "", /^(br|gzip)$/);
  assert.equal(plain.headers.get("content-encoding"), null);
  assert.deepEqual(await coded.json(), await plain.json());

  const tag = (await fetch(`${list}/${gameId}`)).headers.get("etag");
  assert.match(tag, /-(br|gz)"$/);
  const change = await fetch(`${list}/${gameId}`, {
    method: "PUT",
    headers: { ...studio.headers, "if-match": tag },
    body: JSON.stringify({ price: 5 }),
  });
  assert.equal(change.status, 200);
});

test("a body that zlib wrote is read", async () => {
  const added = await fetch(list, {
    method: "POST",
    headers: { ...studio.headers, "content-encoding": "gzip" },
    body: gzipSync(JSON.stringify(LANTERNS)),
  });

  assert.equal(added.status, 201, await added.text());
});
