//! Lists that come in pages, as AIP-158 names their fields: the answer has a `next_page_token`, which the next request
//! gives back as `page_token`.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor};

use crate::binding::Binding;

/// How a list goes on.
#[derive(Debug)]
pub(crate) struct Paging {
    /// The field of the answer that opens the next page.
    pub(crate) next: FieldDescriptor,
    /// The field of the request that takes it, from the query.
    pub(crate) token: FieldDescriptor,
}

/// How the list of this call goes on, if it is read in pages.
pub(crate) fn of(method: &MethodDescriptor, bindings: &[Binding]) -> Option<Paging> {
    let next = text(&method.output(), "next_page_token")?;
    let token = text(&method.input(), "page_token")?;
    let is_in_query = |binding: &Binding| {
        binding.verb == "get" && !binding.ways.iter().any(|way| way.first() == Some(&token))
    };
    let is_read = !method.is_server_streaming() && bindings.iter().all(is_in_query);
    is_read.then_some(Paging { next, token })
}

/// The field of this name, if it holds one text.
fn text(message: &MessageDescriptor, name: &str) -> Option<FieldDescriptor> {
    let field = message.get_field_by_name(name)?;
    (!field.is_list() && matches!(field.kind(), Kind::String)).then_some(field)
}
