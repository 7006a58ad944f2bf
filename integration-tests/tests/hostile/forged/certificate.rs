//! A certificate that vouches for a key of the forger: version 1, signed by that key itself.

use super::forger::Key;

/// The name of Ed25519 in certificates (RFC 8410).
const ED25519: [u8; 5] = [0x06, 0x03, 0x2b, 0x65, 0x70];
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const TEXT: u8 = 0x0c;
const TIME: u8 = 0x17;

fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).expect("a short certificate");
    let [high, low] = length.to_be_bytes();
    let head = if length < 0x80 { vec![tag, low] } else { vec![tag, 0x82, high, low] };
    [&head, content].concat()
}

/// The certificate in DER.
pub(super) fn of(key: &Key) -> Vec<u8> {
    let algorithm = tagged(SEQUENCE, &ED25519);
    let common_name = [0x06, 0x03, 0x55, 0x04, 0x03];
    let named = tagged(SEQUENCE, &[&common_name[..], &tagged(TEXT, b"sir0")].concat());
    let name = tagged(SEQUENCE, &tagged(SET, &named));
    let times = [tagged(TIME, b"200101000000Z"), tagged(TIME, b"490101000000Z")].concat();
    let certified = tagged(
        SEQUENCE,
        &[
            tagged(INTEGER, &[1]),
            algorithm.clone(),
            name.clone(),
            tagged(SEQUENCE, &times),
            name,
            key.public_der(),
        ]
        .concat(),
    );
    let signature = [&[0], &key.sign(&certified)[..]].concat();
    tagged(SEQUENCE, &[certified, algorithm, tagged(BIT_STRING, &signature)].concat())
}
