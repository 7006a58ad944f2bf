//! What strangers, floods, power cuts and bad networks do to a platform, done to the real program.

mod bad_input;
mod connections;
mod durability;
mod flood;
mod forged;
#[cfg(target_os = "linux")]
mod full_disk;
mod http1;
mod http2;
mod kept;
mod lanes;
mod limits;
mod log_bytes;
mod refused;
mod repeated;
mod shutdown;
mod signins;
mod stage;
mod waiting;
