//! Transit as values.

use super::cache::ReadCache;
use crate::error::NotationError;
use edn::{
    BigInt, Inst, Keyword, MAX_DEPTH, MAX_NUMBER, Map, Ratio, Regex, Set, Str, Symbol, Tagged,
    Uuid, Value,
};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::sync::Arc;

/// What a piece of JSON comes to.
#[derive(Clone)]
pub(super) enum Item {
    Value(Value),
    /// `~#tag`: what stands behind it is of that kind.
    Tag(Str),
    /// `^ `: the array is a map.
    MapBegins,
}

pub(crate) fn read(text: &str) -> Result<Value, NotationError> {
    let mut from = serde_json::Deserializer::from_str(text);
    from.disable_recursion_limit();
    let value = one(&mut from)?;
    from.end()?;
    Ok(value)
}

pub(crate) fn read_all(text: &str) -> Result<Vec<Value>, NotationError> {
    let mut from = serde_json::Deserializer::from_str(text);
    from.disable_recursion_limit();
    let mut values = Vec::new();
    while from.end().is_err() {
        values.push(one(&mut from)?);
    }
    Ok(values)
}

fn one<'de, D: Deserializer<'de>>(from: D) -> Result<Value, D::Error> {
    let mut cache = ReadCache::default();
    let node = Node { cache: &mut cache, depth: 0, is_key: false, is_items: false };
    value(node.deserialize(from)?)
}

fn value<E: Error>(item: Item) -> Result<Value, E> {
    match item {
        Item::Value(value) => Ok(value),
        Item::Tag(tag) => Err(E::custom(format!("a tag at the wrong place: `~#{tag}`"))),
        Item::MapBegins => {
            Err(E::custom("`^ ` at the wrong place: it begins an array that is a map"))
        }
    }
}

struct Node<'c> {
    cache: &'c mut ReadCache,
    /// How many collections are around it.
    depth: usize,
    /// Whether it is the key of a map.
    is_key: bool,
    /// Whether it has to be an array of items, of a collection that counts already.
    is_items: bool,
}

impl Node<'_> {
    /// An item of the collection that this is.
    fn item(&mut self) -> Node<'_> {
        Node { cache: self.cache, depth: self.depth + 1, is_key: false, is_items: false }
    }

    fn key(&mut self) -> Node<'_> {
        Node { is_key: true, ..self.item() }
    }

    /// What stands behind a tag.
    fn behind(&mut self, tag: &str) -> Node<'_> {
        let is_items = matches!(tag, "set" | "list" | "cmap" | "ratio" | "tagged");
        Node { depth: self.depth + usize::from(!is_items), is_items, ..self.item() }
    }

    fn text<E: Error>(&mut self, text: &str) -> Result<Item, E> {
        if text.starts_with('^') && text != "^ " {
            let known = self.cache.get(text).cloned();
            return known.ok_or_else(|| E::custom(format!("nothing stands for {text:?} yet")));
        }
        let item = item_of(text).map_err(E::custom)?;
        self.cache.put(text, self.is_key, &item);
        Ok(item)
    }

    fn map_of_pairs<'de, A: SeqAccess<'de>>(&mut self, items: &mut A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = items.next_element_seed(self.key())? {
            let missing = || A::Error::custom("a map needs a value for each key");
            let said = items.next_element_seed(self.item())?.ok_or_else(missing)?;
            entries.push((value(key)?, value(said)?));
        }
        map(entries).map_err(A::Error::custom)
    }
}

fn map(entries: Vec<(Value, Value)>) -> Result<Value, String> {
    let count = entries.len();
    let map = Map::from(entries);
    match map.len() == count {
        true => Ok(Value::Map(map)),
        false => Err("a map has a key twice".to_owned()),
    }
}

/// What a string means.
fn item_of(text: &str) -> Result<Item, String> {
    if text == "^ " {
        return Ok(Item::MapBegins);
    }
    let mut letters = text.chars();
    let (Some('~'), Some(letter)) = (letters.next(), letters.next()) else {
        return Ok(Item::Value(Value::string(text)));
    };
    let rest = letters.as_str();
    match letter {
        '#' if rest.is_empty() => Err("a tag without a name".to_owned()),
        '#' => Ok(Item::Tag(rest.into())),
        '~' | '^' | '`' => Ok(Item::Value(Value::string(&text[1..]))),
        letter => scalar(letter, rest).map(Item::Value),
    }
}

/// What a string behind a tilde and a letter means.
fn scalar(letter: char, text: &str) -> Result<Value, String> {
    let expected = |what: &str| format!("expected {what} behind `~{letter}`, found {text:?}");
    let digits = |what: &str, more: &str| {
        let is_one = |c: char| c.is_ascii_digit() || more.contains(c);
        let reads = text.len() <= MAX_NUMBER && text.chars().all(is_one);
        reads.then_some(text).ok_or_else(|| expected(what))
    };
    let built_in = |tag: &str, what: &str| {
        let form = format!("#{tag} {}", Value::string(text));
        edn::read(&form).map_err(|_| expected(what))
    };
    match letter {
        '_' if text.is_empty() => Ok(Value::Nil),
        '_' => Err(expected("nothing")),
        '?' => match text {
            "t" => Ok(Value::Bool(true)),
            "f" => Ok(Value::Bool(false)),
            _ => Err(expected("t or f")),
        },
        's' => Ok(Value::string(text)),
        'i' => match text.parse() {
            Ok(small) => Ok(Value::Int(small)),
            // transit-js writes any number so where it is a key.
            Err(_) if text.contains(['.', 'e']) => scalar('d', text),
            Err(_) => big_int(digits("an integer", "+-")?, expected),
        },
        'n' => big_int(digits("an integer", "+-")?, expected),
        'd' => {
            let number = digits("a number", "+-.eE")?.parse();
            number.map(Value::Double).map_err(|_| expected("a number"))
        }
        'z' => match text {
            "NaN" => Ok(Value::Double(f64::NAN)),
            "INF" => Ok(Value::Double(f64::INFINITY)),
            "-INF" => Ok(Value::Double(f64::NEG_INFINITY)),
            _ => Err(expected("NaN, INF or -INF")),
        },
        'f' => match edn::read(&format!("{}M", digits("a decimal", "+-.eE")?)) {
            Ok(number @ Value::BigDec(_)) => Ok(number),
            _ => Err(expected("a decimal")),
        },
        'c' => {
            let mut letters = text.chars();
            let one = letters.next().filter(|c| letters.next().is_none() && *c <= '\u{ffff}');
            one.map(Value::Char).ok_or_else(|| expected("one character"))
        }
        ':' | '$' if text.is_empty() => Err(expected("a name")),
        ':' => Ok(Value::Keyword(Keyword::parse(text))),
        '$' => Ok(Value::Symbol(Symbol::parse(text))),
        'u' => built_in("uuid", "a uuid"),
        'm' => {
            let millis = text.parse().map(|millis| Value::Inst(Inst(millis)));
            millis.map_err(|_| expected("milliseconds"))
        }
        't' => built_in("inst", "a time"),
        '\'' => Err(expected("no quote")),
        other => {
            let tag = Symbol::parse(other.encode_utf8(&mut [0; 4]));
            Ok(Value::Tagged(Arc::new(Tagged { tag, value: Value::string(text) })))
        }
    }
}

fn big_int(digits: &str, expected: impl Fn(&str) -> String) -> Result<Value, String> {
    let number: Result<BigInt, _> = digits.parse();
    number.map(|n| Value::BigInt(Arc::new(n))).map_err(|_| expected("an integer"))
}

/// What a value behind a tag means.
fn tagged(tag: &str, rep: Value) -> Result<Value, String> {
    let expected = |what: &str| format!("expected {what} behind the tag `{tag}`");
    let items = |rep: &Value| rep.as_vector().map(<[Value]>::to_vec);
    let mut letters = tag.chars();
    match (letters.next(), letters.next(), &rep) {
        (Some('\''), None, _) => return Ok(rep),
        (Some('m'), None, Value::Int(millis)) => return Ok(Value::Inst(Inst(*millis))),
        (Some('u'), None, Value::Vector(halves)) => {
            let [Value::Int(high), Value::Int(low)] = halves[..] else {
                return Err(expected("two integers"));
            };
            return Ok(Value::Uuid(Uuid::from_u64_pair(high as u64, low as u64)));
        }
        (Some(letter), None, Value::Str(text)) => return scalar(letter, text),
        _ => {}
    }
    match tag {
        "set" => {
            let items = items(&rep).ok_or_else(|| expected("an array"))?;
            Ok(Value::Set(items.into_iter().collect::<Set>()))
        }
        "list" => Ok(Value::list(items(&rep).ok_or_else(|| expected("an array"))?)),
        "cmap" => {
            let items = items(&rep).filter(|items| items.len().is_multiple_of(2));
            let items = items.ok_or_else(|| expected("keys and values in turn"))?;
            map(items.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect())
        }
        "ratio" => ratio(&rep).ok_or_else(|| expected("two integers, the second not 0")),
        "regex" => match rep {
            Value::Str(pattern) => Ok(Value::Regex(Regex(pattern))),
            _ => Err(expected("a string")),
        },
        "tagged" => match rep.as_vector() {
            Some([Value::Symbol(tag), value]) => {
                let (tag, value) = (tag.clone(), value.clone());
                Ok(Value::Tagged(Arc::new(Tagged { tag, value })))
            }
            _ => Err(expected("a symbol and a value")),
        },
        tag => Ok(Value::Tagged(Arc::new(Tagged { tag: Symbol::parse(tag), value: rep }))),
    }
}

fn ratio(rep: &Value) -> Option<Value> {
    let number = |value: &Value| match value {
        Value::Int(n) => Some(BigInt::from(*n)),
        Value::BigInt(n) => Some(BigInt::clone(n)),
        _ => None,
    };
    let [above, below] = rep.as_vector()? else { return None };
    let below = number(below).filter(|below| *below != BigInt::from(0))?;
    Some(match Ratio::new(number(above)?, below) {
        Ok(ratio) => Value::Ratio(Arc::new(ratio)),
        Err(whole) => Value::BigInt(Arc::new(whole)),
    })
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Item;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Item, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Item;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transit")
    }

    fn visit_unit<E: Error>(self) -> Result<Item, E> {
        Ok(Item::Value(Value::Nil))
    }

    fn visit_bool<E: Error>(self, b: bool) -> Result<Item, E> {
        Ok(Item::Value(Value::Bool(b)))
    }

    fn visit_i64<E: Error>(self, n: i64) -> Result<Item, E> {
        Ok(Item::Value(Value::Int(n)))
    }

    fn visit_u64<E: Error>(self, n: u64) -> Result<Item, E> {
        let small = i64::try_from(n).map(Value::Int);
        Ok(Item::Value(small.unwrap_or_else(|_| Value::BigInt(Arc::new(BigInt::from(n))))))
    }

    fn visit_f64<E: Error>(self, d: f64) -> Result<Item, E> {
        Ok(Item::Value(Value::Double(d)))
    }

    fn visit_str<E: Error>(mut self, text: &str) -> Result<Item, E> {
        self.text(text)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<Item, A::Error> {
        check_depth(self.depth)?;
        let mut all = Vec::new();
        match items.next_element_seed(self.item())? {
            None => {}
            Some(Item::Value(first)) => all.push(first),
            Some(_) if self.is_items => return Err(A::Error::custom("expected an array of items")),
            Some(Item::MapBegins) => return self.map_of_pairs(&mut items).map(Item::Value),
            Some(Item::Tag(tag)) => {
                let rep = items.next_element_seed(self.behind(&tag))?;
                let more = items.next_element::<IgnoredAny>()?;
                let (Some(rep), None) = (rep, more) else {
                    return Err(A::Error::custom(format!("expected one value behind `~#{tag}`")));
                };
                return tagged(&tag, value(rep)?).map(Item::Value).map_err(A::Error::custom);
            }
        }
        while let Some(item) = items.next_element_seed(self.item())? {
            all.push(value(item)?);
        }
        Ok(Item::Value(Value::vector(all)))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<Item, A::Error> {
        check_depth(self.depth)?;
        if self.is_items {
            return Err(A::Error::custom("expected an array of items"));
        }
        let mut all = Vec::new();
        while let Some(key) = entries.next_key_seed(self.key())? {
            if let (Item::Tag(tag), true) = (&key, all.is_empty()) {
                let rep = value(entries.next_value_seed(self.behind(tag))?)?;
                if entries.next_key::<IgnoredAny>()?.is_some() {
                    return Err(A::Error::custom(format!("expected one value behind `~#{tag}`")));
                }
                return tagged(tag, rep).map(Item::Value).map_err(A::Error::custom);
            }
            let said = entries.next_value_seed(self.item())?;
            all.push((value(key)?, value(said)?));
        }
        map(all).map(Item::Value).map_err(A::Error::custom)
    }
}

fn check_depth<E: Error>(depth: usize) -> Result<(), E> {
    match depth < MAX_DEPTH {
        true => Ok(()),
        false => Err(E::custom(format!("nested deeper than {MAX_DEPTH}"))),
    }
}
