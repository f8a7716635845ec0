//! A pattern as data becomes a [`Pattern`], checked against the schema.

use super::PullError;
use crate::tx::forward_name;
use crate::{AttrId, Db};
use edn::Value;
use std::sync::Arc;

/// How many values of a cardinality-many attribute come out unless the pattern says otherwise.
const DEFAULT_LIMIT: usize = 1000;

/// A parsed pull pattern. It belongs to the schema it was parsed with.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// Forward attributes, sorted by name.
    pub(super) attrs: Vec<AttrSpec>,
    /// Reverse attributes, sorted by name.
    pub(super) reverse: Vec<AttrSpec>,
    pub(super) wildcard: bool,
    /// Whether no two attributes can have the same key in the result.
    pub(super) distinct_keys: bool,
}

#[derive(Clone, Debug)]
pub(super) struct AttrSpec {
    /// The attribute itself, never in its reverse form.
    pub(super) name: Value,
    /// `None` where the database does not know it: it has no values then.
    pub(super) attr: Option<AttrId>,
    /// `:db/id`, which is no attribute.
    pub(super) is_db_id: bool,
    /// The key in the result.
    pub(super) key: Value,
    pub(super) many: bool,
    pub(super) component: bool,
    pub(super) limit: Option<usize>,
    pub(super) default: Option<Value>,
    pub(super) xform: Option<Xform>,
    pub(super) follow: Follow,
    /// Whether it is one value as it stands, or nothing.
    pub(super) as_it_stands: bool,
}

impl AttrSpec {
    /// What `as_it_stands` is to say.
    pub(super) fn stands(&self) -> bool {
        let unchanged = matches!(self.follow, Follow::Value) && self.xform.is_none();
        unchanged && !self.many && !self.is_db_id && self.default.is_none()
    }
}

/// What becomes of the values of an attribute.
#[derive(Clone, Debug)]
pub(super) enum Follow {
    /// Not a reference: the values themselves.
    Value,
    /// A reference, shown as its `:db/id`.
    Id,
    /// A component, shown whole.
    Component,
    /// A reference, pulled with its own pattern.
    Pattern(Arc<Pattern>),
    /// A reference, pulled with the pattern it stands in, to this depth.
    Recurse(Option<usize>),
}

/// A function on pulled values.
#[derive(Clone, Debug)]
pub(super) enum Xform {
    Builtin(crate::query::Builtin),
    Object(edn::Opaque),
}

fn expected(expected: &'static str, fragment: &Value) -> PullError {
    PullError::Pattern { expected, fragment: fragment.to_string() }
}

fn is_wildcard(spec: &Value) -> bool {
    match spec {
        Value::Symbol(s) => s.as_str() == "*",
        Value::Keyword(k) => k.as_str() == "*",
        Value::Str(s) => &**s == "*",
        _ => false,
    }
}

fn is_word(value: &Value, word: &str) -> bool {
    match value {
        Value::Symbol(s) => s.as_str() == word,
        Value::Str(s) => &**s == word,
        _ => false,
    }
}

/// `:db/id`, under either of its names.
fn is_db_id(name: &Value) -> bool {
    match name {
        Value::Keyword(k) => k.as_str() == "db/id",
        Value::Str(s) => &**s == ":db/id",
        _ => false,
    }
}

impl AttrSpec {
    /// What an attribute means when the pattern says no more than its name.
    pub(super) fn plain(db: &Db, name: &Value) -> AttrSpec {
        let info = db.schema().attribute(name);
        let component = info.is_some_and(|a| a.is_component());
        let follow = match info {
            Some(a) if a.is_component() => Follow::Component,
            Some(a) if a.is_ref() => Follow::Id,
            _ => Follow::Value,
        };
        let many = info.is_some_and(|a| a.is_many());
        AttrSpec {
            name: name.clone(),
            attr: db.attr(name),
            is_db_id: is_db_id(name),
            key: name.clone(),
            many,
            component,
            limit: many.then_some(DEFAULT_LIMIT),
            default: None,
            xform: None,
            follow,
            as_it_stands: false,
        }
    }

    fn is_ref(&self) -> bool {
        !matches!(self.follow, Follow::Value)
    }

    fn set_limit(&mut self, limit: &Value) -> Result<(), PullError> {
        let limit_value = match limit {
            Value::Nil => None,
            Value::Int(n) if *n > 0 => Some(*n as usize),
            _ => return Err(expected("(positive-number | nil)", limit)),
        };
        if !self.many {
            return Err(expected("limit attribute having :db.cardinality/many", &self.name));
        }
        self.limit = limit_value;
        Ok(())
    }

    fn set_option(&mut self, key: &Value, value: &Value, spec: &Value) -> Result<(), PullError> {
        let name = key.as_keyword().map(|k| k.as_str());
        match name {
            Some("as") => self.key = value.clone(),
            Some("limit") => self.set_limit(value)?,
            Some("default") => self.default = (*value != Value::Nil).then(|| value.clone()),
            Some("xform") => self.xform = Some(parse_xform(value)?),
            _ => return Err(expected("one of :as, :limit, :default, :xform", spec)),
        }
        Ok(())
    }
}

fn parse_xform(function: &Value) -> Result<Xform, PullError> {
    match function {
        Value::Opaque(object) => Ok(Xform::Object(object.clone())),
        Value::Symbol(symbol) => crate::query::builtin(symbol)
            .map(Xform::Builtin)
            .ok_or_else(|| PullError::UnknownFunction(function.to_string())),
        _ => Err(PullError::UnknownFunction(function.to_string())),
    }
}

/// An attribute spec with the direction it is read in.
struct Directed {
    spec: AttrSpec,
    reverse: bool,
}

fn parse_name(db: &Db, name: &Value) -> Result<Directed, PullError> {
    let Some(forward) = forward_name(name) else {
        return Ok(Directed { spec: AttrSpec::plain(db, name), reverse: false });
    };
    let mut spec = AttrSpec::plain(db, &forward);
    if !spec.is_ref() {
        return Err(expected("reverse attribute having :db.type/ref", name));
    }
    spec.key = name.clone();
    spec.follow = Follow::Id;
    Ok(Directed { spec, reverse: true })
}

/// `None` where it is none of the forms of an attribute spec.
fn parse_spec(db: &Db, spec: &Value) -> Result<Option<Directed>, PullError> {
    match spec {
        Value::Keyword(_) => parse_name(db, spec).map(Some),
        Value::Str(s) if !matches!(&**s, "limit" | "default") => parse_name(db, spec).map(Some),
        _ => match spec.as_seq() {
            Some(items) => parse_expression(db, items, spec).map(Some),
            None => Ok(None),
        },
    }
}

fn parse_expression(db: &Db, items: &[Value], spec: &Value) -> Result<Directed, PullError> {
    let head = items.first().unwrap_or(&Value::Nil);
    if let Some(mut directed) = parse_spec(db, head)? {
        if items.len().is_multiple_of(2) {
            return Err(expected("even number of opts", spec));
        }
        for option in items[1..].chunks_exact(2) {
            directed.spec.set_option(&option[0], &option[1], spec)?;
        }
        return Ok(directed);
    }
    if is_word(head, "limit") {
        let [_, attr, limit] = items else {
            return Err(expected("['limit attr-name (positive-number | nil)]", spec));
        };
        let mut directed = parse_required_spec(db, attr)?;
        directed.spec.set_limit(limit)?;
        return Ok(directed);
    }
    if is_word(head, "default") {
        let [_, attr, default] = items else {
            return Err(expected("['default attr-name any-value]", spec));
        };
        let mut directed = parse_required_spec(db, attr)?;
        directed.spec.default = (*default != Value::Nil).then(|| default.clone());
        return Ok(directed);
    }
    Err(expected(
        "[attr-name attr-option+] | ['limit attr-name (positive-num | nil)] | ['default attr-name any-val]",
        spec,
    ))
}

fn parse_required_spec(db: &Db, spec: &Value) -> Result<Directed, PullError> {
    parse_spec(db, spec)?.ok_or_else(|| expected("attr-name | attr-expr", spec))
}

fn parse_map_entry(db: &Db, spec: &Value, nested: &Value) -> Result<Directed, PullError> {
    let mut directed = parse_required_spec(db, spec)?;
    if !directed.spec.is_ref() {
        return Err(expected("attribute having :db.type/ref", spec));
    }
    directed.spec.follow = match nested {
        _ if is_word(nested, "...") => Follow::Recurse(None),
        Value::Int(depth) if *depth > 0 => Follow::Recurse(Some(*depth as usize)),
        Value::Int(_) => {
            let entry = Value::map(vec![(spec.clone(), nested.clone())]);
            return Err(expected("(positive-num | ...)", &entry));
        }
        _ => Follow::Pattern(Arc::new(Pattern::parse(db, nested)?)),
    };
    Ok(directed)
}

impl Pattern {
    /// Parses a pattern for this database's schema.
    pub fn parse(db: &Db, pattern: &Value) -> Result<Pattern, PullError> {
        let items =
            pattern.as_seq().ok_or_else(|| expected("pattern to be sequential?", pattern))?;
        let mut parsed = Pattern {
            attrs: Vec::new(),
            reverse: Vec::new(),
            wildcard: false,
            distinct_keys: true,
        };
        for item in items {
            if is_wildcard(item) {
                parsed.wildcard = true;
            } else if let Some(map) = item.as_map() {
                for (spec, nested) in map.iter() {
                    parsed.put(parse_map_entry(db, spec, nested)?);
                }
            } else {
                let directed = parse_spec(db, item)?
                    .ok_or_else(|| expected("attr-name | attr-expr | map-spec | *", item))?;
                parsed.put(directed);
            }
        }
        parsed.finish(db);
        Ok(parsed)
    }

    /// A later spec with the same key takes the place of the earlier one.
    fn put(&mut self, directed: Directed) {
        let specs = if directed.reverse { &mut self.reverse } else { &mut self.attrs };
        match specs.iter_mut().find(|s| s.key == directed.spec.key) {
            Some(slot) => *slot = directed.spec,
            None => specs.push(directed.spec),
        }
    }

    fn finish(&mut self, db: &Db) {
        if self.wildcard && !self.attrs.iter().any(|s| s.is_db_id) {
            self.attrs.push(AttrSpec::plain(db, &Value::keyword("db/id")));
        }
        for spec in &mut self.attrs {
            spec.as_it_stands = spec.stands();
        }
        self.attrs.sort_by(|a, b| a.name.cmp(&b.name));
        self.reverse.sort_by(|a, b| a.name.cmp(&b.name));
        // A wildcard brings keys of its own, which a renamed attribute may have taken.
        let as_named = self.reverse.is_empty() && self.attrs.iter().all(|s| s.key == s.name);
        let apart = self.reverse.iter().all(|r| self.attrs.iter().all(|a| a.key != r.key));
        self.distinct_keys = if self.wildcard { as_named } else { apart };
    }
}
