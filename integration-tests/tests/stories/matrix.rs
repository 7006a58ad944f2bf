//! Who may make which call: what the contract promises, tried for every call, by everyone, at every door.

use http::Method;
use prost_reflect::Value;
use sir0_contract::{Access, Call, calls};
use sir0_testkit::{Answer, PASSWORD, Person, Topology, email_of, platform, topology};
use sir0_transcoding::{Binding, Part};
use tonic::Code;

use crate::{api_tokens, grpc_web, untyped};

/// No game has this id, so a caller that is let in changes nothing.
const NO_GAME: i32 = i32::MAX;
/// Nor has an account it, so an administrator who is let in locks nobody.
const NO_USER: i32 = i32::MAX;
/// Nor is there such a studio or such an invitation.
const NO_STUDIO: &str = "studio_01kb2m3n4p5q6r7s8t9v0w1x2y";
const NO_INVITATION: &str = "invitation_01kb2m3n4p5q6r7s8t9v0w1x2z";
const NO_FACTOR: &str = "factor_01kb2m3n4p5q6r7s8t9v0w1x2y";
/// What no administrator does with another's account.
const OWNER_ALONE: [&str; 5] =
    ["AddFactor", "ConfirmFactor", "CreateApiToken", "RemoveFactor", "RenewRecoveryCodes"];
const NO_API_TOKEN: &str = "apitoken_01kb2m3n4p5q6r7s8t9v0w1x2z";
const NO_PICTURE: &str = "picture_01kb2m3n4p5q6r7s8t9v0w1x2z";

#[test]
fn every_call_has_a_comment_someone_who_may_make_it_and_a_rest_form_unless_it_is_internal() {
    for call in calls() {
        assert!(!call.comment.trim().is_empty(), "{} has no comment", call.path);
        // Calls between services are internal, so they have no REST form. Pictures are files below `/media/` over HTTP.
        let has_none = call.access == Access::Peer || call.name == "ReadPicture";
        assert_ne!(call.rest.is_some(), has_none, "the REST form of {}", call.path);
        assert_ne!(call.access, Access::Unspecified, "{} does not say who may", call.path);
    }
    assert!(calls().count() >= 12, "the calls are read from the files");
}

/// How a door answers a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    SignInFirst,
    NotYou,
    /// For a call that any caller may make, but that needs a token to be about.
    NoTokenOfOurs,
    LetIn,
}

/// A caller that comes to a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Nobody,
    BrokenToken,
    LoggedOut,
    Player,
    Publisher,
    Admin,
    Owner,
    /// A machine with all scopes that there are, whose API token is a publisher's.
    Machine,
}

/// What the contract promises this caller.
fn promised(call: &Call, who: Who) -> Verdict {
    use Verdict::{LetIn, NoTokenOfOurs, NotYou, SignInFirst};
    let access = call.access;
    let is_signed_in = !matches!(who, Who::Nobody | Who::BrokenToken | Who::LoggedOut);
    let is_closed_to_it = who == Who::Machine && call.scope.is_none();
    let may = match access {
        Access::Anyone => true,
        Access::SignedIn | Access::Owner | Access::Publisher | Access::Admin if is_closed_to_it => {
            false
        }
        Access::Owner if OWNER_ALONE.contains(&call.name) => who == Who::Owner,
        // Whether the thing is theirs, the call asks: of what is not there it says so.
        Access::SignedIn => is_signed_in,
        Access::Owner => matches!(who, Who::Owner | Who::Admin),
        Access::Publisher => matches!(who, Who::Publisher | Who::Admin | Who::Machine),
        Access::Admin => who == Who::Admin,
        Access::TokenHolder => !matches!(who, Who::Nobody | Who::BrokenToken),
        // No access token is the secret that services share.
        Access::Peer => false,
        Access::Unspecified => unreachable!("the story above refuses it"),
    };
    match access {
        _ if may => LetIn,
        Access::TokenHolder => NoTokenOfOurs,
        Access::Peer => NotYou,
        _ if is_signed_in => NotYou,
        _ => SignInFirst,
    }
}

fn verdict_of(call: &Call, code: Code) -> Verdict {
    match code {
        // A challenge that is none is no gate.
        Code::Unauthenticated if call.name == "ContinueLogin" => Verdict::LetIn,
        Code::Unauthenticated => Verdict::SignInFirst,
        Code::PermissionDenied => Verdict::NotYou,
        Code::InvalidArgument if call.access == Access::TokenHolder => Verdict::NoTokenOfOurs,
        Code::Ok | Code::InvalidArgument | Code::NotFound | Code::FailedPrecondition => {
            Verdict::LetIn
        }
        other => panic!("{} answers {other:?}", call.path),
    }
}

fn verdict_of_rest(call: &Call, answer: &Answer) -> Verdict {
    match answer.status {
        401 if call.name == "ContinueLogin" => Verdict::LetIn,
        401 => Verdict::SignInFirst,
        403 => Verdict::NotYou,
        400 if call.access == Access::TokenHolder => Verdict::NoTokenOfOurs,
        200 | 201 | 400 | 404 => Verdict::LetIn,
        other => panic!("{} answers {other}", call.path),
    }
}

/// Makes the call over REST, with these values in its path and body.
async fn over_rest(person: &Person, call: &Call, values: &[(&str, Value)]) -> Answer {
    let form = form_of(call);
    let text = |name: &str| values.iter().find(|(known, _)| *known == name).map(|(_, it)| it);
    let mut path = form.template.to_owned();
    for variable in form.variables {
        let [field] = variable.field else { panic!("a path holds fields of the request itself") };
        let id = text(field.name).expect("every variable is an id");
        let id =
            id.as_str().map_or_else(|| id.as_i32().expect("a number").to_string(), str::to_owned);
        path = path.replace(&format!("{{{}}}", field.name), &id);
    }
    let body: serde_json::Map<_, _> = call
        .request
        .fields
        .iter()
        .filter(|field| !path_holds(call, field.name))
        .filter_map(|field| {
            let value = match text(field.name)? {
                Value::Bool(value) => (*value).into(),
                Value::List(texts) => texts.iter().filter_map(Value::as_str).collect(),
                value => value.as_str()?.into(),
            };
            Some((field.json.to_owned(), value))
        })
        .collect();
    let verb: Method = form.verb.parse().expect("a method");
    let mut request = person.rest().request(verb, &path);
    if matches!(form.body, Part::Whole) {
        request = request.json(&body);
    }
    if call.streaming {
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        return Answer { status, headers, json: serde_json::Value::Null, text: String::new() };
    }
    Answer::to(request).await
}

/// Whether clients can reach the call: what services ask each other ends at the proxy.
fn is_there(call: &Call) -> bool {
    call.access != Access::Peer || topology() != Topology::Cluster
}

/// The way to make the call over REST.
fn form_of(call: &Call) -> &'static Binding {
    let rest = call.rest.as_ref().expect("a call with a REST form");
    let bindings: &'static [Binding] = rest.bindings;
    bindings.first().expect("the rule of the call")
}

fn path_holds(call: &Call, name: &str) -> bool {
    let variables = form_of(call).variables.iter();
    variables.flat_map(|variable| variable.field).any(|field| field.name == name)
}

#[tokio::test]
async fn every_call_lets_in_whom_it_promises_at_every_door_and_no_one_else() {
    let platform = platform().await;
    let owner = platform.player("Ada").await;
    let logged_out = owner.signs_in("Ada").await;
    let logout = serde_json::json!({"token": logged_out.token()});
    assert_eq!(logged_out.rest().post("/api/users/logout", &logout).await.status, 200);
    let publisher = platform.publisher("Northlight").await;
    let (token, _) = api_tokens::makes(&publisher, &["games:read", "games:write"], "").await;
    let machine = api_tokens::machine_with(&publisher, &token).await;
    let people = [
        (Who::Nobody, platform.visitor()),
        (Who::BrokenToken, owner.with_token(&owner.token().replacen('.', ".A", 1))),
        (Who::LoggedOut, logged_out),
        (Who::Player, platform.player("Eve").await),
        (Who::Publisher, publisher),
        (Who::Machine, machine),
        (Who::Owner, owner.clone()),
        (Who::Admin, platform.admin("Root").await),
    ];

    // What ends sessions comes last: an administrator ends those of the owner, and the owner before keeps the one.
    let order = |call: &&Call| match call {
        Call { access: Access::TokenHolder, .. } => 2,
        Call { name: "EndSessions", .. } => 1,
        _ => 0,
    };
    let mut all: Vec<&Call> = calls().filter(|call| is_there(call)).collect();
    all.sort_by_key(order);
    let refresh_token = owner.begins_to_refresh("Ada").await;
    let mut differences = Vec::new();
    for call in all {
        for (who, person) in &people {
            let of = if call.access == Access::Admin { NO_USER } else { owner.id };
            let mut values = vec![
                ("user_id", Value::I32(of)),
                ("game_id", Value::I32(NO_GAME)),
                ("change_id", Value::String("1".to_owned())),
                ("picture_id", Value::String(NO_PICTURE.to_owned())),
                ("purpose", Value::String("cover".to_owned())),
                ("studio_id", Value::String(NO_STUDIO.to_owned())),
                ("invitation_id", Value::String(NO_INVITATION.to_owned())),
                ("factor_id", Value::String(NO_FACTOR.to_owned())),
                ("token_id", Value::String(NO_API_TOKEN.to_owned())),
                ("api_token", Value::String(token.clone())),
                ("username", Value::String("Ada".to_owned())),
                ("keep_current", Value::Bool(true)),
                ("token", Value::String(person.token.clone().unwrap_or_default())),
                // One that was never used is answered as often as it is shown.
                ("refresh_token", Value::String(refresh_token.clone())),
            ];
            // Elsewhere a name would make a studio.
            if call.name == "AddFactor" {
                values.push(("name", Value::String("Phone".to_owned())));
            }
            // A sign-in that fails would look like a gate. Elsewhere a password would change one.
            if call.name == "Login" {
                values.push(("email", Value::String(email_of("Ada"))));
                values.push(("password", Value::String(PASSWORD.to_owned())));
            }
            // Whose account it is, is asked of a request that can be read.
            if call.name == "CreateApiToken" {
                values.push(("name", Value::String("Nightly builds".to_owned())));
                let scopes = vec![Value::String("games:read".to_owned())];
                values.push(("scopes", Value::List(scopes)));
            }
            let message = untyped::request(call, &values);
            let grpc = untyped::makes(person, call, message.clone()).await;
            let web = grpc_web::makes(person, call, &message).await.code;
            let mut found =
                vec![("gRPC", verdict_of(call, grpc)), ("gRPC-Web", verdict_of(call, web))];
            if call.rest.is_some() {
                let rest = over_rest(person, call, &values).await;
                found.push(("REST", verdict_of_rest(call, &rest)));
            }

            let expected = promised(call, *who);
            for (door, verdict) in found {
                if verdict != expected {
                    let name = call.name;
                    differences
                        .push(format!("{name} {who:?} {door}: {verdict:?}, not {expected:?}"));
                }
            }
        }
    }

    assert!(differences.is_empty(), "{differences:#?}");
}
