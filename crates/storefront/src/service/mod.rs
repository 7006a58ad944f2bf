//! The doorway. Each file reads like the proto file of its service.

mod games;
mod history;
