//! Where a watcher goes on: what a resume token says.

use sir0_rpc::{Forged, Seal};
use sir0_storage::Position;

/// What a resume token is sealed for.
const WATCH: &[u8] = b"watch";

/// Follows the position in a token that was given inside the present.
const IN_PRESENT: u8 = b'p';

/// A moment in the life of a stream. Of two, the later one is the greater one: a stream that is behind its present at
/// some position was inside of it before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment {
    pub(crate) position: Position,
    pub(crate) stage: Reached,
}

/// How far a stream was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reached {
    /// Inside the present, which is sent whole or not at all: it begins anew.
    Present,
    /// Everything up to the position was heard.
    Changes,
}

/// Why a token says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadToken {
    #[error(transparent)]
    Forged(#[from] Forged),
    #[error("is of another version, watch again without it")]
    OtherVersion,
}

impl Moment {
    /// The token that resumes here.
    pub(crate) fn token(self, seal: &Seal) -> String {
        let position = self.position.to_be_bytes();
        match self.stage {
            Reached::Changes => seal.close(WATCH, &position),
            Reached::Present => seal.close(WATCH, &[&position[..], &[IN_PRESENT]].concat()),
        }
    }

    /// The moment at which a token was given.
    pub(crate) fn of(token: &str, seal: &Seal) -> Result<Self, BadToken> {
        let opened = seal.open(WATCH, token)?;
        let (position, rest) = opened.split_first_chunk().ok_or(BadToken::OtherVersion)?;
        let stage = match rest {
            [] => Reached::Changes,
            [IN_PRESENT] => Reached::Present,
            _ => return Err(BadToken::OtherVersion),
        };
        Ok(Self { position: Position::from_be_bytes(*position), stage })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_at_which_moment_it_was_given() {
        let seal = Seal::new(&[7; 32]);
        for position in [0, 1, i64::MAX] {
            for stage in [Reached::Present, Reached::Changes] {
                let moment = Moment { position, stage };
                assert_eq!(Moment::of(&moment.token(&seal), &seal), Ok(moment));
            }
        }

        assert_eq!(Moment::of("forged", &seal), Err(BadToken::Forged(Forged)));
        for content in [&b""[..], b"1234567", b"12345678x", b"12345678pp"] {
            let token = seal.close(WATCH, content);
            assert_eq!(Moment::of(&token, &seal), Err(BadToken::OtherVersion));
        }
    }

    #[test]
    fn the_latest_of_several_moments_is_the_greatest() {
        let at = |position, stage| Moment { position, stage };

        assert!(at(7, Reached::Changes) < at(8, Reached::Present));
        assert!(at(8, Reached::Present) < at(8, Reached::Changes), "the present was over then");
    }
}
