//! [`DiskWatch`]: whether a run uses up the disk. Looking at the free space costs nothing; the folder itself is measured
//! only now and then, the less often the longer that takes.

use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, openat, statat, statvfs};

use crate::runner::local::settings::{Limits, Settings};

const LOOK: Duration = Duration::from_millis(250);

/// Watches the folder of a run, and what else steps write to, while a step runs.
#[derive(Debug)]
pub(crate) struct DiskWatch {
    /// That of the run first.
    folders: Vec<PathBuf>,
    limits: Limits,
    free_at_start: u64,
    next_look: Instant,
    next_measure: Instant,
}

impl DiskWatch {
    pub(crate) fn new(settings: &Settings) -> DiskWatch {
        let writable = settings.binds.iter().filter(|bind| !bind.read_only).map(|bind| bind.source.clone());
        let folders = std::iter::once(settings.run.path().to_owned()).chain(writable).collect();
        DiskWatch::of(folders, &settings.limits)
    }

    /// For these folders.
    pub(crate) fn of(folders: Vec<PathBuf>, limits: &Limits) -> DiskWatch {
        let now = Instant::now();
        DiskWatch {
            free_at_start: free_space(&folders),
            folders,
            limits: limits.clone(),
            next_look: now + LOOK,
            next_measure: now + Duration::from_secs(1),
        }
    }

    /// Why the step has to be killed.
    pub(crate) fn exceeded(&mut self) -> Option<String> {
        let now = Instant::now();
        if now < self.next_look {
            return None;
        }
        self.next_look = now + LOOK;
        let free = free_space(&self.folders);
        if free < self.limits.free && free < self.free_at_start {
            return Some(format!("less than {} bytes are free on the disk of the run", self.limits.free));
        }
        // As much has gone as the run may have: no need to wait for the next measure.
        let is_much = self.free_at_start.saturating_sub(free) > self.limits.disk;
        if now < self.next_measure && !is_much {
            return None;
        }
        let used = self.folders.iter().map(|folder| measure(folder, self.limits.disk)).fold(0, u64::saturating_add);
        self.next_measure = Instant::now() + (now.elapsed() * 20).max(Duration::from_secs(1));
        (used > self.limits.disk).then(|| format!("the run uses more than {} bytes of disk", self.limits.disk))
    }
}

fn free_space(folders: &[PathBuf]) -> u64 {
    let stat = folders.first().and_then(|folder| statvfs(folder).ok());
    stat.map_or(u64::MAX, |stat| stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// The bytes that a folder takes up; counting ends above `limit`. Links are not followed, and a folder that is too deep
/// for the descriptors at hand is not entered: the free space still shows it.
fn measure(folder: &Path, limit: u64) -> u64 {
    let open = |above: &OwnedFd, name: &std::ffi::CStr| {
        openat(above, name, OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty()).ok()
    };
    let Ok(top) = openat(CWD, folder, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()) else { return 0 };
    let mut used = 0_u64;
    let mut pending = Vec::new();
    let mut next = Some(top);
    while let Some(folder) = next.take() {
        let mut names = Vec::new();
        for entry in Dir::read_from(folder.as_fd()).into_iter().flatten().flatten() {
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            let Ok(stat) = statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
            used = used.saturating_add(u64::try_from(stat.st_blocks).unwrap_or(0) * 512);
            if FileType::from_raw_mode(stat.st_mode) == FileType::Directory && pending.len() < 128 {
                names.push(name.to_owned());
            }
        }
        if used > limit {
            break;
        }
        pending.push((folder, names));
        while let Some((above, names)) = pending.last_mut() {
            match names.pop() {
                Some(name) => {
                    next = open(above, &name);
                    if next.is_some() {
                        break;
                    }
                }
                None => drop(pending.pop()),
            }
        }
    }
    used
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests make files")]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_measured_without_following_links() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("a/b");
        std::fs::create_dir_all(&inner).unwrap();
        std::fs::write(inner.join("file"), vec![1; 100_000]).unwrap();
        std::os::unix::fs::symlink("/", inner.join("out")).unwrap();
        let used = measure(dir.path(), u64::MAX);
        assert!((100_000..200_000).contains(&used), "{used}");
    }

    #[test]
    fn what_is_too_much_is_named() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("file"), vec![1; 100_000]).unwrap();
        let mut watch = DiskWatch::of(vec![dir.path().to_owned()], &Limits { disk: 50_000, ..Limits::default() });
        assert_eq!(watch.exceeded(), None);
        (watch.next_look, watch.next_measure) = (Instant::now(), Instant::now());
        assert_eq!(watch.exceeded().unwrap(), "the run uses more than 50000 bytes of disk");
    }
}
