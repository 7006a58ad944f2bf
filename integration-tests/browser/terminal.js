// The program at a terminal, as a person starts it: what it prints there, and nothing else, is known of it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { TARGET } from "./server.js";

export class Terminal {
  #folder;
  #child;
  #ended;

  /** Starts the program in an empty folder, and reads what it shows until it shows a link. */
  static async start() {
    const terminal = new Terminal();
    terminal.#folder = await mkdtemp(join(tmpdir(), "sir0-terminal-"));
    const line = `exec '${join(TARGET, "debug/sir0")}' --listen 127.0.0.1:0`;
    // util-linux gives the program a terminal.
    const env = { PATH: process.env.PATH, NO_COLOR: "1", TERM: "xterm" };
    const how = { cwd: terminal.#folder, env, stdio: ["pipe", "pipe", "inherit"] };
    terminal.#child = spawn("script", ["-qec", line, "/dev/null"], how);
    terminal.#ended = once(terminal.#child, "exit");
    let shown = "";
    const link = new Promise((resolve, reject) => {
      // It is read to its end: a terminal that nobody reads stops the program.
      terminal.#child.stdout.setEncoding("utf8").on("data", (text) => {
        shown += text;
        const told = /(http:\/\/\S+)\/#setup=[0-9a-f]+(?=\s)/.exec(shown);
        if (told) resolve(told);
      });
      terminal.#ended.then(() => reject(new Error(`the program ended and showed no link: ${shown}`)));
    });
    [terminal.link, terminal.url] = await link;
    return terminal;
  }

  /** Types Ctrl-C. */
  async end() {
    this.#child.stdin.write("\u0003");
    await this.#ended;
    await rm(this.#folder, { recursive: true });
  }
}
