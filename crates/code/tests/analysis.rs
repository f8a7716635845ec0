//! What the analysis says of small files, from `analysis.edn`, with clj-kondo's configuration under `:config` where a case has
//! one. Of each case any of these is looked at:
//! - `:gives`: its statements as `fqn -> [dependencies]`, what was not resolved, purity, and the vars that each defines;
//! - `:locals`: each as `name row:column → where it is used, …; up to row:column`;
//! - `:keywords`: each in full at its place, how it is written, and the var that it stands in;
//! - `:definitions`: each var with what defines it, its arities and what else is known of it;
//! - `:usages`: each name at its place with what it means, core left out;
//! - `:implementations`, `:classes`, `:symbols`: each at its place.
#![allow(clippy::unwrap_used)]

use code::analysis::{
    DefinitionFound, Findings, KeywordFound, LocalFound, Place, Rules, UsageFound, analyze, find,
};
use edn::ReadOptions;

fn show(facts: &code::facts::StatementFacts) -> String {
    let names: Vec<String> = facts
        .dependencies
        .iter()
        .filter(|(name, _)| !name.starts_with("clojure.core/") && !name.starts_with("cljs.core/"))
        .map(|(name, kind)| format!("{name} {kind}"))
        .collect();
    let mut line = format!("{} -> [{}]", facts.fqn, names.join(", "));
    if !facts.unresolved.is_empty() {
        line += &format!(" unresolved {:?}", facts.unresolved);
    }
    if let Some(pure) = facts.pure {
        line += if pure { " pure" } else { " impure" };
    }
    for def in &facts.definitions {
        line += &format!(" +{}", def.fqn);
    }
    line
}

fn place(at: &Place) -> String {
    format!("{}:{}", at.row, at.col)
}

fn lang(lang: Option<&str>) -> String {
    lang.map(|lang| format!("{lang} ")).unwrap_or_default()
}

fn locals(found: &Findings) -> Vec<String> {
    let line = |local: &LocalFound| {
        let uses = found.local_usages.iter().filter(|usage| usage.id == local.id);
        let uses: Vec<String> = uses.map(|usage| place(&usage.at)).collect();
        let (lang, at) = (lang(local.lang), place(&local.at));
        let (row, col) = (local.scope.end_row, local.scope.end_col);
        format!("{lang}{} {at} → {}; up to {row}:{col}", local.name, uses.join(", "))
    };
    found.locals.iter().map(line).collect()
}

fn keyword(found: &Findings, keyword: &KeywordFound) -> String {
    let mut line = format!("{}:", lang(keyword.lang));
    let ns = keyword.ns.as_deref().or(keyword.alias.as_ref().map(|_| "?"));
    line += &ns.map(|ns| format!("{ns}/")).unwrap_or_default();
    line += &format!("{} {}", keyword.name, place(&keyword.at));
    let local = keyword.local.map(|id| found.locals.iter().find(|l| l.id == id).unwrap());
    let alias = keyword.alias.as_deref().map(|alias| format!("alias {alias}"));
    let notes = [
        alias,
        keyword.auto_resolved.then(|| "auto".to_owned()),
        keyword.namespace_from_prefix.then(|| "prefix".to_owned()),
        keyword.keys_modifier.then(|| "modifier".to_owned()),
        keyword.keys_destructuring.then(|| "destructured".to_owned()),
        local.map(|local| format!("local {}", place(&local.at))),
        keyword.from_var.as_deref().map(|var| format!("in {var}")),
    ];
    flags(line, notes)
}

fn flags(line: String, notes: impl IntoIterator<Item = Option<String>>) -> String {
    notes.into_iter().flatten().fold(line, |line, note| line + " " + &note)
}

fn definition(def: &DefinitionFound) -> String {
    let line = format!("{}{}/{} {}", lang(def.lang), def.ns, def.name, place(&def.name_at));
    let is = |flag: bool, name: &str| flag.then(|| name.to_owned());
    let arities = def.fixed_arities.iter().map(u32::to_string);
    let arities: Vec<String> =
        arities.chain(def.varargs_min_arity.map(|n| format!("{n}+"))).collect();
    let notes = [
        Some(format!("by {}", def.defined_by)),
        (!arities.is_empty()).then(|| format!("[{}]", arities.join(" "))),
        is(def.private, "private"),
        is(def.is_macro, "macro"),
        is(def.in_comment, "in-comment"),
        def.protocol.as_ref().map(|protocol| format!("of {protocol}")),
        def.added.as_ref().map(|added| format!("added {added}")),
        def.deprecated.as_ref().map(|deprecated| format!("deprecated {deprecated}")),
    ];
    flags(line, notes)
}

fn usage(usage: &UsageFound) -> Option<String> {
    let to = usage.to.as_deref().unwrap_or("?");
    if matches!(to, "clojure.core" | "cljs.core") {
        return None;
    }
    let line = format!("{}{to}/{} {}", lang(usage.lang), usage.name, place(&usage.name_at));
    let notes = [
        usage.arity.map(|arity| format!("({arity})")),
        usage.refer.then(|| "refer".to_owned()),
        usage.dispatch.as_ref().map(|dispatch| format!("[{dispatch}]")),
        usage.from_var.as_ref().map(|var| format!("in {var}")),
    ];
    Some(flags(line, notes))
}

fn implementations(found: &Findings) -> Vec<String> {
    let implementations = found.implementations.iter();
    let line = implementations.map(|i| {
        let protocol = i.protocol_ns.as_deref().unwrap_or("?");
        let (at, lang) = (place(&i.name_at), lang(i.lang));
        format!("{lang}{protocol}/{} {} {at} by {}", i.protocol, i.method, i.defined_by)
    });
    line.collect()
}

fn classes(found: &Findings) -> Vec<String> {
    let line = found.classes.iter().map(|class| {
        let member = class.member.as_ref().map(|member| format!("/{member}"));
        let line = format!("{}{}", lang(class.lang), class.class);
        let import = class.import.then(|| "import".to_owned());
        flags(line + &member.unwrap_or_default(), [Some(place(&class.name_at)), import])
    });
    line.collect()
}

fn symbols(found: &Findings) -> Vec<String> {
    let line = found.symbols.iter().map(|symbol| {
        let to = symbol.to.as_deref().unwrap_or("?");
        format!(
            "{}{} {} → {to}/{}",
            lang(symbol.lang),
            symbol.symbol,
            place(&symbol.at),
            symbol.name
        )
    });
    line.collect()
}

/// The lines under a key of a case, if it has them.
fn lines(case: &edn::Map, key: &str) -> Option<Vec<String>> {
    let lines = case.get_keyword(key)?.as_seq().unwrap();
    Some(lines.iter().map(|line| line.as_str().unwrap().to_string()).collect())
}

#[test]
fn each_rule_holds() {
    let options = ReadOptions { clojure: true, ..ReadOptions::default() };
    let cases = edn::read_all_with(include_str!("analysis.edn"), &options).unwrap();
    for case in cases {
        let case = case.as_map().unwrap();
        let files: Vec<(String, String)> = lines(case, "files")
            .unwrap()
            .chunks_exact(2)
            .map(|pair| (pair[0].clone(), pair[1].clone()))
            .collect();
        let mut rules = Rules::default();
        if let Some(config) = case.get_keyword("config") {
            rules.add_kondo_config(config.as_str().unwrap()).unwrap();
        }
        if let Some(expected) = lines(case, "gives") {
            let facts = analyze(&files, &rules);
            let got: Vec<String> =
                facts.iter().flat_map(|f| f.statements.iter().map(show)).collect();
            assert_eq!(got, expected, "{files:#?}");
            for ((_, text), facts) in files.iter().zip(&facts) {
                let whole: String =
                    facts.statements.iter().map(|s| format!("{}{}", s.before, s.source)).collect();
                assert_eq!(*text, whole + &facts.tail, "the parts are the file");
            }
        }
        let found = find(&files, &rules);
        type Print<'a> = (&'a str, &'a dyn Fn(&Findings) -> Vec<String>);
        let prints: [Print<'_>; 7] = [
            ("definitions", &|f| f.definitions.iter().chain(&f.members).map(definition).collect()),
            ("usages", &|f| f.usages.iter().filter_map(usage).collect()),
            ("implementations", &implementations),
            ("classes", &classes),
            ("symbols", &symbols),
            ("locals", &locals),
            ("keywords", &|f| f.keywords.iter().map(|k| keyword(f, k)).collect()),
        ];
        for (key, print) in prints {
            if let Some(expected) = lines(case, key) {
                let got: Vec<String> = found.iter().flat_map(print).collect();
                assert_eq!(got, expected, "{key} {files:#?}");
            }
        }
    }
}
