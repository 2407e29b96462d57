//! [`Files`]: the files of the repository as a job sees them.

use super::checkout::{Checkout, up};
use crate::error::Result;
use crate::git::LocalClone;
use crate::tekton::load;
use crate::tree::Root;

/// The work tree. A job that only the base branch has finds there what the work tree lacks.
pub(super) struct Files<'a> {
    work: Root,
    here: &'a str,
    base: Option<(&'a LocalClone, &'a str)>,
}

impl<'a> Files<'a> {
    pub(super) fn new(checkout: &'a Checkout, is_of_base: bool) -> Result<Files<'a>> {
        let base = checkout.facts.base.as_deref().filter(|_| is_of_base);
        let base = base.map(|commit| (&checkout.clone, commit));
        Ok(Files { work: Root::open(&checkout.root)?, here: &checkout.here, base })
    }
}

impl load::Files for Files<'_> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>> {
        let found = self.work.read(path).map_err(|error| {
            let error = error.into_usage();
            match error.message.ends_with("is a symbolic link") {
                true => error.with_hint("put the file itself there: Lighthouse does not follow links either"),
                false => error,
            }
        });
        match (found?, self.base) {
            (None, Some((clone, commit))) => clone.read(commit, path),
            (found, _) => Ok(found),
        }
    }

    fn shown(&self, path: &str) -> String {
        relative(self.here, path)
    }
}

/// A path of the repository as it is from one of its folders, which is empty or ends with a slash.
fn relative(here: &str, path: &str) -> String {
    let (mut here, mut path) = (here, path);
    while let (Some((folder, rest)), Some((first, below))) = (here.split_once('/'), path.split_once('/')) {
        if folder != first {
            break;
        }
        (here, path) = (rest, below);
    }
    format!("{}{path}", up(here))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_from_where_kfleet_runs() {
        for (here, path, expected) in [
            ("", "a/b.yaml", "a/b.yaml"),
            ("a/b/", "a/b/c.yaml", "c.yaml"),
            ("a/b/", "a/c.yaml", "../c.yaml"),
            ("a/b/", ".lighthouse/c.yaml", "../../.lighthouse/c.yaml"),
            ("a/b/", "a", "../../a"),
        ] {
            assert_eq!(relative(here, path), expected);
        }
    }
}
