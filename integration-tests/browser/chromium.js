// A Chromium of this machine: the one that `CHROMIUM` names, or the first on the `PATH`.

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";

// The first is Debian's smallest.
const NAMES = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"];

/** A browser without a window, which finds no host but this one. */
export function start() {
  const args = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"];
  // It runs without its sandbox, as Playwright has it: it opens no page but ours, and root has no sandbox.
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? onPath(), args });
}

function onPath() {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const places = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  const found = places.find(canRun);
  if (found) return found;
  throw new Error("no Chromium is on the PATH: `cargo xtask test` installs it on Debian");
}

function canRun(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
