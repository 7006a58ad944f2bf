//! A disk without room: what does not fit is refused whole, what was acknowledged stays, and reads go on.

use std::fs;

use futures::future::join_all;
use sir0_testkit::{Tables, process};
use tonic::Code;

use crate::{
    kept::{Kept, is_whole},
    stage::a_game,
};

/// Clients that write at the same time, so that their changes share commits.
const WRITERS: usize = 16;

/// More games than one of them finds room for.
const TOO_MANY: usize = 1000;

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_changes_whole_and_takes_them_again_when_there_is_room() {
    let mut process = process().await;
    let studio = process.publisher("Northlight").await;
    assert!(process.terminate().await.success());
    let disk = process.starts_again_on_a_disk_of(4).await;
    let ballast = disk.join("ballast");
    fs::write(&ballast, vec![0; 1 << 20]).expect("room for now");

    let writers = (0..WRITERS).map(async |writer| {
        let (mut acknowledged, mut refused) = (Vec::new(), 0);
        for number in 0..TOO_MANY {
            let mut game = a_game(&format!("Game {writer} of {number}"));
            game.description = "Light finds a way. ".repeat(80);
            match studio.games().create_game(game).await {
                Ok(added) => acknowledged.push(added.into_inner().game_id),
                Err(status) => {
                    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
                    refused += 1;
                }
            }
            // A group that failed gave back what it took, so a smaller one may still fit.
            if refused == 3 {
                break;
            }
        }
        assert_eq!(refused, 3, "the disk is full in the end");
        acknowledged
    });
    let acknowledged: Vec<_> = join_all(writers).await.into_iter().flatten().collect();

    assert!(acknowledged.len() > WRITERS, "some fitted: {}", acknowledged.len());
    for id in acknowledged.iter().step_by(7) {
        let read = studio.rest().get(&format!("/api/games/{id}")).await;
        assert_eq!(read.status, 200, "reads go on: {}", read.text);
    }
    fs::remove_file(&ballast).expect("our own file");
    let after = studio.games().create_game(a_game("There is room again")).await;
    let after = after.expect("there is room").into_inner().game_id;

    // SQLite would follow the name of the disk to the folder that is under it. Nobody writes, so a copy is whole.
    let copy = tempfile::tempdir().expect("a folder for the test");
    for name in ["storefront.db", "storefront.db-wal", "accounts.db", "accounts.db-wal"] {
        fs::copy(disk.join(name), copy.path().join(name)).expect("it is in use, so both are there");
    }
    let tables = Tables::File(copy.path().join("storefront.db"));
    let kept = Kept::read(&tables).await;
    assert_eq!(kept.count(), acknowledged.len() + 1, "and nothing of what was refused");
    kept.has_each_once(&[acknowledged, vec![after]].concat());
    kept.is_consistent();
    is_whole(&tables).await;
    assert!(!process.log().contains("panicked"), "{}", process.log());
}
