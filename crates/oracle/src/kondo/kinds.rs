//! Of what kind a difference is: what the other side has at the same place, and in which form that is. Differences of one kind
//! mostly have one cause.

use super::sides::Buckets;
use super::{About, BUCKETS, Finding, Unfounded};
use edn::syntax::{Kind, Node, Tree, parse};
use std::collections::BTreeMap;

/// What one side has at each place: by file, row and column the findings, each with its bucket.
pub(super) struct Kinds<'a>(BTreeMap<At<'a>, Vec<(&'static About, &'a Finding)>>);

type At<'a> = (&'a str, u32, u32);

impl<'a> Kinds<'a> {
    pub(super) fn of(buckets: &'a Buckets) -> Kinds<'a> {
        let mut at: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for about in &BUCKETS {
            for finding in buckets.get(&about.bucket).into_iter().flatten() {
                let place = (finding.file.as_str(), finding.row, finding.col);
                at.entry(place).or_default().push((about, finding));
            }
        }
        Kinds(at)
    }

    /// What a finding of the other side differs in from what is here.
    pub(super) fn kind(
        &self,
        about: &About,
        finding: &Finding,
        source: Option<&mut Source<'_>>,
    ) -> String {
        let here = self.0.get(&(finding.file.as_str(), finding.row, finding.col));
        let here = || here.into_iter().flatten().filter(|(_, f)| f.lang == finding.lang);
        let same = here().find(|(other, _)| other.bucket == about.bucket);
        let instead = match same.or(here().next()) {
            Some((other, _)) if other.bucket == about.bucket => "otherwise".to_string(),
            Some((other, _)) => format!("instead in {}", other.name),
            None => "not at all".to_string(),
        };
        let form = source.and_then(|source| source.form_at(finding.row, finding.col));
        let unfounded = match finding.unfounded {
            Some(Unfounded::MadeUp) => "made up, ",
            Some(Unfounded::NoSuchVar) => "no such var, ",
            None => "",
        };
        format!("{unfounded}{instead}, in {}", form.as_deref().unwrap_or("no form"))
    }
}

/// A file's text and the tree of it, which is made when it is asked for.
pub(super) struct Source<'t> {
    text: &'t str,
    tree: Option<Tree>,
}

impl<'t> Source<'t> {
    pub(super) fn of_all(files: &'t [(String, String)]) -> BTreeMap<&'t str, Source<'t>> {
        let source =
            |(name, text): &'t (String, String)| (name.as_str(), Source { text, tree: None });
        files.iter().map(source).collect()
    }

    /// Whether something else begins at a place where a name is to be.
    pub(super) fn has_no_name_at(&self, (row, col): (u32, u32)) -> bool {
        let at = offset(self.text, row, col);
        at.is_some_and(|at| self.text[at..].starts_with(['(', '[', '{', '#', '^', ':', '"']))
    }

    /// Whether the form that begins at one place reaches to another one.
    pub(super) fn form_reaches(&mut self, from: (u32, u32), to: (u32, u32)) -> bool {
        let text = self.text;
        let (Some(from), Some(to)) = (offset(text, from.0, from.1), offset(text, to.0, to.1))
        else {
            return false;
        };
        let tree = self.tree.get_or_insert_with(|| parse(text));
        let starts_there = |node: &&Node| node.start as usize == from && node.kind == Kind::List;
        tree.nodes.iter().find(starts_there).is_some_and(|form| form.range().contains(&to))
    }

    /// The form around a place that tells most of what is read there: a quote, metadata, a form with a grammar of its own; the
    /// top-level form, where there is none of those.
    fn form_at(&mut self, row: u32, col: u32) -> Option<String> {
        let at = offset(self.text, row, col)?;
        let text = self.text;
        let tree = self.tree.get_or_insert_with(|| parse(text));
        let mut telling = None;
        let mut node = tree.roots().find(|root| tree.node(*root).range().contains(&at))?;
        loop {
            let children: Vec<usize> = tree.children(node).collect();
            match tree.node(node).kind {
                Kind::List => {
                    let head = children.first().map_or("", |head| tree.text(*head, text));
                    let head = head.rsplit('/').next().unwrap_or(head);
                    if telling.is_none() || OWN_GRAMMAR.contains(&head) {
                        telling = Some(format!("({head} …)"));
                    }
                }
                Kind::Quote => telling = Some("a quote".to_string()),
                Kind::SyntaxQuote => telling = Some("a syntax quote".to_string()),
                Kind::Tagged => telling = Some("a tagged literal".to_string()),
                Kind::Meta if tree.node(*children.first()?).range().contains(&at) => {
                    telling = Some("metadata".to_string());
                }
                _ => {}
            }
            match children.into_iter().find(|child| tree.node(*child).range().contains(&at)) {
                Some(child) => node = child,
                None => return telling,
            }
        }
    }
}

/// Forms whose parts are not read as arguments are.
const OWN_GRAMMAR: [&str; 30] = [
    "comment",
    "defprotocol",
    "definterface",
    "defrecord",
    "deftype",
    "reify",
    "proxy",
    "extend-type",
    "extend-protocol",
    "specify",
    "specify!",
    "extend",
    "gen-class",
    "gen-interface",
    "import-vars",
    "declare",
    "fdef",
    "instance?",
    "defmethod",
    "case",
    ":require",
    ":use",
    ":import",
    ":require-macros",
    "require",
    "letfn",
    "this-as",
    "js-obj",
    "are",
    "binding",
];

/// The byte at a row and column, both counted from 1, the column in UTF-16 units.
fn offset(text: &str, row: u32, col: u32) -> Option<usize> {
    let mut start = 0;
    for _ in 1..row {
        start += text.get(start..)?.find('\n')? + 1;
    }
    let mut units = 1;
    for (at, c) in text.get(start..)?.char_indices() {
        if units >= col {
            return Some(start + at);
        }
        units += c.len_utf16() as u32;
    }
    Some(text.len())
}
