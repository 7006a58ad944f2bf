// From the program in an empty folder to an administrator who added a game, by what the terminal shows and a browser.

import assert from "node:assert/strict";
import { test } from "node:test";

import { DESK, LONG, before } from "./stage.js";
import { Terminal } from "./terminal.js";

test("one command and the browser lead to a game in the store", LONG, async (t) => {
  const terminal = await Terminal.start();
  const sir0 = await before(terminal);
  const begun = performance.now();
  await sir0.visit(t, terminal.link, DESK, async (page) => {
    const form = page.getByRole("region", { name: "Become the administrator" });
    await form.getByLabel("Username").fill("Ada");
    await form.getByLabel("Email").fill("ada@example.com");
    await form.getByLabel("Password").fill("nine quiet lanterns over 58 harbours");
    await form.getByRole("button", { name: "Make the account" }).click();
    await page.getByRole("link", { name: "Add a game" }).click();

    const call = page.locator('[id$="-createGame"].opblock');
    await call.locator(".execute").click();
    const status = call.locator(".live-responses-table tbody .response-col_status").first();

    assert.equal(await status.innerText(), "201");
  });
  const games = await (await fetch(`${terminal.url}/api/games`)).json();
  assert.equal(games.games.length, 1);
  t.diagnostic(`from the link to the game: ${Math.round(performance.now() - begun)} ms`);
});
