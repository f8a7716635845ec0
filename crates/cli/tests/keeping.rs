//! Where a database is kept besides: tiers, versions, schedules, and the ways back from each.

#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::Path;
use support::{imported, output, run, shown, teahouse};

fn configure(folder: &Path, text: &str) {
    fs::create_dir_all(folder.join(".defbase")).unwrap();
    fs::write(folder.join(".defbase/defbase.edn"), text).unwrap();
}

fn edit(folder: &Path, file: &str, text: &str) {
    let path = folder.join(file);
    let before = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{before}\n{text}\n")).unwrap();
}

/// The lines of a log, whatever their order.
fn lines(log: &Path) -> Vec<String> {
    let text = fs::read_to_string(log).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

fn statements(folder: &Path) -> String {
    output(folder, &["q", "[:find ?f ?s :where [?e :statement/fqn ?f] [?e :statement/source ?s]]"])
}

const LOG: &str = ".defbase/code-db-txlog.edn";

const TWO: &str = "{:paths [\"src\"]
    :primary {:type :file :path \"data/code-db.edn\"}
    :backup {:type :file :path \"small/code-db.edn.zst\"}
    :tables {:type :sqlite :path \"tables/code-db.sqlite\"}}";

/// The example, imported into these tiers, and once more after an edit.
fn edited() -> tempfile::TempDir {
    let folder = teahouse();
    configure(folder.path(), TWO);
    output(folder.path(), &["import"]);
    edit(folder.path(), "src/teahouse/money.cljc", "(defn doubled [x] (* 2 x))");
    output(folder.path(), &["import"]);
    folder
}

#[test]
fn tiers_have_what_the_log_has() {
    let folder = edited();
    let folder = folder.path();
    output(folder, &["rename", "teahouse.money/doubled", "twice"]);
    for copy in ["data/code-db-txlog.edn", "small/code-db-txlog.edn"] {
        assert_eq!(lines(&folder.join(copy)), lines(&folder.join(LOG)));
    }
    let tiers = output(folder, &["tiers", "--format", "edn"]);
    assert_eq!(tiers.matches(":behind 0").count(), 3, "{tiers}");
    // Copies of the database beside the sources are no sources.
    configure(folder, &TWO.replace("\"src\"", "\".\""));
    let everything = output(folder, &["import"]);
    assert!(!everything.contains("data/"), "{everything}");
    let files = output(folder, &["q", "[:find ?p :where [_ :file/path ?p]]"]);
    assert!(!files.contains("code-db"), "{files}");
}

#[test]
fn one_that_cannot_be_reached_stops_nothing() {
    let folder = teahouse();
    let folder = folder.path();
    configure(folder, TWO);
    fs::write(folder.join("small"), "a file where a folder has to be").unwrap();
    let import = run(folder, &["import"]);
    assert!(import.status.success());
    let told = String::from_utf8(import.stderr).unwrap();
    assert!(told.contains("note: backup is 2 transactions behind: "), "{told}");
    assert_eq!(run(folder, &["tiers"]).status.code(), Some(1));
    fs::remove_file(folder.join("small")).unwrap();
    output(folder, &["tiers", "--now"]);
    assert_eq!(lines(&folder.join("small/code-db-txlog.edn")), lines(&folder.join(LOG)));
}

#[test]
fn a_backup_says_of_each_tier_how_it_went() {
    let folder = teahouse();
    let folder = folder.path();
    configure(folder, TWO);
    output(folder, &["import"]);
    let before = statements(folder);
    let backup = output(folder, &["backup", "release-1.0"]);
    assert!(backup.contains("primary  release-1.0  data edn"), "{backup}");
    fs::remove_dir_all(folder.join("data")).unwrap();
    fs::write(folder.join("data"), "").unwrap();
    let failed = run(folder, &["backup", "release-1.1", "--format", "edn"]);
    assert_eq!(failed.status.code(), Some(1));
    let said = String::from_utf8(failed.stdout).unwrap();
    assert!(said.contains(":tier \"backup\", :version \"release-1.1\""), "{said}");
    assert!(said.contains(":tier \"primary\", :version nil"), "{said}");
    assert!(fs::read_dir(folder.join("small")).unwrap().count() >= 3);

    fs::remove_dir_all(folder.join(".defbase/cache")).unwrap();
    fs::remove_file(folder.join(LOG)).unwrap();
    output(folder, &["restore", "--from", "backup", "--version", "release-1.0"]);
    assert_eq!(statements(folder), before);
    let again = run(folder, &["restore"]);
    assert!(String::from_utf8(again.stderr).unwrap().contains("there is a database already"));
}

#[test]
fn what_is_restored_is_the_freshest_that_verifies() {
    let folder = edited();
    let folder = folder.path();
    let (before, log) = (statements(folder), lines(&folder.join(LOG)));
    let lose = || {
        fs::remove_dir_all(folder.join(".defbase/cache")).unwrap();
        fs::remove_file(folder.join(LOG)).unwrap();
    };
    lose();
    let restored = output(folder, &["restore"]);
    assert!(restored.contains("from primary"), "{restored}");
    assert_eq!((statements(folder), lines(&folder.join(LOG))), (before.clone(), log.clone()));

    lose();
    let copy = folder.join("data/code-db-txlog.edn");
    let damaged = fs::read_to_string(&copy).unwrap().replacen("teahouse", "teehouse", 1);
    fs::write(&copy, damaged).unwrap();
    let restored = output(folder, &["restore"]);
    assert!(restored.contains("from backup"), "{restored}");
    assert_eq!((statements(folder), lines(&folder.join(LOG))), (before, log));
}

#[test]
fn clones_that_meet_in_a_tier_come_to_the_same_bytes() {
    let (ours, shared) = (teahouse(), tempfile::tempdir().unwrap());
    let (ours, theirs) = (ours.path(), teahouse());
    let theirs = theirs.path();
    let path = shared.path().join("team.edn");
    let config = format!("{{:paths [\"src\"] :sync {{:type :file :path {path:?}}}}}");
    configure(ours, &config);
    configure(theirs, &config);
    output(ours, &["import"]);
    output(theirs, &["restore"]);
    edit(ours, "src/teahouse/money.cljc", "(defn ours [x] (* 2 x))");
    edit(theirs, "src/teahouse/pricing.cljc", "(defn theirs [x] (* 3 x))");
    output(ours, &["import"]);
    output(theirs, &["import"]);
    for clone in [ours, theirs, ours] {
        output(clone, &["sync"]);
    }
    output(ours, &["snapshot", "whole.edn"]);
    output(theirs, &["snapshot", "whole.edn"]);
    assert_eq!(
        fs::read(ours.join("whole.edn")).unwrap(),
        fs::read(theirs.join("whole.edn")).unwrap()
    );
    assert!(statements(ours).contains("teahouse.pricing/theirs"));
    output(theirs, &["export", "."]);
    assert!(fs::read_to_string(theirs.join("src/teahouse/money.cljc")).unwrap().contains("ours"));
}

#[test]
fn every_form_is_a_way_back() {
    let folder = imported();
    let folder = folder.path();
    let before = statements(folder);
    let forms = ["snapshot", "data", "entities", "transactions", "serializable"];
    let endings = ["edn", "json.gz", "transit.zst"];
    for (form, ending) in forms.iter().flat_map(|f| endings.iter().map(move |e| (f, e))) {
        if *form == "serializable" && *ending != "json.gz" {
            continue;
        }
        let elsewhere = tempfile::tempdir().unwrap();
        let file = elsewhere.path().join(format!("db.{form}.{ending}"));
        let file = file.to_str().unwrap();
        output(folder, &["snapshot", "--form", form, file]);
        output(elsewhere.path(), &["restore", file]);
        assert_eq!(statements(elsewhere.path()), before, "{form} {ending}");
        output(elsewhere.path(), &["doctor"]);
    }
}

#[test]
fn what_came_due_is_done_and_what_is_old_goes() {
    let folder = teahouse();
    let folder = folder.path();
    configure(
        folder,
        "{:paths [\"src\"] :primary {:type :file :path \"data/code-db.edn\" :backup-count 2}
          :backup-schedule {:on-change :append-tx-log [:every 1 :transactions] :create-snapshot}
          :retention {:snapshots 3}}",
    );
    output(folder, &["import"]);
    for n in 0..4 {
        edit(folder, "src/teahouse/money.cljc", &format!("(defn f{n} [x] x)"));
        output(folder, &["import"]);
    }
    let versions = output(folder, &["versions", "--format", "csv"]);
    let count = |tier: &str| versions.lines().filter(|line| line.starts_with(tier)).count();
    assert_eq!((count("snapshots"), count("primary")), (3, 2), "{versions}");
    let doctor = output(folder, &["doctor"]);
    assert_eq!(doctor.matches("all whole").count(), 4, "{doctor}");
    output(folder, &["backup", "kept"]);
    configure(
        folder,
        "{:primary {:type :file :path \"data/code-db.edn\" :backup-count 1} :retention {:snapshots 1}}",
    );
    let would = run(folder, &["prune", "--dry-run"]);
    assert!(String::from_utf8(would.stderr).unwrap().contains("3 would go"));
    output(folder, &["prune"]);
    let versions = output(folder, &["versions", "--format", "csv"]);
    assert_eq!(versions.lines().count(), 1 + 1 + 2, "{versions}");
    assert!(versions.contains("primary,kept,"));
}

#[test]
fn what_is_wrong_is_said() {
    let folder = imported();
    let folder = folder.path();
    let mut all = vec![shown(folder, &["tiers"]), shown(folder, &["backup"])];
    let configurations = [
        "{:backup {:type :tape}}",
        "{:backups {:path \"x\"}}",
        "{:tx-log \"other.edn\"}",
        "{:backup-schedule {:yearly :create-snapshot}}",
        "[]",
    ];
    for configuration in configurations {
        configure(folder, configuration);
        all.push(format!("{configuration}\n{}", shown(folder, &["tiers"])));
    }
    configure(folder, TWO);
    fs::write(folder.join("x.edn"), "{:schema {}}").unwrap();
    for arguments in [
        &["sync", "backpu"][..],
        &["backup", "../x"],
        &["snapshot", "x"],
        &["snapshot", "x.edn"],
        &["-C", "src", "restore", "--from", "backup"],
        &["-C", "src", "restore", "../x.edn"],
        &["-C", "src", "restore", "../x.edn", "--form", "data"],
        &["-C", "src", "restore"],
    ] {
        all.push(shown(folder, arguments));
    }
    insta::assert_snapshot!(all.join("\n\n"));
}
