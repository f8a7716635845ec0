//! Text to values.
//!
//! One path: [`crate::syntax::parse`] makes the tree, this module turns nodes into values. EDN is read as
//! `clojure.edn` reads it, Clojure source as data as `clojure.core/read` does. What the tree lets pass and a
//! reader must not (an odd map, a key twice, a symbol like `a/`, an unknown `##Name`) is refused here, with its
//! position.
//!
//! Trees nest at most [`crate::MAX_DEPTH`] deep, so recursion over them is bounded.

mod source;

use crate::literal::{is_name, parse_char, parse_uuid, unescape};
use crate::syntax::{self, Kind, SyntaxError, Tree};
use crate::{Inst, Keyword, List, Map, Regex, Set, Symbol, Tagged, Value, Vector};
use crate::{inst, line_column, number};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// How many characters a number may have: reading one costs the square of its length.
pub const MAX_NUMBER: usize = 20_000;

/// Why a text does not read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{line}:{column}: {message}")]
pub struct ReadError {
    /// The bytes that are wrong.
    pub span: Range<usize>,
    /// The line of its start, from 1.
    pub line: usize,
    /// The column of its start in characters, from 1.
    pub column: usize,
    /// What is wrong and what was expected.
    pub message: String,
}

impl ReadError {
    fn new(text: &str, span: Range<usize>, message: impl Into<String>) -> Self {
        let (line, column) = line_column(text, span.start);
        ReadError { span, line, column, message: message.into() }
    }

    fn syntax(text: &str, error: &SyntaxError) -> Self {
        let mut message = error.problem.to_string();
        if let syntax::Problem::Mismatched { opened, .. } = error.problem {
            let (line, column) = line_column(text, opened);
            message = format!("{message}, opened at {line}:{column}");
        }
        ReadError::new(text, error.span.clone(), message)
    }
}

/// What is read besides plain EDN.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// Read Clojure's own syntax as data: `'x` as `(quote x)`, `@x` as `(clojure.core/deref x)`, `#'x` as
    /// `(var x)`, `#(f %)` as `(fn* [p1] (f p1))`, and reader conditionals by `features`. Syntax quotes are
    /// refused: what they stand for depends on a running program.
    pub clojure: bool,
    /// Which branches of reader conditionals are taken, without colons; `default` always is.
    pub features: Vec<String>,
    /// The namespace that `::name` and `#::{…}` stand in; where it is not given they are refused.
    pub namespace: Option<String>,
    /// What the aliases of `::alias/name` and `#::alias{…}` stand for.
    pub aliases: BTreeMap<String, String>,
}

/// Reads exactly one EDN form.
///
/// ```
/// assert_eq!(edn::read("{:a #{1 2N}}").unwrap().to_string(), "{:a #{1 2N}}");
/// assert_eq!(edn::read("[1 2").unwrap_err().to_string(), "1:1: this is never closed: expected `]` before the end");
/// ```
pub fn read(text: &str) -> Result<Value, ReadError> {
    let mut forms = read_all(text)?.into_iter();
    match (forms.next(), forms.next()) {
        (Some(form), None) => Ok(form),
        (None, _) => {
            Err(ReadError::new(text, text.len()..text.len(), "expected a form, found the end"))
        }
        (Some(_), Some(_)) => {
            let tree = syntax::parse(text);
            let second = tree.roots().filter(|&i| tree.node(i).kind != Kind::Discard).nth(1);
            let span = second.map_or(0..0, |i| tree.node(i).range());
            Err(ReadError::new(text, span, "expected the end after one form, found another"))
        }
    }
}

/// Reads the first EDN form of a text, and says where it ends; `None` where there is none. What comes after it
/// is not looked at.
///
/// ```
/// let (value, end) = edn::read_first("[1] )").unwrap().unwrap();
/// assert_eq!((value.to_string().as_str(), end), ("[1]", 3));
/// ```
pub fn read_first(text: &str) -> Result<Option<(Value, usize)>, ReadError> {
    let tree = syntax::parse_first(text);
    let options = ReadOptions::default();
    let mut values = Vec::new();
    for root in tree.roots() {
        Reader::new(text, &tree, &options).push(root, &mut values)?;
        if let Some(value) = values.pop() {
            return Ok(Some((value, tree.node(root).end as usize)));
        }
    }
    tree.error.as_ref().map_or(Ok(None), |error| Err(ReadError::syntax(text, error)))
}

/// Reads all EDN forms of a text.
pub fn read_all(text: &str) -> Result<Vec<Value>, ReadError> {
    read_all_with(text, &ReadOptions::default())
}

/// Reads all forms of a text, with options.
pub fn read_all_with(text: &str, options: &ReadOptions) -> Result<Vec<Value>, ReadError> {
    let tree = syntax::parse(text);
    let reader = Reader::new(text, &tree, options);
    let mut values = Vec::new();
    for root in tree.roots() {
        if tree.node(root).kind == Kind::ConditionalSplicing {
            return reader.error(root, "expected one form at the top level, `#?@` may be several");
        }
        reader.push(root, &mut values)?;
    }
    match &tree.error {
        Some(error) => Err(ReadError::syntax(text, error)),
        None => Ok(values),
    }
}

/// Turns one node of a tree into a value.
pub fn read_node(
    text: &str,
    tree: &Tree,
    node: usize,
    options: &ReadOptions,
) -> Result<Value, ReadError> {
    Reader::new(text, tree, options).value(node)
}

struct Reader<'a> {
    text: &'a str,
    tree: &'a Tree,
    options: &'a ReadOptions,
    /// The arguments of the `#(…)` that is being read.
    arguments: RefCell<Option<source::Arguments>>,
    /// How many `#(…)` have been read, to name their arguments apart.
    functions: Cell<u32>,
}

type Read<T> = Result<T, ReadError>;

impl<'a> Reader<'a> {
    fn new(text: &'a str, tree: &'a Tree, options: &'a ReadOptions) -> Self {
        let (arguments, functions) = (RefCell::new(None), Cell::new(0));
        Reader { text, tree, options, arguments, functions }
    }

    fn error<T>(&self, node: usize, message: impl Into<String>) -> Read<T> {
        Err(ReadError::new(self.text, self.tree.node(node).range(), message))
    }

    fn text_of(&self, node: usize) -> &'a str {
        self.tree.text(node, self.text)
    }

    /// Adds what a node stands for: nothing for a discarded form, several values for a splice.
    fn push(&self, node: usize, values: &mut Vec<Value>) -> Read<()> {
        match self.tree.node(node).kind {
            Kind::Discard if self.options.clojure => Ok(()),
            Kind::Discard => self.items(node).map(drop),
            Kind::Conditional | Kind::ConditionalSplicing => self.conditional(node, values),
            _ => {
                values.push(self.value(node)?);
                Ok(())
            }
        }
    }

    fn items(&self, node: usize) -> Read<Vec<Value>> {
        let mut values = Vec::with_capacity(self.tree.children(node).count());
        for child in self.tree.children(node) {
            self.push(child, &mut values)?;
        }
        Ok(values)
    }

    fn value(&self, node: usize) -> Read<Value> {
        match self.tree.node(node).kind {
            Kind::Symbol => self.symbol(node),
            Kind::Keyword => self.keyword(node),
            Kind::Number => self.number(node),
            Kind::Char => match parse_char(&self.text_of(node)[1..]) {
                Some(c) => Ok(Value::Char(c)),
                None => self.error(node, "invalid character"),
            },
            Kind::String => self.string(node).map(Value::string),
            Kind::Regex => {
                let quoted = self.text_of(node);
                Ok(Value::Regex(Regex(quoted[2..quoted.len() - 1].into())))
            }
            Kind::Symbolic => match self.text_of(node) {
                "##Inf" => Ok(Value::Double(f64::INFINITY)),
                "##-Inf" => Ok(Value::Double(f64::NEG_INFINITY)),
                "##NaN" => Ok(Value::Double(f64::NAN)),
                _ => self.error(node, "expected `##Inf`, `##-Inf` or `##NaN`"),
            },
            Kind::List => Ok(Value::List(List::from(self.items(node)?))),
            Kind::Vector => Ok(Value::Vector(Vector::from(self.items(node)?))),
            Kind::Map => self.map(node, None),
            Kind::Set => self.set(node),
            Kind::Meta => self.with_meta(node),
            Kind::Tagged => self.tagged(node),
            Kind::NamespacedMap => self.namespaced_map(node),
            Kind::Quote => self.wrapped(node, "quote", "'"),
            Kind::Deref => self.wrapped(node, "clojure.core/deref", "@"),
            Kind::Var => self.wrapped(node, "var", "#'"),
            Kind::Conditional | Kind::ConditionalSplicing => self
                .error(node, "expected one form here, a reader conditional may be none or several"),
            Kind::Unquote => self.wrapped(node, "clojure.core/unquote", "~"),
            Kind::UnquoteSplicing => self.wrapped(node, "clojure.core/unquote-splicing", "~@"),
            Kind::Fn => self.function(node),
            Kind::SyntaxQuote => {
                self.error(node, "a syntax quote is code, not data: expected an EDN form")
            }
            Kind::Eval => self.error(node, "`#=` is never evaluated: expected an EDN form"),
            Kind::Discard => self.error(node, "expected a form, found a discarded one"),
        }
    }

    /// The one form after a prefix.
    fn operand(&self, node: usize) -> Read<Value> {
        let mut operands = self.items(node)?;
        match (operands.pop(), operands.is_empty()) {
            (Some(operand), true) => Ok(operand),
            _ => self
                .error(node, "expected one form here, a reader conditional gave none or several"),
        }
    }

    fn wrapped(&self, node: usize, symbol: &str, prefix: &str) -> Read<Value> {
        if !self.options.clojure {
            return self.error(node, format!("`{prefix}` is not EDN: expected an EDN form"));
        }
        Ok(Value::list(vec![Value::symbol(symbol), self.operand(node)?]))
    }

    fn symbol(&self, node: usize) -> Read<Value> {
        let text = self.text_of(node);
        match text {
            "nil" => Ok(Value::Nil),
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ if text.starts_with('%') && self.arguments.borrow().is_some() => self.argument(node),
            _ if is_name(text) => Ok(Value::Symbol(Symbol::parse(text))),
            _ => self.error(
                node,
                format!("invalid symbol `{text}`: expected `name` or `namespace/name`"),
            ),
        }
    }

    fn keyword(&self, node: usize) -> Read<Value> {
        let name = &self.text_of(node)[1..];
        if let Some(name) = name.strip_prefix(':') {
            return self.auto_resolved(node, name);
        }
        if !is_name(self.text_of(node)) {
            let message =
                format!("invalid keyword `:{name}`: expected `:name` or `:namespace/name`");
            return self.error(node, message);
        }
        Ok(Value::Keyword(Keyword::parse(name)))
    }

    fn number(&self, node: usize) -> Read<Value> {
        let text = self.text_of(node);
        if text.len() > MAX_NUMBER {
            return self.error(node, format!("a number of more than {MAX_NUMBER} characters"));
        }
        let after = self.tree.node(node).end as usize;
        if !self.options.clojure && self.text[after..].starts_with('%') {
            return self.error(node, "invalid number: expected white space after it, found `%`");
        }
        match number::parse_number(text) {
            Some(value) => Ok(value),
            None if text.contains('/') => self.error(node, "divide by zero"),
            None => self.error(node, "exponent out of range"),
        }
    }

    fn string(&self, node: usize) -> Read<Cow<'a, str>> {
        let quoted = self.text_of(node);
        let inner = &quoted[1..quoted.len() - 1];
        if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
            return Ok(Cow::Borrowed(inner));
        }
        match unescape(inner) {
            Ok(text) => Ok(Cow::Owned(text)),
            Err(at) => {
                let start = self.tree.node(node).start as usize + 1 + at;
                let message = "half a surrogate pair: expected `\\u` escapes of both halves";
                Err(ReadError::new(self.text, start..start + 1, message))
            }
        }
    }

    fn map(&self, node: usize, namespace: Option<&str>) -> Read<Value> {
        let entries = self.entries(node, namespace)?;
        let count = entries.len();
        let map = Map::from(entries);
        if map.len() < count {
            let (entries, mut met) = (self.entries(node, namespace)?, Set::new());
            if let Some(again) = entries.iter().position(|(key, _)| !met.insert(key.clone())) {
                let message = format!("duplicate key: {}", entries[again].0);
                return self.error(self.origin(node, again * 2), message);
            }
        }
        Ok(Value::Map(map))
    }

    fn entries(&self, node: usize, namespace: Option<&str>) -> Read<Vec<(Value, Value)>> {
        let values = self.items(node)?;
        if !values.len().is_multiple_of(2) {
            let culprit = self.origin(node, values.len() - 1);
            let message = "a map needs a value for this key: expected an even number of forms";
            return self.error(culprit, message);
        }
        let mut entries = Vec::with_capacity(values.len() / 2);
        let mut values = values.into_iter();
        while let (Some(key), Some(value)) = (values.next(), values.next()) {
            let key = match namespace {
                None => key,
                Some(namespace) => match in_namespace(key, namespace) {
                    Some(key) => key,
                    None => {
                        let message = format!("no name in the namespace `{namespace}`");
                        return self.error(self.origin(node, entries.len() * 2), message);
                    }
                },
            };
            entries.push((key, value));
        }
        Ok(entries)
    }

    /// The child that the value at an index comes from, found by reading again: only errors ask for it.
    fn origin(&self, node: usize, index: usize) -> usize {
        let mut values = Vec::new();
        let gives = |child: &usize| self.push(*child, &mut values).is_err() || values.len() > index;
        self.tree.children(node).find(gives).unwrap_or(node)
    }

    fn set(&self, node: usize) -> Read<Value> {
        let mut set = Set::new();
        let mut values = Vec::new();
        for child in self.tree.children(node) {
            self.push(child, &mut values)?;
            for value in values.drain(..) {
                if set.contains(&value) {
                    return self.error(child, format!("duplicate key: {value}"));
                }
                set.insert(value);
            }
        }
        Ok(Value::Set(set))
    }

    fn with_meta(&self, node: usize) -> Read<Value> {
        let operands = self.items(node)?;
        let [meta, target] = operands.as_slice() else {
            return self.error(node, "expected metadata and a form after `^`");
        };
        let flag = |key: Value, value: Value| Map::from_iter([(key, value)]);
        let mut merged = match meta {
            Value::Map(map) => map.clone(),
            Value::Keyword(_) => flag(meta.clone(), Value::Bool(true)),
            Value::Symbol(_) | Value::Str(_) => flag(Value::keyword("tag"), meta.clone()),
            Value::Vector(_) if self.options.clojure => {
                flag(Value::keyword("param-tags"), meta.clone())
            }
            _ => return self.error(node, "metadata must be a symbol, keyword, string or map"),
        };
        let mut all = target.meta().cloned().unwrap_or_default();
        for (key, value) in merged.iter() {
            all.insert(key.clone(), value.clone());
        }
        std::mem::swap(&mut merged, &mut all);
        match target.with_meta(Some(merged)) {
            Some(value) => Ok(value),
            None => self.error(node, "metadata can only be applied to a symbol or a collection"),
        }
    }

    fn tagged(&self, node: usize) -> Read<Value> {
        let Some(tag_node) = self.tree.forms(node).next() else {
            return self.error(node, "expected a tag and a form after `#`");
        };
        let name = self.text_of(tag_node);
        let letter = name.starts_with(char::is_alphabetic);
        let tag = match self.tree.node(tag_node).kind {
            Kind::Symbol if letter || self.options.clojure => self.symbol(tag_node)?,
            _ => Value::Nil,
        };
        let Value::Symbol(tag) = tag else {
            return self.error(tag_node, "a reader tag must be a symbol, and start with a letter");
        };
        let mut targets = Vec::new();
        for child in self.tree.children(node).filter(|&child| child > tag_node) {
            self.push(child, &mut targets)?;
        }
        let (Some(value), true) = (targets.pop(), targets.is_empty()) else {
            return self.error(node, "expected one form after the tag");
        };
        let (built_in, expected) = match name {
            "inst" => {
                let moment = value.as_str().and_then(inst::parse);
                (
                    moment.map(|millis| Value::Inst(Inst(millis))),
                    "a time such as \"2026-01-31T12:00:00.000Z\"",
                )
            }
            "uuid" => (
                value.as_str().and_then(parse_uuid).map(Value::Uuid),
                "a uuid such as \"f81d4fae-7dec-11d0-a765-00a0c91e6bf6\"",
            ),
            _ => return Ok(Value::Tagged(Arc::new(Tagged { tag, value }))),
        };
        built_in
            .map_or_else(|| self.error(node, format!("expected {expected} after `#{name}`")), Ok)
    }
}

/// A key of `#:ns{…}`: names without a namespace get it, those in `_` lose theirs. `None` where what comes of
/// it would not read: `_/+1` without its namespace is a number.
fn in_namespace(key: Value, namespace: &str) -> Option<Value> {
    let renamed = |of: Option<&str>| match of {
        None => Some(Some(namespace)),
        Some("_") => Some(None),
        Some(_) => None,
    };
    let key = match &key {
        Value::Keyword(k) => match renamed(k.namespace()) {
            Some(namespace) => Value::Keyword(Keyword::new(namespace, k.name())),
            None => return Some(key),
        },
        Value::Symbol(s) => match renamed(s.namespace()) {
            Some(namespace) => Value::Symbol(Symbol::new(namespace, s.name())),
            None => return Some(key),
        },
        _ => return Some(key),
    };
    (read(&key.to_string()).as_ref() == Ok(&key)).then_some(key)
}
