//! How the parts of an `ns` form stand: what separates them, in which column.

use super::{Holder, NsForm};

impl NsForm {
    /// The end of a line, as the form has it.
    pub(super) fn newline(&self) -> &'static str {
        if self.text.contains("\r\n") { "\r\n" } else { "\n" }
    }

    /// In which column an offset is, from 0; in characters.
    pub(super) fn column(&self, at: usize) -> usize {
        let line = self.text[..at].rfind('\n').map_or(0, |feed| feed + 1);
        self.text[line..at].chars().count()
    }

    /// A new line and the spaces up to the column of an offset.
    pub(super) fn line_under(&self, at: usize) -> String {
        self.newline().to_owned() + &" ".repeat(self.column(at))
    }

    /// What separates an item of a holder from the next one.
    pub(super) fn separator(&self, holder: &Holder) -> String {
        let Some(last) = holder.items.last() else { return " ".to_owned() };
        let at = self.tree.node(*last).start as usize;
        match &holder.items[..] {
            [.., before, _] => {
                let gap = &self.text[self.tree.node(*before).end as usize..at];
                match gap.contains('\n') {
                    true => self.line_under(at),
                    false => " ".to_owned(),
                }
            }
            _ => self.line_under(at),
        }
    }

    /// Where what stands on a line behind an offset ends: behind a comment, if there is one.
    pub(super) fn end_with_comment(&self, at: usize) -> usize {
        let rest = &self.text[at..];
        let blank = rest.len() - rest.trim_start_matches([' ', '\t', ',']).len();
        if !rest[blank..].starts_with(';') {
            return at;
        }
        at + rest.find(['\r', '\n']).unwrap_or(rest.len())
    }
}

/// Whether a text between two forms is nothing but white space.
pub(super) fn is_blank(gap: &str) -> bool {
    gap.chars().all(|c| c.is_whitespace() || c == ',')
}
