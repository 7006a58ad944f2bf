//! Ports that stay free while their server is down.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    net::{Ipv4Addr, TcpListener},
};

/// A port of loopback that nobody listens on.
///
/// Below the ports that outgoing connections get. Among those, a client that tries again and again to reach a
/// server that is down is one day given the very port it asks for, is connected with itself, and the server
/// cannot come back.
pub fn free() -> Result<u16, String> {
    const FIRST: u16 = 10_000;
    const OUTGOING: u16 = 32_768;
    (0..1000)
        .map(|_| FIRST + low_bits(random()) % (OUTGOING - FIRST))
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .ok_or_else(|| format!("no free port from {FIRST} to {OUTGOING}"))
}

/// A number nobody else has, or not the same one at the same time: std seeds its hash maps so.
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

const fn low_bits(number: u64) -> u16 {
    let [.., high, low] = number.to_be_bytes();
    u16::from_be_bytes([high, low])
}
