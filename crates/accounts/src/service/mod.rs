//! The doorway. Each file reads like the proto file of its service.

mod accounts;
mod administration;
mod api_tokens;
mod audit;
mod founding;
mod guard;
mod sessions;
mod studios;
mod trust;
