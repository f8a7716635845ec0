//! Object storage: S3 and what speaks its protocol, Google's, Azure's.
//!
//! | object | what |
//! |---|---|
//! | `manifest.edn` | which segments the log is; changed only on the condition that nobody else changed it (`manifest`) |
//! | `log/….edn.zst` | a segment: some transactions, never changed (`segment`) |
//! | `versions/NAME/….zst` | a version, never changed (`versions`) |
//!
//! Invariants
//! - A segment is in the bucket before a manifest names it, and what is acknowledged is named by a manifest that the bucket
//!   said it wrote. Of two writers one wins; the other reads again and goes on.
//! - No object but the manifest is ever written twice, and none is removed but segments that a manifest in force has retired
//!   some time ago. So where the bucket told two writers that they won, what the one named is still there: that one puts it
//!   back when it next appends, and so does whoever next appends first, a minute later; whoever reads from the start sees it.
//!   Marks are void from then on, so nobody who reads by them misses it.
//!
//! Costs: adding takes two requests, a segment and the manifest, for all callers that wait together; reading a tail takes one
//! for the manifest and one for each segment in it. Sixteen segments are brought together into one, sixteen such again, so that
//! a log of n appends is some tens of objects, each transaction was written log₁₆ n times, and the manifest stays small.

mod log;
mod manifest;
mod requests;
mod segment;
mod versions;

use crate::error::PlaceError;
use crate::gather::Gather;
use crate::place::{Mark, Place, Reading, Saved, Version, checked_name};
use async_trait::async_trait;
use db::Db;
use log::Log;
use object_store::{ObjectStore, path::Path};
use requests::Requests;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use store::Transaction;
use tokio::sync::Mutex;

/// A database in a bucket. See the module.
pub struct BucketPlace {
    requests: Requests,
    log: Mutex<Log>,
    gather: Gather,
}

impl BucketPlace {
    /// The place of a URL: `s3://bucket/folder`, `gs://…`, `az://…`. No request takes longer than the limit.
    ///
    /// Options are `endpoint`, `region`, `access-key-id`, `secret-access-key`, `allow-http` and all else that the stores know;
    /// where they say nothing the environment counts (`AWS_ACCESS_KEY_ID`, …).
    pub fn at(
        url: &str,
        options: &[(String, String)],
        limit: Duration,
    ) -> Result<BucketPlace, PlaceError> {
        Ok(BucketPlace::of_requests(Requests::open(url, options, limit)?))
    }

    /// A folder in a store that the caller has. It must honour `PutMode::Create` and `PutMode::Update`.
    pub fn of(store: Arc<dyn ObjectStore>, folder: &str, limit: Duration) -> BucketPlace {
        let name = format!("bucket {store} {folder}");
        BucketPlace::of_requests(Requests::new(store, Path::from(folder), name, limit))
    }

    fn of_requests(requests: Requests) -> BucketPlace {
        BucketPlace { requests, log: Mutex::default(), gather: Gather::default() }
    }
}

#[async_trait]
impl Place for BucketPlace {
    fn name(&self) -> String {
        self.requests.name().to_owned()
    }

    async fn append(&self, transactions: &[Transaction], _: Option<&Db>) -> Result<(), PlaceError> {
        if transactions.is_empty() {
            return Ok(());
        }
        let write = |load: crate::gather::Load| async move {
            let mut log = self.log.lock().await;
            log.append(&self.requests, &load.transactions).await?;
            // It is acknowledged whether the bucket is tidy or not.
            let _ = log.tidy(&self.requests).await;
            Ok(())
        };
        self.gather.append(transactions, None, write).await
    }

    async fn read(&self, after: Option<&Mark>) -> Result<Reading, PlaceError> {
        log::read_after(&self.requests, after).await
    }

    async fn save(&self, name: Option<&str>, saved: &Saved) -> Result<Version, PlaceError> {
        let name = name.map(checked_name).transpose()?;
        versions::save(&self.requests, name, saved).await
    }

    async fn versions(&self) -> Result<Vec<Version>, PlaceError> {
        versions::versions(&self.requests).await
    }

    async fn load(&self, name: &str) -> Result<Option<Saved>, PlaceError> {
        versions::load(&self.requests, name).await
    }

    async fn forget(&self, name: &str) -> Result<bool, PlaceError> {
        versions::forget(&self.requests, name).await
    }
}

impl fmt::Debug for BucketPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BucketPlace").field("name", &self.requests.name()).finish_non_exhaustive()
    }
}
