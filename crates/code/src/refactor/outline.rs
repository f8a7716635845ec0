//! A file as a list of statements between comments, with its `ns` forms.
//!
//! A statement has the comments just above it, up to a blank line or a heading of three semicolons or more, hints to a linter
//! (`#_{:clj-kondo/ignore …}`), and the comment that ends its last line. What moves or goes takes these along.

use super::ns_form::{NsForm, Platforms};
use crate::analysis::{Platform, Reading, platforms};
use edn::syntax::{Kind, Tree, parse_through};
use std::ops::Range;

/// See the module.
#[derive(Debug)]
pub(super) struct Outline<'a> {
    pub(super) text: &'a str,
    pub(super) tree: Tree,
    /// Who reads the file.
    pub(super) platforms: Platforms,
    /// The nodes of its statements, in order.
    pub(super) statements: Vec<usize>,
    /// Its `ns` forms, in order.
    pub(super) ns_forms: Vec<NsAt>,
}

/// An `ns` form where it stands.
#[derive(Clone, Debug)]
pub(super) struct NsAt {
    pub(super) at: Range<usize>,
    pub(super) form: NsForm,
}

impl<'a> Outline<'a> {
    pub(super) fn of(path: &str, text: &'a str) -> Outline<'a> {
        let tree = parse_through(text);
        let platforms = Platforms::of(platforms(path).iter().copied());
        let statements: Vec<usize> =
            tree.roots().filter(|root| tree.node(*root).kind != Kind::Discard).collect();
        let ns_form = |root: &usize| {
            let at = tree.node(*root).range();
            // Most statements are told apart by their first letters.
            let form = text[at.clone()].starts_with("(ns");
            let form = form.then(|| NsForm::read(&text[at.clone()], platforms)).flatten()?;
            Some(NsAt { at, form })
        };
        let ns_forms = statements.iter().filter_map(ns_form).collect();
        Outline { text, tree, platforms, statements, ns_forms }
    }

    pub(super) fn reading(&self, platform: Platform) -> Reading<'_> {
        Reading { text: self.text, tree: &self.tree, platform }
    }

    pub(super) fn range(&self, node: usize) -> Range<usize> {
        self.tree.node(node).range()
    }

    pub(super) fn node_text(&self, node: usize) -> &'a str {
        self.tree.text(node, self.text)
    }

    /// The name that stands first in a list, without its namespace; empty where there is none.
    pub(super) fn head(&self, node: usize) -> &'a str {
        let head = match self.tree.node(node).kind {
            Kind::List => self.tree.forms(node).next(),
            _ => None,
        };
        let symbol = head.filter(|head| self.tree.node(*head).kind == Kind::Symbol);
        let text = symbol.map_or("", |head| self.node_text(head));
        text.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(text)
    }

    /// The names that a statement declares, where that is all it does: `declare`, for everyone or in a reader conditional.
    pub(super) fn declared(&self, statement: usize) -> Vec<usize> {
        if self.head(statement) == "declare" {
            return self.tree.forms(statement).skip(1).collect();
        }
        if !matches!(self.tree.node(statement).kind, Kind::Conditional | Kind::ConditionalSplicing)
        {
            return Vec::new();
        }
        let branches: Vec<usize> = self.tree.forms(statement).collect();
        let branches = match &branches[..] {
            [list] => self.tree.forms(*list).collect(),
            _ => branches,
        };
        let bodies: Vec<usize> = branches.into_iter().skip(1).step_by(2).collect();
        match bodies.iter().all(|body| self.head(*body) == "declare") {
            true => bodies.into_iter().flat_map(|body| self.tree.forms(body).skip(1)).collect(),
            false => Vec::new(),
        }
    }

    /// The nodes from one down to another that is inside of it, both in it.
    pub(super) fn path_to(&self, from: usize, to: usize) -> Vec<usize> {
        (from..=to).filter(|node| to < self.tree.node(*node).next as usize).collect()
    }

    /// The place among the statements of the one that an offset is in.
    pub(super) fn statement_at(&self, offset: usize) -> Option<usize> {
        let next = self.statements.partition_point(|node| self.range(*node).end <= offset);
        let node = *self.statements.get(next)?;
        (self.range(node).start <= offset).then_some(next)
    }

    /// The `ns` form that holds at an offset, by its place among them.
    pub(super) fn ns_at(&self, offset: usize) -> Option<usize> {
        self.ns_forms.partition_point(|ns| ns.at.start <= offset).checked_sub(1)
    }

    /// The part of the file that an `ns` form holds for, itself left out.
    pub(super) fn region(&self, ns: usize) -> Range<usize> {
        let end = self.ns_forms.get(ns + 1).map_or(self.text.len(), |next| next.at.start);
        self.ns_forms[ns].at.end..end
    }

    /// A statement with its comments.
    pub(super) fn with_comments(&self, node: usize) -> Range<usize> {
        self.first_comment(node)..end_of_line_comment(self.text, self.range(node).end)
    }

    /// Where the comments and hints just above a statement begin.
    fn first_comment(&self, node: usize) -> usize {
        let mut start = self.range(node).start;
        let floor = self.end_before(node);
        // What stands before it on its line belongs to another statement.
        loop {
            let line = self.text[..start].rfind('\n').map_or(0, |feed| feed + 1);
            if line < floor || !self.text[line..start].trim().is_empty() {
                return start;
            }
            if let Some(hint) = self.hint_before(start, floor) {
                start = hint;
                continue;
            }
            let above = self.text[..line.saturating_sub(1)].rfind('\n').map_or(0, |feed| feed + 1);
            let comment = self.text[above..line].trim_start();
            if line == 0 || above < floor || !comment.starts_with(';') || comment.starts_with(";;;")
            {
                return start;
            }
            start = above + (line - above - comment.len());
        }
    }

    /// A discarded hint to a linter right before an offset.
    fn hint_before(&self, offset: usize, floor: usize) -> Option<usize> {
        let before = self.text[floor..offset].trim_end();
        let discards = self.tree.roots().filter(|n| self.tree.node(*n).kind == Kind::Discard);
        let hint = discards.map(|n| self.range(n)).find(|at| at.end == floor + before.len())?;
        let blank = &self.text[hint.end..offset];
        let is_hint = self.text[hint.clone()].contains(":clj-kondo/ignore");
        (is_hint && blank.matches('\n').count() < 2).then_some(hint.start)
    }

    /// Where the statement before one ends; its end-of-line comment is its own.
    fn end_before(&self, node: usize) -> usize {
        let at = self.statements.partition_point(|other| *other < node);
        match at.checked_sub(1) {
            Some(before) => end_of_line_comment(self.text, self.range(self.statements[before]).end),
            None => 0,
        }
    }

    /// What to cut out so that a part of the file between other parts is gone, and as much white space as separates two
    /// parts is left.
    pub(super) fn removal(&self, part: Range<usize>) -> Range<usize> {
        let before = self.text[..part.start].trim_end();
        let rest = &self.text[part.end..];
        let blank = rest.len() - rest.trim_start().len();
        if before.is_empty() {
            return part.start..part.end + blank;
        }
        let last_line = &before[before.rfind('\n').map_or(0, |feed| feed + 1)..];
        let in_comment = last_line.contains(';');
        if in_comment && !rest.is_empty() && !rest.starts_with(['\n', '\r']) {
            return part.start..part.end + blank;
        }
        // Of two gaps the wider one is left, so that what stood apart still does.
        let gap = |text: &str| text.matches('\n').count();
        let behind = &rest[..blank];
        if blank < rest.len() && gap(&self.text[before.len()..part.start]) > gap(behind) {
            return part.start..part.end + blank;
        }
        before.len()..part.end
    }
}

/// The end of a comment that ends the line of an offset; the offset itself, where other things follow on the line.
pub(super) fn end_of_line_comment(text: &str, offset: usize) -> usize {
    let rest = &text[offset..];
    let blank = rest.len() - rest.trim_start_matches([' ', '\t', ',']).len();
    if !rest[blank..].starts_with(';') {
        return offset;
    }
    let length = rest.find('\n').unwrap_or(rest.len());
    offset + rest[..length].trim_end_matches('\r').len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<&str> {
        let outline = Outline::of("a.clj", text);
        outline.statements.iter().map(|node| &text[outline.with_comments(*node)]).collect()
    }

    #[test]
    fn comments_belong_to_the_statement_below() {
        let text = "(ns a) ; of a\n;;; Heading\n;; of f\n;; too\n(f) (g) ; of g\n\n;; apart\n\n#_{:clj-kondo/ignore [:x]}\n(h)\n #_k\n; of i\n  (i)";
        let expected = [
            "(ns a) ; of a",
            ";; of f\n;; too\n(f)",
            "(g) ; of g",
            "#_{:clj-kondo/ignore [:x]}\n(h)",
            "; of i\n  (i)",
        ];
        assert_eq!(parts(text), expected);
        assert_eq!(parts("; first\n(a)"), ["; first\n(a)"]);
        assert_eq!(parts("(a) ;; b\r\n;; c\r\n(d)"), ["(a) ;; b", ";; c\r\n(d)"]);
    }

    #[test]
    fn what_is_cut_out_leaves_one_gap() {
        for (text, gone, after) in [
            ("(a)\n\n(b)\n\n(c)\n", 1, "(a)\n\n(c)\n"),
            ("(a)\n\n(b)\n", 1, "(a)\n"),
            ("(a)\n\n(b)\n", 0, "(b)\n"),
            ("(a) (b) (c)", 1, "(a) (c)"),
            ("(a) ; x\n(b) (c)", 1, "(a) ; x\n(c)"),
            ("(a)\n\n(b)\n(c)\n", 1, "(a)\n\n(c)\n"),
            ("(a)\n(b)\n\n(c)\n", 1, "(a)\n\n(c)\n"),
            ("(a)\n\n;; apart\n\n;; of b\n(b)\n\n(c)", 1, "(a)\n\n;; apart\n\n(c)"),
        ] {
            let outline = Outline::of("a.clj", text);
            let cut = outline.removal(outline.with_comments(outline.statements[gone]));
            assert_eq!(format!("{}{}", &text[..cut.start], &text[cut.end..]), after);
        }
    }
}
