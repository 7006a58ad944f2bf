// The page at `/`: the first administrator, signing in and out, with a code where the account asks for one.
//
// The access token and the token of a setup link are kept for this tab alone, and never in an address. Texts of the
// server and of people are written as text, never as markup.

import { TOKEN, claims, keep, kept } from "./docs/token.js";

/** The name of the setup token. */
const SETUP = "sir0.setup";

const at = (id) => document.getElementById(id);
const field = (section, name) => at(section).querySelector("form").elements[name];

/** The sign-in that waits for a code: its challenge and its email, never its password. `null` when none waits. */
let waiting = null;

/** A refusal of the server, with its status, its reason and its challenge, or the lack of an answer, without them. */
class Refused extends Error {
  constructor(words, { status, reason, guard } = {}) {
    super(words);
    this.status = status;
    this.reason = reason;
    this.guard = guard;
  }
}

/** Makes a call below the folder of this page, also behind a proxy that puts a path in front. Answers with its body. */
async function call(method, path, { body, token } = {}) {
  const headers = { accept: "application/json" };
  if (token) headers.authorization = `Bearer ${token}`;
  if (body) headers["content-type"] = "application/json";
  const asked = { method, headers, body: body && JSON.stringify(body), credentials: "omit" };
  const response = await fetch(new URL(path, new URL(".", location.href)), asked).catch(() => {
    throw new Refused("The server cannot be reached. Try again.");
  });
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const { reason, guard } = answer;
  throw new Refused(words(answer, response.status), { status: response.status, reason, guard });
}

/** What a refusal says to a person. */
function words({ details, fields = [] }, status) {
  if (fields.length > 0) return fields.map((it) => `${it.field} ${it.description}`).join("\n");
  return details ?? `The server answered with ${status}.`;
}

/** What leads to a call, by the names of the document. */
const LOOK = [
  ["Look at the games", "docs#/Games/listGames"],
  ["Watch them change", "docs#/Games/watchGames"],
];
const WRITE = [
  ["Add a game", "docs#/Games/createGame"],
  ["Change a game", "docs#/Games/updateGame"],
];
const MAY = {
  admin: ["You may do everything.", [...WRITE, ...LOOK]],
  publisher: ["You may add, change and remove games.", [...WRITE, ...LOOK]],
  player: ["You may look at games. Whoever runs the store makes you a publisher, who adds them.", LOOK],
};

/** The account of this tab's token; `null` when nobody is signed in. A token that is no good is forgotten. */
async function whoIsSignedIn() {
  const token = kept(TOKEN);
  if (token === null) return null;
  const { sub } = claims(token);
  try {
    if (sub) return await call("GET", `api/users/${encodeURIComponent(sub)}`, { token });
  } catch (refused) {
    // A server that is busy or away has said nothing about the token.
    if (![400, 401, 403, 404].includes(refused.status)) throw refused;
  }
  keep(TOKEN, null);
  return null;
}

/** Whether there is no administrator. A server that does not say so is one that has an administrator. */
async function needsAdministrator() {
  try {
    return (await call("GET", "api/setup")).needsAdministrator;
  } catch (refused) {
    if (refused.status === undefined) throw refused;
    return false;
  }
}

/** Shows what this person can do now. */
async function show() {
  const [asked, needed] = await Promise.allSettled([whoIsSignedIn(), needsAdministrator()]);
  for (const { reason } of [asked, needed]) if (reason) notice(reason.message);
  const [user, isNeeded] = [asked.value ?? null, needed.value ?? false];
  if (needed.value === false && kept(SETUP) !== null) {
    keep(SETUP, null);
    if (user === null) notice("The store has an administrator already. The link works no more.");
  }
  const hasLink = isNeeded && kept(SETUP) !== null;
  // Who signed in elsewhere in this tab needs no code any more.
  if (user !== null) waiting = null;
  at("setup").hidden = user !== null || !hasLink;
  const [asks, wasAsking] = [user === null && !hasLink && waiting !== null, !at("code").hidden];
  at("unclaimed").hidden = user !== null || !isNeeded || hasLink || asks;
  at("sign-in").hidden = user !== null || hasLink || asks;
  at("code").hidden = !asks;
  at("signed-in").hidden = user === null;
  if (asks && !wasAsking) field("code", "code").focus();
  if (wasAsking && !at("sign-in").hidden) field("sign-in", "password").focus();
  if (user !== null) {
    const [may, next] = MAY[user.role] ?? MAY.player;
    at("who").textContent = user.username;
    at("may").textContent = hasLink
      ? "The link that brought you here makes an administrator of a new account: sign out to use it."
      : may;
    at("next").replaceChildren(...next.map(([text, href]) => item(text, href)));
  }
}

function item(text, href) {
  const [item, link] = [document.createElement("li"), document.createElement("a")];
  Object.assign(link, { textContent: text, href });
  item.append(link);
  return item;
}

function notice(text) {
  at("notice").textContent = text;
}

/**
 * Does this with what a form holds and the name of the button that sent it. The form waits meanwhile, and says why it
 * did not work.
 */
function submits(section, act) {
  const form = at(section).querySelector("form");
  const [fault, buttons] = [form.querySelector(".fault"), form.querySelectorAll("button")];
  const waits = (is) => buttons.forEach((button) => (button.disabled = is));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    fault.textContent = "";
    notice("");
    waits(true);
    try {
      await act(Object.fromEntries(new FormData(form)), event.submitter?.name);
      form.reset();
      await show();
    } catch (refused) {
      fault.textContent = refused.message;
    } finally {
      waits(false);
    }
  });
}

async function signIn({ email, password }) {
  try {
    const { token } = await call("POST", "api/users/login", { body: { email, password } });
    keep(TOKEN, token);
  } catch (refused) {
    if (refused.reason !== "GUARD_REQUIRED") throw refused;
    const { challengeId, confirmations = [] } = refused.guard;
    waiting = { email, challengeId };
    at("or-recovery").hidden = !confirmations.includes("recovery_code");
  }
}

/** Goes on with a code. The device stays a stranger: what this page keeps ends with the tab, and trust would not. */
async function goOn({ code }, button) {
  if (button === "back") return beginAgain();
  const { challengeId } = waiting;
  try {
    const { token } = await call("POST", "api/users/login/continue", { body: { challengeId, code } });
    keep(TOKEN, token);
    waiting = null;
  } catch (refused) {
    if (refused.reason === "CHALLENGE_REFUSED") {
      return beginAgain(
        "The sign-in is over: it took too long or too many codes, or the account changed. Type the password again.",
      );
    }
    // What is typed next takes the place of this code.
    const typed = field("code", "code");
    typed.focus();
    typed.select();
    throw refused;
  }
}

/** Leads from the code back to the password of the same account, and says why. */
function beginAgain(why = "") {
  field("sign-in", "email").value = waiting.email;
  at("sign-in").querySelector(".fault").textContent = why;
  waiting = null;
}

submits("setup", async (account) => {
  const setupToken = kept(SETUP);
  try {
    // Without a token it would be the account of a player.
    if (setupToken) await call("POST", "api/users/register", { body: { ...account, setupToken } });
  } catch (refused) {
    if (refused.reason !== "SETUP_TOKEN_REFUSED") throw refused;
    keep(SETUP, null);
    notice(refused.message);
    return;
  }
  keep(SETUP, null);
  try {
    await signIn(account);
  } catch (refused) {
    // The account is there: signing in is what is left.
    notice(refused.message);
  }
});
submits("sign-in", signIn);
submits("code", goOn);
submits("signed-in", async () => {
  const token = kept(TOKEN);
  try {
    if (token !== null) await call("POST", "api/users/logout", { body: { token } });
  } catch (refused) {
    // What is no token of this store is forgotten all the same.
    if (refused.status !== 400) throw refused;
  }
  keep(TOKEN, null);
});

/** Takes the token out of the address of a setup link, where the browser's history would keep it. */
function begin() {
  const token = new URLSearchParams(location.hash.slice(1)).get("setup");
  if (token !== null) {
    history.replaceState(null, "", location.pathname + location.search);
    if (token !== "") keep(SETUP, token);
  }
  show();
}

addEventListener("hashchange", begin);
// A page that the browser kept while another one of ours was open: that one may have signed in or out.
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) show();
});
begin();
