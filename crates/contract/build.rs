//! Turns `proto/` into Rust: messages and their JSON form, gRPC servers and clients, the REST transcoder, the
//! OpenAPI document and the table of calls. Needs no `protoc`.

#[path = "build/calls.rs"]
mod calls;
#[path = "build/openapi.rs"]
mod openapi;

use std::{env, error::Error, fs, path::PathBuf};

use prost_reflect::DescriptorPool;
use rest_over_grpc::build::{DescriptorOptions, Generator, OpenApiInfo, ServiceDefinition};

const PROTO: &str = "../../proto";
const FILES: &[&str] = &[
    "sir0/accounts/v1/accounts_service.proto",
    "sir0/accounts/v1/sessions_service.proto",
    "sir0/storefront/v1/games_service.proto",
    "sir0/status/v1/status_service.proto",
];
/// Google's own types, and where ours stand for them.
const GOOGLE: &str = ".google.protobuf";
const GOOGLE_HERE: &str = "crate::protobuf";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed={PROTO}");
    println!("cargo:rerun-if-changed=build");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo names no OUT_DIR")?);

    let mut compiler = protox::Compiler::new([PROTO])?;
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(FILES)?;
    let descriptors = compiler.encode_file_descriptor_set();
    fs::write(out.join("descriptors.binpb"), &descriptors)?;

    tonic_prost_build::configure()
        .build_transport(false)
        .compile_well_known_types(true)
        .extern_path(GOOGLE, GOOGLE_HERE)
        .codec_path("crate::codec::Codec")
        .compile_fds(compiler.file_descriptor_set())?;

    pbjson_build::Builder::new()
        .register_descriptors(&descriptors)?
        .extern_path(GOOGLE, GOOGLE_HERE)
        .emit_fields()
        .build(&[".sir0"])?;

    let options = DescriptorOptions::new().extern_path(GOOGLE, GOOGLE_HERE);
    let info = OpenApiInfo::new("SIR0", env!("CARGO_PKG_VERSION"));
    let mut rest = Generator::builder().emit_openapi_spec(Some(info)).build();
    let services = ServiceDefinition::from_fds(&descriptors, &options)?;
    rest.add_all(services.clone());
    rest.write(&out)?;
    // One transcoder a service as well: a process may serve only some of them.
    for service in services {
        let file = out.join(format!("{}.transcoder.rs", service.trait_name()));
        let (transcoder, _) = Generator::new().add(service).generate()?;
        fs::write(file, transcoder.to_string())?;
    }

    let pool = DescriptorPool::decode(descriptors.as_slice())?;
    let calls = calls::read(&pool)?;
    fs::write(out.join("calls.rs"), calls::render(&calls))?;
    fs::write(out.join("openapi.json"), openapi::document(&out, &pool, &calls)?)?;
    Ok(())
}
