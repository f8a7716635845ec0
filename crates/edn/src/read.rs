//! Text to values.
//!
//! One path: [`crate::syntax::parse`] makes the tree, this module turns nodes into values. EDN is read as
//! `clojure.edn` reads it, Clojure source as data as `clojure.core/read` does. What the tree lets pass and a
//! reader must not (an odd map, a key twice, a symbol like `a/`, an unknown `##Name`) is refused here, with its
//! position.
//!
//! Trees nest at most [`crate::MAX_DEPTH`] deep, so recursion over them is bounded.

use crate::syntax::{self, Kind, SyntaxError, Tree};
use crate::{Inst, Keyword, List, Map, Regex, Set, Symbol, Tagged, Uuid, Value, Vector};
use crate::{inst, line_column, number};
use std::borrow::Cow;
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
    /// `(var x)`, regexes, and reader conditionals by `features`.
    pub clojure: bool,
    /// Which branches of reader conditionals are taken, without colons; `default` always is.
    pub features: Vec<String>,
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

/// Reads all EDN forms of a text.
pub fn read_all(text: &str) -> Result<Vec<Value>, ReadError> {
    read_all_with(text, &ReadOptions::default())
}

/// Reads all forms of a text, with options.
pub fn read_all_with(text: &str, options: &ReadOptions) -> Result<Vec<Value>, ReadError> {
    let tree = syntax::parse(text);
    let reader = Reader { text, tree: &tree, options };
    let mut values = Vec::new();
    for root in tree.roots() {
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
    Reader { text, tree, options }.value(node)
}

struct Reader<'a> {
    text: &'a str,
    tree: &'a Tree,
    options: &'a ReadOptions,
}

type Read<T> = Result<T, ReadError>;

impl<'a> Reader<'a> {
    fn error<T>(&self, node: usize, message: impl Into<String>) -> Read<T> {
        Err(ReadError::new(self.text, self.tree.node(node).range(), message))
    }

    fn text_of(&self, node: usize) -> &'a str {
        self.tree.text(node, self.text)
    }

    /// Adds what a node stands for: nothing for a discarded form, several values for a splice.
    fn push(&self, node: usize, values: &mut Vec<Value>) -> Read<()> {
        match self.tree.node(node).kind {
            Kind::Discard => Ok(()),
            Kind::Conditional | Kind::ConditionalSplicing => self.conditional(node, values),
            _ => {
                values.push(self.value(node)?);
                Ok(())
            }
        }
    }

    fn items(&self, node: usize) -> Read<Vec<Value>> {
        let mut values = Vec::new();
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
            Kind::Fn | Kind::SyntaxQuote | Kind::Unquote | Kind::UnquoteSplicing => {
                self.error(node, "this is code, not data: expected an EDN form")
            }
            Kind::Eval => self.error(node, "`#=` is never evaluated: expected an EDN form"),
            Kind::Discard => self.error(node, "expected a form, found a discarded one"),
        }
    }

    /// The forms of a prefix.
    fn operands(&self, node: usize) -> Read<Vec<Value>> {
        self.items(node)
    }

    fn wrapped(&self, node: usize, symbol: &str, prefix: &str) -> Read<Value> {
        if !self.options.clojure {
            return self.error(node, format!("`{prefix}` is not EDN: expected an EDN form"));
        }
        let mut items = vec![Value::symbol(symbol)];
        items.extend(self.operands(node)?);
        Ok(Value::list(items))
    }

    fn symbol(&self, node: usize) -> Read<Value> {
        let text = self.text_of(node);
        match text {
            "nil" => Ok(Value::Nil),
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ if is_symbol(text) => Ok(Value::Symbol(Symbol::parse(text))),
            _ => self.error(
                node,
                format!("invalid symbol `{text}`: expected `name` or `namespace/name`"),
            ),
        }
    }

    fn keyword(&self, node: usize) -> Read<Value> {
        let name = &self.text_of(node)[1..];
        if name.starts_with(':') {
            return self.error(node, "`::` needs a namespace to resolve in: expected `:name`");
        }
        if !is_keyword(name) {
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
        let mut values = Vec::new();
        let mut nodes = Vec::new();
        for child in self.tree.children(node) {
            self.push(child, &mut values)?;
            nodes.resize(values.len(), child);
        }
        if !values.len().is_multiple_of(2) {
            let last = *nodes.last().unwrap_or(&node);
            return self
                .error(last, "a map needs a value for this key: expected an even number of forms");
        }
        let mut map = Map::new();
        let mut values = values.into_iter();
        while let (Some(key), Some(value)) = (values.next(), values.next()) {
            let key = match namespace {
                Some(namespace) => in_namespace(key, namespace),
                None => key,
            };
            if map.contains_key(&key) {
                let culprit = nodes[map.len() * 2];
                return self.error(culprit, format!("duplicate key: {key}"));
            }
            map.insert(key, value);
        }
        Ok(Value::Map(map))
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
        let operands = self.operands(node)?;
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
        let forms: Vec<usize> = self.tree.forms(node).collect();
        let [tag, target] = forms[..] else {
            return self.error(node, "expected a tag and one form after `#`");
        };
        if self.tree.node(tag).kind != Kind::Symbol {
            return self.error(tag, "a reader tag must be a symbol");
        }
        match self.text_of(tag) {
            "inst" => self.literal(target, "a time such as \"2026-01-31T12:00:00.000Z\"", |text| {
                inst::parse(text).map(|millis| Value::Inst(Inst(millis)))
            }),
            "uuid" => self.literal(
                target,
                "a uuid such as \"f81d4fae-7dec-11d0-a765-00a0c91e6bf6\"",
                |text| parse_uuid(text).map(Value::Uuid),
            ),
            _ => {
                let Value::Symbol(tag) = self.symbol(tag)? else {
                    return self.error(tag, "a reader tag must be a symbol");
                };
                let value = self.value(target)?;
                Ok(Value::Tagged(Arc::new(Tagged { tag, value })))
            }
        }
    }

    fn literal(
        &self,
        node: usize,
        expected: &str,
        parse: impl Fn(&str) -> Option<Value>,
    ) -> Read<Value> {
        let value = match self.tree.node(node).kind {
            Kind::String => parse(&self.string(node)?),
            _ => None,
        };
        value.map_or_else(|| self.error(node, format!("expected {expected}")), Ok)
    }

    fn namespaced_map(&self, node: usize) -> Read<Value> {
        let children: Vec<usize> = self.tree.forms(node).collect();
        let [map] = children[..] else {
            return self.error(node, "expected a map after `#:namespace`");
        };
        let prefix = self.tree.node(node).start as usize..self.tree.node(map).start as usize;
        let name = self.text[prefix].trim_end_matches(|c: char| c == ',' || c.is_whitespace());
        let name = &name[2..];
        if name.starts_with(':') || !is_symbol(name) || name.contains('/') {
            return self.error(node, "expected a plain namespace, as in `#:ns{:a 1}`");
        }
        self.map(map, Some(name))
    }

    fn conditional(&self, node: usize, values: &mut Vec<Value>) -> Read<()> {
        if !self.options.clojure {
            return self.error(node, "a reader conditional is not EDN: expected an EDN form");
        }
        let Some(body) = self.tree.forms(node).next() else {
            return self.error(node, "expected a list after `#?`");
        };
        let branches: Vec<usize> = self.tree.forms(body).collect();
        if !branches.len().is_multiple_of(2) {
            return self.error(node, "a reader conditional needs an even number of forms");
        }
        for branch in branches.chunks_exact(2) {
            let feature = self.text_of(branch[0]);
            let Some(feature) = feature.strip_prefix(':') else {
                return self.error(branch[0], "a feature should be a keyword");
            };
            if feature != "default" && !self.options.features.iter().any(|f| f == feature) {
                continue;
            }
            if self.tree.node(node).kind == Kind::Conditional {
                return self.push(branch[1], values);
            }
            return match self.value(branch[1])?.as_seq() {
                Some(items) => {
                    values.extend_from_slice(items);
                    Ok(())
                }
                None => self.error(branch[1], "spliced form must be a list or a vector"),
            };
        }
        Ok(())
    }
}

/// A key of `#:ns{…}`: names without a namespace get it, those in `_` lose theirs.
fn in_namespace(key: Value, namespace: &str) -> Value {
    match &key {
        Value::Keyword(k) => match k.namespace() {
            None => Value::Keyword(Keyword::new(Some(namespace), k.name())),
            Some("_") => Value::Keyword(Keyword::new(None, k.name())),
            Some(_) => key,
        },
        Value::Symbol(s) => match s.namespace() {
            None => Value::Symbol(Symbol::new(Some(namespace), s.name())),
            Some("_") => Value::Symbol(Symbol::new(None, s.name())),
            Some(_) => key,
        },
        _ => key,
    }
}

/// As Clojure's reader has it: a name, or a namespace, a slash and a name; neither part starts with a digit or
/// ends with a colon.
fn is_symbol(text: &str) -> bool {
    if text == "/" {
        return true;
    }
    let starts_well = |part: &str| part.bytes().next().is_some_and(|b| !b.is_ascii_digit());
    let sound = match text.strip_suffix("//") {
        Some(namespace) => starts_well(namespace) && !namespace.ends_with(':'),
        None => match text.rsplit_once('/') {
            Some((namespace, name)) => {
                let array_class = name.len() == 1 && matches!(name.as_bytes()[0], b'1'..=b'9');
                starts_well(namespace)
                    && !namespace.ends_with(':')
                    && (starts_well(name) || array_class)
            }
            None => starts_well(text),
        },
    };
    sound && !text.starts_with('/') && !text.ends_with(':') && !text[1..].contains("::")
}

fn is_keyword(name: &str) -> bool {
    if name == "/" {
        return true;
    }
    match name.split_once('/') {
        None => !name.is_empty() && !name.ends_with(':') && !name.contains("::"),
        Some(_) => is_symbol(name),
    }
}

/// The character that the text after a backslash names.
pub(crate) fn parse_char(name: &str) -> Option<char> {
    let mut chars = name.chars();
    let first = chars.next()?;
    if chars.as_str().is_empty() {
        return (first as u32 <= 0xffff).then_some(first);
    }
    match name {
        "newline" => Some('\n'),
        "space" => Some(' '),
        "tab" => Some('\t'),
        "backspace" => Some('\u{8}'),
        "formfeed" => Some('\u{c}'),
        "return" => Some('\r'),
        _ => {
            let digits = chars.as_str();
            match first {
                'u' if digits.len() == 4 => char::from_u32(from_digits(digits, 16)?),
                'o' if digits.len() <= 3 => {
                    let code = from_digits(digits, 8)?;
                    (code <= 0o377).then(|| char::from_u32(code)).flatten()
                }
                _ => None,
            }
        }
    }
}

fn from_digits(digits: &str, radix: u32) -> Option<u32> {
    let plain = digits.chars().all(|c| c.is_digit(radix));
    plain.then(|| u32::from_str_radix(digits, radix).ok()).flatten()
}

/// The text of a string whose escapes the syntax tree has checked. `Err` holds the offset of an escape that is
/// half a surrogate pair.
fn unescape(inner: &str) -> Result<String, usize> {
    let mut out = String::with_capacity(inner.len());
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', &inner.as_bytes()[at..]) {
        out.push_str(&inner[at..at + found]);
        at += found;
        let (c, length) = unescape_one(&inner[at..]).ok_or(at)?;
        out.push(c);
        at += length;
    }
    out.push_str(&inner[at..]);
    Ok(out)
}

/// The character of the escape that a text starts with, and the escape's length.
fn unescape_one(text: &str) -> Option<(char, usize)> {
    let simple = |c| Some((c, 2));
    match text.as_bytes().get(1)? {
        b'n' => simple('\n'),
        b't' => simple('\t'),
        b'r' => simple('\r'),
        b'b' => simple('\u{8}'),
        b'f' => simple('\u{c}'),
        b'u' => unescape_unicode(text),
        digit @ b'0'..=b'7' => {
            let bytes = &text.as_bytes()[1..];
            let digits = bytes.iter().take(3).take_while(|b| matches!(b, b'0'..=b'7')).count();
            let code = from_digits(&text[1..1 + digits], 8).unwrap_or(u32::from(*digit - b'0'));
            Some((char::from_u32(code)?, 1 + digits))
        }
        other => simple(char::from(*other)),
    }
}

fn unescape_unicode(text: &str) -> Option<(char, usize)> {
    let unit = |at: usize| from_digits(text.get(at..at + 4)?, 16);
    let high = unit(2)?;
    if let Some(c) = char::from_u32(high) {
        return Some((c, 6));
    }
    if text.get(6..8) != Some("\\u") {
        return None;
    }
    let units = [u16::try_from(high).ok()?, u16::try_from(unit(8)?).ok()?];
    let c = char::decode_utf16(units).next()?.ok()?;
    Some((c, 12))
}

/// As `java.util.UUID/fromString`: five groups of hex digits, leading zeros optional.
fn parse_uuid(text: &str) -> Option<Uuid> {
    let mut groups = text.split('-');
    let mut uuid: u128 = 0;
    for bits in [32, 16, 16, 16, 48] {
        let group = groups.next()?;
        let plain =
            (1..=bits / 4).contains(&group.len()) && group.bytes().all(|b| b.is_ascii_hexdigit());
        if !plain {
            return None;
        }
        uuid = (uuid << bits) | u128::from_str_radix(group, 16).ok()?;
    }
    groups.next().is_none().then_some(Uuid::from_u128(uuid))
}
