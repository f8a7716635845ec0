//! The vars that a file defines.

use super::{Finder, Place};
use crate::analysis::metadata::{has_flag, map_entry, meta_entry};
use crate::analysis::ns::Reading;
use crate::analysis::walk::{Def, Form};
use edn::Str;
use edn::syntax::Kind;

/// A var that is defined.
#[derive(Clone, Debug)]
pub struct DefinitionFound {
    /// The platform, in a file that several read.
    pub lang: Option<&'static str>,
    /// Its namespace.
    pub ns: Str,
    /// Its name.
    pub name: Str,
    /// What defines it.
    pub kind: Str,
    /// The same in full, as in `clojure.core/defn`.
    pub defined_by: Str,
    /// Where the form that defines it stands.
    pub at: Place,
    /// Where the name stands; of a var that is made by the way, the name it is made of.
    pub name_at: Place,
    /// Whether it is private.
    pub private: bool,
    /// Whether it is a macro.
    pub is_macro: bool,
    /// Its parameter vectors, as text.
    pub arglists: Vec<Str>,
    /// With how many arguments it can be called, in ascending order.
    pub fixed_arities: Vec<u32>,
    /// With how many at least, where it takes any number.
    pub varargs_min_arity: Option<u32>,
    /// Its docstring.
    pub doc: Option<Str>,
    /// The protocol or interface of a method.
    pub protocol: Option<Str>,
    /// Since when it is there, as its metadata says.
    pub added: Option<Str>,
    /// Since when it is not to be used any more, as its metadata says: a version, or `true`.
    pub deprecated: Option<Str>,
    /// Whether it stands in a `comment`, so that nothing outside of that has it.
    pub in_comment: bool,
}

impl Finder<'_> {
    pub(super) fn definition(&self, form: &Form, def: &Def) -> DefinitionFound {
        let reading = self.reading();
        let context = &self.pass.contexts[form.context];
        let list = def.list as usize;
        let parts = reading.forms(list);
        let protocol = self.protocol_around(form, def);
        let vectors = parameters(&reading, def, &parts);
        let arity = |vector: &usize| arity(&reading, *vector);
        let is_constructor_of_map = def.name.starts_with("map->") && def.kind == "defrecord";
        let is_test = matches!(def.kind.as_str(), "deftest" | "deftest-");
        let (mut arglists, mut arities): (Vec<Str>, Vec<Arity>) =
            vectors.iter().map(|vector| (Str::from(reading.text(*vector)), arity(vector))).unzip();
        if is_constructor_of_map {
            (arglists, arities) = (vec!["[m]".into()], vec![Arity::Fixed(1)]);
        }
        if is_test {
            (arglists, arities) = (Vec::new(), vec![Arity::Fixed(0)]);
        }
        let mut fixed_arities: Vec<u32> = arities.iter().filter_map(Arity::fixed).collect();
        fixed_arities.sort_unstable();
        fixed_arities.dedup();
        DefinitionFound {
            lang: self.lang,
            ns: context.name.as_str().into(),
            name: def.name.as_str().into(),
            kind: def.kind.as_str().into(),
            defined_by: self.head(context, protocol.unwrap_or(list)),
            at: self.place(&reading.span(list)),
            name_at: self.place(&def.at),
            private: def.private,
            is_macro: def.is_macro,
            arglists,
            fixed_arities,
            varargs_min_arity: arities.iter().find_map(Arity::at_least),
            doc: def.doc.as_deref().map(Str::from),
            protocol: protocol
                .and_then(|list| reading.symbol(*reading.forms(list).get(1)?))
                .map(Str::from),
            added: said(&reading, &parts, "added"),
            deprecated: said(&reading, &parts, "deprecated"),
            in_comment: def.in_comment,
        }
    }

    /// The `defprotocol` or `definterface` that a method stands in.
    fn protocol_around(&self, form: &Form, method: &Def) -> Option<usize> {
        let inner = self.file.tree.node(method.list as usize);
        let kind = match method.kind.as_str() {
            "protocol-method" => "defprotocol",
            "interface-method" => "definterface",
            _ => return None,
        };
        let around = |def: &&Def| {
            let list = self.file.tree.node(def.list as usize);
            def.kind == kind && list.start < inner.start && inner.end < list.end
        };
        let protocol = form.defs.iter().rfind(around)?;
        Some(protocol.list as usize)
    }
}

/// How many arguments one parameter vector takes.
enum Arity {
    Fixed(u32),
    AtLeast(u32),
}

impl Arity {
    fn fixed(&self) -> Option<u32> {
        match self {
            Arity::Fixed(count) => Some(*count),
            Arity::AtLeast(_) => None,
        }
    }

    fn at_least(&self) -> Option<u32> {
        match self {
            Arity::AtLeast(count) => Some(*count),
            Arity::Fixed(_) => None,
        }
    }
}

fn arity(reading: &Reading<'_>, vector: usize) -> Arity {
    let mut count = 0;
    let mut names = reading.forms(vector).into_iter();
    while let Some(name) = names.next() {
        match reading.text(name) {
            "&" => return Arity::AtLeast(count),
            // A schema follows.
            ":-" => _ = names.next(),
            _ => count += 1,
        }
    }
    Arity::Fixed(count)
}

fn is_vector(reading: &Reading<'_>, node: usize) -> bool {
    reading.kind(node) == Kind::Vector
}

/// The parameter vectors of a definition whose form has these parts.
fn parameters(reading: &Reading<'_>, def: &Def, parts: &[usize]) -> Vec<usize> {
    let bare = |nodes: &[usize]| nodes.iter().map(|n| reading.bare(*n)).collect::<Vec<_>>();
    let rest = parts.get(2..).unwrap_or_default();
    match def.kind.as_str() {
        "protocol-method" | "interface-method" => {
            let parts = bare(parts.get(1..).unwrap_or_default());
            parts.into_iter().filter(|n| is_vector(reading, *n)).collect()
        }
        // The class itself is called with no arguments; `->R` takes its fields.
        "defrecord" | "deftype" if !def.name.starts_with("->") => Vec::new(),
        "def" | "defonce" => function(reading, rest.last().copied()),
        "declare" | "defmulti" | "import-vars" | "defprotocol" => Vec::new(),
        _ => vectors(reading, &bare(rest)),
    }
}

/// The parameter vectors of a `fn` that a var is given as its value.
fn function(reading: &Reading<'_>, value: Option<usize>) -> Vec<usize> {
    let Some(value) = value.map(|value| reading.bare(value)) else { return Vec::new() };
    if reading.kind(value) != Kind::List {
        return Vec::new();
    }
    let parts: Vec<usize> = reading.forms(value).into_iter().map(|n| reading.bare(n)).collect();
    match parts.first().and_then(|head| reading.symbol(*head)) {
        Some("fn" | "fn*") => vectors(reading, &parts[1..]),
        _ => Vec::new(),
    }
}

/// `[params] body` or `([params] body)+`, after whatever stands before.
fn vectors(reading: &Reading<'_>, parts: &[usize]) -> Vec<usize> {
    if let Some(vector) = parts.iter().find(|part| is_vector(reading, **part)) {
        return vec![*vector];
    }
    let lists = parts.iter().filter(|part| reading.kind(**part) == Kind::List);
    let first = |list: &usize| Some(reading.bare(*reading.forms(*list).first()?));
    lists.filter_map(first).filter(|first| is_vector(reading, *first)).collect()
}

/// What the metadata of a definition's name, or its map of attributes, says under a key.
fn said(reading: &Reading<'_>, parts: &[usize], key: &str) -> Option<Str> {
    let name = *parts.get(1)?;
    let attributes = parts[2..].iter().take(2).find(|part| reading.kind(**part) == Kind::Map);
    let value = meta_entry(reading, name, key)
        .or_else(|| attributes.and_then(|map| map_entry(reading, *map, key)));
    match value {
        Some(value) => Some(reading.string(value).unwrap_or(reading.text(value)).into()),
        None => has_flag(reading, name, key).then(|| "true".into()),
    }
}
