//! What the analysis says of small files, from `analysis.edn`: for each file a list of its statements as
//! `[fqn dependencies…]`, with what was not resolved under `:unresolved` and purity under `:pure`.
#![allow(clippy::unwrap_used)]

use code::analysis::{Rules, analyze};
use edn::{ReadOptions, Value};

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

#[test]
fn statements_are_named_and_resolved() {
    let options = ReadOptions { clojure: true, ..ReadOptions::default() };
    let cases = edn::read_all_with(include_str!("analysis.edn"), &options).unwrap();
    for case in cases {
        let case = case.as_map().unwrap();
        let text = |v: &Value| v.as_str().unwrap().to_string();
        let files: Vec<(String, String)> = case
            .get_keyword("files")
            .and_then(Value::as_seq)
            .unwrap()
            .chunks_exact(2)
            .map(|pair| (text(&pair[0]), text(&pair[1])))
            .collect();
        let expected: Vec<String> =
            case.get_keyword("gives").and_then(Value::as_seq).unwrap().iter().map(text).collect();
        let facts = analyze(&files, &Rules::default());
        let got: Vec<String> = facts.iter().flat_map(|f| f.statements.iter().map(show)).collect();
        assert_eq!(got, expected, "{files:#?}");
        for ((_, text), facts) in files.iter().zip(&facts) {
            let whole: String =
                facts.statements.iter().map(|s| format!("{}{}", s.before, s.source)).collect();
            assert_eq!(*text, whole + &facts.tail, "the parts are the file");
        }
    }
}
