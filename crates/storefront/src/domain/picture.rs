//! The pictures of a game.

use std::sync::Arc;

use sir0_kernel::{GameId, PictureId};
use sir0_media::{Colour, Name, Pictures, Purpose};

use super::{Game, GameEvent};

/// How many screenshots a game has at most.
pub const MOST_SCREENSHOTS: usize = 12;

/// A picture of a game, in every width and format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Identifies it.
    pub id: PictureId,
    /// What it is for.
    pub purpose: Purpose,
    /// In pixels, as it was uploaded.
    pub width: u32,
    /// In pixels, as it was uploaded.
    pub height: u32,
    /// What to show until it is there.
    pub colour: Colour,
    /// The narrowest first, each width as JPEG and then as WebP.
    pub files: Vec<PictureFile>,
}

/// A picture in one width and one format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PictureFile {
    /// The name that its bytes have.
    pub name: Name,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
}

/// What a game is shown by: its cover and its header, and which screenshots it has, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// The upright picture.
    pub cover: Option<Picture>,
    /// The wide picture.
    pub header: Option<Picture>,
    /// The screenshots, the first one first.
    pub screenshots: Vec<PictureId>,
}

/// A game has as many screenshots as it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a game has at most {MOST_SCREENSHOTS} screenshots, take one away first")]
pub struct TooManyScreenshots;

/// What is asked of a picture that is uploaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UploadPicture {
    pub(crate) game: GameId,
    pub(crate) purpose: Purpose,
}

impl Picture {
    /// What an upload became, under a new id.
    #[must_use]
    pub fn new(id: PictureId, purpose: Purpose, encoded: &Pictures) -> Self {
        let files = encoded.pictures.iter();
        let files =
            files.map(|it| PictureFile { name: it.name, width: it.width, height: it.height });
        let Pictures { width, height, colour, .. } = *encoded;
        Self { id, purpose, width, height, colour, files: files.collect() }
    }

    /// Whether the other one looks the same in the same place.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.purpose == other.purpose && self.files == other.files
    }

    /// The files in which it lies.
    pub fn names(&self) -> impl Iterator<Item = Name> {
        self.files.iter().map(|file| file.name)
    }
}

impl Shown {
    /// About how many bytes it takes, in memory and on the wire.
    #[must_use]
    pub fn size(&self) -> usize {
        /// What a file takes on the wire, which is more than in memory.
        const FILE: usize = 160;
        let pictures = [&self.cover, &self.header].into_iter().flatten();
        let files: usize = pictures.map(|it| it.files.len()).sum();
        size_of::<Self>() + files * FILE + size_of_val(&*self.screenshots)
    }

    /// With this picture: a cover or a header takes the place of the one before, a screenshot comes last.
    fn with(mut self, picture: Picture) -> Result<Self, TooManyScreenshots> {
        match picture.purpose {
            Purpose::Cover => self.cover = Some(picture),
            Purpose::Header => self.header = Some(picture),
            Purpose::Screenshot if self.screenshots.len() >= MOST_SCREENSHOTS => {
                return Err(TooManyScreenshots);
            }
            Purpose::Screenshot => self.screenshots.push(picture.id),
        }
        Ok(self)
    }

    /// Without this picture.
    fn without(mut self, id: PictureId) -> Self {
        let is_it = |picture: &Picture| picture.id == id;
        self.cover = self.cover.filter(|cover| !is_it(cover));
        self.header = self.header.filter(|header| !is_it(header));
        self.screenshots.retain(|screenshot| *screenshot != id);
        self
    }

    /// The place of a picture on the page. `None` for one that is not shown.
    #[must_use]
    pub fn place(&self, id: PictureId) -> Option<usize> {
        let first = [&self.cover, &self.header].map(|it| it.as_ref().map(|it| it.id));
        let all = first.into_iter().chain(self.screenshots.iter().copied().map(Some));
        all.enumerate().find(|(_, it)| *it == Some(id)).map(|(place, _)| place)
    }
}

impl Game {
    /// Is shown by one picture more. Refuses a screenshot beyond the most.
    pub fn show(&self, picture: Picture) -> Result<Option<(Self, GameEvent)>, TooManyScreenshots> {
        let shown = self.shown.as_deref().cloned().unwrap_or_default();
        Ok(self.shown_by(shown.with(picture)?))
    }

    /// Is not shown by this picture any more. `None` if it is not.
    #[must_use]
    pub fn hide_picture(&self, id: PictureId) -> Option<(Self, GameEvent)> {
        let shown = self.shown.as_deref()?.clone();
        self.shown_by(shown.without(id))
    }

    /// The picture for this purpose whose place another one takes.
    #[must_use]
    pub fn replaced_by(&self, picture: &Picture) -> Option<PictureId> {
        let shown = self.shown.as_deref()?;
        let before = match picture.purpose {
            Purpose::Cover => &shown.cover,
            Purpose::Header => &shown.header,
            Purpose::Screenshot => &None,
        };
        before.as_ref().map(|before| before.id)
    }

    /// The id of its upright picture.
    pub(super) fn cover(&self) -> Option<PictureId> {
        self.shown.as_ref()?.cover.as_ref().map(|cover| cover.id)
    }

    /// The id of its wide picture.
    pub(super) fn header(&self) -> Option<PictureId> {
        self.shown.as_ref()?.header.as_ref().map(|header| header.id)
    }

    /// Its screenshots, in their order.
    pub(super) fn screenshots(&self) -> &[PictureId] {
        self.shown.as_ref().map_or(&[], |shown| &shown.screenshots)
    }

    fn shown_by(&self, shown: Shown) -> Option<(Self, GameEvent)> {
        let shown = Some(Arc::new(shown)).filter(|shown| **shown != Shown::default());
        self.becoming(Self { shown, ..self.clone() })
    }
}

#[cfg(test)]
mod tests {
    use sir0_kernel::Timestamp;
    use sir0_media::Format;

    use super::*;

    fn picture(purpose: Purpose, bytes: &[u8]) -> Picture {
        let id = PictureId::fresh(Timestamp::from_micros(1));
        let file = PictureFile { name: Name::of(bytes, Format::WebP), width: 3, height: 4 };
        Picture { id, purpose, width: 30, height: 40, colour: Colour([1, 2, 3]), files: vec![file] }
    }

    #[test]
    fn a_cover_takes_the_place_of_the_one_before_and_a_screenshot_comes_last() {
        let [first, second] = [b"first", b"other"].map(|it| picture(Purpose::Cover, it));
        let [one, two] = [b"one", b"two"].map(|it| picture(Purpose::Screenshot, it));
        let mut game = Game::example(7, 1);

        for picture in [&first, &one, &two, &second] {
            game = game.show(picture.clone()).expect("room").expect("another picture").0;
        }

        let shown = game.shown.as_deref().expect("pictures");
        assert_eq!(shown.cover, Some(second.clone()));
        assert_eq!(shown.screenshots, [one.id, two.id]);
        assert_eq!(game.revision, 5);
        let places = [&second, &one, &two, &first].map(|it| shown.place(it.id));
        assert_eq!(places, [Some(0), Some(2), Some(3), None]);
    }

    #[test]
    fn a_screenshot_beyond_the_most_is_refused() {
        let mut game = Game::example(7, 1);
        for _ in 0..MOST_SCREENSHOTS {
            game = game.show(picture(Purpose::Screenshot, b"x")).expect("room").expect("new").0;
        }

        assert_eq!(game.show(picture(Purpose::Screenshot, b"y")), Err(TooManyScreenshots));
        assert!(game.show(picture(Purpose::Cover, b"y")).is_ok());
    }

    #[test]
    fn a_game_whose_last_picture_is_taken_away_is_as_before_there_were_any() {
        let cover = picture(Purpose::Cover, b"first");
        let game = Game::example(7, 1);
        let (shown, _) = game.show(cover.clone()).expect("room").expect("a picture");

        let (hidden, event) = shown.hide_picture(cover.id).expect("it was shown");

        assert_eq!(hidden, Game { revision: 3, ..game });
        assert!(event.is_public());
        assert_eq!(hidden.hide_picture(cover.id), None);
    }
}
