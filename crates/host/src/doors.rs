//! The calls of the open services, as each door reaches them.

use std::{collections::HashMap, sync::Arc};

use sir0_transcoding::Dispatch;
use tonic::service::Routes;

/// The calls of the open services, as each door reaches them.
#[derive(Default)]
pub struct Doors {
    /// As gRPC reaches them.
    pub grpc: Routes,
    /// As REST reaches them, by the name of the gRPC service.
    pub rest: HashMap<&'static str, Arc<dyn Dispatch>>,
    /// The largest message that a gRPC service decodes, in bytes.
    pub largest: usize,
}

/// Puts a gRPC service behind all doors, with the names that the contract generates for it:
/// `serve!(doors, games_service_server::GamesServiceServer, GamesServiceDispatch, storefront)`.
#[macro_export]
macro_rules! serve {
    ($doors:ident, $module:ident::$server:ident, $dispatch:ident, $service:expr) => {{
        let service = ::std::sync::Arc::new($service);
        let server = $module::$server::from_arc(::std::sync::Arc::clone(&service))
            .max_decoding_message_size($doors.largest);
        $doors.grpc = ::std::mem::take(&mut $doors.grpc).add_service(server);
        $doors.rest.insert($module::SERVICE_NAME, ::std::sync::Arc::new($dispatch(service)));
    }};
}
