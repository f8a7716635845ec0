//! What an `ns` form no longer names.

use super::layout::is_blank;
use super::{Import, Lib, NsForm, Refer};
use edn::syntax::Kind;
use std::ops::Range;

impl NsForm {
    /// Takes libraries away.
    pub(crate) fn drop_libs(&mut self, drop: impl Fn(&Lib) -> bool) {
        let nodes = self.libs.iter().filter(|lib| drop(lib)).map(|lib| lib.node).collect();
        self.vanish(nodes);
    }

    /// Takes the libraries away that are marked, each by its place among them.
    pub(crate) fn drop_libs_at(&mut self, marks: &[bool]) {
        let marked = self.libs.iter().zip(marks).filter(|(_, marked)| **marked);
        let nodes = marked.map(|(lib, _)| lib.node).collect();
        self.vanish(nodes);
    }

    /// Takes names away that libraries are referred to by.
    pub(crate) fn drop_refers(&mut self, drop: impl Fn(&Lib, &Refer) -> bool) {
        let of_lib = |lib: &Lib| -> Vec<usize> {
            let refers = lib.refers.iter().filter(|refer| drop(lib, refer));
            refers.flat_map(|refer| refer.nodes.clone()).collect()
        };
        let nodes = self.libs.iter().flat_map(of_lib).collect();
        self.vanish(nodes);
    }

    /// Takes classes away.
    pub(crate) fn drop_imports(&mut self, drop: impl Fn(&Import) -> bool) {
        let nodes = self.imports.iter().filter(|i| drop(i)).map(|i| i.node).collect();
        self.vanish(nodes);
    }

    /// Takes nodes away, and what holds nothing without them.
    fn vanish(&mut self, nodes: Vec<usize>) {
        let mut gone = vec![false; self.tree.nodes.len()];
        nodes.into_iter().for_each(|node| gone[node] = true);
        let parents = self.parents();
        // Children stand behind their parents, so what is inside is decided before what is around it.
        for node in (0..self.tree.nodes.len()).rev() {
            if !gone[node] && self.is_empty_without(node, &gone, &parents) {
                gone[node] = true;
            }
            if gone[node] && self.is_branch(node, &parents) {
                match self.leaves_branch(node, &parents) {
                    true => gone[node - 1] = true,
                    false => gone[node] = false,
                }
            }
        }
        let mut edits = Vec::new();
        for parent in 0..self.tree.nodes.len() {
            if !gone[parent] {
                self.cuts(parent, &gone, &mut edits);
            }
        }
        self.change(edits.into_iter().map(|at| (at, String::new())).collect());
    }

    fn parents(&self) -> Vec<usize> {
        let mut parents = vec![usize::MAX; self.tree.nodes.len()];
        for node in 0..self.tree.nodes.len() {
            self.tree.children(node).for_each(|child| parents[child] = node);
        }
        parents
    }

    /// Whether a node would hold nothing of what it is there for.
    fn is_empty_without(&self, node: usize, gone: &[bool], parents: &[usize]) -> bool {
        let forms: Vec<usize> = self.tree.forms(node).collect();
        let all = |nodes: &[usize]| !nodes.is_empty() && nodes.iter().all(|n| gone[*n]);
        match self.kind(node) {
            Kind::Conditional | Kind::ConditionalSplicing => all(&forms),
            // A keyword whose value goes: `:refer [x]`, `:rename {x y}`.
            Kind::Keyword => {
                let value = self.tree.nodes[node].next as usize;
                gone.get(value) == Some(&true)
                    && self.is_option_value(value, parents)
                    && self.tree.node(value).end > self.tree.node(node).end
            }
            Kind::List | Kind::Vector | Kind::Map => match self.groups.contains(&node) {
                true => all(forms.get(1..).unwrap_or_default()),
                false => self.holds_parts(node, parents) && all(&forms),
            },
            _ => false,
        }
    }

    /// Whether a node is there for its parts: the branches of a conditional, a spliced branch, the names of an option.
    fn holds_parts(&self, node: usize, parents: &[usize]) -> bool {
        let parent = parents[node];
        let is_body = parent != usize::MAX && self.is_conditional(parent);
        is_body || self.is_branch(node, parents) || self.is_option_value(node, parents)
    }

    fn is_conditional(&self, node: usize) -> bool {
        matches!(self.kind(node), Kind::Conditional | Kind::ConditionalSplicing)
    }

    /// Whether a node is a form behind a feature in a reader conditional.
    fn is_branch(&self, node: usize, parents: &[usize]) -> bool {
        let body = parents[node];
        body != usize::MAX
            && parents[body] != usize::MAX
            && self.is_conditional(parents[body])
            && self.tree.forms(body).position(|n| n == node).is_some_and(|at| at % 2 == 1)
    }

    /// Whether a branch can go: no `:default` would be read in its place.
    fn leaves_branch(&self, branch: usize, parents: &[usize]) -> bool {
        let forms: Vec<usize> = self.tree.forms(parents[branch]).collect();
        let own = forms.iter().position(|n| *n == branch).unwrap_or_default();
        forms[own + 1..].iter().step_by(2).all(|n| self.keyword(*n) != Some("default"))
            && self.tree.nodes[branch - 1].next as usize == branch
    }

    /// Whether a node is what follows `:refer` or another option that names vars.
    fn is_option_value(&self, node: usize, parents: &[usize]) -> bool {
        let parent = parents[node];
        if parent == usize::MAX {
            return false;
        }
        let forms: Vec<usize> = self.tree.forms(parent).collect();
        let Some(at) = forms.iter().position(|n| *n == node) else { return false };
        let names_vars = |n: usize| {
            matches!(self.keyword(n), Some("refer" | "refer-macros" | "only" | "rename"))
        };
        at > 0 && names_vars(forms[at - 1])
    }

    /// What to cut out of a node so that some of its children are gone.
    fn cuts(&self, parent: usize, gone: &[bool], cuts: &mut Vec<Range<usize>>) {
        let children: Vec<usize> = self.tree.children(parent).collect();
        let span = self.tree.node(parent);
        let mut at = 0;
        while at < children.len() {
            if !gone[children[at]] {
                at += 1;
                continue;
            }
            // A run of children that go, with nothing but white space between them.
            let first = at;
            while at + 1 < children.len()
                && gone[children[at + 1]]
                && is_blank(self.between(children[at], children[at + 1]))
            {
                at += 1;
            }
            let run = self.tree.node(children[first]).start as usize
                ..self.tree.node(children[at]).end as usize;
            let before = match first.checked_sub(1) {
                Some(before) => self.tree.node(children[before]).end as usize,
                None => span.start as usize + 1,
            };
            let next = children.get(at + 1).map(|next| self.tree.node(*next).start as usize);
            cuts.push(self.cut(before, run, next, first));
            at += 1;
        }
    }

    fn between(&self, left: usize, right: usize) -> &str {
        &self.text[self.tree.node(left).end as usize..self.tree.node(right).start as usize]
    }

    /// What goes with a run of children: the white space before it or behind it, and a comment that ends its line.
    fn cut(
        &self,
        before: usize,
        run: Range<usize>,
        next: Option<usize>,
        place: usize,
    ) -> Range<usize> {
        let gap = &self.text[before..run.start];
        let end = self.end_with_comment(run.end);
        let rest = &self.text[end..];
        let next_text = end + (rest.len() - rest.trim_start().len());
        let up_to_next = run.start..next_text;
        if !is_blank(gap) {
            return up_to_next;
        }
        let opens_line = !gap.contains('\n');
        match next {
            Some(_) if place == 0 => up_to_next,
            Some(next) if opens_line && place == 1 && self.text[run.end..next].contains('\n') => {
                up_to_next
            }
            _ => before..end,
        }
    }
}
