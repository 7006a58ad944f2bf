// Every call through the client of hey-api.

import assert from "node:assert/strict";

import { client } from "./hey-api/client.gen.js";
import * as sir0 from "./hey-api/sdk.gen.js";
import type { Game, WatchGamesResponse } from "./hey-api/types.gen.js";
import { ADA, EVE, LANTERNS, PNG, PUBLISHER, RENAMED, firstLine, shows } from "./stage.js";

let token = "";
client.setConfig({ auth: () => token });

/** The answer of a call that succeeds. */
function good<T>({ data, error }: { data?: T; error?: unknown }): T {
  assert.ok(data !== undefined, JSON.stringify(error));
  return data;
}

const health: "OK" | "ERROR" = good(await sir0.getStatus()).status;
assert.equal(health, "OK");
assert.equal(typeof good(await sir0.getSetup()).needsAdministrator, "boolean");

const { userId } = good(await sir0.register({ body: ADA }));
const { email, password } = ADA;
const adas = good(await sir0.login({ body: { email, password } })).token;
token = adas;
const path = { user_id: userId };
good(await sir0.updateUser({ path, body: { username: RENAMED } }));
const user = good(await sir0.getUser({ path }));
const role: "player" | "publisher" | "admin" = user.role;
assert.deepEqual([user.username, role], [RENAMED, "player"]);

const begun = good(await sir0.login({ body: { email, password, withRefreshToken: true } }));
const next = good(await sir0.refreshSession({ body: { refreshToken: begun.refreshToken! } }));
assert.notEqual(next.refreshToken, begun.refreshToken);
const { sessions } = good(await sir0.listSessions({ path }));
const other = sessions.find(({ isCurrent }) => !isCurrent)!;
assert.deepEqual([other.isRefreshable, other.methods], [true, ["pwd"]]);
const one = { sessionIds: [other.sessionId], keepCurrent: true };
assert.equal(good(await sir0.endSessions({ path, body: one })).ended, 1);
const approved = good(
  await sir0.confirmAction({ body: { action: "ACTION_END_SESSIONS", subject: `${userId}`, password } }),
);
const { confirmationToken } = approved;
const ended = good(await sir0.endSessions({ path, body: { keepCurrent: true, confirmationToken } }));
assert.equal(ended.ended, 0);

const { events } = good(await sir0.listActivity({ path, query: { pageSize: 1 } }));
assert.deepEqual([events[0]!.kind, events[0]!.userId], ["confirmation_used", userId]);
const { factorId, sharedSecret } = good(await sir0.addFactor({ path, body: { name: "Phone" } }));
const ofFactor = { ...path, factor_id: factorId };
const first = good(await sir0.confirmFactor({ path: ofFactor, body: { code: shows(sharedSecret, -1) } }));
assert.equal(first.recoveryCodes.length, 10);
const guarded = (await sir0.login({ body: { email, password } })).error!;
assert.ok("guard" in guarded && guarded.guard);
const { challengeId } = guarded.guard;
const goOn = { challengeId: challengeId!, code: shows(sharedSecret), trustDevice: true };
const proved = good(await sir0.continueLogin({ body: goOn }));
token = proved.token;
assert.equal(good(await sir0.listTrustedDevices({ path })).devices.length, 1);
const codes = good(await sir0.renewRecoveryCodes({ path, body: {} })).recoveryCodes;
assert.equal(good(await sir0.listFactors({ path })).recoveryCodesLeft, 10);
assert.equal(good(await sir0.forgetDevices({ path, body: {} })).forgotten, 1);
token = adas;
const toRemove = { action: "ACTION_REMOVE_FACTOR" as const, subject: factorId, password, code: codes[0]! };
const removal = good(await sir0.confirmAction({ body: toRemove }));
good(await sir0.removeFactor({ path: ofFactor, body: { confirmationToken: removal.confirmationToken } }));
const nightly = { name: "Nightly builds", scopes: ["games:read" as const], lifeDays: 30 };
const made = good(await sir0.createApiToken({ path, body: nightly }));
const held = good(await sir0.listApiTokens({ path })).apiTokens;
assert.deepEqual(held.map(({ tokenId }) => tokenId), [made.tokenId]);
const given = good(await sir0.exchangeApiToken({ body: { apiToken: made.apiToken } }));
assert.deepEqual(given.scopes, nightly.scopes);
token = given.accessToken;
assert.equal((await sir0.getUser({ path })).error?.reason, "SCOPE_MISSING");
token = adas;
const worthless = { path: { ...path, token_id: made.tokenId } };
assert.equal(good(await sir0.revokeApiToken(worthless)).wasGood, true);

token = PUBLISHER;
const kind = { query: { kind: "signed_in" as const, userId, since: "2020-01-01T00:00:00Z" } };
const happened = good(await sir0.listSecurityEvents(kind));
assert.deepEqual([happened.events.length, happened.events[0]!.methods], [3, ["pwd", "otp"]]);
const added: number[] = [];
for (const title of ["Lanterns", "Harbours", "Cranes"]) {
  added.push(good(await sir0.createGame({ body: { ...LANTERNS, title } })).gameId);
}
const titles: string[] = [];
for (let pageToken: string | undefined; ; ) {
  const page: { games: Game[]; nextPageToken?: string } = good(
    await sir0.listGames({ query: { pageSize: 2, genre: LANTERNS.genre, sort: "title", pageToken } }),
  );
  titles.push(...page.games.map((game) => game.title));
  pageToken = page.nextPageToken;
  if (pageToken === undefined) break;
}
assert.deepEqual(titles, ["Cranes", "Harbours", "Lanterns"]);

const game = { path: { game_id: added[0]! } };
assert.equal(good(await sir0.updateGame({ ...game, body: { price: 9.99 } })).revision, 2);
const read = await sir0.getGame(game);
assert.equal(good(read).price, 9.99);
const early = { "If-Match": '"another"' };
const unread = await sir0.updateGame({ ...game, headers: early, body: { price: 1 } });
assert.equal(unread.error?.reason, "PRECONDITION_FAILED");
const stale = await sir0.updateGame({ ...game, body: { price: 1, revision: 1 } });
assert.equal(stale.error?.reason, "STALE_REVISION");
const [change, earliest] = good(await sir0.listGameChanges(game)).changes;
assert.deepEqual(change?.fields.map(({ field }) => field), ["price"]);
const undo = (id: string) => sir0.undoGameChange({ path: { ...game.path, change_id: id }, body: {} });
assert.equal(good(await undo(change!.changeId)).revision, 3);
assert.equal((await undo(earliest!.changeId)).error?.reason, "NOT_UNDOABLE");
const page = { texts: [{ language: "de", title: "Laternen" }], platforms: ["linux"] };
assert.equal(good(await sir0.updateGamePage({ ...game, body: { page } })).revision, 4);
assert.equal(good(await sir0.getGamePage(game)).page.texts?.[0]?.title, "Laternen");
assert.deepEqual(good(await sir0.getMyGamePage(game)).page.platforms, ["linux"]);
const picks = { gameIds: [game.path.game_id] };
const { revision: picksRevision } = good(await sir0.updatePicks({ body: picks }));
assert.deepEqual(good(await sir0.getPicks()), { ...picks, revision: picksRevision });
const [picked] = good(await sir0.getFrontPage()).lists;
assert.deepEqual(picked?.games.map(({ title }) => title), ["Lanterns"]);
assert.equal(good(await sir0.getStore()).currency.decimals, 2);
const cover = { ...game, query: { purpose: "cover" as const }, body: new Blob([PNG]) };
const { picture } = good(await sir0.uploadPicture(cover));
assert.deepEqual(picture.files.map(({ width }) => width), [2, 2]);
assert.equal(good(await sir0.listPictures(game)).pictures[0]?.pictureId, picture.pictureId);
assert.equal(good(await sir0.listMyPictures(game)).pictures.length, 1);
good(await sir0.deletePicture({ path: { ...game.path, picture_id: picture.pictureId } }));
token = adas;
assert.equal((await sir0.deleteGame(game)).error?.reason, "PUBLISHER_ROLE_REQUIRED");
token = PUBLISHER;
good(await sir0.deleteGame(game));
const gone = await sir0.getGame(game);
assert.equal(gone.error?.reason, "GAME_NOT_FOUND");
// @ts-expect-error: a reason for which this call is never refused
const never: "EMAIL_TAKEN" | undefined = gone.error?.reason;
assert.notEqual(never, "EMAIL_TAKEN");
const taken = await sir0.register({ body: { ...ADA, username: EVE } });
assert.ok(taken.error?.reason === "EMAIL_TAKEN", JSON.stringify(taken.error));
assert.deepEqual(taken.error.fields?.map(({ field }) => field), ["email"]);

const of = { studio_id: good(await sir0.createStudio({ body: { name: RENAMED } })).studioId };
assert.ok(good(await sir0.listStudios()).studios.some(({ studioId }) => studioId === of.studio_id));
assert.equal(good(await sir0.updateStudio({ path: of, body: { name: "Cranes" } })).studio.name, "Cranes");
const invited = good(await sir0.createInvitation({ path: of, body: { role: "viewer" } }));
assert.equal(good(await sir0.listInvitations({ path: of })).invitations.length, 1);
token = adas;
const joined = good(await sir0.acceptInvitation({ body: { secret: invited.secret } }));
const seen: "owner" | "editor" | "uploader" | "viewer" | undefined = joined.studio.role;
assert.equal(seen, "viewer");
const stranger = await sir0.updateStudio({ path: of, body: { name: "Ada" } });
assert.equal(stranger.error?.reason, "STUDIO_ROLE_REQUIRED");
token = PUBLISHER;
const member = { path: { ...of, ...path } };
assert.equal(good(await sir0.updateMember({ ...member, body: { role: "editor" } })).role, "editor");
assert.equal(good(await sir0.getStudio({ path: of })).members.length, 2);
good(await sir0.removeMember(member));
const invitation = { path: { ...of, invitation_id: invited.invitationId } };
assert.equal(good(await sir0.revokeInvitation(invitation)).wasOpen, false);
const handed = { path: { game_id: added[1]! }, body: { studioId: of.studio_id } };
assert.equal(good(await sir0.handOverGame(handed)).revision, 2);
const theGame = { path: { game_id: added[1]! } };
const planned = { state: "announced" as const, time: "2031-01-01T00:00:00Z" };
const tooLate = await sir0.publishGame({ ...theGame, body: planned });
assert.equal(tooLate.error?.reason, "NOT_PUBLISHABLE");
assert.equal(good(await sir0.publishGame({ ...theGame, body: { state: "released" } })).revision, 2);
assert.ok(good(await sir0.unscheduleGame({ ...theGame, body: {} })).message);
assert.equal(good(await sir0.getMyGame(theGame)).game.state, "released");
assert.deepEqual(good(await sir0.listMyGames()).games.map(({ gameId }) => gameId)[0], added[1]);

const ownStream = await sir0.watchMyGames({
  query: { sendPresent: true },
  headers: { accept: "application/x-ndjson" },
  parseAs: "stream",
});
assert.ok(JSON.parse(await firstLine(ownStream.response.body)).present.game.gameId);

const watch = await sir0.watchGames({
  query: { sendPresent: true, gameIds: added },
  headers: { accept: "application/x-ndjson" },
  parseAs: "stream",
});
const heard: WatchGamesResponse = JSON.parse(await firstLine(watch.response.body));
assert.equal(heard.present?.title, "Harbours");

const found = good(await sir0.findUsers({ query: { email, disabled: false } }));
assert.deepEqual(found.accounts.map(({ user }) => user.userId), [userId]);
assert.equal(good(await sir0.showUser({ path })).account.user.username, RENAMED);
assert.ok(good(await sir0.disableUser({ path, body: {} })).account.disableTime);
const shut = await sir0.login({ body: { email, password } });
assert.equal(shut.error?.reason, "ACCOUNT_DISABLED");
assert.equal(good(await sir0.enableUser({ path, body: {} })).account.disableTime, undefined);
assert.equal(good(await sir0.signOutUser({ path, body: {} })).ended, 0);
assert.ok(good(await sir0.requireNewPassword({ path, body: {} })).account.newPasswordTime);
const { secret } = good(await sir0.createReset({ path, body: {} }));
const newPassword = "eight herons leave the delta at noon";
good(await sir0.useReset({ body: { secret, newPassword } }));
const promoted = good(await sir0.setUserRole({ path, body: { role: "publisher" } }));
assert.equal(promoted.account.user.role, "publisher");

good(await sir0.logout({ body: { token: adas } }));
token = adas;
assert.equal((await sir0.getUser({ path })).error?.reason, "SIGN_IN_REQUIRED");
