"""Every call with the models of datamodel-code-generator, which judge what is sent and what comes."""

import json
import os

import httpx
import made_models as made
from pydantic import BaseModel, ValidationError

from picture import PNG
from totp import shows

with open("api.json", encoding="utf-8") as document:
    BASE = json.load(document)["servers"][0]["url"]
NAME = os.environ["CLIENT"]
PASSWORD = "nine quiet lanterns over 58 harbours"
EMAIL = f"ada@{NAME}.example.com"
client = httpx.Client(base_url=BASE)


def call(method, path, answer, body: BaseModel | None = None, token=None, **more):
    """Makes a call. Its answer has to be one of this model."""
    content = body.model_dump_json(exclude_unset=True) if body else None
    headers = {"authorization": f"Bearer {token}"} if token else {}
    response = client.request(method, path, content=content, headers=headers, **more)
    return answer.model_validate_json(response.content, strict=True)


studio = os.environ["PUBLISHER"]
status = call("GET", "/api/status", made.GetStatusResponse)
assert status.status == made.Status.OK, status
setup = call("GET", "/api/setup", made.GetSetupResponse)
assert setup.needsAdministrator in (True, False), setup

asked = made.RegisterRequest(username=f"Ada by {NAME}", email=EMAIL, password=PASSWORD)
user_id = call("POST", "/api/users/register", made.RegisterResponse, asked).userId
asked = made.LoginRequest(email=EMAIL, password=PASSWORD)
token = call("POST", "/api/users/login", made.LoginResponse, asked).token
profile = f"/api/users/{user_id}"
asked = made.UpdateUserRequest(username=f"Ada L. by {NAME}")
call("PUT", profile, made.UpdateUserResponse, asked, token)
user = call("GET", profile, made.User, token=token)
assert (user.username, user.role.value) == (f"Ada L. by {NAME}", "player"), user

asked = made.LoginRequest(email=EMAIL, password=PASSWORD, withRefreshToken=True)
begun = call("POST", "/api/users/login", made.LoginResponse, asked)
asked = made.RefreshSessionRequest(refreshToken=begun.refreshToken)
following = call("POST", "/api/users/login/refresh", made.RefreshSessionResponse, asked)
assert following.refreshToken != begun.refreshToken, following
listed = call("GET", f"{profile}/sessions", made.ListSessionsResponse, token=token)
session = next(session for session in listed.sessions if not session.isCurrent)
assert (session.isRefreshable, session.methods) == (True, ["pwd"]), session
end = f"{profile}/sessions:end"
asked = made.EndSessionsRequest(sessionIds=[session.sessionId], keepCurrent=True)
assert call("POST", end, made.EndSessionsResponse, asked, token).ended == 1
asked = made.ConfirmActionRequest(
    action="ACTION_END_SESSIONS", subject=str(user_id), password=PASSWORD
)
approved = call("POST", "/api/users/confirmations", made.ConfirmActionResponse, asked, token)
asked = made.EndSessionsRequest(
    keepCurrent=True, confirmationToken=approved.confirmationToken
)
ended = call("POST", end, made.EndSessionsResponse, asked, token)
assert ended.ended == 0, ended
asked = {"pageSize": 1}
latest = call("GET", f"{profile}/activity", made.ListActivityResponse, token=token, params=asked)
assert (latest.events[0].kind, latest.events[0].userId) == ("confirmation_used", user_id), latest
asked = {"kind": "signed_in", "userId": user_id, "since": "2020-01-01T00:00:00Z"}
told = call("GET", "/api/security-events", made.ListSecurityEventsResponse, token=studio, params=asked)
assert [event.methods for event in told.events] == [["pwd"], ["pwd"]], told

factors = f"{profile}/factors"
asked = made.AddFactorRequest(name="Phone")
phone = call("POST", factors, made.AddFactorResponse, asked, token)
asked = made.ConfirmFactorRequest(code=shows(phone.sharedSecret, -1))
confirm = f"{factors}/{phone.factorId}:confirm"
first = call("POST", confirm, made.ConfirmFactorResponse, asked, token)
assert len(first.recoveryCodes) == 10, first
guarded = client.post("/api/users/login", json={"email": EMAIL, "password": PASSWORD})
challenge = guarded.json()["guard"]["challengeId"]
asked = made.ContinueLoginRequest(
    challengeId=challenge, code=shows(phone.sharedSecret), trustDevice=True
)
answer = made.ContinueLoginResponse
proved = call("POST", "/api/users/login/continue", answer, asked).token
trusted = call("GET", f"{profile}/devices", made.ListTrustedDevicesResponse, token=proved)
assert len(trusted.devices) == 1, trusted
asked = made.RenewRecoveryCodesRequest()
answer = made.RenewRecoveryCodesResponse
codes = call("POST", f"{profile}/recovery-codes", answer, asked, proved).recoveryCodes
listed = call("GET", factors, made.ListFactorsResponse, token=proved)
assert listed.recoveryCodesLeft == 10, listed
asked = made.ForgetDevicesRequest()
forgotten = call("POST", f"{profile}/devices:forget", made.ForgetDevicesResponse, asked, proved)
assert forgotten.forgotten == 1, forgotten
asked = made.ConfirmActionRequest(
    action="ACTION_REMOVE_FACTOR", subject=phone.factorId, password=PASSWORD, code=codes[0]
)
approved = call("POST", "/api/users/confirmations", made.ConfirmActionResponse, asked, token)
asked = made.RemoveFactorRequest(confirmationToken=approved.confirmationToken)
call("POST", f"{factors}/{phone.factorId}:remove", made.RemoveFactorResponse, asked, token)

tokens = f"{profile}/api-tokens"
asked = made.CreateApiTokenRequest(name="Nightly builds", scopes=["games:read"], lifeDays=30)
kept = call("POST", tokens, made.CreateApiTokenResponse, asked, token)
held = call("GET", tokens, made.ListApiTokensResponse, token=token).apiTokens
assert [it.tokenId for it in held] == [kept.tokenId], held
asked = made.ExchangeApiTokenRequest(apiToken=kept.apiToken)
given = call("POST", "/api/tokens:exchange", made.ExchangeApiTokenResponse, asked)
assert call("GET", profile, made.Error, token=given.accessToken).reason == "SCOPE_MISSING"
path = f"{tokens}/{kept.tokenId}"
assert call("DELETE", path, made.RevokeApiTokenResponse, token=token).wasGood

added = []
for title in ["Lanterns", "Harbours", "Cranes"]:
    asked = made.CreateGameRequest(title=title, genre=NAME, price=19.99)
    added.append(call("POST", "/api/games", made.CreateGameResponse, asked, studio).gameId)
query = {"pageSize": 2, "genre": NAME, "sort": "title"}
page = call("GET", "/api/games", made.ListGamesResponse, params=query)
query["pageToken"] = page.nextPageToken
rest = call("GET", "/api/games", made.ListGamesResponse, params=query)
titles = [game.title for game in page.games + rest.games]
assert titles == ["Cranes", "Harbours", "Lanterns"], titles
assert rest.nextPageToken is None, rest

game = f"/api/games/{added[0]}"
asked = made.UpdateGameRequest(price=9.99)
assert call("PUT", game, made.UpdateGameResponse, asked, studio).revision == 2
assert call("GET", game, made.Game).price == 9.99

asked = made.UpdateGameRequest(price=1, revision=1)
assert call("PUT", game, made.Error, asked, studio).reason == "STALE_REVISION"
[change, first] = call("GET", f"{game}/changes", made.ListGameChangesResponse, token=studio).changes
assert [it.field for it in change.fields] == ["price"], change
asked = made.UndoGameChangeRequest()
undo = f"{game}/changes/{change.changeId}:undo"
assert call("POST", undo, made.UndoGameChangeResponse, asked, studio).revision == 3
undo = f"{game}/changes/{first.changeId}:undo"
assert call("POST", undo, made.Error, asked, studio).reason == "NOT_UNDOABLE"
asked = made.UpdateGamePageRequest(page=made.GamePage(tags=["cosy"]))
assert call("PUT", f"{game}/page", made.UpdateGamePageResponse, asked, studio).revision == 4
assert call("GET", f"{game}/page", made.GetGamePageResponse).page.tags == ["cosy"]
assert call("GET", f"{game}/page:mine", made.GetMyGamePageResponse, token=studio).page.tags
picks = made.UpdatePicksRequest(gameIds=[added[0]])
assert call("PUT", "/api/store/picks", made.UpdatePicksResponse, picks, studio).revision
assert call("GET", "/api/store/picks", made.GetPicksResponse, token=studio).gameIds == [added[0]]
assert call("GET", "/api/store/front-page", made.GetFrontPageResponse).lists[0].name == "picked"
assert call("GET", "/api/store", made.GetStoreResponse).currency.code == "EUR"
headers = {"authorization": f"Bearer {studio}"}
uploaded = client.post(f"{game}/pictures?purpose=cover", content=PNG, headers=headers).content
picture = made.UploadPictureResponse.model_validate_json(uploaded, strict=True).picture
shown = call("GET", f"{game}/pictures", made.ListPicturesResponse).pictures
assert [it.pictureId for it in shown] == [picture.pictureId], shown
assert call("GET", f"{game}/pictures:mine", made.ListMyPicturesResponse, token=studio).pictures
away = f"{game}/pictures/{picture.pictureId}"
call("DELETE", away, made.DeletePictureResponse, token=studio)
assert call("DELETE", game, made.Error, token=token).reason == "PUBLISHER_ROLE_REQUIRED"
call("DELETE", game, made.DeleteGameResponse, token=studio)
assert call("GET", game, made.Error).reason == "GAME_NOT_FOUND"
asked = made.RegisterRequest(username=f"Eve by {NAME}", email=EMAIL, password=PASSWORD)
taken = call("POST", "/api/users/register", made.Error, asked)
assert taken.reason == "EMAIL_TAKEN", taken
assert [fault.field for fault in taken.fields] == ["email"], taken

for refused in [
    lambda: made.CreateGameRequest(title="", genre=NAME, price=1),
    lambda: made.CreateGameRequest(title="Lanterns", genre=NAME, price=-1),
    lambda: made.CreateGameRequest(title="Lanterns", genre=NAME, price=1, requestId="two words"),
    lambda: made.CreateGameRequest(title="Lanterns", genre=NAME, price=1, colour="red"),
    lambda: made.RegisterRequest(username="Ada", email="ada", password=PASSWORD),
    lambda: made.RegisterRequest(username="Ada", email=EMAIL, password="short"),
    lambda: made.LoginRequest(email=EMAIL),
    lambda: made.CreateApiTokenRequest(name="Nightly builds", scopes=["all"]),
]:
    try:
        raise AssertionError(f"{refused()!r} is taken")
    except ValidationError:
        pass

asked = made.CreateStudioRequest(name=NAME)
studio_id = call("POST", "/api/studios", made.CreateStudioResponse, asked, studio).studioId
own = call("GET", "/api/studios", made.ListStudiosResponse, token=studio).studios
assert studio_id in [it.studioId for it in own], own
of = f"/api/studios/{studio_id}"
asked = made.UpdateStudioRequest(name="Cranes")
assert call("PUT", of, made.UpdateStudioResponse, asked, studio).studio.name == "Cranes"
asked = made.CreateInvitationRequest(role="viewer")
invited = call("POST", f"{of}/invitations", made.CreateInvitationResponse, asked, studio)
opened = call("GET", f"{of}/invitations", made.ListInvitationsResponse, token=studio)
assert len(opened.invitations) == 1, opened
asked = made.AcceptInvitationRequest(secret=invited.secret)
call("POST", "/api/invitations:accept", made.AcceptInvitationResponse, asked, token)
asked = made.UpdateStudioRequest(name="Ada")
assert call("PUT", of, made.Error, asked, token).reason == "STUDIO_ROLE_REQUIRED"
member = f"{of}/members/{user_id}"
asked = made.UpdateMemberRequest(role="editor")
call("PUT", member, made.UpdateMemberResponse, asked, studio)
assert len(call("GET", of, made.GetStudioResponse, token=studio).members) == 2
assert client.delete(member, headers={"authorization": f"Bearer {studio}"}).status_code == 200
path = f"{of}/invitations/{invited.invitationId}"
assert not call("DELETE", path, made.RevokeInvitationResponse, token=studio).wasOpen
asked = made.HandOverGameRequest(studioId=studio_id)
path = f"/api/games/{added[1]}:handOver"
assert call("POST", path, made.HandOverGameResponse, asked, studio).revision == 2
own = f"/api/games/{added[1]}"
asked = made.PublishGameRequest(state="announced", time="2031-01-01T00:00:00Z")
assert call("POST", f"{own}:publish", made.Error, asked, studio).reason == "NOT_PUBLISHABLE"
asked = made.PublishGameRequest(state="released")
assert call("POST", f"{own}:publish", made.PublishGameResponse, asked, studio).revision == 2
asked = made.UnscheduleGameRequest()
assert call("POST", f"{own}:unschedule", made.UnscheduleGameResponse, asked, studio).message
inside = call("GET", f"{own}:mine", made.GetMyGameResponse, token=studio)
assert inside.game.state == "released", inside
mine = call("GET", "/api/games:mine", made.ListMyGamesResponse, token=studio)
assert mine.games[0].gameId == added[1], mine

asked = {"sendPresent": True, "gameIds": added}
accept = {"accept": "application/x-ndjson"}
whose = {**accept, "authorization": f"Bearer {studio}"}
only = {"sendPresent": True}
with client.stream("GET", "/api/games:watchMine", params=only, headers=whose) as stream:
    own = made.WatchMyGamesResponse.model_validate_json(next(stream.iter_lines()))
assert own.present.game.gameId > 0, own
with client.stream("GET", "/api/games:watch", params=asked, headers=accept) as stream:
    heard = made.WatchGamesResponse.model_validate_json(next(stream.iter_lines()))
assert heard.present.title == "Harbours", heard

found = call("GET", "/api/admin/users", made.FindUsersResponse, params={"email": EMAIL}, token=studio)
assert [account.user.userId for account in found.accounts] == [user_id], found
account = f"/api/admin/users/{user_id}"
shown = call("GET", account, made.ShowUserResponse, token=studio)
assert shown.account.user.username == f"Ada L. by {NAME}", shown
asked = made.DisableUserRequest()
disabled = call("POST", f"{account}:disable", made.DisableUserResponse, asked, studio)
assert disabled.account.disableTime, disabled
asked = made.LoginRequest(email=EMAIL, password=PASSWORD)
assert call("POST", "/api/users/login", made.Error, asked).reason == "ACCOUNT_DISABLED"
asked = made.EnableUserRequest()
enabled = call("POST", f"{account}:enable", made.EnableUserResponse, asked, studio)
assert enabled.account.disableTime is None, enabled
asked = made.SignOutUserRequest()
assert call("POST", f"{account}:signOut", made.SignOutUserResponse, asked, studio).ended == 0
asked = made.RequireNewPasswordRequest()
path = f"{account}:requireNewPassword"
needing = call("POST", path, made.RequireNewPasswordResponse, asked, studio)
assert needing.account.newPasswordTime, needing
asked = made.CreateResetRequest()
reset = call("POST", f"{account}:reset", made.CreateResetResponse, asked, studio)
asked = made.UseResetRequest(secret=reset.secret, newPassword="eight herons leave the delta at noon")
call("POST", "/api/users/resets:use", made.UseResetResponse, asked)
asked = made.SetUserRoleRequest(role="publisher")
promoted = call("PUT", f"{account}/role", made.SetUserRoleResponse, asked, studio)
assert promoted.account.user.role.value == "publisher", promoted

call("POST", "/api/users/logout", made.LogoutResponse, made.LogoutRequest(token=token))
assert call("GET", profile, made.Error, token=token).reason == "SIGN_IN_REQUIRED"
