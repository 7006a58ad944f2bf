//! What stands between REST and a service: one match over the number of the call.

use std::{collections::BTreeMap, fmt::Write as _};

use prost_build::{Method, Service, ServiceGenerator};

/// Writes the dispatch of each service behind what tonic writes for it.
pub(crate) struct Generator {
    pub(crate) tonic: Box<dyn ServiceGenerator>,
    /// The full names of calls that may have an idempotency key, and whether a field of the request may hold it.
    pub(crate) keyed: BTreeMap<String, bool>,
}

impl ServiceGenerator for Generator {
    fn generate(&mut self, service: Service, source: &mut String) {
        let between = dispatch(&service) + &self.keyed(&service);
        self.tonic.generate(service, source);
        source.push_str(&between);
    }

    fn finalize(&mut self, source: &mut String) {
        self.tonic.finalize(source);
    }

    fn finalize_package(&mut self, package: &str, source: &mut String) {
        self.tonic.finalize_package(package, source);
    }
}

impl Generator {
    /// A service whose calls are made once for their keys. Nothing if it has no such call.
    fn keyed(&self, service: &Service) -> String {
        let name = |method: &Method| {
            format!("{}.{}.{}", service.package, service.proto_name, method.proto_name)
        };
        let keyed = |method: &Method| self.keyed.get(&name(method)).copied();
        if service.methods.iter().all(|method| keyed(method).is_none()) {
            return String::new();
        }
        let (of, module) = (&service.name, snake(&service.name));
        let (mut methods, mut requests) = (String::new(), String::new());
        for method in &service.methods {
            methods += &keyed_method(of, method, keyed(method).is_some());
            requests += &keyed(method).map(|is_named| named(method, is_named)).unwrap_or_default();
        }
        format!(
            "/// Makes the calls of [`{module}_server::{of}`] once for their idempotency keys.\n\
             pub struct {of}Keyed<S> {{\n\
             /// Makes the calls.\n\
             pub service: ::std::sync::Arc<S>,\n\
             /// Remembers them.\n\
             pub keys: ::std::sync::Arc<dyn ::sir0_transcoding::Keys>,\n\
             }}\n\
             impl<S: {module}_server::{of}> {module}_server::{of} for {of}Keyed<S> {{\n{methods}}}\n{requests}"
        )
    }
}

/// How a request says what its caller named it.
fn named(method: &Method, is_named: bool) -> String {
    let methods = if is_named {
        "fn name(&self) -> ::std::option::Option<&str> { self.request_id.as_deref() }\n\
         fn forget_name(&mut self) { self.request_id = ::std::option::Option::None; }\n"
    } else {
        ""
    };
    format!("impl ::sir0_transcoding::Named for {} {{\n{methods}}}\n", method.input_type)
}

/// A method as `async_trait` declares it, so that one without a key costs nothing.
fn keyed_method(service: &str, method: &Method, is_keyed: bool) -> String {
    let Method { name, proto_name, input_type, output_type, .. } = method;
    let module = snake(service);
    let (mut stream, mut request, mut answer) =
        (String::new(), input_type.clone(), output_type.clone());
    if method.client_streaming {
        request = format!("::tonic::Streaming<{input_type}>");
    }
    if method.server_streaming {
        stream = format!("type {proto_name}Stream = S::{proto_name}Stream;\n");
        answer = format!("Self::{proto_name}Stream");
    }
    let body = if is_keyed {
        let call = format!("self::calls::{module}::{}", snake(proto_name).to_uppercase());
        format!(
            "match ::sir0_transcoding::asked(self.keys.as_ref(), {call}, &request) {{\n\
             ::std::result::Result::Ok(::std::option::Option::None) => self.service.{name}(request),\n\
             ::std::result::Result::Ok(::std::option::Option::Some(key)) => ::std::boxed::Box::pin(\
             ::sir0_transcoding::once(self.keys.as_ref(), key, request, \
             |request| self.service.{name}(request))),\n\
             ::std::result::Result::Err(refused) => ::std::boxed::Box::pin(\
             ::std::future::ready(::std::result::Result::Err(refused))),\n}}"
        )
    } else {
        format!("self.service.{name}(request)")
    };
    format!(
        "{stream}fn {name}<'a, 'f>(&'a self, request: ::tonic::Request<{request}>) -> \
         ::std::pin::Pin<::std::boxed::Box<dyn ::std::future::Future<Output = \
         ::std::result::Result<::tonic::Response<{answer}>, ::tonic::Status>> + \
         ::std::marker::Send + 'f>> where 'a: 'f, Self: 'f {{\n{body}\n}}\n"
    )
}

fn dispatch(service: &Service) -> String {
    let name = &service.name;
    let module = format!("{}_server", snake(name));
    let mut source = String::new();
    write!(
        source,
        "/// Lets REST call [`{module}::{name}`].\n\
         #[derive(Debug)]\n\
         pub struct {name}Dispatch<S>(pub ::std::sync::Arc<S>);\n\
         impl<S: {module}::{name}> ::sir0_transcoding::Dispatch for {name}Dispatch<S> {{\n\
         fn call(&self, number: usize, request: ::tonic::Request<::sir0_transcoding::Payload>) \
         -> ::sir0_transcoding::Replying {{\n\
         let service = ::std::sync::Arc::clone(&self.0);\n\
         match number {{\n"
    )
    .expect("a string grows");
    for (number, method) in service.methods.iter().enumerate() {
        let Method { name, client_streaming, server_streaming, .. } = method;
        let takes = if *client_streaming { "messages" } else { "message" };
        let answers = if *server_streaming { "many" } else { "one" };
        writeln!(
            source,
            "{number} => ::std::boxed::Box::pin(async move {{ ::sir0_transcoding::{answers}(\
             service.{name}(::sir0_transcoding::{takes}(request)?).await) }}),"
        )
        .expect("a string grows");
    }
    source.push_str("_ => ::std::boxed::Box::pin(::sir0_transcoding::unknown()),\n}\n}\n}\n");
    source
}

/// `GamesService` as the module of its server begins: `games_service`.
pub(crate) fn snake(name: &str) -> String {
    let mut snake = String::new();
    for (at, character) in name.char_indices() {
        if character.is_ascii_uppercase() && at > 0 {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
    }
    snake
}
