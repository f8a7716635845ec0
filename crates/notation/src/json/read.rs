//! JSON as values.

use crate::error::NotationError;
use edn::{BigInt, Keyword, MAX_DEPTH, Map, Set, Symbol, Tagged, Value};
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use std::fmt;
use std::sync::Arc;

/// What strings and keys mean.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dialect {
    /// As [`super::write`] has it.
    Own,
    /// Strings are strings, keys are keywords.
    Foreign,
    /// Strings are strings, everywhere.
    Plain,
}

pub(crate) fn read(text: &str) -> Result<Value, NotationError> {
    one(text, Dialect::Own)
}

/// The value of a text that another program wrote: keys are keywords, strings are what they are.
///
/// ```
/// let value = notation::read_foreign(br#"{"datoms": [[1, "statement/fqn", ":a"]]}"#).unwrap();
/// assert_eq!(value.to_string(), r#"{:datoms [[1 "statement/fqn" ":a"]]}"#);
/// ```
pub fn read_foreign(text: &[u8]) -> Result<Value, NotationError> {
    one(crate::text::utf8(text)?, Dialect::Foreign)
}

/// The value of a text as it is: keys and strings are strings.
pub fn read_plain(text: &[u8]) -> Result<Value, NotationError> {
    one(crate::text::utf8(text)?, Dialect::Plain)
}

fn one(text: &str, dialect: Dialect) -> Result<Value, NotationError> {
    let mut from = serde_json::Deserializer::from_str(text);
    from.disable_recursion_limit();
    let value = Node::top(dialect).deserialize(&mut from)?;
    from.end()?;
    Ok(value)
}

pub(crate) fn read_all(text: &str) -> Result<Vec<Value>, NotationError> {
    let mut from = serde_json::Deserializer::from_str(text);
    from.disable_recursion_limit();
    let mut values = Vec::new();
    while from.end().is_err() {
        values.push(Node::top(Dialect::Own).deserialize(&mut from)?);
    }
    Ok(values)
}

/// Whether what stands behind `~#` in a key is a tag. EDN that begins with `#` and is no tagged value goes on with something
/// else, and tagged values have a space.
pub(super) fn is_tag(text: &str) -> bool {
    let letter = text.starts_with(char::is_alphabetic);
    letter && matches!(edn::read(text), Ok(Value::Symbol(tag)) if tag.as_str() == text)
}

#[derive(Clone, Copy)]
struct Node {
    dialect: Dialect,
    /// How many collections are around it.
    depth: usize,
    /// Whether it has to be an array, the items of a set or list that counts already.
    is_items: bool,
}

impl Node {
    fn top(dialect: Dialect) -> Node {
        Node { dialect, depth: 0, is_items: false }
    }

    fn within<E: Error>(self) -> Result<Node, E> {
        match self.depth < MAX_DEPTH {
            true => Ok(Node { depth: self.depth + 1, is_items: false, ..self }),
            false => Err(E::custom(format!("nested deeper than {MAX_DEPTH}"))),
        }
    }

    fn string<E: Error>(self, text: &str) -> Result<Value, E> {
        match text.as_bytes().first() {
            Some(b':') if self.dialect == Dialect::Own => keyword(&text[1..]),
            Some(b'~') if self.dialect == Dialect::Own => self.embedded(&text[1..]),
            _ => Ok(Value::string(text)),
        }
    }

    fn key<E: Error>(self, text: &str) -> Result<Value, E> {
        match self.dialect {
            Dialect::Foreign => keyword(text),
            _ => self.string(text),
        }
    }

    fn embedded<E: Error>(self, text: &str) -> Result<Value, E> {
        let value = edn::read(text).map_err(|error| {
            let edn::ReadError { line, column, message, .. } = error;
            E::custom(format!("`~` and what is no EDN: {message}, {line}:{column} behind it"))
        })?;
        if depth(&value) + self.depth > MAX_DEPTH {
            return Err(E::custom(format!("nested deeper than {MAX_DEPTH}")));
        }
        Ok(value)
    }

    /// What stands behind a tag.
    fn tagged<'de, A: MapAccess<'de>>(self, tag: &str, entries: &mut A) -> Result<Value, A::Error> {
        let inner = match tag {
            "set" | "list" => Node { is_items: true, ..self },
            _ => self.within()?,
        };
        let value = entries.next_value_seed(inner)?;
        if entries.next_key::<IgnoredAny>()?.is_some() {
            return Err(A::Error::custom(format!("one value behind the tag `{tag}`, and no more")));
        }
        match (tag, value) {
            ("set", Value::Vector(items)) => Ok(Value::Set(items.iter().cloned().collect::<Set>())),
            ("list", Value::Vector(items)) => Ok(Value::list(items.to_vec())),
            ("set" | "list", _) => {
                Err(A::Error::custom(format!("expected an array behind the tag `{tag}`")))
            }
            (_, value) => Ok(Value::Tagged(Arc::new(Tagged { tag: Symbol::parse(tag), value }))),
        }
    }
}

fn keyword<E: Error>(name: &str) -> Result<Value, E> {
    match name.is_empty() {
        true => Err(E::custom("a keyword without a name")),
        false => Ok(Value::Keyword(Keyword::parse(name))),
    }
}

/// How many collections a value consists of, one in the other.
fn depth(value: &Value) -> usize {
    let deepest = |items: &mut dyn Iterator<Item = &Value>| items.map(depth).max().unwrap_or(0) + 1;
    match value {
        Value::List(items) => deepest(&mut items.iter()),
        Value::Vector(items) => deepest(&mut items.iter()),
        Value::Set(items) => deepest(&mut items.iter()),
        Value::Map(map) => deepest(&mut map.iter().flat_map(|(key, value)| [key, value])),
        Value::Tagged(tagged) => depth(&tagged.value) + 1,
        _ => 0,
    }
}

impl<'de> DeserializeSeed<'de> for Node {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Nil)
    }

    fn visit_bool<E: Error>(self, b: bool) -> Result<Value, E> {
        Ok(Value::Bool(b))
    }

    fn visit_i64<E: Error>(self, n: i64) -> Result<Value, E> {
        Ok(Value::Int(n))
    }

    fn visit_u64<E: Error>(self, n: u64) -> Result<Value, E> {
        let small = i64::try_from(n).map(Value::Int);
        Ok(small.unwrap_or_else(|_| Value::BigInt(Arc::new(BigInt::from(n)))))
    }

    fn visit_f64<E: Error>(self, d: f64) -> Result<Value, E> {
        Ok(Value::Double(d))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        self.string(text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let within = self.within()?;
        let mut all = Vec::new();
        while let Some(item) = items.next_element_seed(within)? {
            all.push(item);
        }
        Ok(Value::vector(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        if self.is_items {
            return Err(A::Error::custom("expected an array of items"));
        }
        let within = self.within()?;
        let mut all = Vec::new();
        while let Some(Key(text)) = entries.next_key()? {
            let tag = text.strip_prefix("~#").filter(|tag| is_tag(tag));
            if let Some(tag) = tag.filter(|_| self.dialect == Dialect::Own && all.is_empty()) {
                return self.tagged(tag, &mut entries);
            }
            let key = within.key(&text)?;
            all.push((key, entries.next_value_seed(within)?));
        }
        let count = all.len();
        let map = Map::from(all);
        match map.len() == count {
            true => Ok(Value::Map(map)),
            false => Err(A::Error::custom("an object has a key twice")),
        }
    }
}

/// A key of an object.
struct Key(String);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Key, D::Error> {
        String::deserialize(from).map(Key)
    }
}
