// What a browser demands before a page of another origin may call, in the words of the Fetch standard.

import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";

import { GetGameRequestSchema } from "./gen/sir0/storefront/v1/games_service_pb.js";
import { platform } from "./stage.js";

const ORIGIN = "https://store.example";
const GET_GAME = "/sir0.storefront.v1.GamesService/GetGame";
// https://fetch.spec.whatwg.org/#cors-safelisted-method: allowed without being named.
const SAFELISTED_METHODS = ["get", "head", "post"];

const sir0 = await platform();

/** Sends headers that `fetch` keeps to itself, and answers with the status and the headers. */
function send(method, path, headers, body = "") {
  return new Promise((resolve, reject) => {
    const sent = request(`${sir0.url}${path}`, { method, headers }, (answer) => {
      answer.resume();
      answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers }));
    });
    sent.on("error", reject).end(body);
  });
}

const list = (header = "") => header.toLowerCase().split(",").map((word) => word.trim());

/** The CORS-preflight fetch: which of what the page wants the browser would not let it have. */
async function preflight(path, method, headers) {
  const asked = {
    origin: ORIGIN,
    "access-control-request-method": method,
    "access-control-request-headers": headers.join(","),
  };
  const answer = await send("OPTIONS", path, asked);
  const methods = list(answer.headers["access-control-allow-methods"]);
  const allowed = list(answer.headers["access-control-allow-headers"]);
  return {
    ok: answer.status >= 200 && answer.status < 300,
    origin: ["*", ORIGIN].includes(answer.headers["access-control-allow-origin"]),
    method: [...SAFELISTED_METHODS, ...methods].includes(method.toLowerCase()),
    // `*` stands for every header but `authorization`, which has to be named.
    refused: headers.filter(
      (name) => !allowed.includes(name) && (name === "authorization" || !allowed.includes("*")),
    ),
  };
}

const GRANTED = { ok: true, origin: true, method: true, refused: [] };

test("a page of another origin may call over gRPC-Web", async () => {
  const wanted = ["authorization", "content-type", "grpc-timeout", "x-grpc-web", "x-user-agent"];

  const granted = await preflight(GET_GAME, "POST", wanted);

  assert.deepEqual(granted, GRANTED);
});

test("a page of another origin may change a game over REST", async () => {
  for (const method of ["PUT", "DELETE"]) {
    const granted = await preflight("/api/games/1", method, ["authorization", "content-type"]);

    assert.deepEqual(granted, GRANTED, method);
  }
});

test("the page may read a refusal, which comes in headers", async () => {
  const message = toBinary(GetGameRequestSchema, create(GetGameRequestSchema, { gameId: 404 }));
  const frame = Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]);
  const headers = { origin: ORIGIN, "content-type": "application/grpc-web+proto" };

  const answer = await send("POST", GET_GAME, headers, frame);

  assert.equal(answer.headers["grpc-status"], "5");
  assert.ok(["*", ORIGIN].includes(answer.headers["access-control-allow-origin"]));
  const exposed = list(answer.headers["access-control-expose-headers"]);
  for (const name of ["grpc-status", "grpc-message", "grpc-status-details-bin", "x-request-id"]) {
    assert.ok(exposed.includes(name), `${name} is exposed`);
  }
});

test("no answer invites the browser to send cookies", async () => {
  const { headers } = await send("GET", "/api/games", { origin: ORIGIN });

  assert.equal(headers["access-control-allow-credentials"], undefined);
});
