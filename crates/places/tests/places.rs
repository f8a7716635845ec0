//! Every place does what every place must do.

#![allow(clippy::unwrap_used)]

mod suite;

use places::{FilePlace, MemoryPlace, Place, Squeeze};
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread")]
async fn memory() {
    suite::all(|| {
        let place: Arc<dyn Place> = Arc::new(MemoryPlace::default());
        Box::new(move || place.clone())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files() {
    for squeeze in [Squeeze::None, Squeeze::Gzip, Squeeze::Zstd] {
        suite::all(|| {
            let folder = tempfile::tempdir().unwrap();
            Box::new(move || {
                Arc::new(FilePlace::at(&folder.path().join("data/code-db.edn"), squeeze))
            })
        })
        .await;
    }
}

#[cfg(feature = "sqlite")]
#[tokio::test(flavor = "multi_thread")]
async fn sqlite() {
    use places::SqlitePlace;
    for squeeze in [Squeeze::None, Squeeze::Gzip, Squeeze::Zstd] {
        suite::all(|| {
            let folder = tempfile::tempdir().unwrap();
            Box::new(move || {
                Arc::new(SqlitePlace::at(&folder.path().join("data/code-db.sqlite"), squeeze))
            })
        })
        .await;
    }
}
