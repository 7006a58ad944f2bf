//! Each call that checks a secret, made with one that is wrong or new.

use http::Method;
use serde_json::json;
use sir0_contract::{
    Call,
    accounts::{
        AcceptInvitationRequest, Action, AddFactorRequest, ConfirmActionRequest,
        ConfirmFactorRequest, ContinueLoginRequest, CreateApiTokenRequest, CreateResetRequest,
        DisableUserRequest, EnableUserRequest, EndSessionsRequest, ExchangeApiTokenRequest,
        LoginRequest, LogoutRequest, RefreshSessionRequest, RegisterRequest, RemoveFactorRequest,
        RenewRecoveryCodesRequest, RequireNewPasswordRequest, SetUserRoleRequest,
        SignOutUserRequest, UpdateUserRequest, UseResetRequest,
    },
};
use sir0_testkit::PASSWORD;

use super::{Ended, Someone};
use crate::signins::WRONG;

/// No account has a factor with this id.
const NO_FACTOR: &str = "factor_01arz3ndektsv4rrffq69g5fav";

/// Who makes a call, at which door, with which access token.
#[derive(Clone, Copy)]
struct At<'a> {
    who: &'a Someone,
    over_grpc: bool,
    token: &'a str,
}

macro_rules! over {
    ($at:ident, $client:ident: $method:expr, $path:expr, $body:tt, $call:ident, $message:expr) => {{
        let At { who, over_grpc, token } = $at;
        if over_grpc {
            Ended::of_grpc(who.$client().$call(who.request($message, token)).await)
        } else {
            Ended::of_rest(&who.asks($method, $path, Some(&json!($body)), token).await)
        }
    }};
    ($at:ident, $method:expr, $path:expr, $body:tt, $call:ident, $message:expr) => {
        over!($at, accounts: $method, $path, $body, $call, $message)
    };
}

/// Makes a call that checks a secret, at one of the doors, with a secret that is wrong or new.
pub(super) async fn tries(
    who: &Someone,
    call: &Call,
    door: usize,
    times: usize,
    token: &str,
) -> Ended {
    let name = format!("{}{}{times}", call.name, who.address.replace('.', ""));
    let (email, username) = (format!("{name}@example.com"), name.clone());
    let password = format!("{PASSWORD} {times}");
    let at = At { who, over_grpc: door == 1, token };
    match call.name {
        "Register" => over!(at,
            Method::POST, "/api/users/register",
            {"username": username, "email": email, "password": password},
            register, RegisterRequest { username, email, password, ..RegisterRequest::default() }
        ),
        "Login" => over!(at,
            Method::POST, "/api/users/login", {"email": email, "password": WRONG},
            login, LoginRequest { email, password: WRONG.to_owned(), ..Default::default() }
        ),
        "Logout" => over!(at,
            Method::POST, "/api/users/logout", {"token": "one.of.theirs"},
            logout, LogoutRequest { token: "one.of.theirs".to_owned() }
        ),
        "UpdateUser" => over!(at,
            Method::PUT, "/api/users/1", {"password": password},
            update_user, UpdateUserRequest {
                user_id: 1, password: Some(password), ..UpdateUserRequest::default()
            }
        ),
        "CreateApiToken" => over!(at,
            api_tokens: Method::POST, "/api/users/1/api-tokens",
            {"name": "Nightly", "scopes": ["games:read"], "confirmationToken": "none"},
            create_api_token, CreateApiTokenRequest {
                user_id: 1,
                name: "Nightly".to_owned(),
                scopes: vec!["games:read".to_owned()],
                confirmation_token: Some("none".to_owned()),
                ..Default::default()
            }
        ),
        "ExchangeApiToken" => over!(at,
            api_tokens: Method::POST, "/api/tokens:exchange", {"apiToken": "none"},
            exchange_api_token, ExchangeApiTokenRequest { api_token: "none".to_owned() }
        ),
        "AcceptInvitation" => over!(at,
            studios: Method::POST, "/api/invitations:accept", {"secret": "5eed"},
            accept_invitation, AcceptInvitationRequest { secret: "5eed".to_owned() }
        ),
        "UseReset" => over!(at,
            administration: Method::POST, "/api/users/resets:use",
            {"secret": "5eed", "newPassword": password},
            use_reset, UseResetRequest { secret: "5eed".to_owned(), new_password: password }
        ),
        _ => tries_to_prove(at, call.name, name).await,
    }
}

/// As above, for the calls that go on with a sign-in, or prove once more who asks.
async fn tries_to_prove(at: At<'_>, call: &str, name: String) -> Ended {
    match call {
        "ContinueLogin" => over!(at,
            Method::POST, "/api/users/login/continue", {"challengeId": "none", "code": "123456"},
            continue_login, ContinueLoginRequest {
                challenge_id: "none".to_owned(), code: "123456".to_owned(), trust_device: false
            }
        ),
        "AddFactor" => over!(at,
            guard: Method::POST, "/api/users/1/factors", {"name": name, "confirmationToken": "none"},
            add_factor, AddFactorRequest {
                user_id: 1, name, confirmation_token: Some("none".to_owned())
            }
        ),
        "ConfirmFactor" => over!(at,
            guard: Method::POST, &format!("/api/users/1/factors/{NO_FACTOR}:confirm"), {"code": "123456"},
            confirm_factor, ConfirmFactorRequest {
                user_id: 1, factor_id: NO_FACTOR.to_owned(), code: "123456".to_owned()
            }
        ),
        "RemoveFactor" => over!(at,
            guard: Method::POST, &format!("/api/users/1/factors/{NO_FACTOR}:remove"),
            {"confirmationToken": "none"},
            remove_factor, RemoveFactorRequest {
                user_id: 1,
                factor_id: NO_FACTOR.to_owned(),
                confirmation_token: Some("none".to_owned()),
            }
        ),
        "RenewRecoveryCodes" => over!(at,
            guard: Method::POST, "/api/users/1/recovery-codes", {"confirmationToken": "none"},
            renew_recovery_codes, RenewRecoveryCodesRequest {
                user_id: 1, confirmation_token: Some("none".to_owned())
            }
        ),
        "RefreshSession" => over!(at,
            sessions: Method::POST, "/api/users/login/refresh", {"refreshToken": "none"},
            refresh_session, RefreshSessionRequest {
                refresh_token: "none".to_owned(), ..Default::default()
            }
        ),
        "EndSessions" => over!(at,
            sessions: Method::POST, "/api/users/1/sessions:end", {"confirmationToken": "none"},
            end_sessions, EndSessionsRequest {
                user_id: 1, confirmation_token: Some("none".to_owned()), ..Default::default()
            }
        ),
        "ConfirmAction" => over!(at,
            sessions: Method::POST, "/api/users/confirmations",
            {"action": "ACTION_END_SESSIONS", "subject": "1", "password": WRONG},
            confirm_action, ConfirmActionRequest {
                action: Action::EndSessions.into(),
                subject: "1".to_owned(),
                password: WRONG.to_owned(),
                code: None,
            }
        ),
        other => tries_as_administrator(at, other).await,
    }
}

/// Makes a call of administrators with a confirmation that approves nothing.
async fn tries_as_administrator(At { who, over_grpc, token }: At<'_>, name: &str) -> Ended {
    let confirmation_token = Some("none".to_owned());
    macro_rules! over {
        ($verb:ident, $path:literal, $call:ident, $request:ident { $($more:tt)* }) => {
            if over_grpc {
                let request = $request { user_id: 1, confirmation_token, $($more)* };
                Ended::of_grpc(who.administration().$call(who.request(request, token)).await)
            } else {
                let path = concat!("/api/admin/users/1", $path);
                let mut body = json!({"confirmationToken": "none"});
                if name == "SetUserRole" {
                    body["role"] = json!("player");
                }
                Ended::of_rest(&who.asks(Method::$verb, path, Some(&body), token).await)
            }
        };
    }
    match name {
        "DisableUser" => over!(POST, ":disable", disable_user, DisableUserRequest {}),
        "EnableUser" => over!(POST, ":enable", enable_user, EnableUserRequest {}),
        "SignOutUser" => over!(POST, ":signOut", sign_out_user, SignOutUserRequest {}),
        "RequireNewPassword" => {
            over!(POST, ":requireNewPassword", require_new_password, RequireNewPasswordRequest {})
        }
        "CreateReset" => {
            over!(POST, ":reset", create_reset, CreateResetRequest { remove_factors: false })
        }
        "SetUserRole" => {
            over!(PUT, "/role", set_user_role, SetUserRoleRequest { role: "player".to_owned() })
        }
        other => panic!("{other} checks a secret: say here how it is tried"),
    }
}
