//! `fleet.yaml` as a whole: read into its types, and checked for what types cannot say: names, references, paths. What
//! sources may say is for [`crate::source`].

use super::document::{self, Document};
use super::types::{Addon, Cluster, Fleet, Selection};
use crate::manifest::scopes::Scopes;
pub use crate::names::is_name;
use crate::path::{is_plain_path, is_within};
use crate::problem::{Location, Problem};
use crate::source;
use crate::suggest::did_you_mean;
use std::collections::BTreeMap;

/// The usual name of the fleet file.
pub const FLEET_FILE: &str = "fleet.yaml";

#[derive(Debug)]
pub struct FleetFile {
    pub fleet: Fleet,
    /// Where it says so.
    pub document: Document,
    pub warnings: Vec<Problem>,
}

impl FleetFile {
    /// Reads a fleet file. Whether its flavours are there is for [`FleetFile::verify_flavours`] to check.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(name: &str, bytes: &[u8]) -> Result<FleetFile, Vec<Problem>> {
        let mut warnings = Vec::new();
        let (fleet, document) = document::read::<Fleet>(name, bytes, &mut warnings)?;
        let file = FleetFile { fleet, document, warnings };
        let mut problems = Vec::new();
        let mut checker = Checker { file: &file, problems: &mut problems };
        checker.repository();
        checker.paths();
        for (name, addon) in &file.fleet.addons {
            checker.addon(name, addon);
        }
        checker.clusters();
        checker.promotion();
        checker.vet();
        if problems.is_empty() {
            return Ok(file);
        }
        problems.sort_by(|a, b| (&a.location, &a.message).cmp(&(&b.location, &b.message)));
        Err(problems)
    }

    /// One error for each cluster whose flavour is not there. `has` returns whether there is a flavour of a name.
    pub fn verify_flavours(&self, has: &dyn Fn(&str) -> bool) -> Vec<Problem> {
        let named = self.fleet.clusters.iter().filter_map(|(name, cluster)| Some((name, cluster.flavour.as_ref()?)));
        named
            .filter(|(_, flavour)| !has(flavour))
            .map(|(name, flavour)| {
                let folder = format!("{}/{flavour}", self.fleet.paths.flavours);
                let message = format!("there is no flavour `{flavour}`: no kustomization in {folder}");
                let hint = "write one, or name another flavour".to_owned();
                self.document.error(&["clusters", name, "flavour"], message, Some(hint))
            })
            .collect()
    }

    /// The clusters that a selection names or whose labels it has, by name.
    pub fn selected(&self, selection: &Selection) -> Vec<String> {
        let has_labels = |cluster: &Cluster| {
            let mut labels = selection.labels.iter();
            !selection.labels.is_empty() && labels.all(|(key, value)| cluster.labels.get(key) == Some(value))
        };
        let clusters = self.fleet.clusters.iter();
        let wanted = clusters.filter(|(name, cluster)| selection.clusters.contains(name) || has_labels(cluster));
        wanted.map(|(name, _)| name.clone()).collect()
    }

    /// Where it names a source of an addon.
    pub fn source_location(&self, addon: &str, index: usize) -> Location {
        self.document.location(&["addons", addon, "sources", &index.to_string()])
    }

    /// The folder of a cluster, relative to the repository.
    pub fn cluster_path(&self, name: &str) -> Option<String> {
        let cluster = self.fleet.clusters.get(name)?;
        match cluster.path.as_deref() {
            Some(".") => Some(String::new()),
            Some(path) => Some(path.to_owned()),
            None => Some(format!("{}/{name}", self.fleet.paths.clusters)),
        }
    }
}

struct Checker<'a> {
    file: &'a FleetFile,
    problems: &'a mut Vec<Problem>,
}

impl Checker<'_> {
    fn error(&mut self, path: &[&str], message: impl Into<String>, hint: Option<&str>) {
        self.problems.push(self.file.document.error(path, message, hint.map(str::to_owned)));
    }

    fn repository(&mut self) {
        let Some(repository) = &self.file.fleet.repository else { return };
        let (scheme, rest) = repository.url.split_once("://").unwrap_or(("", &repository.url));
        if !matches!(scheme, "https" | "http" | "ssh") {
            let hint = "write https://HOST/PATH or ssh://git@HOST/PATH";
            self.error(&["repository", "url"], "the repository's URL must be https, http or ssh", Some(hint));
        }
        let login = rest.split('/').next().and_then(|host| host.rsplit_once('@')).map(|(login, _)| login);
        if login.is_some_and(|login| login.contains(':')) {
            let hint = "remove it: git asks the credential helpers of the user, and clusters their own secret";
            self.error(&["repository", "url"], "a password stands in the repository's URL", Some(hint));
        }
        if repository.branch.is_empty() {
            self.error(&["repository", "branch"], "the branch is empty", None);
        }
    }

    fn paths(&mut self) {
        let paths = &self.file.fleet.paths;
        let clusters = paths.top_of_clusters().to_owned();
        let named = [("bases", &paths.bases), ("flavours", &paths.flavours), ("clusters", &clusters)];
        for (index, (name, path)) in named.iter().enumerate() {
            self.plain_path(&["paths", name], path);
            for (other, taken) in &named[..index] {
                if is_within(path, taken) || is_within(taken, path) {
                    self.error(&["paths", name], format!("{name} and {other} share the folder {path}"), None);
                }
            }
        }
    }

    fn plain_path(&mut self, location: &[&str], path: &str) {
        if !is_plain_path(path) {
            let hint = "write a path below the repository's top folder, such as config/bases";
            self.error(location, format!("`{path}` is not a plain path inside the repository"), Some(hint));
        }
    }

    fn name(&mut self, path: &[&str], what: &str, name: &str) {
        if !is_name(name) {
            let hint = "use lower-case letters, digits, dashes and dots; start and end with a letter or digit";
            self.error(path, format!("`{name}` is not a name for {what}"), Some(hint));
        }
    }

    fn addon(&mut self, name: &str, addon: &Addon) {
        self.name(&["addons", name], "an addon", name);
        for mistake in source::mistakes(&addon.sources, &addon.owner(name)) {
            let field = mistake.field.iter().map(String::as_str);
            let path: Vec<&str> = ["addons", name, "sources"].into_iter().chain(field).collect();
            self.error(&path, mistake.message, mistake.hint.as_deref());
        }
        for (index, scope) in addon.format.scopes.iter().enumerate() {
            if let Err(message) = Scopes::new().add_flag(scope) {
                let hint = "write Kind.group/version:Cluster or Kind.group/version:Namespaced";
                self.error(&["addons", name, "format", "scopes", &index.to_string()], message, Some(hint));
            }
        }
    }

    fn clusters(&mut self) {
        let mut folders: BTreeMap<String, &str> = BTreeMap::new();
        for (name, cluster) in &self.file.fleet.clusters {
            self.name(&["clusters", name], "a cluster", name);
            if let Some(path) = cluster.path.as_ref().filter(|path| *path != ".") {
                self.plain_path(&["clusters", name, "path"], path);
            }
            if let Some(flavour) = &cluster.flavour {
                self.name(&["clusters", name, "flavour"], "a flavour", flavour);
            }
            let folder = self.file.cluster_path(name).unwrap_or_default();
            if let Some(other) = folders.insert(folder.clone(), name) {
                self.error(&["clusters", name], format!("clusters {other} and {name} share the folder {folder}"), None);
            }
        }
    }

    fn promotion(&mut self) {
        let fleet = &self.file.fleet;
        for (index, step) in fleet.promotion.iter().enumerate() {
            let index = index.to_string();
            self.known_cluster(&["promotion", &index, "from"], &step.from);
            for (number, name) in step.to.clusters.iter().enumerate() {
                let number = number.to_string();
                self.known_cluster(&["promotion", &index, "to", "clusters", &number], name);
                if *name == step.from {
                    let message = format!("cluster {name} would be promoted to itself");
                    self.error(&["promotion", &index, "to", "clusters", &number], message, None);
                }
            }
            let selects = |labels: &BTreeMap<String, String>| {
                step.to.labels.iter().all(|(key, value)| labels.get(key) == Some(value))
            };
            if step.to.clusters.is_empty() && step.to.labels.is_empty() {
                let message = "this step promotes to no cluster";
                self.error(&["promotion", &index, "to"], message, Some("name `clusters` or `labels`"));
            } else if !step.to.labels.is_empty() && !fleet.clusters.values().any(|cluster| selects(&cluster.labels)) {
                self.error(&["promotion", &index, "to", "labels"], "no cluster has these labels", None);
            }
        }
    }

    fn vet(&mut self) {
        for (index, pattern) in self.file.fleet.vet.exclude.iter().enumerate() {
            if let Err(cause) = globset::Glob::new(pattern) {
                let message = format!("`{pattern}` is not a pattern of files: {}", cause.kind());
                self.error(
                    &["vet", "exclude", &index.to_string()],
                    message,
                    Some("such as docs/** or apps/*/test.yaml"),
                );
            }
        }
    }

    fn known_cluster(&mut self, path: &[&str], name: &str) {
        let clusters = &self.file.fleet.clusters;
        if !clusters.contains_key(name) {
            let near =
                did_you_mean(name, clusters.keys().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
            self.error(path, format!("`{name}` is not a cluster of this fleet"), near.as_deref());
        }
    }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
