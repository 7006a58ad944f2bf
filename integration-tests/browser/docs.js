// What a person does on `/docs`.

import { fits, isAccessible } from "./stage.js";

/** Where the page keeps the token. */
export const KEY = "sir0.token";
export const EXACT = { exact: true };

/** Opens a call on the page. */
export async function open(page, name) {
  const call = page.locator(`[id$="-${name}"].opblock`);
  await call.locator(".opblock-summary-control").click();
  await call.locator(".execute").waitFor();
  return call;
}

/** Makes a call that is open, with this body if there is one. Answers with its status, once the page shows it. */
export async function execute(call, body) {
  if (body) await call.locator("textarea").fill(JSON.stringify(body));
  const answered = call.page().waitForResponse(/\/api\//);
  await call.locator(".execute").click();
  const status = (await answered).status();
  await call.locator(".live-responses-table .response-col_status", { hasText: `${status}` }).waitFor();
  return status;
}

/** What a watched list says of itself. */
export const state = (call) => call.locator(".watched-state");

/** Fails unless the page fits and can be heard, by day and by night. */
export async function isGood(page) {
  for (const colorScheme of ["dark", "light"]) {
    await page.emulateMedia({ colorScheme });
    const dressed = colorScheme === "dark" ? "html.dark-mode" : "html:not(.dark-mode)";
    await page.locator(dressed).waitFor({ state: "attached" });
    await fits(page);
    await isAccessible(page);
  }
}
