//! Ports that stay free while their server is down.

use std::{
    collections::hash_map::RandomState,
    fs::{self, File, TryLockError},
    hash::{BuildHasher, Hasher},
    io,
    net::{Ipv4Addr, TcpListener},
    ops::Range,
    sync::{Mutex, PoisonError},
};

/// Below the ports that outgoing connections get. Otherwise a client that tries again and again to reach a server that
/// is down could be given the very port it asks for. It would be connected with itself, and the server could not come
/// back.
const PORTS: Range<u16> = 10_000..32_768;
/// Ports that one process has for itself. More than a test needs, and few enough for many processes.
const BLOCK: u16 = 100;
const BLOCKS: u16 = (PORTS.end - PORTS.start) / BLOCK;

/// A free port of loopback. No other test is given the same one: between the moment when a port is found free and the
/// one when a server opens it, many tests look for a port.
pub fn free() -> Result<u16, String> {
    static OURS: Mutex<Vec<Block>> = Mutex::new(Vec::new());
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    let mut blocks = OURS.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        if let Some(port) = blocks.last_mut().and_then(|block| block.left.find(is_free)) {
            return Ok(port);
        }
        blocks.push(Block::taken().map_err(|error| format!("no free ports: {error}"))?);
    }
}

/// Ports that belong to this process until it ends, in whatever way: the system gives the lock back.
struct Block {
    left: Range<u16>,
    #[expect(dead_code, reason = "it is locked as long as it is open")]
    lock: File,
}

impl Block {
    /// Takes a block that no other process has.
    fn taken() -> io::Result<Self> {
        let folder = std::env::temp_dir().join(format!("sir0-test-ports-{}", user()?));
        fs::create_dir_all(&folder)?;
        // Each process begins at another block, so that it seldom meets what is left of a server that ended just now.
        let first = low_bits(random()) % BLOCKS;
        for number in (first..BLOCKS).chain(0..first) {
            let lock = File::create(folder.join(number.to_string()))?;
            match lock.try_lock() {
                Ok(()) => {
                    let begin = PORTS.start + number * BLOCK;
                    return Ok(Self { left: begin..begin + BLOCK, lock });
                }
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        Err(io::Error::other(format!("all {BLOCKS} blocks of ports are in use")))
    }
}

/// The user that runs this process: a folder of another user cannot be written to.
fn user() -> io::Result<u32> {
    use std::os::unix::fs::MetadataExt;
    Ok(tempfile::tempfile()?.metadata()?.uid())
}

/// A number that is unique, or at least not given twice at the same time: std seeds its hash maps so.
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

const fn low_bits(number: u64) -> u16 {
    let [.., high, low] = number.to_be_bytes();
    u16::from_be_bytes([high, low])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_port_is_given_twice_whether_it_is_used_or_not() {
        let given: Vec<_> = (0..2 * BLOCK).map(|_| free().expect("a free port")).collect();

        let mut once = given.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), given.len());
        assert!(given.iter().all(|port| PORTS.contains(port)));
    }

    #[test]
    fn a_port_that_is_taken_is_given_to_no_one_else() {
        let blocks: Vec<_> = (0..4).map(|_| Block::taken().expect("a block of ports")).collect();

        let mut begins: Vec<_> = blocks.iter().map(|block| block.left.start).collect();
        begins.sort_unstable();
        begins.dedup();
        assert_eq!(begins.len(), blocks.len());
    }
}
