//! What is shown of a statement whose source does not fit: name, arguments, the first line of the docstring.

use crate::model::{Attr, NotCode};
use crate::source::Source;
use db::{Db, EntityId};

/// Longer lines are cut.
const LINE: usize = 100;

/// Of what a statement defines besides its name, so many names are shown.
const NAMES: usize = 12;

/// A statement in one line: `(defn price [item] [item n]) ; What it costs.`
pub fn signature(db: &Db, statement: EntityId) -> Result<String, NotCode> {
    Ok(line(&Source::new(db)?, statement))
}

/// The same of a database that is being read: `(defn price [item] [item n]) ; What it costs.`
pub(super) fn line(source: &Source<'_>, statement: EntityId) -> String {
    let text = |attr| source.text(statement, attr);
    let mut line = match (text(Attr::StatementArglists), text(Attr::StatementName)) {
        (Some(arglists), Some(name)) => {
            let kind = source.keyword(statement, Attr::StatementType).unwrap_or_default();
            let arglists = arglists.trim_start_matches('(').trim_end_matches(')');
            format!("({kind} {} {})", &*name, one_line(arglists))
        }
        _ => first_line(&text(Attr::StatementSource).unwrap_or_default()),
    };
    let defined: Vec<String> = source
        .db
        .values(statement, source.ids.get(Attr::StatementDefinitions))
        .filter_map(|d| Some(source.text(d.v.as_entity()?, Attr::DefinitionName)?.to_string()))
        .take(NAMES)
        .collect();
    if !defined.is_empty() {
        line.push_str(" ; ");
        line.push_str(&defined.join(" "));
    }
    if let Some(doc) = text(Attr::StatementDoc)
        && let Some(first) = doc.lines().map(str::trim).find(|line| !line.is_empty())
    {
        line.push_str(" ; ");
        line.push_str(&cut(first, LINE));
    }
    line
}

fn first_line(source: &str) -> String {
    let mut lines = source.lines();
    let first = cut(lines.next().unwrap_or_default().trim_end(), LINE);
    match lines.next() {
        Some(_) if !first.ends_with('…') => first + " …",
        _ => first,
    }
}

/// White space of any kind and length as one space.
fn one_line(text: &str) -> String {
    cut(&text.split_whitespace().collect::<Vec<_>>().join(" "), 2 * LINE)
}

fn cut(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{} …", text[..end].trim_end()),
        None => text.to_owned(),
    }
}
