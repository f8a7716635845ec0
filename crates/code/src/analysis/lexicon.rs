//! What is known of names before any project is read: the core namespaces, what has effects, and which macros of
//! well-known libraries define vars or bind names like which core form.

use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::LazyLock;

/// A public var of a core namespace.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct CoreVar {
    pub(crate) is_macro: bool,
}

fn vars(files: &[&'static str]) -> FxHashMap<&'static str, CoreVar> {
    let lines = files.iter().flat_map(|f| f.lines());
    lines
        .map(|line| match line.strip_suffix(" m") {
            Some(name) => (name, CoreVar { is_macro: true }),
            None => (line, CoreVar { is_macro: false }),
        })
        .collect()
}

/// Names of `clojure.core`, generated from Clojure 1.11 and completed for 1.12.
static CLOJURE: LazyLock<FxHashMap<&'static str, CoreVar>> =
    LazyLock::new(|| vars(&[include_str!("core.txt")]));

/// Names of `cljs.core`, vars and macros.
static CLOJURESCRIPT: LazyLock<FxHashMap<&'static str, CoreVar>> =
    LazyLock::new(|| vars(&[include_str!("cljs_core.txt")]));

/// The public vars of the namespaces that come with Clojure, each namespace after a line with `:` and its name.
static LIBRARIES: LazyLock<FxHashMap<&'static str, FxHashMap<&'static str, CoreVar>>> =
    LazyLock::new(|| {
        let sections = include_str!("libraries.txt").split(':').skip(1);
        sections
            .filter_map(|s| s.split_once('\n'))
            .map(|(ns, names)| (ns, vars(&[names])))
            .collect()
    });

/// Core vars that read or change something outside of their arguments.
static IMPURE: LazyLock<FxHashSet<&'static str>> =
    LazyLock::new(|| include_str!("impure.txt").lines().collect());

pub(crate) fn core_var(name: &str, cljs: bool) -> Option<CoreVar> {
    if cljs { CLOJURESCRIPT.get(name) } else { CLOJURE.get(name) }.copied()
}

/// A var of a namespace that comes with Clojure; ClojureScript's counterparts have the same ones.
pub(crate) fn library_var(ns: &str, name: &str) -> Option<CoreVar> {
    library(ns)?.get(name).copied()
}

/// Whether all public vars of a namespace are known though it is not part of the project.
pub(super) fn is_library(ns: &str) -> bool {
    library(ns).is_some()
}

fn library(ns: &str) -> Option<&'static FxHashMap<&'static str, CoreVar>> {
    LIBRARIES.get(match ns {
        "cljs.test" => "clojure.test",
        "cljs.spec.alpha" => "clojure.spec.alpha",
        "cljs.pprint" => "clojure.pprint",
        ns => ns,
    })
}

pub(crate) fn is_impure_core(name: &str) -> bool {
    IMPURE.contains(name)
}

/// Namespaces outside of core whose functions have no effects.
pub(crate) fn is_pure_namespace(ns: &str) -> bool {
    matches!(
        ns,
        "clojure.string"
            | "clojure.set"
            | "clojure.walk"
            | "clojure.zip"
            | "clojure.data"
            | "clojure.edn"
            | "clojure.math"
            | "clojure.template"
            | "clojure.core.match"
            | "clojure.core.reducers"
            | "clojure.tools.reader.edn"
    )
}

pub(crate) fn is_special_form(name: &str) -> bool {
    matches!(
        name,
        "if" | "do"
            | "def"
            | "quote"
            | "var"
            | "recur"
            | "throw"
            | "try"
            | "catch"
            | "finally"
            | "new"
            | "."
            | "set!"
            | "let*"
            | "fn*"
            | "loop*"
            | "letfn*"
            | "case*"
            | "deftype*"
            | "reify*"
            | "import*"
            | "monitor-enter"
            | "monitor-exit"
            | "&"
            | "js*"
            | "ns*"
            | "defrecord*"
            | "in-ns"
            | "thrown?"
            | "thrown-with-msg?"
    )
}

/// What binds one name and is no form of core: `(async done body…)`. Names with a namespace are no plain names, so nothing else
/// is taken for it.
pub(super) const ASYNC: &str = "cljs.test/async";

/// What repeats an expression with values for its names: `(are [name …] expression value…)`.
pub(super) const TEMPLATE: &str = "clojure.test/are";

/// The core form that a macro of a library is like: what it defines and which names it binds.
pub(super) fn like(ns: &str, name: &str) -> Option<&'static str> {
    Some(match (ns, name) {
        ("schema.core", "defn") => "defn",
        ("schema.core", "defmethod") => "defmethod",
        ("schema.core", "defrecord") => "defrecord",
        ("schema.core", "def") | ("schema.core", "defschema") => "def",
        ("schema.core", "fn") => "fn",
        ("schema.core", "letfn") => "letfn",
        ("schema.core", "defprotocol") => "defprotocol",
        ("plumbing.core", "defnk") | ("plumbing.core", "fnk") => "defn",
        ("mount.core", "defstate") => "def",
        ("clojure.test", "deftest") | ("cljs.test", "deftest") | ("clojure.test", "deftest-") => {
            "deftest"
        }
        ("compojure.core", "defroutes") => "def",
        ("clojure.core.async", "go-loop") | ("cljs.core.async", "go-loop") => "loop",
        ("clojure.spec.alpha", "fdef") | ("clojure.spec.alpha", "def") => "",
        ("rum.core", "defc") | ("rum.core", "defcs") | ("rum.core", "defcc") => "defn",
        ("cljs.test", "async") => ASYNC,
        ("clojure.test" | "cljs.test", "are") | ("clojure.template", "do-template") => TEMPLATE,
        ("reagent.core", "with-let") => "let",
        ("manifold.deferred", "let-flow") | ("promesa.core", "let") | ("promesa.core", "plet") => {
            "let"
        }
        ("promesa.core", "loop") => "loop",
        ("potemkin", "import-vars") | ("potemkin.namespaces", "import-vars") => "import-vars",
        ("potemkin", "defrecord+") | ("potemkin.types", "defrecord+") => "defrecord",
        ("potemkin", "deftype+") | ("potemkin.types", "deftype+") => "deftype",
        ("potemkin", "defprotocol+") | ("potemkin.types", "defprotocol+") => "defprotocol",
        ("clojure.core.cache", "defcache") => "deftype",
        ("clojure.test.check.clojure-test", "defspec") => "def",
        ("clojure.test.check.properties", "for-all") => "let",
        ("clojure.test.check.generators", "let") => "let",
        ("integrant.core", "defmethod") => "defmethod",
        ("instaparse.core", "defparser") => "def",
        _ => return None,
    })
}

/// Core forms whose names other libraries use for macros of the same shape.
pub(super) fn binds(name: &str) -> bool {
    matches!(
        name,
        "let"
            | "loop"
            | "fn"
            | "for"
            | "doseq"
            | "when-let"
            | "if-let"
            | "letfn"
            | "as->"
            | "reify"
            | "defn"
            | "defn-"
            | "defmacro"
            | "def"
            | "defmethod"
            | "defmulti"
            | "defprotocol"
            | "defrecord"
            | "deftype"
            | "extend-type"
            | "extend-protocol"
            | "deftest"
    )
}

/// Whether a call of what is called so registers its first argument, if that is a keyword. What is like `s/def` has no name.
pub(super) fn registers(name: &str) -> bool {
    let defines = name.starts_with("def") && !name.starts_with("default");
    name.is_empty()
        || defines
        || name == "reg"
        || name.starts_with("reg-")
        || name.starts_with("register")
}

/// Whether a keyword is written with a namespace: `:a/b`, `::b`, `::a/b`.
pub(super) fn is_qualified(keyword: &str) -> bool {
    keyword.starts_with("::") || keyword.len() > 2 && keyword.contains('/')
}
