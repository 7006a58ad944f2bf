// The page at `/`, and the first minute with a store.

import assert from "node:assert/strict";
import { test } from "node:test";

import { guard } from "./factor.js";
import { DESK, LONG, PHONE, fits, isAccessible, stage } from "./stage.js";

const ADA = { username: "Ada", email: "ada@example.com", password: "nine quiet lanterns over 58 harbours" };

/** Fills in the form of a section, and sends it. */
async function fills(section, values, button) {
  for (const [label, value] of Object.entries(values)) await section.getByLabel(label).fill(value);
  await section.getByRole("button", { name: button }).click();
}

const claims = (page, { username, email, password }) =>
  fills(page.getByRole("region", { name: "Become the administrator" }), {
    Username: username,
    Email: email,
    Password: password,
  });
const signsIn = (page, { email, password }) =>
  fills(page.getByRole("region", { name: "Sign in" }), { Email: email, Password: password });

const codeStep = (page) => page.getByRole("region", { name: "Enter a code" });
const hasFocus = (field) => field.evaluate((one) => one === document.activeElement);

/** Types this where the focus is, and sends the form. */
async function enters(page, text) {
  await page.keyboard.type(text);
  await page.keyboard.press("Enter");
}

/** Ada, with a second factor. */
async function guarded(sir0) {
  await sir0.server.call("POST", "/api/users/register", ADA);
  const { email, password } = ADA;
  const { token } = await sir0.server.call("POST", "/api/users/login", { email, password });
  return guard(sir0.server, token);
}

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

test("who has a second factor signs in with its code, by keyboard alone", LONG, async (t) => {
  const sir0 = await stage();
  const factor = await guarded(sir0);
  await sir0.visit(t, "/", PHONE, async (page) => {
    await page.getByRole("textbox", { name: "Email" }).focus();
    await page.keyboard.type(ADA.email);
    await page.keyboard.press("Tab");
    await enters(page, ADA.password);
    const step = codeStep(page);
    await step.waitFor();
    const told = await step.getByRole("paragraph").first().innerText();
    assert.match(told, /Type the six digits that your app shows, or one of your recovery codes\.$/);
    const field = step.getByLabel("Code");
    assert.ok(await hasFocus(field));
    assert.equal(await field.getAttribute("autocomplete"), "one-time-code");
    assert.ok(!(await page.getByLabel("Email").first().isVisible()));
    const values = await page.locator("input").evaluateAll((all) => all.map(({ value }) => value));
    assert.deepEqual([...new Set(values)], [""], "the password is not kept");
    await isAccessible(page);
    await fits(page);

    const asked = [];
    page.on("request", (request) => asked.push(request.url()));
    await enters(page, "12345");
    assert.ok(!(await field.evaluate((one) => one.validity.valid)));
    assert.deepEqual(asked, [], "what can be no code uses up no try");
    await field.press("ControlOrMeta+a");
    await enters(page, factor.wrong());
    await step.getByRole("alert").getByText("the code is wrong").waitFor();
    assert.ok(await hasFocus(field));
    await isAccessible(page);
    await fits(page);
    // It takes the place of the wrong one.
    await enters(page, factor.code());

    await page.getByRole("heading", { name: "Signed in as Ada" }).waitFor();
    assert.ok(!(await step.isVisible()));
    assert.deepEqual(await kept(page), [0, "", `${sir0.server.url}/`]);
    assert.deepEqual(await page.evaluate(() => Object.keys(sessionStorage)), ["sir0.token"]);
  });
});

test("a person goes back to the password, and a recovery code opens the account", LONG, async (t) => {
  const sir0 = await stage();
  const factor = await guarded(sir0);
  await sir0.visit(t, "/", DESK, async (page) => {
    await signsIn(page, ADA);
    const step = codeStep(page);
    const field = step.getByLabel("Code");
    await field.fill(factor.wrong());
    await step.getByRole("button", { name: "Sign in" }).click();
    await step.getByText("the code is wrong").waitFor();
    assert.ok(await hasFocus(field));
    // Going back takes no code.
    for (const key of ["Delete", "Tab", "Tab", "Enter"]) await page.keyboard.press(key);

    const password = page.getByRole("region", { name: "Sign in" }).getByLabel("Password");
    await password.waitFor();
    assert.ok(await hasFocus(password));
    assert.ok(!(await step.isVisible()));
    assert.equal(await page.getByRole("region", { name: "Sign in" }).getByLabel("Email").inputValue(), ADA.email);
    await enters(page, ADA.password);
    await step.waitFor();
    assert.equal(await field.inputValue(), "");
    assert.ok(!(await step.getByRole("alert").isVisible()));
    await page.keyboard.type(factor.recoveryCodes[0].toLowerCase().replaceAll("-", " "));
    await step.getByRole("button", { name: "Sign in" }).click();

    await page.getByRole("heading", { name: "Signed in as Ada" }).waitFor();
  });
});

test("a challenge that has ended leads back to the password, and any other refusal does not", LONG, async (t) => {
  const sir0 = await stage();
  const factor = await guarded(sir0);
  await sir0.visit(t, "/", DESK, async (page) => {
    const answered = page.waitForResponse("**/api/users/login");
    await signsIn(page, ADA);
    const { challengeId } = (await (await answered).json()).guard;
    const step = codeStep(page);
    const goesOn = (code) => fills(step, { Code: code }, "Sign in");
    for (const details of ["too many attempts", "too busy"]) {
      await page.route("**/login/continue", (route) => route.fulfill({ status: 429, json: { details } }));
      await goesOn(factor.code());
      await step.getByRole("alert").getByText(details).waitFor();
    }
    await page.route("**/login/continue", (route) => route.abort());
    await goesOn(factor.code());
    await step.getByRole("alert").getByText("The server cannot be reached.").waitFor();
    await page.unroute("**/login/continue");
    const used = { challengeId, code: factor.recoveryCodes[0] };
    await sir0.server.call("POST", "/api/users/login/continue", used);

    await goesOn(factor.code());

    const form = page.getByRole("region", { name: "Sign in" });
    await form.getByRole("alert").getByText("Type the password again.").waitFor();
    assert.ok(await hasFocus(form.getByLabel("Password")));
    await isAccessible(page);
    await page.keyboard.type(ADA.password);
    await form.getByRole("button").click();
    await goesOn(factor.code(1));
    await page.getByRole("heading", { name: "Signed in as Ada" }).waitFor();
  });
});

test("nobody is asked for a recovery code without one, or for a code after another sign-in", LONG, async (t) => {
  const sir0 = await stage();
  const { token } = await sir0.server.account("Eve", "player");
  const guard = { challengeId: "challenge_none", confirmations: ["totp"] };
  await sir0.visit(t, "/", DESK, async (page) => {
    const refusal = { status: 401, json: { reason: "GUARD_REQUIRED", guard } };
    await page.route("**/api/users/login", (route) => route.fulfill(refusal));
    await signsIn(page, ADA);
    const step = codeStep(page);
    await step.waitFor();
    const told = await step.getByRole("paragraph").first().innerText();
    assert.match(told, /Type the six digits that your app shows\.$/);

    await page.evaluate((token) => sessionStorage.setItem("sir0.token", token), token);
    await page.evaluate(() => (location.hash = "again"));
    await page.getByRole("heading", { name: "Signed in as Eve" }).waitFor();
    assert.ok(!(await step.isVisible()));
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    assert.ok(!(await step.isVisible()));
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
