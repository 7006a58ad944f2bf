//! The commands besides `serve`: what an operator does with what this program keeps.

mod backup;
pub mod config;
mod copy;
mod doctor;
mod migrate;
mod probe;
mod say;
mod words;

pub use self::{
    backup::backup,
    copy::copy,
    doctor::doctor,
    migrate::migrate,
    probe::probe,
    say::{complain, say},
    words::{completions, man},
};
pub(crate) use self::{copy::bare, probe::from_here};
