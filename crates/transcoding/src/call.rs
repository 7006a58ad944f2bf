//! What a call promises beyond its messages, as its file says it.

use crate::{
    paging::Paging,
    shape::{Field, Form, Kind, Shape},
};

/// One call of a contract.
#[derive(Debug)]
pub struct Call {
    /// The full name of its service, such as `sir0.storefront.v1.GamesService`.
    pub service: &'static str,
    /// Its name within the service.
    pub name: &'static str,
    /// Its gRPC path: `/service/name`.
    pub path: &'static str,
    /// Its place among the calls of its service.
    pub number: usize,
    /// Whether the request is a stream.
    pub takes_stream: bool,
    /// Whether the answer is a stream.
    pub streaming: bool,
    /// Which callers may make it.
    pub access: Access,
    /// Which scope opens it to the access token of an API token. `None` opens it to none.
    pub scope: Option<&'static str>,
    /// By what attempts at it are counted, if it checks a secret.
    pub limits: &'static [Limit],
    /// Whether it may have an idempotency key.
    pub keying: Keying,
    /// What its file says about it.
    pub comment: &'static str,
    /// The shape of its request.
    pub request: &'static Shape,
    /// The shape of its answer, or of each message of its answer.
    pub response: &'static Shape,
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
    /// An account with the role `publisher` or `admin`, or one that a studio lets write its games.
    Publisher,
    /// The holder of the access token named in the request.
    TokenHolder,
    /// Another service of the platform, which shows the secret that they share.
    Peer,
    /// Anyone who is signed in. The call itself asks whether the thing is theirs.
    SignedIn,
    /// An account with the role `admin`.
    Admin,
}

/// By what attempts at a call are counted; see `options.proto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Not stated.
    Unspecified,
    /// The address of the client.
    Address,
    /// The account that the attempt is at.
    Account,
    /// The device that the client shows.
    Device,
}

/// Whether a call may have an idempotency key, and how its repetition is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keying {
    /// It takes no key: it changes nothing, or anyone may make it.
    Never,
    /// It is answered as before.
    Answered,
    /// It is refused, because the answer held a secret that is not kept.
    Refused,
}

/// How a call looks over REST.
#[derive(Debug)]
pub struct Rest {
    /// The HTTP status of a success.
    pub success: u16,
    /// Whether answers have an entity tag, which `If-None-Match` asks for.
    pub is_tagged: bool,
    /// Whether the call judges `If-Match` by the tag of what it is about.
    pub takes_conditions: bool,
    /// The HTTP statuses of the refusals it documents.
    pub refusals: &'static [u16],
    /// Where those of its refusals have their facts that have any.
    pub facts: &'static [Facts],
    /// The ways to make it. The first is the one that the file names first.
    pub bindings: &'static [Binding],
    /// How a list goes on, if the answer is a page of one.
    pub paging: Option<Paging>,
}

/// The facts of a refusal, over REST.
#[derive(Debug)]
pub struct Facts {
    /// The reason of the refusal.
    pub reason: &'static str,
    /// The member of the body that has them.
    pub member: &'static str,
    /// Those that are lists. Blanks stand between their parts over gRPC.
    pub lists: &'static [&'static str],
}

/// One way to make a call over REST: one rule of `google.api.http`.
#[derive(Debug)]
pub struct Binding {
    /// `GET`, `PUT`, `POST`, `DELETE` or `PATCH`.
    pub verb: &'static str,
    /// The path template as the file has it, such as `/api/games/{game_id}:publish`.
    pub template: &'static str,
    /// Its segments, without the names of variables.
    pub segments: &'static [Segment],
    /// What follows the last segment behind a colon.
    pub custom_verb: Option<&'static str>,
    /// The fields that the path holds.
    pub variables: &'static [Variable],
    /// What of the request the body is.
    pub body: Part,
    /// What of the answer is sent.
    pub response: Part,
}

/// A part of a message.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    /// Nothing of it.
    Nothing,
    /// The whole message.
    Whole,
    /// One field of it.
    Field(&'static Field),
}

impl Part {
    /// Whether this part of a message is a `google.api.HttpBody`: bytes with a content type, and no JSON.
    #[must_use]
    pub fn is_http_body(self, of: &Shape) -> bool {
        let form = match self {
            Self::Whole => of.form,
            Self::Field(Field { kind: Kind::Message(shape), .. }) => shape.form,
            Self::Field(_) | Self::Nothing => return false,
        };
        form == Form::HttpBody
    }
}

/// One segment of a path template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment {
    /// This very text.
    Literal(&'static str),
    /// `*`: any text but none.
    Any,
    /// `**`: any number of segments. It is the last of its template.
    Rest,
}

/// A field that a path holds.
#[derive(Debug)]
pub struct Variable {
    /// The way to the field: one field for `{game_id}`, two for `{game.id}`.
    pub field: &'static [&'static Field],
    /// The first of its segments.
    pub from: usize,
    /// The segment behind its last. `None` if it goes on to the end of the path.
    pub to: Option<usize>,
}
