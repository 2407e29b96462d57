//! Small files that hold what others must not see, or that a user has named.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use super::error::show;
use super::{Error, Result};
use crate::error::{Error as OperationError, ErrorKind};

/// More than that is not a file of settings.
const PRIVATE_LIMIT: usize = 8 * 1024 * 1024;

/// Reads a file that the user has named, links followed, up to a limit.
pub fn read_value_file(path: &Path, limit: usize) -> Result<Vec<u8>> {
    let fail = |cause: io::Error| Error::from_io("read", show(path), cause);
    let about = path.metadata().map_err(fail)?;
    if !about.is_file() {
        return Err(Error::new("read", show(path), "it is not a regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path).map_err(fail)?.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(fail)?;
    if bytes.len() > limit {
        return Err(Error::new("read", show(path), format!("it is longer than {limit} bytes")));
    }
    Ok(bytes)
}

/// Reads a file of this user that nobody else can read; nothing where there is none.
///
/// # Errors
/// Others can read or write it, or it belongs to somebody else ([`ErrorKind::Refused`]); it cannot be read.
pub fn read_private(path: &Path) -> std::result::Result<Option<Vec<u8>>, OperationError> {
    let about = match path.metadata() {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
        about => about.map_err(|cause| Error::from_io("read", show(path), cause))?,
    };
    let refuse = |why: &str, hint: String| {
        let message = format!("cannot read {}: {why}", show(path));
        Err(OperationError::new(ErrorKind::Refused, message).with_hint(hint))
    };
    if about.permissions().mode() & 0o077 != 0 {
        return refuse("others can read it", format!("run `chmod 600 {}`", show(path)));
    }
    if about.uid() != rustix::process::geteuid().as_raw() {
        return refuse("it belongs to another user", "make a file of your own".to_owned());
    }
    Ok(Some(read_value_file(path, PRIVATE_LIMIT)?))
}
