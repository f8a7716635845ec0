//! Findings in the shape in which clj-kondo prints its analysis, for the tools that read that.
//!
//! Keys and their meaning are clj-kondo's; what is not known here is left out.

use super::find::{
    ClassFound, DefinitionFound, Findings, ImplementationFound, KeywordFound, LoadFound,
    LocalFound, LocalUsageFound, NamespaceFound, Place, SymbolFound, UsageFound,
};
use edn::{Keyword, Str, Symbol, Value};

/// What was found as a map of clj-kondo's buckets: `:namespace-definitions`, `:var-usages` …
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
    Value::map(vec![
        bucket("namespace-definitions", all, |f| &f.namespaces, namespace),
        bucket("namespace-usages", all, |f| &f.loads, load),
        bucket("var-definitions", all, |f| f.definitions.iter().chain(&f.members), definition),
        bucket("var-usages", all, |f| &f.usages, usage),
        bucket("locals", all, |f| &f.locals, local),
        bucket("local-usages", all, |f| &f.local_usages, local_usage),
        bucket("keywords", all, |f| &f.keywords, keyword),
        bucket("protocol-impls", all, |f| &f.implementations, implementation),
        bucket("java-class-usages", all, |f| &f.classes, class),
        bucket("symbols", all, |f| &f.symbols, quoted_symbol),
    ])
}

/// All findings of one kind. Numbers of locals, which are of one file, are made those of all files.
fn bucket<'a, T: 'a, I: IntoIterator<Item = &'a T>>(
    name: &str,
    all: &'a [Findings],
    of: impl Fn(&'a Findings) -> I,
    print: impl Fn(Entries, &T, u32) -> Entries,
) -> (Value, Value) {
    let mut first_local = 0;
    let mut printed = Vec::new();
    for found in all {
        let records = of(found).into_iter();
        let file =
            || Entries(vec![(Value::keyword("filename"), Value::string(found.path.as_str()))]);
        printed.extend(records.map(|record| print(file(), record, first_local).map()));
        first_local += found.locals.len() as u32;
    }
    (Value::keyword(name), Value::vector(printed))
}

/// A map in the making; what is not there is left out.
struct Entries(Vec<(Value, Value)>);

impl Entries {
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

fn namespace(file: Entries, ns: &NamespaceFound, _: u32) -> Entries {
    file.with("name", symbol(&ns.name)).lang(ns.lang).at(&ns.at).name_at(&ns.name_at)
}

fn load(file: Entries, load: &LoadFound, _: u32) -> Entries {
    file.with("from", symbol(&load.from))
        .with("to", symbol(&load.to))
        .with("alias", load.alias.as_deref().map(symbol))
        .lang(load.lang)
        .at(&load.name_at)
        .name_at(&load.name_at)
}

fn definition(file: Entries, def: &DefinitionFound, _: u32) -> Entries {
    file.with("ns", symbol(&def.ns))
        .with("name", symbol(&def.name))
        .with("defined-by", symbol(&def.defined_by))
        .lang(def.lang)
        .flag("private", def.private)
        .flag("macro", def.is_macro)
        .with("arglist-strs", some(&def.arglists, |text| Value::string(&**text)))
        .with("fixed-arities", some(&def.fixed_arities, |n| number(*n)))
        .with("varargs-min-arity", def.varargs_min_arity.map(number))
        .with("protocol-ns", def.protocol.as_ref().map(|_| symbol(&def.ns)))
        .with("protocol-name", def.protocol.as_deref().map(symbol))
        .with("doc", def.doc.as_deref().map(Value::string))
        .with("added", def.added.as_deref().map(said))
        .with("deprecated", def.deprecated.as_deref().map(said))
        .at(&def.at)
        .name_at(&def.name_at)
}

/// A list, where it is not empty.
fn some<T>(list: &[T], print: impl Fn(&T) -> Value) -> Option<Value> {
    (!list.is_empty()).then(|| Value::vector(list.iter().map(print).collect()))
}

/// What metadata says: a text, or that it is so.
fn said(text: &str) -> Value {
    if text == "true" { Value::Bool(true) } else { Value::string(text) }
}

/// A namespace that is named; clj-kondo has a keyword for one that cannot be found.
fn named(ns: Option<&Str>) -> Value {
    ns.map_or_else(|| Value::keyword("clj-kondo/unknown-namespace"), |ns| symbol(ns))
}

fn usage(file: Entries, usage: &UsageFound, _: u32) -> Entries {
    file.with("from", symbol(&usage.from))
        .with("from-var", usage.from_var.as_deref().map(symbol))
        .with("to", named(usage.to.as_ref()))
        .with("name", symbol(&usage.name))
        .with("alias", usage.alias.as_deref().map(symbol))
        .with("arity", usage.arity.map(number))
        .flag("refer", usage.refer)
        .flag("defmethod", usage.dispatch.is_some())
        .with("dispatch-val-str", usage.dispatch.as_deref().map(Value::string))
        .lang(usage.lang)
        .at(&usage.at)
        .name_at(&usage.name_at)
}

fn local(file: Entries, local: &LocalFound, first: u32) -> Entries {
    file.with("id", number(first + local.id))
        .with("name", symbol(&local.name))
        .with("str", Value::string(&*local.text))
        .lang(local.lang)
        .at(&local.at)
        .with("scope-end-row", number(local.scope.end_row))
        .with("scope-end-col", number(local.scope.end_col))
}

fn local_usage(file: Entries, usage: &LocalUsageFound, first: u32) -> Entries {
    file.with("id", number(first + usage.id))
        .with("name", symbol(&usage.name))
        .lang(usage.lang)
        .at(&usage.at)
        .name_at(&usage.at)
}

fn keyword(file: Entries, keyword: &KeywordFound, _: u32) -> Entries {
    let unknown = keyword.ns.is_none() && keyword.alias.is_some();
    file.with("from", keyword.from.as_deref().map(symbol))
        .with("from-var", keyword.from_var.as_deref().map(symbol))
        .with("ns", (keyword.ns.is_some() || unknown).then(|| named(keyword.ns.as_ref())))
        .with("name", Value::string(&*keyword.name))
        .with("alias", keyword.alias.as_deref().filter(|_| !unknown).map(symbol))
        .flag("auto-resolved", keyword.auto_resolved)
        .flag("namespace-from-prefix", keyword.namespace_from_prefix)
        .flag("keys-destructuring", keyword.keys_destructuring)
        .flag("keys-destructuring-ns-modifier", keyword.keys_modifier)
        .lang(keyword.lang)
        .at(&keyword.at)
}

fn implementation(file: Entries, found: &ImplementationFound, _: u32) -> Entries {
    file.with("protocol-ns", found.protocol_ns.as_deref().map(symbol))
        .with("protocol-name", symbol(&found.protocol))
        .with("method-name", symbol(&found.method))
        .with("impl-ns", symbol(&found.from))
        .with("defined-by", symbol(&found.defined_by))
        .lang(found.lang)
        .at(&found.at)
        .name_at(&found.name_at)
}

fn class(file: Entries, class: &ClassFound, _: u32) -> Entries {
    file.with("class", Value::string(&*class.class))
        .with("method-name", class.member.as_deref().map(Value::string))
        .flag("import", class.import)
        .lang(class.lang)
        .at(&class.at)
        .name_at(&class.name_at)
}

fn quoted_symbol(file: Entries, found: &SymbolFound, _: u32) -> Entries {
    file.with("from", symbol(&found.from))
        .with("symbol", symbol(&found.symbol))
        .with("to", found.to.as_deref().map(symbol))
        .with("name", symbol(&found.name))
        .lang(found.lang)
        .at(&found.at)
}
