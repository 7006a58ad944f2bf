// Every call through openapi-fetch, with the types of openapi-typescript.

import assert from "node:assert/strict";
import createClient from "openapi-fetch";

import type { components, paths } from "./openapi-typescript.js";
import document from "./api.json" with { type: "json" };
import { ADA, EVE, LANTERNS, PUBLISHER, RENAMED, firstLine } from "./stage.js";

const baseUrl = document.servers[0]!.url;
const visitor = createClient<paths>({ baseUrl });
const as = (token: string) =>
  createClient<paths>({ baseUrl, headers: { authorization: `Bearer ${token}` } });
const studio = as(PUBLISHER);

/** The answer of a call that succeeds. */
function good<T>({ data, error }: { data?: T; error?: unknown }): T {
  assert.ok(data !== undefined, JSON.stringify(error));
  return data;
}

const status = good(await visitor.GET("/api/status"));
const health: "OK" | "ERROR" = status.status;
assert.equal(health, "OK");

const setup = good(await visitor.GET("/api/setup"));
assert.equal(typeof setup.needsAdministrator, "boolean");

const { userId } = good(await visitor.POST("/api/users/register", { body: ADA }));
const { email, password } = ADA;
const { token } = good(await visitor.POST("/api/users/login", { body: { email, password } }));
const ada = as(token);
const path = { user_id: userId };
good(await ada.PUT("/api/users/{user_id}", { params: { path }, body: { username: RENAMED } }));
const user = good(await ada.GET("/api/users/{user_id}", { params: { path } }));
const role: "player" | "publisher" | "admin" = user.role;
assert.deepEqual([user.username, role], [RENAMED, "player"]);

const wanted = { email, password, withRefreshToken: true };
const begun = good(await visitor.POST("/api/users/login", { body: wanted }));
const refreshToken = begun.refreshToken!;
const next = good(await visitor.POST("/api/users/login/refresh", { body: { refreshToken } }));
assert.notEqual(next.refreshToken, refreshToken);
const listed = await ada.GET("/api/users/{user_id}/sessions", { params: { path } });
const session = good(listed).sessions.find(({ isCurrent }) => !isCurrent)!;
assert.deepEqual([session.isRefreshable, session.methods], [true, ["pwd"]]);
const end = "/api/users/{user_id}/sessions:end" as const;
const one = { sessionIds: [session.sessionId], keepCurrent: true };
assert.equal(good(await ada.POST(end, { params: { path }, body: one })).ended, 1);
const action = { action: "ACTION_END_SESSIONS" as const, subject: `${userId}`, password };
const { confirmationToken } = good(await ada.POST("/api/users/confirmations", { body: action }));
const ended = await ada.POST(end, {
  params: { path },
  body: { keepCurrent: true, confirmationToken },
});
assert.equal(good(ended).ended, 0);

const tokens = "/api/users/{user_id}/api-tokens" as const;
const nightly = { name: "Nightly builds", scopes: ["games:read" as const], lifeDays: 30 };
const made = good(await ada.POST(tokens, { params: { path }, body: nightly }));
const held = good(await ada.GET(tokens, { params: { path } })).apiTokens;
assert.deepEqual(held.map(({ tokenId }) => tokenId), [made.tokenId]);
const { apiToken } = made;
const given = good(await visitor.POST("/api/tokens:exchange", { body: { apiToken } }));
assert.deepEqual(given.scopes, nightly.scopes);
const missing = await as(given.accessToken).GET("/api/users/{user_id}", { params: { path } });
assert.equal(missing.error?.reason, "SCOPE_MISSING");
const worthless = await ada.DELETE("/api/users/{user_id}/api-tokens/{token_id}", {
  params: { path: { ...path, token_id: made.tokenId } },
});
assert.equal(good(worthless).wasGood, true);

const added = [];
for (const title of ["Lanterns", "Harbours", "Cranes"]) {
  added.push(good(await studio.POST("/api/games", { body: { ...LANTERNS, title } })).gameId);
}
const titles = [];
for (let pageToken: string | undefined; ; ) {
  const query = { pageSize: 2, genre: LANTERNS.genre, sort: "title" as const, pageToken };
  const page = good(await visitor.GET("/api/games", { params: { query } }));
  titles.push(...page.games.map((game: components["schemas"]["Game"]) => game.title));
  pageToken = page.nextPageToken;
  if (pageToken === undefined) break;
}
assert.deepEqual(titles, ["Cranes", "Harbours", "Lanterns"]);

const game = { path: { game_id: added[0]! } };
const changed = await studio.PUT("/api/games/{game_id}", { params: game, body: { price: 9.99 } });
assert.equal(good(changed).revision, 2);
const read = await visitor.GET("/api/games/{game_id}", { params: game });
assert.equal(good(read).price, 9.99);
const tag = { "If-None-Match": read.response.headers.get("etag") ?? "" };
const again = await visitor.GET("/api/games/{game_id}", { params: { ...game, header: tag } });
assert.equal(again.response.status, 304);

const late = { price: 1, revision: 1 };
const stale = await studio.PUT("/api/games/{game_id}", { params: game, body: late });
assert.equal(stale.error?.reason, "STALE_REVISION");
const denied = await ada.DELETE("/api/games/{game_id}", { params: game });
assert.equal(denied.error?.reason, "PUBLISHER_ROLE_REQUIRED");
good(await studio.DELETE("/api/games/{game_id}", { params: game }));
const gone = await visitor.GET("/api/games/{game_id}", { params: game });
assert.equal(gone.error?.reason, "GAME_NOT_FOUND");
const taken = await visitor.POST("/api/users/register", { body: { ...ADA, username: EVE } });
assert.ok(taken.error?.reason === "EMAIL_TAKEN", JSON.stringify(taken.error));
assert.deepEqual(taken.error.fields?.map(({ field }) => field), ["email"]);
// @ts-expect-error: a reason for which this call is never refused
const never: "EMAIL_TAKEN" | undefined = gone.error?.reason;
assert.notEqual(never, "EMAIL_TAKEN");

const founded = good(await studio.POST("/api/studios", { body: { name: RENAMED } }));
const of = { studio_id: founded.studioId };
const own = good(await studio.GET("/api/studios")).studios;
assert.ok(own.some(({ studioId }) => studioId === of.studio_id));
const named = { params: { path: of }, body: { name: "Cranes" } };
assert.equal(good(await studio.PUT("/api/studios/{studio_id}", named)).studio.name, "Cranes");
const invitations = "/api/studios/{studio_id}/invitations";
const invite = { params: { path: of }, body: { role: "viewer" as const } };
const invited = good(await studio.POST(invitations, invite));
const open = good(await studio.GET(invitations, { params: { path: of } }));
assert.equal(open.invitations.length, 1);
const shown = { body: { secret: invited.secret } };
const joined = good(await ada.POST("/api/invitations:accept", shown));
const seen: "owner" | "editor" | "uploader" | "viewer" | undefined = joined.studio.role;
assert.equal(seen, "viewer");
const stranger = await ada.PUT("/api/studios/{studio_id}", named);
assert.equal(stranger.error?.reason, "STUDIO_ROLE_REQUIRED");
const member = "/api/studios/{studio_id}/members/{user_id}";
const params = { path: { ...of, ...path } };
const placed = good(await studio.PUT(member, { params, body: { role: "editor" } }));
assert.equal(placed.role, "editor");
const told = good(await studio.GET("/api/studios/{studio_id}", { params: { path: of } }));
assert.equal(told.members.length, 2);
good(await studio.DELETE(member, { params }));
const revoked = await studio.DELETE("/api/studios/{studio_id}/invitations/{invitation_id}", {
  params: { path: { ...of, invitation_id: invited.invitationId } },
});
assert.equal(good(revoked).wasOpen, false);
const handed = await studio.POST("/api/games/{game_id}:handOver", {
  params: { path: { game_id: added[1]! } },
  body: { studioId: of.studio_id },
});
assert.equal(good(handed).revision, 2);
assert.equal(good(await studio.GET("/api/games:mine")).games[0]?.gameId, added[1]);

const watch = await visitor.GET("/api/games:watch", {
  params: { query: { sendPresent: true, gameIds: added } },
  headers: { accept: "application/x-ndjson" },
  parseAs: "stream",
});
const heard: components["schemas"]["WatchGamesResponse"] = JSON.parse(
  await firstLine(watch.response.body),
);
assert.equal(heard.present?.title, "Harbours");

good(await visitor.POST("/api/users/logout", { body: { token } }));
const left = await ada.GET("/api/users/{user_id}", { params: { path } });
assert.equal(left.error?.reason, "SIGN_IN_REQUIRED");
