//! Requests to a bucket, each within its time, and what their failures mean.

use crate::error::PlaceError;
use crate::tls;
use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::{
    BackoffConfig, ClientOptions, Error, GetOptions, GetRange, ObjectMeta, ObjectStore,
    ObjectStoreExt, PutMode, PutOptions, PutPayload, RetryConfig, UpdateVersion,
};
use std::sync::Arc;
use std::time::Duration;

/// No request takes longer, whatever is asked for: segments that it may be about are kept longer than that.
const LONGEST: Duration = Duration::from_secs(300);

/// A bucket, or a folder of one.
pub(crate) struct Requests {
    store: Arc<dyn ObjectStore>,
    folder: Path,
    name: String,
    limit: Duration,
}

/// What a conditional write came to.
pub(crate) enum Written {
    /// It was written, and this is what it is now.
    Yes(UpdateVersion),
    /// Somebody else wrote it since.
    No,
}

impl Requests {
    pub(crate) fn new(
        store: Arc<dyn ObjectStore>,
        folder: Path,
        name: String,
        limit: Duration,
    ) -> Requests {
        Requests { store, folder, name, limit: limit.min(LONGEST) }
    }

    /// The bucket of a URL. Options are named as the environment's variables are, without what they begin with.
    pub(crate) fn open(
        url: &str,
        options: &[(String, String)],
        limit: Duration,
    ) -> Result<Requests, PlaceError> {
        let refused = |problem: String| PlaceError::Refused { place: "bucket".to_owned(), problem };
        let (scheme, rest) = url
            .split_once("://")
            .ok_or_else(|| refused("its URL does not begin as `s3://` does".to_owned()))?;
        let folder = rest.split_once('/').map_or("", |(_, folder)| folder);
        let folder = Path::parse(folder.trim_matches('/')).map_err(|e| refused(e.to_string()))?;
        tls::choose();
        let store = store_of(scheme, url, options, limit)
            .ok_or_else(|| refused(format!("`{scheme}` is none of s3, gs, az and abfs")))?
            .map_err(|e| refused(e.to_string()))?;
        Ok(Requests::new(store, folder, format!("bucket {url}"), limit))
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    fn path(&self, key: &str) -> Path {
        key.split('/').fold(self.folder.clone(), |path, part| path.join(part))
    }

    /// An object and what version of it that is; `None` where there is none.
    pub(crate) async fn get(
        &self,
        key: &str,
    ) -> Result<Option<(Vec<u8>, UpdateVersion)>, PlaceError> {
        self.get_part(key, None).await
    }

    /// The first bytes of an object, at most so many.
    pub(crate) async fn get_start(
        &self,
        key: &str,
        bytes: u64,
    ) -> Result<Option<Vec<u8>>, PlaceError> {
        let range = GetRange::Bounded(0..bytes);
        Ok(self.get_part(key, Some(range)).await?.map(|(bytes, _)| bytes))
    }

    async fn get_part(
        &self,
        key: &str,
        range: Option<GetRange>,
    ) -> Result<Option<(Vec<u8>, UpdateVersion)>, PlaceError> {
        let path = self.path(key);
        let options = GetOptions { range, ..GetOptions::default() };
        let got = self.within(async {
            let got = self.store.get_opts(&path, options).await?;
            let version =
                UpdateVersion { e_tag: got.meta.e_tag.clone(), version: got.meta.version.clone() };
            Ok((got.bytes().await?.to_vec(), version))
        });
        match got.await? {
            Ok(got) => Ok(Some(got)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Writes an object under a key that nobody else writes.
    pub(crate) async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), PlaceError> {
        let path = self.path(key);
        let put = self.within(self.store.put(&path, PutPayload::from(bytes))).await?;
        put.map(|_| ()).map_err(|e| self.failed(&e))
    }

    /// Writes an object if it still is what it was: that version, or absent.
    pub(crate) async fn put_if(
        &self,
        key: &str,
        bytes: Vec<u8>,
        was: Option<&UpdateVersion>,
    ) -> Result<Written, PlaceError> {
        let path = self.path(key);
        let mode = was.map_or(PutMode::Create, |was| PutMode::Update(was.clone()));
        let options = PutOptions { mode, ..PutOptions::default() };
        let put = self.within(self.store.put_opts(&path, PutPayload::from(bytes), options));
        match put.await? {
            Ok(put) => Ok(Written::Yes(UpdateVersion { e_tag: put.e_tag, version: put.version })),
            Err(Error::Precondition { .. } | Error::AlreadyExists { .. }) => Ok(Written::No),
            // What was there is gone: somebody emptied the bucket.
            Err(Error::NotFound { .. }) if was.is_some() => Ok(Written::No),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// The objects of a folder, with their keys within it.
    pub(crate) async fn list(&self, folder: &str) -> Result<Vec<(String, ObjectMeta)>, PlaceError> {
        let path = self.path(folder);
        let listed = self.within(self.store.list(Some(&path)).try_collect::<Vec<_>>()).await?;
        let listed = listed.map_err(|e| self.failed(&e))?;
        let keyed = listed.into_iter().filter_map(|meta| {
            let parts: Vec<_> = meta.location.prefix_match(&path)?.collect();
            let parts: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
            Some((parts.join("/"), meta.clone()))
        });
        Ok(keyed.collect())
    }

    /// Removes an object; that it is gone already is no failure.
    pub(crate) async fn delete(&self, key: &str) -> Result<(), PlaceError> {
        let path = self.path(key);
        match self.within(self.store.delete(&path)).await? {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.failed(&error)),
        }
    }

    async fn within<T>(&self, work: impl Future<Output = T>) -> Result<T, PlaceError> {
        let late = |_| PlaceError::Unreachable {
            place: self.name.clone(),
            problem: format!("no answer within {:?}", self.limit),
        };
        tokio::time::timeout(self.limit, work).await.map_err(late)
    }

    pub(crate) fn damaged(&self, what: &str, problem: impl ToString) -> PlaceError {
        let (what, problem) = (what.to_owned(), problem.to_string());
        PlaceError::Damaged { place: self.name.clone(), what, problem }
    }

    fn failed(&self, error: &Error) -> PlaceError {
        let (place, problem) = (self.name.clone(), error.to_string());
        match error {
            Error::Generic { .. } | Error::JoinError { .. } => {
                PlaceError::Unreachable { place, problem }
            }
            _ => PlaceError::Refused { place, problem },
        }
    }
}

/// The store of a URL; `None` where no store is meant by it.
fn store_of(
    scheme: &str,
    url: &str,
    options: &[(String, String)],
    limit: Duration,
) -> Option<Result<Arc<dyn ObjectStore>, Error>> {
    // A server that is down is soon told to be; who calls tries again later.
    let backoff = BackoffConfig { max_backoff: Duration::from_secs(2), ..BackoffConfig::default() };
    let retry = RetryConfig { backoff, max_retries: 3, retry_timeout: limit };
    let client = ClientOptions::new()
        .with_timeout(limit)
        .with_connect_timeout(limit.min(Duration::from_secs(5)));
    // What is given counts more than what the environment says.
    let variables = std::env::vars().filter(|(name, _)| {
        ["AWS_", "GOOGLE_", "AZURE_"].iter().any(|begin| name.starts_with(begin))
    });
    let given = options.iter().map(|(name, value)| (name.replace('-', "_"), value.clone()));
    macro_rules! store {
        ($builder:ty) => {{
            let mut builder =
                <$builder>::new().with_client_options(client).with_retry(retry).with_url(url);
            for (name, value) in variables.chain(given) {
                if let Ok(key) = name.to_ascii_lowercase().parse() {
                    builder = builder.with_config(key, value);
                }
            }
            Some(builder.build().map(|store| Arc::new(store) as Arc<dyn ObjectStore>))
        }};
    }
    match scheme {
        "s3" | "s3a" => store!(object_store::aws::AmazonS3Builder),
        "gs" => store!(object_store::gcp::GoogleCloudStorageBuilder),
        "az" | "abfs" | "abfss" => store!(object_store::azure::MicrosoftAzureBuilder),
        _ => None,
    }
}
