//! How pictures lie in a row, in an event, or in a cache that outlives the process.

use serde::{Deserialize, Serialize};
use sir0_kernel::{InvalidId, PictureId};
use sir0_media::{Colour, Name, UnknownPurpose};

use crate::domain::{Picture, PictureFile, Shown};

/// A picture as it is stored. Fields may be added, with a default for older ones. They are never renamed.
#[derive(Serialize, Deserialize)]
pub(crate) struct StoredPicture {
    id: String,
    purpose: String,
    width: u32,
    height: u32,
    colour: [u8; 3],
    /// The name, the width and the height of each.
    files: Vec<(String, u32, u32)>,
}

/// What a game is shown by, as it is stored.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct StoredShown {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cover: Option<StoredPicture>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    header: Option<StoredPicture>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    screenshots: Vec<String>,
}

/// Why what is stored is no picture.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoPicture {
    #[error(transparent)]
    Id(#[from] InvalidId),
    #[error(transparent)]
    Purpose(#[from] UnknownPurpose),
    #[error("{0} is no name of a file")]
    Name(String),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

impl StoredPicture {
    pub(crate) fn json(picture: &Picture) -> String {
        serde_json::to_string(&Self::from(picture)).expect("numbers and texts are always JSON")
    }

    pub(crate) fn read(json: &str) -> Result<Picture, NoPicture> {
        serde_json::from_str::<Self>(json)?.try_into()
    }
}

impl StoredShown {
    pub(crate) fn json(shown: &Shown) -> String {
        serde_json::to_string(&Self::from(shown)).expect("numbers and texts are always JSON")
    }

    pub(crate) fn read(json: &str) -> Result<Shown, NoPicture> {
        serde_json::from_str::<Self>(json)?.try_into()
    }
}

impl From<&Picture> for StoredPicture {
    fn from(picture: &Picture) -> Self {
        let Picture { id, purpose, width, height, colour: Colour(colour), files } = picture;
        let files = files.iter().map(|it| (it.name.to_string(), it.width, it.height)).collect();
        let (id, purpose) = (id.to_string(), purpose.to_string());
        Self { id, purpose, width: *width, height: *height, colour: *colour, files }
    }
}

impl TryFrom<StoredPicture> for Picture {
    type Error = NoPicture;

    fn try_from(stored: StoredPicture) -> Result<Self, NoPicture> {
        let file = |(name, width, height): (String, u32, u32)| {
            let name = Name::parse(&name).ok_or(NoPicture::Name(name))?;
            Ok::<_, NoPicture>(PictureFile { name, width, height })
        };
        Ok(Self {
            id: PictureId::parse(&stored.id)?,
            purpose: stored.purpose.parse()?,
            width: stored.width,
            height: stored.height,
            colour: Colour(stored.colour),
            files: stored.files.into_iter().map(file).collect::<Result<_, _>>()?,
        })
    }
}

impl From<&Shown> for StoredShown {
    fn from(Shown { cover, header, screenshots }: &Shown) -> Self {
        Self {
            cover: cover.as_ref().map(Into::into),
            header: header.as_ref().map(Into::into),
            screenshots: screenshots.iter().map(ToString::to_string).collect(),
        }
    }
}

impl TryFrom<StoredShown> for Shown {
    type Error = NoPicture;

    fn try_from(
        StoredShown { cover, header, screenshots }: StoredShown,
    ) -> Result<Self, NoPicture> {
        let screenshots = screenshots.iter().map(|id| PictureId::parse(id));
        Ok(Self {
            cover: cover.map(TryInto::try_into).transpose()?,
            header: header.map(TryInto::try_into).transpose()?,
            screenshots: screenshots.collect::<Result<_, _>>()?,
        })
    }
}
