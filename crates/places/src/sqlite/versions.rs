//! Versions, in the table that DataScript's users have: `(name, data)` is all they write and read.
//!
//! A text is text, unless it was squeezed or is none. What others wrote there is data as EDN: the columns that say otherwise are
//! ours, and have that for a default. A row without a name has its moment for one.

use super::fault::Fault;
use super::state::{has_column, has_table};
use crate::form::{Form, Notation};
use crate::moment;
use crate::place::{Saved, Version, is_moment};
use crate::squeeze::Squeeze;
use edn::Inst;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Row, params};

/// When a row was written.
const MILLIS: &str = "CAST(coalesce(round(unixepoch(created_at, 'subsec') * 1000), 0) AS INTEGER)";

/// Its name, or when it was written.
fn name_column() -> String {
    format!("coalesce(name, CAST({MILLIS} AS TEXT))")
}

/// What rows are selected as; `None` where the table is not there.
fn columns(connection: &Connection) -> Result<Option<String>, Fault> {
    if !has_table(connection, "datascript_snapshots")? {
        return Ok(None);
    }
    let ours = match has_column(connection, "datascript_snapshots", "form")? {
        true => "form, notation, squeeze",
        false => "'data' AS form, 'edn' AS notation, '' AS squeeze",
    };
    Ok(Some(format!(
        "SELECT id, {} AS name, {MILLIS} AS millis, coalesce(octet_length(data), 0) AS bytes, data, {ours} \
         FROM datascript_snapshots",
        name_column()
    )))
}

/// The versions, the newest first.
pub(super) fn all(connection: &Connection) -> Result<Vec<Version>, Fault> {
    let Some(rows) = columns(connection)? else { return Ok(Vec::new()) };
    let sql = format!("SELECT name, millis, bytes, form, notation, id FROM ({rows})");
    let mut select = connection.prepare_cached(&sql)?;
    let mut found = select.query([])?;
    let mut versions = Vec::new();
    while let Some(row) = found.next()? {
        let name = text(row, 0)?;
        let (form, notation) = form(&name, &text(row, 3)?, &text(row, 4)?)?;
        let bytes = u64::try_from(row.get::<_, i64>(2)?).unwrap_or(0);
        let saved_at = saved_at(&name, Inst(row.get(1)?));
        let id: i64 = row.get(5)?;
        versions.push((id, Version { name, saved_at, form, notation, bytes }));
    }
    versions.sort_by_key(|(id, version)| std::cmp::Reverse((version.saved_at.0, *id)));
    Ok(versions.into_iter().map(|(_, version)| version).collect())
}

/// A version as it was saved.
pub(super) fn load(
    connection: &Connection,
    name: &str,
    place: &str,
) -> Result<Option<Saved>, Fault> {
    let Some(rows) = columns(connection)? else { return Ok(None) };
    let sql = format!(
        "SELECT data, form, notation, squeeze FROM ({rows}) WHERE name = ?1 ORDER BY id DESC LIMIT 1"
    );
    let mut select = connection.prepare_cached(&sql)?;
    let mut found = select.query([name])?;
    let Some(row) = found.next()? else { return Ok(None) };
    let (form, notation) = form(name, &text(row, 1)?, &text(row, 2)?)?;
    let (squeeze, _) = Squeeze::of_name(&text(row, 3)?);
    let data = match row.get_ref(0)? {
        ValueRef::Text(data) | ValueRef::Blob(data) => data,
        _ => &[],
    };
    Ok(Some(Saved { form, notation, text: squeeze.unpack(data, place, name)? }))
}

/// Keeps a version; a name that is there is replaced, as `INSERT OR REPLACE` does it.
pub(super) fn save(
    connection: &Connection,
    name: Option<String>,
    saved: &Saved,
    squeeze: Squeeze,
) -> Result<Version, Fault> {
    let now = moment::now();
    let name = match name {
        Some(name) => name,
        None => free_name(connection, now)?,
    };
    let small = squeeze.pack(&saved.text)?;
    let data = match (squeeze, std::str::from_utf8(&small)) {
        (Squeeze::None, Ok(text)) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        _ => ToSqlOutput::Borrowed(ValueRef::Blob(&small)),
    };
    connection.execute(
        "INSERT OR REPLACE INTO datascript_snapshots (name, data, created_at, form, notation, squeeze) \
         VALUES (?1, ?2, strftime('%Y-%m-%d %H:%M:%f', ?3 / 1000.0, 'unixepoch'), ?4, ?5, ?6)",
        params![name, data, now.0, saved.form.name(), saved.notation.name(), squeeze.ending()],
    )?;
    let Saved { form, notation, .. } = *saved;
    let saved_at = saved_at(&name, now);
    Ok(Version { name, saved_at, form, notation, bytes: small.len() as u64 })
}

fn free_name(connection: &Connection, now: Inst) -> Result<String, Fault> {
    let taken = all(connection)?;
    Ok(moment::free_name(now, |name| taken.iter().all(|version| version.name != name)))
}

/// Forgets a version; says whether it was there.
pub(super) fn forget(connection: &Connection, name: &str) -> Result<bool, Fault> {
    let sql = format!("DELETE FROM datascript_snapshots WHERE {} = ?1", name_column());
    Ok(connection.execute(&sql, [name])? > 0)
}

/// A version whose name is a moment was saved then.
fn saved_at(name: &str, created_at: Inst) -> Inst {
    let moment = Some(name).filter(|name| is_moment(name)).and_then(|name| name.parse().ok());
    moment.map_or(created_at, Inst)
}

fn form(name: &str, form: &str, notation: &str) -> Result<(Form, Notation), Fault> {
    Form::named(form).zip(Notation::named(notation)).ok_or_else(|| Fault::Damaged {
        what: name.to_owned(),
        problem: format!("its form is {form:?} in {notation:?}"),
    })
}

/// Whatever others put there, as text.
fn text(row: &Row<'_>, column: usize) -> Result<String, Fault> {
    Ok(match row.get_ref(column)? {
        ValueRef::Text(text) | ValueRef::Blob(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Integer(n) => n.to_string(),
        ValueRef::Real(n) => n.to_string(),
        ValueRef::Null => String::new(),
    })
}
