//! The log in a bucket: segments are written first, and then named by the manifest.
//!
//! Who loses the race for the manifest reads it again and goes on. Nothing depends on the race being fair: a segment that
//! was written stays until a manifest in force has retired it, so what is not named can be found and named again.

use crate::bucket::manifest::{Manifest, Retired, Segment};
use crate::bucket::requests::{Requests, Written};
use crate::bucket::segment;
use crate::error::PlaceError;
use crate::moment;
use crate::place::{Mark, Reading};
use edn::Uuid;
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::UpdateVersion;
use rustc_hash::{FxHashMap, FxHashSet};
use std::path::Path;
use std::time::{Duration, Instant};
use store::Transaction;

const MANIFEST: &str = "manifest.edn";

/// How many objects are read at a time.
const SIDE_BY_SIDE: usize = 8;

/// How many segments of a level are made one of the next.
const TOGETHER: usize = 16;

/// Segments are not brought together to more than that.
const LARGEST: u64 = 128 << 20;

/// How often a change is tried when others come first each time.
const ATTEMPTS: u32 = 100;

/// How long after a segment was retired it is removed: longer than any request takes.
const GRACE: Duration = Duration::from_secs(15 * 60);

/// How often segments that no manifest names are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(15 * 60);

/// How long a manifest that was seen is gone on from without being read again. Far less than segments stay that were retired
/// since, so that a bucket which takes a change of an old manifest does not bring back the names of what is gone.
const FRESH: Duration = Duration::from_secs(10);

/// A segment without a name that is younger may be named any moment by who wrote it.
const YOUNG_MILLIS: i64 = 60_000;

/// What one program knows of the log in a bucket.
#[derive(Default)]
pub(crate) struct Log {
    current: Option<Current>,
    /// Ids in segments that are known to stay as they are.
    ids: FxHashMap<String, FxHashSet<Uuid>>,
    /// What was written lately, to see whether it is still there.
    mine: Vec<(Instant, Segment, Vec<Uuid>)>,
    looked: Option<Instant>,
}

/// The manifest as it was last seen; nothing is known of its version where there was none.
#[derive(Clone)]
struct Current {
    seen: Instant,
    manifest: Manifest,
    version: Option<UpdateVersion>,
}

impl Log {
    /// Adds what the log lacks.
    pub(crate) async fn append(
        &mut self,
        bucket: &Requests,
        transactions: &[Transaction],
    ) -> Result<(), PlaceError> {
        let mut written: Option<(Segment, Vec<Uuid>)> = None;
        for attempt in 0..ATTEMPTS {
            let Current { manifest, version, .. } = self.current(bucket).await?;
            let lacking = self.lacking(bucket, &manifest, transactions).await?;
            if !lacks_just(&lacking, written.as_ref()) {
                if let Some((other, _)) = written.take().filter(|(s, _)| !manifest.names(&s.name)) {
                    bucket.delete(&key(&other.name)).await?;
                }
                if !lacking.is_empty() {
                    written = Some(put(bucket, &lacking, 0).await?);
                }
            }
            let mut next = manifest.clone();
            self.repair(bucket, &mut next).await?;
            if let Some((segment, _)) = &written {
                next.add(segment.clone());
            }
            if next == manifest {
                return Ok(());
            }
            if self.change(bucket, next, version.as_ref()).await? {
                if let Some((segment, ids)) = written {
                    self.ids.insert(segment.name.clone(), ids.iter().copied().collect());
                    self.mine.push((Instant::now(), segment, ids));
                }
                return Ok(());
            }
            give_way(attempt).await;
        }
        Err(PlaceError::Unreachable {
            place: bucket.name().to_owned(),
            problem: "others write to it all the time".to_owned(),
        })
    }

    /// The manifest: as it was left, or as it is where others may have changed it.
    async fn current(&mut self, bucket: &Requests) -> Result<Current, PlaceError> {
        if let Some(current) = self.current.as_ref().filter(|c| c.seen.elapsed() < FRESH) {
            return Ok(current.clone());
        }
        let (manifest, version) = match manifest(bucket).await? {
            Some((manifest, version)) => (manifest, Some(version)),
            None => (Manifest::empty(), None),
        };
        let named = |name: &String| manifest.segments.iter().any(|s| s.name == *name);
        self.ids.retain(|name, _| named(name));
        let current = Current { seen: Instant::now(), manifest, version };
        self.looked = self.looked.filter(|at| at.elapsed() < LOOK_EVERY);
        Ok(self.current.insert(current).clone())
    }

    /// Makes a manifest the one in force, if the one of a version still is; says whether it was made.
    async fn change(
        &mut self,
        bucket: &Requests,
        mut next: Manifest,
        was: Option<&UpdateVersion>,
    ) -> Result<bool, PlaceError> {
        next.generation += 1;
        // Until it is known how this ended, nothing is known.
        self.current = None;
        match bucket.put_if(MANIFEST, next.print(), was).await? {
            Written::Yes(version) => {
                let seen = Instant::now();
                self.current = Some(Current { seen, manifest: next, version: Some(version) });
                Ok(true)
            }
            Written::No => Ok(false),
        }
    }

    /// Those of some transactions that no segment of the manifest has.
    async fn lacking(
        &mut self,
        bucket: &Requests,
        manifest: &Manifest,
        transactions: &[Transaction],
    ) -> Result<Vec<Transaction>, PlaceError> {
        let known = self.known(bucket, manifest, transactions.iter().map(Transaction::id)).await?;
        let mut taken = FxHashSet::default();
        let is_new = |t: &&Transaction| !known.contains(&t.id()) && taken.insert(t.id());
        Ok(transactions.iter().filter(is_new).cloned().collect())
    }

    /// Those of some ids that segments of the manifest have. Ids grow with time, so of what is new most segments can say
    /// nothing, and their ids are never asked for.
    async fn known(
        &mut self,
        bucket: &Requests,
        manifest: &Manifest,
        ids: impl Iterator<Item = Uuid>,
    ) -> Result<FxHashSet<Uuid>, PlaceError> {
        let asked: FxHashSet<Uuid> = ids.collect();
        let mut known = FxHashSet::default();
        for segment in &manifest.segments {
            let between = |id: &&Uuid| segment.ids.0 <= **id && **id <= segment.ids.1;
            if !asked.iter().any(|id| between(&id)) {
                continue;
            }
            if !self.ids.contains_key(&segment.name) {
                let ids = ids_of(bucket, segment).await?;
                self.ids.insert(segment.name.clone(), ids);
            }
            let there = &self.ids[&segment.name];
            known.extend(asked.iter().filter(|id| there.contains(id)));
        }
        Ok(known)
    }

    /// Names segments with transactions that the manifest does not have, though somebody was told that it has, or was not
    /// told anything: what this program wrote lately, and now and then what anybody wrote.
    async fn repair(
        &mut self,
        bucket: &Requests,
        manifest: &mut Manifest,
    ) -> Result<(), PlaceError> {
        self.mine.retain(|(at, ..)| at.elapsed() < GRACE);
        let mut unnamed: Vec<(Segment, Vec<Uuid>)> = self
            .mine
            .iter()
            .filter(|(_, segment, _)| !manifest.names(&segment.name))
            .map(|(_, segment, ids)| (segment.clone(), ids.clone()))
            .collect();
        let looks = self.looked.is_none();
        if looks {
            unnamed.extend(self::unnamed(bucket, manifest, YOUNG_MILLIS).await?);
        }
        for (segment, ids) in unnamed {
            let known = self.known(bucket, manifest, ids.iter().copied()).await?;
            if ids.iter().any(|id| !known.contains(id)) {
                // Numbers may have been given twice, so no mark of this log means anything any more.
                manifest.log = Uuid::new_v4();
                manifest.add(segment);
            } else if looks && !manifest.names(&segment.name) {
                // Somebody died between writing it and naming it, and others wrote it again.
                manifest.retired.push(Retired { name: segment.name, at: moment::now() });
            }
        }
        self.looked = self.looked.or_else(|| Some(Instant::now()));
        Ok(())
    }

    /// Makes one segment of many small ones where there are enough, and removes what was retired long enough ago. That it
    /// fails is no failure: the next one does it.
    pub(crate) async fn tidy(&mut self, bucket: &Requests) -> Result<(), PlaceError> {
        while let Some(Current { manifest, version, .. }) = self.current.clone() {
            let Some(small) = brought_together(&manifest) else { return Ok(()) };
            let level = small[0].level + 1;
            let Some(transactions) = read(bucket, &small).await? else {
                self.current = None;
                return Ok(());
            };
            let (segment, _) = put(bucket, &transactions, level).await?;
            let mut next = manifest;
            let gone = |name: &str| small.iter().any(|s| s.name == name);
            let number = small.iter().map(|s| s.number).max().unwrap_or(0);
            next.segments.retain(|s| !gone(&s.name));
            next.segments.push(Segment { number, ..segment.clone() });
            next.segments.sort_by_key(|s| s.number);
            remove_retired(bucket, &mut next).await?;
            let at = moment::now();
            next.retired.extend(small.iter().map(|s| Retired { name: s.name.clone(), at }));
            if !self.change(bucket, next, version.as_ref()).await? {
                // The answer that it was changed may have been lost, and been asked for again.
                let Current { manifest, .. } = self.current(bucket).await?;
                if !manifest.names(&segment.name) {
                    bucket.delete(&key(&segment.name)).await?;
                }
                return Ok(());
            }
        }
        Ok(())
    }
}

/// What is in the log behind a mark.
pub(crate) async fn read_after(
    bucket: &Requests,
    after: Option<&Mark>,
) -> Result<Reading, PlaceError> {
    for attempt in 0..ATTEMPTS {
        let there = manifest(bucket).await?;
        let manifest = there.map_or_else(Manifest::empty, |(manifest, _)| manifest);
        let mark = Mark(format!("{} {}", manifest.log, manifest.last));
        let from = after.and_then(|mark| number_in(mark, &manifest));
        let behind = |s: &&Segment| from.is_none_or(|from| s.number > from);
        let mut segments: Vec<Segment> = manifest.segments.iter().filter(behind).cloned().collect();
        if from.is_none() {
            let unnamed = unnamed(bucket, &manifest, i64::MIN).await?;
            segments.extend(unnamed.into_iter().map(|(segment, _)| segment));
        }
        // A segment that is gone was brought together with others since.
        if let Some(transactions) = read(bucket, &segments).await? {
            return Ok(Reading { transactions, mark, is_all: from.is_none() });
        }
        give_way(attempt.min(4)).await;
    }
    Err(bucket.damaged("log", "its manifest names a segment that is not there"))
}

fn number_in(mark: &Mark, manifest: &Manifest) -> Option<u64> {
    let (log, number) = mark.0.split_once(' ')?;
    let number = number.parse().ok().filter(|number| *number <= manifest.last);
    (log.parse() == Ok(manifest.log)).then_some(number)?
}

async fn manifest(bucket: &Requests) -> Result<Option<(Manifest, UpdateVersion)>, PlaceError> {
    let Some((bytes, version)) = bucket.get(MANIFEST).await? else { return Ok(None) };
    let manifest = Manifest::read(&bytes);
    let manifest = manifest.ok_or_else(|| bucket.damaged(MANIFEST, "it does not read as one"))?;
    Ok(Some((manifest, version)))
}

/// The transactions of segments in their order, each once; `None` where a segment is gone.
async fn read(
    bucket: &Requests,
    segments: &[Segment],
) -> Result<Option<Vec<Transaction>>, PlaceError> {
    let read = stream::iter(segments.to_vec())
        .map(|segment| async move {
            let Some((bytes, _)) = bucket.get(&key(&segment.name)).await? else { return Ok(None) };
            let lines = segment::lines(&bytes, bucket.name(), &segment.name)?;
            store::transactions(&lines, Path::new(&segment.name))
                .map(Some)
                .map_err(|error| bucket.damaged(&segment.name, error))
        })
        .buffered(SIDE_BY_SIDE)
        .try_collect::<Vec<Option<Vec<Transaction>>>>()
        .await?;
    let Some(read) = read.into_iter().collect::<Option<Vec<_>>>() else { return Ok(None) };
    let mut taken = FxHashSet::default();
    Ok(Some(read.into_iter().flatten().filter(|t| taken.insert(t.id())).collect()))
}

/// Segments that the manifest does not name and that are at least so old, by the clock of the bucket, with their ids.
async fn unnamed(
    bucket: &Requests,
    manifest: &Manifest,
    age: i64,
) -> Result<Vec<(Segment, Vec<Uuid>)>, PlaceError> {
    let listed = bucket.list("log").await?;
    let newest = listed.iter().map(|(_, meta)| meta.last_modified).max();
    let mut unnamed = Vec::new();
    for (name, meta) in listed {
        let is_young = newest.is_some_and(|at| (at - meta.last_modified).num_milliseconds() < age);
        if is_young || manifest.names(&name) {
            continue;
        }
        // What is gone meanwhile was retired and removed.
        let Some((bytes, _)) = bucket.get(&key(&name)).await? else { continue };
        // Who died while writing left nothing that counts.
        let Ok((ids, _)) = segment::ids(&bytes) else { continue };
        if let Some(segment) = segment_of(name, &ids, meta.size, 0) {
            unnamed.push((segment, ids));
        }
    }
    Ok(unnamed)
}

async fn ids_of(bucket: &Requests, of: &Segment) -> Result<FxHashSet<Uuid>, PlaceError> {
    let start = bucket.get_start(&key(&of.name), segment::start(of.transactions)).await?;
    let start = start.ok_or_else(|| PlaceError::Unreachable {
        place: bucket.name().to_owned(),
        problem: format!("segment {} is gone", of.name),
    })?;
    let (ids, _) = segment::ids(&start).map_err(|problem| bucket.damaged(&of.name, problem))?;
    Ok(ids.into_iter().collect())
}

/// Writes a segment, which has no number yet.
async fn put(
    bucket: &Requests,
    transactions: &[Transaction],
    level: u64,
) -> Result<(Segment, Vec<Uuid>), PlaceError> {
    let bytes = segment::pack(transactions).map_err(|error| PlaceError::Refused {
        place: bucket.name().to_owned(),
        problem: error.to_string(),
    })?;
    let ids: Vec<Uuid> = transactions.iter().map(Transaction::id).collect();
    let name = format!("{}.edn.zst", Uuid::new_v4().simple());
    let segment = segment_of(name, &ids, bytes.len() as u64, level)
        .ok_or_else(|| bucket.damaged("log", "a segment of nothing"))?;
    bucket.put(&key(&segment.name), bytes).await?;
    Ok((segment, ids))
}

fn segment_of(name: String, ids: &[Uuid], bytes: u64, level: u64) -> Option<Segment> {
    let ends = (*ids.iter().min()?, *ids.iter().max()?);
    let transactions = ids.len() as u64;
    Some(Segment { name, number: 0, level, transactions, bytes, ids: ends })
}

/// Whether what is lacking is what was written already.
fn lacks_just(lacking: &[Transaction], written: Option<&(Segment, Vec<Uuid>)>) -> bool {
    let written = written.map_or(&[][..], |(_, ids)| ids);
    lacking.iter().map(Transaction::id).eq(written.iter().copied())
}

/// The segments that are to become one, the lowest level first.
fn brought_together(manifest: &Manifest) -> Option<Vec<Segment>> {
    let highest = manifest.segments.iter().map(|s| s.level).max()?;
    (0..=highest).find_map(|level| {
        let of_level = manifest.segments.iter().filter(|s| s.level == level);
        let small: Vec<Segment> = of_level.take(TOGETHER).cloned().collect();
        let bytes: u64 = small.iter().map(|s| s.bytes).sum();
        (small.len() == TOGETHER && bytes <= LARGEST).then_some(small)
    })
}

/// Removes those objects that were retired long enough ago.
async fn remove_retired(bucket: &Requests, manifest: &mut Manifest) -> Result<(), PlaceError> {
    let grace = i64::try_from(GRACE.as_millis()).unwrap_or(i64::MAX);
    let until = moment::now().0 - grace;
    let (old, young): (Vec<Retired>, Vec<Retired>) =
        std::mem::take(&mut manifest.retired).into_iter().partition(|r| r.at.0 < until);
    manifest.retired = young;
    stream::iter(old)
        .map(|retired| async move { bucket.delete(&key(&retired.name)).await })
        .buffer_unordered(SIDE_BY_SIDE)
        .try_collect::<()>()
        .await
}

/// Waits for a moment that is not the others'.
async fn give_way(attempt: u32) {
    let apart = u64::from(Uuid::new_v4().as_bytes()[0]) % (4 << attempt.min(6));
    tokio::time::sleep(Duration::from_millis(apart)).await;
}

fn key(name: &str) -> String {
    format!("log/{name}")
}
