// The token of this tab: what Swagger UI and the page know of it.

import { parsed } from "./event_stream.js";
import { TOKEN, claims, keep, kept } from "./token.js";

const AFTER_LOGIN =
  "Signed in: this page now sends the token with calls that have a lock, until you sign out or close the tab.";
const TOLD = { className: "session-told", role: "status" };
/** The calls that begin a session, where the second goes on with a code, and the one that ends it. */
const [LOGIN, CONTINUE] = ["login", "continueLogin"];
const LOGOUT = "logout";

/** The plugin for Swagger UI, for the server at this address. */
export const session =
  (root) =>
  ({ React }) => {
    const h = React.createElement;

    function Session({ specSelectors, authSelectors, authActions }) {
      const scheme = bearer(specSelectors)?.name;
      const token = authSelectors.authorized().getIn([scheme, "value"]);
      const [fault, setFault] = React.useState("");
      const signOut = async () => {
        setFault("");
        try {
          const ended = await ask(root, specSelectors, LOGOUT, { token });
          // What is no token, or none any more, is refused with 400 and forgotten all the same.
          if (!ended.ok && ended.status !== 400) throw new Error(`${ended.status} ${ended.statusText}`);
          authActions.logout([scheme]);
        } catch (failure) {
          setFault(`The session goes on: ${failure.message}`);
        }
      };
      return h(
        "div",
        { className: "session" },
        h(
          "p",
          { role: "status" },
          h("strong", null, token ? "Signed in" : "Not signed in"),
          token
            ? `${whose(token)}. This page sends the token with calls that have a lock, and keeps it for this tab alone.`
            : h(Ways, { specSelectors }),
        ),
        token && h("button", { type: "button", className: "btn", onClick: signOut }, "Sign out"),
        fault && h("p", { role: "alert" }, fault),
        h(
          "p",
          null,
          "Games are written by publishers and administrators. The ",
          h("a", { href: new URL("docs/guide", root).href }, "guide"),
          " has the first steps, and says who gives ",
          h("a", { href: new URL("docs/guide#roles", root).href }, "roles"),
          ".",
        ),
      );
    }

    /** Where a token comes from. */
    function Ways({ specSelectors }) {
      return h(
        React.Fragment,
        null,
        ". ",
        h(Call, { specSelectors, name: "register" }),
        " makes an account, and ",
        h(Call, { specSelectors, name: LOGIN }),
        " answers with a token, which this page then keeps for this tab. So does ",
        h(Call, { specSelectors, name: CONTINUE }),
        ", with a code, for an account that has a second factor, and the form on the ",
        h("a", { href: root.href }, "first page"),
        ". A token from elsewhere goes into Authorize.",
      );
    }

    /** A link from the reason of a refusal to what the guide says of it. */
    function Reason({ response }) {
      const reason = parsed(response?.get?.("text"))?.reason;
      if (typeof reason !== "string" || !/^[A-Z0-9_]+$/.test(reason)) return null;
      const href = new URL(`docs/guide#${reason}`, root).href;
      return h("p", { className: "session-told" }, h("a", { href }, `What ${reason} means, and what to do`));
    }

    /** A link to a call, as Swagger UI writes it. */
    function Call({ specSelectors, name }) {
      const tag = find(specSelectors, name)?.operation.tags?.[0];
      return tag
        ? h("a", { href: `#/${encodeURIComponent(tag)}/${name}` }, h("code", null, name))
        : h("code", null, name);
    }

    return {
      statePlugins: {
        auth: {
          wrapActions: {
            authorize: (authorize, system) => (given) => {
              const answer = authorize(trimmed(given));
              note(system);
              return answer;
            },
            logout: (logout, system) => (names) => {
              const answer = logout(names);
              note(system);
              return answer;
            },
          },
        },
      },
      wrapComponents: {
        // There is one server, the one that the page came from, so nobody has to choose one.
        ServersContainer: (_, system) => () => h(Session, system),
        liveResponse: (LiveResponse) => (props) =>
          h(React.Fragment, null, h(Reason, props), h(LiveResponse, props)),
        responses: (Responses, system) => (props) => {
          const isIt = (name) => find(system.specSelectors, name)?.path === props.path;
          const isLogin = [LOGIN, CONTINUE].some(isIt) && props.method === "post";
          const isDone =
            isLogin && system.specSelectors.responseFor(props.path, props.method)?.get("status") === 200;
          return h(React.Fragment, null, isDone && h("p", TOLD, AFTER_LOGIN), h(Responses, props));
        },
      },
    };
  };

/** Gives Swagger UI the token that is kept, or takes away the one that is not kept any more. */
export function restore({ specSelectors, authSelectors, authActions }) {
  const scheme = bearer(specSelectors);
  if (!scheme) return;
  const token = kept(TOKEN);
  if (token) authActions.authorize({ [scheme.name]: { ...scheme, value: token } });
  else if (authSelectors.authorized().has(scheme.name)) authActions.logout([scheme.name]);
}

/** Takes the token out of the answer to a login, with a code or without, and forgets one that is logged out. */
export function listen(system, root, { ok, url, obj }) {
  if (!ok) return;
  const scheme = bearer(system.specSelectors);
  if (!scheme) return;
  const isLogin = [LOGIN, CONTINUE].some((name) => isCall(system, root, url, name));
  if (isLogin && typeof obj?.token === "string") {
    system.authActions.authorize({ [scheme.name]: { ...scheme, value: obj.token } });
  }
  if (isCall(system, root, url, LOGOUT) && sent(system.specSelectors, LOGOUT)?.token === kept(TOKEN)) {
    system.authActions.logout([scheme.name]);
  }
}

function note({ specSelectors, authSelectors }) {
  const name = bearer(specSelectors)?.name;
  keep(TOKEN, authSelectors.authorized().getIn([name, "value"]) || null);
}

/** Tokens are pasted with spaces around them, and with the word before them. */
function trimmed(given) {
  const clean = ([name, auth]) => {
    const { value } = auth;
    return [
      name,
      typeof value === "string" ? { ...auth, value: value.trim().replace(/^bearer\s+/i, "") } : auth,
    ];
  };
  return Object.fromEntries(Object.entries(given).map(clean));
}

/** The scheme of tokens in the document. */
function bearer(specSelectors) {
  const schemes = specSelectors.specJson().getIn(["components", "securitySchemes"]);
  const found = schemes?.findEntry(
    (scheme) => scheme.get("type") === "http" && scheme.get("scheme") === "bearer",
  );
  return found && { name: found[0], schema: found[1].toJS() };
}

/** The path and the operation of a name in the document. */
function find(specSelectors, name) {
  for (const [path, verbs] of specSelectors.specJson().get("paths", new Map())) {
    for (const [method, operation] of verbs) {
      if (operation.get?.("operationId") === name) return { path, method, operation: operation.toJS() };
    }
  }
  return undefined;
}

function isCall(system, root, url, name) {
  const call = find(system.specSelectors, name);
  return call !== undefined && new URL(url, root).href.split("?")[0] === new URL(call.path.slice(1), root).href;
}

/** The body that was sent last to a call. */
function sent(specSelectors, name) {
  const { path, method } = find(specSelectors, name);
  const body = specSelectors.requestFor(path, method)?.get("body");
  return typeof body === "string" ? parsed(body) : body?.toJS?.();
}

function ask(root, specSelectors, name, body) {
  const { path, method } = find(specSelectors, name);
  const headers = { "Content-Type": "application/json" };
  return fetch(new URL(path.slice(1), root), {
    method: method.toUpperCase(),
    headers,
    body: JSON.stringify(body),
  });
}

/** What the page says of the account of a token. */
function whose(token) {
  const { sub, role, exp } = claims(token);
  if (typeof exp !== "number") return "";
  const until = new Date(exp * 1_000).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  return ` as account ${sub} (${role}) until ${until}`;
}
