// The access token of this tab. The page at `/` and the one at `/docs` keep it in one place: it ends with the tab, no
// other site reads it, and no address has it.

/** A place that a browser may refuse: then what is kept lives as long as the page. */
const here = new Map();

/** What this tab keeps under a name, or `null`. */
export function kept(name) {
  try {
    return sessionStorage.getItem(name);
  } catch {
    return here.get(name) ?? null;
  }
}

/** Keeps this for the tab; `null` forgets it. */
export function keep(name, value) {
  try {
    if (value === null) sessionStorage.removeItem(name);
    else sessionStorage.setItem(name, value);
  } catch {
    here.set(name, value);
  }
}

/** The name of the access token. */
export const TOKEN = "sir0.token";

/** What a token says of its account (RFC 7519), or nothing. It is only shown: the server judges. */
export function claims(token) {
  const middle = token.split(".")[1]?.replaceAll("-", "+").replaceAll("_", "/") ?? "";
  try {
    return JSON.parse(atob(middle)) ?? {};
  } catch {
    return {};
  }
}
