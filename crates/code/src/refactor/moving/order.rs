//! Where in the target the statements stand, and what is left where they were.
//!
//! Before the first statement that uses them: what they use themselves is loaded before all that, since a namespace that they
//! use and that used them would have loaded itself.

use super::Moving;
use crate::refactor::outline::end_of_line_comment;

impl Moving<'_> {
    /// Takes the statements out of their file and puts their texts into the target's.
    pub(super) fn put(&mut self, texts: &[String]) {
        let statements = self.home.statements.clone();
        self.work.take_out(self.home.file, &statements);
        match self.target.file {
            Some((file, ns)) => self.put_into(file, ns, texts),
            None => {
                let form = self.work.namings[&self.target_key()].form.text().to_owned();
                let newline = if form.contains("\r\n") { "\r\n" } else { "\n" };
                let gap = newline.repeat(2);
                let text = format!("{form}{gap}{}{newline}", texts.join(&gap));
                self.work.draft.create(&self.target.path.clone(), &text);
            }
        }
    }

    fn put_into(&mut self, file: usize, ns: usize, texts: &[String]) {
        let outline = &self.work.outlines[file];
        let region = outline.region(ns);
        let inside: Vec<usize> = (0..outline.statements.len())
            .filter(|s| region.contains(&outline.range(outline.statements[*s]).start))
            .collect();
        let first_user = self.first_user(file, &inside);
        let newline = if outline.text.contains("\r\n") { "\r\n" } else { "\n" };
        let gap = newline.repeat(2);
        let joined = texts.join(&gap);
        let (at, text) = match first_user {
            Some(user) => {
                let start = outline.with_comments(outline.statements[user]).start;
                (start, format!("{joined}{gap}"))
            }
            None => {
                let last = inside
                    .last()
                    .map_or(region.start, |last| outline.range(outline.statements[*last]).end);
                (end_of_line_comment(outline.text, last), format!("{gap}{joined}"))
            }
        };
        self.work.edit(file, at..at, text);
    }

    /// The first statement of the target that uses what moves.
    fn first_user(&self, file: usize, inside: &[usize]) -> Option<usize> {
        let outline = &self.work.outlines[file];
        let used = self.work.sources.found(file).usages.iter();
        let moved = used.filter(|used| self.moves(used.to.as_deref(), &used.name));
        let at = moved.filter_map(|used| outline.statement_at(used.name_at.start as usize));
        at.filter(|statement| inside.contains(statement)).min()
    }
}
