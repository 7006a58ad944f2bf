//! How good messages are made, and texts of any length for each of their fields.

use prost_reflect::FieldDescriptor;
use serde_json::{Value, json};
use sir0_testkit::{PASSWORD, Person, a_game, email_of};

/// No game and no account has this id, so that what is let in changes nothing.
const NOTHING: i32 = i32::MAX;
const NO_SESSION: &str = "session_01arz3ndektsv4rrffq69g5fav";
const NO_FACTOR: &str = "factor_01arz3ndektsv4rrffq69g5fav";
const NO_DEVICE: &str = "device_01arz3ndektsv4rrffq69g5fav";
const NO_API_TOKEN: &str = "apitoken_01kb2m3n4p5q6r7s8t9v0w1x2y";
const NO_FILE: &str = "ba/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad.webp";
const NO_PICTURE: &str = "picture_01kb2m3n4p5q6r7s8t9v0w1x2y";
const NO_STUDIO: &str = "studio_01kb2m3n4p5q6r7s8t9v0w1x2y";
const NO_INVITATION: &str = "invitation_01kb2m3n4p5q6r7s8t9v0w1x2z";

/// What messages are about.
pub(super) struct Stage {
    user: i32,
    game: Value,
    studio: Value,
}

/// Makes a text of so many characters. Another `turn` makes another text.
pub(super) type Text = fn(chars: u64, turn: u64) -> String;

/// What a field takes.
#[derive(Clone, Copy)]
pub(super) enum Recipe {
    Text(Text),
    /// Also, a text that breaks its pattern.
    Pattern(Text, &'static str),
    Number,
    OneOf,
    /// A text with one spelling, and one that is none.
    Written {
        good: &'static str,
        broken: &'static str,
    },
}

impl Stage {
    pub(super) async fn with(person: &Person) -> Self {
        let added = person.rest().post("/api/games", &a_game("Lanterns")).await;
        let founded = person.rest().post("/api/studios", &json!({"name": "Northlight"})).await;
        let (game, studio) = (added.json["gameId"].clone(), founded.json["studioId"].clone());
        Self { user: person.id, game, studio }
    }

    /// A message that the server takes.
    pub(super) fn good(&self, message: &str, turn: u64) -> Value {
        match message {
            "sir0.accounts.v1.RegisterRequest" => json!({
                "username": letters(12, turn),
                "email": address(20, turn),
                "password": password(12, turn),
            }),
            "sir0.accounts.v1.GetUserRequest"
            | "sir0.accounts.v1.ListSessionsRequest"
            | "sir0.accounts.v1.ListActivityRequest"
            | "sir0.accounts.v1.ListApiTokensRequest"
            | "sir0.accounts.v1.ListFactorsRequest"
            | "sir0.accounts.v1.ListTrustedDevicesRequest"
            | "sir0.accounts.v1.RenewRecoveryCodesRequest"
            | "sir0.accounts.v1.ForgetDevicesRequest" => json!({"userId": self.user}),
            "sir0.accounts.v1.AddFactorRequest" => {
                json!({"userId": self.user, "name": letters(12, turn)})
            }
            "sir0.accounts.v1.ConfirmFactorRequest" => {
                json!({"userId": self.user, "factorId": NO_FACTOR, "code": "123456"})
            }
            "sir0.accounts.v1.RemoveFactorRequest" => {
                json!({"userId": self.user, "factorId": NO_FACTOR})
            }
            "sir0.accounts.v1.UpdateUserRequest" => {
                json!({"userId": self.user, "username": letters(12, turn)})
            }
            "sir0.accounts.v1.LoginRequest" => {
                json!({"email": email_of("Northlight"), "password": PASSWORD})
            }
            "sir0.accounts.v1.RefreshSessionRequest" => json!({"refreshToken": "none"}),
            "sir0.accounts.v1.EndSessionsRequest" => {
                json!({"userId": self.user, "keepCurrent": true})
            }
            "sir0.accounts.v1.ConfirmActionRequest" => {
                json!({"action": "ACTION_END_SESSIONS", "subject": "1", "password": PASSWORD})
            }
            "sir0.accounts.v1.CreateApiTokenRequest" => {
                json!({"userId": self.user, "name": letters(12, turn), "scopes": ["games:read"]})
            }
            "sir0.accounts.v1.RevokeApiTokenRequest" => {
                json!({"userId": self.user, "tokenId": NO_API_TOKEN})
            }
            "sir0.accounts.v1.ShowUserRequest"
            | "sir0.accounts.v1.DisableUserRequest"
            | "sir0.accounts.v1.EnableUserRequest"
            | "sir0.accounts.v1.SignOutUserRequest"
            | "sir0.accounts.v1.RequireNewPasswordRequest"
            | "sir0.accounts.v1.CreateResetRequest" => json!({"userId": NOTHING}),
            "sir0.accounts.v1.UseResetRequest" => {
                json!({"secret": letters(32, turn), "newPassword": password(12, turn)})
            }
            "sir0.accounts.v1.SetUserRoleRequest" => {
                json!({"userId": NOTHING, "role": "player"})
            }
            "sir0.accounts.v1.ListSecurityEventsRequest" | "sir0.accounts.v1.FindUsersRequest" => {
                json!({})
            }
            "sir0.accounts.v1.CreateStudioRequest" => json!({"name": letters(12, turn)}),
            "sir0.accounts.v1.GetStudioRequest" | "sir0.accounts.v1.ListInvitationsRequest" => {
                json!({"studioId": self.studio})
            }
            "sir0.accounts.v1.UpdateStudioRequest" => {
                json!({"studioId": self.studio, "name": letters(12, turn)})
            }
            "sir0.accounts.v1.CreateInvitationRequest" => {
                json!({"studioId": self.studio, "role": "viewer"})
            }
            "sir0.accounts.v1.AcceptInvitationRequest" => json!({"secret": letters(32, turn)}),
            "sir0.accounts.v1.UpdateMemberRequest" => {
                json!({"studioId": self.studio, "userId": NOTHING, "role": "owner"})
            }
            "sir0.accounts.v1.RemoveMemberRequest" => {
                json!({"studioId": self.studio, "userId": NOTHING})
            }
            "sir0.accounts.v1.RevokeInvitationRequest" => {
                json!({"studioId": self.studio, "invitationId": NO_INVITATION})
            }
            other => self.good_of_storefront(other),
        }
    }

    fn good_of_storefront(&self, message: &str) -> Value {
        match message {
            "sir0.storefront.v1.ListGamesRequest"
            | "sir0.storefront.v1.WatchGamesRequest"
            | "sir0.storefront.v1.ExportGamesRequest"
            | "sir0.storefront.v1.ListMyGamesRequest"
            | "sir0.storefront.v1.UpdatePicksRequest" => json!({}),
            "sir0.storefront.v1.GetGameRequest"
            | "sir0.storefront.v1.GetMyGameRequest"
            | "sir0.storefront.v1.ListPicturesRequest"
            | "sir0.storefront.v1.ListMyPicturesRequest"
            | "sir0.storefront.v1.GetGamePageRequest"
            | "sir0.storefront.v1.GetMyGamePageRequest"
            | "sir0.storefront.v1.ListGameChangesRequest" => json!({"gameId": self.game}),
            "sir0.storefront.v1.CreateGameRequest" => a_game("Lanterns"),
            "sir0.storefront.v1.UpdateGameRequest" => {
                json!({"gameId": self.game, "title": "Light"})
            }
            "sir0.storefront.v1.DeleteGameRequest" | "sir0.storefront.v1.UnscheduleGameRequest" => {
                json!({"gameId": NOTHING})
            }
            "sir0.storefront.v1.UpdateGamePageRequest" => {
                json!({"gameId": NOTHING, "page": {"tags": ["cosy"]}})
            }
            "sir0.storefront.v1.UploadPictureRequest" => {
                json!({"gameId": NOTHING, "purpose": "cover"})
            }
            "sir0.storefront.v1.DeletePictureRequest" => {
                json!({"gameId": NOTHING, "pictureId": NO_PICTURE})
            }
            "sir0.storefront.v1.ReadPictureRequest" => json!({"name": NO_FILE}),
            "sir0.storefront.v1.UndoGameChangeRequest" => {
                json!({"gameId": NOTHING, "changeId": "1"})
            }
            "sir0.storefront.v1.PublishGameRequest" => {
                json!({"gameId": NOTHING, "state": "released"})
            }
            "sir0.storefront.v1.HandOverGameRequest" => {
                json!({"gameId": NOTHING, "studioId": NO_STUDIO})
            }
            other => panic!("{other} has bounds and no recipe: say here how a good one is made"),
        }
    }
}

/// What a field with bounds takes.
pub(super) fn of(field: &FieldDescriptor) -> Recipe {
    let is_number = ["user_id", "game_id", "page_size"].contains(&field.name());
    match field.full_name().strip_prefix("sir0.").unwrap_or_default() {
        "accounts.v1.AddFactorRequest.name"
        | "accounts.v1.LoginRequest.client_id"
        | "accounts.v1.LoginRequest.device_name"
        | "accounts.v1.RefreshSessionRequest.client_id"
        | "accounts.v1.RegisterRequest.username"
        | "accounts.v1.UpdateUserRequest.username"
        | "storefront.v1.ListGamesRequest.genre"
        | "storefront.v1.ListGamesRequest.tag"
        | "storefront.v1.ListGamesRequest.q"
        | "storefront.v1.CreateGameRequest.title"
        | "storefront.v1.CreateGameRequest.genre"
        | "storefront.v1.CreateGameRequest.description"
        | "storefront.v1.UpdateGameRequest.title"
        | "storefront.v1.UpdateGameRequest.genre"
        | "storefront.v1.UpdateGameRequest.description"
        | "storefront.v1.WatchGamesRequest.genre"
        | "accounts.v1.CreateStudioRequest.name"
        | "accounts.v1.UpdateStudioRequest.name"
        | "accounts.v1.CreateApiTokenRequest.name"
        | "accounts.v1.AcceptInvitationRequest.secret"
        | "accounts.v1.FindUsersRequest.username"
        | "accounts.v1.UseResetRequest.secret" => Recipe::Text(letters),
        "accounts.v1.RegisterRequest.email"
        | "accounts.v1.UpdateUserRequest.email"
        | "accounts.v1.FindUsersRequest.email" => Recipe::Text(address),
        "accounts.v1.RegisterRequest.password"
        | "accounts.v1.UpdateUserRequest.password"
        | "accounts.v1.UseResetRequest.new_password" => Recipe::Text(password),
        "storefront.v1.CreateGameRequest.request_id" => Recipe::Pattern(letters, "two words"),
        "accounts.v1.CreateApiTokenRequest.life_days"
        | "storefront.v1.CreateGameRequest.price"
        | "storefront.v1.UpdateGameRequest.price"
        | "storefront.v1.CreateGameRequest.base_game_id"
        | "storefront.v1.CreateGameRequest.bundled_game_ids"
        | "storefront.v1.UpdateGameRequest.bundled_game_ids"
        | "storefront.v1.WatchGamesRequest.game_ids"
        | "storefront.v1.UpdatePicksRequest.game_ids"
        | "accounts.v1.CreateInvitationRequest.life_hours" => Recipe::Number,
        "accounts.v1.ConfirmActionRequest.subject" => Recipe::Text(subject),
        "accounts.v1.EndSessionsRequest.session_ids" => {
            Recipe::Written { good: NO_SESSION, broken: "session_01arz3ndektsv4rrffq69g5fau" }
        }
        "accounts.v1.ForgetDevicesRequest.device_ids" => {
            Recipe::Written { good: NO_DEVICE, broken: "device_01arz3ndektsv4rrffq69g5fau" }
        }
        "accounts.v1.ConfirmFactorRequest.factor_id"
        | "accounts.v1.RemoveFactorRequest.factor_id" => {
            Recipe::Written { good: NO_FACTOR, broken: "factor_01arz3ndektsv4rrffq69g5fau" }
        }
        "accounts.v1.UpdateUserRequest.country" => Recipe::Written { good: "DE", broken: "de" },
        "accounts.v1.UpdateUserRequest.language" | "storefront.v1.ListGamesRequest.language" => {
            Recipe::Written { good: "de-AT", broken: "de_AT" }
        }
        "accounts.v1.UpdateUserRequest.birth_date" => {
            Recipe::Written { good: "1990-02-28", broken: "28.02.1990" }
        }
        "accounts.v1.UpdateUserRequest.terms_version" => {
            Recipe::Written { good: "2027-01", broken: "two words" }
        }
        "storefront.v1.ListGamesRequest.facets" => {
            Recipe::Written { good: "genre", broken: "title" }
        }
        "storefront.v1.DeletePictureRequest.picture_id" => {
            Recipe::Written { good: NO_PICTURE, broken: "picture_01ARZ3NDEKTSV4RRFFQ69G5FAU" }
        }
        "storefront.v1.ReadPictureRequest.name" => {
            Recipe::Written { good: NO_FILE, broken: "ba/short.webp" }
        }
        "storefront.v1.UndoGameChangeRequest.change_id" => {
            Recipe::Written { good: "1", broken: "01" }
        }
        "accounts.v1.CreateApiTokenRequest.scopes" => {
            Recipe::Written { good: "games:read", broken: "builds:upload" }
        }
        "storefront.v1.ListGamesRequest.sort"
        | "storefront.v1.ListGamesRequest.kind"
        | "storefront.v1.ListGamesRequest.price_band"
        | "storefront.v1.ListGamesRequest.platform"
        | "storefront.v1.ListGamesRequest.state"
        | "storefront.v1.ListMyGamesRequest.state"
        | "storefront.v1.CreateGameRequest.kind"
        | "storefront.v1.CreateGameRequest.state"
        | "storefront.v1.PublishGameRequest.state"
        | "storefront.v1.WatchGamesRequest.kind"
        | "storefront.v1.ExportGamesRequest.format"
        | "storefront.v1.UploadPictureRequest.purpose"
        | "accounts.v1.ListSecurityEventsRequest.kind"
        | "accounts.v1.ConfirmActionRequest.action"
        | "storefront.v1.HandOverGameRequest.studio_id"
        | "accounts.v1.CreateInvitationRequest.role"
        | "accounts.v1.UpdateMemberRequest.role"
        | "accounts.v1.FindUsersRequest.role"
        | "accounts.v1.SetUserRoleRequest.role"
        // A message. It must be there, and its bounds are told in words.
        | "storefront.v1.UpdateGamePageRequest.page" => Recipe::OneOf,
        _ if is_number => Recipe::Number,
        _ => panic!("{} has a bound and no recipe: say here what it takes", field.full_name()),
    }
}

/// Letters. The first three tell the turn.
fn letters(chars: u64, turn: u64) -> String {
    const LETTERS: &[u8; 26] = b"abcdefghijklmnopqrstuvwxyz";
    let letter =
        |number: u64| char::from(LETTERS[usize::try_from(number % 26).expect("less than 26")]);
    let of_turn = [turn, turn / 26, turn / 26 / 26].map(letter);
    let chars = usize::try_from(chars).expect("a text fits into memory");
    of_turn.into_iter().chain(std::iter::repeat('x')).take(chars).collect()
}

/// An e-mail address: in no more than three letters where it must be short.
fn address(chars: u64, turn: u64) -> String {
    const DOMAIN: &str = "@example.com";
    if let Some(local @ 1..) = chars.checked_sub(DOMAIN.len() as u64) {
        return letters(local, turn) + DOMAIN;
    }
    let letters = letters(chars.saturating_sub(1), turn);
    let (local, domain) = letters.split_at(letters.len().min(1));
    [local, "@", domain].concat()
}

/// Letters and digits in no order.
fn password(chars: u64, turn: u64) -> String {
    const SIGNS: &[u8] = b"k7Qw2ZpX9mVt4RbL6sHd8NcJ3gFy5T";
    let next = |state: &mut u64| {
        *state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(*state >> 33).expect("31 bits")
    };
    let mut state = turn + 1;
    (0..chars).map(|_| char::from(SIGNS[next(&mut state) % SIGNS.len()])).collect()
}

/// The id of an account, with zeros in front.
fn subject(chars: u64, _turn: u64) -> String {
    let chars = usize::try_from(chars).expect("a text fits into memory");
    if chars == 0 { String::new() } else { format!("{:0>chars$}", 1) }
}
