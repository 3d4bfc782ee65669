//! Logs and metrics. Neither ever carries personal data: ids, codes, counts and durations only.

use prometheus::{Encoder, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts, Registry, TextEncoder};
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::config::{Log, LogFormat};
use crate::store::read::Counts;

/// Why telemetry cannot start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// A metric is defined twice or malformed.
    #[error("metrics: {0}")]
    Metrics(#[from] prometheus::Error),
    /// The level is unknown.
    #[error("log.level is error, warn, info, debug or trace")]
    Level,
    /// Another subscriber is installed.
    #[error("logs are already set up in this process")]
    Installed,
}

/// Starts logging to standard error.
///
/// # Errors
/// An unknown level, or logging that is already set up.
pub fn start_logs(log: &Log) -> Result<(), TelemetryError> {
    let level: Level = log.level.parse().map_err(|_| TelemetryError::Level)?;
    // Libraries speak up from warnings on: their lower levels may hold what must not be logged.
    let ours = Targets::new().with_default(level.min(Level::WARN)).with_target("claimgate", level);
    let lines = fmt::layer().with_writer(std::io::stderr).with_target(false);
    match log.format {
        LogFormat::Text => tracing_subscriber::registry().with(lines.with_ansi(false).with_filter(ours)).try_init(),
        LogFormat::Json => {
            let lines = lines.json().flatten_event(true).with_current_span(false);
            tracing_subscriber::registry().with(lines.with_filter(ours)).try_init()
        }
    }
    .map_err(|_| TelemetryError::Installed)
}

/// The gateway's metrics.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    seconds: HistogramVec,
    claims: IntGauge,
    packets: IntGauge,
    deliveries: IntGauge,
    open_deliveries: IntGauge,
    open_work: IntGauge,
    waiting_messages: IntGauge,
    failing_endpoints: IntGauge,
    failing_keys: IntGauge,
    open_alerts: IntGauge,
}

impl Metrics {
    /// Defines every metric.
    ///
    /// # Errors
    /// A malformed definition.
    pub fn new() -> Result<Self, TelemetryError> {
        let registry = Registry::new();
        let requests = IntCounterVec::new(
            Opts::new("claimgate_http_requests_total", "Requests answered"),
            &["method", "route", "status"],
        )?;
        let seconds = HistogramVec::new(
            HistogramOpts::new("claimgate_http_request_seconds", "Time to answer")
                .buckets(vec![0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0]),
            &["method", "route"],
        )?;
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(seconds.clone()))?;
        for meter in crate::store::meters() {
            registry.register(meter)?;
        }
        let gauge = |name: &str, text: &str| -> Result<IntGauge, prometheus::Error> {
            let gauge = IntGauge::new(name, text)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok(gauge)
        };
        Ok(Self {
            claims: gauge("claimgate_claims", "Claims stored")?,
            packets: gauge("claimgate_packets", "Packets signed")?,
            deliveries: gauge("claimgate_deliveries", "Deliveries made")?,
            open_deliveries: gauge("claimgate_deliveries_open", "Deliveries nobody has acknowledged")?,
            open_work: gauge("claimgate_work_open", "Deferred steps not done")?,
            waiting_messages: gauge("claimgate_webhooks_waiting", "Messages that wait for an endpoint")?,
            failing_endpoints: gauge("claimgate_endpoints_failing", "Endpoints switched off after failing")?,
            failing_keys: gauge(
                "claimgate_party_keys_failing",
                "Parties whose jwks_url failed the last time it was asked",
            )?,
            open_alerts: gauge("claimgate_alerts_open", "Alerts that last")?,
            registry,
            requests,
            seconds,
        })
    }

    /// Counts an answered request. `route` is the pattern, never the path.
    pub fn answered(&self, method: &str, route: &str, status: u16, seconds: f64) {
        self.requests.with_label_values(&[method, route, &status.to_string()]).inc();
        self.seconds.with_label_values(&[method, route]).observe(seconds);
    }

    /// The Prometheus text form, with the store's counts as they are now.
    ///
    /// # Errors
    /// A metric that cannot be written.
    pub fn to_text(&self, counts: Counts) -> Result<String, TelemetryError> {
        self.claims.set(counts.claims);
        self.packets.set(counts.packets);
        self.deliveries.set(counts.deliveries);
        self.open_deliveries.set(counts.open_deliveries);
        self.open_work.set(counts.open_work);
        self.waiting_messages.set(counts.waiting_messages);
        self.failing_endpoints.set(counts.failing_endpoints);
        self.failing_keys.set(counts.failing_keys);
        self.open_alerts.set(counts.open_alerts);
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}
