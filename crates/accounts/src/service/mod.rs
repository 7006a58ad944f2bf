//! The doorway. Each file reads like the proto file of its service.

mod accounts;
mod api_tokens;
mod founding;
mod sessions;
mod studios;
mod trust;
