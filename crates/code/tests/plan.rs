//! What an import changes in the database, datom by datom, on facts made by hand.

#![allow(clippy::unwrap_used)]

mod small;

use code::import::{ChangeKind, Plan, Update, plan};
use code::model;
use db::Db;
use edn::Inst;
use small::{facts, imported};

const SOURCE: &str = "(ns a)\n\n(def x 1)\n\n(defn f [] x)\n\n(defn g [y] (f y))\n";

fn planned(db: &Db, files: &[(&str, &str)], gone: &[&str], now: i64) -> Plan {
    let files = facts(files);
    let gone: Vec<String> = gone.iter().map(|g| (*g).to_owned()).collect();
    plan(db, &Update { files: &files, gone: &gone, config: None, now: Inst(now) }).unwrap()
}

fn apply(db: &Db, plan: &Plan) -> (Db, Vec<String>) {
    let report = db.with_ops(&plan.ops, edn::Value::Nil).unwrap();
    let mut facts: Vec<String> = report
        .tx_data
        .iter()
        .map(|d| {
            let sign = if d.added { "+" } else { "-" };
            let subject = ["statement/fqn", "file/path", "namespace/name"]
                .iter()
                .find_map(|a| {
                    let name = edn::Value::keyword(a);
                    report.db_after.get(d.e, &name).or(report.db_before.get(d.e, &name))
                })
                .map_or("edge".to_owned(), |v| v.as_str().unwrap_or("").to_owned());
            let value = report.db_after.value(d.v);
            let refers = report.db_after.schema().get(d.a).is_ref();
            let value = if refers { "→".to_owned() } else { value.to_string() };
            let name = report.db_after.attr_name(d.a).to_string();
            format!("{sign} {subject} {name} {value}")
        })
        .collect();
    facts.sort();
    facts.dedup();
    (report.db_after, facts)
}

fn kinds(plan: &Plan) -> Vec<String> {
    let mut kinds: Vec<String> = plan
        .changes
        .iter()
        .map(|c| match &c.was {
            Some(was) => format!("{:?} {was} → {}", c.kind, c.fqn),
            None => format!("{:?} {}", c.kind, c.fqn),
        })
        .collect();
    kinds.sort();
    kinds
}

#[test]
fn the_same_again_changes_nothing() {
    let files = [("a.clj", SOURCE), ("b.clj", "(ns b)\n(println 1)\n(println 2)")];
    let db = imported(&files);
    let again = planned(&db, &files, &[], 2);
    assert_eq!(again.ops, []);
    assert_eq!(again.unchanged, 7);
}

#[test]
fn an_edit_of_a_body_touches_its_text_and_hash_only() {
    let db = imported(&[("a.clj", SOURCE)]);
    let edited = SOURCE.replace("(def x 1)", "(def x 2)");
    let plan = planned(&db, &[("a.clj", &edited)], &[], 7);
    let (_, facts) = apply(&db, &plan);
    let hash = |text: &str| model::content_hash(text.as_bytes());
    let mut expected = vec![
        "+ a/x :statement/source \"(def x 2)\"".to_owned(),
        "- a/x :statement/source \"(def x 1)\"".to_owned(),
        format!("+ a/x :statement/hash {}", hash("(def x 2)")),
        format!("- a/x :statement/hash {}", hash("(def x 1)")),
        "+ a/x :statement/modified-at #inst \"1970-01-01T00:00:00.007-00:00\"".to_owned(),
        "- a/x :statement/modified-at #inst \"1970-01-01T00:00:00.001-00:00\"".to_owned(),
        format!("+ a.clj :file/hash {}", hash(&edited)),
        format!("- a.clj :file/hash {}", hash(SOURCE)),
    ];
    expected.sort();
    assert_eq!(facts, expected);
    assert_eq!(kinds(&plan), ["Changed a/x"]);
}

#[test]
fn each_change_is_told_as_what_it_is() {
    for (what, new, expected) in [
        (
            "an insertion in the middle",
            SOURCE.replace("(defn f", "(def w 2)\n\n(defn f"),
            vec!["Added a/w"],
        ),
        ("a comment", SOURCE.replace("\n\n(defn f", "\n\n; f\n(defn f"), vec!["Spaced a/f"]),
        (
            "two statements swapped",
            "(ns a)\n\n(defn f [] x)\n\n(def x 1)\n\n(defn g [y] (f y))\n".to_owned(),
            vec!["Moved a/f"],
        ),
        ("a deletion", SOURCE.replace("(def x 1)\n\n", ""), vec!["Deleted a/x", "Derived a/f"]),
        (
            "another name",
            SOURCE.replace("[y]", "[z]").replace("defn g", "defn h"),
            vec!["Renamed a/g → a/h"],
        ),
        (
            "names exchanged",
            SOURCE.replace("(def x 1)", "(def t 1)").replace("defn f [] x", "defn x [] f"),
            vec![],
        ),
    ] {
        let db = imported(&[("a.clj", SOURCE)]);
        let plan = planned(&db, &[("a.clj", &new)], &[], 2);
        let (after, _) = apply(&db, &plan);
        if !expected.is_empty() {
            assert_eq!(kinds(&plan), expected, "{what}");
        }
        assert_eq!(planned(&after, &[("a.clj", &new)], &[], 3).ops, [], "{what}");
    }
}

#[test]
fn a_statement_keeps_its_entity_through_rename_and_move() {
    let db = imported(&[("a.clj", SOURCE), ("b.clj", "(ns b)\n")]);
    let fqn = |name: &str| {
        edn::Value::vector(vec![edn::Value::keyword("statement/fqn"), edn::Value::string(name)])
    };
    let g = db.entid(&fqn("a/g")).unwrap();
    let without = SOURCE.replace("\n\n(defn g [y] (f y))", "");
    let files = [("a.clj", &*without), ("b.clj", "(ns b)\n\n(defn g [y] (f y))\n")];
    let plan = planned(&db, &files, &[], 2);
    assert_eq!(kinds(&plan), ["Renamed a/g → b/g"]);
    let (db, _) = apply(&db, &plan);
    assert_eq!(db.entid(&fqn("b/g")).unwrap(), g);
    assert_eq!(db.entid(&fqn("a/g")).unwrap(), None);
}

#[test]
fn a_file_that_is_gone_leaves_nothing_behind() {
    let db = imported(&[("a.clj", SOURCE), ("b.clj", "(ns b)\n\n(defn h [] (g 1))\n")]);
    let before = imported(&[("b.clj", "(ns b)\n\n(defn h [] (g 1))\n")]);
    let plan = planned(&db, &[("b.clj", "(ns b)\n\n(defn h [] (g 1))\n")], &["a.clj"], 2);
    let (db, _) = apply(&db, &plan);
    assert_eq!(db.len(), before.len());
    let last = planned(&db, &[], &["b.clj"], 3);
    let (db, _) = apply(&db, &last);
    assert_eq!(db.len(), 2, "only the analyser's facts stay");
}

#[test]
fn a_file_that_was_moved_is_the_same_file() {
    let db = imported(&[("a.clj", SOURCE)]);
    let plan = planned(&db, &[("src/a.clj", SOURCE)], &["a.clj"], 2);
    let (_, facts) = apply(&db, &plan);
    assert_eq!(facts, ["+ src/a.clj :file/path \"src/a.clj\"", "- src/a.clj :file/path \"a.clj\""]);
}

#[test]
fn files_elsewhere_gain_and_lose_edges_only() {
    let db = imported(&[("b.clj", "(ns b)\n\n(defn h [] (g 1))\n"), ("a.clj", SOURCE)]);
    let plan = planned(&db, &[], &["a.clj"], 2);
    let (without, facts) = apply(&db, &plan);
    assert!(!facts.iter().any(|f| f.contains(" b/h ")), "{facts:#?}");
    let plan = planned(&without, &[("a.clj", SOURCE)], &[], 3);
    let (db, facts) = apply(&without, &plan);
    assert!(!facts.iter().any(|f| f.contains(" b/h ")), "{facts:#?}");
    let edges = facts.iter().filter(|f| f.contains("dependency/from")).count();
    assert_eq!(edges, 1, "equal lines count once: {facts:#?}");
    let count = |db: &Db| {
        db.datoms(db::Index::Aevt, &[edn::Value::keyword("dependency/from")]).unwrap().count()
    };
    assert_eq!(count(&db), 3);
    assert_eq!(count(&without), 0);
}

#[test]
fn what_others_said_of_a_statement_stays() {
    let db = imported(&[("a.clj", SOURCE)]);
    let db = db
        .db_with(&edn::read("[[:db/add [:statement/fqn \"a/x\"] :review/by \"Ada\"]]").unwrap())
        .unwrap();
    let plan = planned(&db, &[("a.clj", &SOURCE.replace("(def x 1)", "(def x 2)"))], &[], 2);
    let (db, _) = apply(&db, &plan);
    let reviewed = db.datoms(db::Index::Aevt, &[edn::Value::keyword("review/by")]).unwrap().count();
    assert_eq!(reviewed, 1);
}

#[test]
fn the_same_name_in_two_files_gets_a_number() {
    let db = imported(&[("a.clj", "(ns a)\n(def x 1)"), ("a2.clj", "(ns a)\n(def x 2)")]);
    let plan = planned(&db, &[("a3.clj", "(ns a)\n(def x 3)")], &[], 2);
    assert!(plan.changes.iter().all(|c| c.kind == ChangeKind::Added));
    let names: Vec<&str> = plan.changes.iter().map(|c| &*c.fqn).collect();
    assert_eq!(names, ["a#3", "a/x#3"]);
    apply(&db, &plan);
}
