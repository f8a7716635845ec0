//! Writing piece by piece.
//!
//! A writer knows which collections are open, and puts the brackets and what stands between items; what a single value looks
//! like is each notation's own.

use crate::error::NotationError;
use crate::readable::{Readable, refused};
use crate::transit::WriteCache;
use crate::{Notation, json, transit};
use edn::{MAX_DEPTH, Value, print_to};

/// The notations with their dialects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// As Clojure prints it.
    Edn,
    /// JSON that says everything.
    Json,
    /// JSON as it is: what it does not have is refused.
    PlainJson,
    /// Transit over JSON, its repeated names abbreviated.
    Transit,
    /// Transit over JSON for human eyes.
    TransitVerbose,
}

impl From<Notation> for Style {
    fn from(notation: Notation) -> Style {
        match notation {
            Notation::Edn => Style::Edn,
            Notation::Json => Style::Json,
            Notation::Transit => Style::Transit,
        }
    }
}

impl Style {
    /// The text of a value.
    pub fn print(self, value: &Value) -> Result<String, NotationError> {
        let mut writer = Writer::new(self);
        writer.value(value)?;
        Ok(writer.finish())
    }
}

/// Brackets nest more than values do where a value needs several: a set is a list behind a tag.
const MAX_OPEN: usize = 2 * MAX_DEPTH + 8;

/// A text that is being written.
///
/// ```
/// use edn::Value;
/// use notation::{Style, Writer};
/// let mut writer = Writer::new(Style::Transit);
/// writer.begin_map()?;
/// writer.value(&Value::keyword("numbers"))?;
/// writer.begin_vector()?;
/// (1..4).try_for_each(|n| writer.value(&Value::from(n)))?;
/// writer.end();
/// writer.end();
/// assert_eq!(writer.finish(), r#"["^ ","~:numbers",[1,2,3]]"#);
/// # Ok::<(), notation::NotationError>(())
/// ```
pub struct Writer {
    pub(crate) style: Style,
    pub(crate) out: String,
    open: Vec<Open>,
    readable: Readable,
    pub(crate) cache: WriteCache,
}

struct Open {
    is_map: bool,
    /// How many items it has so far; keys and values are one each.
    items: usize,
}

impl Writer {
    /// With nothing written.
    pub fn new(style: Style) -> Writer {
        Writer {
            style,
            out: String::new(),
            open: Vec::new(),
            readable: Readable::default(),
            cache: WriteCache::default(),
        }
    }

    /// A map begins: keys and values in turn, up to [`Writer::end`]. The keys are to be keywords or strings.
    pub fn begin_map(&mut self) -> Result<(), NotationError> {
        self.begin(true)
    }

    /// A vector begins.
    pub fn begin_vector(&mut self) -> Result<(), NotationError> {
        self.begin(false)
    }

    fn begin(&mut self, is_map: bool) -> Result<(), NotationError> {
        if self.open.len() >= MAX_OPEN {
            return refused(&Value::Nil, "it nests too deep");
        }
        self.separate();
        self.out.push_str(self.brackets(is_map).0);
        self.open.push(Open { is_map, items: 0 });
        Ok(())
    }

    /// The collection that began last ends.
    pub fn end(&mut self) {
        if let Some(open) = self.open.pop() {
            self.out.push_str(self.brackets(open.is_map).1);
        }
    }

    /// A whole value.
    pub fn value(&mut self, value: &Value) -> Result<(), NotationError> {
        match self.style {
            Style::Edn => {
                self.readable.check(value, self.open.len())?;
                self.separate();
                print_to(&mut self.out, value);
                Ok(())
            }
            Style::Json => json::write(self, value),
            Style::PlainJson => json::write_plain(self, value),
            Style::Transit | Style::TransitVerbose => transit::write(self, value),
        }
    }

    /// The text, once everything has ended.
    pub fn finish(self) -> String {
        debug_assert!(self.open.is_empty());
        self.out
    }

    /// How much is written so far, in bytes.
    pub fn len(&self) -> usize {
        self.out.len()
    }

    /// Whether nothing is written so far.
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// Whether what comes next is the key of a map.
    pub(crate) fn at_key(&self) -> bool {
        self.open.last().is_some_and(|open| open.is_map && open.items.is_multiple_of(2))
    }

    /// Whether what comes next is all there is.
    pub(crate) fn at_top(&self) -> bool {
        self.open.is_empty()
    }

    /// The EDN of a value.
    pub(crate) fn edn(&mut self, value: &Value) -> Result<String, NotationError> {
        self.readable.check(value, self.open.len())?;
        Ok(value.to_string())
    }

    fn brackets(&self, is_map: bool) -> (&'static str, &'static str) {
        match (is_map, self.style) {
            (true, Style::Transit) => ("[\"^ \"", "]"),
            (true, _) => ("{", "}"),
            (false, _) => ("[", "]"),
        }
    }

    /// What stands before the next item.
    pub(crate) fn separate(&mut self) {
        let Some(open) = self.open.last_mut() else { return };
        let is_value = open.is_map && open.items % 2 == 1;
        let separator = match (self.style, open.items) {
            (Style::Transit, 0) if open.is_map => ",",
            (_, 0) => "",
            (Style::Edn, _) if open.is_map && !is_value => ", ",
            (Style::Edn, _) => " ",
            (Style::Transit, _) => ",",
            _ if is_value => ":",
            _ => ",",
        };
        open.items += 1;
        self.out.push_str(separator);
    }
}
