// The real program on a port of its own, and the people whom an operator lets in.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { toldAddress } from "../told_address.mjs";

export const PASSWORD = "nine quiet lanterns over 58 harbours";
// The least that is allowed: what hashing costs is judged elsewhere.
const CHEAP_HASHING = {
  SIR0_ACCOUNTS_HASHING_LOG_N: "15",
  SIR0_ACCOUNTS_HASHING_R: "8",
  SIR0_ACCOUNTS_HASHING_P: "3",
};

/** The folder of what is built. */
export const TARGET = process.env.CARGO_TARGET_DIR ?? fileURLToPath(new URL("../../target", import.meta.url));

/** A running server. */
export class Server {
  #folder;
  #settings;
  #child;
  #ended;

  /** Starts with these arguments and variables besides, such as `["--demo"]`, and an empty store. */
  static async start(args = [], settings = {}) {
    const server = new Server();
    server.#folder = await mkdtemp(join(tmpdir(), "sir0-browser-"));
    server.#settings = settings;
    await server.#serve(["--listen", "127.0.0.1:0", ...args]);
    return server;
  }

  async #serve(args) {
    this.#child = this.#sir0(["serve", ...args], "ignore");
    this.#ended = once(this.#child, "exit");
    this.address = await toldAddress(this.#child);
    this.url = `http://${this.address}`;
  }

  /** Stops it, and starts it again at the same address with what it kept. */
  async restart() {
    await this.#stop();
    await this.#serve(["--listen", this.address]);
  }

  async end() {
    await this.#stop();
    await rm(this.#folder, { recursive: true });
  }

  async #stop() {
    this.#child.kill("SIGTERM");
    await this.#ended;
  }

  /** An account with this role, which an operator makes, and a token of it. */
  async account(username, role) {
    const email = `${username}@example.com`;
    const create = ["create", "--email", email, "--username", username, "--role", role];
    const operator = this.#sir0(["admin", ...create], "pipe");
    operator.stdin.end(`${PASSWORD}\n`);
    const [code] = await once(operator, "exit");
    assert.equal(code, 0, "`sir0 admin create` makes an account");
    const { token } = await this.call("POST", "/api/users/login", { email, password: PASSWORD });
    return { username, email, password: PASSWORD, token };
  }

  /** The link of the first administrator at this server, which an operator makes. */
  async link() {
    const operator = this.#sir0(["admin", "link"], "ignore", "pipe");
    let said = "";
    for await (const text of operator.stdout.setEncoding("utf8")) said += text;
    const [, fragment] = /\/(#setup=\S+)/.exec(said) ?? assert.fail(said);
    return `${this.url}/${fragment}`;
  }

  /** Makes a call over REST, which the server grants. */
  async call(method, path, body, token) {
    const headers = { "content-type": "application/json" };
    if (token) headers.authorization = `Bearer ${token}`;
    const sent = body === undefined ? undefined : JSON.stringify(body);
    const answer = await fetch(`${this.url}${path}`, { method, headers, body: sent });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${path} is ${answer.status}: ${text}`);
    return JSON.parse(text);
  }

  #sir0(args, stdin, stdout = "ignore") {
    const program = join(TARGET, "debug/sir0");
    assert.ok(existsSync(program), `${program} is missing: \`cargo build -p sir0\` first`);
    const fixed = { PATH: process.env.PATH, NO_COLOR: "1", SIR0_LOG: "info" };
    const env = { ...fixed, ...CHEAP_HASHING, ...this.#settings };
    const line = ["--data-dir", join(this.#folder, "data"), ...args];
    return spawn(program, line, { cwd: this.#folder, env, stdio: [stdin, stdout, "pipe"] });
  }
}
