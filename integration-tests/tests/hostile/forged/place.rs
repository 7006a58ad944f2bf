//! A platform with something to lose, a forger who knows all about it, and what is there to be seen of harm.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use serde_json::{Value, json};
use sir0_testkit::{Person, Process, png, process_after_upgrade};
use tokio::net::{TcpListener, TcpStream};

use super::{
    algorithms, claims,
    forger::{Catalogue, Forger, Key},
    headers, others,
    requests::About,
    shapes, signatures,
};
use crate::stage::{Unshaken, adds};

/// A platform that is attacked.
pub(super) struct Place {
    pub(super) server: Unshaken,
    /// May do everything.
    pub(super) root: Person,
    /// Has games, a studio and an API token.
    pub(super) studio: Person,
    pub(super) about: About,
    pub(super) catalogue: Catalogue,
    /// Where tokens say that the key of the forger is to be had.
    pub(super) site: Site,
    _elsewhere: Process,
}

/// Opens a platform, and forges all tokens for it.
pub(super) async fn place() -> Place {
    let (process, file) = process_after_upgrade().await;
    let (elsewhere, file_elsewhere) = process_after_upgrade().await;
    let site = Site::opens().await;
    let root = process.admin("Root").await;
    let studio = process.publisher("Northlight").await;
    let game = adds(&studio, "Lanterns").await;
    adds(&studio, "Lanternfall").await;
    let forger = Forger::new(&file, root.token(), studio.token(), site.url.clone());
    let mut catalogue = Catalogue::default();
    algorithms::forge(&forger, &mut catalogue);
    headers::forge(&forger, &mut catalogue);
    signatures::forge(&forger, &mut catalogue);
    claims::forge(&forger, &mut catalogue);
    shapes::forge(&forger, &mut catalogue);
    others::handed_out(&root, &studio, &mut catalogue).await;
    let key = Key::in_file(&file_elsewhere);
    others::of_another_platform(&elsewhere, &key, &forger, &mut catalogue).await;
    // What the forger signs with the server's key as the server does is good: each refusal is for what was changed.
    let own_hand = forger.server.signs(&forger.header(), &forger.claims());
    let seen = root.with_token(&own_hand).rest().get(&format!("/api/users/{}", root.id)).await;
    assert_eq!(seen.status, 200, "{seen:?}");
    for good in [root.token(), studio.token(), own_hand.as_str()] {
        assert!(!catalogue.has(good), "a good token is no forgery");
    }
    let about = about(&studio, game).await;
    Place {
        server: Unshaken::new(process),
        root,
        studio,
        about,
        catalogue,
        site,
        _elsewhere: elsewhere,
    }
}

async fn about(studio: &Person, game: i32) -> About {
    let text = |json: &Value| json.as_str().expect("an id").to_owned();
    let studios = studio.rest().get("/api/studios").await;
    let id = text(&studios.json["studios"][0]["studioId"]);
    let path = format!("/api/studios/{id}/invitations");
    let invited = studio.rest().post(&path, &json!({"role": "viewer"})).await;
    let tokens = studio.rest().get(&format!("/api/users/{}/api-tokens", studio.id)).await;
    let path = format!("/api/games/{game}");
    studio.rest().put(&path, &json!({"price": 4.5})).await;
    let changes = studio.rest().get(&format!("{path}/changes")).await;
    let added = studio.uploads(game.into(), "cover", png(2, 3, 1)).await;
    About {
        user: studio.id,
        game,
        picture: text(&added.json["picture"]["pictureId"]),
        change: text(&changes.json["changes"][0]["changeId"]),
        studio: id,
        invitation: text(&invited.json["invitationId"]),
        api_token: text(&tokens.json["apiTokens"][0]["tokenId"]),
    }
}

impl Place {
    /// All that a forged token could have changed, as those see it whose it is.
    pub(super) async fn present(&self) -> Vec<(String, Value)> {
        let About { user, game, studio, .. } = &self.about;
        let of_root = [
            "/api/security-events?pageSize=1000".to_owned(),
            "/api/admin/users?pageSize=100".to_owned(),
            format!("/api/admin/users/{user}"),
            format!("/api/admin/users/{}", self.root.id),
            "/api/studios".to_owned(),
        ];
        let of_studio = [
            format!("/api/users/{user}"),
            format!("/api/users/{user}/sessions"),
            format!("/api/users/{user}/api-tokens"),
            format!("/api/users/{user}/factors"),
            format!("/api/users/{user}/devices"),
            format!("/api/users/{user}/activity?pageSize=100"),
            "/api/studios".to_owned(),
            format!("/api/studios/{studio}"),
            format!("/api/studios/{studio}/invitations"),
            "/api/games?pageSize=100".to_owned(),
            "/api/games:mine".to_owned(),
            format!("/api/games/{game}"),
            format!("/api/games/{game}:mine"),
        ];
        let mut present = Vec::new();
        for (person, paths) in [(&self.root, &of_root[..]), (&self.studio, &of_studio)] {
            for path in paths {
                let answer = person.rest().get(path).await;
                assert_eq!(answer.status, 200, "{path}: {answer:?}");
                let mut json = answer.json;
                // Calls that anyone may make were made without a good secret, and that is counted.
                if let Some(events) = json["events"].as_array_mut() {
                    events.retain(|event| event["kind"] != "attempts_refused");
                }
                present.push((path.clone(), json));
            }
        }
        present
    }
}

/// A web server that tokens name, and that nobody may ask.
pub(super) struct Site {
    pub(super) url: String,
    asked: Arc<AtomicUsize>,
}

impl Site {
    async fn opens() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("a port"));
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { url, asked }
    }

    /// Nobody asked it. One who does is noticed.
    pub(super) async fn is_unasked(&self) {
        assert_eq!(self.asked.load(Ordering::SeqCst), 0, "a key was fetched");
        let address = self.url.strip_prefix("http://").expect("its address");
        let _asking = TcpStream::connect(address).await.expect("it listens");
        while self.asked.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
    }
}
