//! Names: which ones can be given, and where in a symbol the name of a var stands.

use super::reason::{Reason, Why};
use crate::analysis::is_special_form;
use edn::syntax::{Kind, parse};
use std::ops::Range;

/// A full name: its namespace and the name in it; `None` where it has no namespace.
pub(super) fn split(full: &str) -> Option<(&str, &str)> {
    full.split_once('/').filter(|(ns, name)| !ns.is_empty() && !name.is_empty())
}

/// Whether a text is one symbol as it is read anywhere.
fn is_symbol(text: &str) -> bool {
    let tree = parse(text);
    let only = tree.error.is_none() && tree.nodes.len() == 1;
    only && tree.node(0).kind == Kind::Symbol && tree.node(0).range() == (0..text.len())
}

fn bad(name: &str, what: &str, why: &str, help: &str) -> Reason {
    Reason::new(Why::BadName, format!("`{name}` is no name for a {what}: {why}")).help(help)
}

/// Whether a var can be called so.
pub(super) fn check_var(name: &str) -> Result<(), Reason> {
    let bad = |why: &str| bad(name, "var", why, "choose a plain symbol, such as `total-price`");
    if !is_symbol(name) || name.contains(':') {
        return Err(bad("it does not read as one symbol"));
    }
    if matches!(name, "nil" | "true" | "false" | "&" | "_" | "/") || is_special_form(name) {
        return Err(bad("it has a meaning of its own"));
    }
    if name.contains('/') {
        return Err(bad("a slash ends the namespace"));
    }
    if name.contains('.') && !name.trim_matches('.').is_empty() {
        return Err(bad("with a dot it would be a class or a member"));
    }
    if name.ends_with('#') || name.starts_with('%') {
        return Err(bad("it would be a name that the reader makes up"));
    }
    Ok(())
}

/// Whether a namespace can be called so.
pub(super) fn check_namespace(name: &str) -> Result<(), Reason> {
    let bad = |why: &str| {
        bad(name, "namespace", why, "choose words with dots, such as `shop.order-line`")
    };
    if !is_symbol(name) || name.contains([':', '/']) {
        return Err(bad("it does not read as a symbol without a slash"));
    }
    let part_is_bad =
        |part: &str| part.is_empty() || part.starts_with(|c: char| c.is_ascii_digit());
    if name.split('.').any(part_is_bad) || matches!(name, "nil" | "true" | "false" | "&" | "_") {
        return Err(bad("each part between dots must begin with a letter"));
    }
    if name.contains(['\\', '*', '?', '|', '<', '>', '"']) {
        return Err(bad("no file could have its name"));
    }
    Ok(())
}

/// Whether an alias can be called so.
pub(super) fn check_alias(name: &str) -> Result<(), Reason> {
    match is_symbol(name) && !name.contains([':', '/']) && !is_constant(name) {
        true => Ok(()),
        false => Err(bad(
            name,
            "alias",
            "it does not read as a plain symbol",
            "choose a short word, such as `str`",
        )),
    }
}

/// Whether a local can be called so.
pub(super) fn check_local(name: &str) -> Result<(), Reason> {
    let plain = is_symbol(name) && !name.contains([':', '/', '.']) && !is_constant(name);
    match plain && !name.ends_with('#') && !name.starts_with('%') {
        true => Ok(()),
        false => Err(bad(
            name,
            "local",
            "it does not read as a plain symbol",
            "choose a word, such as `total`",
        )),
    }
}

/// Whether a keyword's name can be this.
pub(super) fn check_keyword(name: &str) -> Result<(), Reason> {
    let text = format!(":{name}");
    let tree = parse(&text);
    let only = tree.error.is_none() && tree.nodes.len() == 1 && tree.node(0).kind == Kind::Keyword;
    match only
        && tree.node(0).range() == (0..text.len())
        && !name.contains('/')
        && !name.starts_with(':')
    {
        true => Ok(()),
        false => Err(bad(
            name,
            "keyword",
            "it does not read as one",
            "choose a word, such as `order-id`",
        )),
    }
}

fn is_constant(name: &str) -> bool {
    matches!(name, "nil" | "true" | "false" | "&")
}

/// Where in a symbol that means a var the var's name stands: `alias/name`, `Name.`, `my.ns.Name`, `Name/member`,
/// `alias/name.member`. `None` where the symbol has another name for it, as `:rename` gives one.
pub(super) fn within(token: &str, name: &str) -> Option<Range<usize>> {
    let at = |start: usize| Some(start..start + name.len());
    let (prefix, plain) = split(token).map_or((None, token), |(ns, plain)| (Some(ns), plain));
    let start = token.len() - plain.len();
    if plain == name || plain.strip_suffix('.') == Some(name) {
        return at(start);
    }
    let is_member = |rest: &str| rest.starts_with('.') && rest.len() > 1;
    if prefix.is_some() && plain.strip_prefix(name).is_some_and(is_member) {
        return at(start);
    }
    let class = prefix.unwrap_or(plain);
    let class = class.strip_suffix('.').unwrap_or(class);
    let simple = class.rsplit('.').next().unwrap_or(class);
    if simple == name { at(class.len() - name.len()) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_symbols() {
        for (token, name, found) in [
            ("f", "f", Some(0..1)),
            ("x/f", "f", Some(2..3)),
            ("clojure.core//", "/", Some(13..14)),
            ("f/f", "f", Some(2..3)),
            ("R.", "R", Some(0..1)),
            ("x/R.", "R", Some(2..3)),
            ("my_ns.R", "R", Some(6..7)),
            ("my_ns.R.", "R", Some(6..7)),
            ("R/create", "R", Some(0..1)),
            ("my_ns.R/create", "R", Some(6..7)),
            ("x/state.value", "state", Some(2..7)),
            ("other", "f", None),
            ("x/other", "f", None),
        ] {
            assert_eq!(within(token, name), found, "{token}");
        }
    }

    #[test]
    fn what_cannot_be_a_name_is_refused() {
        for name in ["->>", "foo'", "*x*", "<=>!", "größe", "a|b", "..", "-"] {
            assert_eq!(check_var(name), Ok(()), "{name}");
        }
        for name in [
            "", "a b", "1a", "nil", "if", "a/b", "a.b", "x#", "%1", ":a", "a:", "'a", "a;",
            "\"a\"", "/",
        ] {
            assert!(check_var(name).is_err(), "{name}");
        }
        for name in ["a", "a.b-c", "a.b2"] {
            assert_eq!(check_namespace(name), Ok(()), "{name}");
        }
        for name in ["", "a.", ".a", "a..b", "a/b", "a.2", "nil", "a b", "a*"] {
            assert!(check_namespace(name).is_err(), "{name}");
        }
    }
}
