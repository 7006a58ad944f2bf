// `/docs` as a person uses it.

import { test } from "node:test";

import { DESK, LONG, stage } from "./stage.js";

const sir0 = await stage();

test("the page lists every call", LONG, (t) =>
  sir0.visit(t, "/docs", DESK, async (page) => {
    await page.getByText("/api/games:watch").waitFor();
  }),
);
