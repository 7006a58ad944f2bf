//! What an operator does to an account at the command line, as its owner notices it.

use serde_json::json;
use sir0_testkit::{Answer, PASSWORD, Person, email_of, process};

use crate::guard::guards;

const NEW: &str = "eleven quiet lanterns over 58 harbours";

async fn signs_in(person: &Person, password: &str) -> Answer {
    let login = json!({"email": email_of("Ada"), "password": password});
    person.rest().post("/api/users/login", &login).await
}

#[tokio::test]
async fn an_operator_gives_an_account_back_to_an_owner_who_lost_the_app() {
    let server = process().await;
    let ada = guards(server.player("Ada").await).await;
    let email = email_of("Ada");

    let arguments = ["reset", "--email", &email, "--require-new-password", "--factors"];
    let made = server.operator(&arguments, "").await;
    let is_secret = |word: &&str| word.len() == 32 && word.bytes().all(|it| it.is_ascii_hexdigit());
    let secret = made.split_whitespace().find(is_secret).expect("the secret of a link");
    let old = signs_in(&ada.person, PASSWORD).await;
    assert_eq!(old.json["reason"], "NEW_PASSWORD_REQUIRED", "{old:?}");
    let reset = json!({"secret": secret, "newPassword": NEW});
    let set = ada.person.rest().post("/api/users/resets:use", &reset).await;
    assert_eq!(set.status, 200, "{set:?}");

    let signed_in = signs_in(&ada.person, NEW).await;
    assert_eq!(signed_in.status, 200, "without the app: {signed_in:?}");
}
