//! Reads proto files, and writes what the crate of a package holds: messages, gRPC servers and clients, what each call
//! promises, and the tables by which REST and JSON become messages. Writes the OpenAPI document of all packages too.
//! Needs no `protoc`.
//!
//! What REST cannot serve stops the build, with the name of the call, and so does a bound that cannot be carried, with
//! the name of the field.

mod binding;
mod bounds;
mod calls;
mod comments;
mod described;
mod descriptors;
mod dispatch;
mod names;
mod openapi;
mod paging;
mod postman;
mod refusals;
mod schema;
mod shapes;
mod tables;
mod template;

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use prost_build::Module;
use prost_reflect::DescriptorPool;

pub use openapi::{Info, SERVERS};
pub use postman::ADDRESS;

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
    /// Reads files and what they import. Paths of files are relative to one of the folders. The build script that asks
    /// for it runs again when one of them changes.
    pub fn read(folders: &[impl AsRef<Path>], files: &[impl AsRef<Path>]) -> Result<Self, Error> {
        let mut compiler = protox::Compiler::new(folders)?;
        compiler.include_imports(true).include_source_info(true);
        compiler.open_files(files)?;
        let descriptors = compiler.encode_file_descriptor_set();
        let pool = DescriptorPool::decode(&*descriptors)
            .map_err(|error| Error::at("the descriptors", error.to_string()))?;
        let descriptors = descriptors::without_comments_on_bounds(&pool, descriptors)?;
        let mut files = compiler.file_descriptor_set();
        for folder in folders {
            build_again_after(folder.as_ref(), &files);
        }
        // Only options name what these files have, and no Rust comes of options.
        let is_for_options = |name: &str| {
            name.starts_with(bounds::FOLDER)
                || ["google/api/annotations.proto", "google/api/http.proto"].contains(&name)
        };
        files.file.retain(|file| !is_for_options(file.name()));
        bounds::judge(&pool)?;
        described::judge(&pool)?;
        let calls = calls::read(&pool)?;
        calls::judge(&calls)?;
        schema::judge(&calls)?;
        Ok(Self { descriptors, files, calls })
    }

    /// Reads every file below a folder in `proto`, and what they import. A file that is added is read too.
    pub fn read_below(proto: &Path, folder: &str) -> Result<Self, Error> {
        let folder = proto.join(folder);
        println!("cargo:rerun-if-changed={}", folder.display());
        let files = names::files_below(&folder)?;
        let relative = files.iter().map(|file| file.strip_prefix(proto).unwrap_or(file));
        Self::read(&[proto], &relative.collect::<Vec<_>>())
    }

    /// One package as Rust: messages, servers and clients, `CALLS`, and `shapes` and `calls`, which name what is in it.
    /// It names messages of another package by the crate of that package.
    pub fn package(&self, package: &str) -> Result<String, Error> {
        let tonic = tonic_prost_build::configure()
            .build_transport(false)
            .codec_path("sir0_transcoding::Codec")
            .service_generator();
        let mut config = prost_build::Config::new();
        let keyed = self.calls.iter().filter(|call| call.takes_key);
        let keyed = keyed.map(|call| {
            let is_named = call.method.input().get_field_by_name("request_id").is_some();
            (call.method.full_name().to_owned(), is_named)
        });
        let keyed = keyed.collect();
        config.service_generator(Box::new(dispatch::Generator { tonic, keyed }));
        config.extern_path(".google.api.HttpBody", "::sir0_transcoding::HttpBody");
        let module = |package| Module::from_protobuf_package_name(package);
        let mut requests = Vec::new();
        for file in &self.files.file {
            let of = file.package();
            if of != package && !of.starts_with("google.") {
                config.extern_path(format!(".{of}"), format!("::{}", names::crate_of(of)));
            }
            requests.push((module(of), file.clone()));
        }
        let mut generated = config.generate(requests)?;
        let rust = generated.remove(&module(package)).unwrap_or_default();
        let is_of = |call: &&calls::Call| call.method.parent_service().package_name() == package;
        let calls: Vec<_> = self.calls.iter().filter(is_of).collect();
        Ok(rust + &tables::render(&calls))
    }

    /// The crates of all packages with calls as Rust: each by a short name, and `PACKAGES` with their calls.
    #[must_use]
    pub fn packages(&self) -> String {
        names::packages(&self.calls)
    }

    /// The files and their comments, as an encoded `google.protobuf.FileDescriptorSet`.
    #[must_use]
    pub fn descriptors(&self) -> &[u8] {
        &self.descriptors
    }

    /// The REST form as an OpenAPI 3.1 document in JSON.
    #[must_use]
    pub fn openapi(&self, info: &Info<'_>) -> String {
        openapi::document(&self.calls, info)
    }

    /// The REST form as a Postman collection.
    #[must_use]
    pub fn postman(&self, info: &Info<'_>) -> String {
        postman::collection(&self.calls, info)
    }

    /// The environment of the collection.
    #[must_use]
    pub fn postman_environment(&self, info: &Info<'_>) -> String {
        postman::environment(&self.calls, info)
    }
}

/// Has cargo run the build script again after a change of the files that are in this folder. The others are in another
/// one, or part of the compiler. Cargo would take a file that is not there for a changed one.
fn build_again_after(folder: &Path, files: &prost_types::FileDescriptorSet) {
    let paths = files.file.iter().map(|file| folder.join(file.name()));
    for path in paths.filter(|path| path.exists()) {
        println!("cargo:rerun-if-changed={}", path.display());
    }
}

/// Writes `package.rs`, as the build script of the package's crate. Its files are those of its folder, such as
/// `sir0/accounts/v1`.
pub fn write_package(proto: &Path, package: &str) -> Result<(), Error> {
    let contract = Contract::read_below(proto, &package.replace('.', "/"))?;
    fs::write(out()?.join("package.rs"), contract.package(package)?)?;
    Ok(())
}

/// Where a build script writes.
pub fn out() -> io::Result<PathBuf> {
    let none = || io::Error::other("cargo names no OUT_DIR");
    env::var_os("OUT_DIR").map(PathBuf::from).ok_or_else(none)
}
