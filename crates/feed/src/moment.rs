//! Where a watcher goes on: what a resume token says.

use sir0_storage::Position;
use sir0_tokens::{Forged, Seal};

/// Follows the position in a token that was given inside the present.
const IN_PRESENT: u8 = b'p';

/// A moment in the life of a stream. Of two, the later one is the greater one: a stream that is behind its present at
/// some position was inside of it before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Where the stream stood in the feed.
    pub position: Position,
    /// How far the stream was.
    pub stage: Reached,
}

/// How far a stream was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reached {
    /// Inside the present, which is sent whole or not at all: it begins anew.
    Present,
    /// Everything up to the position was heard.
    Changes,
}

/// Why a token says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// It was not made here, or not for this list.
    #[error(transparent)]
    Forged(#[from] Forged),
    /// It was made here, in another form.
    #[error("is of another version, watch again without it")]
    OtherVersion,
}

impl Moment {
    /// The token that resumes here, sealed for this list. No two are alike.
    #[must_use]
    pub fn token(self, seal: &Seal, list: &[u8]) -> String {
        seal.close_afresh(list, &self.to_bytes())
    }

    /// The moment at which a token of this list was given.
    pub fn of(token: &str, seal: &Seal, list: &[u8]) -> Result<Self, BadToken> {
        Self::from_bytes(&seal.open(list, token)?)
    }

    /// As in a token.
    #[must_use]
    pub fn to_bytes(self) -> Vec<u8> {
        let position = self.position.to_be_bytes();
        match self.stage {
            Reached::Changes => position.to_vec(),
            Reached::Present => [&position[..], &[IN_PRESENT]].concat(),
        }
    }

    /// Reads one from a token.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadToken> {
        let (position, rest) = bytes.split_first_chunk().ok_or(BadToken::OtherVersion)?;
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

    const WATCH: &[u8] = b"watch";

    #[test]
    fn a_token_says_at_which_moment_it_was_given() {
        let seal = Seal::new(&[7; 32]);
        for position in [0, 1, i64::MAX] {
            for stage in [Reached::Present, Reached::Changes] {
                let moment = Moment { position, stage };
                assert_eq!(Moment::of(&moment.token(&seal, WATCH), &seal, WATCH), Ok(moment));
            }
        }

        let of = |token: &str| Moment::of(token, &seal, WATCH);
        assert_eq!(of("forged"), Err(BadToken::Forged(Forged)));
        for content in [&b""[..], b"1234567", b"12345678x", b"12345678pp"] {
            assert_eq!(of(&seal.close(WATCH, content)), Err(BadToken::OtherVersion));
        }
    }

    #[test]
    fn a_token_goes_on_in_the_list_that_gave_it_and_in_no_other() {
        let seal = Seal::new(&[7; 32]);
        let token = Moment { position: 7, stage: Reached::Changes }.token(&seal, b"audit");

        assert_eq!(Moment::of(&token, &seal, WATCH), Err(BadToken::Forged(Forged)));
    }

    #[test]
    fn the_latest_of_several_moments_is_the_greatest() {
        let at = |position, stage| Moment { position, stage };

        assert!(at(7, Reached::Changes) < at(8, Reached::Present));
        assert!(at(8, Reached::Present) < at(8, Reached::Changes), "the present was over then");
    }
}
