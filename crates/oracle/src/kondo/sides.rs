//! Both sides brought to the same shape: of each bucket the findings, each with its place and what is said of it.

use super::records::{Record, Records};
use super::{BUCKETS, Bucket, Finding};
use code::analysis::{DefinitionFound, Findings, Place};
use std::collections::{BTreeMap, BTreeSet};

pub(super) type Buckets = BTreeMap<Bucket, BTreeSet<Finding>>;

/// Forms that are no vars; clj-kondo counts them as uses of core.
const SPECIAL: &str = "def if do let* loop* fn* letfn* quote var try catch finally throw recur new . set! \
    monitor-enter monitor-exit & case* deftype* reify* import* ns* js* defrecord* in-ns ns";

/// clj-kondo does not say that a use stands in a type.
fn makes_type(defined_by: &str) -> bool {
    ["defrecord", "deftype"].contains(&defined_by.rsplit('/').next().unwrap_or(defined_by))
}

/// What there is to know before clj-kondo's records can be read.
struct Known<'a> {
    special: BTreeSet<&'static str>,
    types: BTreeSet<&'a str>,
    /// Where each local is bound, by its number.
    locals: BTreeMap<u32, (u32, u32)>,
}

pub(super) fn theirs(records: &Records, analysed: &BTreeSet<&str>) -> Buckets {
    let of_type = |record: &&Record| record.text("defined-by").is_some_and(makes_type);
    let definitions = records.bucket("var-definitions").unwrap_or_default();
    let known = Known {
        special: SPECIAL.split_whitespace().collect(),
        types: definitions.iter().filter(of_type).filter_map(|r| r.text("name")).collect(),
        locals: records
            .bucket("locals")
            .unwrap_or_default()
            .iter()
            .filter_map(|r| Some((r.number("id")?, (r.number("row")?, r.number("col")?))))
            .collect(),
    };
    let mut buckets = Buckets::new();
    for about in &BUCKETS {
        let findings = buckets.entry(about.bucket).or_default();
        for record in records.bucket(about.file).unwrap_or_default() {
            let file = record.text("filename").unwrap_or_default();
            let place = |row, col| record.number(row).zip(record.number(col));
            let of_name = place("name-row", "name-col");
            let place = match about.bucket {
                Bucket::Locals | Bucket::Keywords | Bucket::Symbols => place("row", "col"),
                // An import has no place of its own for the name.
                Bucket::Classes => of_name.or(place("row", "col")),
                _ => of_name,
            };
            if let Some((row, col)) = place
                && analysed.contains(file)
                && let Some(says) = says(about.bucket, record, &known)
            {
                // Some buckets say the platform of files too that only one reads.
                let lang = record.text("lang").filter(|_| file.ends_with(".cljc"));
                let lang = lang.unwrap_or_default().to_string();
                findings.insert(Finding {
                    file: file.into(),
                    row,
                    col,
                    lang,
                    says,
                    unfounded: None,
                });
            }
        }
    }
    buckets
}

/// What clj-kondo's record says; nothing where it is not of this bucket.
fn says(bucket: Bucket, record: &Record, known: &Known<'_>) -> Option<String> {
    let text = |key| record.text(key).unwrap_or("-");
    match bucket {
        Bucket::Namespaces => Some(text("name").to_string()),
        Bucket::Loads => Some(format!("{} -> {} {}", text("from"), text("to"), text("alias"))),
        Bucket::Definitions => Some(format!("{}/{}", text("ns"), text("name"))),
        Bucket::DefinitionsInFull => Some(in_full(
            &format!("{}/{}", text("ns"), text("name")),
            text("defined-by"),
            (record.flag("private"), record.flag("macro")),
            (record.numbers("fixed-arities"), record.number("varargs-min-arity")),
        )),
        Bucket::Usages => Some(format!("{}/{}", var_namespace(record, known)?, text("name"))),
        Bucket::UsagesWithin => {
            let within = record.text("from-var").filter(|var| !known.types.contains(var));
            let to = var_namespace(record, known)?;
            Some(format!("{} {to}/{}", within.unwrap_or("-"), text("name")))
        }
        Bucket::Unresolved => (text("to") == UNKNOWN).then(|| text("name").to_string()),
        Bucket::Locals => Some(text("name").to_string()),
        Bucket::LocalUsages => {
            let (row, col) = known.locals.get(&record.number("id")?)?;
            Some(format!("{} of {row}:{col}", text("name")))
        }
        Bucket::Keywords => Some(keyword(record.text("ns"), text("name"))),
        Bucket::Implementations => {
            let protocol = record.text("protocol-ns").zip(record.text("protocol-name"));
            let protocol = protocol.map_or_else(String::new, |(ns, name)| format!("{ns}/{name} "));
            Some(format!("{protocol}{}", text("method-name")))
        }
        Bucket::Classes => Some(text("class").to_string()),
        Bucket::Symbols => Some(format!("{} -> {}", text("symbol"), text("to"))),
    }
}

/// What clj-kondo says of a name that it cannot resolve.
const UNKNOWN: &str = "clj-kondo/unknown-namespace";

/// The namespace of the var that is used; none where none is.
fn var_namespace<'a>(record: &'a Record, known: &Known<'_>) -> Option<&'a str> {
    let to = record.text("to").filter(|to| *to != UNKNOWN)?;
    let is_core = matches!(to, "clojure.core" | "cljs.core");
    if is_core && known.special.contains(record.text("name")?) {
        return None;
    }
    // As ClojureScript has it, core is one namespace under two names.
    let in_cljs = record.text("lang") == Some("cljs")
        || record.text("filename").is_some_and(|file| file.ends_with(".cljs"));
    Some(if is_core && in_cljs { "cljs.core" } else { to })
}

fn in_full(
    name: &str,
    defined_by: &str,
    (private, is_macro): (bool, bool),
    (fixed, more): (&[u32], Option<u32>),
) -> String {
    let private = if private { " private" } else { "" };
    let is_macro = if is_macro { " macro" } else { "" };
    let more = more.map(|least| format!(" and {least} or more")).unwrap_or_default();
    format!("{name} by {defined_by}{private}{is_macro} of {fixed:?}{more}")
}

fn keyword(ns: Option<&str>, name: &str) -> String {
    ns.map_or_else(|| format!(":{name}"), |ns| format!(":{ns}/{name}"))
}

/// Our side. Of methods of interfaces clj-kondo does not say whose they are; then it is left out here too.
pub(super) fn ours(all: &[Findings], theirs: &Buckets) -> Buckets {
    let methods = theirs.get(&Bucket::Implementations).into_iter().flatten();
    let methods = methods.filter(|method| !method.says.contains(' '));
    let of_interfaces: BTreeSet<(&str, u32, u32)> =
        methods.map(|method| (method.file.as_str(), method.row, method.col)).collect();
    let mut buckets = Buckets::new();
    for found in all {
        let mut add = |bucket, lang: Option<&str>, at: Place, says: String| {
            let lang = lang.unwrap_or_default().to_string();
            let (file, row, col) = (found.path.clone(), at.row, at.col);
            let finding = Finding { file, row, col, lang, says, unfounded: None };
            buckets.entry(bucket).or_default().insert(finding);
        };
        for ns in &found.namespaces {
            add(Bucket::Namespaces, ns.lang, ns.name_at, ns.name.to_string());
        }
        for load in &found.loads {
            let alias = load.alias.as_deref().unwrap_or("-");
            let says = format!("{} -> {} {alias}", load.from, load.to);
            add(Bucket::Loads, load.lang, load.name_at, says);
        }
        for def in found.definitions.iter().chain(&found.members) {
            let name = format!("{}/{}", def.ns, def.name);
            let (flags, arities) = (
                (def.private, def.is_macro),
                (def.fixed_arities.as_slice(), def.varargs_min_arity),
            );
            let full = in_full(&name, &def.defined_by, flags, arities);
            add(Bucket::DefinitionsInFull, def.lang, def.name_at, full);
            add(Bucket::Definitions, def.lang, def.name_at, name);
        }
        let is_type = |def: &&DefinitionFound| makes_type(&def.kind);
        let types: BTreeSet<&str> =
            found.definitions.iter().filter(is_type).map(|def| &*def.name).collect();
        for usage in &found.usages {
            let Some(to) = &usage.to else {
                add(Bucket::Unresolved, usage.lang, usage.name_at, usage.name.to_string());
                continue;
            };
            let var = format!("{to}/{}", usage.name);
            let within =
                usage.from_var.as_deref().filter(|var| !types.contains(var)).unwrap_or("-");
            add(Bucket::UsagesWithin, usage.lang, usage.name_at, format!("{within} {var}"));
            add(Bucket::Usages, usage.lang, usage.name_at, var);
        }
        let mut bound = BTreeMap::new();
        for local in &found.locals {
            bound.insert(local.id, local.at);
            add(Bucket::Locals, local.lang, local.at, local.name.to_string());
        }
        for usage in &found.local_usages {
            if let Some(Place { row, col, .. }) = bound.get(&usage.id) {
                let says = format!("{} of {row}:{col}", usage.name);
                add(Bucket::LocalUsages, usage.lang, usage.at, says);
            }
        }
        for word in &found.keywords {
            add(Bucket::Keywords, word.lang, word.at, keyword(word.ns.as_deref(), &word.name));
        }
        let path = found.path.as_str();
        for found in &found.implementations {
            let at = found.name_at;
            let says = match &found.protocol_ns {
                Some(ns) if !of_interfaces.contains(&(path, at.row, at.col)) => {
                    format!("{ns}/{} {}", found.protocol, found.method)
                }
                _ => found.method.to_string(),
            };
            // clj-kondo does not say for which platform.
            add(Bucket::Implementations, None, at, says);
        }
        for class in &found.classes {
            add(Bucket::Classes, class.lang, class.name_at, class.class.to_string());
        }
        for symbol in &found.symbols {
            let says = format!("{} -> {}", symbol.symbol, symbol.to.as_deref().unwrap_or("-"));
            add(Bucket::Symbols, symbol.lang, symbol.at, says);
        }
    }
    buckets
}
