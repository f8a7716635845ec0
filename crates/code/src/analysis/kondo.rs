//! Findings in the shape in which clj-kondo prints its analysis, for the tools that read that.
//!
//! Keys and their meaning are clj-kondo's; what is not known here is left out.

use super::findings::{DefinitionFound, Findings, LoadFound, NamespaceFound, Place, UsageFound};
use edn::{Keyword, Symbol, Value};

/// What was found as `{:namespace-definitions […] :namespace-usages […] :var-definitions […] :var-usages […]}`.
///
/// ```
/// use code::analysis::{Rules, as_kondo, find};
/// let found = find(&[("a.clj".into(), "(ns a)\n(def x 1)".into())], &Rules::default());
/// let analysis = as_kondo(&found);
/// let vars = analysis.as_map().unwrap().get_keyword("var-definitions").unwrap();
/// let x = vars.as_seq().unwrap()[0].as_map().unwrap();
/// assert_eq!(x.get_keyword("name"), Some(&edn::Value::symbol("x")));
/// assert_eq!(x.get_keyword("row"), Some(&edn::Value::Int(2)));
/// ```
pub fn as_kondo(all: &[Findings]) -> Value {
    let bucket = |name: &str, of: &dyn Fn(&Findings) -> Vec<Value>| {
        (Value::keyword(name), Value::vector(all.iter().flat_map(of).collect()))
    };
    Value::map(vec![
        bucket("namespace-definitions", &|f| {
            f.namespaces.iter().map(|ns| namespace(&f.path, ns)).collect()
        }),
        bucket("namespace-usages", &|f| f.loads.iter().map(|l| load(&f.path, l)).collect()),
        bucket("var-definitions", &|f| {
            f.definitions.iter().map(|def| definition(&f.path, def)).collect()
        }),
        bucket("var-usages", &|f| f.usages.iter().map(|u| usage(&f.path, u)).collect()),
    ])
}

/// A map in the making; what is not there is left out.
struct Entries(Vec<(Value, Value)>);

impl Entries {
    fn of(path: &str) -> Entries {
        Entries(vec![(Value::keyword("filename"), Value::string(path))])
    }

    fn with(mut self, key: &str, value: impl Into<Option<Value>>) -> Entries {
        self.0.extend(value.into().map(|value| (Value::keyword(key), value)));
        self
    }

    fn flag(self, key: &str, is: bool) -> Entries {
        self.with(key, is.then_some(Value::Bool(true)))
    }

    fn lang(self, lang: Option<&str>) -> Entries {
        self.with("lang", lang.map(|lang| Value::Keyword(Keyword::parse(lang))))
    }

    fn at(self, at: &Place) -> Entries {
        self.with("row", number(at.row))
            .with("col", number(at.col))
            .with("end-row", number(at.end_row))
            .with("end-col", number(at.end_col))
    }

    fn name_at(self, at: &Place) -> Entries {
        self.with("name-row", number(at.row))
            .with("name-col", number(at.col))
            .with("name-end-row", number(at.end_row))
            .with("name-end-col", number(at.end_col))
    }

    fn map(self) -> Value {
        Value::map(self.0)
    }
}

fn number(n: u32) -> Value {
    Value::Int(i64::from(n))
}

/// A name as a symbol; what no symbol can be, as the libraries of JavaScript are called, as a text.
fn symbol(name: &str) -> Value {
    match name.contains(['@', '"', '`', '~', '^', '(', '[', '{', ' ']) {
        true => Value::string(name),
        false => Value::Symbol(Symbol::parse(name)),
    }
}

fn namespace(path: &str, ns: &NamespaceFound) -> Value {
    let entries = Entries::of(path).with("name", symbol(&ns.name)).lang(ns.lang);
    entries.at(&ns.at).name_at(&ns.name_at).map()
}

fn load(path: &str, load: &LoadFound) -> Value {
    let entries = Entries::of(path).with("from", symbol(&load.from)).with("to", symbol(&load.to));
    let entries = entries.with("alias", load.alias.as_deref().map(symbol)).lang(load.lang);
    entries.at(&load.name_at).name_at(&load.name_at).map()
}

fn definition(path: &str, def: &DefinitionFound) -> Value {
    Entries::of(path)
        .with("ns", symbol(&def.ns))
        .with("name", symbol(&def.name))
        .with("defined-by", symbol(&def.kind))
        .lang(def.lang)
        .flag("private", def.private)
        .flag("macro", def.is_macro)
        .with("doc", def.doc.as_deref().map(Value::string))
        .at(&def.at)
        .name_at(&def.name_at)
        .map()
}

fn usage(path: &str, usage: &UsageFound) -> Value {
    let unknown = || Value::keyword("clj-kondo/unknown-namespace");
    Entries::of(path)
        .with("from", symbol(&usage.from))
        .with("from-var", usage.from_var.as_deref().map(symbol))
        .with("to", usage.to.as_deref().map_or_else(unknown, symbol))
        .with("name", symbol(&usage.name))
        .with("alias", usage.alias.as_deref().map(symbol))
        .with("arity", usage.arity.map(number))
        .lang(usage.lang)
        .at(&usage.name_at)
        .name_at(&usage.name_at)
        .map()
}
