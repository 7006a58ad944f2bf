//! `sir0 config`: the settings as they are, and whether they are good. Neither opens a database or makes a file.

mod check;
mod show;

pub use self::{
    check::check,
    show::{Format, show},
};
