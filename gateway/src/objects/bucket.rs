//! A bucket that speaks S3, by settings alone: nothing is read from the environment, and no metadata service is asked.
//!
//! Redirects and proxies are off, as at every way out; a request is tried again for a while, then the bucket is away.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::client::{HttpClient, HttpConnector};
use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig};

use super::OpenError;
use crate::config;

const CONNECT: Duration = Duration::from_secs(5);
/// A segment up or down.
const TOTAL: Duration = Duration::from_secs(30);
/// Somebody waits for the answer.
const TRIES: RetryConfig = RetryConfig {
    backoff: BackoffConfig { init_backoff: Duration::from_millis(100), max_backoff: Duration::from_secs(2), base: 2.0 },
    max_retries: 4,
    retry_timeout: Duration::from_secs(10),
};

pub(super) fn open(settings: &config::Objects, bucket: &str) -> Result<Arc<dyn ObjectStore>, OpenError> {
    let key = settings.bucket_key();
    let plain = settings.endpoint.starts_with("http://");
    let mut builder = AmazonS3Builder::new()
        .with_http_connector(Door { plain })
        .with_retry(TRIES)
        .with_bucket_name(bucket)
        .with_region(&settings.region)
        .with_access_key_id(key.id)
        .with_secret_access_key(key.secret);
    if !settings.endpoint.is_empty() {
        builder = builder.with_endpoint(&settings.endpoint).with_allow_http(plain);
    }
    // Its text may hold the address, never the key.
    Ok(Arc::new(builder.build().map_err(|error| OpenError::Bucket(error.to_string()))?))
}

/// The client of the one server that was configured. The crate's own would follow redirects and the environment's proxies.
#[derive(Debug)]
struct Door {
    plain: bool,
}

impl HttpConnector for Door {
    #[expect(clippy::disallowed_methods, reason = "the one place that opens sockets to the bucket")]
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .http1_only()
            .https_only(!self.plain)
            .connect_timeout(CONNECT)
            .timeout(TOTAL)
            .build();
        let client = client.map_err(|error| object_store::Error::Generic { store: "S3", source: Box::new(error) })?;
        Ok(HttpClient::new(client))
    }
}
