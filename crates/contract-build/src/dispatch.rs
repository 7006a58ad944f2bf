//! What stands between REST and a service: one match over the number of the call.

use std::fmt::Write as _;

use prost_build::{Method, Service, ServiceGenerator};

/// Writes the dispatch of each service behind what tonic writes for it.
pub(crate) struct Generator {
    pub(crate) tonic: Box<dyn ServiceGenerator>,
}

impl ServiceGenerator for Generator {
    fn generate(&mut self, service: Service, source: &mut String) {
        let dispatch = dispatch(&service);
        self.tonic.generate(service, source);
        source.push_str(&dispatch);
    }

    fn finalize(&mut self, source: &mut String) {
        self.tonic.finalize(source);
    }

    fn finalize_package(&mut self, package: &str, source: &mut String) {
        self.tonic.finalize_package(package, source);
    }
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
