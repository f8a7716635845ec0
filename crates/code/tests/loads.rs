//! What is renamed, moved, extracted, inlined, deleted and cleaned at random still loads in real Clojure, and does what it did: real
//! libraries, Debian's packages, changed many times over, with their own tests where they bring some.
//!
//! All that was made is loaded by one Clojure, one after the other. More of it, by hand:
//!
//!     VARIANTS=40 CHANGES=40 LIBRARIES=all cargo test --release -p defbase-code --test loads -- --nocapture
#![allow(clippy::unwrap_used)]

mod random;

use code::analysis::Rules;
use code::refactor::{Change, Sources, rename};
use random::attempts::{Pool, REFACTORINGS};
use random::jars::{JARS, unpacked};
use random::{KINDS, Random, applied, candidates, new_name};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// What is changed.
const LIBRARIES: [&str; 5] =
    ["instaparse", "tools.reader", "core.cache", "core.memoize", "data.priority-map"];

/// What is changed by hand besides; takes longer to load.
const MORE: [&str; 4] = ["tools.analyzer", "tools.analyzer.jvm", "core.async", "ring-codec"];

/// What is on the class path as it is.
const PATH: [&str; 4] = ["clojure", "spec.alpha", "core.specs.alpha", "asm-all"];

/// What does not load from the jars alone.
const NOT_THERE: [&str; 1] = ["instaparse.viz"];

/// Tests that look at the clock.
const TIMED: [&str; 2] =
    ["clojure.core.cache-test/test-ttl-cache", "clojure.core.cache.wrapped-test/wrapped-ttl-test"];

/// What the libraries are asked, with their names as they are now.
const QUESTIONS: [(&str, &str); 4] = [
    ("instaparse.core/parser", "(= [:S \"a\" \"a\"] ((@it \"S = 'a'*\") \"aa\"))"),
    ("clojure.tools.reader/read-string", "(= '[x {:a 1N}] (@it \"[x {:a 1N}]\"))"),
    ("clojure.tools.reader.edn/read-string", "(= {:a #{1}} (@it \"{:a #{1}}\"))"),
    ("clojure.core.memoize/memo", "(= [4 4] (map (@it (fn [x] (* x x))) [2 2]))"),
];

/// Loads each folder's namespaces anew, asks its questions, runs the tests that do not look at the clock.
const PROGRAM: &str = r#"
(require 'clojure.test)
(defn try-out [[folder namespaces questions timed]]
  (let [url (.toURL (.toURI (java.io.File. folder)))
        loader (doto (clojure.lang.DynamicClassLoader. (clojure.lang.RT/baseLoader)) (.addURL url))]
    (try
      (with-bindings {clojure.lang.Compiler/LOADER loader}
        (run! require namespaces)
        (doseq [[it question] questions]
          (assert ((eval (list 'fn '[it] question)) (resolve it)) (str it " " question)))
        (doseq [test (keep resolve timed)]
          (alter-meta! test dissoc :test))
        (let [out (java.io.StringWriter.)
              told (binding [clojure.test/*test-out* out] (apply clojure.test/run-tests namespaces))]
          (if (clojure.test/successful? told)
            (println folder "runs," (:test told) "tests")
            (println folder "FAILS" (str out)))))
      (catch Throwable e
        (println folder "DOES NOT LOAD"
                 (->> e (iterate #(.getCause %)) (take-while some?) (map str) (interpose "\n  ") (apply str))))
      (finally
        (run! remove-ns namespaces)
        (dosync (alter @#'clojure.core/*loaded-libs* #(apply disj % namespaces)))))))
(run! try-out variants)
(shutdown-agents)
"#;

/// A project after many changes.
#[derive(Clone)]
struct Variant {
    files: Vec<(String, String)>,
    /// What was done, as it would be typed.
    done: Vec<String>,
    /// What is called otherwise: the first name, the last one.
    names: BTreeMap<String, String>,
}

impl Variant {
    fn now<'n>(&'n self, name: &'n str) -> &'n str {
        self.names.get(name).map_or(name, |now| now)
    }

    /// Whether what is asked afterwards is still there.
    fn answers(&self, sources: &Sources) -> bool {
        let all = Pool::of(sources).vars;
        QUESTIONS.iter().all(|(name, _)| all.iter().any(|var| var == self.now(name)))
    }

    fn take(&mut self, change: &Change, command: String) {
        for (old, new) in &change.renames {
            let first = self.names.iter().find(|(_, now)| *now == old);
            let first = first.map_or_else(|| old.clone(), |(first, _)| first.clone());
            self.names.insert(first, new.clone());
        }
        self.files = applied(&self.files, change);
        self.done.push(command);
    }
}

/// Changes one thing after the other, kind after kind.
fn changed(files: &[(String, String)], changes: usize, seed: u64) -> Variant {
    let mut variant = Variant { files: files.to_vec(), done: Vec::new(), names: BTreeMap::new() };
    let mut sources = Sources::read(files.to_vec(), &Rules::default());
    let mut random = Random(seed);
    for n in 0.. {
        if variant.done.len() == changes {
            break;
        }
        let kinds = KINDS.len() + REFACTORINGS.len();
        let (command, outcome) = match n % kinds {
            kind if kind < KINDS.len() => {
                let all = &candidates(&sources)[kind];
                let target = &all[random.below(all.len())];
                let new = new_name(target, n);
                (format!("rename {target:?} {new}"), rename(&sources, target, &new))
            }
            kind => {
                let kind = REFACTORINGS[kind - KINDS.len()];
                let attempt = Pool::of(&sources).attempt(kind, &sources, &mut random);
                (attempt.command, attempt.outcome)
            }
        };
        let Ok(change) = outcome else { continue };
        let mut next = variant.clone();
        next.take(&change, command);
        let after = Sources::read(next.files.clone(), &Rules::default());
        if !change.files.is_empty() && next.answers(&after) {
            (variant, sources) = (next, after);
        }
    }
    variant
}

/// Writes the files of a variant, and what Clojure is to know of it.
fn written(variant: &Variant, folder: &Path) -> String {
    for (path, text) in &variant.files {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let sources = Sources::read(variant.files.clone(), &Rules::default());
    let all = sources.all().filter(|(file, _)| !sources.path(*file).ends_with(".cljs"));
    let made = all.flat_map(|(_, found)| &found.namespaces).map(|ns| ns.name.to_string());
    let not_there = NOT_THERE.map(|ns| variant.now(ns));
    let loaded: Vec<String> = made.filter(|ns| !not_there.contains(&&**ns)).collect();
    let questions: Vec<String> =
        QUESTIONS.iter().map(|(it, is)| format!("[{} {is}]", variant.now(it))).collect();
    let timed: Vec<&str> = TIMED.iter().map(|test| variant.now(test)).collect();
    format!(
        "[{:?} [{}] [{}] [{}]]",
        folder.display().to_string(),
        loaded.join(" "),
        questions.join(" "),
        timed.join(" ")
    )
}

#[test]
fn what_is_refactored_still_runs() {
    let number = |name: &str, usual: usize| {
        std::env::var(name).map_or(usual, |given| given.parse().unwrap())
    };
    let mut libraries = LIBRARIES.to_vec();
    if std::env::var_os("LIBRARIES").is_some() {
        libraries.extend(MORE);
    }
    let Some(files) = unpacked(&libraries) else { return };
    let folder = tempfile::tempdir().unwrap();
    let changes = number("CHANGES", 12);
    let variants: Vec<Variant> = (0..number("VARIANTS", 2))
        .map(|n| changed(&files, changes, number("SEED", 40) as u64 + n as u64))
        .collect();
    let known: Vec<String> = variants
        .iter()
        .enumerate()
        .map(|(n, variant)| written(variant, &folder.path().join(format!("variant-{n}"))))
        .collect();
    let program = folder.path().join("try_out.clj");
    std::fs::write(&program, format!("(def variants '[{}])\n{PROGRAM}", known.join("\n"))).unwrap();
    let path = PATH.map(|jar| format!("{JARS}/{jar}.jar")).join(":");
    let output = Command::new("java").args(["-cp", &path, "clojure.main"]).arg(program).output();
    let Ok(output) = output else {
        return assert!(std::env::var_os("CI").is_none(), "there is no java: cargo xtask setup");
    };
    let told = String::from_utf8_lossy(&output.stdout);
    let mut failed = 0;
    for (n, variant) in variants.iter().enumerate() {
        let name = format!("variant-{n} ");
        let line = told.lines().find(|line| line.contains(&name));
        if !line.is_some_and(|line| line.contains(" runs, ") && !line.ends_with(" 0 tests")) {
            failed += 1;
            eprintln!("{name}: {:#?}", variant.done);
        }
    }
    eprintln!("{told}");
    if failed > 0 {
        let kept = folder.keep();
        panic!("{failed} fail, in {}\n{}", kept.display(), String::from_utf8_lossy(&output.stderr));
    }
}
