//! What threads a value through forms: each gets one more argument, and a symbol is a call.

use super::{Kind, UseKind, Walker};

impl Walker<'_> {
    /// `value form…`
    pub(super) fn thread(&mut self, rest: &[usize]) {
        let Some((value, forms)) = rest.split_first() else { return };
        self.walk(*value);
        forms.iter().for_each(|form| self.threaded_into(*form));
    }

    /// `value test form…`
    pub(super) fn thread_conditionally(&mut self, rest: &[usize]) {
        let Some((value, clauses)) = rest.split_first() else { return };
        self.walk(*value);
        for clause in clauses.chunks(2) {
            self.walk(clause[0]);
            clause[1..].iter().for_each(|form| self.threaded_into(*form));
        }
    }

    fn threaded_into(&mut self, form: usize) {
        let bare = self.reading.bare(form);
        self.threaded = bare;
        match self.reading.kind(bare) {
            Kind::Symbol => self.in_list(bare, |w| w.used(form, UseKind::Call)),
            _ => self.walk(form),
        }
    }

    /// The first argument of the form that is being walked, which stands before it where it is threaded into, and the rest.
    pub(super) fn threaded_value<'r>(&self, rest: &'r [usize]) -> (&'r [usize], &'r [usize]) {
        let written = usize::from(self.threaded != self.list);
        rest.split_at(written.min(rest.len()))
    }
}
