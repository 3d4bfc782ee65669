//! Section `objects`: where larger files of claims are kept, and how large they may be.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Section `objects`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Objects {
    url: String,
    /// A file of a Bundle of at most so many bytes stays in the database.
    pub database_bytes: usize,
    /// The largest uploaded file that is no video.
    pub file_bytes: u64,
    /// The largest uploaded video.
    pub video_bytes: u64,
    /// Uploads of one party that nothing refers to yet.
    pub uploads: i64,
    /// Hours until an upload that nothing refers to is forgotten.
    pub upload_hours: i64,
    /// Address of the bucket's server; empty means Amazon's.
    pub endpoint: String,
    /// Region of the bucket.
    pub region: String,
    access_key: String,
    secret_key: String,
}

impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Objects").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Where the objects are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ObjectsPlace {
    /// A folder of this machine, or one mounted.
    Folder(PathBuf),
    /// A bucket, and what stands before every name in it.
    Bucket(String, String),
}

/// What opens a bucket: the name of a key, and the key.
pub struct BucketKey<'a> {
    /// Access key id.
    pub id: &'a str,
    /// Secret access key.
    pub secret: &'a str,
}

impl Objects {
    /// Where the objects are; `None` where the address is none.
    #[must_use]
    pub fn place(&self, data_dir: &Path) -> Option<ObjectsPlace> {
        if self.url.is_empty() {
            return Some(ObjectsPlace::Folder(data_dir.join("objects")));
        }
        if let Some(path) = self.url.strip_prefix("file:").filter(|path| !path.is_empty()) {
            return Some(ObjectsPlace::Folder(PathBuf::from(path)));
        }
        let (bucket, prefix) = self.url.strip_prefix("s3://").map(|rest| rest.split_once('/').unwrap_or((rest, "")))?;
        (!bucket.is_empty()).then(|| ObjectsPlace::Bucket(bucket.to_owned(), prefix.trim_matches('/').to_owned()))
    }

    /// What opens the bucket.
    #[must_use]
    pub fn bucket_key(&self) -> BucketKey<'_> {
        BucketKey { id: &self.access_key, secret: &self.secret_key }
    }

    /// The rule that is broken, if one is.
    pub(super) fn broken(&self) -> Option<&'static str> {
        let place = self.place(Path::new(""));
        let rules = [
            (place.is_some(), "objects.url is empty, file:PATH or s3://bucket/prefix"),
            (
                !matches!(place, Some(ObjectsPlace::Bucket(..)))
                    || !self.region.is_empty() && !self.access_key.is_empty() && !self.secret_key.is_empty(),
                "objects.url names a bucket: objects.region, access_key and secret_key are needed",
            ),
            (self.database_bytes <= 20_971_520, "objects.database_bytes is at most 20971520"),
            ((1..=1_073_741_824).contains(&self.file_bytes), "objects.file_bytes is 1 to 1073741824"),
            (
                (self.file_bytes..=2_147_483_648).contains(&self.video_bytes),
                "objects.video_bytes is at least objects.file_bytes and at most 2147483648",
            ),
            ((1..=10_000).contains(&self.uploads), "objects.uploads is 1 to 10000"),
            ((1..=720).contains(&self.upload_hours), "objects.upload_hours is 1 to 720"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map(|(_, rule)| rule)
    }
}
