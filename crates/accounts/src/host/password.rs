//! A password from a person or a pipe, never from the command line, where every other user could read it.

use std::io::{self, BufRead, IsTerminal};

/// Why there is no password.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoPassword {
    /// The first line is empty, or nothing came at all.
    #[error("no password came, write it on the first line of standard input")]
    Empty,
    /// Far longer than any password that is accepted.
    #[error("the first line of standard input is too long for a password")]
    TooLong,
    /// Not UTF-8.
    #[error("the first line of standard input is not text")]
    NotText,
    /// Two different passwords were typed.
    #[error("the two passwords differ")]
    Differ,
    /// Standard input or the terminal failed.
    #[error("the password could not be read")]
    Unreadable(#[from] io::Error),
}

/// Asks for a password twice, without showing it, when a person sits there. Otherwise reads the first line of standard
/// input.
pub(super) fn read_password() -> Result<String, NoPassword> {
    let input = io::stdin().lock();
    if !input.is_terminal() {
        return first_line(input);
    }
    drop(input);
    let password = rpassword::prompt_password("Password: ")?;
    if password.is_empty() {
        return Err(NoPassword::Empty);
    }
    if password == rpassword::prompt_password("Once more: ")? {
        Ok(password)
    } else {
        Err(NoPassword::Differ)
    }
}

fn first_line(input: impl BufRead) -> Result<String, NoPassword> {
    /// Well above the limit of accounts, so that accounts name their own limit.
    const MOST_BYTES: u64 = 4096;

    let mut line = Vec::new();
    input.take(MOST_BYTES + 1).read_until(b'\n', &mut line)?;
    if line.len() as u64 > MOST_BYTES {
        return Err(NoPassword::TooLong);
    }
    // White space belongs to the password; the line break does not.
    let line = line.strip_suffix(b"\n").unwrap_or(&line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match str::from_utf8(line) {
        Ok("") => Err(NoPassword::Empty),
        Ok(password) => Ok(password.to_owned()),
        Err(_) => Err(NoPassword::NotText),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_the_password_with_its_spaces() {
        let read = |input: &str| first_line(input.as_bytes()).expect("a password");

        assert_eq!(read(" seven cranes \nsecond line\n"), " seven cranes ");
        assert_eq!(read("seven cranes\r\n"), "seven cranes");
        assert_eq!(read("seven cranes"), "seven cranes");
    }

    #[test]
    fn what_is_no_password_is_refused_without_reading_on() {
        let endless = io::BufReader::new(io::repeat(b'x'));

        assert!(matches!(first_line(endless), Err(NoPassword::TooLong)));
        assert!(matches!(first_line(&b""[..]), Err(NoPassword::Empty)));
        assert!(matches!(first_line(&b"\nsecond\n"[..]), Err(NoPassword::Empty)));
        assert!(matches!(first_line(&b"\xff\xfe\n"[..]), Err(NoPassword::NotText)));
    }
}
