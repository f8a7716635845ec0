//! The reader against Clojure's own: thousands of texts must be accepted or refused alike, with the same values.
//!
//! It needs `java` and Debian's `clojure` package; without them it is skipped, but fails where `CI` is set.
//! `EDN_ORACLE_CASES` and `EDN_ORACLE_SEED` choose how many texts and which.

#![allow(clippy::unwrap_used)]

#[path = "oracle/generate.rs"]
mod generate;

use edn::{PrintOptions, ReadOptions, Value};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

const JARS: [&str; 3] = [
    "/usr/share/java/clojure.jar",
    "/usr/share/java/spec.alpha.jar",
    "/usr/share/java/core.specs.alpha.jar",
];

#[derive(Clone, Copy, PartialEq, Debug)]
enum Mode {
    Edn,
    Clojure,
}

struct Case {
    mode: Mode,
    text: String,
}

type Answer = Result<Vec<String>, String>;

fn ours(case: &Case) -> Answer {
    let options = match case.mode {
        Mode::Edn => ReadOptions::default(),
        Mode::Clojure => ReadOptions {
            clojure: true,
            features: vec!["clj".into()],
            namespace: Some("user".into()),
            ..ReadOptions::default()
        },
    };
    let values = edn::read_all_with(&case.text, &options).map_err(|e| e.to_string())?;
    let print = |value: &Value| {
        let mut out = String::new();
        edn::print_with(&mut out, value, PrintOptions { meta: true, ..PrintOptions::default() });
        out
    };
    Ok(values.iter().map(print).collect())
}

fn theirs(cases: &[Case]) -> Vec<Answer> {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("cases.edn"), folder.path().join("answers.edn"));
    let pairs = cases.iter().map(|case| {
        let mode = if case.mode == Mode::Edn { "edn" } else { "clojure" };
        Value::vector(vec![Value::keyword(mode), Value::string(case.text.as_str())])
    });
    std::fs::write(&input, edn::print(&Value::vector(pairs.collect()))).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/read.clj");
    let status = Command::new("java")
        .args(["-Xss8m", "-Dfile.encoding=UTF-8", "-cp", &JARS.join(":"), "clojure.main"])
        .args([&script, &input, &output])
        .status()
        .unwrap();
    assert!(status.success(), "Clojure did not answer");
    let answers = std::fs::read_to_string(&output).unwrap();
    answers.lines().map(answer).collect()
}

fn answer(line: &str) -> Answer {
    let parsed = edn::read(line).unwrap();
    match parsed.as_vector().unwrap() {
        [status, Value::Vector(forms)] if status.is_keyword("ok") => {
            Ok(forms.iter().map(|f| f.as_str().unwrap().to_string()).collect())
        }
        [_, message] => Err(message.to_string()),
        other => panic!("not an answer: {other:?}"),
    }
}

fn main_cases() -> Vec<Case> {
    let number = |name: &str, otherwise: u64| {
        std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(otherwise)
    };
    let mut random = generate::Random(number("EDN_ORACLE_SEED", 0x9e37_79b9_7f4a_7c15));
    let random_texts = (0..number("EDN_ORACLE_CASES", 5000)).map(|_| generate::text(&mut random));
    let texts: Vec<String> = generate::tokens().chain(random_texts).collect();
    let both = texts
        .into_iter()
        .flat_map(|text| [Mode::Edn, Mode::Clojure].map(|mode| Case { mode, text: text.clone() }));
    both.collect()
}

fn available() -> bool {
    let jars = JARS.iter().all(|jar| Path::new(jar).exists());
    let java = Command::new("java").arg("-version").output().is_ok_and(|o| o.status.success());
    if !(jars && java) {
        assert!(std::env::var_os("CI").is_none(), "needs java and the Debian package `clojure`");
    }
    jars && java
}

/// Why an answer that differs from Clojure's is meant to.
fn deliberate(case: &Case, ours: &Answer, theirs: &Answer) -> Option<&'static str> {
    let text = case.text.as_str();
    let has = |pieces: &[&str]| pieces.iter().any(|piece| text.contains(piece));
    let refused = ours.as_ref().err().map_or("", String::as_str);
    let their_refusal = theirs.as_ref().err().map_or("", String::as_str);
    let edn = case.mode == Mode::Edn;
    let items = |answer: &Answer| {
        let forms = answer.as_ref().map_or_else(|_| Vec::new(), |forms| without_numbers(forms));
        let mut items: Vec<char> = forms.iter().flat_map(|form| form.chars()).collect();
        items.sort_unstable();
        items
    };
    let same_items = items(ours) == items(theirs);
    let tagged = text.split('#').skip(1).any(|rest| rest.starts_with(char::is_alphabetic));
    let reasons = [
        (
            ours.is_ok()
                && their_refusal.contains("Invalid token")
                && has(&["/1", "/2", "/3", "/4", "/5", "/6", "/7", "/8", "/9"]),
            "array classes such as `int/1` are of Clojure 1.12",
        ),
        (
            ours.is_ok() && their_refusal.contains("Metadata must be"),
            "metadata `^[…]` is of Clojure 1.12",
        ),
        (
            refused.contains("not EDN") || edn && ours.is_err() && has(&["'", "@", "`", "~"]),
            "clojure.edn takes reader macros for letters of a symbol",
        ),
        (
            edn && ours.is_ok() && has(&["#\""]),
            "regexes are values here: what is printed reads back",
        ),
        (edn && ours.is_ok() && has(&["#!"]), "comments and scripts' first lines are skipped"),
        (has(&["\u{feff}"]), "a byte-order mark is no part of a name"),
        (refused.contains("syntax quote"), "a syntax quote needs a running program"),
        (edn && their_refusal.contains("Invalid digit"), "a quote or `%` ends an octal escape"),
        (
            has(&["#?"]) && (refused.contains("even number") || refused.contains("top level")),
            "a reader conditional must be whole even where no branch of it is taken",
        ),
        (
            ours.is_ok() && their_refusal.contains("read-cond requires") && has(&["#?(:clj #?("]),
            "a branch may be a reader conditional that gives nothing",
        ),
        (
            !edn && ours.is_ok() && theirs.is_err() && has(&["#_"]),
            "what is discarded from source may be anything",
        ),
        (
            !edn && ours.is_ok() && theirs.is_err() && has(&["#?"]),
            "a branch that is not taken may be anything",
        ),
        (
            (refused.contains("one form") || refused.contains("and a form")) && has(&["#?"]),
            "a prefix never reaches past a reader conditional that gives nothing",
        ),
        (refused.contains("surrogate"), "half a surrogate pair is no character"),
        (refused.contains("one of `%1`"), "a function takes at most 20 arguments by position"),
        (refused.contains("feature should be"), "a feature is written as a keyword"),
        (
            refused.contains("no name in the namespace"),
            "a name that would not read is refused where a namespace makes it",
        ),
        (has(&["#:/", ":/a/b", "://", "#:+", "#:-"]), "a namespace is a plain name, never empty"),
        (
            same_items && theirs.is_ok() && has(&["#("]) && !edn,
            "the names of arguments decide where a function stands in a set",
        ),
        (
            ours.is_ok() && ours.as_ref().ok() == printed_again(theirs).as_ref(),
            "Java before 19 prints some doubles with more digits than they need",
        ),
        (has(&["\u{85}/"]), "Java's patterns take U+0085 for the end of a line"),
        (
            ours.is_ok() && theirs.is_ok() && has(&["#inst \"0", "#inst \"1"]),
            "times before 1582 are of the Gregorian calendar too",
        ),
        (has(&["#_#?@", "#_ #?@"]), "a splice that is discarded is discarded whole"),
        (refused.contains("expected a uuid"), "Java cuts the groups of a uuid that are too long"),
        (their_refusal.contains("PatternSyntax"), "a regex is kept as its text"),
        (their_refusal.contains("Record construction"), "a record is a tagged value"),
        (their_refusal.contains("ArrayIndexOutOfBounds"), "a tag may start with any letter"),
        (
            ours.is_ok() && theirs.is_ok() && same_items && (has(&["#\""]) || tagged),
            "Java's own hash decides where tagged values and regexes stand in a set",
        ),
        (
            refused.contains("invalid dispatch") && has(&["# ", "#,", "#\n"]),
            "nobody writes a space after `#`",
        ),
        (refused.contains("invalid symbolic value"), "nobody writes a space after `##`"),
        (refused.contains("invalid namespaced map"), "nobody writes a space after `#:`"),
    ];
    reasons.into_iter().find(|(holds, _)| *holds).map(|(_, reason)| reason)
}

/// What Clojure printed, read and printed by us.
fn printed_again(theirs: &Answer) -> Option<Vec<String>> {
    let text = theirs.as_ref().ok()?.join("\n");
    ours(&Case { mode: Mode::Clojure, text }).ok()
}

/// The forms with the numbers that make argument names unique left out.
fn without_numbers(forms: &[String]) -> Vec<String> {
    let mut plain = Vec::new();
    for form in forms {
        let mut parts = form.split("__");
        let mut out = parts.next().unwrap_or_default().to_string();
        for part in parts {
            let tail = part.trim_start_matches(|c: char| c.is_ascii_digit());
            out.push_str(if tail.starts_with('#') { tail } else { part });
        }
        plain.push(out);
    }
    plain
}

#[test]
fn reads_as_clojure_reads() {
    if !available() {
        return;
    }
    let cases = main_cases();
    let answers = theirs(&cases);
    assert_eq!(cases.len(), answers.len());
    let mut reasons = BTreeMap::<&str, usize>::new();
    let mut differences = Vec::new();
    for (case, theirs) in cases.iter().zip(&answers) {
        let ours = ours(case);
        let same = match (&ours, theirs) {
            (Ok(a), Ok(b)) => without_numbers(a) == without_numbers(b),
            (a, b) => a.is_err() && b.is_err(),
        };
        if !same {
            match deliberate(case, &ours, theirs) {
                Some(reason) => *reasons.entry(reason).or_default() += 1,
                None => differences.push(format!(
                    "{:?} {:?}\n  ours:   {ours:?}\n  theirs: {theirs:?}",
                    case.mode, case.text
                )),
            }
        }
    }
    eprintln!("{} cases, deliberate differences: {reasons:#?}", cases.len());
    assert!(
        differences.is_empty(),
        "{} differences:\n{}",
        differences.len(),
        differences.join("\n")
    );
}
