//! How much of a list is answered at a time.

/// How many things a page has when the request does not say it.
const DEFAULT: u16 = 100;
/// How many things a page has at most.
const LARGEST: u16 = 1000;

/// Reads the size of a page, as every list understands it: 0 means 100; more than 1000 means 1000 (AIP-158).
pub fn page_size(asked: i32) -> Result<u16, &'static str> {
    match u16::try_from(asked) {
        Ok(0) => Ok(DEFAULT),
        Ok(asked) => Ok(asked.min(LARGEST)),
        Err(_) if asked > 0 => Ok(LARGEST),
        Err(_) => Err("must not be negative"),
    }
}
