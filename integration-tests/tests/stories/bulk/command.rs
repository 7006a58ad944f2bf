//! `sir0 catalogue`, as a person types it.

use std::{fs, process::Output};

use sir0_testkit::{Process, process};

use super::*;

/// The real program, and someone whose token lies in a file.
struct Desk {
    store: Process,
    studio: Person,
    folder: tempfile::TempDir,
}

impl Desk {
    async fn set() -> Self {
        let store = process().await;
        let studio = store.publisher("Northlight").await;
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("token"), format!("{}\n", studio.token()))
            .expect("our own folder");
        Self { store, studio, folder }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().expect("UTF-8").to_owned()
    }

    fn keeps(&self, name: &str, text: &str) -> String {
        fs::write(self.path(name), text).expect("our own folder");
        self.path(name)
    }

    async fn runs(&self, words: &[&str]) -> Output {
        let (url, token) = (format!("http://{}", self.store.address()), self.path("token"));
        let words = [&["catalogue"], words, &["--url", &url, "--token-file", &token]].concat();
        self.store.runs(&words).await
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn complained(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_catalogue_is_imported_exported_and_imported_again_at_the_command_line() {
    let desk = Desk::set().await;
    let file = desk.keeps("games.ndjson", &lines(&a_catalogue()));

    let imported = desk.runs(&["import", &file]).await;
    assert_eq!(
        said(&imported),
        "5 added, 0 changed, 0 unchanged, 0 not taken\n",
        "{}",
        complained(&imported)
    );
    assert!(imported.status.success());
    assert_eq!(complained(&imported), "", "no bar where nobody looks");

    let csv = desk.path("games.csv");
    let exported = desk.runs(&["export", "--to", &csv]).await;
    assert!(exported.status.success(), "{}", complained(&exported));
    assert!(said(&exported).contains(&csv), "{}", said(&exported));
    let again = desk.runs(&["import", &csv]).await;
    assert_eq!(
        said(&again),
        "0 added, 0 changed, 5 unchanged, 0 not taken\n",
        "{}",
        complained(&again)
    );
    let piped = desk.runs(&["export", "--format", "csv"]).await;
    assert_eq!(said(&piped), fs::read_to_string(&csv).expect("it was written"));
    assert_eq!(said(&piped), exports(&desk.studio, "csv").await);
    assert_eq!(
        fs::read_dir(desk.folder.path()).expect("a folder").count(),
        3,
        "nothing is left lying about"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_lines_fail_the_command_which_says_them_or_writes_them_into_a_file() {
    let desk = Desk::set().await;
    let csv =
        "importKey,title,genre,price\na,Lanterns,Puzzle,1\nb,,Puzzle,1\nc,Cheap,Puzzle,free\n";
    let file = desk.keeps("games.csv", csv);

    let refused = desk.runs(&["import", &file]).await;

    assert!(!refused.status.success());
    let told = complained(&refused);
    for part in
        ["1 added, 0 changed, 0 unchanged, 2 not taken", "line 3: `title`", "line 4: `price`"]
    {
        assert!(told.contains(part), "{part} is not in {told}");
    }
    let bad = desk.path("bad.txt");
    let refused = desk.runs(&["import", &file, "--bad-lines", &bad]).await;
    assert!(!refused.status.success());
    assert!(complained(&refused).contains(&bad), "{}", complained(&refused));
    let bad: Vec<_> =
        fs::read_to_string(&bad).expect("it was written").lines().map(str::to_owned).collect();
    assert!(bad.len() == 2 && bad.iter().any(|line| line.starts_with("line 3: ")), "{bad:?}");
    let rest = desk.runs(&["import", &file, "--from-line", "4"]).await;
    assert!(complained(&rest).contains("0 unchanged, 1 not taken"), "{}", complained(&rest));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_is_said_in_words() {
    let desk = Desk::set().await;
    let file = desk.keeps("games.csv", "title;price\n");
    let fails = async |words: &[&str], what: &str| {
        let output = desk.runs(words).await;
        assert!(!output.status.success(), "{words:?}");
        assert!(complained(&output).contains(what), "{words:?}: {}", complained(&output));
    };

    fails(&["import", &file], "line 1: `title;price` is no column").await;
    fails(&["import", &desk.path("nowhere.csv")], "nowhere.csv cannot be read").await;
    fails(&["import", &desk.path("")], "says no format").await;
    fails(&["import", &desk.keeps("games.xlsx", "")], "says no format").await;
    fails(&["export"], "says no format").await;
    fails(&["export", "--to", &desk.path("nowhere/games.csv")], "cannot be written").await;
    desk.keeps("token", "nobody\n");
    fails(&["import", &file], "the store refuses").await;
    fails(&["export", "--to", &desk.path("games.ndjson")], "the store refuses").await;
    assert!(!desk.folder.path().join("games.ndjson").exists());
    let gone = desk
        .store
        .runs(&[
            "catalogue",
            "export",
            "--to",
            &desk.path("x.csv"),
            "--url",
            "http://127.0.0.1:1",
            "--token-file",
            &desk.path("token"),
        ])
        .await;
    assert!(complained(&gone).contains("cannot be reached"), "{}", complained(&gone));
}
