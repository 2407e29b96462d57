//! [`Scratch`]: a folder that nobody else can look into, for as long as its value lives.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::error::show;
use super::{Error, Result, Root, make_folder};

/// A new folder that only this user can open. It is removed with the value.
#[derive(Debug)]
pub struct Scratch {
    dir: tempfile::TempDir,
    root: Root,
}

impl Scratch {
    /// Makes one below `parent`, such as the system's temporary folder.
    pub fn new(parent: &Path) -> Result<Scratch> {
        let made = tempfile::Builder::new()
            .prefix("kfleet-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(parent)
            .map_err(|cause| Error::from_io("make a temporary folder in", show(parent), cause))?;
        let root = Root::open(made.path())?;
        Ok(Scratch { dir: made, root })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// To write into it.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// Makes a folder in it.
    pub fn make_folder(&self, name: &str) -> Result<std::path::PathBuf> {
        let folder = self.path().join(name);
        make_folder(&folder).map(|()| folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_private_and_goes_with_its_value() {
        let parent = tempfile::tempdir().unwrap();
        let scratch = Scratch::new(parent.path()).unwrap();
        assert_eq!(std::fs::metadata(scratch.path()).unwrap().permissions().mode() & 0o777, 0o700);
        scratch.root().write("a/b", b"c").unwrap();
        assert!(scratch.make_folder("d").unwrap().is_dir());
        drop(scratch);
        assert_eq!(std::fs::read_dir(parent.path()).unwrap().count(), 0);
        assert!(Scratch::new(&parent.path().join("none")).is_err());
    }
}
