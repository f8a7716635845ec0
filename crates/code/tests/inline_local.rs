//! What inlining a local makes of small files, from `inline_local.edn`: the texts, or why it is refused.
#![allow(clippy::unwrap_used)]

use code::analysis::Rules;
use code::refactor::{Sources, inline_local};
use edn::{ReadOptions, Value};

const NS: &str = "(ns a)\n";
const MARK: char = '‸';

/// What becomes of a text, and what is told; or the reasons why nothing does.
fn outcome(marked: &str) -> Vec<String> {
    let at = NS.len() + marked.find(MARK).unwrap();
    let text = format!("{NS}{}", marked.replace(MARK, ""));
    let sources = Sources::read(vec![("a.clj".into(), text)], &Rules::default());
    match inline_local(&sources, 0, at as u32) {
        Ok(change) => {
            let after = change.files[0].after.as_deref().unwrap();
            let warnings = change.warnings.iter().map(|warning| format!("warning: {warning}"));
            [after.strip_prefix(NS).unwrap().to_owned()].into_iter().chain(warnings).collect()
        }
        Err(refused) => refused.reasons.iter().map(|reason| reason.to_string()).collect(),
    }
}

#[test]
fn locals_are_inlined_or_refused() {
    let options = ReadOptions { clojure: true, ..ReadOptions::default() };
    let cases = edn::read_all_with(include_str!("inline_local.edn"), &options).unwrap();
    let texts = |case: &Value| -> Vec<String> {
        case.as_seq().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let case = texts(case);
            let got = outcome(&case[0]);
            (got != case[1..])
                .then(|| format!("{}\n  expected {:?}\n  got {got:?}", case[0], &case[1..]))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
