//! `helm` sources of the fleet file: what their type cannot say, and what they ask for once words in braces are replaced.

use super::file::{Unexpanded, expand, is_name, is_plain_path};
use super::types::HelmSource;
use crate::address::Address;
use std::collections::BTreeMap;

/// The longest name of a release that helm takes.
const RELEASE_NAME: usize = 53;

/// Something wrong with a source.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    /// The field: keys and numbers of items, below the source.
    pub(super) field: Vec<String>,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl HelmSource {
    /// Whether the chart comes from a server; else all of the source is in the repository.
    pub fn needs_network(&self) -> bool {
        self.path.is_none()
    }

    /// The source with words in braces replaced.
    ///
    /// # Errors
    /// A word that nothing stands for; [`FleetFile::read`](super::file::FleetFile::read) has told its place.
    pub fn expanded(&self, words: &BTreeMap<&str, &str>) -> Result<HelmSource, Unexpanded> {
        let word = |text: &Option<String>| text.as_ref().map(|text| expand(text, words)).transpose();
        Ok(HelmSource {
            repository: word(&self.repository)?,
            chart: word(&self.chart)?,
            version: word(&self.version)?,
            ..self.clone()
        })
    }
}

/// All that is wrong with a source of the addon of this name.
pub(super) fn mistakes(addon: &str, source: &HelmSource, words: &BTreeMap<&str, &str>) -> Vec<Mistake> {
    let mut checker = Checker { found: Vec::new() };
    if source.path.is_some() {
        checker.local(source);
    } else {
        checker.remote(source, words);
    }
    for (index, path) in source.values_files.iter().enumerate() {
        checker.plain_path(&["valuesFiles", &index.to_string()], path);
    }
    checker.release(addon, source);
    checker.capabilities(source);
    checker.found
}

struct Checker {
    found: Vec<Mistake>,
}

impl Checker {
    fn report(&mut self, field: &[&str], message: impl Into<String>, hint: Option<&str>) {
        let field = field.iter().map(|part| (*part).to_owned()).collect();
        self.found.push(Mistake { field, message: message.into(), hint: hint.map(str::to_owned) });
    }

    fn plain_path(&mut self, field: &[&str], path: &str) {
        if !is_plain_path(path) {
            self.report(field, format!("`{path}` is no plain path inside the repository"), None);
        }
    }

    fn local(&mut self, source: &HelmSource) {
        self.plain_path(&["path"], source.path.as_deref().unwrap_or_default());
        for (field, value) in
            [("repository", &source.repository), ("chart", &source.chart), ("version", &source.version)]
        {
            if value.is_some() {
                let hint = "the chart is either in this repository (`path`) or in another place: remove one of the two";
                self.report(&[field], format!("`{field}` does not go with `path`"), Some(hint));
            }
        }
    }

    fn remote(&mut self, source: &HelmSource, words: &BTreeMap<&str, &str>) {
        let Some(repository) = &source.repository else {
            let hint = "write `path` for a chart of this repository; else `repository`, `chart` and `version`";
            return self.report(&[], "nothing says where the chart is", Some(hint));
        };
        if let Some(repository) = self.expanded("repository", repository, words) {
            self.repository(&repository);
        }
        match &source.chart {
            None => {
                let hint = "name the chart; the last part of an oci URL is the chart's name";
                self.report(&[], "`repository` needs `chart`", Some(hint));
            }
            Some(chart) => {
                let is_right = |chart: &str| {
                    chart.starts_with(|first: char| first.is_ascii_alphanumeric())
                        && chart.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
                };
                if let Some(chart) = self.expanded("chart", chart, words).filter(|chart| !is_right(chart)) {
                    let hint = "write its name alone; folders of a registry belong to `repository`";
                    self.report(&["chart"], format!("`{chart}` is no name of a chart"), Some(hint));
                }
            }
        }
        match &source.version {
            None => {
                let hint = "write `version: \"{version}\"` for that of the addon";
                self.report(&[], "a chart from a server needs `version`", Some(hint));
            }
            Some(version) => {
                if let Some(version) = self.expanded("version", version, words).filter(|text| !is_full_version(text)) {
                    let hint = "write all of it, such as 1.2.0: helm takes anything else as a range of versions";
                    self.report(&["version"], format!("`{version}` is no full version"), Some(hint));
                }
            }
        }
    }

    fn expanded(&mut self, field: &str, text: &str, words: &BTreeMap<&str, &str>) -> Option<String> {
        match expand(text, words) {
            Ok(text) => Some(text),
            Err(Unexpanded { message, hint }) => {
                self.report(&[field], message, hint.as_deref());
                None
            }
        }
    }

    fn repository(&mut self, url: &str) {
        let field = &["repository"];
        match Address::parse(url) {
            Err(refusal) => {
                let hint = match refusal.reason {
                    reason if reason.contains("password") => {
                        "remove it: helm uses its own logins (`helm repo add`, `helm registry login`)"
                    }
                    _ => refusal.hint,
                };
                self.report(field, format!("the chart's repository {}", refusal.reason), Some(hint));
            }
            Ok(Address { scheme: "https" | "oci", .. }) => {}
            Ok(address) if address.scheme == "http" && address.is_loopback() => {}
            Ok(Address { scheme: "http", .. }) => {
                let hint = "write https: plain http is for servers of this machine only";
                self.report(field, "the chart's repository is not asked over plain http", Some(hint));
            }
            Ok(_) => {
                let hint = "write https://HOST/PATH or oci://HOST/PATH; for a chart of this repository write `path`";
                self.report(field, format!("`{url}` is no https or oci URL"), Some(hint));
            }
        }
    }

    fn release(&mut self, addon: &str, source: &HelmSource) {
        let hint = "use at most 53 lower-case letters, digits, dashes and dots; start and end with a letter or digit";
        let is_right =
            |name: &str| is_name(name) && name.len() <= RELEASE_NAME && !name.contains(".-") && !name.contains("-.");
        match &source.release_name {
            Some(name) if !is_right(name) => {
                self.report(&["releaseName"], format!("`{name}` is no name of a release"), Some(hint));
            }
            None if is_name(addon) && !is_right(addon) => {
                let hint = "add `releaseName`: at most 53 lower-case letters, digits, dashes and dots";
                self.report(&[], format!("the addon's name `{addon}` is no name of a release"), Some(hint));
            }
            _ => {}
        }
        if let Some(namespace) = &source.namespace
            && !(is_name(namespace) && namespace.len() <= 63 && !namespace.contains('.'))
        {
            let hint = "use at most 63 lower-case letters, digits and dashes; start and end with a letter or digit";
            self.report(&["namespace"], format!("`{namespace}` is no name of a namespace"), Some(hint));
        }
    }

    fn capabilities(&mut self, source: &HelmSource) {
        for (index, version) in source.api_versions.iter().enumerate() {
            let is_part = |part: &str| {
                !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
            };
            if !version.split('/').all(is_part) || version.starts_with('-') || version.matches('/').count() > 2 {
                let hint = "write group/version or group/version/Kind, and v1 for the core group";
                let message = format!("`{version}` is no API version");
                self.report(&["apiVersions", &index.to_string()], message, Some(hint));
            }
        }
        if let Some(version) = &source.kube_version {
            let bare = version.strip_prefix('v').unwrap_or(version);
            let core = bare.split(['-', '+']).next().unwrap_or_default();
            if !are_numbers(core, 2..=3) || !has_version_letters(bare) {
                let message = format!("`{version}` is no version of Kubernetes");
                self.report(&["kubeVersion"], message, Some("write it as 1.34 or 1.34.0"));
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
        assert!(source.include_crds && source.needs_network());
        let expanded = source.expanded(&BTreeMap::from([("version", "1.2.0"), ("host", "h.example")])).unwrap();
        assert_eq!(expanded.repository.as_deref(), Some("https://h.example/x"));
        assert_eq!(expanded.version.as_deref(), Some("1.2.0"));
        assert_eq!(expanded.values, source.values);
        assert!(source.expanded(&BTreeMap::new()).is_err());
    }
}
