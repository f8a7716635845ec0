//! What renaming does to small files, from `refactor.edn`: files, what is renamed to what, and the texts that change or the
//! reasons why it is refused. What is accepted is renamed back, and must be what it was.
#![allow(clippy::unwrap_used)]

use code::analysis::Rules;
use code::refactor::{Change, FileChange, Refused, Sources, Target, Texts, rename_with};
use edn::{ReadOptions, Value};

fn pairs(case: &Value, key: &str) -> Option<Vec<(String, String)>> {
    let text = |v: &Value| v.as_str().unwrap().to_string();
    let all = case.as_map().unwrap().get_keyword(key)?.as_seq().unwrap();
    Some(all.chunks_exact(2).map(|pair| (text(&pair[0]), text(&pair[1]))).collect())
}

fn lines(case: &Value, key: &str) -> Option<Vec<String>> {
    let all = case.as_map().unwrap().get_keyword(key)?.as_seq().unwrap();
    Some(all.iter().map(|v| v.as_str().unwrap().to_string()).collect())
}

/// The files after a change.
fn applied(files: &[(String, String)], change: &Change) -> Vec<(String, String)> {
    let mut after: Vec<(String, String)> = files
        .iter()
        .filter(|(path, _)| change.files.iter().all(|file| file.path != *path))
        .cloned()
        .collect();
    for file in &change.files {
        after.extend(file.after.clone().map(|text| (file.path_after().to_string(), text)));
    }
    after.sort();
    after
}

fn renamed(
    sources: &Sources,
    within: Option<&str>,
    old: &str,
    new: &str,
    texts: Texts,
) -> Result<Change, Refused> {
    let target = match within {
        Some(whole) => Target::within(sources, whole, old)?,
        None => Target::of(sources, old)?,
    };
    rename_with(sources, &target, new, texts)
}

/// What is renamed back: what the new name names.
fn back(old: &str, new: &str, within: Option<&str>) -> (String, String) {
    let colons = old.len() - old.trim_start_matches(':').len();
    match old.split_once('/') {
        _ if within.is_some() => (new.to_string(), old.to_string()),
        Some((ns, name)) if !new.contains('/') => (format!("{ns}/{new}"), name.to_string()),
        Some(_) => (new.to_string(), old[colons..].to_string()),
        None => (new.to_string(), old.to_string()),
    }
}

/// What becomes of a case, as the case says it: texts and warnings, or reasons. What is accepted is renamed back.
fn outcome(case: &Value) -> [Option<Vec<String>>; 3] {
    let mut files = pairs(case, "files").unwrap();
    files.sort();
    let [old, new] = &lines(case, "rename").unwrap()[..] else { panic!("{case}") };
    let within = case.as_map().unwrap().get_keyword("in").and_then(Value::as_str);
    let sources = Sources::read(files.clone(), &Rules::default());
    let also_text = case.as_map().unwrap().get_keyword("also-text").is_some();
    let texts = if also_text { Texts::Change } else { Texts::Stay };
    let change = match renamed(&sources, within, old, new, texts) {
        Ok(change) => change,
        Err(refused) => {
            let reasons = refused.reasons.iter().map(|r| r.to_string()).collect();
            return [None, None, Some(reasons)];
        }
    };
    let after = applied(&files, &change);
    let (what, name) = match lines(case, "back") {
        Some(back) => (back[0].clone(), back[1].clone()),
        None => back(old, new, within),
    };
    let sources = Sources::read(after.clone(), &Rules::default());
    match renamed(&sources, within, &what, &name, texts) {
        Ok(back) => assert_eq!(applied(&after, &back), files, "{case}"),
        Err(refused) => panic!("{case}\nback: {refused}"),
    }
    let text = |f: &FileChange| [f.path_after().to_string(), f.after.clone().unwrap()];
    let warnings: Vec<String> = change.warnings.iter().map(|w| w.to_string()).collect();
    let warnings = Some(warnings).filter(|warnings| !warnings.is_empty());
    [Some(change.files.iter().flat_map(text).collect()), warnings, None]
}

#[test]
fn small_files_are_renamed_or_refused() {
    let options = ReadOptions { clojure: true, ..ReadOptions::default() };
    let cases = edn::read_all_with(include_str!("refactor.edn"), &options).unwrap();
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let expected = ["gives", "warns", "refused"].map(|key| lines(case, key));
            let got = outcome(case);
            (got != expected).then(|| format!("{case}\n  got {got:?}\n"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
