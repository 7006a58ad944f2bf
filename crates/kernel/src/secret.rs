//! Reading a secret that an operator put into a file.

use std::io::{self, Read};

use zeroize::Zeroizing;

/// A longer file holds something else.
const MOST_BYTES: u64 = 4096;

/// The secret in a file that holds nothing else. Line breaks at its end do not belong to it; spaces may. Every secret is
/// read here, so that none is read without end.
pub fn read_secret(file: impl Read) -> io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    let bytes = file.take(MOST_BYTES + 1).read_to_string(&mut text)?;
    if bytes as u64 > MOST_BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is too long for a secret"));
    }
    Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_breaks_at_the_end_of_a_secret_do_not_belong_to_it() {
        let secret = read_secret(b" open  sesame \r\n".as_slice()).expect("a secret");

        assert_eq!(*secret, " open  sesame ");
    }

    #[test]
    fn what_never_ends_is_not_read_to_its_end() {
        assert!(read_secret(io::repeat(b'x')).is_err());
        assert!(read_secret(io::repeat(b'x').take(MOST_BYTES)).is_ok());
    }
}
