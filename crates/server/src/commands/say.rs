//! What a command says to the person who typed it, on standard output.

use std::io::{self, Write};

/// Writes to standard output. When the reader is gone, as behind `| head`, the rest is left unsaid: the command is done
/// all the same.
pub fn say(text: &str) -> io::Result<()> {
    heard(write(&mut io::stdout().lock(), text))
}

/// Says why the program could not do what was asked. A failure to say it is ignored, because nothing is left to say.
pub fn complain(text: &str) {
    let _ = write(&mut io::stderr().lock(), text);
}

fn write(to: &mut impl Write, text: &str) -> io::Result<()> {
    to.write_all(text.as_bytes())?;
    to.flush()
}

fn heard(said: io::Result<()>) -> io::Result<()> {
    match said {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        said => said,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fails(io::ErrorKind);

    impl Write for Fails {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_who_left_is_no_failure_and_a_full_disk_is() {
        let said_to = |fault| heard(write(&mut Fails(fault), "all is well\n"));

        assert!(said_to(io::ErrorKind::BrokenPipe).is_ok());
        assert!(said_to(io::ErrorKind::StorageFull).is_err());
    }
}
