//! Floods, played in simulated time: two permits, and 400 ms a hash, as on two cores.

use std::{
    cell::Cell,
    net::{IpAddr, Ipv4Addr},
    rc::Rc,
    time::Duration,
};

use sir0_rpc::Client;
use tokio::{task::LocalSet, time::sleep};

use super::*;
use crate::domain::Email;

const HASHING: Duration = Duration::from_millis(400);
const SIGN_INS: usize = 40;
const IN_TIME: Duration = Duration::from_secs(10);

/// What each flooding client does.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// Another unknown account each time.
    Unknown,
    /// A wrong password for the client's own account.
    Wrong,
    /// The right password for the client's own account.
    Right,
    /// Wrong passwords for the account of the owner.
    Victim,
}

/// How long a flooding client pauses between two attempts, and how long the owner does.
#[derive(Clone, Copy, Debug)]
struct Pauses {
    flood: Duration,
    owner: Duration,
}

fn a_queue() -> Arc<Queue> {
    Arc::new(Queue::new(2, 64, Duration::from_secs(12)))
}

fn by(queue: &Queue, name: &str, address: u32) -> Attempt {
    let client = Client::at(IpAddr::V4(Ipv4Addr::from(0x7f01_0000 + address)));
    let email = Email::parse(&format!("{name}@example.com")).expect("an address");
    queue.attempts().to_sign_in(Some(client), &email)
}

/// Signs in, if the queue lets it. Answers how long that took.
async fn signs_in(
    queue: &Arc<Queue>,
    attempt: Attempt,
    is_right: bool,
) -> Result<Duration, Refused> {
    let asked = Instant::now();
    let mut permit = queue.admit(attempt, 1).await?;
    sleep(HASHING).await;
    queue.finished(HASHING);
    if is_right {
        permit.succeeded();
    } else {
        permit.failed();
    }
    Ok(asked.elapsed())
}

async fn floods(queue: Arc<Queue>, way: Way, address: u32, pause: Duration) {
    for round in 0.. {
        let (name, is_right) = match way {
            Way::Unknown => (format!("x{address}-{round}"), false),
            Way::Wrong => (format!("x{address}"), false),
            Way::Right => (format!("x{address}"), true),
            Way::Victim => ("ada".to_owned(), false),
        };
        // The client comes again, whatever the answer is.
        let _answer = signs_in(&queue, by(&queue, &name, address), is_right).await;
        sleep(pause).await;
    }
}

/// How many of forty sign-ins of the owner were in time, while ninety addresses flood the queue.
async fn in_time(way: Way, pauses: Pauses, is_known: bool) -> usize {
    let queue = a_queue();
    let owner = by(&queue, "ada", 1_000);
    if is_known {
        signs_in(&queue, owner, true).await.expect("the only one");
    }
    let count = Rc::new(Cell::new(0));
    let flood = LocalSet::new();
    for address in 0..90 {
        flood.spawn_local(floods(Arc::clone(&queue), way, address, pauses.flood));
    }
    let counted = Rc::clone(&count);
    flood
        .run_until(async move {
            sleep(Duration::from_millis(100)).await;
            for _ in 0..SIGN_INS {
                let took = signs_in(&queue, owner, true).await;
                counted.set(counted.get() + usize::from(took.is_ok_and(|took| took <= IN_TIME)));
                sleep(pauses.owner).await;
            }
        })
        .await;
    count.get()
}

#[tokio::test(start_paused = true)]
async fn an_owner_gets_in_from_the_first_moment_of_a_flood_of_failures_on() {
    let ways = [Way::Unknown, Way::Wrong, Way::Victim];
    let pauses = [500, 2_000, 10_000].map(Duration::from_millis);
    for way in ways {
        for flood in pauses {
            let pauses = Pauses { flood, owner: Duration::from_secs(1) };

            let known = in_time(way, pauses, true).await;
            let unknown = in_time(way, pauses, false).await;

            assert!(known >= 39, "{way:?} {pauses:?}: {known} of {SIGN_INS}");
            assert!(unknown >= 38, "{way:?} {pauses:?}: {unknown} of {SIGN_INS}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_signs_in_less_often_gets_in_before_ninety_who_sign_in_all_the_time() {
    for flood in [500, 5_000].map(Duration::from_millis) {
        let pauses = Pauses { flood, owner: Duration::from_secs(20) };

        let known = in_time(Way::Right, pauses, true).await;

        assert!(known >= 38, "{pauses:?}: {known} of {SIGN_INS}");
    }
}
