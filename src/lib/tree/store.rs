//! [`Store`]: content by its digest, in a folder of the user's cache.

use super::error::show;
use super::{Error, Result, Root, remove_file};
use crate::digest::{is_sha256, sha256};
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

/// Content that can be got again by its sha256. What the folder holds is not trusted: it is checked at every read.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
}

impl Store {
    /// Nothing is made or read yet.
    pub fn new(folder: impl Into<PathBuf>) -> Store {
        Store { folder: folder.into() }
    }

    /// The content of this digest; nothing where it is not there, or where something else is there by now.
    pub fn get(&self, digest: &str) -> Result<Option<Vec<u8>>> {
        if !is_sha256(digest) {
            return Ok(None);
        }
        let Some(bytes) = Root::open(&self.folder)?.read(&name(digest))? else { return Ok(None) };
        if sha256(&bytes) == digest {
            return Ok(Some(bytes));
        }
        remove_file(&self.folder.join(name(digest)))?;
        Ok(None)
    }

    /// Keeps content, and returns its digest. Several processes can do so at a time.
    pub fn put(&self, bytes: &[u8]) -> Result<String> {
        let digest = sha256(bytes);
        // What came with credentials is for their owner only.
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&self.folder);
        made.map_err(|cause| Error::from_io("make", show(&self.folder), cause))?;
        Root::open(&self.folder)?.write(&name(&digest), bytes)?;
        Ok(digest)
    }
}

fn name(digest: &str) -> String {
    format!("{}/{digest}", digest.get(..2).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_found_by_its_digest_and_nothing_else_is() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::new(dir.path().join("cache/sources"));
        assert_eq!(store.get(&sha256(b"a")).unwrap(), None);
        let digest = store.put(b"a").unwrap();
        assert_eq!(store.put(b"a").unwrap(), digest);
        assert_eq!(store.get(&digest).unwrap().as_deref(), Some(b"a".as_slice()));
        assert_eq!(store.get("../sources").unwrap(), None);
        let path = dir.path().join("cache/sources").join(name(&digest));
        std::fs::write(&path, b"b").unwrap();
        assert_eq!(store.get(&digest).unwrap(), None, "damaged");
        assert!(!path.exists());
    }
}
