//! Larger files of claims, outside the database: sealed segments under random names, in a folder or a bucket.
//!
//! In: sealed bytes (`sealed`). Out: the same. It must not know what a file is, whose it is or whether it is still wanted:
//! that stands in the database alone, and what it no longer names is removed from here.

use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use futures_util::TryStreamExt;
use jiff::Timestamp;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};

use crate::config::{Config, ObjectsPlace};
use crate::id::ObjectId;

#[cfg(feature = "s3")]
mod bucket;
mod parts;
mod sealed;
mod tree;

pub use parts::Parts;
pub use sealed::{FileCipher, OVERHEAD, ObjectKey, SEGMENT, SEGMENT_BYTES, Unsealed, segments};
pub use tree::{Leaf, leaf, root};

/// Why something could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum ObjectsError {
    /// A segment is not there.
    #[error("a segment of {0} is not in the object store")]
    Missing(ObjectId),
    /// A segment does not open: changed, moved, cut, or of another key.
    #[error("a segment of {0} does not open: changed, moved, or of another key")]
    Damaged(ObjectId),
    /// No space is left.
    #[error("the object store has no space left")]
    Full,
    /// It is away, or may not be written.
    #[error("the object store: {0}")]
    Away(String),
}

/// Why the object store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder.
    #[error("objects.url: the folder {path} cannot be made or read")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// This build knows no buckets.
    #[error("objects.url: s3:// needs a build with the feature s3")]
    NoBuckets,
    /// The bucket's settings.
    #[error("objects: {0}")]
    Bucket(String),
}

/// A segment as a listing tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Whose it is.
    pub object: ObjectId,
    /// Its writer and its number.
    pub place: (u32, u32),
    /// When it was written, by the clock of the store.
    pub written: Timestamp,
}

/// The one door to the object store.
#[derive(Clone, Debug)]
pub struct Objects {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
}

impl Objects {
    /// Opens what the settings name; a folder is made, for its owner alone.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(config: &Config) -> Result<Self, OpenError> {
        match config.objects.place(&config.gateway.data_dir) {
            Some(ObjectsPlace::Folder(path)) => {
                Self::folder(&path).map_err(|source| OpenError::Folder { path: path.clone(), source })
            }
            #[cfg(feature = "s3")]
            Some(ObjectsPlace::Bucket(name, prefix)) => {
                Ok(Self { store: bucket::open(&config.objects, &name)?, prefix: Path::from(prefix) })
            }
            _ => Err(OpenError::NoBuckets),
        }
    }

    fn folder(path: &FilePath) -> Result<Self, io::Error> {
        if !path.is_dir() {
            fs::create_dir_all(path)?;
            #[cfg(unix)]
            fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        }
        let folder = LocalFileSystem::new_with_prefix(path).map_err(io::Error::other)?;
        // What was answered is on disk; folders that become empty go with the last segment.
        let folder = folder.with_fsync(true).with_automatic_cleanup(true);
        Ok(Self { store: Arc::new(folder), prefix: Path::default() })
    }

    /// Keeps a sealed segment: whole and durable, or not at all.
    ///
    /// # Errors
    /// No space, or away.
    pub async fn put(&self, id: ObjectId, (epoch, number): (u32, u32), sealed: Vec<u8>) -> Result<(), ObjectsError> {
        let place = self.object(id).join(format!("{epoch}-{number}"));
        match self.store.put(&place, sealed.into()).await {
            Ok(_) => Ok(()),
            // Where it belongs is not there: a bucket under another name. No segment is missing.
            Err(error @ object_store::Error::NotFound { .. }) => Err(ObjectsError::Away(error.to_string())),
            Err(error) => Err(failed(id, &error)),
        }
    }

    /// A sealed segment.
    ///
    /// # Errors
    /// Not there, or away.
    pub async fn get(&self, id: ObjectId, (epoch, number): (u32, u32)) -> Result<Vec<u8>, ObjectsError> {
        let place = self.object(id).join(format!("{epoch}-{number}"));
        let found = self.store.get(&place).await.map_err(|error| failed(id, &error))?;
        Ok(found.bytes().await.map_err(|error| failed(id, &error))?.to_vec())
    }

    /// Removes every segment of an object; one that is not there is no error.
    ///
    /// # Errors
    /// Away.
    pub async fn remove(&self, id: ObjectId) -> Result<(), ObjectsError> {
        let folder = self.object(id);
        let found: Vec<_> = self.store.list(Some(&folder)).try_collect().await.map_err(|error| failed(id, &error))?;
        for one in found {
            match self.store.delete(&one.location).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(failed(id, &error)),
            }
        }
        Ok(())
    }

    /// Whether a segment is there.
    ///
    /// # Errors
    /// Away.
    pub async fn has(&self, id: ObjectId, (epoch, number): (u32, u32)) -> Result<bool, ObjectsError> {
        match self.store.head(&self.object(id).join(format!("{epoch}-{number}"))).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(failed(id, &error)),
        }
    }

    /// Every segment of objects whose names begin with these two digits. What is none of ours is passed over.
    ///
    /// # Errors
    /// Away.
    pub async fn list(&self, first: u8) -> Result<Vec<Listed>, ObjectsError> {
        let folder = self.prefix.clone().join(format!("{first:02x}"));
        let all: Vec<_> = self.store.list(Some(&folder)).try_collect().await.map_err(away)?;
        let one = |meta: &ObjectMeta| {
            let mut names = meta.location.prefix_match(&folder)?;
            let object = uuid::Uuid::try_parse(names.next()?.as_ref()).ok()?;
            let place = names.next()?;
            let (epoch, number) = place.as_ref().split_once('-')?;
            Some(Listed {
                object: format!("obj_{object}").parse().ok()?,
                place: (epoch.parse().ok()?, number.parse().ok()?),
                written: Timestamp::from_millisecond(meta.last_modified.timestamp_millis()).ok()?,
            })
        };
        Ok(all.iter().filter_map(one).collect())
    }

    /// Looks whether it answers. Nothing is written.
    ///
    /// # Errors
    /// Away, or the bucket is not there.
    pub async fn look(&self) -> Result<(), ObjectsError> {
        self.store.list(Some(&self.prefix)).try_next().await.map(drop).map_err(away)
    }

    /// One folder for each object, under one of 256.
    fn object(&self, id: ObjectId) -> Path {
        let name = id.uuid().simple().to_string();
        let first = name.get(..2).unwrap_or_default().to_owned();
        self.prefix.clone().join(first).join(name)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "maps an error")]
fn away(error: object_store::Error) -> ObjectsError {
    ObjectsError::Away(error.to_string())
}

fn failed(id: ObjectId, error: &object_store::Error) -> ObjectsError {
    if matches!(error, object_store::Error::NotFound { .. }) {
        return ObjectsError::Missing(id);
    }
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(one) = cause {
        let kind = one.downcast_ref::<io::Error>().map(io::Error::kind);
        if matches!(kind, Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)) {
            return ObjectsError::Full;
        }
        cause = one.source();
    }
    ObjectsError::Away(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Random;

    #[tokio::test]
    async fn a_segment_reads_back_until_its_object_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let objects = Objects::folder(&folder.path().join("objects")).unwrap();
        let random = Random::system();
        let (one, other) = (ObjectId::at_random(&random), ObjectId::at_random(&random));
        for (id, number) in [(one, 0), (one, 1), (other, 0)] {
            objects.put(id, (1, number), vec![7; 30]).await.unwrap();
        }
        assert_eq!(objects.get(one, (1, 1)).await.unwrap(), vec![7; 30]);
        assert!(matches!(objects.get(one, (2, 1)).await, Err(ObjectsError::Missing(id)) if id == one));
        let mut listed = objects.list(one.uuid().as_bytes()[0]).await.unwrap();
        listed.retain(|segment| segment.object == one);
        listed.sort_by_key(|segment| segment.place);
        assert_eq!(listed.iter().map(|segment| segment.place).collect::<Vec<_>>(), [(1, 0), (1, 1)]);
        assert!((objects.has(one, (1, 1)).await.unwrap(), objects.has(one, (2, 1)).await.unwrap()) == (true, false));
        objects.look().await.unwrap();
        objects.remove(one).await.unwrap();
        objects.remove(one).await.unwrap();
        assert!(objects.get(one, (1, 0)).await.is_err());
        assert_eq!(objects.get(other, (1, 0)).await.unwrap().len(), 30);
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_written_is_no_missing_segment() {
        let folder = tempfile::tempdir().unwrap();
        let objects = Objects::folder(folder.path()).unwrap();
        let id = ObjectId::at_random(&Random::system());
        // A file stands where the object's folder must be.
        std::fs::write(folder.path().join(&id.uuid().simple().to_string()[..2]), b"in the way").unwrap();
        let error = objects.put(id, (1, 0), vec![1]).await.unwrap_err();
        assert!(matches!(error, ObjectsError::Away(_)), "{error}");
    }
}
