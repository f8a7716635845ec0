//! What is told when something cannot be done: what, where, why, and what to do about it.

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode,
};
use std::fmt;
use std::io::IsTerminal;
use std::ops::Range;

/// An error as the user sees it.
#[derive(Debug)]
pub(crate) struct Problem {
    message: String,
    help: Option<String>,
    place: Option<Box<Place>>,
    cause: Option<Box<Problem>>,
    silent: bool,
}

#[derive(Debug)]
struct Place {
    text: NamedSource<String>,
    span: Range<usize>,
    label: String,
}

/// What a command comes to.
pub(crate) type Outcome<T> = Result<T, Problem>;

impl Problem {
    /// A problem that one sentence tells.
    pub(crate) fn new(message: impl Into<String>) -> Problem {
        Problem { message: message.into(), help: None, place: None, cause: None, silent: false }
    }

    /// What to do about it.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Problem {
        self.help = Some(help.into());
        self
    }

    /// Where in a text it is, and what is wrong there.
    pub(crate) fn at(
        mut self,
        name: &str,
        text: &str,
        span: Range<usize>,
        label: impl Into<String>,
    ) -> Problem {
        // A caret needs something to stand under, also at the end of a text.
        let text = format!("{text} ");
        let start = span.start.min(text.len() - 1);
        let end = span.end.clamp(start, text.len() - 1);
        self.place = Some(Box::new(Place {
            text: NamedSource::new(name, text),
            span: start..end,
            label: label.into(),
        }));
        self
    }

    /// What lies behind it.
    pub(crate) fn because(mut self, error: &dyn std::error::Error) -> Problem {
        let mut cause = Problem::new(error.to_string());
        if let Some(deeper) = error.source().filter(|d| d.to_string() != cause.message) {
            cause = cause.because(deeper);
        }
        self.cause = Some(Box::new(cause));
        self
    }

    /// Whether there is nothing to tell and nobody to tell it to.
    pub(crate) fn is_silent(&self) -> bool {
        self.silent
    }

    /// All that is known of it as lines of plain text, for those who have no terminal.
    pub(crate) fn plain(&self) -> String {
        let mut text = self.message.clone();
        let mut cause = self.cause.as_deref();
        while let Some(deeper) = cause {
            text.push_str(": ");
            text.push_str(&deeper.message);
            cause = deeper.cause.as_deref();
        }
        if let Some(help) = &self.help {
            text.push('\n');
            text.push_str(help);
        }
        text
    }

    /// Tells it on standard error.
    pub(crate) fn report(&self) {
        let mut text = String::new();
        let coloured = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let theme = match coloured {
            true => GraphicalTheme::unicode(),
            false => GraphicalTheme::unicode_nocolor(),
        };
        let handler = GraphicalReportHandler::new_themed(theme).with_width(100);
        if handler.render_report(&mut text, self).is_err() {
            text = self.to_string();
        }
        // Where standard error is gone there is nobody to tell.
        let _ = std::io::Write::write_all(&mut std::io::stderr(), text.trim_start().as_bytes());
    }
}

impl From<std::io::Error> for Problem {
    /// An error of writing to standard output. That its reader has seen enough is none to talk about.
    fn from(error: std::io::Error) -> Problem {
        let silent = error.kind() == std::io::ErrorKind::BrokenPipe;
        Problem { silent, ..Problem::new(format!("cannot write to standard output: {error}")) }
    }
}

impl From<code::model::NotCode> for Problem {
    fn from(error: code::model::NotCode) -> Problem {
        Problem::new(error.to_string()).help("make a database of code with `defbase import`")
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

impl Diagnostic for Problem {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as _)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.place.as_ref().map(|place| &place.text as _)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let place = self.place.as_ref()?;
        let label = LabeledSpan::new_with_span(Some(place.label.clone()), place.span.clone());
        Some(Box::new(std::iter::once(label)))
    }
}

/// The names most like one that was not found, nearest first.
pub(crate) fn similar<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    const SHOWN: usize = 3;
    let short = |name: &str| name.rsplit_once('/').map_or(name, |(_, n)| n).to_owned();
    let own = short(wanted);
    let mut near: Vec<(bool, usize, &str)> = known
        .into_iter()
        .filter_map(|name| {
            let same_name = own == short(name);
            let distance = strsim::damerau_levenshtein(wanted, name);
            let near_enough = distance <= 1 + wanted.len() / 8;
            (same_name || near_enough).then_some((!same_name, distance, name))
        })
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(SHOWN).map(|(_, _, name)| name.to_owned()).collect()
}

/// A sentence that offers names.
pub(crate) fn did_you_mean(names: &[String]) -> Option<String> {
    let quoted: Vec<String> = names.iter().map(|n| format!("`{n}`")).collect();
    match quoted.as_slice() {
        [] => None,
        [one] => Some(format!("did you mean {one}?")),
        [most @ .., last] => Some(format!("did you mean {} or {last}?", most.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_alike_are_offered() {
        let known =
            ["shop.order/total", "shop.pricing/total", "shop.order/line", "shop.order/totals"];
        assert_eq!(similar("shop.order/totl", known), ["shop.order/total", "shop.order/totals"]);
        assert_eq!(similar("total", known), ["shop.order/total", "shop.pricing/total"]);
        assert_eq!(similar("zzz", known), Vec::<String>::new());
        assert_eq!(did_you_mean(&["a".into(), "b".into()]).unwrap(), "did you mean `a` or `b`?");
    }
}
