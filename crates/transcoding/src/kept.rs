//! Answers that are kept in the forms in which they are sent. They are encoded once, and then sent as often as they are
//! asked for.
//!
//! tonic's traits answer with messages. So a kept answer travels in the extensions of a response whose message is empty
//! ([`Kept::into_response`]). The sender of the response takes the answer out ([`Kept::of`]): the dispatch of a
//! service, and the wrapper around tonic's own server.

use std::{
    ops::Range,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use prost::Message;
use sir0_coding::{Coding, LEAST};
use tonic::{
    Response,
    codegen::http::{Extensions, HeaderValue},
};

mod coded;

use self::coded::{Coded, What};
use crate::{
    call::{Binding, Call},
    framed::Framed,
    paging::Paging,
    tag::Tag,
    write::write_part,
};

/// The longest query whose link is kept, in bytes, and the room for both: a link has at most three bytes for one of the
/// query, and a token.
const SHORT_QUERY: usize = 128;
const ROOM_FOR_LINK: usize = 1024;

impl Forms {
    /// How many bytes its plain forms hold.
    fn plain(&self) -> usize {
        self.framed.frame().len() + self.json.as_ref().map_or(0, |(_, json)| json.len())
    }

    fn longest(&self) -> usize {
        let json = self.json.as_ref().map_or(0, |(_, json)| json.len());
        json.max(self.framed.message().len())
    }
}

/// An answer in the forms in which it is sent. Cheap to clone; clones share the bytes.
#[derive(Clone, Debug)]
pub struct Kept(Arc<Forms>);

#[derive(Debug)]
struct Forms {
    framed: Framed,
    /// What the first binding of the call sends. Without one, or where it cannot be written, each request writes it.
    json: Option<(&'static Binding, Bytes)>,
    /// Names the bytes of the JSON. The message in other forms has no tag.
    tag: Option<Tag>,
    /// Where the message holds the token of the next page, if another page follows.
    next: Option<Range<usize>>,
    /// The query of the first caller who asked for the way to the next page, with that way.
    link: OnceLock<(Box<str>, HeaderValue)>,
    /// The forms in codings, if it may have any.
    coded: Option<Box<Coded>>,
}

impl Kept {
    /// Encodes the answer of a call in every form. `tag` names the bytes that REST sends, if they have a tag.
    pub fn new(
        call: &'static Call,
        answer: &impl Message,
        tag: impl FnOnce(&[u8]) -> Option<Tag>,
    ) -> Self {
        Self::framed_before(call, Framed::new(answer), tag)
    }

    /// The same for an answer whose message is encoded already.
    #[must_use]
    pub fn framed_before(
        call: &'static Call,
        framed: Framed,
        tag: impl FnOnce(&[u8]) -> Option<Tag>,
    ) -> Self {
        let binding = call.rest.as_ref().and_then(|rest| rest.bindings.first());
        let binding = binding.filter(|it| !it.response.is_http_body(call.response));
        let json = binding.and_then(|binding| {
            let mut json = Vec::with_capacity(2 * framed.message().len() + 64);
            write_part(binding.response, call.response, framed.message(), &mut json).ok()?;
            // Kept for long: the room that was not needed is given back.
            Some((binding, Bytes::from(json.into_boxed_slice())))
        });
        let tag = json.as_ref().and_then(|(_, json)| tag(json));
        // What is tagged is the same to everyone, so its length tells a stranger nothing.
        let is_public = call.rest.as_ref().is_some_and(|rest| rest.is_tagged);
        let paging = call.rest.as_ref().and_then(|rest| rest.paging.as_ref());
        let next = paging.and_then(|paging| paging.next_in(framed.message()));
        let mut forms = Forms { framed, json, tag, next, link: OnceLock::new(), coded: None };
        let room = forms.plain();
        if is_public && forms.longest() >= LEAST {
            forms.coded = Some(Box::new(Coded::within(room)));
        }
        Self(Arc::new(forms))
    }

    /// How many bytes it holds, in all forms. Room for the forms in codings is among them before they are made.
    #[must_use]
    pub fn size(&self) -> usize {
        let plain = self.0.plain();
        let link = if self.0.next.is_some() { ROOM_FOR_LINK } else { 0 };
        link + if self.0.coded.is_some() { 2 * plain } else { plain }
    }

    /// Whether the JSON may be sent in a coding: it is the same to everyone, and long enough.
    #[must_use]
    pub fn has_codings(&self) -> bool {
        let json = || self.0.json.as_ref().map_or(0, |(_, json)| json.len());
        self.0.coded.is_some() && json() >= LEAST
    }

    /// The JSON in this coding. It is made when it is first asked for. `None` where plain bytes do better, or where the
    /// machine has more to do.
    pub async fn json_in(&self, coding: Coding) -> Option<Bytes> {
        self.coded(What::Json, coding).await
    }

    /// The message with its frame, for a caller of gRPC who accepts this coding. The same holds for it.
    pub async fn frame_for(&self, accepted: Option<Coding>) -> (Bytes, Option<Coding>) {
        if let Some(coding) = accepted
            && let Some(frame) = self.coded(What::Frame, coding).await
        {
            return (frame, accepted);
        }
        (self.0.framed.frame().clone(), None)
    }

    /// The message, with and without its frame.
    #[must_use]
    pub fn framed(&self) -> &Framed {
        &self.0.framed
    }

    /// The way to the next page for a caller with this query, if another page follows, as [`Paging::link`] makes it. Most
    /// callers of a page ask for it in the same words, so the link of the first one is kept.
    pub fn link(
        &self,
        paging: &Paging,
        query: Option<&str>,
        is_noise: impl Fn(&str) -> bool,
    ) -> Option<HeaderValue> {
        let next = self.0.next.clone()?;
        let asked = query.unwrap_or_default();
        match self.0.link.get() {
            Some((known, link)) if **known == *asked => return Some(link.clone()),
            _ => {}
        }
        let link = paging.link(query, &self.0.framed.message()[next], is_noise)?;
        if asked.len() <= SHORT_QUERY && link.len() <= ROOM_FOR_LINK - SHORT_QUERY {
            // Where another caller was faster, that one's stays.
            let _ = self.0.link.set((asked.into(), link.clone()));
        }
        Some(link)
    }

    /// What this binding sends as JSON, and its tag, if that is kept.
    #[must_use]
    pub fn json(&self, binding: &'static Binding) -> Option<(&Bytes, Option<&Tag>)> {
        let json = self.0.json.as_ref().filter(|(of, _)| std::ptr::eq(*of, binding));
        json.map(|(_, json)| (json, self.0.tag.as_ref()))
    }

    /// The response that carries it.
    #[must_use]
    pub fn into_response<M: Default>(self) -> Response<M> {
        let mut response = Response::new(M::default());
        response.extensions_mut().insert(self);
        response
    }

    /// The answer that these extensions of a response carry, if they do.
    pub fn of(extensions: &mut Extensions) -> Option<Self> {
        extensions.remove()
    }
}
