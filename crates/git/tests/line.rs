//! Histories made with the real git, as lines.

#![allow(clippy::unwrap_used)]

mod support;

use git::{GitError, Line, Range, Repository, Sources, Step};
use std::collections::BTreeMap;
use support::Scripted;

/// The Clojure files of a folder; a text with a question mark is not sound.
fn clojure(folder: &str) -> Sources<'_> {
    Sources { folder, wanted: &|path| path.ends_with(".clj"), sound: &|text| !text.contains('?') }
}

fn steps(scripted: &Scripted, range: &Range) -> Vec<Step> {
    let repository = Repository::discover(scripted.path()).unwrap();
    let line = Line::new(&repository, range, clojure("")).unwrap();
    line.collect::<Result<_, _>>().unwrap()
}

/// `author: message path=text …`, with `*` before what is beside the main line.
fn told(steps: &[Step]) -> Vec<String> {
    let tell = |step: &Step| {
        let files: Vec<String> = step
            .files
            .iter()
            .map(|(path, bytes)| match bytes {
                Some(bytes) => {
                    let text = String::from_utf8(bytes.clone()).unwrap();
                    format!(" {path}={}", text.replace('\n', "|"))
                }
                None => format!(" -{path}"),
            })
            .collect();
        let mark = if step.is_main { "" } else { "* " };
        format!("{mark}{}: {}{}", step.commit.author.name, step.commit.message, files.concat())
    };
    steps.iter().map(tell).collect()
}

/// The files after each step.
fn replayed<'a>(
    files: &'a mut BTreeMap<String, Vec<u8>>,
    step: &Step,
) -> &'a BTreeMap<String, Vec<u8>> {
    for (path, bytes) in &step.files {
        match bytes {
            Some(bytes) => files.insert(path.clone(), bytes.clone()),
            None => files.remove(path),
        };
    }
    files
}

#[test]
fn a_line_without_branches() {
    let mut repository = Scripted::new();
    repository.commit("ada", "one", &[("a.clj", Some("1\n")), ("README.md", Some("x"))]);
    repository.commit("bob", "two\n\nAnd why.\n", &[("src/b.clj", Some("2\n"))]);
    repository.commit("ada", "docs", &[("README.md", Some("y"))]);
    repository.commit("ada", "move", &[("src/b.clj", None), ("src/c.clj", Some("2\n"))]);
    let steps = steps(&repository, &Range::default());
    assert_eq!(
        told(&steps),
        [
            "ada: one a.clj=1|",
            "bob: two\n\nAnd why. src/b.clj=2|",
            "ada: docs",
            "ada: move -src/b.clj src/c.clj=2|",
        ]
    );
    assert!(steps.iter().all(|step| step.is_main));
    assert_eq!(steps[1].commit.author.email, "bob@example.org");
    assert_eq!(steps[1].at, steps[1].commit.committer.at);
    assert_eq!(steps[1].commit.sha, repository.git(&["rev-parse", "HEAD~2"]));
}

/// Main and a branch that both change one file in different places, merged without a conflict.
fn merged() -> Scripted {
    let mut repository = Scripted::new();
    repository.commit("ada", "start", &[("a.clj", Some("1\n2\n3\n4\n5\n"))]);
    repository.git(&["checkout", "-q", "-b", "branch"]);
    repository.commit("bob", "last line", &[("a.clj", Some("1\n2\n3\n4\nfive\n"))]);
    repository.commit("bob", "new file", &[("b.clj", Some("b\n"))]);
    repository.git(&["checkout", "-q", "main"]);
    repository.commit("ada", "first line", &[("a.clj", Some("one\n2\n3\n4\n5\n"))]);
    assert!(repository.git_as("ada", &["merge", "-q", "--no-ff", "-m", "merge", "branch"]));
    repository
}

#[test]
fn what_a_merge_brings_in_belongs_to_who_made_it() {
    let steps = steps(&merged(), &Range::default());
    assert_eq!(
        told(&steps),
        [
            "ada: start a.clj=1|2|3|4|5|",
            "ada: first line a.clj=one|2|3|4|5|",
            "* bob: last line a.clj=one|2|3|4|five|",
            "* bob: new file b.clj=b|",
            "ada: merge",
        ]
    );
    let merge = steps[4].at;
    assert_eq!([steps[2].at, steps[3].at], [merge, merge], "main had them with the merge");
    assert!(steps[1].at < merge);
    assert!(steps[2].commit.author.at < steps[1].at);
}

#[test]
fn what_cannot_be_merged_waits_for_the_merge() {
    let mut repository = Scripted::new();
    repository.commit("ada", "start", &[("a.clj", Some("1\n")), ("b.clj", Some("b\n"))]);
    repository.git(&["checkout", "-q", "-b", "branch"]);
    repository.commit("bob", "theirs", &[("a.clj", Some("theirs\n")), ("b.clj", None)]);
    repository.git(&["checkout", "-q", "main"]);
    repository.commit("ada", "ours", &[("a.clj", Some("ours\n"))]);
    assert!(!repository.git_as("ada", &["merge", "-q", "branch"]));
    repository.commit("ada", "settled", &[("a.clj", Some("both\n"))]);
    assert_eq!(
        told(&steps(&repository, &Range::default()))[2..],
        ["* bob: theirs -b.clj", "ada: settled a.clj=both|"]
    );
}

#[test]
fn what_does_not_overlap_is_brought_in_where_it_stays_sound() {
    let lines =
        |first: &str, middle: &str, last: &str| format!("{first}\n2\n3\n{middle}\n5\n6\n{last}\n");
    let mut repository = Scripted::new();
    repository.commit("ada", "start", &[("a.clj", Some(&lines("1", "4", "7")))]);
    repository.git(&["checkout", "-q", "-b", "branch"]);
    repository.commit("bob", "two changes", &[("a.clj", Some(&lines("bob", "4", "bob")))]);
    repository.commit("bob", "a doubt", &[("a.clj", Some(&lines("bob", "?", "bob")))]);
    repository.git(&["checkout", "-q", "main"]);
    repository.commit("ada", "ours", &[("a.clj", Some(&lines("ada", "4", "7")))]);
    assert!(!repository.git_as("ada", &["merge", "-q", "branch"]));
    repository.commit("ada", "settled", &[("a.clj", Some(&lines("both", "!", "bob")))]);
    assert_eq!(
        told(&steps(&repository, &Range::default()))[2..],
        [
            "* bob: two changes a.clj=ada|2|3|4|5|6|bob|",
            "* bob: a doubt",
            "ada: settled a.clj=both|2|3|!|5|6|bob|",
        ]
    );
}

/// `sha-of-message first-last path` of each line of a merge that another commit wrote.
fn credited(steps: &[Step], of: &str) -> Vec<String> {
    let message = |sha: &str| {
        let step = steps.iter().find(|step| step.commit.sha == sha);
        step.map_or("nobody", |step| step.commit.message.as_str()).to_owned()
    };
    let merge = steps.iter().find(|step| step.commit.message == of).unwrap();
    let told = merge.credits.iter().map(|credit| {
        format!("{} {}-{} {}", message(&credit.sha), credit.first, credit.last, credit.path)
    });
    told.collect()
}

#[test]
fn lines_that_overlap_belong_to_who_wrote_them() {
    let mut repository = Scripted::new();
    let text = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    let commit = |repository: &mut Scripted, who: &str, message: &str, lines: &[&str]| {
        repository.commit(who, message, &[("a.clj", Some(&text(lines)))]);
    };
    commit(&mut repository, "ada", "start", &["1", "2", "3"]);
    repository.git(&["checkout", "-q", "-b", "branch"]);
    commit(&mut repository, "bob", "bob's", &["1", "bob", "bob too", "3"]);
    commit(&mut repository, "cleo", "cleo's", &["1", "bob", "cleo", "3"]);
    repository.git(&["checkout", "-q", "main"]);
    commit(&mut repository, "ada", "ada's", &["1", "ada", "3"]);
    assert!(!repository.git_as("ada", &["merge", "-q", "branch"]));
    commit(&mut repository, "ada", "settled", &["1", "ada", "bob", "both", "cleo", "3"]);
    let steps = steps(&repository, &Range::default());
    assert_eq!(credited(&steps, "settled"), ["bob's 3-3 a.clj", "cleo's 5-5 a.clj"]);
    assert!(steps[..steps.len() - 1].iter().all(|step| step.credits.is_empty()));
    let opened = Repository::discover(repository.path()).unwrap();
    let only = Range { from: Some("HEAD".to_owned()), to: None };
    let first = Line::new(&opened, &only, clojure("")).unwrap().next().unwrap().unwrap();
    assert!(first.credits.is_empty(), "of what was there before nothing is told");
}

#[test]
fn a_branch_that_took_up_main_meanwhile() {
    let mut repository = Scripted::new();
    repository.commit("ada", "start", &[("a.clj", Some("1\n2\n3\n"))]);
    repository.git(&["checkout", "-q", "-b", "branch"]);
    repository.commit("bob", "branch 1", &[("b.clj", Some("b\n"))]);
    repository.git(&["checkout", "-q", "main"]);
    repository.commit("ada", "main 1", &[("a.clj", Some("one\n2\n3\n"))]);
    repository.git(&["checkout", "-q", "branch"]);
    assert!(repository.git_as("bob", &["merge", "-q", "-m", "take up", "main"]));
    repository.commit("bob", "branch 2", &[("b.clj", Some("bb\n"))]);
    repository.git(&["checkout", "-q", "main"]);
    repository.commit("ada", "main 2", &[("a.clj", Some("one\n2\nthree\n"))]);
    assert!(repository.git_as("ada", &["merge", "-q", "--no-ff", "-m", "bring in", "branch"]));
    assert_eq!(
        told(&steps(&repository, &Range::default())),
        [
            "ada: start a.clj=1|2|3|",
            "ada: main 1 a.clj=one|2|3|",
            "ada: main 2 a.clj=one|2|three|",
            "* bob: branch 1 b.clj=b|",
            "* bob: take up",
            "* bob: branch 2 b.clj=bb|",
            "ada: bring in",
        ]
    );
}

#[test]
fn a_part_of_a_history() {
    let mut repository = Scripted::new();
    let first = repository.commit("ada", "one", &[("a.clj", Some("1\n"))]);
    let second = repository.commit("ada", "two", &[("b.clj", Some("2\n"))]);
    repository.commit("ada", "three", &[("a.clj", None)]);
    let range = |from: Option<&str>, to: Option<&str>| Range {
        from: from.map(str::to_owned),
        to: to.map(str::to_owned),
    };
    let upto = steps(&repository, &range(None, Some("HEAD~1")));
    assert_eq!(told(&upto), ["ada: one a.clj=1|", "ada: two b.clj=2|"]);
    let from = steps(&repository, &range(Some(&second[..8]), None));
    assert_eq!(told(&from), ["ada: two a.clj=1| b.clj=2|", "ada: three -a.clj"]);
    let opened = Repository::discover(repository.path()).unwrap();
    let error = |range| Line::new(&opened, &range, clojure("")).err().unwrap();
    let unrelated = error(range(Some("main"), Some(&first)));
    assert!(matches!(unrelated, GitError::Unrelated { .. }), "{unrelated}");
    let unknown = error(range(None, Some("nowhere")));
    assert!(matches!(unknown, GitError::Revision { .. }), "{unknown}");
    let folder = tempfile::tempdir().unwrap();
    let none = Repository::discover(folder.path()).err().unwrap();
    assert!(matches!(none, GitError::Open { .. }), "{none}");
}

#[test]
fn a_folder_of_a_repository_and_no_links() {
    let mut repository = Scripted::new();
    repository.commit("ada", "one", &[("lib/src/a.clj", Some("1\n")), ("b.clj", Some("2\n"))]);
    std::os::unix::fs::symlink("a.clj", repository.path().join("lib/src/link.clj")).unwrap();
    repository.commit("ada", "link", &[]);
    repository.commit("ada", "gone", &[("lib/src/a.clj", None)]);
    let opened = Repository::discover(&repository.path().join("lib")).unwrap();
    let line = Line::new(&opened, &Range::default(), clojure("lib")).unwrap();
    let steps: Vec<Step> = line.collect::<Result<_, _>>().unwrap();
    assert_eq!(told(&steps), ["ada: one src/a.clj=1|", "ada: link", "ada: gone -src/a.clj"]);
}

#[test]
fn a_second_run_goes_on_where_the_first_one_stopped() {
    let mut repository = merged();
    let first = steps(&repository, &Range::default());
    let mut files = BTreeMap::new();
    first.iter().for_each(|step| {
        replayed(&mut files, step);
    });
    repository.commit("ada", "more", &[("b.clj", Some("B\n"))]);
    // Somebody also imported what was never committed.
    files.insert("c.clj".to_owned(), b"c\n".to_vec());
    let opened = Repository::discover(repository.path()).unwrap();
    let known = |sha: &str| first.iter().any(|step| step.commit.sha == sha);
    let there = files.clone().into_iter().collect();
    let line = Line::after(&opened, &Range::default(), clojure(""), there, &known).unwrap();
    assert_eq!(line.len(), 1);
    let second: Vec<Step> = line.collect::<Result<_, _>>().unwrap();
    assert_eq!(told(&second), ["ada: more b.clj=B| -c.clj"]);
}

/// Numbers that look random and are the same every time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

#[test]
fn after_every_main_step_the_files_are_the_commits() {
    for seed in 0..3 {
        let mut numbers = Numbers(seed);
        let mut repository = Scripted::new();
        let text = |numbers: &mut Numbers| {
            let lines: Vec<String> = (0..8).map(|_| format!("{}\n", numbers.below(3))).collect();
            lines.concat()
        };
        for n in 0..30 {
            let branches = ["main", "x", "y"];
            let branch = branches[numbers.below(3) as usize];
            if n == 0 || !repository.git_as("c", &["checkout", "-q", branch]) && n > 0 {
                let new = ["checkout", "-q", "-B", if n == 0 { "main" } else { branch }];
                assert!(repository.git_as("c", &new));
            }
            if n > 3 && numbers.below(3) == 0 {
                let other = branches[numbers.below(3) as usize];
                let merge = ["merge", "-q", "--no-ff", "-m", "merge", "-X", "theirs", other];
                if repository.git_as("m", &merge) {
                    continue;
                }
                // What is changed on one side and gone on the other git leaves to us.
                repository.git_as("m", &["add", "-A"]);
            }
            let path = ["a.clj", "b.clj", "c/d.clj"][numbers.below(3) as usize];
            let there = repository.path().join(path);
            let file = match there.exists() && numbers.below(4) == 0 {
                true => (path, None),
                false => (path, Some(text(&mut numbers))),
            };
            repository.commit(branch, &n.to_string(), &[(file.0, file.1.as_deref())]);
        }
        repository.git_as("c", &["checkout", "-q", "main"]);
        let steps = steps(&repository, &Range::default());
        let count = repository.git(&["rev-list", "--count", "HEAD"]);
        assert_eq!(steps.len().to_string(), count, "every commit once");
        assert!(steps.is_sorted_by_key(|step| step.at));
        let mut files = BTreeMap::new();
        for step in &steps {
            let files = replayed(&mut files, step);
            if step.is_main {
                assert_eq!(*files, repository.files(&step.commit.sha), "{}", step.commit.sha);
            }
        }
    }
}
