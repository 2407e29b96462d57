//! `kfleet init --adopt`: a fleet file for a repository that is there, wherever its clusters are. What the
//! repository does not show is reported to the user, and left out of the file or put into comments.

mod addons;
mod clusters;
mod render;

use super::scaffold::{SCHEMA_FILE, schema_text};
use crate::error::{Error, ErrorKind, Result};
use crate::fleet::clusters::Clusters;
use crate::fleet::file::{FLEET_FILE, FleetFile};
use crate::git::{self, About};
use crate::problem::Problem;
use crate::tree::Root;
use addons::State;
use std::path::Path;

/// Where hand-written sources of addons are.
const MANIFESTS: &str = "config/manifests";

/// What a repository holds.
#[derive(Debug)]
pub struct Repository {
    pub fleet: Clusters,
    /// What git knows of it.
    pub git: Option<About>,
}

/// A fleet file for a repository.
#[derive(Debug, Default)]
pub struct Adoption {
    /// The fleet file.
    pub text: String,
    pub clusters: Vec<String>,
    pub addons: Vec<String>,
    /// What the repository does not show, each in one line.
    pub unknown: Vec<String>,
    /// What is wrong in the repository, as far as it was seen.
    pub warnings: Vec<Problem>,
}

/// Reads a repository.
///
/// # Errors
/// It has a fleet file, or no cluster ([`ErrorKind::Refused`]); or it cannot be read.
pub fn read(folder: &Path) -> Result<Repository> {
    if Root::open(folder)?.read(FLEET_FILE)?.is_some() {
        let error = Error::new(ErrorKind::Refused, format!("{} has a {FLEET_FILE} already", folder.display()));
        return Err(error.with_hint("nothing is to be adopted: change that file, or move it away first"));
    }
    let fleet = Clusters::read(folder)?;
    if fleet.clusters.is_empty() {
        let message = format!("{} has no cluster that Flux syncs: there is nothing to adopt", folder.display());
        let hint = "docs/fleet-file.md says how clusters are found; `kfleet init DIR` makes a new repository";
        return Err(Error::new(ErrorKind::Refused, message).with_hint(hint));
    }
    Ok(Repository { fleet, git: git::about(folder)? })
}

/// Makes the fleet file. Pins that do not do what they say become warnings.
///
/// # Errors
/// A defect of kfleet: the file would not be read.
pub fn plan(repository: &Repository) -> Result<Adoption> {
    let mut adoption = Adoption::default();
    let files = &repository.fleet.repository.files.texts;
    let clusters = clusters::usable(&repository.fleet, &mut adoption);
    let origin = clusters::repository(&clusters, repository.git.as_ref(), &mut adoption);
    let bases = addons::find(files);
    let bases = addons::verify(files, bases, &mut adoption);
    let environments: Vec<&str> = clusters
        .iter()
        .filter(|(_, cluster)| !cluster.management && cluster.environment.is_none())
        .map(|(name, _)| name.as_str())
        .collect();
    if !environments.is_empty() {
        adoption.unknown.push(format!("the environment of {}", environments.join(", ")));
    }
    if clusters.iter().filter(|(_, cluster)| !cluster.management).count() > 1 {
        adoption.unknown.push("the order of promotion: name it under `promotion`".to_owned());
    }
    adoption.text = render::fleet_file(origin.as_ref(), &bases, &clusters);
    adoption.clusters = clusters.iter().map(|(name, _)| name.clone()).collect();
    adoption.addons = bases.iter().filter(|base| base.state == State::Known).map(|base| base.name.clone()).collect();
    FleetFile::read(FLEET_FILE, adoption.text.as_bytes()).map_err(|problems| {
        let first = problems.first().map(|problem| format!("{}: {}", problem.location, problem.message));
        let message = format!("internal error: the file would not be read: {}", first.unwrap_or_default());
        Error::new(ErrorKind::Failed, message)
    })?;
    Ok(adoption)
}

/// Writes the fleet file, and its schema where there is none.
///
/// # Errors
/// They cannot be written.
pub fn apply(folder: &Path, adoption: &Adoption) -> Result<()> {
    let root = Root::open(folder)?;
    if root.read(SCHEMA_FILE)?.is_none() {
        root.write(SCHEMA_FILE, &schema_text())?;
    }
    Ok(root.write(FLEET_FILE, adoption.text.as_bytes())?)
}

/// The URL of a git remote as clusters can use it, without a password in it; nothing for a path.
pub fn cluster_url(url: &str) -> Option<String> {
    if url.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return None;
    }
    let Some((scheme, rest)) = url.split_once("://") else {
        let (host, path) = url.split_once(':')?;
        let is_remote = !host.is_empty() && !host.contains('/') && !path.is_empty() && !path.starts_with('~');
        return is_remote.then(|| format!("ssh://{host}/{}", path.trim_start_matches('/')));
    };
    let login = rest.split('/').next()?.rsplit_once('@').map_or("", |(login, _)| login);
    (matches!(scheme, "https" | "http" | "ssh") && !login.contains(':')).then(|| url.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_that_clusters_can_use() {
        for (url, expected) in [
            ("https://git.example.org/a", Some("https://git.example.org/a")),
            ("ssh://git@git.example.org:22/a", Some("ssh://git@git.example.org:22/a")),
            ("git@git.example.org:team/a.git", Some("ssh://git@git.example.org/team/a.git")),
            ("https://ann:s3cr3t@git.example.org/a", None),
            ("https://ann@git.example.org/a", Some("https://ann@git.example.org/a")),
            ("/srv/git/a", None),
            ("./a:b", None),
            ("file:///srv/git/a", None),
            ("https://git.example.org/a b", None),
        ] {
            assert_eq!(cluster_url(url).as_deref(), expected, "{url}");
        }
    }
}
