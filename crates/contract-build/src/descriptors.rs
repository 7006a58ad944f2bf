//! The files of a contract as clients are told of them.

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, Value};

use crate::{Error, bounds};

/// The files, without the comments of those that say what a bound is: 200 kB that every program would hold, and that no
/// client of ours asks for.
pub(crate) fn without_comments_on_bounds(
    pool: &DescriptorPool,
    descriptors: Vec<u8>,
) -> Result<Vec<u8>, Error> {
    let set = pool.get_message_by_name("google.protobuf.FileDescriptorSet");
    // A contract without options has no bounds either.
    let Some(set) = set else { return Ok(descriptors) };
    let unreadable = |error: prost::DecodeError| Error::at("the descriptors", error.to_string());
    let mut set = DynamicMessage::decode(set, &*descriptors).map_err(unreadable)?;
    let files = set.get_field_by_name_mut("file").and_then(Value::as_list_mut);
    for file in files.into_iter().flatten().filter_map(Value::as_message_mut) {
        let name = file.get_field_by_name("name");
        let name = name.as_deref().and_then(Value::as_str).unwrap_or_default();
        if name.starts_with(bounds::FOLDER) {
            file.clear_field_by_name("source_code_info");
        }
    }
    Ok(set.encode_to_vec())
}
