//! JavaScript's values between Node and here: lists of JSON tokens, which `datascript.js` makes and takes.

use js::{Connection, Database, Datom, Entity, Foreign, Function, JsValue};
use serde_json::{Value as Json, json};
use std::collections::HashMap;

/// What either side knows by a number.
#[derive(Default)]
pub(super) struct Tables {
    databases: Vec<Database>,
    connections: Vec<Connection>,
    entities: Vec<Entity>,
    functions: HashMap<u64, Function>,
    foreign: HashMap<u64, Foreign>,
}

impl Tables {
    /// The value of a list of tokens; `make` makes the functions that are new.
    pub(super) fn decode(
        &mut self,
        tokens: &[Json],
        make: &dyn Fn(u64) -> Function,
    ) -> Result<JsValue, String> {
        let mut rest = tokens;
        let value = self.value(&mut rest, make, 0)?;
        match rest {
            [] => Ok(value),
            [token, ..] => Err(format!("{token} is one too many")),
        }
    }

    fn value(
        &mut self,
        rest: &mut &[Json],
        make: &dyn Fn(u64) -> Function,
        depth: usize,
    ) -> Result<JsValue, String> {
        // The arguments of a call are one deeper than the values.
        if depth > edn::MAX_DEPTH + 2 {
            return Err("a value that nests too deep".into());
        }
        let token = next(rest)?;
        let (kind, what) = match token {
            Json::Null => return Ok(JsValue::Null),
            Json::Bool(b) => return Ok((*b).into()),
            Json::String(text) => return Ok(text.as_str().into()),
            Json::Number(n) => return n.as_f64().map(JsValue::Number).ok_or("a number".into()),
            Json::Object(tagged) => {
                let only = tagged.iter().next().filter(|_| tagged.len() == 1);
                only.map(|(kind, what)| (kind.as_str(), what)).ok_or_else(|| bad(token))?
            }
            Json::Array(_) => return Err(bad(token)),
        };
        let number = || what.as_u64().ok_or_else(|| bad(token));
        let text = || what.as_str().ok_or_else(|| bad(token));
        Ok(match kind {
            "undefined" => JsValue::Undefined,
            "number" => JsValue::Number(text()?.parse().map_err(|_| bad(token))?),
            "bigint" => match edn::read(&format!("{}N", text()?)) {
                Ok(edn::Value::BigInt(n)) => JsValue::BigInt(n),
                _ => return Err(bad(token)),
            },
            "date" => JsValue::Date(what.as_f64().unwrap_or(f64::NAN)),
            "edn" => JsValue::Edn(edn::read(text()?).map_err(|error| error.to_string())?),
            "array" => {
                let items: Result<Vec<JsValue>, String> =
                    (0..number()?).map(|_| self.value(rest, make, depth + 1)).collect();
                JsValue::Array(items?)
            }
            "object" => {
                let property = |tables: &mut Tables, rest: &mut &[Json]| {
                    let name = next(rest)?.as_str().ok_or("a name of a property")?;
                    Ok::<_, String>((name.into(), tables.value(rest, make, depth + 1)?))
                };
                let properties: Result<Vec<_>, String> =
                    (0..number()?).map(|_| property(self, rest)).collect();
                JsValue::Object(properties?)
            }
            "function" => {
                let number = number()?;
                self.functions.entry(number).or_insert_with(|| make(number)).clone().into()
            }
            "foreign" => {
                let (number, printed) = (number()?, next(rest)?.as_str().unwrap_or_default());
                let foreign = self.foreign.entry(number);
                foreign.or_insert_with(|| Foreign::new(number, printed)).clone().into()
            }
            "database" => known(&self.databases, number()?)?.into(),
            "connection" => known(&self.connections, number()?)?.into(),
            "entity" => known(&self.entities, number()?)?.into(),
            "datom" => {
                let mut part = || self.value(rest, make, depth + 1);
                let [e, a, v, tx] = [part()?, part()?, part()?, part()?];
                Datom::new(&e, &a, &v, &tx).map_err(|error| error.to_string())?.into()
            }
            _ => return Err(bad(token)),
        })
    }

    /// Adds the tokens of a value.
    pub(super) fn encode(&mut self, value: &JsValue, tokens: &mut Vec<Json>) {
        match value {
            JsValue::Undefined => tokens.push(json!({"undefined": 0})),
            JsValue::Null => tokens.push(Json::Null),
            JsValue::Bool(b) => tokens.push(json!(b)),
            JsValue::Number(n) if n.is_finite() => tokens.push(json!(n)),
            JsValue::Number(n) if n.is_nan() => tokens.push(json!({"number": "NaN"})),
            JsValue::Number(n) if *n > 0.0 => tokens.push(json!({"number": "Infinity"})),
            JsValue::Number(_) => tokens.push(json!({"number": "-Infinity"})),
            JsValue::BigInt(n) => tokens.push(json!({"bigint": n.to_string()})),
            JsValue::String(text) => tokens.push(json!(&**text)),
            JsValue::Date(ms) => tokens.push(json!({"date": ms})),
            JsValue::Edn(value) => tokens.push(json!({"edn": value.to_string()})),
            JsValue::Array(items) => {
                tokens.push(json!({"array": items.len()}));
                items.iter().for_each(|item| self.encode(item, tokens));
            }
            JsValue::Object(properties) => {
                tokens.push(json!({"object": properties.len()}));
                for (name, value) in properties {
                    tokens.push(json!(&**name));
                    self.encode(value, tokens);
                }
            }
            JsValue::Function(function) => tokens.push(json!({"function": function.number()})),
            JsValue::Foreign(foreign) => tokens.push(json!({"foreign": foreign.number()})),
            JsValue::Database(database) => {
                tokens.push(json!({"database": place(&mut self.databases, database)}));
            }
            JsValue::Connection(connection) => {
                tokens.push(json!({"connection": place(&mut self.connections, connection)}));
            }
            JsValue::Entity(entity) => {
                tokens.push(json!({"entity": place(&mut self.entities, entity)}));
                tokens.push(json!(entity.eid()));
                self.encode(&entity.database().clone().into(), tokens);
            }
            JsValue::Datom(datom) => {
                tokens.push(json!({"datom": 0}));
                let parts = [datom.e.into(), datom.a(), datom.v(), datom.signed_tx().into()];
                parts.iter().for_each(|part| self.encode(part, tokens));
            }
        }
    }
}

fn next<'a>(rest: &mut &'a [Json]) -> Result<&'a Json, String> {
    let (first, others) = rest.split_first().ok_or("the end of a message within a value")?;
    *rest = others;
    Ok(first)
}

fn bad(token: &Json) -> String {
    format!("{token} is no token")
}

fn known<T: Clone>(things: &[T], number: u64) -> Result<T, String> {
    let thing = usize::try_from(number).ok().and_then(|number| things.get(number));
    thing.cloned().ok_or_else(|| format!("nothing has the number {number}"))
}

/// The number of a thing, which it gets where it has none.
fn place<T: Clone + PartialEq>(things: &mut Vec<T>, thing: &T) -> usize {
    things.iter().rposition(|known| known == thing).unwrap_or_else(|| {
        things.push(thing.clone());
        things.len() - 1
    })
}
