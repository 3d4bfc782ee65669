//! Who waits for entries of a timeline in this process: each reader is woken by entries of its own stream alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// Readers by the name of their stream.
#[derive(Debug, Default)]
pub struct Told(Mutex<HashMap<String, watch::Sender<()>>>);

/// One reader's ear. Dropped, nothing is kept of it.
#[derive(Debug)]
pub struct Listening {
    told: Arc<Told>,
    stream: String,
    heard: Option<watch::Receiver<()>>,
}

impl Told {
    /// Who sends messages to endpoints listens under this name.
    pub const ENDPOINTS: &'static str = "endpoints";

    /// Listens to a stream from now on.
    #[must_use]
    pub fn listen(self: &Arc<Self>, stream: String) -> Listening {
        let heard = self.all().entry(stream.clone()).or_default().subscribe();
        Listening { told: Arc::clone(self), stream, heard: Some(heard) }
    }

    /// Wakes the readers of some streams.
    pub(super) fn wake<'s>(&self, streams: impl IntoIterator<Item = &'s str>) {
        let all = self.all();
        for sender in streams.into_iter().filter_map(|stream| all.get(stream)) {
            sender.send_replace(());
        }
    }

    /// Wakes every reader: something may have been missed, or the gateway stops.
    pub fn wake_all(&self) {
        for sender in self.all().values() {
            sender.send_replace(());
        }
    }

    /// How many streams somebody listens to.
    #[must_use]
    pub fn streams(&self) -> usize {
        self.all().len()
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, watch::Sender<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listening {
    /// Waits until there may be more to read.
    pub async fn heard(&mut self) {
        if let Some(heard) = &mut self.heard
            && heard.changed().await.is_ok()
        {
            return;
        }
        // Nobody speaks any more: whoever asks looks by the clock.
        std::future::pending::<()>().await;
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.heard = None;
        let mut all = self.told.all();
        if all.get(&self.stream).is_some_and(|sender| sender.receiver_count() == 0) {
            all.remove(&self.stream);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_reader_is_woken_by_its_own_stream_and_leaves_nothing_behind() {
        let told = Arc::new(Told::default());
        let (mut one, mut other) = (told.listen("a".to_owned()), told.listen("b".to_owned()));
        let again = told.listen("a".to_owned());
        told.wake(["a", "c"]);
        one.heard().await;
        let quiet = tokio::time::timeout(Duration::from_millis(20), other.heard()).await;
        assert!(quiet.is_err(), "another's entries wake nobody");
        told.wake_all();
        other.heard().await;
        assert_eq!(told.streams(), 2);
        drop((one, other));
        assert_eq!(told.streams(), 1, "one reader of it is left");
        drop(again);
        assert_eq!(told.streams(), 0);
    }
}
