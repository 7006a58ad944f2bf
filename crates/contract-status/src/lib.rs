//! The package `sir0.status.v1` as Rust, generated from its files: messages, gRPC servers and clients, and what each call
//! promises.

sir0_transcoding::package!();
