//! Starting and stopping, in order: listen, work, serve; then unready, drain, finish requests, finish work.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpServer;
use actix_web::dev::ServerHandle;
use actix_web::web::Data;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::app::{App, StartError};
use crate::clock::Clock;
use crate::config::Config;
use crate::flows::retention::NotDecided;
use crate::id::Random;
use crate::{http, work};

/// A running gateway.
pub struct Running {
    /// Its parts.
    pub app: Data<App>,
    /// Where it listens.
    pub address: SocketAddr,
    handle: ServerHandle,
    server: JoinHandle<io::Result<()>>,
    worker: JoinHandle<()>,
    stop_work: watch::Sender<bool>,
}

/// Why the gateway did not start or stop well.
#[derive(Debug, thiserror::Error)]
pub enum LifecycleError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// A part is missing.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The list of erasures.
    #[error(transparent)]
    Erasures(NotDecided),
    /// The server failed.
    #[error("the server: {0}")]
    Server(#[from] io::Error),
}

/// Starts the gateway; it runs until [`Running::stop`].
///
/// # Errors
/// An address in use, missing keys, another schema.
pub async fn start(config: Config, clock: Clock, random: Random) -> Result<Running, LifecycleError> {
    let listener = TcpListener::bind(&config.http.listen)
        .map_err(|source| LifecycleError::Listen { address: config.http.listen.clone(), source })?;
    let address = listener.local_addr()?;
    let issuer = match config.gateway.base_url.as_str() {
        "" if config.tls.is_on() => format!("https://{address}"),
        "" => format!("http://{address}"),
        given => given.to_owned(),
    };
    let (settings, tls) = (config.http.clone(), config.tls.clone());
    let rhythm = work::Rhythm {
        look: Duration::from_secs(config.alerts.look_seconds),
        check: Duration::from_secs(config.alerts.check_hours.saturating_mul(3_600)),
    };
    let erasures = config.erasures_file();
    let app = Data::new(Box::pin(App::open(config, issuer, clock, random)).await?);
    // Before anybody is served: the database may be an old one, put back from a backup.
    let replayed = app.engine.replay_erasures(&erasures).await.map_err(LifecycleError::Erasures)?;
    if replayed.erased > 0 || replayed.unreadable > 0 {
        let (erased, unreadable) = (replayed.erased, replayed.unreadable);
        tracing::warn!(erased, unreadable, "claims that came back from a backup were erased again");
    }
    let secured = app.engine.tls.server().map_err(StartError::from)?;
    let (stop_work, stopped) = watch::channel(false);
    let worker = tokio::spawn(work::run(Arc::clone(&app.engine), rhythm, stopped));
    let service = app.clone();
    let server = HttpServer::new(move || http::service(service.clone()))
        .workers(settings.workers)
        .client_request_timeout(Duration::from_secs(5))
        .keep_alive(Duration::from_secs(15))
        .max_connections(2_048)
        .max_connection_rate(tls.handshakes_at_once)
        .tls_handshake_timeout(Duration::from_secs(tls.handshake_seconds))
        .on_connect(http::certificate::note)
        .shutdown_timeout(settings.shutdown_seconds)
        .disable_signals();
    let server = match secured {
        Some(settings) => server.listen_rustls_0_23(listener, settings)?,
        None => server.listen(listener)?,
    }
    .run();
    let handle = server.handle();
    Ok(Running { app, address, handle, server: tokio::spawn(server), worker, stop_work })
}

impl Running {
    /// The address parties use.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.app.engine.issuer
    }

    /// Stops: no longer ready, the time a load balancer needs, running requests finished, positions given.
    ///
    /// # Errors
    /// The server failed earlier.
    pub async fn stop(self) -> Result<(), LifecycleError> {
        self.app.unready();
        tokio::time::sleep(Duration::from_secs(self.app.config.http.drain_seconds)).await;
        self.handle.stop(true).await;
        let served = self.server.await;
        // A receiver that is gone means that the work has ended already.
        let _ = self.stop_work.send(true);
        if self.worker.await.is_err() {
            tracing::error!("the worker died; what it left undone is done at the next start");
        }
        self.app.engine.store.close().await;
        match served {
            Ok(outcome) => Ok(outcome?),
            Err(_) => Err(io::Error::other("the server task died").into()),
        }
    }

    /// Waits for SIGTERM or SIGINT (Ctrl-C), then stops.
    ///
    /// # Errors
    /// As [`Running::stop`].
    pub async fn until_signal(self) -> Result<(), LifecycleError> {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            _ = terminate.recv() => {}
            interrupted = tokio::signal::ctrl_c() => interrupted?,
        }
        tracing::info!("stopping: running requests are finished first");
        self.stop().await
    }
}
