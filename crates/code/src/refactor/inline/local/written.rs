//! What is written where a local was bound and used, and what must be found there.

use super::Binding;
use crate::analysis::Place;
use crate::refactor::check::{self, View};
use crate::refactor::edit::{Edit, Edits};
use crate::refactor::layout::line_edits;
use crate::refactor::outline::{Outline, end_of_line_comment};
use crate::refactor::reason::Reason;
use crate::refactor::renaming::Renaming;
use crate::refactor::sources::Sources;
use edn::syntax::Kind;
use std::collections::BTreeSet;
use std::ops::Range;

/// See the module.
pub(super) struct Written {
    /// What is edited, uses too.
    pub(super) edits: Vec<Edit>,
    /// The value, and the hints before the name that it takes along.
    value: Range<usize>,
    hint: Range<usize>,
    /// What goes with the binding.
    gone: Range<usize>,
    /// The name that heads the form, where it goes or becomes another one.
    head: Option<usize>,
    /// By use, how the value's lines are moved there.
    copies: Vec<(usize, Edits)>,
    /// Whether the value is a name, which may be called where it stands.
    is_name: bool,
}

impl Written {
    /// `is_last` where the form binds nothing else, `is_removed` where nothing but its body is left then.
    pub(super) fn of(
        outline: &Outline<'_>,
        binding: &Binding<'_>,
        is_last: bool,
        is_removed: bool,
    ) -> Written {
        let text = outline.text;
        let (value, pattern) = (outline.range(binding.value), outline.range(binding.pattern));
        let hint = match takes_hints(outline, binding.value) {
            true => pattern.start..pattern.end - binding.name.len(),
            false => pattern.start..pattern.start,
        };
        let head = outline.tree.forms(binding.form).next().map(|head| outline.range(head));
        let head = head.unwrap_or_else(|| value.clone());
        let vector = outline.range(binding.vector);
        let mut edits = Vec::new();
        let mut cut = |at: Range<usize>, text: &str| {
            edits.push(Edit { start: at.start, end: at.end, text: text.to_owned() });
        };
        let mut body = (0..0, 0);
        let mut gone = pattern.start..value.end;
        if binding.is_test {
            cut(head.end - "-let".len()..head.end, "");
            cut(vector.start..value.start, "");
            cut(value.end..vector.end, "");
            gone.end = value.start;
        } else if is_removed {
            let (form, inner) = (outline.range(binding.form), outline.range(binding.body[0]));
            let before = without_comments(text, vector.end..inner.start);
            cut(form.start..before, "");
            let after = match text[inner.end..form.end].contains(';') {
                true => form.end - 1,
                false => inner.end,
            };
            cut(after..form.end, "");
            let by = match before == inner.start {
                true => column(text, form.start) - column(text, inner.start),
                false => 0,
            };
            for line in line_edits(&text[inner.clone()], by) {
                cut(inner.start + line.start..inner.start + line.end, &line.text);
            }
            body = (inner, by);
        } else if is_last {
            cut(head.start..vector.end, "do");
        } else {
            cut(removal(outline, binding), "");
        }
        let mut copies = Vec::new();
        for used in binding.uses.keys() {
            let by = if body.0.contains(used) { body.1 } else { 0 };
            let by = column(text, *used) + by - column(text, value.start);
            // Lines of the value in another one's place stand as they stood to its beginning.
            let lines = Edits::of(line_edits(&text[value.clone()], by)).unwrap_or_default();
            let written = format!("{}{}", &text[hint.clone()], lines.apply(&text[value.clone()]));
            cut(*used..*used + binding.name.len(), &written);
            copies.push((*used, lines));
        }
        let is_name = outline.tree.node(binding.value).kind == Kind::Symbol;
        let head = (is_last || binding.is_test).then_some(head.start);
        Written { edits, value, hint, gone, head, copies, is_name }
    }

    /// What is not found as it should be in the new text. `edits` are all edits of the file.
    pub(super) fn differences(
        &self,
        before: &Sources,
        after: (&Sources, usize),
        binding: &Binding<'_>,
        edits: &Edits,
    ) -> Vec<Reason> {
        let same = Renaming::default();
        let mut of_test = Renaming::default();
        for core in ["clojure.core", "cljs.core"] {
            of_test.var(core, "when-let", core, "when");
        }
        let is_use = |lang: Option<&'static str>, at: usize| {
            binding.uses.get(&at).is_some_and(|used| used.iter().any(|used| used.lang == lang))
        };
        let outside = |range: Range<usize>| edits.moved(range);
        let stays = |lang: Option<&'static str>, place: &Place| {
            let at = place.start as usize;
            !self.gone.contains(&at) && self.head != Some(at) && !is_use(lang, at)
        };
        // `if` is no var.
        let is_head = |_: Option<&'static str>, place: &Place| {
            let becomes_when =
                binding.is_test && !before.token(binding.file, place).starts_with("if");
            self.head == Some(place.start as usize) && becomes_when
        };
        let mut views = vec![
            View {
                keeps: Box::new(stays),
                moved: Box::new(outside),
                renaming: &same,
                told_at: None,
            },
            View {
                keeps: Box::new(is_head),
                moved: Box::new(outside),
                renaming: &of_test,
                told_at: None,
            },
        ];
        let mut named = BTreeSet::new();
        for (used, lines) in &self.copies {
            let start = edits.moved(*used..*used + binding.name.len()).start;
            let (value, hint) = (&self.value, &self.hint);
            if self.is_name {
                named.insert(start + hint.len());
            }
            let keeps = move |lang: Option<&'static str>, place: &Place| {
                let at = place.start as usize;
                (value.contains(&at) || hint.contains(&at)) && is_use(lang, *used)
            };
            let moved = move |range: Range<usize>| {
                if hint.contains(&range.start) {
                    return start + range.start - hint.start..start + range.end - hint.start;
                }
                if !value.contains(&range.start) {
                    return edits.moved(range);
                }
                let inside = lines.moved(range.start - value.start..range.end - value.start);
                let start = start + hint.len();
                start + inside.start..start + inside.end
            };
            views.push(View {
                keeps: Box::new(keeps),
                moved: Box::new(moved),
                renaming: &same,
                told_at: binding.uses.get(used).map(|used| used[0].at),
            });
        }
        check::differences_in((before, binding.file), &views, after, &named)
    }
}

/// Whether metadata can be written before a form so that it is for the compiler alone: before calls and names.
fn takes_hints(outline: &Outline<'_>, value: usize) -> bool {
    let head = outline.head(value);
    match outline.tree.node(value).kind {
        Kind::Symbol => !matches!(outline.node_text(value), "nil" | "true" | "false"),
        Kind::List => !matches!(head, "fn" | "fn*" | "reify" | "quote"),
        _ => false,
    }
}

/// Where what is no comment begins in a part of a text that holds comments and white space; its end, where it holds no comment.
fn without_comments(text: &str, part: Range<usize>) -> usize {
    text[part.clone()].find(';').map_or(part.end, |comment| part.start + comment)
}

fn column(text: &str, at: usize) -> isize {
    let line = text[..at].rfind('\n').map_or(0, |feed| feed + 1);
    text[line..at].chars().count() as isize
}

/// What to cut so that a binding is gone from between others, with the comment that ends its line.
fn removal(outline: &Outline<'_>, binding: &Binding<'_>) -> Range<usize> {
    let text = outline.text;
    let pattern = outline.range(binding.pattern);
    let forms: Vec<usize> = outline.tree.forms(binding.vector).collect();
    let at = forms.iter().position(|form| *form == binding.pattern).unwrap_or_default();
    let end = end_of_line_comment(text, outline.range(binding.value).end);
    if let Some(next) = forms.get(at + 2) {
        let rest = &text[end..outline.range(*next).start];
        return pattern.start..end + rest.len() - rest.trim_start_matches(is_blank).len();
    }
    let before = at.checked_sub(1).map_or(pattern.start, |before| outline.range(forms[before]).end);
    match text[before..pattern.start].contains(';') {
        true => pattern.start..end,
        false => before..end,
    }
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == ','
}
