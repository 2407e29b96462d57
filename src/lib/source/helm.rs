//! `helm`: a chart, of the repository or published, which the `helm` program renders.

use super::content::sha256_of_files;
use super::fetch::Fetch;
use super::path::{problems, read_file};
use super::words::expand_some;
use super::{Asked, Came, Chart, Content, Declared, Held, LockedSource, Material, Mistakes, Owner, Remote, Remotely};
use super::{Request, Unexpanded};
use crate::address::Address;
use crate::digest::sha256;
use crate::error::Result;
use crate::helm::{self, Helm, RemoteChart, Rendered};
use crate::names::{is_label, is_name};
use crate::problem::Problem;
use crate::tree::Tree;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// A Helm chart and what it is rendered with. Either `path` names it, or `repository`, `chart` and `version` do.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct HelmSource {
    /// A chart of this repository: its folder, or its packed archive.
    #[serde(default)]
    pub path: Option<String>,
    /// Where the chart is published: the https URL of a chart repository, or the oci URL of the folder that holds the
    /// chart in a registry. Words in braces are replaced.
    #[serde(default)]
    pub repository: Option<String>,
    /// The chart's name in the repository. Words in braces are replaced.
    #[serde(default)]
    pub chart: Option<String>,
    /// The chart's version, in full. Words in braces are replaced.
    #[serde(default)]
    pub version: Option<String>,
    /// Values for the chart. They win over those of files; null removes a default of the chart.
    #[serde(default)]
    pub values: Option<BTreeMap<String, serde_json::Value>>,
    /// Files of this repository with values for the chart. Later ones win.
    #[serde(default)]
    pub values_files: Vec<String>,
    /// The name of the release; the addon's where there is none.
    #[serde(default)]
    pub release_name: Option<String>,
    /// The namespace of the release; that of the addon's format, or default, where there is none.
    #[serde(default)]
    pub namespace: Option<String>,
    /// Whether the CustomResourceDefinitions in the chart's folder `crds` are written too.
    #[serde(default = "yes", rename = "includeCRDs")]
    pub include_crds: bool,
    /// API versions that the cluster has besides those that helm knows of: group/version or group/version/Kind.
    #[serde(default)]
    pub api_versions: Vec<String>,
    /// The cluster's Kubernetes version, such as 1.34.0; that which helm was made for where there is none.
    #[serde(default)]
    pub kube_version: Option<String>,
}

fn yes() -> bool {
    true
}

/// What a chart is rendered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    pub name: String,
    pub namespace: String,
    /// Files of the repository with values, by their paths.
    pub values_files: Vec<String>,
    source: HelmSource,
}

impl Declared for HelmSource {
    fn verify(&self, mistakes: &mut Mistakes<'_>) {
        match &self.path {
            Some(path) => self.verify_local(path, mistakes),
            None => self.verify_remote(mistakes),
        }
        for (index, path) in self.values_files.iter().enumerate() {
            mistakes.plain_path(&["valuesFiles", &index.to_string()], path);
        }
        self.verify_release(mistakes);
        self.verify_capabilities(mistakes);
    }

    fn request(&self, owner: &Owner<'_>) -> std::result::Result<Option<(Asked, Option<Release>)>, Unexpanded> {
        let word = |text: &Option<String>| Ok(expand_some(text.as_ref(), &owner.words)?.unwrap_or_default());
        let chart = RemoteChart {
            repository: word(&self.repository)?,
            chart: word(&self.chart)?,
            version: word(&self.version)?,
        };
        let asked = match &self.path {
            Some(path) => Asked::Local(path.clone()),
            None => Asked::Remote(Remote::Helm(chart)),
        };
        let release = Release {
            name: self.release_name.as_deref().unwrap_or(owner.name).to_owned(),
            namespace: self.namespace.as_deref().or(owner.namespace).unwrap_or("default").to_owned(),
            values_files: self.values_files.clone(),
            source: self.clone(),
        };
        Ok(Some((asked, Some(release))))
    }
}

impl Remotely for RemoteChart {
    fn shown(&self) -> String {
        RemoteChart::shown(self)
    }

    fn locked(&self, came: Came) -> LockedSource {
        LockedSource {
            helm: Some(self.repository.clone()),
            chart: Some(self.chart.clone()),
            version: Some(self.version.clone()),
            sha256: came.sha256,
            ..LockedSource::default()
        }
    }

    fn fetch(&self, fetch: &Fetch<'_>) -> Result<Content> {
        let (archive, sha256) = fetch.stored(|| Ok(fetch.remotes.helm.fetch(self)?.archive))?;
        Ok(Content::new(Material::Chart(Chart::Archive(archive)), sha256))
    }
}

/// The chart in a folder of the repository, with all of its files, or in an archive.
pub(super) fn read(root: &Path, path: &str) -> std::result::Result<Content, Vec<Problem>> {
    let location = root.join(path);
    let (chart, sha256) = if location.is_dir() {
        let files = Tree::from_dir(&location).map_err(problems)?;
        let digest = sha256_of_files(files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())));
        (Chart::Folder(files), digest)
    } else {
        let bytes = read_file(root, path)?;
        let digest = sha256(&bytes);
        (Chart::Archive(bytes), digest)
    };
    Ok(Content::new(Material::Chart(chart), sha256))
}

/// Renders the chart of a request. Returns its text, and what helm had to say.
///
/// # Errors
/// See [`Helm::render`].
pub fn render(request: &Request, held: &Held, chart: &Chart, helm: &Helm) -> Result<(Material, Vec<String>)> {
    let shown = request.shown();
    let chart = match chart {
        Chart::Archive(bytes) => helm::Chart::Archive(bytes),
        Chart::Folder(files) => helm::Chart::Folder(files),
    };
    let release = request.release.as_ref().map(|release| release.settings(held)).unwrap_or_default();
    let Rendered { manifests, warnings } = helm.render(&shown, chart, &release)?;
    Ok((Material::Texts(vec![(shown, manifests)]), warnings))
}

impl Release {
    fn settings(&self, held: &Held) -> helm::Release {
        let mut values = held.values.clone();
        if let Some(own) = &self.source.values {
            values.push(("the values of the fleet file".to_owned(), serde_json::json!(own).to_string().into_bytes()));
        }
        helm::Release {
            name: self.name.clone(),
            namespace: self.namespace.clone(),
            values,
            include_crds: self.source.include_crds,
            api_versions: self.source.api_versions.clone(),
            kube_version: self.source.kube_version.clone(),
        }
    }
}

/// The longest name of a release that helm takes.
const RELEASE_NAME: usize = 53;

impl HelmSource {
    fn verify_local(&self, path: &str, mistakes: &mut Mistakes<'_>) {
        mistakes.plain_path(&["path"], path);
        for (field, value) in [("repository", &self.repository), ("chart", &self.chart), ("version", &self.version)] {
            if value.is_some() {
                let hint = "the chart is either in this repository (`path`) or in another place: remove one of the two";
                mistakes.report(&[field], format!("`{field}` does not go with `path`"), Some(hint));
            }
        }
    }

    fn verify_remote(&self, mistakes: &mut Mistakes<'_>) {
        let Some(repository) = &self.repository else {
            let hint = "write `path` for a chart of this repository; else `repository`, `chart` and `version`";
            return mistakes.report(&[], "nothing says where the chart is", Some(hint));
        };
        if let Some(repository) = mistakes.expanded(&["repository"], repository) {
            HelmSource::verify_repository(&repository, mistakes);
        }
        match &self.chart {
            None => {
                let hint = "name the chart; the last part of an oci URL is the chart's name";
                mistakes.report(&[], "`repository` needs `chart`", Some(hint));
            }
            Some(chart) => {
                let is_right = |chart: &str| {
                    chart.starts_with(|first: char| first.is_ascii_alphanumeric())
                        && chart.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
                };
                if let Some(chart) = mistakes.expanded(&["chart"], chart).filter(|chart| !is_right(chart)) {
                    let hint = "write its name alone; folders of a registry belong to `repository`";
                    mistakes.report(&["chart"], format!("`{chart}` is not a name of a chart"), Some(hint));
                }
            }
        }
        match &self.version {
            None => {
                let hint = "write `version: \"{version}\"` for that of the addon";
                mistakes.report(&[], "a chart from a server needs `version`", Some(hint));
            }
            Some(version) => {
                if let Some(version) = mistakes.expanded(&["version"], version).filter(|text| !is_full_version(text)) {
                    let hint = "write all of it, such as 1.2.0: helm takes anything else as a range of versions";
                    mistakes.report(&["version"], format!("`{version}` is not a full version"), Some(hint));
                }
            }
        }
    }

    fn verify_repository(url: &str, mistakes: &mut Mistakes<'_>) {
        let field = &["repository"];
        match Address::parse(url) {
            Err(refusal) => {
                let hint = match refusal.reason {
                    reason if reason.contains("password") => {
                        "remove it: helm uses its own logins (`helm repo add`, `helm registry login`)"
                    }
                    _ => refusal.hint,
                };
                mistakes.report(field, format!("the chart's repository {}", refusal.reason), Some(hint));
            }
            Ok(Address { scheme: "https" | "oci", .. }) => {}
            Ok(address) if address.scheme == "http" && address.is_loopback() => {}
            Ok(Address { scheme: "http", .. }) => {
                let hint = "write https: plain http is for servers of this machine only";
                mistakes.report(field, "the chart's repository is not asked over plain http", Some(hint));
            }
            Ok(_) => {
                let hint = "write https://HOST/PATH or oci://HOST/PATH; for a chart of this repository write `path`";
                mistakes.report(field, format!("`{url}` is not an https or oci URL"), Some(hint));
            }
        }
    }

    fn verify_release(&self, mistakes: &mut Mistakes<'_>) {
        let addon = mistakes.owner.name;
        let hint = "use at most 53 lower-case letters, digits, dashes and dots; start and end with a letter or digit";
        let is_right =
            |name: &str| is_name(name) && name.len() <= RELEASE_NAME && !name.contains(".-") && !name.contains("-.");
        match &self.release_name {
            Some(name) if !is_right(name) => {
                mistakes.report(&["releaseName"], format!("`{name}` is not a name of a release"), Some(hint));
            }
            None if is_name(addon) && !is_right(addon) => {
                let hint = "add `releaseName`: at most 53 lower-case letters, digits, dashes and dots";
                mistakes.report(&[], format!("the addon's name `{addon}` is not a name of a release"), Some(hint));
            }
            _ => {}
        }
        if let Some(namespace) = self.namespace.as_ref().filter(|namespace| !is_label(namespace)) {
            let hint = "use at most 63 lower-case letters, digits and dashes; start and end with a letter or digit";
            mistakes.report(&["namespace"], format!("`{namespace}` is not a name of a namespace"), Some(hint));
        }
    }

    fn verify_capabilities(&self, mistakes: &mut Mistakes<'_>) {
        for (index, version) in self.api_versions.iter().enumerate() {
            let is_part = |part: &str| {
                !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
            };
            if !version.split('/').all(is_part) || version.starts_with('-') || version.matches('/').count() > 2 {
                let hint = "write group/version or group/version/Kind, and v1 for the core group";
                let message = format!("`{version}` is not an API version");
                mistakes.report(&["apiVersions", &index.to_string()], message, Some(hint));
            }
        }
        if let Some(version) = &self.kube_version {
            let bare = version.strip_prefix('v').unwrap_or(version);
            let core = bare.split(['-', '+']).next().unwrap_or_default();
            if !are_numbers(core, 2..=3) || !has_version_letters(bare) {
                let message = format!("`{version}` is not a version of Kubernetes");
                mistakes.report(&["kubeVersion"], message, Some("write it as 1.34 or 1.34.0"));
            }
        }
    }
}

/// Whether a text is one version, and nothing that helm takes for a range: `1.2.0`, `v1.2.0-rc.1+build`.
fn is_full_version(text: &str) -> bool {
    let bare = text.strip_prefix('v').unwrap_or(text);
    let core = bare.split(['-', '+']).next().unwrap_or_default();
    are_numbers(core, 3..=3) && has_version_letters(bare)
}

fn are_numbers(core: &str, count: std::ops::RangeInclusive<usize>) -> bool {
    count.contains(&core.split('.').count())
        && core.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

fn has_version_letters(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-+".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_from_ranges() {
        for version in ["1.2.0", "v1.2.0", "1.2.0-rc.1", "1.2.0+build.5", "v0.0.1-a-b+c"] {
            assert!(is_full_version(version), "{version}");
        }
        for range in ["", "1", "1.2", "1.x.0", "^1.2.0", ">=1.2.0", "1.2.0 - 2.0.0", "1.2.0,2.0.0", "latest", "1..0"] {
            assert!(!is_full_version(range), "{range}");
        }
    }

    #[test]
    fn words_in_braces_are_replaced_in_what_names_the_chart() {
        let text =
            r#"{"repository": "https://{host}/x", "chart": "c", "version": "{version}", "values": {"a": "{version}"}}"#;
        let source: HelmSource = serde_json::from_str(text).unwrap();
        assert!(source.include_crds);
        let words = BTreeMap::from([("version", "1.2.0"), ("host", "h.example")]);
        let (asked, release) = source.request(&Owner { name: "a", words, namespace: None }).unwrap().unwrap();
        let (repository, chart) = ("https://h.example/x".to_owned(), "c".to_owned());
        let expected = RemoteChart { repository, chart, version: "1.2.0".to_owned() };
        assert_eq!(asked, Asked::Remote(Remote::Helm(expected)));
        assert_eq!(release.unwrap().source.values, source.values);
        assert!(source.request(&Owner { name: "a", words: BTreeMap::new(), namespace: None }).is_err());
    }
}
