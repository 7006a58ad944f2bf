// Every call through the functions of orval. Its validators judge what is sent and what comes.

import assert from "node:assert/strict";

import * as sir0 from "./orval/calls.js";
import * as valid from "./orval/validators.js";
import { ADA, EVE, LANTERNS, PNG, PUBLISHER, RENAMED, firstLine, shows } from "./stage.js";

const signed = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
const studio = signed(PUBLISHER);

const status = await sir0.getStatus();
assert.ok(status.status === 200, JSON.stringify(status));
assert.equal(valid.getStatusResponse.parse(status.data).status, "OK");

const setup = await sir0.getSetup();
assert.ok(setup.status === 200, JSON.stringify(setup));
valid.getSetupResponse.parse(setup.data);

const registered = await sir0.register(valid.registerBody.parse(ADA));
assert.ok(registered.status === 200, JSON.stringify(registered));
const { userId } = valid.registerResponse.parse(registered.data);
const { email, password } = ADA;
const begun = await sir0.login(valid.loginBody.parse({ email, password }));
assert.ok(begun.status === 200, JSON.stringify(begun));
const { token } = valid.loginResponse.parse(begun.data);
const ada = signed(token);
const change = valid.updateUserBody.parse({ username: RENAMED });
const renamed = await sir0.updateUser(userId, change, ada);
valid.updateUserResponse.parse(renamed.data);
const user = valid.getUserResponse.parse((await sir0.getUser(userId, ada)).data);
const role: "player" | "publisher" | "admin" = user.role;
assert.deepEqual([user.username, role], [RENAMED, "player"]);

const wanted = valid.loginBody.parse({ email, password, withRefreshToken: true });
const long = await sir0.login(wanted);
assert.ok(long.status === 200, JSON.stringify(long));
const refreshToken = valid.loginResponse.parse(long.data).refreshToken!;
const next = await sir0.refreshSession(valid.refreshSessionBody.parse({ refreshToken }));
assert.notEqual(valid.refreshSessionResponse.parse(next.data).refreshToken, refreshToken);
const listed = valid.listSessionsResponse.parse((await sir0.listSessions(userId, {}, ada)).data);
const session = listed.sessions.find(({ isCurrent }) => !isCurrent)!;
assert.deepEqual([session.isRefreshable, session.methods], [true, ["pwd"]]);
const one = valid.endSessionsBody.parse({ sessionIds: [session.sessionId], keepCurrent: true });
valid.endSessionsResponse.parse((await sir0.endSessions(userId, one, ada)).data);
const action = { action: "ACTION_END_SESSIONS", subject: `${userId}`, password };
const confirmed = await sir0.confirmAction(valid.confirmActionBody.parse(action), ada);
const { confirmationToken } = valid.confirmActionResponse.parse(confirmed.data);
const others = valid.endSessionsBody.parse({ keepCurrent: true, confirmationToken });
const ended = valid.endSessionsResponse.parse((await sir0.endSessions(userId, others, ada)).data);
assert.equal(ended.ended, 0);
const activity = await sir0.listActivity(userId, { pageSize: 1 }, ada);
const latest = valid.listActivityResponse.parse(activity.data).events[0]!;
assert.deepEqual([latest.kind, latest.userId], ["confirmation_used", userId]);
const kind = { kind: "signed_in" as const, userId, since: "2020-01-01T00:00:00Z" };
const happened = await sir0.listSecurityEvents(kind, studio);
assert.equal(valid.listSecurityEventsResponse.parse(happened.data).events.length, 2);

const adding = await sir0.addFactor(userId, valid.addFactorBody.parse({ name: "Phone" }), ada);
assert.ok(adding.status === 201, JSON.stringify(adding));
const phone = adding.data;
const firstCode = valid.confirmFactorBody.parse({ code: shows(phone.sharedSecret, -1) });
const first = await sir0.confirmFactor(userId, phone.factorId, firstCode, ada);
assert.equal(valid.confirmFactorResponse.parse(first.data).recoveryCodes.length, 10);
const guarded = await sir0.login(valid.loginBody.parse({ email, password }));
assert.ok(guarded.status === 401, JSON.stringify(guarded));
const { guard } = guarded.data as { guard: { challengeId: string } };
const goOn = { challengeId: guard.challengeId, code: shows(phone.sharedSecret), trustDevice: true };
const continued = await sir0.continueLogin(valid.continueLoginBody.parse(goOn));
const proved = signed(valid.continueLoginResponse.parse(continued.data).token);
const devices = await sir0.listTrustedDevices(userId, proved);
assert.equal(valid.listTrustedDevicesResponse.parse(devices.data).devices.length, 1);
const renewed = await sir0.renewRecoveryCodes(userId, valid.renewRecoveryCodesBody.parse({}), proved);
assert.ok(renewed.status === 201, JSON.stringify(renewed));
const code = renewed.data.recoveryCodes[0]!;
const factors = await sir0.listFactors(userId, proved);
assert.equal(valid.listFactorsResponse.parse(factors.data).recoveryCodesLeft, 10);
const forgotten = await sir0.forgetDevices(userId, valid.forgetDevicesBody.parse({}), proved);
assert.equal(valid.forgetDevicesResponse.parse(forgotten.data).forgotten, 1);
const toRemove = { action: "ACTION_REMOVE_FACTOR", subject: phone.factorId, password, code };
const removal = await sir0.confirmAction(valid.confirmActionBody.parse(toRemove), ada);
const token2 = valid.confirmActionResponse.parse(removal.data).confirmationToken;
const remove = valid.removeFactorBody.parse({ confirmationToken: token2 });
valid.removeFactorResponse.parse((await sir0.removeFactor(userId, phone.factorId, remove, ada)).data);

const nightly = { name: "Nightly builds", scopes: ["games:read"], lifeDays: 30 };
const asked = valid.createApiTokenBody.parse(nightly);
assert.equal(valid.createApiTokenBody.safeParse({ ...nightly, scopes: ["all"] }).success, false);
const made = await sir0.createApiToken(userId, asked, ada);
assert.ok(made.status === 201, JSON.stringify(made));
const { apiToken, tokenId } = made.data;
const held = valid.listApiTokensResponse.parse((await sir0.listApiTokens(userId, ada)).data);
assert.deepEqual(held.apiTokens.map((it) => it.tokenId), [tokenId]);
const exchanged = await sir0.exchangeApiToken(valid.exchangeApiTokenBody.parse({ apiToken }));
const given = valid.exchangeApiTokenResponse.parse(exchanged.data);
const missing = await sir0.getUser(userId, signed(given.accessToken));
assert.ok(missing.status === 403 && missing.data.reason === "SCOPE_MISSING");
const worthless = await sir0.revokeApiToken(userId, tokenId, ada);
assert.equal(valid.revokeApiTokenResponse.parse(worthless.data).wasGood, true);

const added: number[] = [];
for (const title of ["Lanterns", "Harbours", "Cranes"]) {
  const game = await sir0.createGame(valid.createGameBody.parse({ ...LANTERNS, title }), studio);
  assert.ok(game.status === 201, JSON.stringify(game));
  added.push(game.data.gameId);
}
const titles: string[] = [];
for (let pageToken: string | undefined; ; ) {
  const query = valid.listGamesQueryParams.parse({
    pageSize: 2,
    genre: LANTERNS.genre,
    sort: "title",
    pageToken,
  });
  const page = valid.listGamesResponse.parse((await sir0.listGames(query)).data);
  titles.push(...page.games.map((game) => game.title));
  pageToken = page.nextPageToken;
  if (pageToken === undefined) break;
}
assert.deepEqual(titles, ["Cranes", "Harbours", "Lanterns"]);

const id = added[0]!;
const changed = await sir0.updateGame(id, valid.updateGameBody.parse({ price: 9.99 }), studio);
assert.equal(valid.updateGameResponse.parse(changed.data).revision, 2);
assert.equal(valid.getGameResponse.parse((await sir0.getGame(id)).data).price, 9.99);
const stale = await sir0.updateGame(id, { price: 1, revision: 1 }, studio);
assert.ok(stale.status === 409, JSON.stringify(stale));
const reason: "STALE_REVISION" | "STILL_RUNNING" | undefined = stale.data.reason;
assert.equal(reason, "STALE_REVISION");
const past = valid.listGameChangesResponse.parse((await sir0.listGameChanges(id, {}, studio)).data);
assert.deepEqual(past.changes[0]?.fields.map(({ field }) => field), ["price"]);
const undone = await sir0.undoGameChange(id, past.changes[0]!.changeId, {}, studio);
assert.equal(valid.undoGameChangeResponse.parse(undone.data).revision, 3);
const page = valid.updateGamePageBody.parse({ page: { tags: ["cosy"] } });
const paged = await sir0.updateGamePage(id, page, studio);
assert.equal(valid.updateGamePageResponse.parse(paged.data).revision, 4);
const pageOf = valid.getGamePageResponse.parse((await sir0.getGamePage(id)).data);
assert.deepEqual(pageOf.page.tags, ["cosy"]);
valid.getMyGamePageResponse.parse((await sir0.getMyGamePage(id, studio)).data);
const picks = valid.updatePicksBody.parse({ gameIds: [id] });
valid.updatePicksResponse.parse((await sir0.updatePicks(picks, studio)).data);
const picked = valid.getPicksResponse.parse((await sir0.getPicks(studio)).data);
assert.deepEqual(picked.gameIds, [id]);
const front = valid.getFrontPageResponse.parse((await sir0.getFrontPage()).data);
assert.equal(front.lists[0]?.name, "picked");
assert.equal(valid.getStoreResponse.parse((await sir0.getStore()).data).currency.code, "EUR");
// Its function would send a file as JSON.
const at = sir0.getUploadPictureUrl(id, { purpose: "cover" });
const cover = await fetch(at, { ...studio, method: "POST", body: PNG });
const { picture } = (await cover.json()) as sir0.UploadPictureResponse;
const pictures = valid.listPicturesResponse.parse((await sir0.listPictures(id)).data);
assert.equal(pictures.pictures[0]?.pictureId, picture.pictureId);
valid.listMyPicturesResponse.parse((await sir0.listMyPictures(id, studio)).data);
valid.deletePictureResponse.parse((await sir0.deletePicture(id, picture.pictureId, studio)).data);
const denied = await sir0.deleteGame(id, ada);
assert.ok(denied.status === 403 && denied.data.reason === "PUBLISHER_ROLE_REQUIRED");
valid.deleteGameResponse.parse((await sir0.deleteGame(id, studio)).data);
const gone = await sir0.getGame(id);
assert.ok(gone.status === 404 && gone.data.reason === "GAME_NOT_FOUND", JSON.stringify(gone));
const taken = await sir0.register({ ...ADA, username: EVE });
assert.ok(taken.status === 400 && taken.data.reason === "EMAIL_TAKEN", JSON.stringify(taken));
assert.deepEqual(taken.data.fields?.map(({ field }) => field), ["email"]);

for (const refused of [
  valid.createGameBody.safeParse({ ...LANTERNS, price: -1 }),
  valid.createGameBody.safeParse({ ...LANTERNS, title: "" }),
  valid.createGameBody.safeParse({ ...LANTERNS, requestId: "two words" }),
  valid.registerBody.safeParse({ ...ADA, password: "short" }),
  valid.listGamesQueryParams.safeParse({ sort: "dearest" }),
]) {
  assert.equal(refused.success, false, JSON.stringify(refused.data));
}

const body = valid.createStudioBody.parse({ name: RENAMED });
const founded = await sir0.createStudio(body, studio);
assert.ok(founded.status === 201, JSON.stringify(founded));
const { studioId } = founded.data;
const own = valid.listStudiosResponse.parse((await sir0.listStudios(studio)).data);
assert.ok(own.studios.some((it) => it.studioId === studioId));
const called = await sir0.updateStudio(studioId, { name: "Cranes" }, studio);
assert.equal(valid.updateStudioResponse.parse(called.data).studio.name, "Cranes");
const invite = valid.createInvitationBody.parse({ role: "viewer" });
const invited = await sir0.createInvitation(studioId, invite, studio);
assert.ok(invited.status === 201, JSON.stringify(invited));
const { secret, invitationId } = invited.data;
const open = await sir0.listInvitations(studioId, studio);
assert.equal(valid.listInvitationsResponse.parse(open.data).invitations.length, 1);
const joined = await sir0.acceptInvitation(valid.acceptInvitationBody.parse({ secret }), ada);
const seen = valid.acceptInvitationResponse.parse(joined.data).studio.role;
assert.equal(seen, "viewer");
const stranger = await sir0.updateStudio(studioId, { name: "Ada" }, ada);
assert.ok(stranger.status === 403 && stranger.data.reason === "STUDIO_ROLE_REQUIRED");
const placement = valid.updateMemberBody.parse({ role: "editor" });
const placed = await sir0.updateMember(studioId, userId, placement, studio);
assert.equal(valid.updateMemberResponse.parse(placed.data).role, "editor");
const told = valid.getStudioResponse.parse((await sir0.getStudio(studioId, studio)).data);
assert.equal(told.members.length, 2);
assert.equal((await sir0.removeMember(studioId, userId, studio)).status, 200);
const revoked = await sir0.revokeInvitation(studioId, invitationId, studio);
assert.equal(valid.revokeInvitationResponse.parse(revoked.data).wasOpen, false);
const handed = await sir0.handOverGame(added[1]!, { studioId }, studio);
assert.equal(valid.handOverGameResponse.parse(handed.data).revision, 2);
const plan = { state: "announced" as const, time: "2031-01-01T00:00:00Z" };
const tooLate = await sir0.publishGame(added[1]!, valid.publishGameBody.parse(plan), studio);
assert.ok(tooLate.status === 400 && tooLate.data.reason === "NOT_PUBLISHABLE");
const released = await sir0.publishGame(added[1]!, { state: "released" }, studio);
assert.equal(valid.publishGameResponse.parse(released.data).revision, 2);
assert.equal((await sir0.unscheduleGame(added[1]!, {}, studio)).status, 200);
const asItsStudio = valid.getMyGameResponse.parse((await sir0.getMyGame(added[1]!, studio)).data);
assert.equal(asItsStudio.game.state, "released");
const mine = valid.listMyGamesResponse.parse((await sir0.listMyGames({}, studio)).data);
assert.equal(mine.games[0]?.gameId, added[1]);

const lines = { headers: { accept: "application/x-ndjson" } };
const seesAll = { headers: { ...studio.headers, ...lines.headers } };
const ownStream = await sir0.watchMyGames({ sendPresent: true }, seesAll);
assert.ok("stream" in ownStream);
assert.ok(JSON.parse(await firstLine(ownStream.stream.body)).present.game.gameId);
const watch = await sir0.watchGames({ sendPresent: true, gameIds: added }, lines);
assert.ok("stream" in watch);
const heard = JSON.parse(await firstLine(watch.stream.body));
assert.equal(heard.present.title, "Harbours");

const query = valid.findUsersQueryParams.parse({ email, disabled: false });
const found = valid.findUsersResponse.parse((await sir0.findUsers(query, studio)).data);
assert.deepEqual(found.accounts.map((it) => it.user.userId), [userId]);
const shown = valid.showUserResponse.parse((await sir0.showUser(userId, studio)).data);
assert.equal(shown.account.user.username, RENAMED);
const none = valid.disableUserBody.parse({});
const disabled = valid.disableUserResponse.parse((await sir0.disableUser(userId, none, studio)).data);
assert.ok(disabled.account.disableTime);
const shut = await sir0.login({ email, password });
assert.ok(shut.status === 401 && shut.data.reason === "ACCOUNT_DISABLED", JSON.stringify(shut));
const enabled = valid.enableUserResponse.parse((await sir0.enableUser(userId, none, studio)).data);
assert.equal(enabled.account.disableTime, undefined);
const out = valid.signOutUserResponse.parse((await sir0.signOutUser(userId, none, studio)).data);
assert.equal(out.ended, 0);
const needing = await sir0.requireNewPassword(userId, none, studio);
assert.ok(valid.requireNewPasswordResponse.parse(needing.data).account.newPasswordTime);
const reset = await sir0.createReset(userId, none, studio);
assert.ok(reset.status === 201, JSON.stringify(reset));
const newPassword = "eight herons leave the delta at noon";
const setting = valid.useResetBody.parse({ secret: reset.data.secret, newPassword });
valid.useResetResponse.parse((await sir0.useReset(setting)).data);
const publishing = valid.setUserRoleBody.parse({ role: "publisher" });
const promoted = await sir0.setUserRole(userId, publishing, studio);
assert.equal(valid.setUserRoleResponse.parse(promoted.data).account.user.role, "publisher");

valid.logoutResponse.parse((await sir0.logout({ token })).data);
const left = await sir0.getUser(userId, ada);
assert.ok(left.status === 401 && left.data.reason === "SIGN_IN_REQUIRED", JSON.stringify(left));
