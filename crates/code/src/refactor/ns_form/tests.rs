//! Each case: a form, a change, the form after it.

use super::*;

fn everyone(platforms: &[Platform]) -> Platforms {
    Platforms::of(platforms.iter().copied())
}

fn form(text: &str) -> NsForm {
    NsForm::read(text, everyone(&[Platform::Clj, Platform::Cljs])).unwrap()
}

fn require(text: &str, ns: &str, alias: &str, refers: &[&str], platforms: &[Platform]) -> String {
    let mut form = form(text);
    form.require(&Require {
        alias: (!alias.is_empty()).then(|| alias.to_owned()),
        refers: refers.iter().map(|r| (*r).to_owned()).collect(),
        ..Require::new(ns, everyone(platforms))
    });
    assert!(form.tree.error.is_none(), "{}", form.text);
    form.text
}

const BOTH: &[Platform] = &[Platform::Clj, Platform::Cljs];
const CLJ: &[Platform] = &[Platform::Clj];

fn required(text: &str, ns: &str, alias: &str, refers: &[&str]) -> String {
    require(text, ns, alias, refers, BOTH)
}

#[test]
fn what_is_required_stands_as_its_neighbours_do() {
    for (before, ns, after) in [
        ("(ns a)", "x", "(ns a\n  (:require [x :as x]))"),
        ("(ns a \"Doc.\")", "x", "(ns a \"Doc.\"\n  (:require [x :as x]))"),
        (
            "(ns a\n  {:k 1}\n  (:import (java.util Date)))",
            "x",
            "(ns a\n  {:k 1}\n  (:require [x :as x])\n  (:import (java.util Date)))",
        ),
        (
            "(ns a\n   (:refer-clojure :exclude [map]) ; why\n   (:gen-class))",
            "x",
            "(ns a\n   (:refer-clojure :exclude [map]) ; why\n   (:require [x :as x])\n   (:gen-class))",
        ),
        ("(ns a (:require [b]))", "x", "(ns a (:require [b]\n                [x :as x]))"),
        ("(ns a (:require [b] [c]))", "x", "(ns a (:require [b] [c] [x :as x]))"),
        (
            "(ns a\n  (:require\n   [b :as b]\n   [y :as y]))",
            "x",
            "(ns a\n  (:require\n   [b :as b]\n   [x :as x]\n   [y :as y]))",
        ),
        (
            "(ns a\n  (:require [x.b :as b]\n            [y :as y]))",
            "a",
            "(ns a\n  (:require [a :as a]\n            [x.b :as b]\n            [y :as y]))",
        ),
        (
            "(ns a\n  (:require [y] ; last\n            [b])) ; end",
            "x",
            "(ns a\n  (:require [y] ; last\n            [b]\n            [x :as x])) ; end",
        ),
        (
            "(ns a\n  (:require [b] ; b\n            [y] ; y\n            ))",
            "z",
            "(ns a\n  (:require [b] ; b\n            [y] ; y\n            [z :as z]\n            ))",
        ),
        (
            "(ns a (:require (b :as b)))",
            "x",
            "(ns a (:require (b :as b)\n                (x :as x)))",
        ),
        ("(ns a\r\n  (:require [b]))", "x", "(ns a\r\n  (:require [b]\r\n            [x :as x]))"),
        ("(ns a (:require))", "x", "(ns a (:require [x :as x]))"),
        (
            "(ns a (:require-macros [m]))",
            "x",
            "(ns a\n  (:require [x :as x]) (:require-macros [m]))",
        ),
        (
            "(ns a\n  (:require #?(:clj [b])\n            [c]))",
            "x",
            "(ns a\n  (:require #?(:clj [b])\n            [c]\n            [x :as x]))",
        ),
    ] {
        assert_eq!(required(before, ns, ns, &[]), after);
    }
}

#[test]
fn what_is_required_already_is_completed() {
    for (before, alias, refers, after) in [
        ("(ns a (:require x))", "x", &[][..], "(ns a (:require [x :as x]))"),
        ("(ns a (:require [x]))", "x", &[], "(ns a (:require [x :as x]))"),
        ("(ns a (:require [x :refer [f]]))", "x", &[], "(ns a (:require [x :as x :refer [f]]))"),
        ("(ns a (:require [x :as x]))", "", &["f"], "(ns a (:require [x :as x :refer [f]]))"),
        ("(ns a (:require [x :as x]))", "", &[], "(ns a (:require [x :as x]))"),
        ("(ns a (:require [x :refer [b f]]))", "", &["c"], "(ns a (:require [x :refer [b c f]]))"),
        ("(ns a (:require [x :refer [f b]]))", "", &["c"], "(ns a (:require [x :refer [f b c]]))"),
        ("(ns a (:require [x :refer (f)]))", "", &["c", "f"], "(ns a (:require [x :refer (f c)]))"),
        ("(ns a (:require [x :refer []]))", "", &["c"], "(ns a (:require [x :refer [c]]))"),
        ("(ns a (:require [x :refer :all]))", "", &["c"], "(ns a (:require [x :refer :all]))"),
        ("(ns a (:require [x :as-alias x]))", "x", &[], "(ns a (:require [x :as x]))"),
        (
            "(ns a (:require [x :as y]))",
            "x",
            &[],
            "(ns a (:require [x :as y]\n                [x :as x]))",
        ),
    ] {
        assert_eq!(required(before, "x", alias, refers), after);
    }
    let prefixed = "(ns a (:require (clojure [set :as set] string)))";
    let after = "(ns a (:require (clojure [set :as set] [string :as str])))";
    assert_eq!(required(prefixed, "clojure.string", "str", &[]), after);
}

#[test]
fn what_one_platform_requires_stands_in_a_conditional() {
    for (before, after) in [
        ("(ns a)", "(ns a\n  (:require #?(:clj [x :as x])))"),
        ("(ns a (:require [b] [c]))", "(ns a (:require [b] [c] #?(:clj [x :as x])))"),
        (
            "(ns a (:require #?@(:clj [[b]\n                          [c]])))",
            "(ns a (:require #?@(:clj [[b]\n                          [c]\n                          [x :as x]])))",
        ),
        (
            "(ns a #?(:clj (:require [b])))",
            "(ns a #?(:clj (:require [b]\n                        [x :as x])))",
        ),
        ("(ns a (:require [x]))", "(ns a (:require [x :as x]))"),
    ] {
        assert_eq!(require(before, "x", "x", &[], CLJ), after);
    }
    let other = "(ns a (:require #?(:cljs [x :as x])))";
    let after = "(ns a (:require #?(:cljs [x :as x])\n                #?(:clj [x :as x])))";
    assert_eq!(require(other, "x", "x", &[], CLJ), after);
}

fn without(text: &str, gone: &[&str]) -> String {
    let mut form = form(text);
    form.drop_libs(|lib| gone.contains(&lib.ns.as_str()));
    assert!(form.tree.error.is_none(), "{}", form.text);
    assert!(form.libs.iter().all(|lib| !gone.contains(&lib.ns.as_str())), "{}", form.text);
    form.text
}

#[test]
fn what_is_taken_away_leaves_no_hole() {
    for (before, gone, after) in [
        ("(ns a (:require [x]))", &["x"][..], "(ns a)"),
        ("(ns a\n  (:require [x])\n  (:import (j D)))", &["x"], "(ns a\n  (:import (j D)))"),
        ("(ns a\n  (:require [x]\n            [y]))", &["x"], "(ns a\n  (:require [y]))"),
        ("(ns a\n  (:require [x]\n            [y]))", &["y"], "(ns a\n  (:require [x]))"),
        (
            "(ns a\n  (:require\n   [x]\n   [y]\n   [z]))",
            &["x", "y"],
            "(ns a\n  (:require\n   [z]))",
        ),
        ("(ns a\n  (:require [x]\n   [y]\n   [z]))", &["x", "y"], "(ns a\n  (:require [z]))"),
        ("(ns a (:require [x] [y] [z]))", &["y"], "(ns a (:require [x] [z]))"),
        ("(ns a (:require [x] [y] [z]))", &["x"], "(ns a (:require [y] [z]))"),
        (
            "(ns a\n  (:require [x] ; of x\n            [y] ; of y\n            [z]))",
            &["y"],
            "(ns a\n  (:require [x] ; of x\n            [z]))",
        ),
        (
            "(ns a\n  (:require [x] ; of x\n            [y]))",
            &["y"],
            "(ns a\n  (:require [x] ; of x\n            ))",
        ),
        (
            "(ns a\n  (:require\n   ;; ours\n   [x]\n   ;; theirs\n   [y]))",
            &["x"],
            "(ns a\n  (:require\n   ;; ours\n   ;; theirs\n   [y]))",
        ),
        ("(ns a (:require (p x y)))", &["p.x"], "(ns a (:require (p y)))"),
        ("(ns a (:require (p x y) [z]))", &["p.x", "p.y"], "(ns a (:require [z]))"),
        (
            "(ns a (:require [z] #?(:clj [x] :cljs [y])))",
            &["x"],
            "(ns a (:require [z] #?(:cljs [y])))",
        ),
        ("(ns a (:require [z] #?(:clj [x] :cljs [y])))", &["x", "y"], "(ns a (:require [z]))"),
        ("(ns a (:require [z] #?@(:clj [[x] [y]])))", &["x", "y"], "(ns a (:require [z]))"),
        (
            "(ns a (:require [z] #?@(:clj [[x] [y]])))",
            &["x"],
            "(ns a (:require [z] #?@(:clj [[y]])))",
        ),
        ("(ns a #?(:clj (:require [x])) (:require [y]))", &["x"], "(ns a (:require [y]))"),
        ("(ns a (:require #_[w] [x]))", &["x"], "(ns a)"),
        ("(ns a (:use x [y :only [f]]))", &["x"], "(ns a (:use [y :only [f]]))"),
    ] {
        assert_eq!(without(before, gone), after);
    }
}

#[test]
fn a_branch_that_hides_another_one_stays() {
    let text = "(ns a (:require #?@(:clj [[x]] :default [[y]])))";
    let mut form = form(text);
    form.drop_libs(|lib| lib.ns == "x");
    assert_eq!(form.text, "(ns a (:require #?@(:clj [] :default [[y]])))");
}

#[test]
fn names_and_classes_are_taken_away() {
    let text = "(ns a (:require [x :as x :refer [f g]] [y :refer [h] :rename {h k}] [z :as z])\n  (:import (j D E) k.F))";
    let mut form = form(text);
    form.drop_refers(|_, refer| ["f", "k"].contains(&refer.name.as_str()));
    form.drop_imports(|import| ["D", "F"].contains(&import.class.as_str()));
    assert_eq!(
        form.text,
        "(ns a (:require [x :as x :refer [g]] [y] [z :as z])\n  (:import (j E)))"
    );
    form.drop_refers(|_, _| true);
    form.drop_imports(|_| true);
    assert_eq!(form.text, "(ns a (:require [x :as x] [y] [z :as z]))");
}

#[test]
fn classes_are_imported_beside_their_package() {
    for (before, after) in [
        ("(ns a)", "(ns a\n  (:import (j.u D)))"),
        ("(ns a\n  (:require [b]))", "(ns a\n  (:require [b])\n  (:import (j.u D)))"),
        ("(ns a (:import (j.u B C)))", "(ns a (:import (j.u B C D)))"),
        ("(ns a (:import [j.t B]))", "(ns a (:import [j.t B]\n               [j.u D]))"),
        ("(ns a (:import j.u.B))", "(ns a (:import j.u.B\n               j.u.D))"),
        ("(ns a (:import (j.u D)))", "(ns a (:import (j.u D)))"),
    ] {
        let mut form = form(before);
        form.import("j.u", "D", everyone(BOTH));
        assert_eq!(form.text, after);
    }
}

#[test]
fn groups_are_sorted_and_stay_groups() {
    for (before, after) in [
        ("(ns a (:require [c] [b :as x] d))", "(ns a (:require [b :as x] [c] d))"),
        (
            "(ns a\n  (:require [c :as\n             d]\n            [b]))",
            "(ns a\n  (:require [b]\n            [c :as\n             d]))",
        ),
        (
            "(ns a\n  (:require\n   [c]\n   [b]\n\n   [z]\n   [y]\n   ;; last\n   [k]\n   [j]))",
            "(ns a\n  (:require\n   [b]\n   [c]\n\n   [y]\n   [z]\n   ;; last\n   [j]\n   [k]))",
        ),
        ("(ns a (:require [c] #?(:clj [b]) [a]))", "(ns a (:require [c] #?(:clj [b]) [a]))"),
        ("(ns a (:require [c] ; c\n [b]))", "(ns a (:require [c] ; c\n [b]))"),
        ("(ns a (:import (k.l M) (j.k L)))", "(ns a (:import (j.k L) (k.l M)))"),
    ] {
        let mut form = form(before);
        form.sort();
        assert_eq!(form.text, after);
    }
}

#[test]
fn what_is_said_of_libraries_is_read() {
    let text = "(ns ^:m a \"D\" (:require [b :as c :refer [d] :rename {d e}] #?(:clj [f])) (:use (g [h :only [i]] j))\n (:import [k.l M] n.O))";
    let form = form(text);
    assert_eq!(form.name(), "a");
    let said: Vec<String> = form
        .libs()
        .iter()
        .map(|l| {
            let names: Vec<&str> = l.refers.iter().map(|r| r.name.as_str()).collect();
            format!("{} {:?} {names:?} {} {}", l.ns, l.alias, l.all, l.platforms == form.platforms)
        })
        .collect();
    let expected = [
        "b Some(\"c\") [\"e\"] false true",
        "f None [] false false",
        "g.h None [\"i\"] false true",
        "g.j None [] true true",
    ];
    assert_eq!(said, expected);
    let imports: Vec<String> =
        form.imports().iter().map(|i| format!("{}.{}", i.package, i.class)).collect();
    assert_eq!(imports, ["k.l.M", "n.O"]);
    assert!(NsForm::read("(in-ns 'a)", Platforms::default()).is_none());
    assert!(NsForm::read("(ns a", Platforms::default()).is_none());
}
