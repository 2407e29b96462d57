//! What `fleet.yaml` can say, as types. Their doc comments become the descriptions of the JSON Schema that editors show,
//! so they are written for the author of a fleet file. What a type cannot say is checked in [`super::file`].

use crate::source::{Owner, Source};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A fleet of Kubernetes clusters that is run from this repository: its addons, clusters and promotion order.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Fleet {
    /// The version of this file's format.
    pub api_version: ApiVersion,
    /// Always Fleet.
    pub kind: FleetKind,
    /// The repository as clusters see it.
    #[serde(default)]
    pub repository: Option<Repository>,
    /// Where things are in the repository.
    #[serde(default)]
    pub paths: Paths,
    /// The addons that `kfleet generate` writes, by the name of their base.
    #[serde(default)]
    pub addons: BTreeMap<String, Addon>,
    /// The clusters, by name.
    #[serde(default)]
    pub clusters: BTreeMap<String, Cluster>,
    /// Which clusters take over the state of which others, in order.
    #[serde(default)]
    pub promotion: Vec<Promotion>,
    /// What `kfleet run-pipeline` runs in the place of programs that pipelines have in their images.
    #[serde(default)]
    pub pipelines: Pipelines,
    /// What `kfleet vet` looks for.
    #[serde(default)]
    pub vet: Vet,
}

/// What `kfleet vet` looks for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Vet {
    /// How bad the findings of rules are, by the ids of the rules.
    pub rules: BTreeMap<String, RuleLevel>,
    /// Files whose findings do not count, as patterns: `*` stands for any name, `**` for any folders.
    pub exclude: Vec<String>,
}

/// How bad the findings of a rule are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RuleLevel {
    /// They do not count.
    Ignore,
    /// Worth knowing.
    Info,
    /// They fail a run with `--strict`.
    Warning,
    /// They fail a run.
    Error,
}

/// What `kfleet run-pipeline` runs in the place of programs that pipelines have in their images.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Pipelines {
    /// What images start by themselves, as `--tool` says it: a program with its first arguments for each image. `*` in
    /// the name of an image stands for anything, and a name without a tag for all tags.
    pub tools: BTreeMap<String, String>,
    /// Other programs for commands, as `--override` says it: by the words that a command begins with.
    pub overrides: BTreeMap<String, String>,
}

/// The version of a file's format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum ApiVersion {
    /// The first version.
    #[serde(rename = "kfleet.dev/v1alpha1")]
    V1alpha1,
}

/// The kind of a fleet file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum FleetKind {
    /// A fleet.
    Fleet,
}

/// The repository as clusters see it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Repository {
    /// The URL that clusters fetch from: https or ssh, without a password.
    pub url: String,
    /// The branch that is the truth.
    #[serde(default = "main_branch")]
    pub branch: String,
}

fn main_branch() -> String {
    "main".to_owned()
}

/// Where things are in the repository, relative to its top folder.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Paths {
    /// Generated bases, one folder for each addon.
    pub bases: String,
    /// Hand-written kustomizations that pull bases together.
    pub flavours: String,
    /// One folder for each cluster. `*` stands for any name: `clusters/*` has them one folder deeper.
    pub clusters: String,
}

impl Default for Paths {
    fn default() -> Self {
        Paths {
            bases: "config/bases".to_owned(),
            flavours: "config/flavours".to_owned(),
            clusters: "clusters".to_owned(),
        }
    }
}

/// An addon: manifests from one or more sources, written to one base.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Addon {
    /// The version, which `{version}` in sources stands for. Put numbers such as "1.30" in quotes.
    #[serde(default)]
    pub version: Option<String>,
    /// More words for braces in sources: `{name}` stands for the value of `name`.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// Where the manifests come from, in order.
    #[schemars(length(min = 1))]
    pub sources: Vec<Source>,
    /// Values for `${NAME}` in the sources' text, by the rules of clusterctl templates. Each must be used. Without this
    /// field nothing is substituted.
    #[serde(default)]
    pub substitute: Option<BTreeMap<String, String>>,
    /// How the manifests are laid out.
    #[serde(default)]
    pub format: Format,
}

impl Addon {
    /// The addon as its sources see it.
    pub fn owner<'a>(&'a self, name: &'a str) -> Owner<'a> {
        let version = self.version.iter().map(|version| ("version", version.as_str()));
        let words = self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain(version);
        Owner { name, words: words.collect(), namespace: self.format.namespace.as_deref() }
    }
}

/// How an addon's manifests are laid out: the options of `kfleet fmt` of the same names.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Format {
    /// The namespace of namespaced objects that name none.
    pub namespace: Option<String>,
    /// Remove metadata.namespace from cluster-scoped objects.
    pub clean: bool,
    /// Refuse cluster-scoped objects that have a namespace.
    pub strict: bool,
    /// Objects to leave out: Kind.group, or Kind in the core group.
    pub filter: Vec<String>,
    /// Scopes of kinds that are not known: Kind.group/version:Cluster or Kind.group/version:Namespaced.
    pub scopes: Vec<String>,
    /// Write a Namespace for every namespace that has none.
    pub create_missing_namespaces: bool,
}

/// A cluster.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Cluster {
    /// The flavour that it runs: a folder below the flavours. Without one, what its Kustomizations apply.
    #[serde(default)]
    pub flavour: Option<String>,
    /// The branch that its own sync follows, where that is not the repository's.
    #[serde(default)]
    pub branch: Option<String>,
    /// What it is for, such as production.
    #[serde(default)]
    pub environment: Option<String>,
    /// Labels to select it by.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Whether Cluster API runs there and provisions the others.
    #[serde(default)]
    pub management: bool,
    /// Its folder, where that is not the one of its name below the clusters; `.` for the whole repository.
    #[serde(default)]
    pub path: Option<String>,
    /// Values for its templates.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
}

/// A step of the promotion order.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Promotion {
    /// The cluster whose state is taken over.
    pub from: String,
    /// The clusters that take it over.
    pub to: Selection,
}

/// Clusters, by name or by label.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Selection {
    /// Their names.
    pub clusters: Vec<String>,
    /// The labels that they have, all of them.
    pub labels: BTreeMap<String, String>,
}
