//! What each call promises beyond its messages, read from the same files: its REST form, which callers may make it, and
//! the shape of its request.

include!(concat!(env!("OUT_DIR"), "/calls.rs"));

/// One call of the contract.
#[derive(Debug)]
pub struct Call {
    /// Its place in [`CALLS`].
    pub index: usize,
    /// The full name of its service, such as `sir0.storefront.v1.GamesService`.
    pub service: &'static str,
    /// Its name within the service.
    pub name: &'static str,
    /// Its gRPC path: `/service/name`.
    pub path: &'static str,
    /// Whether the answer is a stream.
    pub streaming: bool,
    /// Which callers may make it.
    pub access: Access,
    /// What its file says about it.
    pub comment: &'static str,
    /// The shape of its request.
    pub request: &'static Shape,
    /// Its REST form, if it has one.
    pub rest: Option<Rest>,
}

/// Which callers may make a call; see `options.proto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Not stated; a test refuses it.
    Unspecified,
    /// Anyone, signed in or not.
    Anyone,
    /// The account the call is about, and any administrator.
    Owner,
    /// An account with the role `publisher` or `admin`.
    Publisher,
    /// The holder of the access token named in the request.
    TokenHolder,
    /// Another service of the platform, which shows the secret that they share.
    Peer,
}

/// How a call looks over REST.
#[derive(Debug)]
pub struct Rest {
    /// `GET`, `PUT`, `POST`, `DELETE` or `PATCH`.
    pub verb: &'static str,
    /// The path template, such as `/api/games/{game_id}`.
    pub template: &'static str,
    /// The segments of the template.
    pub segments: &'static [Segment],
    /// What follows the last segment behind a colon.
    pub custom_verb: Option<&'static str>,
    /// Whether the request is a JSON body.
    pub body: bool,
    /// The HTTP status of a success.
    pub success: u16,
    /// The HTTP statuses of the refusals it documents.
    pub refusals: &'static [u16],
}

/// One segment of a path template.
#[derive(Debug)]
pub enum Segment {
    /// This very text.
    Literal(&'static str),
    /// The value of this field.
    Variable(Field),
}

/// The fields of a request message.
#[derive(Debug)]
pub struct Shape {
    /// In the order of the file.
    pub fields: &'static [Field],
}

impl Shape {
    /// The field of this name, in either spelling (`game_id` or `gameId`).
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name || field.json == name)
    }
}

/// One field of a request message.
#[derive(Debug)]
pub struct Field {
    /// As in the file: `game_id`.
    pub name: &'static str,
    /// As in JSON: `gameId`.
    pub json: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether it holds several.
    pub repeated: bool,
}

/// What a field holds.
#[derive(Debug)]
pub enum Kind {
    /// A string.
    Text,
    /// `true` or `false`.
    Bool,
    /// A whole number of 32 bits.
    Int32,
    /// A number.
    Double,
    /// Another message.
    Message(&'static Shape),
}
