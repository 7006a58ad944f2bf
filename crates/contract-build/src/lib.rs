//! Reads proto files, and writes what a contract crate holds: messages, gRPC servers and clients, what each call
//! promises, the tables by which REST and JSON become messages, and the OpenAPI document. Needs no `protoc`.
//!
//! What REST cannot serve stops the build, with the name of the call, and so does a bound that cannot be carried, with
//! the name of the field.

mod binding;
mod bounds;
mod calls;
mod comments;
mod descriptors;
mod dispatch;
mod names;
mod openapi;
mod schema;
mod shapes;
mod tables;
mod template;

use std::{fs, io, path::Path};

use prost_reflect::DescriptorPool;

pub use openapi::Info;

/// Why a contract cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The files are not protobuf.
    #[error("{0}")]
    Proto(#[from] protox::Error),
    /// The files are protobuf, and say what cannot be served.
    #[error("{at}: {why}")]
    Contract {
        /// The call, message or field.
        at: String,
        /// What is wrong with it.
        why: String,
    },
    /// The result cannot be written.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl Error {
    pub(crate) fn at(at: &str, why: impl Into<String>) -> Self {
        Self::Contract { at: at.to_owned(), why: why.into() }
    }
}

/// A contract that was read.
#[derive(Debug)]
pub struct Contract {
    descriptors: Vec<u8>,
    files: prost_types::FileDescriptorSet,
    calls: Vec<calls::Call>,
}

impl Contract {
    /// Reads files and what they import. Paths of files are relative to one of the folders.
    pub fn read(folders: &[impl AsRef<Path>], files: &[impl AsRef<Path>]) -> Result<Self, Error> {
        let mut compiler = protox::Compiler::new(folders)?;
        compiler.include_imports(true).include_source_info(true);
        compiler.open_files(files)?;
        let descriptors = compiler.encode_file_descriptor_set();
        let pool = DescriptorPool::decode(&*descriptors)
            .map_err(|error| Error::at("the descriptors", error.to_string()))?;
        let descriptors = descriptors::without_comments_on_bounds(&pool, descriptors)?;
        let mut files = compiler.file_descriptor_set();
        // Only options name what these files have, and no Rust comes of options.
        let is_for_options = |name: &str| {
            name.starts_with(bounds::FOLDER)
                || ["google/api/annotations.proto", "google/api/http.proto"].contains(&name)
        };
        files.file.retain(|file| !is_for_options(file.name()));
        bounds::judge(&pool)?;
        let calls = calls::read(&pool)?;
        calls::judge(&calls)?;
        Ok(Self { descriptors, files, calls })
    }

    /// Reads every file below a folder of packages, such as `sir0` in `proto`, and what they import.
    pub fn read_below(proto: &Path, packages: &str) -> Result<Self, Error> {
        let files = names::files_below(&proto.join(packages))?;
        let relative = files.iter().map(|file| file.strip_prefix(proto).unwrap_or(file));
        Self::read(&[proto], &relative.collect::<Vec<_>>())
    }

    /// Writes messages, servers and clients, a file for each package; `packages.rs`, which has all of them;
    /// `descriptors.binpb`; `calls.rs`; and `names.rs`, short names for packages and services.
    pub fn write_rust(&self, folder: &Path) -> Result<(), Error> {
        fs::write(folder.join("descriptors.binpb"), &self.descriptors)?;
        let tonic = tonic_prost_build::configure()
            .build_transport(false)
            .codec_path("sir0_transcoding::Codec")
            .service_generator();
        let mut config = prost_build::Config::new();
        config.out_dir(folder).include_file("packages.rs");
        config.service_generator(Box::new(dispatch::Generator { tonic }));
        config.extern_path(".google.api.HttpBody", "::sir0_transcoding::HttpBody");
        config.compile_fds(self.files.clone())?;
        fs::write(folder.join("calls.rs"), tables::render(&self.calls))?;
        fs::write(folder.join("names.rs"), names::render(&self.calls))?;
        Ok(())
    }

    /// The REST form as an OpenAPI 3.1 document in JSON.
    #[must_use]
    pub fn openapi(&self, info: &Info<'_>) -> String {
        openapi::document(&self.calls, info)
    }
}
