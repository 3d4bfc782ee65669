//! A bucket that speaks S3, by settings alone: nothing is read from the environment or a metadata service.

use std::sync::Arc;

use object_store::ObjectStore;
use object_store::aws::AmazonS3Builder;

use super::OpenError;
use crate::config;

pub(super) fn open(settings: &config::Objects, bucket: &str) -> Result<Arc<dyn ObjectStore>, OpenError> {
    let key = settings.bucket_key();
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(&settings.region)
        .with_access_key_id(key.id)
        .with_secret_access_key(key.secret);
    if !settings.endpoint.is_empty() {
        builder = builder.with_endpoint(&settings.endpoint).with_allow_http(settings.endpoint.starts_with("http://"));
    }
    // Its text may hold the address, never the key.
    Ok(Arc::new(builder.build().map_err(|error| OpenError::Bucket(error.to_string()))?))
}
