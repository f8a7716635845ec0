//! Hearing of new transactions: a connection that listens, or a clock where the server announces nothing.

use crate::postgres::pool::Pool;
use std::time::Duration;
use tokio::sync::{Mutex, watch};
use tokio_postgres::AsyncMessage;

/// How often a server is asked that announces nothing.
const EVERY: Duration = Duration::from_secs(1);

/// A connection that listens, once somebody waits.
#[derive(Default)]
pub(crate) struct News {
    heard: Mutex<Option<watch::Receiver<u64>>>,
}

impl News {
    /// Begins to listen. What it gives ends with the next announcement, or when it is time to ask.
    pub(crate) async fn listen(
        &self,
        pool: &Pool,
        channel: &str,
    ) -> impl Future<Output = ()> + use<> {
        let mut heard = self.heard.lock().await;
        let is_over = heard.as_ref().is_none_or(|heard| heard.has_changed().is_err());
        if is_over {
            *heard = begin(pool, channel).await;
        }
        let mut heard = heard.clone();
        if let Some(heard) = &mut heard {
            heard.mark_unchanged();
        }
        async move {
            match heard {
                // Where the connection goes, the next one to ask makes another.
                Some(mut heard) => drop(heard.changed().await),
                None => tokio::time::sleep(EVERY).await,
            }
        }
    }
}

/// A connection that listens; `None` where the server will have none.
async fn begin(pool: &Pool, channel: &str) -> Option<watch::Receiver<u64>> {
    let address = pool.address();
    let (client, mut connection) =
        pool.within(address.config.connect(address.tls.clone())).await.ok()?.ok()?;
    let (told, heard) = watch::channel(0);
    tokio::spawn(async move {
        let mut next =
            std::pin::pin!(futures_util::stream::poll_fn(move |cx| connection.poll_message(cx)));
        use futures_util::StreamExt;
        while let Some(Ok(message)) = next.next().await {
            // Nobody waits any more: the connection goes.
            if told.is_closed() {
                break;
            }
            if let AsyncMessage::Notification(_) = message {
                told.send_modify(|n| *n += 1);
            }
        }
    });
    let listen = format!("LISTEN \"{channel}\"");
    pool.within(client.batch_execute(&listen)).await.ok()?.ok()?;
    Some(heard)
}
