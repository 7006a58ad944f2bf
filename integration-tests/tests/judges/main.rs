//! The platform before foreign judges: programs others wrote, which know nothing of it but its port.

mod bounds;
mod browser;
mod buf;
mod examples;
mod find;
mod generators;
mod grpcurl;
mod judge;
mod keys;
mod oathtool;
mod postman;
mod profile;
mod schemathesis;
