// The page at `/`: the first administrator, signing in and out.
//
// The access token and the token of a setup link are kept for this tab alone, and never in an address. Texts of the
// server and of people are written as text, never as markup.
"use strict";

const TOKEN = "sir0.token";
const SETUP = "sir0.setup";

const at = (id) => document.getElementById(id);

/** The address of a path, also behind a proxy that serves this page from a folder. */
const address = (path) => new URL(path, new URL(".", location.href));

/** Makes a call. Answers with the body, or throws an error with the words of the refusal. */
async function call(method, path, body) {
  const headers = { accept: "application/json" };
  const token = sessionStorage.getItem(TOKEN);
  if (token !== null && body === undefined) headers.authorization = `Bearer ${token}`;
  if (body !== undefined) headers["content-type"] = "application/json";
  const asked = { method, headers, body: JSON.stringify(body), credentials: "omit" };
  let response;
  try {
    response = await fetch(address(path), asked);
  } catch {
    throw new Error("The server cannot be reached. Try again.");
  }
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const refused = new Error(words(answer, response.status));
  refused.status = response.status;
  throw refused;
}

/** What a refusal says to a person. */
function words({ details, fields = [] }, status) {
  if (fields.length > 0) return fields.map((it) => `${it.field} ${it.description}`).join("\n");
  return details ?? `The server answered with ${status}.`;
}

/** The account that a token is of (RFC 7519, `sub`); `null` of what is no token. Only the server knows if it is good. */
function owner(token) {
  try {
    const claims = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    return String(JSON.parse(atob(claims)).sub);
  } catch {
    return null;
  }
}

const MAY = {
  admin: ["You may do everything.", "Add a game", "docs#/Games/createGame"],
  publisher: ["You may list games and change your own.", "Add a game", "docs#/Games/createGame"],
  player: ["Publishers list games; ask an administrator to become one.", "Look around", "docs"],
};

/** The account of this tab's token; `null` when nobody is signed in. A token that is no good is forgotten. */
async function whoIsSignedIn() {
  const token = sessionStorage.getItem(TOKEN);
  if (token === null) return null;
  const user = owner(token);
  try {
    if (user !== null) return await call("GET", `api/users/${encodeURIComponent(user)}`);
  } catch (refused) {
    // A server that is busy or away has said nothing about the token.
    if (![400, 401, 403, 404].includes(refused.status)) throw refused;
  }
  sessionStorage.removeItem(TOKEN);
  return null;
}

/** Shows what this person can do now. */
async function show() {
  try {
    const [user, { needsAdministrator }] = await Promise.all([
      whoIsSignedIn(),
      call("GET", "api/setup"),
    ]);
    if (!needsAdministrator && sessionStorage.getItem(SETUP) !== null) {
      sessionStorage.removeItem(SETUP);
      if (user === null) notice("The store has an administrator already. The link works no more.");
    }
    const hasLink = sessionStorage.getItem(SETUP) !== null;
    at("setup").hidden = user !== null || !needsAdministrator || !hasLink;
    at("unclaimed").hidden = user !== null || !needsAdministrator || hasLink;
    at("sign-in").hidden = user !== null || !at("setup").hidden;
    at("signed-in").hidden = user === null;
    if (user !== null) {
      const [may, next, where] = MAY[user.role] ?? MAY.player;
      at("who").textContent = user.username;
      at("may").textContent = may;
      at("next").textContent = next;
      at("next").href = where;
    }
  } catch (refused) {
    notice(refused.message);
  }
}

function notice(text) {
  at("notice").textContent = text;
}

/** Does this with what a form holds. The form waits meanwhile, and says why it did not work. */
function submits(section, act) {
  const form = at(section).querySelector("form");
  const [fault, button] = [form.querySelector(".fault"), form.querySelector("button")];
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    fault.textContent = "";
    notice("");
    button.disabled = true;
    try {
      await act(Object.fromEntries(new FormData(form)));
      form.reset();
      await show();
    } catch (refused) {
      fault.textContent = refused.message;
    } finally {
      button.disabled = false;
    }
  });
}

async function signIn({ email, password }) {
  const { token } = await call("POST", "api/users/login", { email, password });
  sessionStorage.setItem(TOKEN, token);
}

submits("setup", async (account) => {
  const setupToken = sessionStorage.getItem(SETUP);
  await call("POST", "api/users/register", { ...account, setupToken });
  sessionStorage.removeItem(SETUP);
  await signIn(account);
});
submits("sign-in", signIn);
submits("signed-in", async () => {
  await call("POST", "api/users/logout", { token: sessionStorage.getItem(TOKEN) });
  sessionStorage.removeItem(TOKEN);
});

/** Takes the token out of the address of a setup link, where the browser's history would keep it. */
function begin() {
  const token = new URLSearchParams(location.hash.slice(1)).get("setup");
  if (token !== null) {
    sessionStorage.setItem(SETUP, token);
    history.replaceState(null, "", location.pathname + location.search);
  }
  show();
}

addEventListener("hashchange", begin);
begin();
