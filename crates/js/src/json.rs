//! JavaScript's data as JSON and back, for what is serialized.
//!
//! What JSON has no form for (functions, databases, dates) is refused; numbers that are none are `null`, as in `JSON.stringify`.

use crate::convert::number;
use crate::value::JsValue;
use edn::{Str, Value};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{Error as _, Serialize, Serializer};
use std::fmt;

impl Serialize for JsValue {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self {
            JsValue::Undefined | JsValue::Null => out.serialize_unit(),
            JsValue::Bool(b) => out.serialize_bool(*b),
            JsValue::Number(n) => match number(*n) {
                Value::Int(n) => out.serialize_i64(n),
                _ => out.serialize_f64(*n),
            },
            JsValue::String(text) => out.serialize_str(text),
            JsValue::Array(items) => out.collect_seq(items),
            JsValue::Object(properties) => {
                out.collect_map(properties.iter().map(|(name, value)| (&**name, value)))
            }
            other => Err(S::Error::custom(format!("{other} has no form in JSON"))),
        }
    }
}

impl<'de> Deserialize<'de> for JsValue {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<JsValue, D::Error> {
        input.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = JsValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<JsValue, E> {
        Ok(JsValue::Null)
    }

    fn visit_bool<E: serde::de::Error>(self, b: bool) -> Result<JsValue, E> {
        Ok(b.into())
    }

    fn visit_i64<E: serde::de::Error>(self, n: i64) -> Result<JsValue, E> {
        Ok(JsValue::Number(n as f64))
    }

    fn visit_u64<E: serde::de::Error>(self, n: u64) -> Result<JsValue, E> {
        Ok(JsValue::Number(n as f64))
    }

    fn visit_f64<E: serde::de::Error>(self, n: f64) -> Result<JsValue, E> {
        Ok(n.into())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<JsValue, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<JsValue, A::Error> {
        let mut all = Vec::with_capacity(items.size_hint().unwrap_or_default());
        while let Some(item) = items.next_element()? {
            all.push(item);
        }
        Ok(JsValue::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<JsValue, A::Error> {
        let mut properties: Vec<(Str, JsValue)> = Vec::new();
        while let Some((name, value)) = entries.next_entry::<String, JsValue>()? {
            if properties.iter().any(|(known, _)| **known == *name) {
                return Err(A::Error::custom(format!("{name} is there twice")));
            }
            properties.push((name.into(), value));
        }
        Ok(JsValue::Object(properties))
    }
}
