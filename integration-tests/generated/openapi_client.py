"""Every call through the client of openapi-python-client."""

import json
import os
from datetime import UTC, datetime
from io import BytesIO

from made_client import AuthenticatedClient, Client
from made_client.api.accounts import (
    continue_login,
    get_setup,
    get_user,
    login,
    logout,
    register,
    update_user,
)
from made_client.api.administration import (
    create_reset,
    disable_user,
    enable_user,
    find_users,
    require_new_password,
    set_user_role,
    show_user,
    sign_out_user,
    use_reset,
)
from made_client.api.audit import list_activity, list_security_events
from made_client.api.api_tokens import (
    create_api_token,
    exchange_api_token,
    list_api_tokens,
    revoke_api_token,
)
from made_client.api.games import (
    create_game,
    delete_game,
    get_game,
    get_my_game,
    hand_over_game,
    list_games,
    list_my_games,
    publish_game,
    unschedule_game,
    update_game,
    watch_games,
    watch_my_games,
)
from made_client.api.guard import (
    add_factor,
    confirm_factor,
    forget_devices,
    list_factors,
    list_trusted_devices,
    remove_factor,
    renew_recovery_codes,
)
from made_client.api.history import list_game_changes, undo_game_change
from made_client.api.media import (
    delete_picture,
    list_my_pictures,
    list_pictures,
    upload_picture,
)
from made_client.api.pages import get_game_page, get_my_game_page, update_game_page
from made_client.api.sessions import (
    confirm_action,
    end_sessions,
    list_sessions,
    refresh_session,
)
from made_client.api.status import get_status
from made_client.api.store import get_front_page, get_picks, get_store, update_picks
from made_client.api.studios import (
    accept_invitation,
    create_invitation,
    create_studio,
    get_studio,
    list_invitations,
    list_studios,
    remove_member,
    revoke_invitation,
    update_member,
    update_studio,
)
from made_client.models import (
    AcceptInvitationRequest,
    AddFactorRequest,
    ConfirmActionRequest,
    ConfirmActionRequestAction,
    ConfirmFactorRequest,
    ContinueLoginRequest,
    CreateApiTokenRequest,
    CreateApiTokenRequestScopesItem,
    CreateGameRequest,
    CreateInvitationRequest,
    CreateInvitationRequestRole,
    CreateResetRequest,
    CreateStudioRequest,
    DeleteGameResponse403Reason,
    DisableUserRequest,
    EnableUserRequest,
    EndSessionsRequest,
    ExchangeApiTokenRequest,
    ForgetDevicesRequest,
    GamePage,
    GetGameResponse404Reason,
    GetStatusResponseStatus,
    GetUserResponse401Reason,
    GetUserResponse403Reason,
    HandOverGameRequest,
    ListGamesSort,
    ListSecurityEventsKind,
    LoginRequest,
    LoginResponse401Reason,
    LogoutRequest,
    PublishGameRequest,
    PublishGameRequestState,
    PublishGameResponse400Reason,
    RefreshSessionRequest,
    RegisterRequest,
    RegisterResponse400Reason,
    RemoveFactorRequest,
    RenewRecoveryCodesRequest,
    RequireNewPasswordRequest,
    SetUserRoleRequest,
    SetUserRoleRequestRole,
    SignOutUserRequest,
    UndoGameChangeRequest,
    UndoGameChangeResponse400Reason,
    UnscheduleGameRequest,
    UpdateGamePageRequest,
    UpdateGameRequest,
    UpdateGameResponse409Reason,
    UpdateMemberRequest,
    UpdateMemberRequestRole,
    UpdatePicksRequest,
    UpdateStudioRequest,
    UpdateStudioResponse403Reason,
    UpdateUserRequest,
    UseResetRequest,
    UserRole,
    WatchGamesResponse,
    WatchMyGamesResponse,
    UploadPicturePurpose,
)
from made_client.types import File
from picture import PNG
from totp import shows

with open("api.json", encoding="utf-8") as document:
    BASE = json.load(document)["servers"][0]["url"]
NAME = os.environ["CLIENT"]
PASSWORD = "nine quiet lanterns over 58 harbours"
EMAIL = f"ada@{NAME.replace('_', '-')}.example.com"

visitor = Client(base_url=BASE, raise_on_unexpected_status=True)
studio = AuthenticatedClient(base_url=BASE, token=os.environ["PUBLISHER"])

assert get_status.sync(client=visitor).status == GetStatusResponseStatus.OK
assert get_setup.sync(client=visitor).needs_administrator in (True, False)

asked = RegisterRequest(username=f"Ada by {NAME}", email=EMAIL, password=PASSWORD)
user_id = register.sync(client=visitor, body=asked).user_id
token = login.sync(client=visitor, body=LoginRequest(email=EMAIL, password=PASSWORD)).token
ada = AuthenticatedClient(base_url=BASE, token=token)
renamed = update_user.sync_detailed(
    user_id, client=ada, body=UpdateUserRequest(username=f"Ada L. by {NAME}")
)
assert renamed.status_code == 200, renamed
user = get_user.sync(user_id, client=ada)
assert (user.username, user.role) == (f"Ada L. by {NAME}", UserRole.PLAYER), user

wanted = LoginRequest(email=EMAIL, password=PASSWORD, with_refresh_token=True)
begun = login.sync(client=visitor, body=wanted)
refresh = RefreshSessionRequest(refresh_token=begun.refresh_token)
following = refresh_session.sync(client=visitor, body=refresh)
assert following.refresh_token != begun.refresh_token, following
listed = list_sessions.sync(user_id, client=ada).sessions
session = next(session for session in listed if not session.is_current)
assert (session.is_refreshable, session.methods) == (True, ["pwd"]), session
one = EndSessionsRequest(session_ids=[session.session_id], keep_current=True)
assert end_sessions.sync(user_id, client=ada, body=one).ended == 1
action = ConfirmActionRequest(
    action=ConfirmActionRequestAction.ACTION_END_SESSIONS, subject=str(user_id), password=PASSWORD
)
approved = confirm_action.sync(client=ada, body=action).confirmation_token
others = EndSessionsRequest(keep_current=True, confirmation_token=approved)
assert end_sessions.sync(user_id, client=ada, body=others).ended == 0
latest = list_activity.sync(user_id, client=ada, page_size=1).events[0]
assert (latest.kind, latest.user_id) == ("confirmation_used", user_id), latest
told = list_security_events.sync(
    client=studio,
    kind=ListSecurityEventsKind.SIGNED_IN,
    user_id=user_id,
    since=datetime(2020, 1, 1, tzinfo=UTC),
)
assert [event.methods for event in told.events] == [["pwd"], ["pwd"]], told

phone = add_factor.sync(user_id, client=ada, body=AddFactorRequest(name="Phone"))
shown = ConfirmFactorRequest(code=shows(phone.shared_secret, -1))
first = confirm_factor.sync(user_id, phone.factor_id, client=ada, body=shown)
assert len(first.recovery_codes) == 10, first
guarded = login.sync(client=visitor, body=LoginRequest(email=EMAIL, password=PASSWORD))
go_on = ContinueLoginRequest(
    challenge_id=guarded.guard.challenge_id, code=shows(phone.shared_secret), trust_device=True
)
token_of_both = continue_login.sync(client=visitor, body=go_on).token
proved = AuthenticatedClient(base_url=BASE, token=token_of_both)
assert len(list_trusted_devices.sync(user_id, client=proved).devices) == 1
renewed = renew_recovery_codes.sync(user_id, client=proved, body=RenewRecoveryCodesRequest())
assert list_factors.sync(user_id, client=proved).recovery_codes_left == 10
assert forget_devices.sync(user_id, client=proved, body=ForgetDevicesRequest()).forgotten == 1
action = ConfirmActionRequest(
    action=ConfirmActionRequestAction.ACTION_REMOVE_FACTOR,
    subject=phone.factor_id,
    password=PASSWORD,
    code=renewed.recovery_codes[0],
)
approved = confirm_action.sync(client=ada, body=action).confirmation_token
removal = RemoveFactorRequest(confirmation_token=approved)
removed = remove_factor.sync_detailed(user_id, phone.factor_id, client=ada, body=removal)
assert removed.status_code == 200, removed

reading = CreateApiTokenRequestScopesItem("games:read")
nightly = CreateApiTokenRequest(name="Nightly builds", scopes=[reading], life_days=30)
made = create_api_token.sync(user_id, client=ada, body=nightly)
held = list_api_tokens.sync(user_id, client=ada).api_tokens
assert [it.token_id for it in held] == [made.token_id], held
asked = ExchangeApiTokenRequest(api_token=made.api_token)
given = exchange_api_token.sync(client=visitor, body=asked)
machine = AuthenticatedClient(base_url=BASE, token=given.access_token)
missing = get_user.sync(user_id, client=machine)
assert missing.reason == GetUserResponse403Reason.SCOPE_MISSING, missing
assert revoke_api_token.sync(user_id, made.token_id, client=ada).was_good

added = []
for title in ["Lanterns", "Harbours", "Cranes"]:
    game = CreateGameRequest(title=title, genre=NAME, price=19.99, description="Light finds a way.")
    added.append(create_game.sync(client=studio, body=game).game_id)
page = list_games.sync(client=visitor, page_size=2, genre=NAME, sort=ListGamesSort.TITLE)
rest = list_games.sync(
    client=visitor,
    page_size=2,
    genre=NAME,
    sort=ListGamesSort.TITLE,
    page_token=page.next_page_token,
)
titles = [game.title for game in page.games + rest.games]
assert titles == ["Cranes", "Harbours", "Lanterns"], titles
assert not rest.next_page_token, rest

first = added[0]
changed = update_game.sync(first, client=studio, body=UpdateGameRequest(price=9.99))
assert changed.revision == 2, changed
read = get_game.sync_detailed(first, client=visitor)
assert read.parsed.price == 9.99, read
again = get_game.sync_detailed(first, client=visitor, if_none_match=read.headers["etag"])
assert again.status_code == 304, again

stale = update_game.sync(first, client=studio, body=UpdateGameRequest(price=1.0, revision=1))
assert stale.reason == UpdateGameResponse409Reason.STALE_REVISION, stale
[change, begun] = list_game_changes.sync(first, client=studio).changes
assert [it.field for it in change.fields] == ["price"], change
undo = UndoGameChangeRequest()
undone = undo_game_change.sync(first, change.change_id, client=studio, body=undo)
assert undone.revision == 3, undone
kept = undo_game_change.sync(first, begun.change_id, client=studio, body=undo)
assert kept.reason == UndoGameChangeResponse400Reason.NOT_UNDOABLE, kept
page = UpdateGamePageRequest(page=GamePage(tags=["cosy"]))
assert update_game_page.sync(first, client=studio, body=page).revision == 4
assert get_game_page.sync(first, client=visitor).page.tags == ["cosy"]
assert get_my_game_page.sync(first, client=studio).page.tags == ["cosy"]
picks = UpdatePicksRequest(game_ids=[first])
assert update_picks.sync(client=studio, body=picks).revision
assert get_picks.sync(client=studio).game_ids == [first]
assert get_front_page.sync(client=visitor).lists[0].name == "picked"
assert get_store.sync(client=visitor).currency.code == "EUR"
file = File(payload=BytesIO(PNG))
cover = UploadPicturePurpose.COVER
picture = upload_picture.sync(first, purpose=cover, client=studio, body=file).picture
shown = list_pictures.sync(first, client=visitor).pictures
assert [it.picture_id for it in shown] == [picture.picture_id], shown
assert list_my_pictures.sync(first, client=studio).pictures
assert delete_picture.sync(first, picture.picture_id, client=studio).message
denied = delete_game.sync(first, client=ada)
assert denied.reason == DeleteGameResponse403Reason.PUBLISHER_ROLE_REQUIRED, denied
assert delete_game.sync(first, client=studio).message == "Game deleted successfully"
gone = get_game.sync(first, client=visitor)
assert gone.reason == GetGameResponse404Reason.GAME_NOT_FOUND, gone
asked = RegisterRequest(username=f"Eve by {NAME}", email=EMAIL, password=PASSWORD)
taken = register.sync(client=visitor, body=asked)
assert taken.reason == RegisterResponse400Reason.EMAIL_TAKEN, taken
assert [fault.field for fault in taken.fields] == ["email"], taken

studio_id = create_studio.sync(client=studio, body=CreateStudioRequest(name=NAME)).studio_id
assert studio_id in [it.studio_id for it in list_studios.sync(client=studio).studios]
cranes = UpdateStudioRequest(name="Cranes")
assert update_studio.sync(studio_id, client=studio, body=cranes).studio.name == "Cranes"
invite = CreateInvitationRequest(role=CreateInvitationRequestRole.VIEWER)
invited = create_invitation.sync(studio_id, client=studio, body=invite)
assert len(list_invitations.sync(studio_id, client=studio).invitations) == 1
joined = accept_invitation.sync(client=ada, body=AcceptInvitationRequest(secret=invited.secret))
assert joined.studio.studio_id == studio_id, joined
denied = update_studio.sync(studio_id, client=ada, body=cranes)
assert denied.reason == UpdateStudioResponse403Reason.STUDIO_ROLE_REQUIRED, denied
placement = UpdateMemberRequest(role=UpdateMemberRequestRole.EDITOR)
assert update_member.sync(studio_id, user_id, client=studio, body=placement).user_id == user_id
assert len(get_studio.sync(studio_id, client=studio).members) == 2
assert remove_member.sync_detailed(studio_id, user_id, client=studio).status_code == 200
assert not revoke_invitation.sync(studio_id, invited.invitation_id, client=studio).was_open
handed = hand_over_game.sync(added[1], client=studio, body=HandOverGameRequest(studio_id=studio_id))
assert handed.revision == 2, handed
planned = PublishGameRequest(
    state=PublishGameRequestState.ANNOUNCED,
    time=datetime(2031, 1, 1, tzinfo=UTC),
)
early = publish_game.sync(added[1], client=studio, body=planned)
assert early.reason == PublishGameResponse400Reason.NOT_PUBLISHABLE, early
out = PublishGameRequest(state=PublishGameRequestState.RELEASED)
assert publish_game.sync(added[1], client=studio, body=out).revision == 2
assert unschedule_game.sync(added[1], client=studio, body=UnscheduleGameRequest()).message
assert get_my_game.sync(added[1], client=studio).game.state == "released"
assert list_my_games.sync(client=studio).games[0].game_id == added[1]

# The client would wait for the end of the stream.
asked = watch_my_games._get_kwargs(send_present=True)
asked["headers"] = {"accept": "application/x-ndjson"}
with studio.get_httpx_client().stream(**asked) as stream:
    own = WatchMyGamesResponse.from_dict(json.loads(next(stream.iter_lines())))
assert own.present.game.game_id > 0, own
asked = watch_games._get_kwargs(send_present=True, game_ids=added)
asked["headers"] = {"accept": "application/x-ndjson"}
with visitor.get_httpx_client().stream(**asked) as stream:
    heard = WatchGamesResponse.from_dict(json.loads(next(stream.iter_lines())))
assert heard.present.title == "Harbours", heard

found = find_users.sync(client=studio, email=EMAIL, disabled=False).accounts
assert [account.user.user_id for account in found] == [user_id], found
shown = show_user.sync(user_id, client=studio)
assert shown.account.user.username == f"Ada L. by {NAME}", shown
disabled = disable_user.sync(user_id, client=studio, body=DisableUserRequest())
assert disabled.account.disable_time, disabled
shut = login.sync(client=visitor, body=LoginRequest(email=EMAIL, password=PASSWORD))
assert shut.reason == LoginResponse401Reason.ACCOUNT_DISABLED, shut
enabled = enable_user.sync(user_id, client=studio, body=EnableUserRequest())
assert not enabled.account.disable_time, enabled
assert sign_out_user.sync(user_id, client=studio, body=SignOutUserRequest()).ended == 0
needing = require_new_password.sync(user_id, client=studio, body=RequireNewPasswordRequest())
assert needing.account.new_password_time, needing
reset = create_reset.sync(user_id, client=studio, body=CreateResetRequest())
asked = UseResetRequest(secret=reset.secret, new_password="eight herons leave the delta at noon")
assert use_reset.sync_detailed(client=visitor, body=asked).status_code == 200
publishing = SetUserRoleRequest(role=SetUserRoleRequestRole.PUBLISHER)
promoted = set_user_role.sync(user_id, client=studio, body=publishing)
assert promoted.account.user.role == UserRole.PUBLISHER, promoted

assert logout.sync(client=visitor, body=LogoutRequest(token=token)).message == "Logout successful"
assert get_user.sync(user_id, client=ada).reason == GetUserResponse401Reason.SIGN_IN_REQUIRED
