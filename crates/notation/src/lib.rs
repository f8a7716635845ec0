//! Values as text, and back: EDN, JSON and Transit.
//!
//! [`Notation`] is the face: it prints a value, reads one, and [`Writer`] writes what is too large to be one value piece by piece.
//!
//! Invariants
//! - What is written reads back equal, of the same kind: a keyword is no string, `1`, `1N` and `1.0` are three numbers.
//!   What a notation cannot say so is refused when it is written (functions in all of them, names with spaces in EDN).
//! - Metadata is not written.
//! - Reading what somebody else wrote never panics: it gives a value that nests at most [`edn::MAX_DEPTH`] deep, or an error that says
//!   where. It takes time and memory in proportion to the text.
//!
//! Costs: one pass over the value or the text; EDN makes a syntax tree of the text first.

mod error;
mod json;
mod quote;
mod readable;
mod text;
mod transit;
mod writer;

pub use error::NotationError;
pub use json::{read_foreign, read_plain};
pub use text::utf8;
pub use writer::{Style, Writer};

use edn::Value;

/// How values are written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Notation {
    /// As Clojure prints it.
    Edn,
    /// JSON. What JSON does not have is said in strings: `":ns/name"` is a keyword, `"~…"` is the EDN behind the tilde, and
    /// `{"~#set": […]}`, `{"~#list": […]}`, `{"~#tag": …}` are sets, lists and tagged values.
    Json,
    /// Transit over JSON.
    Transit,
}

const NAMES: [(Notation, &str); 3] =
    [(Notation::Edn, "edn"), (Notation::Json, "json"), (Notation::Transit, "transit")];

impl Notation {
    /// Its name, which is also what a file in it ends in.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(notation, _)| *notation == self).map_or("", |(_, name)| name)
    }

    /// The notation of a name.
    pub fn named(name: &str) -> Option<Notation> {
        NAMES.iter().find(|(_, n)| *n == name).map(|(notation, _)| *notation)
    }

    /// The text of a value.
    ///
    /// ```
    /// use notation::Notation;
    /// let value = edn::read("{:name \"Ivan\", :age 1/2, :likes #{:tea}}").unwrap();
    /// assert_eq!(
    ///     Notation::Json.print(&value).unwrap(),
    ///     r##"{":name":"Ivan",":age":"~1/2",":likes":{"~#set":[":tea"]}}"##
    /// );
    /// assert_eq!(
    ///     Notation::Transit.print(&value).unwrap(),
    ///     r##"["^ ","~:name","Ivan","~:age",["~#ratio",["~n1","~n2"]],"~:likes",["~#set",["~:tea"]]]"##
    /// );
    /// ```
    pub fn print(self, value: &Value) -> Result<String, NotationError> {
        Style::from(self).print(value)
    }

    /// The value of a text that has one.
    pub fn read(self, text: &[u8]) -> Result<Value, NotationError> {
        let text = utf8(text)?;
        match self {
            Notation::Edn => Ok(edn::read(text)?),
            Notation::Json => json::read(text),
            Notation::Transit => transit::read(text),
        }
    }

    /// The values of a text that has any number of them, one behind the other.
    ///
    /// ```
    /// let values = notation::Notation::Json.read_all(b"[1]\n[\":a\"]\n").unwrap();
    /// assert_eq!(values, [edn::read("[1]").unwrap(), edn::read("[:a]").unwrap()]);
    /// ```
    pub fn read_all(self, text: &[u8]) -> Result<Vec<Value>, NotationError> {
        let text = utf8(text)?;
        match self {
            Notation::Edn => Ok(edn::read_all(text)?),
            Notation::Json => json::read_all(text),
            Notation::Transit => transit::read_all(text),
        }
    }
}
