//! What `fleet.yaml` can say, as types. Their doc comments become the descriptions of the JSON Schema that editors show,
//! so they are written for the author of a fleet file. What a type cannot say is checked in [`super::file`].

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
    /// One folder for each cluster.
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

/// One source of an addon's manifests. Exactly one of its fields is set.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
#[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
pub struct Source {
    /// A file to download: https or http. `{version}` and other words in braces are replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// A file or folder of this repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// A file or folder of another git repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub git: Option<GitSource>,
    /// Wraps the text of the addon's other sources into a ConfigMap, as a ClusterResourceSet needs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_map: Option<ConfigMapSource>,
    /// An artifact of a registry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oci: Option<OciSource>,
    /// A Helm chart, rendered by the `helm` program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub helm: Option<HelmSource>,
    /// A kustomization. Reserved for the native build: refused with a message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kustomize: Option<BTreeMap<String, serde_json::Value>>,
}

/// A file or folder of a git repository.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct GitSource {
    /// The repository's URL: https, http, ssh or file. Words in braces are replaced.
    pub url: String,
    /// A branch, a tag or a full commit; the default branch where there is none. Words in braces are replaced.
    #[serde(default, rename = "ref")]
    pub reference: Option<String>,
    /// The file or folder in it; everything where there is none. Words in braces are replaced.
    #[serde(default)]
    pub path: Option<String>,
}

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

/// An artifact of a registry: files that `flux push artifact` or a like program has put there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct OciSource {
    /// The repository's URL: oci://HOST/REPOSITORY. Words in braces are replaced.
    pub url: String,
    /// A tag, or a digest: sha256: and 64 hexadecimal digits. Words in braces are replaced.
    #[serde(rename = "ref")]
    pub reference: String,
    /// The file or folder in it; everything where there is none. Words in braces are replaced.
    #[serde(default)]
    pub path: Option<String>,
}

/// A ConfigMap that holds the text of the addon's other sources.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ConfigMapSource {
    /// The ConfigMap's name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// The key that holds the text.
    pub key: String,
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
    /// The flavour that it runs: a folder below the flavours.
    pub flavour: String,
    /// What it is for, such as production.
    #[serde(default)]
    pub environment: Option<String>,
    /// Labels to select it by.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Whether Cluster API runs there and provisions the others.
    #[serde(default)]
    pub management: bool,
    /// Its folder, where that is not the one of its name below the clusters.
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
