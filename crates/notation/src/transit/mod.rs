//! Transit over JSON, as transit-clj and transit-js have it.
//!
//! Beyond what Transit knows itself, `regex` is a pattern, and `tagged` a tagged value whose own tag would mean something
//! else: `["~#tagged",["~$set",…]]`. Values that Transit knows and EDN does not (links, URIs, bytes) are tagged values under
//! Transit's tag, and are written as what they were.
//!
//! Names that repeat are abbreviated: reader and writer count them in the same way (`cache`). Texts in the verbose style read as
//! well.

mod cache;
mod read;
mod write;

pub(crate) use cache::WriteCache;
pub(crate) use read::{read, read_all};
pub(crate) use write::write;

/// Tags of one letter that Transit has a meaning for; a value behind any other stays a tagged one.
fn is_known_letter(letter: char) -> bool {
    "_?sidznfc:$umt'#~^`".contains(letter)
}

/// Whether a tag means something other than a tagged value.
fn is_known(tag: &str) -> bool {
    let mut letters = tag.chars();
    match (letters.next(), letters.next()) {
        (Some(letter), None) => is_known_letter(letter),
        _ => matches!(tag, "set" | "list" | "cmap" | "ratio" | "regex" | "tagged"),
    }
}
