//! What happened to statements, and who did it.

#![allow(clippy::unwrap_used)]

mod states;

use code::blame;
use code::diff::{Difference, Filter, diff, log};
use db::Db;
use proptest::prelude::*;
use states::{ANYHOW, Files, ON_LINES, history, text};

fn told(differences: &[Difference]) -> Vec<String> {
    let tell = |d: &Difference| {
        let words: Vec<&str> = d.happened.iter().map(|what| what.word()).collect();
        match d.was() {
            Some(was) => format!("{} {was} → {}", words.join(", "), d.fqn()),
            None => format!("{} {}", words.join(", "), d.fqn()),
        }
    };
    differences.iter().map(tell).collect()
}

const A: &str = "(ns a)\n\n(def x 1)\n\n(defn f [y]\n  (inc y))\n";

#[test]
fn each_difference_is_told_as_what_it_is() {
    for (what, before, after, expected) in [
        ("nothing", A, A, &[][..]),
        ("other tokens", A, "(ns a)\n\n(def x 2)\n\n(defn f [y]\n  (inc y))\n", &["changed a/x"]),
        (
            "a line break and a comment",
            A,
            "(ns a)\n\n(def x ; one\n  1)\n\n(defn f [y]\n  (inc y))\n",
            &["reformatted a/x"],
        ),
        (
            "another name",
            A,
            "(ns a)\n\n(def x 1)\n\n(defn g [y]\n  (inc y))\n",
            &["renamed, changed a/f → a/g"],
        ),
        (
            "something new",
            A,
            "(ns a)\n\n(def x 1)\n\n(def z 9)\n\n(defn f [y]\n  (inc y))\n",
            &["added a/z"],
        ),
        ("something gone", A, "(ns a)\n\n(defn f [y]\n  (inc y))\n", &["removed a/x"]),
        ("another order", A, "(ns a)\n\n(defn f [y]\n  (inc y))\n\n(def x 1)\n", &[]),
        ("numbers of forms alike", "(p 1)\n(p 2)\n", "(p 2)\n", &["removed user/(p 1)"]),
    ] {
        let (db, at) = history(&[&[("a.clj", before)], &[("a.clj", after)]]);
        let tx = at.last().copied().unwrap();
        assert_eq!(told(&diff(&db, at[0], tx).unwrap()), expected, "{what}");
        let back = diff(&db, tx, at[0]).unwrap();
        assert_eq!(back.len(), expected.len(), "{what}, backwards");
        assert_eq!(diff(&db, tx, tx).unwrap(), [], "a moment is like itself");
    }
}

#[test]
fn statements_are_followed_to_other_files_and_namespaces() {
    let moved = "(ns b)\n\n(defn f [y]\n  (inc y))\n";
    let left = "(ns a)\n\n(def x 1)\n";
    let (db, at) = history(&[
        &[("a.clj", A), ("b.clj", "(ns b)\n")],
        &[("a.clj", left), ("b.clj", moved)],
        &[("a.clj", left), ("src/b.clj", moved)],
    ]);
    assert_eq!(told(&diff(&db, at[0], at[1]).unwrap()), ["moved a/f → b/f"]);
    assert_eq!(told(&diff(&db, at[1], at[2]).unwrap()), ["moved b", "moved b/f"]);
    let all = diff(&db, at[0], at[2]).unwrap();
    assert_eq!(told(&all), ["moved b", "moved a/f → b/f"]);
    let f = &all[1];
    assert_eq!(f.before.as_ref().unwrap().path, "a.clj");
    assert_eq!(f.after.as_ref().unwrap().path, "src/b.clj");
    assert_eq!(f.patch(), "", "its text is the same");
    for (filter, expected) in [
        (Filter { namespace: Some("a".into()), ..Filter::default() }, &["a/f → b/f"][..]),
        (Filter { path: Some("src".into()), ..Filter::default() }, &["b", "a/f → b/f"]),
        (Filter { path: Some("sr".into()), ..Filter::default() }, &[]),
        (Filter { fqn: Some("a/f".into()), ..Filter::default() }, &["a/f → b/f"]),
    ] {
        let admitted: Vec<Difference> = all.iter().filter(|d| filter.admits(d)).cloned().collect();
        let names =
            told(&admitted).into_iter().map(|t| t.replace("moved ", "")).collect::<Vec<_>>();
        assert_eq!(names, expected, "{filter:?}");
    }
}

#[test]
fn the_log_tells_who_did_what() {
    let second = A.replace("(def x 1)", "(def x 2)");
    let third = format!("{second}\n(def z 3)\n");
    let (db, at) = history(&[&[("a.clj", A)], &[("a.clj", &second)], &[("a.clj", &third)]]);
    let told_by = |wanted: &str, filter: &Filter| -> Vec<String> {
        let entries = log(&db, 10, |o| wanted.contains(o.author.as_deref().unwrap()), filter);
        entries
            .unwrap()
            .into_iter()
            .map(|e| format!("{}: {}", e.origin.author.unwrap(), told(&e.differences).join("; ")))
            .collect()
    };
    assert_eq!(
        told_by("123", &Filter::default()),
        ["3: added a/z", "2: changed a/x", "1: added a; added a/f; added a/x"]
    );
    assert_eq!(told_by("13", &Filter::default()).len(), 2);
    let x = Filter { fqn: Some("a/x".into()), ..Filter::default() };
    assert_eq!(told_by("123", &x), ["2: changed a/x", "1: added a/x"]);
    let patch = diff(&db, at[0], at[1]).unwrap()[0].patch();
    assert_eq!(patch, "--- a.clj\ta/x\n+++ a.clj\ta/x\n@@ -1 +1 @@\n-(def x 1)\n+(def x 2)\n");
}

#[test]
fn every_line_goes_back_to_who_wrote_it() {
    let first = "(ns a)\n\n(defn f [x]\n  (let [y 1]\n    (+ x y)))\n";
    let second = "(ns a)\n\n(defn f [x]\n  (println x)\n  (let [y 1]\n    (+ x y)))\n";
    let renamed = second.replace("defn f", "defn g");
    let moved = renamed.replace("(ns a)", "(ns b)").replace("y 1", "y 2");
    let (db, _) = history(&[
        &[("a.clj", first)],
        &[("a.clj", second)],
        &[("a.clj", &renamed)],
        &[("b.clj", &format!("; moved\n{moved}"))],
    ]);
    let g = code::show::find(&db, "b/g").unwrap();
    let lines: Vec<String> = blame::lines(&db, g)
        .unwrap()
        .into_iter()
        .map(|line| format!("{} {} {}", line.origin.author.unwrap(), line.number, line.text))
        .collect();
    assert_eq!(
        lines,
        ["3 4 (defn g [x]", "2 5   (println x)", "4 6   (let [y 2]", "1 7     (+ x y)))"]
    );
    let statements = blame::statements(&db, |namespace, _| namespace == Some("b")).unwrap();
    let told: Vec<(&str, usize, &str)> = statements
        .iter()
        .map(|s| (s.fqn.as_str(), s.changes, s.last.author.as_deref().unwrap()))
        .collect();
    assert_eq!(told, [("b", 1, "4"), ("b/g", 3, "4")]);
    let files = blame::files(&db, |_, path| path == "b.clj").unwrap();
    let by: String = files[0].1.iter().map(|l| l.origin.author.clone().unwrap()).collect();
    assert_eq!(by, "4413241");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Both ways tell of the same statements, and a step after another what both together do.
    #[test]
    fn differences_are_those_of_the_texts(states in prop::collection::vec((text(ANYHOW), text(ANYHOW)), 2..4)) {
        let files: Vec<[(&str, &str); 2]> =
            states.iter().map(|(a, b)| [("a.clj", a.as_str()), ("b.clj", b.as_str())]).collect();
        let files: Vec<Files<'_>> = files.iter().map(|f| &f[..]).collect();
        let (db, at) = history(&files);
        let (first, last) = (at[0], at[at.len() - 1]);
        let there = diff(&db, first, last).unwrap();
        let back = diff(&db, last, first).unwrap();
        prop_assert_eq!(there.len(), back.len());
        for difference in &there {
            let other = back.iter().find(|b| b.statement == difference.statement).unwrap();
            prop_assert_eq!(&difference.before, &other.after);
            prop_assert_eq!(&difference.after, &other.before);
        }
        let named = |db: &Db| {
            let all = diff(db, db::TX0, db.max_tx()).unwrap();
            all.into_iter().map(|d| (d.fqn().to_owned(), d.sources().1.to_owned())).collect::<Vec<_>>()
        };
        prop_assert_eq!(named(&db), named(&history(&files[files.len() - 1..]).0));
    }

    /// The lines of all files are the files, and each was written by somebody who had it.
    #[test]
    fn blame_covers_every_line(states in prop::collection::vec(text(ON_LINES), 1..4)) {
        let files: Vec<[(&str, &str); 1]> = states.iter().map(|a| [("a.clj", a.as_str())]).collect();
        let files: Vec<Files<'_>> = files.iter().map(|f| &f[..]).collect();
        let (db, _) = history(&files);
        for (_, lines) in blame::files(&db, |_, _| true).unwrap() {
            let text = states.last().unwrap();
            let expected: Vec<&str> = text.lines().collect();
            let found: Vec<&str> = lines.iter().map(|l| l.text.as_str()).collect();
            prop_assert_eq!(found, expected);
            for line in &lines {
                let n: usize = line.origin.author.as_deref().unwrap().parse().unwrap();
                prop_assert!(states[n - 1].lines().any(|l| l == line.text), "{}", line.text);
            }
        }
    }
}
