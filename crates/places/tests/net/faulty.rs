//! A bucket that fails, is slow, loses answers and lies, as it is told to.

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What happens to a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// It is refused before anything is done.
    Fail,
    /// It never ends.
    Hang,
    /// It is done, and the answer says that it failed.
    LoseAnswer,
    /// A condition is taken for granted.
    Lie,
}

#[derive(Debug)]
pub(crate) struct Faulty {
    pub(crate) store: InMemory,
    /// What happens to the next writes.
    next: Mutex<VecDeque<Fault>>,
    /// Whether what is listed is an hour old, but for the newest.
    is_later: AtomicBool,
}

impl Faulty {
    pub(crate) fn new() -> Arc<Faulty> {
        Arc::new(Faulty {
            store: InMemory::new(),
            next: Mutex::default(),
            is_later: AtomicBool::new(false),
        })
    }

    /// What happens to the next writes, one after another.
    pub(crate) fn plan(&self, faults: impl IntoIterator<Item = Fault>) {
        self.next.lock().unwrap().extend(faults);
    }

    pub(crate) fn heal(&self) {
        self.next.lock().unwrap().clear();
    }

    /// An hour goes by.
    pub(crate) fn wait(&self) {
        self.is_later.store(true, Ordering::Relaxed);
    }

    /// How many objects a folder has.
    pub(crate) async fn count(&self, folder: &str) -> usize {
        self.store.list(Some(&Path::from(folder))).count().await
    }
}

fn failed() -> Error {
    Error::Generic { store: "faulty", source: "503 Slow Down".into() }
}

#[async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        mut options: PutOptions,
    ) -> Result<PutResult> {
        let fault = self.next.lock().unwrap().pop_front().unwrap_or(Fault::None);
        match fault {
            Fault::Fail => return Err(failed()),
            Fault::Hang => std::future::pending().await,
            Fault::Lie => options.mode = PutMode::Overwrite,
            Fault::None | Fault::LoseAnswer => {}
        }
        let put = self.store.put_opts(location, payload, options).await?;
        if fault == Fault::LoseAnswer { Err(failed()) } else { Ok(put) }
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.store.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.store.get_opts(location, options).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.store.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        if !self.is_later.load(Ordering::Relaxed) {
            return self.store.list(prefix);
        }
        let listed = self.store.list(prefix).try_collect::<Vec<_>>();
        let aged = async move {
            let mut listed = listed.await.unwrap_or_default();
            listed.sort_by_key(|meta| meta.last_modified);
            listed
                .pop()
                .into_iter()
                .chain(listed.into_iter().map(|meta| ObjectMeta {
                    last_modified: meta.last_modified - Duration::from_secs(3600),
                    ..meta
                }))
                .map(Ok)
                .collect::<Vec<_>>()
        };
        futures_util::stream::once(aged).flat_map(futures_util::stream::iter).boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.store.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.store.copy_opts(from, to, options).await
    }
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("faulty")
    }
}
