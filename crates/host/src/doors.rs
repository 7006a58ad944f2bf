//! The calls of the open services, as each door reaches them.

use std::{collections::HashMap, convert::Infallible, fmt, sync::Arc};

use sir0_transcoding::Dispatch;
use tonic::{
    body::Body,
    codegen::{
        BoxFuture,
        http::{Request, Response},
    },
    service::Routes,
};

/// The calls of the open services, as each door reaches them.
#[derive(Default)]
pub struct Doors {
    /// As gRPC-Web reaches them. What is no service of ours, such as health, has no other way.
    pub routes: Routes,
    /// The services, by the name of the gRPC service.
    pub served: HashMap<&'static str, Served>,
    /// The largest message that a gRPC service decodes, in bytes.
    pub largest: usize,
}

/// An open gRPC service.
#[derive(Clone)]
pub struct Served {
    /// As REST reaches it, and native gRPC for a call of one message each way.
    pub dispatch: Arc<dyn Dispatch>,
    /// As native gRPC reaches it for a stream.
    pub streams: Answers,
}

/// Answers a gRPC request for a known service. There is no router between.
pub type Answers =
    Arc<dyn Fn(Request<Body>) -> BoxFuture<Response<Body>, Infallible> + Send + Sync>;

impl fmt::Debug for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Served").finish_non_exhaustive()
    }
}

/// Puts a gRPC service behind all doors, with the names that the contract generates for it:
/// `serve!(doors, games_service_server::GamesServiceServer, GamesServiceDispatch, storefront)`.
///
/// Where the service has calls that take an idempotency key, with what makes them once, too:
/// `serve!(doors, …, storefront, GamesServiceKeyed by keys)`.
#[macro_export]
macro_rules! serve {
    ($doors:ident, $module:ident::$server:ident, $dispatch:ident, $service:expr, $keyed:ident by $keys:expr) => {
        $crate::serve!(
            $doors,
            $module::$server,
            $dispatch,
            $keyed { service: ::std::sync::Arc::new($service), keys: $keys }
        )
    };
    ($doors:ident, $module:ident::$server:ident, $dispatch:ident, $service:expr) => {{
        let service = ::std::sync::Arc::new($service);
        let server = $module::$server::from_arc(::std::sync::Arc::clone(&service))
            .max_decoding_message_size($doors.largest);
        let server = $crate::Unpacked(server);
        $doors.routes = ::std::mem::take(&mut $doors.routes).add_service(server.clone());
        let answers = move |request| ::tonic::codegen::Service::call(&mut server.clone(), request);
        let served = $crate::Served {
            dispatch: ::std::sync::Arc::new($dispatch(service)),
            streams: ::std::sync::Arc::new(answers),
        };
        $doors.served.insert($module::SERVICE_NAME, served);
    }};
}
