//! Buckets: in memory, of a real S3 server, and one that does not do what it should.

use crate::faulty::{Fault, Faulty};
use crate::{fresh, suite};
use places::{BucketPlace, Place, PlaceError};
use servers::{BUCKETS, address};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use store::Transaction;

const LIMIT: Duration = Duration::from_secs(30);

fn texts(transactions: &[Transaction]) -> BTreeSet<String> {
    transactions.iter().map(|t| t.text().to_owned()).collect()
}

/// That a place has just these transactions, each once.
async fn has(place: &BucketPlace, expected: &[Transaction]) {
    let read = place.read(None).await.unwrap().transactions;
    assert_eq!(read.len(), expected.len());
    assert_eq!(texts(&read), texts(expected));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_does_what_every_place_does_in_memory() {
    suite::all(|| {
        let store = Faulty::new();
        Box::new(move || Arc::new(BucketPlace::of(store.clone(), "a/b", LIMIT)))
    })
    .await;
}

/// A fresh bucket of the S3 server, opened each time it is called.
pub(crate) async fn s3(endpoint: &str) -> impl Fn() -> BucketPlace + use<> {
    let bucket = fresh("b").replace('_', "-");
    let made = reqwest_put(&format!("{endpoint}/{bucket}")).await;
    assert!(made, "the bucket could not be made");
    let options = [
        ("endpoint", endpoint),
        ("region", "us-east-1"),
        ("access-key-id", "test"),
        ("secret-access-key", "s3cret"),
        ("allow-http", "true"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let url = format!("s3://{bucket}/code/db");
    move || BucketPlace::at(&url, &options, LIMIT).unwrap()
}

async fn reqwest_put(url: &str) -> bool {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new().put(url).send().await.is_ok_and(|answer| answer.status().is_success())
}

#[tokio::test(flavor = "multi_thread")]
async fn it_does_what_every_place_does_over_s3() {
    let Some(endpoint) = address(BUCKETS) else { return };
    let mut buckets = Vec::new();
    for _ in 0..9 {
        buckets.push(s3(&endpoint).await);
    }
    let buckets = std::cell::RefCell::new(buckets);
    suite::all(|| {
        let open = buckets.borrow_mut().pop().unwrap();
        Box::new(move || Arc::new(open()))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn small_segments_become_large_ones() {
    let store = Faulty::new();
    let open = || BucketPlace::of(store.clone(), "", LIMIT);
    let all = suite::some(300);
    let (writer, reader) = (open(), open());
    let mut mark = reader.read(None).await.unwrap().mark;
    let mut seen = BTreeSet::new();
    for (n, transaction) in all.iter().enumerate() {
        writer.append(std::slice::from_ref(transaction), None).await.unwrap();
        if n % 23 == 0 {
            let reading = reader.read(Some(&mark)).await.unwrap();
            seen.extend(texts(&reading.transactions));
            assert_eq!(seen, texts(&all[..=n]));
            mark = reading.mark;
        }
    }
    has(&open(), &all).await;
    let manifest = object_store::ObjectStoreExt::get(&store.store, &"manifest.edn".into()).await;
    let manifest = manifest.unwrap().bytes().await.unwrap();
    let names = std::str::from_utf8(&manifest).unwrap().matches(":level").count();
    assert!(names <= 2 + 2 * 15, "{names} segments");
    // Nothing is written twice: not what is there, by whoever it is said again.
    let objects = store.count("log").await;
    open().append(&all, None).await.unwrap();
    assert_eq!(store.count("log").await, objects);
}

#[tokio::test]
async fn nothing_is_lost_when_two_writers_are_told_that_they_won() {
    for writer_is_gone in [false, true] {
        let store = Faulty::new();
        let open = || BucketPlace::of(store.clone(), "", LIMIT);
        let all = suite::some(6);
        let (one, other, reader) = (open(), open(), open());
        one.append(&all[..1], None).await.unwrap();
        other.append(&all[1..2], None).await.unwrap();
        let mark = reader.read(None).await.unwrap().mark;
        // Both go on from the manifest that `other` has left; `one` reads it, and `other` is told that nothing came between.
        one.append(&all[2..3], None).await.unwrap();
        store.plan([Fault::None, Fault::Lie]);
        other.append(&all[3..4], None).await.unwrap();
        let missed = texts(&reader.read(Some(&mark)).await.unwrap().transactions);
        assert_eq!(missed, texts(&all[3..4]), "the bucket did not lie");
        let mark = reader.read(Some(&mark)).await.unwrap().mark;
        // Whoever reads from the start sees everything.
        has(&open(), &all[..4]).await;
        match writer_is_gone {
            false => one.append(&all[4..5], None).await.unwrap(),
            true => {
                store.wait();
                open().append(&all[4..5], None).await.unwrap();
            }
        }
        let reading = reader.read(Some(&mark)).await.unwrap();
        assert!(reading.is_all);
        assert_eq!(texts(&reading.transactions), texts(&all[..5]));
        other.append(&all, None).await.unwrap();
        has(&open(), &all).await;
    }
}

#[tokio::test]
async fn nothing_is_lost_when_two_are_told_that_they_began_it() {
    let store = Faulty::new();
    let open = || BucketPlace::of(store.clone(), "", LIMIT);
    let all = suite::some(4);
    let (one, other) = (open(), open());
    // The other one has seen that nothing is there, and is told that this is still so.
    store.plan([Fault::Fail]);
    other.append(&all[1..2], None).await.unwrap_err();
    one.append(&all[..1], None).await.unwrap();
    let mark = open().read(None).await.unwrap().mark;
    store.plan([Fault::None, Fault::Lie]);
    other.append(&all[1..2], None).await.unwrap();
    assert_eq!(texts(&open().read(Some(&mark)).await.unwrap().transactions), texts(&all[..2]));
    has(&open(), &all[..2]).await;
    one.append(&all[2..], None).await.unwrap();
    has(&open(), &all).await;
    assert!(open().read(Some(&mark)).await.unwrap().is_all);
}

#[tokio::test]
async fn an_answer_that_is_lost_is_no_change_that_is_lost_or_doubled() {
    let all = suite::some(4);
    for fault in [Fault::Fail, Fault::LoseAnswer, Fault::Hang] {
        for at in 0..2 {
            let store = Faulty::new();
            let place = BucketPlace::of(store.clone(), "", Duration::from_millis(50));
            place.append(&all[..2], None).await.unwrap();
            store.plan(std::iter::repeat_n(Fault::None, at).chain([fault]));
            let failed = place.append(&all[2..], None).await.unwrap_err();
            assert!(matches!(failed, PlaceError::Unreachable { .. }), "{failed}");
            has_some_of(&place, &all, 2).await;
            store.heal();
            place.append(&all[2..], None).await.unwrap();
            has(&place, &all).await;
            // What was written in vain is no part of the log a minute later either.
            store.wait();
            let other = BucketPlace::of(store.clone(), "", LIMIT);
            other.append(&all, None).await.unwrap();
            has(&other, &all).await;
        }
    }
}

/// That it has at least the first of some transactions, and nothing else.
async fn has_some_of(place: &BucketPlace, all: &[Transaction], first: usize) {
    let read = place.read(None).await.unwrap().transactions;
    let read_texts = texts(&read);
    assert_eq!(read.len(), read_texts.len());
    assert!(read_texts.is_superset(&texts(&all[..first])));
    assert!(read_texts.is_subset(&texts(all)));
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_get_through_a_bucket_that_fails_all_the_time() {
    for seed in 0..8u64 {
        let store = Faulty::new();
        let all = suite::some(120);
        let mut draw = Draw(seed);
        store.plan((0..2000).map(|_| match draw.below(10) {
            0 | 1 => Fault::Fail,
            2 => Fault::LoseAnswer,
            3 if draw.below(8) == 0 => Fault::Hang,
            4 if draw.below(4) == 0 => Fault::Lie,
            _ => Fault::None,
        }));
        let tasks = (0..3).map(|n| {
            let place = BucketPlace::of(store.clone(), "", Duration::from_millis(100));
            let mine = all[n * 40..(n + 1) * 40].to_vec();
            tokio::spawn(async move {
                for part in mine.chunks(2) {
                    while let Err(error) = place.append(part, None).await {
                        assert!(error.is_passing(), "{error}");
                    }
                }
                place
            })
        });
        let mut places = Vec::new();
        for task in tasks.collect::<Vec<_>>() {
            places.push(task.await.unwrap());
        }
        store.heal();
        // All was acknowledged, so all is there: for who reads from the start, now, and for all once somebody has written.
        has(&places[0], &all).await;
        for place in &places {
            place.append(&all[..1], None).await.unwrap();
        }
        store.wait();
        BucketPlace::of(store.clone(), "", LIMIT).append(&all[..1], None).await.unwrap();
        has(&places[1], &all).await;
    }
}

/// Numbers that are drawn alike each time (SplitMix64).
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}

#[tokio::test]
async fn damage_is_found() {
    let store = Faulty::new();
    let place = BucketPlace::of(store.clone(), "", LIMIT);
    place.append(&suite::some(3), None).await.unwrap();
    let path = "manifest.edn".into();
    object_store::ObjectStoreExt::put(&store.store, &path, "{}".into()).await.unwrap();
    let error = place.read(None).await.unwrap_err();
    assert!(matches!(error, PlaceError::Damaged { .. }), "{error}");
}

#[tokio::test]
async fn what_cannot_be_reached_says_so_without_its_key() {
    let options = [
        ("endpoint", "http://127.0.0.1:1"),
        ("allow-http", "true"),
        ("secret-access-key", "s3cret"),
        ("access-key-id", "id"),
    ];
    let options = options.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let place = BucketPlace::at("s3://b/x", &options, LIMIT).unwrap();
    let error = place.read(None).await.unwrap_err();
    assert!(error.is_passing(), "{error}");
    assert!(!format!("{error} {error:?} {place:?} {}", place.name()).contains("s3cret"));
    for url in ["b/x", "ftp://b/x", "file:///tmp/x", "s3:///x"] {
        let refused = BucketPlace::at(url, &[], LIMIT);
        assert!(matches!(refused, Err(PlaceError::Refused { .. })), "{url}");
    }
}
