// Signing in on `/docs`: where the token comes from, where it is kept, and how it goes.

import assert from "node:assert/strict";
import { test } from "node:test";

import { EXACT, KEY, execute, open } from "./docs.js";
import { guard } from "./factor.js";
import { DESK, LONG, stage } from "./stage.js";

const sir0 = await stage();
const studio = await sir0.server.account("northlight", "publisher");

const kept = (page) => page.evaluate((key) => sessionStorage.getItem(key), KEY);

test("a login gives its token to later calls, also after a reload, until the logout", LONG, (t) =>
  sir0.visit(t, "/docs", DESK, async (page) => {
    await page.getByText("Not signed in", EXACT).waitFor();
    const create = await open(page, "createGame");
    assert.equal(await execute(create), 401);
    const why = create.getByRole("link", { name: "What SIGN_IN_REQUIRED means" });
    assert.equal(new URL(await why.evaluate(({ href }) => href)).hash, "#SIGN_IN_REQUIRED");

    const login = await open(page, "login");
    assert.equal(await execute(login, { email: studio.email, password: studio.password }), 200);
    await login.getByText("this page now sends the token").waitFor();
    await page.getByText(/as account \d+ \(publisher\)/).waitFor();
    assert.equal(await execute(create, { title: "Harbours", genre: "Puzzle", price: 5, description: "" }), 201);
    const token = await kept(page);
    await page.reload();

    await page.getByText("Signed in", EXACT).waitFor();
    const again = await open(page, "createGame");
    assert.equal(
      await execute(again, { title: "Harbours 2", genre: "Puzzle", price: 5, description: "" }),
      201,
    );
    const logout = await open(page, "logout");
    assert.equal(await execute(logout, { token }), 200);
    await page.getByText("Not signed in", EXACT).waitFor();
    assert.equal(await kept(page), null);
    assert.equal(await page.evaluate(() => localStorage.length), 0);
    assert.doesNotMatch(page.url(), /eyJ/);
  }),
);

test(
  "a token is pasted by keyboard alone, outlives the logout of another, and is forgotten",
  LONG,
  async (t) => {
    const { email, password } = studio;
    const { token: other } = await sir0.server.call("POST", "/api/users/login", { email, password });
    const { token } = await sir0.server.call("POST", "/api/users/login", { email, password });
    await sir0.visit(t, "/docs", DESK, async (page) => {
      await page.getByRole("button", { name: "Authorize" }).focus();
      await page.keyboard.press("Enter");
      await page.keyboard.type(` Bearer ${token} `);
      await page.keyboard.press("Enter");
      await page.getByText("Signed in", EXACT).waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "hidden" });
      assert.equal(await kept(page), token);

      assert.equal(await execute(await open(page, "logout"), { token: other }), 200);
      assert.equal(await kept(page), token);

      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByText("Not signed in", EXACT).waitFor();
      assert.equal(await kept(page), null);
      await assert.rejects(sir0.server.call("GET", "/api/users/1", undefined, token), /401/);
    });
  },
);

test("a login that goes on with a code gives its token to later calls, too", LONG, async (t) => {
  const { email, password, token } = await sir0.server.account("southlight", "publisher");
  const factor = await guard(sir0.server, token);
  await sir0.visit(t, "/docs", DESK, async (page) => {
    const login = await open(page, "login");
    const answered = page.waitForResponse("**/api/users/login");
    assert.equal(await execute(login, { email, password }), 401);
    await login.getByRole("link", { name: "What GUARD_REQUIRED means" }).waitFor();
    const { challengeId } = (await (await answered).json()).guard;
    const goOn = await open(page, "continueLogin");

    assert.equal(await execute(goOn, { challengeId, code: factor.code() }), 200);

    await goOn.getByText("this page now sends the token").waitFor();
    await page.getByText(/as account \d+ \(publisher\)/).waitFor();
    const game = { title: "Piers", genre: "Puzzle", price: 5, description: "" };
    assert.equal(await execute(await open(page, "createGame"), game), 201);
  });
});

test("what is kept as a token and is none is refused by the server, and can be forgotten", LONG, (t) =>
  sir0.visit(t, "/openapi.json", DESK, async (page) => {
    await page.evaluate((key) => sessionStorage.setItem(key, "<img src=x onerror=alert(1)>.e30.x"), KEY);
    await page.goto("/docs");
    await page.getByText("Signed in", EXACT).waitFor();

    assert.equal(await execute(await open(page, "createGame")), 401);
    await page.getByRole("button", { name: "Authorize" }).click();
    await page.getByRole("button", { name: "Logout", ...EXACT }).press("Enter");
    assert.equal(await kept(page), null);
  }),
);
