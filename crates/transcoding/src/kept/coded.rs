//! The forms of a kept answer in codings. Each is made once, when it is first asked for, and kept with the answer.
//!
//! Nobody waits for a form that someone else asked for, and no more forms are made at a time than half of the cores can
//! make. A caller who comes meanwhile gets plain bytes, which are right for everyone. So what strangers ask for takes a
//! bounded part of the machine, and no line grows.

use std::{
    num::NonZero,
    sync::{
        LazyLock, OnceLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::available_parallelism,
};

use bytes::Bytes;
use sir0_coding::{Coding, Effort, LEAST, grpc};
use tokio::task::spawn_blocking;

use super::Kept;
use crate::framed::Framed;

/// What a form takes beside its bytes.
const OVERHEAD: usize = 64;

/// How many forms may begin to be made at this moment. An encoder takes some megabytes while it works.
static PLACES: LazyLock<AtomicUsize> =
    LazyLock::new(|| AtomicUsize::new(available_parallelism().map_or(1, NonZero::get).div_ceil(2)));

/// Which bytes of an answer are coded.
#[derive(Clone, Copy, Debug)]
pub(super) enum What {
    Json,
    Frame,
}

/// The forms of an answer in codings.
#[derive(Debug)]
pub(super) struct Coded {
    json: [Form; Coding::ALL.len()],
    frame: [Form; grpc::CODINGS.len()],
    /// How many bytes the forms that were not made yet may have together. The weight of the answer has room for them.
    room: AtomicUsize,
}

#[derive(Debug, Default)]
struct Form {
    is_begun: AtomicBool,
    /// `None` within: it would save nothing, or there was no room.
    made: OnceLock<Option<Bytes>>,
}

impl Coded {
    pub(super) fn within(room: usize) -> Self {
        Self { json: Default::default(), frame: Default::default(), room: room.into() }
    }

    fn form(&self, what: What, coding: Coding) -> Option<&Form> {
        let place = |codings: &[Coding]| codings.iter().position(|it| *it == coding);
        match what {
            What::Json => Some(&self.json[place(&Coding::ALL)?]),
            What::Frame => Some(&self.frame[place(&grpc::CODINGS)?]),
        }
    }

    /// Keeps a form, if it saves something and there is room.
    fn kept(&self, coded: Bytes, plain: usize) -> Option<Bytes> {
        let takes = coded.len() + OVERHEAD;
        let room = |room: usize| room.checked_sub(takes);
        let has_room = takes < plain
            && self.room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, room).is_ok();
        has_room.then_some(coded)
    }
}

impl Kept {
    pub(super) async fn coded(&self, what: What, coding: Coding) -> Option<Bytes> {
        if self.plain(what).len() < LEAST {
            return None;
        }
        let form = self.0.coded.as_ref()?.form(what, coding)?;
        if let Some(made) = form.made.get() {
            return made.clone();
        }
        let place = Place::take()?;
        if form.is_begun.swap(true, Ordering::AcqRel) {
            return form.made.get().cloned().flatten();
        }
        let this = self.clone();
        // A caller who leaves meanwhile stops nothing: the next one finds the form.
        let making = spawn_blocking(move || {
            let _place = place;
            this.make(what, coding)
        });
        making.await.ok().flatten()
    }

    fn plain(&self, what: What) -> &[u8] {
        match what {
            What::Json => self.0.json.as_ref().map_or(&[], |(_, json)| json),
            What::Frame => self.0.framed.message(),
        }
    }

    fn make(&self, what: What, coding: Coding) -> Option<Bytes> {
        let plain = self.plain(what);
        let coded = coding.encode(plain, Effort::Quick);
        let coded = match what {
            What::Json => coded.into_boxed_slice().into(),
            What::Frame => Framed::coded(&coded),
        };
        let forms = self.0.coded.as_ref()?;
        let made = forms.kept(coded, plain.len());
        forms.form(what, coding)?.made.get_or_init(|| made).clone()
    }
}

/// A place to make a form in.
struct Place;

impl Place {
    fn take() -> Option<Self> {
        let taken = |places: usize| places.checked_sub(1);
        PLACES.fetch_update(Ordering::AcqRel, Ordering::Acquire, taken).ok().map(|_before| Self)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        PLACES.fetch_add(1, Ordering::AcqRel);
    }
}
