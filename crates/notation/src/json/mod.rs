//! JSON.
//!
//! | value | JSON |
//! |---|---|
//! | `nil`, booleans, integers of 64 bits, finite doubles, vectors, maps | what JSON has; a double always with a point or an exponent |
//! | strings | strings; one that begins with `:` or `~` as `"~\"…\""` |
//! | `:ns/name` | `":ns/name"` |
//! | sets, lists, tagged values | `{"~#set": […]}`, `{"~#list": […]}`, `{"~#tag": …}` |
//! | everything else, and keys of maps that are neither strings nor keywords | `"~"` and its EDN: `"~42N"`, `"~1/3"`, `"~#inst \"…\""` |
//!
//! What other programs write of Clojure data has none of this: Cheshire and `clojure.data.json` make strings of keywords. It
//! reads too ([`read_foreign`]), with keywords for the keys of maps, as `:key-fn keyword` does.

mod read;
mod write;

pub(crate) use read::{read, read_all};
pub use read::{read_foreign, read_plain};
pub(crate) use write::{write, write_plain};
