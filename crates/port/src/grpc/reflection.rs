//! Reflection: a client without our files reads what is served.

use std::collections::BTreeSet;

use tonic::service::Routes;
use tonic_reflection::{pb, server::Builder};

/// The largest question that reflection reads, in bytes. A question holds names, and no more.
pub(crate) const LARGEST_REFLECTION: usize = 16 * 1024;
const SOUND: &str = "the contract was checked when it was built";

/// Adds reflection, which lists these gRPC services of the files, health and itself.
#[must_use]
pub fn with_reflection(
    routes: Routes,
    files: &'static [u8],
    services: &BTreeSet<&'static str>,
) -> Routes {
    let builder = || builder(files, services);
    // grpcurl asks v1alpha, newer clients v1.
    routes
        .add_service(
            builder().build_v1().expect(SOUND).max_decoding_message_size(LARGEST_REFLECTION),
        )
        .add_service(
            builder().build_v1alpha().expect(SOUND).max_decoding_message_size(LARGEST_REFLECTION),
        )
}

fn builder(files: &'static [u8], services: &BTreeSet<&'static str>) -> Builder<'static> {
    let all = [
        tonic_health::pb::health_server::SERVICE_NAME,
        pb::v1::server_reflection_server::SERVICE_NAME,
        pb::v1alpha::server_reflection_server::SERVICE_NAME,
    ];
    let builder = Builder::configure()
        .register_encoded_file_descriptor_set(files)
        // Lets a client without our files read the details of a refusal.
        .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(pb::v1::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(pb::v1alpha::FILE_DESCRIPTOR_SET);
    services.iter().copied().chain(all).fold(builder, Builder::with_service_name)
}
