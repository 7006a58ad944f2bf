// What the program says of itself once it is ready.

import { createInterface } from "node:readline";

/** The address that a program tells in its log, which is read to its end. */
export async function toldAddress(child) {
  for await (const line of createInterface({ input: child.stderr })) {
    const told = / ready +address=(\S+)/.exec(line);
    if (told) {
      child.stderr.resume();
      return told[1];
    }
  }
  throw new Error("the program ended before it was ready");
}
