//! What renaming does to small files, from `refactor.edn`: files, what is renamed to what, and the texts that change or the
//! reasons why it is refused. What is accepted is renamed back, and must be what it was.
#![allow(clippy::unwrap_used)]

use code::analysis::Rules;
use code::refactor::{Change, Sources, rename_var};
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

#[test]
fn small_files_are_renamed_or_refused() {
    let options = ReadOptions { clojure: true, ..ReadOptions::default() };
    for case in edn::read_all_with(include_str!("refactor.edn"), &options).unwrap() {
        let mut files = pairs(&case, "files").unwrap();
        files.sort();
        let [old, new] = &lines(&case, "rename").unwrap()[..] else { panic!("{case}") };
        let sources = Sources::read(files.clone(), &Rules::default());
        match rename_var(&sources, old, new) {
            Ok(change) => {
                let got: Vec<(String, String)> = change
                    .files
                    .iter()
                    .map(|f| (f.path_after().to_string(), f.after.clone().unwrap()))
                    .collect();
                assert_eq!(Some(got), pairs(&case, "gives"), "{case}");
                let warnings: Vec<String> = change.warnings.iter().map(|w| w.to_string()).collect();
                assert_eq!(warnings, lines(&case, "warns").unwrap_or_default(), "{case}");
                let after = applied(&files, &change);
                let (ns, name) = old.split_once('/').unwrap();
                let back = rename_var(
                    &Sources::read(after.clone(), &Rules::default()),
                    &format!("{ns}/{new}"),
                    name,
                );
                assert_eq!(applied(&after, &back.unwrap()), files, "{case}");
            }
            Err(refused) => {
                let got: Vec<String> = refused.reasons.iter().map(|r| r.to_string()).collect();
                assert_eq!(Some(got), lines(&case, "refused"), "{case}");
            }
        }
    }
}
