//! What a client sent in a coding, as it was before. A kilobyte may say that it is a gigabyte: what is read is bounded like
//! a body that comes as it is, and held against its sender before it is read.

use sir0_coding::{Coding, Decoder};
use sir0_kernel::{OverBudget, Share};
use tokio::task::yield_now;

use crate::{arriving::Arrived, body::SLICE};

/// How much is read before others have their turn. It takes less than half a millisecond.
const TURN: usize = 4 * SLICE;

/// Why bytes cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Undecoded {
    /// They are not what they are said to be.
    Broken,
    /// They become more than is taken.
    TooLong,
    /// Their sender holds as much as it may.
    OverBudget,
}

impl From<OverBudget> for Undecoded {
    fn from(OverBudget: OverBudget) -> Self {
        Self::OverBudget
    }
}

/// Reads the bytes out of their coding, at most so many, behind a room of zeros for a header.
///
/// The first slice is held with the request itself, as of any body. Each further one is held twice, because the decoder
/// may keep what it has read.
pub(crate) async fn decoded(
    coding: Coding,
    coded: &[u8],
    most: usize,
    header: usize,
    arrived: &Arrived,
    share: Option<&Share>,
) -> Result<Vec<u8>, Undecoded> {
    let mut decoder = Decoder::new(coding, coded);
    let mut out = vec![0; header];
    loop {
        let read = out.len() - header;
        if read > 0 {
            arrived.grow(share, 2 * SLICE)?;
        }
        if read == TURN {
            // From here on the decoder waits, and is one of many that do.
            arrived.grow(share, Decoder::STATE)?;
        }
        // One byte more than is taken tells that there is more.
        let room = SLICE.min(most + 1 - read);
        let came = decoder.read(room, &mut out).map_err(|_broken| Undecoded::Broken)?;
        match out.len() - header {
            length if length > most => return Err(Undecoded::TooLong),
            _ if came < room => return Ok(out),
            length if length.is_multiple_of(TURN) => yield_now().await,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use sir0_coding::{Effort, grpc::CODINGS};
    use sir0_kernel::{Budget, Client};

    use super::*;

    const MOST: usize = 1 << 20;

    #[tokio::test]
    async fn all_that_is_taken_is_read_and_not_a_byte_more() {
        for coding in CODINGS {
            for length in [0, 1, SLICE - 1, SLICE, TURN, TURN + 1, MOST - 1, MOST, MOST + 1] {
                let plain: Vec<u8> = (0..length).map(|at| u8::from(at % 100 == 0)).collect();
                let coded = coding.encode(&plain, Effort::Quick);

                let read = decoded(coding, &coded, MOST, 5, &Arrived::default(), None).await;

                match read {
                    Ok(read) => assert!(read[5..] == plain && length <= MOST, "{length}"),
                    Err(why) => assert_eq!((why, length), (Undecoded::TooLong, MOST + 1)),
                }
            }
        }
    }

    #[tokio::test]
    async fn what_a_sender_has_no_room_for_is_not_read() {
        let budget = Budget::of(1 << 20);
        let share = budget.share(Client::at(Ipv4Addr::LOCALHOST.into()));
        for coding in CODINGS {
            let (small, large) = (vec![0; SLICE / 2], vec![0; MOST]);
            let read = async |plain: &[u8], arrived: &Arrived| {
                let coded = coding.encode(plain, Effort::Quick);
                decoded(coding, &coded, MOST, 0, arrived, Some(&share)).await
            };

            let (first, second) = (Arrived::default(), Arrived::default());
            let refused = read(&large, &first).await;
            let taken: Vec<_> = std::iter::from_fn(|| share.hold(1024).ok()).collect();
            let small = read(&small, &second).await;

            assert_eq!(refused, Err(Undecoded::OverBudget));
            assert!(small.is_ok(), "a slice is held with the request itself");
            drop((first, taken));
            assert!(share.hold(64 * 1024).is_ok(), "what was held is free again");
        }
    }
}
