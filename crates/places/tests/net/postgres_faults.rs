//! A PostgreSQL that is killed, frozen and cut off while transactions are added to it. Nothing that was acknowledged is
//! lost, and nothing is there twice.

use crate::suite;
use places::{Place, PlaceError, PostgresPlace};
use servers::{Postgres, postgres_programs, skipped};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use store::Transaction;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const LIMIT: Duration = Duration::from_millis(500);

fn server() -> Option<Postgres> {
    if postgres_programs().is_none() {
        skipped("PostgreSQL is not installed: `cargo xtask setup`");
        return None;
    }
    Some(Postgres::start().unwrap())
}

fn texts(transactions: &[Transaction]) -> BTreeSet<String> {
    transactions.iter().map(|t| t.text().to_owned()).collect()
}

async fn has(url: &str, expected: &[Transaction]) {
    let place = PostgresPlace::at(url, None, Duration::from_secs(30)).unwrap();
    let read = place.read(None).await.unwrap().transactions;
    assert_eq!(read.len(), expected.len());
    assert_eq!(texts(&read), texts(expected));
}

/// Adds each transaction until that is acknowledged.
async fn persist(place: &PostgresPlace, transactions: &[Transaction], done: &AtomicUsize) {
    for transaction in transactions {
        while let Err(error) = place.append(std::slice::from_ref(transaction), None).await {
            assert!(error.is_passing(), "{error}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        done.fetch_add(1, Ordering::Relaxed);
    }
}

/// Two programs add transactions; `trouble` is made again and again until they are through.
async fn through(server: Postgres, trouble: impl Fn(&mut Postgres) + Send + 'static) {
    let url = server.url();
    let all = suite::some(240);
    let done = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = all
        .chunks(120)
        .map(|mine| {
            let place = PostgresPlace::at(&url, None, LIMIT).unwrap();
            let (mine, done) = (mine.to_vec(), done.clone());
            tokio::spawn(async move { persist(&place, &mine, &done).await })
        })
        .collect();
    let (count, end) = (done.clone(), all.len());
    let troubled = tokio::task::spawn_blocking(move || {
        let mut server = server;
        let mut seen = 0;
        while count.load(Ordering::Relaxed) < end {
            // Some more are through: now in the middle of the next ones.
            if count.load(Ordering::Relaxed) >= seen + 80 {
                seen = count.load(Ordering::Relaxed);
                trouble(&mut server);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        server
    });
    for task in tasks {
        task.await.unwrap();
    }
    let server = troubled.await.unwrap();
    has(&url, &all).await;
    drop(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_and_started_again_in_the_middle() {
    let Some(server) = server() else { return };
    through(server, |server| server.restart().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn frozen_in_the_middle() {
    let Some(server) = server() else { return };
    through(server, |server| {
        server.freeze();
        // Longer than who waits has patience.
        std::thread::sleep(LIMIT + Duration::from_millis(200));
        server.resume();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn frozen_servers_are_told_to_be_out_of_reach() {
    let Some(server) = server() else { return };
    let all = suite::some(3);
    let place = PostgresPlace::at(&server.url(), None, LIMIT).unwrap();
    place.append(&all[..1], None).await.unwrap();
    server.freeze();
    for place in [&place, &PostgresPlace::at(&server.url(), None, LIMIT).unwrap()] {
        let error = place.append(&all[1..2], None).await.unwrap_err();
        assert!(matches!(error, PlaceError::Unreachable { .. }), "{error}");
    }
    server.resume();
    // What was sent before may be done now; what is asked again is there once.
    place.append(&all, None).await.unwrap();
    has(&server.url(), &all).await;
}

/// Passes bytes on to a server, and cuts the connection when the server has said what is told, before that is passed on.
async fn cutting(server: u16, when: &'static [u8], cuts: Arc<AtomicUsize>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let Ok(server) = TcpStream::connect(("127.0.0.1", server)).await else { continue };
            let cuts = cuts.clone();
            tokio::spawn(async move {
                let (mut from_client, mut to_client) = client.into_split();
                let (mut from_server, mut to_server) = server.into_split();
                let up = tokio::io::copy(&mut from_client, &mut to_server);
                let down = async {
                    let mut bytes = vec![0; 64 << 10];
                    while let Ok(n @ 1..) = from_server.read(&mut bytes).await {
                        let said = bytes[..n].windows(when.len()).any(|part| part == when);
                        let left = |n: usize| n.checked_sub(1);
                        if said
                            && cuts.fetch_update(Ordering::SeqCst, Ordering::SeqCst, left).is_ok()
                        {
                            return;
                        }
                        if to_client.write_all(&bytes[..n]).await.is_err() {
                            return;
                        }
                    }
                };
                tokio::select! { _ = up => {}, () = down => {} }
            });
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn cut_off_between_the_commit_and_its_answer() {
    let Some(server) = server() else { return };
    let all = suite::some(6);
    let cuts = Arc::new(AtomicUsize::new(0));
    let port = cutting(server.port(), b"COMMIT\0", cuts.clone()).await;
    let url = server.url().replace(&server.port().to_string(), &port.to_string());
    let place = PostgresPlace::at(&url, None, Duration::from_secs(10)).unwrap();
    place.append(&all[..1], None).await.unwrap();
    // A connection that was used before may have been idle for long: the call is made once more by itself.
    cuts.store(1, Ordering::SeqCst);
    place.append(&all[1..3], None).await.unwrap();
    has(&server.url(), &all[..3]).await;
    // Where it is the first one, the caller is told, and asks again.
    cuts.store(1, Ordering::SeqCst);
    let fresh = PostgresPlace::at(&url, None, Duration::from_secs(10)).unwrap();
    let error = fresh.append(&all[3..5], None).await.unwrap_err();
    assert!(matches!(error, PlaceError::Unreachable { .. }), "{error}");
    has(&server.url(), &all[..5]).await;
    fresh.append(&all[3..5], None).await.unwrap();
    has(&server.url(), &all[..5]).await;
    assert_eq!(cuts.load(Ordering::SeqCst), 0);
    place.append(&all, None).await.unwrap();
    has(&server.url(), &all).await;
}
