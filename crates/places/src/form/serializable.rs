//! What DataScript's `serializable` gives: in JSON the text itself, in other notations the same data.

use super::{FormError, Notation};
use crate::place::Saved;
use db::{Db, from_serializable, serializable};
use notation::{Style, read_plain, utf8};

pub(super) fn write(db: &Db, notation: Notation) -> Result<String, FormError> {
    let text = serializable(db)?;
    match notation {
        Notation::Json => Ok(text),
        _ => Ok(notation.print(&read_plain(text.as_bytes())?)?),
    }
}

pub(super) fn read(saved: &Saved) -> Result<Db, FormError> {
    let Saved { notation, text, .. } = saved;
    match notation {
        // Its reader makes the database as it goes, without a value of the whole text.
        Notation::Json => Ok(from_serializable(utf8(text)?)?),
        _ => Ok(from_serializable(&Style::PlainJson.print(&notation.read(text)?)?)?),
    }
}
