//! Why a refactoring is refused, and what it leaves alone: each with its place and with what can be done.

use crate::analysis::Place;
use std::fmt;

/// A place of a file, as people and editors write it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct At {
    /// The file.
    pub path: String,
    /// The row, from 1.
    pub row: u32,
    /// The column, from 1, in UTF-16 units.
    pub col: u32,
}

impl At {
    /// Where a place of a file begins.
    pub fn of(path: &str, place: &Place) -> At {
        At { path: path.to_string(), row: place.row, col: place.col }
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.path, self.row, self.col)
    }
}

/// Of what kind a reason is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Why {
    /// There is nothing of that name, or at that place.
    Unknown,
    /// The new name is none, or one with a meaning of its own.
    BadName,
    /// The name is that of something else already.
    Taken,
    /// A use would be of a local of the new name.
    Captured,
    /// A use would be of something else.
    Changed,
    /// A name would mean nothing any more.
    Lost,
    /// It follows from something else, which can be changed instead.
    Derived,
    /// The file is only read.
    ReadOnly,
    /// The file does not read as far as it would have to.
    Unreadable,
    /// This cannot be done.
    Unsupported,
}

/// One reason why a refactoring is refused.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Reason {
    /// Where it lies; nowhere, where it is about the whole.
    pub at: Option<At>,
    /// Of what kind it is.
    pub why: Why,
    /// What is the matter.
    pub message: String,
    /// What can be done about it.
    pub help: Option<String>,
}

impl Reason {
    /// A reason that is about the whole.
    pub fn new(why: Why, message: impl Into<String>) -> Reason {
        Reason { at: None, why, message: message.into(), help: None }
    }

    /// Where it lies.
    pub fn at(mut self, at: impl Into<Option<At>>) -> Reason {
        self.at = at.into();
        self
    }

    /// What can be done about it.
    pub fn help(mut self, help: impl Into<String>) -> Reason {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.at {
            Some(at) => write!(f, "{at}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// A refactoring that is refused: every reason there is, in the order of their places.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub struct Refused {
    /// The reasons; at least one.
    pub reasons: Vec<Reason>,
}

impl Refused {
    /// For these reasons, each once.
    pub fn because(mut reasons: Vec<Reason>) -> Refused {
        reasons.sort();
        reasons.dedup();
        Refused { reasons }
    }
}

impl From<Reason> for Refused {
    fn from(reason: Reason) -> Refused {
        Refused { reasons: vec![reason] }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.reasons.iter().map(Reason::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

/// Something that was left as it is and may want a look.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Warning {
    /// Where it stands; nowhere, where it is about the whole.
    pub at: Option<At>,
    /// What it is.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.at {
            Some(at) => write!(f, "{at}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}
