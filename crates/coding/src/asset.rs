//! A file of the program in every coding, written when the program is built.

use std::{env, fs, io, path::Path};

use crate::{Accepted, Coding, Effort, LEAST};

/// A file that the binary holds.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// Its bytes as they are.
    pub plain: &'static [u8],
    /// The same in each coding, in the order of [`Coding::ALL`]. Empty where that would not be shorter.
    pub coded: [&'static [u8]; Coding::ALL.len()],
}

impl Asset {
    /// Whether it has other forms than the plain one.
    #[must_use]
    pub fn is_coded(&self) -> bool {
        self.coded.iter().any(|bytes| !bytes.is_empty())
    }

    /// The bytes for this caller.
    #[must_use]
    pub fn form(&self, accepted: Accepted) -> (&'static [u8], Option<Coding>) {
        let forms = accepted.codings().map(|coding| (self.coded[coding.place()], Some(coding)));
        forms.into_iter().find(|(bytes, _)| !bytes.is_empty()).unwrap_or((self.plain, None))
    }
}

/// Writes a file in all forms, for [`asset!`](crate::asset): a build script calls it.
pub fn write_asset(name: &str, bytes: &[u8]) -> io::Result<()> {
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("this is no build script"))?;
    // Cargo tells build scripts the level of their package. What is built to be tried is not to wait seconds for smaller files.
    let is_to_serve = env::var_os("OPT_LEVEL").is_some_and(|level| level == "3");
    let effort = if is_to_serve { Effort::Thorough } else { Effort::Quick };
    let path = Path::new(&out).join(name);
    fs::write(&path, bytes)?;
    for coding in Coding::ALL {
        let coded = if bytes.len() < LEAST { Vec::new() } else { coding.encode(bytes, effort) };
        let is_shorter = coded.len() < bytes.len();
        let path = Path::new(&out).join(format!("{name}.{}", coding.name()));
        fs::write(path, if is_shorter { &*coded } else { &[] })?;
    }
    Ok(())
}

/// A file that the build script of this crate [wrote](write_asset), by its name in the folder for that.
#[macro_export]
macro_rules! asset {
    ($name:literal) => {
        $crate::Asset {
            plain: include_bytes!(concat!(env!("OUT_DIR"), "/", $name)),
            coded: [
                include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".br")),
                include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".zstd")),
                include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".gzip")),
            ],
        }
    };
}
