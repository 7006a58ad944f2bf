// Every call through openapi-fetch, with the types of openapi-typescript.

import assert from "node:assert/strict";
import createClient from "openapi-fetch";

import type { components, paths } from "./openapi-typescript.js";
import document from "./api.json" with { type: "json" };
import { ADA, EVE, LANTERNS, PNG, PUBLISHER, RENAMED, firstLine, shows } from "./stage.js";

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
const activity = await ada.GET("/api/users/{user_id}/activity", {
  params: { path, query: { pageSize: 1 } },
});
const latest = good(activity).events[0]!;
assert.deepEqual([latest.kind, latest.userId], ["confirmation_used", userId]);
const happened = await studio.GET("/api/security-events", {
  params: { query: { kind: "signed_in", userId, since: "2020-01-01T00:00:00Z" } },
});
assert.deepEqual(good(happened).events.map(({ methods }) => methods), [["pwd"], ["pwd"]]);

const factors = "/api/users/{user_id}/factors" as const;
const phone = good(await ada.POST(factors, { params: { path }, body: { name: "Phone" } }));
const ofFactor = { params: { path: { ...path, factor_id: phone.factorId } } };
const first = await ada.POST("/api/users/{user_id}/factors/{factor_id}:confirm", {
  ...ofFactor,
  body: { code: shows(phone.sharedSecret, -1) },
});
assert.equal(good(first).recoveryCodes.length, 10);
const guarded = (await visitor.POST("/api/users/login", { body: { email, password } })).error!;
assert.ok("guard" in guarded && guarded.guard);
const challengeId = guarded.guard.challengeId!;
const goOn = { challengeId, code: shows(phone.sharedSecret), trustDevice: true };
const proved = as(good(await visitor.POST("/api/users/login/continue", { body: goOn })).token);
const devices = await proved.GET("/api/users/{user_id}/devices", { params: { path } });
assert.equal(good(devices).devices.length, 1);
const renewed = await proved.POST("/api/users/{user_id}/recovery-codes", { params: { path }, body: {} });
const code = good(renewed).recoveryCodes[0]!;
assert.equal(good(await proved.GET(factors, { params: { path } })).recoveryCodesLeft, 10);
const forget = "/api/users/{user_id}/devices:forget" as const;
assert.equal(good(await proved.POST(forget, { params: { path }, body: {} })).forgotten, 1);
const toRemove = { action: "ACTION_REMOVE_FACTOR" as const, subject: phone.factorId, password, code };
const removal = good(await ada.POST("/api/users/confirmations", { body: toRemove }));
const remove = "/api/users/{user_id}/factors/{factor_id}:remove" as const;
good(await ada.POST(remove, { ...ofFactor, body: { confirmationToken: removal.confirmationToken } }));

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
const past = await studio.GET("/api/games/{game_id}/changes", { params: game });
const [change] = good(past).changes;
assert.deepEqual(change?.fields.map(({ field }) => field), ["price"]);
const undone = await studio.POST("/api/games/{game_id}/changes/{change_id}:undo", {
  params: { path: { ...game.path, change_id: change!.changeId } },
  body: {},
});
assert.equal(good(undone).revision, 3);
const page = { tags: ["cosy"] };
const paged = await studio.PUT("/api/games/{game_id}/page", { params: game, body: { page } });
assert.equal(good(paged).revision, 4);
const pageOf = await visitor.GET("/api/games/{game_id}/page", { params: game });
assert.deepEqual(good(pageOf).page.tags, ["cosy"]);
good(await studio.GET("/api/games/{game_id}/page:mine", { params: game }));
const { picture } = good(
  await studio.POST("/api/games/{game_id}/pictures", {
    params: { ...game, query: { purpose: "cover" } },
    body: "",
    bodySerializer: () => PNG,
    headers: { "Content-Type": "image/png" },
  }),
);
const pictures = await visitor.GET("/api/games/{game_id}/pictures", { params: game });
assert.equal(good(pictures).pictures[0]?.pictureId, picture.pictureId);
const mine = await studio.GET("/api/games/{game_id}/pictures:mine", { params: game });
assert.equal(good(mine).pictures.length, 1);
const away = { path: { ...game.path, picture_id: picture.pictureId } };
good(await studio.DELETE("/api/games/{game_id}/pictures/{picture_id}", { params: away }));
const picks = { gameIds: [game.path.game_id] };
assert.equal(typeof good(await studio.PUT("/api/store/picks", { body: picks })).revision, "number");
assert.deepEqual(good(await studio.GET("/api/store/picks")).gameIds, picks.gameIds);
assert.equal(good(await visitor.GET("/api/store/front-page")).lists[0]?.name, "picked");
assert.equal(good(await visitor.GET("/api/store")).priceBands[0]?.name, "free");
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
const theGame = { path: { game_id: added[1]! } };
const tooLate = await studio.POST("/api/games/{game_id}:publish", {
  params: theGame,
  body: { state: "announced", time: "2031-01-01T00:00:00Z" },
});
assert.equal(tooLate.error?.reason, "NOT_PUBLISHABLE");
const released = await studio.POST("/api/games/{game_id}:publish", {
  params: theGame,
  body: { state: "released" },
});
assert.equal(good(released).revision, 2);
const unplanned = { params: theGame, body: {} };
assert.ok(good(await studio.POST("/api/games/{game_id}:unschedule", unplanned)).message);
const asItsStudio = await studio.GET("/api/games/{game_id}:mine", { params: theGame });
assert.equal(good(asItsStudio).game.state, "released");
assert.equal(good(await studio.GET("/api/games:mine")).games[0]?.gameId, added[1]);

const ownStream = await studio.GET("/api/games:watchMine", {
  params: { query: { sendPresent: true } },
  headers: { accept: "application/x-ndjson" },
  parseAs: "stream",
});
assert.ok(JSON.parse(await firstLine(ownStream.response.body)).present.game.gameId);

const watch = await visitor.GET("/api/games:watch", {
  params: { query: { sendPresent: true, gameIds: added } },
  headers: { accept: "application/x-ndjson" },
  parseAs: "stream",
});
const heard: components["schemas"]["WatchGamesResponse"] = JSON.parse(
  await firstLine(watch.response.body),
);
assert.equal(heard.present?.title, "Harbours");

const query = { email, disabled: false };
const found = good(await studio.GET("/api/admin/users", { params: { query } }));
assert.deepEqual(found.accounts.map(({ user }) => user.userId), [userId]);
const account = { params: { path }, body: {} };
const looked = good(await studio.GET("/api/admin/users/{user_id}", { params: { path } }));
assert.equal(looked.account.user.username, RENAMED);
const disabled = good(await studio.POST("/api/admin/users/{user_id}:disable", account));
assert.ok(disabled.account.disableTime);
const shut = await visitor.POST("/api/users/login", { body: { email, password } });
assert.equal(shut.error?.reason, "ACCOUNT_DISABLED");
const enabled = good(await studio.POST("/api/admin/users/{user_id}:enable", account));
assert.equal(enabled.account.disableTime, undefined);
assert.equal(good(await studio.POST("/api/admin/users/{user_id}:signOut", account)).ended, 0);
const needing = await studio.POST("/api/admin/users/{user_id}:requireNewPassword", account);
assert.ok(good(needing).account.newPasswordTime);
const { secret } = good(await studio.POST("/api/admin/users/{user_id}:reset", account));
const newPassword = "eight herons leave the delta at noon";
good(await visitor.POST("/api/users/resets:use", { body: { secret, newPassword } }));
const promoted = await studio.PUT("/api/admin/users/{user_id}/role", {
  params: { path },
  body: { role: "publisher" },
});
assert.equal(good(promoted).account.user.role, "publisher");

good(await visitor.POST("/api/users/logout", { body: { token } }));
const left = await ada.GET("/api/users/{user_id}", { params: { path } });
assert.equal(left.error?.reason, "SIGN_IN_REQUIRED");
