//! The doorway. Each file reads like the proto file of its service.

mod accounts;
mod audit;
mod founding;
mod sessions;
mod studios;
mod trust;
