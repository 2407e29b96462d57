//! [`Facts`]: what a clone shows of the event that a push or a pull request of its work tree would be.

use super::Snapshot;
use crate::error::{Error, ErrorKind, Result};
use crate::git::clone::{Commits, LocalClone, unusable};
use git2::{Delta, DiffFindOptions, Oid};

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The branch that is checked out; nothing where a commit is checked out without one.
    pub branch: Option<String>,
    /// The commit that is checked out; nothing before the first one.
    pub head: Option<String>,
    /// The branch that the remote checks out for those who clone it.
    pub default_branch: String,
    /// The branch that a pull request would go to.
    pub base_branch: String,
    /// Its tip: that of the remote, as far as it was fetched, else that of the local branch.
    pub base: Option<String>,
    /// The URL of the remote, without a password.
    pub url: Option<String>,
    /// Whose repository it is, and which.
    pub name: RepositoryName,
}

/// `owner/name` of a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RepositoryName {
    /// Its owner: all of the path but its last part.
    pub owner: String,
    /// The last part of the path, without `.git`.
    pub name: String,
}

impl RepositoryName {
    /// Takes the URL of a repository, or a path, apart.
    pub fn of(url: &str) -> RepositoryName {
        let path = match url.split_once("://") {
            Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
            None if url.starts_with('/') => url,
            None => url.split_once(':').map_or(url, |(_, path)| path),
        };
        let path = path.split(['?', '#']).next().unwrap_or_default().trim_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path).trim_end_matches('/');
        let (owner, name) = path.rsplit_once('/').unwrap_or(("", path));
        // Of a path of the machine only its end is shown.
        let owner = match url.starts_with('/') || url.starts_with("file:") {
            true => owner.rsplit('/').next().unwrap_or_default(),
            false => owner,
        };
        RepositoryName { owner: owner.to_owned(), name: name.to_owned() }
    }
}

/// A URL without user and password, but for the user of ssh.
fn without_login(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) if !scheme.eq_ignore_ascii_case("ssh") => {
            let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
            let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
            format!("{scheme}://{host}{path}")
        }
        _ => url.to_owned(),
    }
}

impl LocalClone {
    /// What the clone shows; `base` names another branch than the one that would be taken: that which the current one
    /// follows, where it has another name, else the default branch.
    ///
    /// # Errors
    /// The clone cannot be read, or there is no branch `base` ([`ErrorKind::Usage`]).
    pub fn facts(&self, base: Option<&str>) -> Result<Facts> {
        let head = self.head()?;
        let remote = self.remote_name();
        let default_branch = self.default_branch(&remote, head.branch.as_deref());
        let followed = head.branch.as_deref().and_then(|branch| self.followed(branch, &remote));
        let base_branch = base.map(str::to_owned).or(followed).unwrap_or_else(|| default_branch.clone());
        let tip = self.tip(&base_branch).map(|tip| tip.commit);
        if let (Some(base), None) = (base, &tip) {
            let error = Error::new(ErrorKind::Usage, format!("the clone has no branch {}", base.escape_debug()));
            return Err(error.with_hint("run `git fetch`, and check the spelling"));
        }
        let url = self.repository.find_remote(&remote).ok().and_then(|remote| remote.url().ok().map(without_login));
        let name = match &url {
            Some(url) => RepositoryName::of(url),
            None => {
                let folder = self.repository.workdir().and_then(|folder| folder.file_name());
                let name = folder.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                RepositoryName { owner: "local".to_owned(), name }
            }
        };
        Ok(Facts { branch: head.branch, head: head.commit, default_branch, base_branch, base: tip, url, name })
    }

    fn default_branch(&self, remote: &str, current: Option<&str>) -> String {
        let prefix = format!("refs/remotes/{remote}/");
        let told = self.repository.find_reference(&format!("{prefix}HEAD")).ok();
        let told = told.as_ref().and_then(|told| told.symbolic_target().ok().flatten());
        if let Some(branch) = told.and_then(|target| target.strip_prefix(&prefix)) {
            return branch.to_owned();
        }
        let usual = ["main", "master"].into_iter().find(|branch| self.tip(branch).is_some());
        usual.or(current).unwrap_or("main").to_owned()
    }

    /// The branch of the remote that a local one follows, where it has another name.
    fn followed(&self, branch: &str, remote: &str) -> Option<String> {
        let local = self.repository.find_branch(branch, git2::BranchType::Local).ok()?;
        let upstream = local.upstream().ok()?;
        let name = upstream.name().ok()??.strip_prefix(remote)?.strip_prefix('/')?.to_owned();
        (name != branch).then_some(name)
    }

    /// The paths that differ between a commit's merge base with the snapshot and the snapshot: what
    /// `git diff --name-only base...head` says, had the work tree been committed.
    ///
    /// # Errors
    /// A commit cannot be read.
    pub fn files_changed_since(&self, base: &str, snapshot: &Snapshot) -> Result<Vec<String>> {
        let repository = self.with_objects(&[snapshot.objects()])?;
        let base = self.id(base)?;
        let parent = snapshot.parent.as_deref().map(|parent| self.id(parent)).transpose()?;
        let from = parent.and_then(|parent| repository.merge_base(base, parent).ok()).unwrap_or(base);
        let tree = |id: Oid| repository.find_commit(id).and_then(|commit| commit.tree()).map_err(unusable);
        let (old, new) = (tree(from)?, repository.find_tree(snapshot.tree).map_err(unusable)?);
        let mut diff = repository.diff_tree_to_tree(Some(&old), Some(&new), None).map_err(unusable)?;
        diff.find_similar(Some(DiffFindOptions::new().renames(true))).map_err(unusable)?;
        let mut files = Vec::new();
        for delta in diff.deltas() {
            let file = if delta.status() == Delta::Deleted { delta.old_file() } else { delta.new_file() };
            files.extend(file.path().map(|path| path.display().to_string()));
        }
        Ok(files)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owner_and_name_come_from_any_spelling() {
        for (url, owner, name) in [
            ("https://h.example/acme/fleet.git", "acme", "fleet"),
            ("https://u:p@h.example:8443/acme/fleet/", "acme", "fleet"),
            ("git@h.example:acme/fleet.git", "acme", "fleet"),
            ("ssh://git@h.example:22/group/sub/fleet", "group/sub", "fleet"),
            ("file:///srv/git/acme/fleet.git", "acme", "fleet"),
            ("/srv/git/acme/fleet", "acme", "fleet"),
            ("h:fleet", "", "fleet"),
            ("", "", ""),
        ] {
            let of = RepositoryName::of(url);
            assert_eq!((of.owner.as_str(), of.name.as_str()), (owner, name), "{url}");
        }
        assert_eq!(without_login("https://u:p@h/a"), "https://h/a");
        assert_eq!(without_login("ssh://git@h/a"), "ssh://git@h/a");
        assert_eq!(without_login("git@h:a"), "git@h:a");
    }
}
