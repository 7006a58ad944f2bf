//! The doorway. Each file reads like the proto file of its service.

mod bulk;
mod games;
mod history;
mod media;
mod pages;
mod store;
