// An account with a second factor, and the app that shows its codes.

import { createHmac } from "node:crypto";

/** The code that an app shows for this secret in base 32, so many steps from now (RFC 6238). */
function shows(secret, steps) {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secret].map((letter) => letters.indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const digest = createHmac("sha1", key).update(step).digest();
  const number = digest.readUInt32BE(digest[19] & 15) & 0x7fffffff;
  return `${number % 1_000_000}`.padStart(6, "0");
}

/** Adds an app to the account of this token. A code is good once, and this uses up the one before now. */
export async function guard(server, token) {
  const sub = JSON.parse(Buffer.from(token.split(".")[1], "base64url")).sub;
  const path = `/api/users/${sub}/factors`;
  const { factorId, sharedSecret } = await server.call("POST", path, { name: "Phone" }, token);
  const first = { code: shows(sharedSecret, -1) };
  const confirm = `${path}/${factorId}:confirm`;
  const { recoveryCodes } = await server.call("POST", confirm, first, token);
  const code = (steps = 0) => shows(sharedSecret, steps);
  return { code, wrong: () => wrong(code), recoveryCodes };
}

/** Six digits that are no code around now. */
function wrong(code) {
  const good = [-2, -1, 0, 1, 2].map(code);
  return ["000000", "111111", "222222", "333333", "444444", "555555"].find((one) => !good.includes(one));
}
