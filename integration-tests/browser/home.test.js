// The page at `/`, and the first minute with a store.

import assert from "node:assert/strict";
import { test } from "node:test";

import { DESK, LONG, PHONE, fits, isAccessible, stage } from "./stage.js";

const ADA = { username: "Ada", email: "ada@example.com", password: "nine quiet lanterns over 58 harbours" };

/** Fills in the form of a section, and sends it. */
async function fills(page, name, values) {
  const section = page.getByRole("region", { name });
  for (const [label, value] of Object.entries(values)) await section.getByLabel(label).fill(value);
  await section.getByRole("button").click();
}

const claims = (page, { username, email, password }) =>
  fills(page, "Become the administrator", { Username: username, Email: email, Password: password });
const signsIn = (page, { email, password }) =>
  fills(page, "Sign in", { Email: email, Password: password });

const kept = (page) => page.evaluate(() => [localStorage.length, document.cookie, location.href]);

test("whoever has the link becomes the administrator, and goes on signed in", LONG, async (t) => {
  const sir0 = await stage();
  const link = await sir0.server.link();
  await sir0.visit(t, link, PHONE, async (page) => {
    await page.getByRole("region", { name: "Become the administrator" }).waitFor();
    assert.equal(new URL(page.url()).hash, "", "the token is out of the address");
    await isAccessible(page);
    await fits(page);
    await page.reload();
    await claims(page, { ...ADA, password: "password" });
    await page.getByText("password is too easy to guess").waitFor();

    await claims(page, ADA);

    await page.getByRole("heading", { name: "Signed in as Ada" }).waitFor();
    await page.getByText("You may do everything.").waitFor();
    await isAccessible(page);
    await fits(page);
    assert.deepEqual(await kept(page), [0, "", `${sir0.server.url}/`]);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  });
  await sir0.visit(t, link, DESK, async (page) => {
    await page.getByText("The store has an administrator already.").waitFor();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await signsIn(page, { ...ADA, password: "wrong" });
    await page.getByText("the email or the password is wrong").waitFor();
    await signsIn(page, ADA);
    await page.getByRole("heading", { name: "Signed in as Ada" }).waitFor();
    await page.reload();
    await page.getByRole("heading", { name: "Signed in as Ada" }).waitFor();
  });
});

test("a visitor of a store without an administrator learns where the link is", LONG, async (t) => {
  const sir0 = await stage();
  await sir0.visit(t, "/", PHONE, async (page) => {
    await page.getByRole("heading", { name: "No administrator yet" }).waitFor();
    await page.getByText("sir0 admin link").waitFor();
    assert.ok(!(await page.getByRole("region", { name: "Become the administrator" }).isVisible()));
    await isAccessible(page);
    await fits(page);
  });
  await sir0.visit(t, "/#setup=5eed", DESK, async (page) => {
    await claims(page, ADA);
    await page.getByText("the setup link was used").waitFor();
    await page.getByRole("heading", { name: "No administrator yet" }).waitFor();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await isAccessible(page);
  });
});

test("names of people are text, and a token that is no good is forgotten", LONG, async (t) => {
  const sir0 = await stage();
  const username = `<img src=x onerror="alert(1)">`;
  await sir0.server.call("POST", "/api/users/register", { ...ADA, username });
  await sir0.visit(t, "/", DESK, async (page) => {
    await signsIn(page, ADA);
    await page.getByRole("heading", { name: `Signed in as ${username}` }).waitFor();
    for (const token of ["5eed", "a.b.c", "e30.e30.e30"]) {
      await page.evaluate((token) => sessionStorage.setItem("sir0.token", token), token);
      await page.reload();
      await page.getByRole("heading", { name: "Sign in" }).waitFor();
      assert.equal(await page.evaluate(() => sessionStorage.getItem("sir0.token")), null, token);
    }
  });
});

test("an account that is made goes on to the sign-in, whatever stops its session", LONG, async (t) => {
  const sir0 = await stage();
  const link = await sir0.server.link();
  await sir0.visit(t, link, DESK, async (page) => {
    await page.route("**/api/users/login", (route) => route.fulfill({ status: 429, json: { details: "too busy" } }));
    await claims(page, ADA);
    await page.getByText("too busy").waitFor();
    await page.unroute("**/api/users/login");
    assert.ok(!(await page.getByRole("region", { name: "Become the administrator" }).isVisible()));
    await signsIn(page, ADA);
    await page.getByText("You may do everything.").waitFor();
  });
});

test("who is signed in already is told what the link is for", LONG, async (t) => {
  const sir0 = await stage();
  await sir0.server.call("POST", "/api/users/register", ADA);
  const link = await sir0.server.link();
  await sir0.visit(t, "/", DESK, async (page) => {
    await signsIn(page, ADA);
    await page.getByRole("heading", { name: "Signed in as Ada" }).waitFor();
    await page.evaluate((hash) => (location.hash = hash), new URL(link).hash);
    await page.getByText("sign out to use it").waitFor();
    assert.equal(new URL(page.url()).hash, "");
    await page.getByRole("button", { name: "Sign out" }).click();
    await claims(page, { ...ADA, username: "Root", email: "root@example.com" });
    await page.getByText("You may do everything.").waitFor();
  });
});

test("the page signs people in where the setup is not told, and where the browser keeps nothing", LONG, async (t) => {
  const sir0 = await stage();
  await sir0.server.call("POST", "/api/users/register", ADA);
  await sir0.visit(t, "/", DESK, async (page) => {
    await page.route("**/api/setup", (route) => route.fulfill({ status: 503, json: {} }));
    await page.addInitScript(() => {
      const refuse = () => {
        throw new DOMException("refused", "SecurityError");
      };
      Object.defineProperty(globalThis, "sessionStorage", { get: refuse });
    });
    await page.reload();
    await signsIn(page, ADA);
    await page.getByRole("heading", { name: "Signed in as Ada" }).waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
  });
});

test("every link of the page leads somewhere", LONG, async (t) => {
  const sir0 = await stage();
  await sir0.visit(t, "/", DESK, async (page) => {
    const links = await page.locator("a[href]").evaluateAll((all) => all.map((one) => one.href));
    assert.ok(links.length > 4, links);
    for (const link of links) assert.equal((await fetch(link)).status, 200, link);
  });
});
