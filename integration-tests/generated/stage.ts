// What every client is told: where the document is, and who is signed in.

import { createHmac } from "node:crypto";

function told(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

// Each client tells the same story, and several tell it to one server.
const client = told("CLIENT");

/** The access token of a publisher. */
export const PUBLISHER = told("PUBLISHER");

/** The person whom the client registers. */
export const ADA = {
  username: `Ada by ${client}`,
  email: `ada@${client}.example.com`,
  password: "nine quiet lanterns over 58 harbours",
};

/** What the person is called later. */
export const RENAMED = `${ADA.username} L.`;

/** Someone who tries the e-mail of another. */
export const EVE = `Eve by ${client}`;

/** A game as a publisher adds it. */
export const LANTERNS = {
  title: "Lanterns",
  genre: client,
  price: 19.99,
  description: "Light finds a way.",
};

/** The code that an app shows for this secret in base 32, so many steps from now (RFC 6238). */
export function shows(secret: string, steps = 0): string {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secret].map((letter) => letters.indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const digest = createHmac("sha1", key).update(step).digest();
  const number = digest.readUInt32BE(digest[19]! & 15) & 0x7fffffff;
  return `${number % 1_000_000}`.padStart(6, "0");
}

/** The first message of a stream in which each line is one, and the end of the stream. */
export async function firstLine(body: ReadableStream<Uint8Array> | null): Promise<string> {
  if (body === null) throw new Error("a stream has a body");
  const [reader, decoder] = [body.getReader(), new TextDecoder()];
  let read = "";
  while (!read.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`the stream ended behind ${read}`);
    read += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
  return read.slice(0, read.indexOf("\n"));
}

/** A picture of 2 by 3 pixels, as PNG. */
export const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAIAAAADCAIAAAA2iEnWAAAAFklEQVR42mNgCKgAIY2ACg0QK6ACiAA05QWhyqYXYAAAAABJRU5ErkJggg==",
  "base64",
);
