//! What DataScript's `serializable` gives: in JSON the text itself, in other notations the same data.

use super::{FormError, Notation};
use crate::place::Saved;
use db::{Db, from_serializable, serializable};
use notation::{Style, read_plain};

pub(super) fn write(db: &Db, notation: Notation) -> Result<String, FormError> {
    let text = serializable(db)?;
    match notation {
        Notation::Json => Ok(text),
        _ => Ok(notation.print(&read_plain(text.as_bytes())?)?),
    }
}

pub(super) fn read(saved: &Saved) -> Result<Db, FormError> {
    let text = match saved.notation {
        Notation::Json => String::from_utf8_lossy(&saved.text).into_owned(),
        notation => Style::PlainJson.print(&notation.read(&saved.text)?)?,
    };
    Ok(from_serializable(&text)?)
}
