// The real program on a port of its own, and the browser clients that speak to it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";

import { AccountsService } from "./gen/sir0/accounts/v1/accounts_service_pb.js";
import { GamesService } from "./gen/sir0/storefront/v1/games_service_pb.js";
import { toldAddress } from "../told_address.mjs";

const PASSWORD = "nine quiet lanterns over 58 harbours";
// The least that is allowed: what hashing costs is judged elsewhere.
const CHEAP_HASHING = {
  SIR0_ACCOUNTS_HASHING_LOG_N: "15",
  SIR0_ACCOUNTS_HASHING_R: "8",
  SIR0_ACCOUNTS_HASHING_P: "3",
};

/** Longer than any answer takes; only a failing test waits for it. */
export const LONG = 20_000;

/** A game as `CreateGame` takes it. */
export const LANTERNS = {
  title: "Lanterns",
  genre: "Puzzle",
  price: 19.99,
  description: "Light finds a way.",
};

/** The path of a file beside this one. */
export const beside = (path) => fileURLToPath(new URL(path, import.meta.url));

/** A running platform with an empty store, for as long as the tests of one file take. */
export async function platform() {
  const folder = await mkdtemp(join(tmpdir(), "sir0-web-"));
  const child = sir0(folder, ["serve", "--listen", "127.0.0.1:0"], "ignore");
  const ended = once(child, "exit");
  after(async () => {
    child.kill("SIGTERM");
    await ended;
    await rm(folder, { recursive: true });
  });
  const address = await toldAddress(child);
  return new Platform(folder, address);
}

class Platform {
  constructor(folder, address) {
    this.folder = folder;
    this.address = address;
    this.url = `http://${address}`;
    this.socket = `ws://${address}/ws`;
    const transport = createGrpcWebTransport({ baseUrl: this.url, useBinaryFormat: true });
    this.accounts = createClient(AccountsService, transport);
    this.games = createClient(GamesService, transport);
  }

  /** A studio: an operator made its account, and it signed in. Its calls carry what this returns. */
  async publisher(username) {
    const email = `${username}@example.com`;
    const create = ["create", "--email", email, "--username", username, "--role", "publisher"];
    const operator = sir0(this.folder, ["admin", ...create], "pipe");
    operator.stdin.end(`${PASSWORD}\n`);
    const [code] = await once(operator, "exit");
    assert.equal(code, 0, "`sir0 admin create` makes an account");
    const { token } = await this.accounts.login({ email, password: PASSWORD });
    return { headers: { authorization: `Bearer ${token}` } };
  }
}

function sir0(folder, args, stdin) {
  const target = process.env.CARGO_TARGET_DIR ?? beside("../../target");
  const program = join(target, "debug/sir0");
  assert.ok(existsSync(program), `${program} is missing: \`cargo build -p sir0\` first`);
  const env = { PATH: process.env.PATH, NO_COLOR: "1", SIR0_LOG: "info", ...CHEAP_HASHING };
  const line = ["--data-dir", join(folder, "data"), ...args];
  return spawn(program, line, { cwd: folder, env, stdio: [stdin, "ignore", "pipe"] });
}
