// Says of each token on standard input whether `jose` takes it, with the keys at this URL and its own caches.

import { createInterface } from "node:readline";

import { createRemoteJWKSet, jwtVerify } from "jose";

const keys = createRemoteJWKSet(new URL(process.argv[2]));
const expected = { issuer: "sir0", audience: "sir0", typ: "at+jwt", algorithms: ["EdDSA"] };

for await (const token of createInterface({ input: process.stdin })) {
  const verdict = await jwtVerify(token.trim(), keys, expected).then(
    ({ payload }) => (payload.sid ? "good" : "no session"),
    (refusal) => `${refusal.code}: ${refusal.message}`,
  );
  console.log(verdict);
}
