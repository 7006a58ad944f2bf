//! Writes finished lines: here their length is known.

use std::{
    io::{self, Write},
    sync::Arc,
};

use tracing::Metadata;
use tracing_subscriber::fmt::MakeWriter;

use super::{Bounds, Payer, Place};

/// Writes lines as long as their budget reaches.
pub(in super::super) struct Bounded<W> {
    inner: W,
    bounds: Arc<Bounds>,
}

impl<W> Bounded<W> {
    pub(in super::super) const fn new(inner: W, bounds: Arc<Bounds>) -> Self {
        Self { inner, bounds }
    }
}

impl<'w, W: MakeWriter<'w>> MakeWriter<'w> for Bounded<W> {
    type Writer = Line<'w, W::Writer>;

    fn make_writer(&'w self) -> Self::Writer {
        Line { inner: self.inner.make_writer(), charged: None }
    }

    fn make_writer_for(&'w self, metadata: &Metadata<'_>) -> Self::Writer {
        let charged = self
            .bounds
            .payer(metadata)
            .map(|payer| (&*self.bounds, payer, self.bounds.place(metadata)));
        Line { inner: self.inner.make_writer_for(metadata), charged }
    }
}

/// One line. It comes whole: `tracing` writes it with one call.
pub(in super::super) struct Line<'w, W> {
    inner: W,
    charged: Option<(&'w Bounds, Payer, Arc<Place>)>,
}

impl<W: Write> Write for Line<'_, W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if let Some((bounds, payer, place)) = &self.charged
            && !bounds.pays(*payer, place, line.len())
        {
            return Ok(line.len());
        }
        self.inner.write_all(line)?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
