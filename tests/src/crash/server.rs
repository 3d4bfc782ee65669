//! A gateway as a process of its own on a fixed address, that can be killed and started again on the same data.

use std::fs::OpenOptions;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use claimgate_gateway::sandbox::client::http_client;
use tempfile::NamedTempFile;
use tokio::net::TcpListener;

use crate::gateway::must;
use crate::shared::binary;

/// One gateway.
#[derive(Debug)]
pub struct Server {
    child: Option<Child>,
    settings: Vec<(String, String)>,
    listen: SocketAddr,
    log: NamedTempFile,
}

impl Server {
    /// One that is not yet started.
    ///
    /// # Panics
    /// There is no place for its log.
    #[must_use]
    pub fn new(settings: &[(String, String)], listen: SocketAddr) -> Self {
        let log = must(NamedTempFile::new());
        Self { child: None, settings: settings.to_vec(), listen, log }
    }

    /// Starts it and waits until it answers that it is ready.
    ///
    /// # Panics
    /// It does not within half a minute.
    pub async fn start(&mut self) {
        let (http, ready) = (must(http_client()), format!("http://{}/readyz", self.listen));
        for _ in 0..15_000 {
            // Another's connection may have its port for a moment: then it ends and is started once more.
            if self.child.as_mut().is_none_or(|child| !matches!(child.try_wait(), Ok(None))) {
                self.child = Some(self.spawn());
            }
            if http.get(&ready).send().await.is_ok_and(|answer| answer.status() == 200) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        panic!("the gateway does not start: {}", self.logged());
    }

    fn spawn(&self) -> Child {
        let log = must(OpenOptions::new().create(true).append(true).open(self.log.path()));
        let mut command = Command::new(binary());
        command.arg("serve").envs(self.settings.iter().cloned());
        command.env("CLAIMGATE_HTTP__LISTEN", self.listen.to_string());
        must(command.stdin(Stdio::null()).stderr(log).spawn())
    }

    /// `kill -9`.
    ///
    /// # Panics
    /// It had ended by itself.
    pub fn kill(&mut self) {
        self.must_run();
        if let Some(mut child) = self.child.take() {
            must(child.kill());
            must(child.wait());
        }
    }

    /// Its process.
    ///
    /// # Panics
    /// It does not run.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.as_ref().unwrap_or_else(|| panic!("the gateway does not run")).id()
    }

    /// Its own address.
    #[must_use]
    pub fn door(&self) -> String {
        format!("http://{}", self.listen)
    }

    /// SIGTERM, and waits until it has stopped by itself.
    ///
    /// # Panics
    /// It ends otherwise than well.
    pub async fn stop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        must(Command::new("kill").args(["-TERM", &child.id().to_string()]).status());
        let ended = must(tokio::task::spawn_blocking(move || child.wait()).await);
        assert!(must(ended).success(), "the gateway does not stop well: {}", self.logged());
    }

    /// What it logged so far.
    #[must_use]
    pub fn logged(&self) -> String {
        std::fs::read_to_string(self.log.path()).unwrap_or_default()
    }

    /// Makes sure that it runs.
    ///
    /// # Panics
    /// It ended by itself.
    pub fn must_run(&mut self) {
        let running = self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)));
        assert!(running, "the gateway ended by itself: {}", self.logged());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// An address nobody listens on.
///
/// # Panics
/// There is none.
pub async fn free() -> SocketAddr {
    must(must(TcpListener::bind("127.0.0.1:0").await).local_addr())
}
