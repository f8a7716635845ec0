//! `watch` and `export --watch` on real folders. Nothing here waits for a time: each step waits for the line that says it is done.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;
use support::{defbase, output, teahouse};

/// A program that stays, with the lines that it prints.
struct Running {
    child: Child,
    lines: Receiver<String>,
}

/// Long enough for any machine; a line that comes is not waited for.
const LONG: Duration = Duration::from_secs(120);

impl Running {
    fn start(folder: &Path, arguments: &[&str]) -> Running {
        let mut child = defbase(folder)
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (send, lines) = channel();
        pass_on(child.stdout.take().unwrap(), send.clone());
        pass_on(child.stderr.take().unwrap(), send);
        Running { child, lines }
    }

    /// Waits for a line that begins so; the lines that came before it and itself.
    fn until(&self, start: &str) -> Vec<String> {
        self.until_any(&[start])
    }

    fn until_any(&self, starts: &[&str]) -> Vec<String> {
        let mut seen = Vec::new();
        loop {
            match self.lines.recv_timeout(LONG) {
                Ok(line) => {
                    let found = starts.iter().any(|start| line.starts_with(start));
                    seen.push(line);
                    if found {
                        return seen;
                    }
                }
                Err(_) => panic!("no line begins with {starts:?}: {seen:#?}"),
            }
        }
    }

    /// Stops it as Ctrl-C does.
    fn stop(mut self) {
        let process = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &process]).status().unwrap().success());
        self.until("stopped");
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn pass_on(from: impl Read + Send + 'static, to: Sender<String>) {
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if to.send(line).is_err() {
                break;
            }
        }
    });
}

/// The sources as the database has them.
fn exported(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let to = tempfile::tempdir().unwrap();
    output(folder, &["export", to.path().to_str().unwrap()]);
    support::files(to.path())
}

fn sources(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = support::files(folder);
    files.retain(|(path, _)| {
        ["clj", "cljs", "cljc", "edn"].contains(&path.rsplit('.').next().unwrap())
    });
    files
}

#[test]
fn what_is_saved_is_in_the_database_however_it_is_saved() {
    let project = teahouse();
    let folder = project.path();
    fs::write(folder.join(".gitignore"), "scratch/\n").unwrap();
    let watch = Running::start(folder, &["watch"]);
    watch.until("watching");
    assert_eq!(exported(folder), sources(folder));

    fs::write(folder.join("src/plain.clj"), "(ns plain)\n\n(defn f [x] (inc x))\n").unwrap();
    watch.until("added      plain/f");

    // As many editors save: another file, put in the place of the first.
    fs::write(folder.join("src/.plain.clj.swp"), "(ns plain)\n\n(defn f [x] (dec x))\n").unwrap();
    fs::rename(folder.join("src/.plain.clj.swp"), folder.join("src/plain.clj")).unwrap();
    watch.until("changed    plain/f");

    // A backup that takes the name away and a new file in its place.
    fs::rename(folder.join("src/plain.clj"), folder.join("src/plain.clj~")).unwrap();
    fs::write(folder.join("src/plain.clj"), "(ns plain)\n\n(defn g [x] (dec x))\n").unwrap();
    // Where both are seen at once it is a new name, else one that went and one that came: nobody waits for a file for ever.
    watch.until_any(&["renamed    plain/g (was plain/f)", "added      plain/g"]);

    // Folders that come, and what is in them; what is ignored.
    fs::create_dir_all(folder.join("src/deep/er")).unwrap();
    fs::create_dir_all(folder.join("scratch")).unwrap();
    fs::write(folder.join("scratch/no.clj"), "(ns no)\n").unwrap();
    fs::write(folder.join("src/deep/er/a.clj"), "(ns deep.er.a)\n(def x 1)\n").unwrap();
    let seen = watch.until("added      deep.er.a/x");
    assert!(!seen.iter().any(|line| line.contains(" no ")), "{seen:#?}");

    // A file that does not read, and one that is no text, are kept and told.
    fs::write(folder.join("src/deep/er/a.clj"), "(ns deep.er.a)\n(def y [)\n").unwrap();
    watch.until("src/deep/er/a.clj:2:");
    fs::write(folder.join("src/deep/er/b.clj"), b"(def z \xff)").unwrap();
    watch.until("src/deep/er/b.clj:1:8: byte 0xff is no UTF-8");
    fs::write(folder.join("src/deep/er/b.clj"), "(ns deep.er.b)\n(def z 1)\n").unwrap();
    watch.until_any(&["added      deep.er.b/z", "mended     src/deep/er/b.clj"]);

    // A folder that goes.
    fs::remove_dir_all(folder.join("src/deep")).unwrap();
    watch.until("deleted    deep.er.b/z");
    fs::remove_file(folder.join("src/plain.clj~")).unwrap();

    // Another branch: hundreds of files at once, some gone, come again after.
    for i in 0..300 {
        fs::write(folder.join(format!("src/n{i}.clj")), format!("(ns n{i})\n(def x {i})\n"))
            .unwrap();
    }
    fs::write(folder.join("src/last.clj"), "(ns last)\n(def marker 1)\n").unwrap();
    fs::remove_dir_all(folder.join("scratch")).unwrap();
    while exported(folder) != sources(folder) {
        watch.until("");
    }
    watch.stop();
    assert!(output(folder, &["import"]).starts_with("nothing changed"));
}

#[test]
fn a_file_that_cannot_be_read_stays_as_it_was() {
    use std::os::unix::fs::PermissionsExt;
    let project = teahouse();
    let folder = project.path();
    let path = folder.join("src/locked.clj");
    fs::write(&path, "(ns locked)\n(def x 1)\n").unwrap();
    let watch = Running::start(folder, &["watch"]);
    watch.until("watching");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    // Who may read everything reads this, too.
    let is_locked = fs::read(&path).is_err();
    if is_locked {
        watch.until("src/locked.clj: ");
    }
    fs::write(folder.join("src/other.clj"), "(ns other)\n").unwrap();
    watch.until("added      other ");
    assert!(exported(folder).iter().any(|(path, _)| path == "src/locked.clj"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    watch.stop();
}

/// How many transactions the database has.
fn transactions(folder: &Path) -> String {
    output(folder, &["q", "[:find (count ?t) . :where [?t :db/txInstant]]"]).trim().to_owned()
}

#[test]
fn others_write_while_it_runs_and_both_see_everything() {
    let project = teahouse();
    let folder = project.path();
    let path = folder.join("src/plain.clj");
    fs::write(&path, "(ns plain)\n\n(defn f [x] (inc x))\n").unwrap();
    let watch = Running::start(folder, &["watch"]);
    watch.until("watching");
    for (old, new) in [("f", "g"), ("g", "h")] {
        let before = transactions(folder);
        output(folder, &["rename", &format!("plain/{old}"), &format!("plain/{new}")]);
        watch.until(&format!("elsewhere  rename plain/{old} to plain/{new}: 1 file"));
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            format!("(ns plain)\n\n(defn {new} [x] (inc x))\n")
        );
        // What was renamed is not taken for an edit, and what is edited after is.
        fs::write(folder.join(format!("src/after_{new}.clj")), format!("(ns after-{new})\n"))
            .unwrap();
        let seen = watch.until(&format!("added      after-{new} "));
        assert_eq!(seen.len(), 1, "{seen:#?}");
        let count = |text: &str| text.lines().last().unwrap().trim().parse::<u32>().unwrap();
        assert_eq!(count(&transactions(folder)), count(&before) + 2);
    }
    assert!(output(folder, &["import"]).starts_with("nothing changed"));
    assert_eq!(exported(folder), sources(folder));
    watch.stop();
}

#[test]
fn what_git_checks_out_is_one_transaction() {
    let project = teahouse();
    let folder = project.path();
    let watch = Running::start(folder, &["watch"]);
    watch.until("watching");
    let before = transactions(folder);
    fs::create_dir_all(folder.join(".git")).unwrap();
    fs::write(folder.join(".git/index.lock"), "").unwrap();
    for i in 0..60 {
        fs::write(folder.join(format!("src/n{i}.clj")), format!("(ns n{i})\n")).unwrap();
        // Longer than it is waited for in all, and each longer than it has to be quiet.
        std::thread::sleep(Duration::from_millis(10));
    }
    fs::remove_file(folder.join(".git/index.lock")).unwrap();
    let seen = watch.until("statements: 60 added");
    assert_eq!(seen.len(), 1, "{seen:#?}");
    let count = |text: &str| text.lines().last().unwrap().trim().parse::<u32>().unwrap();
    assert_eq!(count(&transactions(folder)), count(&before) + 1);
    watch.stop();
}

#[test]
fn source_paths_and_configurations_are_followed() {
    let project = tempfile::tempdir().unwrap();
    let folder = project.path();
    for (path, text) in [
        ("deps.edn", "{:paths [\"src\"]}"),
        ("src/a.clj", "(ns a)\n"),
        ("dev/b.clj", "(ns b)\n"),
        ("other/c.clj", "(ns c (:require [m :refer [thing]]))\n(thing it 1)\n"),
    ] {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let watch = Running::start(folder, &["watch"]);
    watch.until("watching 2 files");
    fs::write(folder.join("deps.edn"), "{:paths [\"src\" \"dev\"]}").unwrap();
    watch.until("sources    dev, src");
    watch.until("added      b ");
    // A folder that is no source any more is none in the database either.
    fs::write(folder.join("deps.edn"), "{:paths [\"src\"]}").unwrap();
    watch.until("deleted    b ");
    // Who writes the configuration is obeyed, and told what the build files say.
    let configuration = folder.join(".defbase/defbase.edn");
    fs::write(&configuration, "{:paths [\"src\"").unwrap();
    watch.until("the configuration does not read");
    fs::write(&configuration, "{:paths [\"src\" \"other\"]}").unwrap();
    watch.until("added      c");
    fs::write(folder.join("deps.edn"), "{:paths [\"src\" \"dev\"]}").unwrap();
    watch.until("note: the build files name dev, src; what is read stands in");
    // What clj-kondo is told of macros.
    fs::create_dir_all(folder.join(".clj-kondo")).unwrap();
    fs::write(folder.join(".clj-kondo/config.edn"), "{:lint-as {m/thing clojure.core/def}}")
        .unwrap();
    watch.until_any(&["renamed    c/it ", "added      c/it "]);
    watch.stop();
}

#[test]
fn a_log_that_is_gone_for_a_while_is_waited_for() {
    let project = teahouse();
    let folder = project.path();
    let watch = Running::start(folder, &["watch"]);
    watch.until("watching");
    let log = folder.join(".defbase/code-db-txlog.edn");
    fs::rename(&log, folder.join("elsewhere")).unwrap();
    watch.until("watching goes on");
    fs::write(folder.join("src/new.clj"), "(ns new)\n").unwrap();
    fs::rename(folder.join("elsewhere"), &log).unwrap();
    watch.until("added      new ");
    watch.until("going on");
    watch.stop();
}

#[test]
fn a_log_that_git_replaced_is_taken_up_and_conflicts_are_told() {
    let project = teahouse();
    let folder = project.path();
    let edited = folder.join("src/both.clj");
    fs::write(&edited, "(ns both)\n(def x 1)\n").unwrap();
    output(folder, &["import"]);
    // What somebody else made of it.
    let other = tempfile::tempdir().unwrap();
    support::copy(folder, other.path());
    fs::create_dir_all(other.path().join(".defbase")).unwrap();
    let log = ".defbase/code-db-txlog.edn";
    fs::copy(folder.join(log), other.path().join(log)).unwrap();
    fs::write(other.path().join("src/both.clj"), "(ns both)\n(def x :theirs)\n").unwrap();
    output(other.path(), &["import"]);

    let watch = Running::start(folder, &["watch"]);
    watch.until("watching");
    // Both at once: the log is replaced as git does it, and the file has a change of its own.
    fs::write(folder.join("src/both.clj.new"), "(ns both)\n(def x :mine)\n").unwrap();
    fs::copy(other.path().join(log), folder.join(".defbase/new.tmp")).unwrap();
    fs::rename(folder.join(".defbase/new.tmp"), folder.join(log)).unwrap();
    fs::rename(folder.join("src/both.clj.new"), &edited).unwrap();
    watch.until_any(&["conflict   src/both.clj", "held       src/both.clj"]);
    // Neither text is lost, and work on other files goes on.
    fs::write(folder.join("src/other.clj"), "(ns other)\n").unwrap();
    watch.until("added      other ");
    let theirs = exported(folder).into_iter().find(|(path, _)| path == "src/both.clj").unwrap().1;
    assert_eq!(theirs, b"(ns both)\n(def x :theirs)\n");
    assert_eq!(fs::read(&edited).unwrap(), b"(ns both)\n(def x :mine)\n");
    fs::write(&edited, &theirs).unwrap();
    watch.until("settled    src/both.clj");
    watch.stop();
}

#[test]
fn files_follow_the_database_and_edits_are_not_overwritten() {
    let project = teahouse();
    let folder = project.path();
    output(folder, &["import"]);
    let copy = tempfile::tempdir().unwrap();
    let to = copy.path().to_str().unwrap();
    let mirror = Running::start(folder, &["export", "--watch", to]);
    mirror.until("watching the database");
    assert_eq!(sources(folder), support::files(copy.path()));

    let save = |name: &str, text: &str| {
        fs::write(folder.join("src").join(name), text).unwrap();
        output(folder, &["import"]);
    };
    let mirrored = |name: &str| fs::read_to_string(copy.path().join("src").join(name)).ok();
    save("new.clj", "(ns new)\n");
    mirror.until("wrote      src/new.clj");
    save("new.clj", "(ns new)\n(def x 1)\n");
    mirror.until("wrote      src/new.clj");
    assert_eq!(mirrored("new.clj").unwrap(), "(ns new)\n(def x 1)\n");

    // Edited there, changed here.
    fs::write(copy.path().join("src/new.clj"), "(ns new)\n(def x :edited)\n").unwrap();
    save("new.clj", "(ns new)\n(def x 2)\n");
    mirror.until("conflict   src/new.clj");
    assert_eq!(mirrored("new.clj").unwrap(), "(ns new)\n(def x :edited)\n");

    // As the database once had it: nothing is lost when it is overwritten.
    fs::write(copy.path().join("src/new.clj"), "(ns new)\n").unwrap();
    save("new.clj", "(ns new)\n(def x 3)\n");
    mirror.until("wrote      src/new.clj");
    assert_eq!(mirrored("new.clj").unwrap(), "(ns new)\n(def x 3)\n");

    // Deleted here; one that was edited there stays.
    fs::remove_file(folder.join("src/new.clj")).unwrap();
    output(folder, &["import"]);
    mirror.until("deleted    src/new.clj");
    assert_eq!(mirrored("new.clj"), None);
    save("gone.clj", "(ns gone)\n");
    mirror.until("wrote      src/gone.clj");
    fs::write(copy.path().join("src/gone.clj"), "(ns gone)\n(def mine 1)\n").unwrap();
    fs::remove_file(folder.join("src/gone.clj")).unwrap();
    output(folder, &["import"]);
    mirror.until("conflict   src/gone.clj");
    assert_eq!(mirrored("gone.clj").unwrap(), "(ns gone)\n(def mine 1)\n");
    mirror.stop();
}
