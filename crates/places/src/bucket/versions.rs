//! Versions in a bucket: objects that are written once and never changed.
//!
//! `versions/NAME/MILLIS-RANDOM.FORM.NOTATION.zst`; of several under one name the last one counts, and the others go. So no
//! condition of the bucket is needed, and what somebody saves is never written over by somebody else.

use crate::bucket::requests::Requests;
use crate::error::PlaceError;
use crate::form::{Form, Notation};
use crate::moment;
use crate::place::{Saved, Version};
use crate::squeeze::Squeeze;
use edn::{Inst, Uuid};
use std::collections::BTreeMap;

const FOLDER: &str = "versions";

/// A version's object.
struct Kept {
    version: Version,
    /// Later ones are higher.
    order: (i64, String),
    key: String,
}

/// Saves a version under a name, which was checked, or under the moment.
pub(crate) async fn save(
    bucket: &Requests,
    name: Option<&str>,
    saved: &Saved,
) -> Result<Version, PlaceError> {
    let packed = Squeeze::Zstd.pack(&saved.text).map_err(|error| PlaceError::Refused {
        place: bucket.name().to_owned(),
        problem: error.to_string(),
    })?;
    let mut saved_at = moment::now();
    if let Some(name) = name {
        let before = all(bucket, Some(name)).await?;
        // A clock that was set back does not make what was saved before the newer one.
        let last = before.iter().map(|kept| kept.order.0 + 1).max().unwrap_or(i64::MIN);
        saved_at = saved_at.max(Inst(last));
        let kept = kept(name, saved_at, saved, packed.len());
        bucket.put(&kept.key, packed).await?;
        for other in before {
            bucket.delete(&other.key).await?;
        }
        return Ok(kept.version);
    }
    loop {
        let there = all(bucket, None).await?;
        let is_free = |name: &str| there.iter().all(|kept| kept.version.name != name);
        let name = moment::free_name(saved_at, is_free);
        saved_at = Inst(name.parse().unwrap_or(saved_at.0));
        let kept = kept(&name, saved_at, saved, packed.len());
        bucket.put(&kept.key, packed.clone()).await?;
        // Two that took one moment both see it, or the later of them does: who sees it takes another.
        if all(bucket, Some(&name)).await?.len() == 1 {
            return Ok(kept.version);
        }
        bucket.delete(&kept.key).await?;
        saved_at = Inst(saved_at.0 + 1 + i64::from(Uuid::new_v4().as_bytes()[0] % 8));
    }
}

/// The versions, the newest first.
pub(crate) async fn versions(bucket: &Requests) -> Result<Vec<Version>, PlaceError> {
    let mut last = BTreeMap::new();
    for kept in all(bucket, None).await? {
        let before = last.insert(kept.version.name.clone(), kept);
        if let Some(before) =
            before.filter(|before| before.order > last[&before.version.name].order)
        {
            last.insert(before.version.name.clone(), before);
        }
    }
    let mut versions: Vec<Version> = last.into_values().map(|kept| kept.version).collect();
    versions.sort_by(|a, b| (b.saved_at.0, &b.name).cmp(&(a.saved_at.0, &a.name)));
    Ok(versions)
}

/// A version as it was saved.
pub(crate) async fn load(bucket: &Requests, name: &str) -> Result<Option<Saved>, PlaceError> {
    loop {
        let last = all(bucket, Some(name)).await?.into_iter().max_by(|a, b| a.order.cmp(&b.order));
        let Some(Kept { version, key, .. }) = last else { return Ok(None) };
        // One that is gone made room for another since.
        if let Some((packed, _)) = bucket.get(&key).await? {
            let text = Squeeze::Zstd.unpack(&packed, bucket.name(), name)?;
            return Ok(Some(Saved { form: version.form, notation: version.notation, text }));
        }
    }
}

/// Forgets a version; says whether there was one.
pub(crate) async fn forget(bucket: &Requests, name: &str) -> Result<bool, PlaceError> {
    let kept = all(bucket, Some(name)).await?;
    for kept in &kept {
        bucket.delete(&kept.key).await?;
    }
    Ok(!kept.is_empty())
}

/// What is kept under a name, or all.
async fn all(bucket: &Requests, name: Option<&str>) -> Result<Vec<Kept>, PlaceError> {
    let folder = match name {
        Some(name) => format!("{FOLDER}/{name}"),
        None => FOLDER.to_owned(),
    };
    let listed = bucket.list(&folder).await?;
    let kept = listed.into_iter().filter_map(|(key, meta)| {
        let key = name.map_or_else(|| key.clone(), |name| format!("{name}/{key}"));
        let (name, file) = key.split_once('/')?;
        let mut parts = file.strip_suffix(".zst")?.splitn(3, '.');
        let (id, form, notation) = (parts.next()?, parts.next()?, parts.next()?);
        let (millis, _) = id.split_once('-')?;
        let saved_at = Inst(millis.parse().ok()?);
        let version = Version {
            name: name.to_owned(),
            saved_at,
            form: Form::named(form)?,
            notation: Notation::named(notation)?,
            bytes: meta.size,
        };
        Some(Kept { version, order: (saved_at.0, id.to_owned()), key: format!("{FOLDER}/{key}") })
    });
    Ok(kept.collect())
}

fn kept(name: &str, saved_at: Inst, saved: &Saved, bytes: usize) -> Kept {
    let Saved { form, notation, .. } = *saved;
    let id = format!("{}-{}", saved_at.0, Uuid::new_v4().simple());
    let key = format!("{FOLDER}/{name}/{id}.{}.{}.zst", form.name(), notation.name());
    let version = Version { name: name.to_owned(), saved_at, form, notation, bytes: bytes as u64 };
    Kept { version, order: (saved_at.0, id), key }
}
