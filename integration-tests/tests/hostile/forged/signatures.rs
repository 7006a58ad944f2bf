//! Tokens whose signature is not exactly the one that was made.

use base64::{
    Engine, alphabet, engine::general_purpose, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL,
};

use super::forger::{Catalogue, Forger, Parts};

/// The order of the group of Ed25519, least byte first.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// Points whose order is 1, 2, 4 or 8, some of them also in a spelling that is not the only one.
const OF_SMALL_ORDER: [&str; 8] = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0100000000000000000000000000000000000000000000000000000000000080",
];

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

pub(super) fn forge(forger: &Forger, into: &mut Catalogue) {
    other_numbers(forger, into);
    other_lengths(forger, into);
    other_spellings(forger, into);
    flipped_bits(&forger.good, into);
    of_something_else(forger, into);
}

/// The signature with the order of the group added to its number so often: the equation still holds.
fn malleable(signature: [u8; 64], times: u32) -> [u8; 64] {
    let mut changed = signature;
    for _ in 0..times {
        let mut carry = 0;
        for (byte, of_order) in changed[32..].iter_mut().zip(ORDER) {
            let sum = u16::from(*byte) + u16::from(of_order) + carry;
            let [high, low] = sum.to_be_bytes();
            (*byte, carry) = (low, u16::from(high));
        }
        assert_eq!(carry, 0, "it stays within 256 bits");
    }
    changed
}

fn other_numbers(forger: &Forger, into: &mut Catalogue) {
    let (good, signature) = (&forger.good, forger.good.signature());
    let (point, number) = signature.split_at(32);
    into.add("a signature of one value", "zeros", good.with_signature(&[0; 64]));
    into.add("a signature of one value", "ones", good.with_signature(&[0xff; 64]));
    for times in 1..=8 {
        let token = good.with_signature(&malleable(signature, times));
        into.add("a number beyond the order", format!("the order {times} times"), token);
    }
    let of = |point: &[u8], number: &[u8]| good.with_signature(&[point, number].concat());
    into.add("a number beyond the order", "the order itself", of(point, &ORDER));
    for hex in OF_SMALL_ORDER {
        let bytes: Vec<u8> = (0..64)
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("two digits"))
            .collect();
        into.add("a point of small order", format!("{hex} and 0"), of(&bytes, &[0; 32]));
        into.add("a point of small order", format!("{hex} and the order"), of(&bytes, &ORDER));
        into.add("a point of small order", format!("{hex} and the number"), of(&bytes, number));
    }
    into.add("the halves of the signature", "swapped", of(number, point));
    into.add("the halves of the signature", "the first twice", of(point, point));
    into.add("the halves of the signature", "the second without the first", of(&[0; 32], number));
    into.add("the halves of the signature", "the first without the second", of(point, &[0; 32]));
}

fn other_lengths(forger: &Forger, into: &mut Catalogue) {
    let (good, signature) = (&forger.good, forger.good.signature());
    for length in [0, 1, 31, 32, 33, 62, 63] {
        let token = good.with_signature(&signature[..length]);
        into.add("a signature cut off", format!("{length} bytes"), token);
    }
    for (what, more) in [("a zero", &[0][..]), ("a byte", &[1]), ("itself", &signature)] {
        let token = good.with_signature(&[&signature[..], more].concat());
        into.add("a longer signature", what, token);
        let token = good.with_signature(&[more, &signature[..]].concat());
        into.add("a longer signature", format!("{what} in front"), token);
    }
    let whole = format!("{}.{}.{}", good.header, good.claims, good.signature);
    for cut in [1, 2, 3, 4, 10, 43] {
        into.add("a token cut off", format!("{cut} characters"), &whole[..whole.len() - cut]);
        into.add("a token cut off", format!("{cut} characters in front"), &whole[cut..]);
    }
    for more in ["A", "AA", "AAA", "AAAA", "=", "==", "."] {
        into.add("a longer token", more, format!("{whole}{more}"));
    }
    into.add("a longer token", "beyond what is read", format!("{whole}{}", "A".repeat(5_000)));
}

fn other_spellings(forger: &Forger, into: &mut Catalogue) {
    // Signed until it has both characters that the alphabets differ in.
    let other_id = |number: u32| {
        let claims = super::forger::with(&forger.claims(), "jti", format!("token_{number}"));
        Parts::of(&forger.server.signs(&forger.header(), &claims))
    };
    let has_both = |parts: &Parts| parts.signature.contains('-') && parts.signature.contains('_');
    let good = (0..1_000).map(other_id).find(has_both).expect("soon");
    let bytes = good.signature();
    let message = format!("{}.{}", good.header, good.claims);
    let mut spelled =
        |kind, what: &str, text: String| into.add(kind, what, format!("{message}.{text}"));

    let standard = general_purpose::STANDARD_NO_PAD.encode(bytes);
    spelled("another alphabet", "that of base64", standard);
    spelled("another alphabet", "that of base64, padded", general_purpose::STANDARD.encode(bytes));
    let of_mail =
        general_purpose::GeneralPurpose::new(&alphabet::IMAP_MUTF7, general_purpose::NO_PAD);
    spelled("another alphabet", "that of IMAP", of_mail.encode(bytes));
    let hex = bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    spelled("another alphabet", "hexadecimal digits", hex);
    spelled("another alphabet", "one base64url more", BASE64URL.encode(&good.signature));
    for padding in ["=", "==", "===", "%3D%3D"] {
        spelled("padding", padding, format!("{}{padding}", good.signature));
    }
    let (head, last) = good.signature.split_at(good.signature.len() - 1);
    let last = ALPHABET.iter().position(|it| [*it] == *last.as_bytes()).expect("base64url");
    for spare in 1..16 {
        let other = char::from(ALPHABET[last + spare]);
        spelled("spare bits of the last character", &other.to_string(), format!("{head}{other}"));
    }
    let (front, back) = good.signature.split_at(40);
    for between in
        [" ", "\t", "=", ",", "\n", "\r\n", "\0", "\u{b}", "\u{7f}", "\u{200b}", "\u{ad}", "+", "%"]
    {
        spelled("a character between", &format!("{between:?}"), format!("{front}{between}{back}"));
    }
}

fn flipped_bits(good: &Parts, into: &mut Catalogue) {
    let signature = good.signature();
    for at in 0..64 {
        let mut flipped = signature;
        flipped[at] ^= 1 << (at % 8);
        let what = format!("bit {} of byte {at}", at % 8);
        into.add("a bit of the signature", what, good.with_signature(&flipped));
    }
    let mut in_part = |kind, text: &str, token: &dyn Fn(String) -> String| {
        let bytes = BASE64URL.decode(text).expect("base64url");
        for at in (0..bytes.len()).step_by(5) {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            into.add(
                kind,
                format!("bit {} of byte {at}", at % 8),
                token(BASE64URL.encode(flipped)),
            );
        }
    };
    in_part("a bit of the header", &good.header, &|header| {
        format!("{header}.{}.{}", good.claims, good.signature)
    });
    in_part("a bit of the claims", &good.claims, &|claims| {
        format!("{}.{claims}.{}", good.header, good.signature)
    });
}

/// Signatures that the server's key made, of other bytes than the first two parts.
fn of_something_else(forger: &Forger, into: &mut Catalogue) {
    let good = &forger.good;
    let (header, claims) = (forger.header().to_string(), forger.claims().to_string());
    for (what, message) in [
        ("the claims", good.claims.clone()),
        ("the header", good.header.clone()),
        ("both without the dot", format!("{}{}", good.header, good.claims)),
        ("both and a dot", format!("{}.{}.", good.header, good.claims)),
        ("both decoded", format!("{header}.{claims}")),
        ("both the other way round", format!("{}.{}", good.claims, good.header)),
        ("nothing", String::new()),
    ] {
        let token = good.with_signature(&forger.server.sign(message.as_bytes()));
        into.add("a signature of something else", what, token);
    }
}
