//! What steps can plant in their folders, and that none of it leads out.
#![expect(clippy::disallowed_methods, reason = "tests make and change files")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

fn world() -> (tempfile::TempDir, OwnedFd) {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("base")).unwrap();
    fs::write(dir.path().join("secret"), "s3cr3t").unwrap();
    let base = open_folder(&dir.path().join("base")).unwrap();
    (dir, base)
}

#[test]
fn nothing_is_read_or_written_through_links() {
    let (dir, base) = world();
    let at = |name: &str| dir.path().join("base").join(name);
    symlink("../secret", at("file")).unwrap();
    symlink("..", at("folder")).unwrap();
    assert_eq!(read(base.as_fd(), "file", 10).unwrap(), None);
    assert_eq!(read(base.as_fd(), "folder/secret", 10).unwrap(), None);
    assert_eq!(read(base.as_fd(), "../secret", 10).unwrap(), None);
    assert!(append(base.as_fd(), "file").is_err());
    assert!(append(base.as_fd(), "folder/secret").is_err());
    assert!(write(base.as_fd(), "folder/secret", b"x", 0o644).is_err());
    assert!(write(base.as_fd(), "../secret", b"x", 0o644).is_err());
    let error = descend(base.as_fd(), "folder/new", true).unwrap_err();
    assert_eq!(error.to_string(), "\"folder\" is a symbolic link, which could lead out");
    // A link in the very place of the file is replaced.
    write(base.as_fd(), "file", b"mine", 0o755).unwrap();
    assert_eq!(read(base.as_fd(), "file", 2).unwrap().unwrap(), b"mi");
    assert_eq!(fs::metadata(at("file")).unwrap().permissions().mode() & 0o777, 0o755);
    assert_eq!(fs::read_to_string(dir.path().join("secret")).unwrap(), "s3cr3t");
}

#[test]
fn what_is_mounted_is_below_the_volume() {
    let (dir, base) = world();
    let at = |name: &str| dir.path().join("base").join(name);
    symlink("/etc", at("link")).unwrap();
    fs::write(at("file"), "").unwrap();
    assert!(locate(base.as_fd(), "", false).unwrap().1);
    assert!(!locate(base.as_fd(), "file", true).unwrap().1);
    assert!(locate(base.as_fd(), "a/b", true).unwrap().1);
    assert!(locate(base.as_fd(), "c", false).is_err());
    for path in ["link", "link/ssl", "..", "a/../../secret", "file/x"] {
        assert!(locate(base.as_fd(), path, true).is_err(), "{path}");
    }
}

#[test]
fn pipes_and_folders_are_not_read() {
    let (dir, base) = world();
    rustix::fs::mknodat(CWD, dir.path().join("base/pipe"), FileType::Fifo, Mode::from_raw_mode(0o644), 0).unwrap();
    fs::create_dir(dir.path().join("base/folder")).unwrap();
    assert_eq!(read(base.as_fd(), "pipe", 10).unwrap(), None);
    assert_eq!(read(base.as_fd(), "folder", 10).unwrap(), None);
    assert!(append(base.as_fd(), "pipe").is_err());
}

#[test]
fn removal_survives_rights_depth_and_links() {
    let (dir, base) = world();
    let at = |name: &str| dir.path().join("base").join(name);
    fs::create_dir_all(at("t/locked/in")).unwrap();
    fs::write(at("t/locked/in/file"), "").unwrap();
    symlink(dir.path(), at("t/out")).unwrap();
    symlink(dir.path().join("secret"), at("t/locked/out")).unwrap();
    for folder in ["t/locked/in", "t/locked", "t"] {
        fs::set_permissions(at(folder), fs::Permissions::from_mode(0o000)).unwrap();
    }
    remove(base.as_fd(), "t").unwrap();
    // Deeper than paths may be long, and than descriptors may be open.
    let mut folder = descend(base.as_fd(), "deep", true).unwrap();
    for _ in 0..3000 {
        folder = enter(folder.as_fd(), "d", true).unwrap();
    }
    drop(folder);
    remove(base.as_fd(), "deep").unwrap();
    remove(base.as_fd(), "none").unwrap();
    assert_eq!(fs::read_dir(dir.path().join("base")).unwrap().count(), 0);
    assert_eq!(fs::read_to_string(dir.path().join("secret")).unwrap(), "s3cr3t");
}
