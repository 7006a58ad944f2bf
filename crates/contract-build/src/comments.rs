//! The comments of the files.

use prost_reflect::FileDescriptor;

/// The comment above a call, a message or a field: its lines, without the space in front of them.
pub(crate) fn lines(file: &FileDescriptor, path: &[i32]) -> Vec<String> {
    let proto = file.file_descriptor_proto();
    let locations = proto.source_code_info.iter().flat_map(|info| &info.location);
    let text = locations
        .filter(|location| location.path == path)
        .find_map(|location| location.leading_comments.as_deref());
    text.unwrap_or_default().lines().map(|line| line.trim().to_owned()).collect()
}

/// The comment above a message or a field, as one line.
pub(crate) fn of(file: &FileDescriptor, path: &[i32]) -> String {
    lines(file, path).join(" ")
}
