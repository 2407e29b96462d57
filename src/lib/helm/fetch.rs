//! Charts from servers: chart repositories over https, and registries (OCI).

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::Helm;
use super::failure::{FETCHING, complaint, explain, warnings};
use super::program::Call;
use crate::address::Address;
use crate::digest::sha256;
use crate::error::{Error, ErrorKind, Result};
use crate::process::Output;
use crate::tree::{Input, Tree, WalkOptions, walk};
use crate::yaml::value::read_value;

/// The name of the one repository in the private settings.
const NAME: &str = "kfleet";

/// How big an archive may be.
const ARCHIVE_LIMIT: usize = 64 * 1024 * 1024;

/// How many names or versions a hint lists.
const TOLD: usize = 5;

/// A chart on a server.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RemoteChart {
    /// The https URL of a chart repository, or the oci URL of a folder in a registry; http for servers of this machine.
    pub repository: String,
    pub chart: String,
    /// Its version, in full.
    pub version: String,
}

/// A chart as it was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The packed chart (`.tgz`).
    pub archive: Vec<u8>,
    /// What helm had to say.
    pub warnings: Vec<String>,
}

impl RemoteChart {
    /// The chart, for people.
    pub fn shown(&self) -> String {
        format!("{} {} from {}", self.chart, self.version, self.repository)
    }

    fn is_oci(&self) -> bool {
        self.repository.starts_with("oci://")
    }

    /// The chart's place in a registry.
    fn oci(&self) -> String {
        format!("{}/{}", self.repository.trim_end_matches('/'), self.chart)
    }
}

impl Helm {
    /// Brings a chart from its server.
    ///
    /// # Errors
    /// The URL is refused, or there is no such chart or version ([`ErrorKind::Failed`]); helm is missing or too old, or
    /// the server cannot be reached ([`ErrorKind::Environment`]); it takes too long ([`ErrorKind::Timeout`]).
    pub fn fetch(&self, chart: &RemoteChart) -> Result<Fetched> {
        let refuse = |reason: &str, hint: &str| {
            let message = format!("cannot fetch the chart {} {}: its repository {reason}", chart.chart, chart.version);
            Err(Error::new(ErrorKind::Failed, message).with_hint(hint))
        };
        let is_loopback = match Address::parse(&chart.repository) {
            Err(refusal) => return refuse(refusal.reason, refusal.hint),
            Ok(address) if matches!(address.scheme, "https" | "oci") => address.is_loopback(),
            Ok(address) if address.scheme == "http" && address.is_loopback() => true,
            Ok(_) => {
                let hint = "write https://HOST/PATH or oci://HOST/PATH";
                return refuse("is neither at an https nor at an oci URL", hint);
            }
        };
        self.version()?;
        let call = Call::start(self, format!("cannot fetch the chart {}", chart.shown()))?;
        if chart.is_oci() { from_registry(call, chart, is_loopback) } else { from_repository(call, chart) }
    }
}

fn from_registry(call: Call<'_>, chart: &RemoteChart, plain_http: bool) -> Result<Fetched> {
    let folder = call.scratch.make_folder("out")?;
    let plain: &[&str] = if plain_http { &["--plain-http"] } else { &[] };
    let pull = call.for_network().args(["pull", "--version", &chart.version, "--destination"]).arg(folder.clone());
    let output = call.run(pull.args(plain.iter().copied()).arg("--").arg(chart.oci()))?;
    if output.is_success() {
        return taken(&call, folder, &output, chart, None);
    }
    let complaint = complaint(&output);
    let lower = complaint.to_ascii_lowercase();
    if ![": not found", "manifest unknown", "name unknown"].iter().any(|text| lower.contains(text)) {
        return Err(explain(FETCHING, &call.doing, &complaint));
    }
    // Registries have no search, but helm finds the newest version in a range.
    let show = call.for_network().args(["show", "chart", "--version", ">0.0.0-0"]);
    let newest = call.run(show.args(plain.iter().copied()).arg("--").arg(chart.oci())).ok().filter(Output::is_success);
    let newest = newest.and_then(|output| Some(read_value(&output.stdout).ok()?["version"].as_str()?.to_owned()));
    Err(match newest {
        Some(version) => missing(&call, "the registry does not have this version of it")
            .with_hint(format!("the newest version there is {version}")),
        None => missing(&call, "the registry does not have it, or does not show it to these credentials")
            .with_hint("check the spelling of `repository` and `chart`, and whether `helm registry login` is needed"),
    })
}

fn from_repository(mut call: Call<'_>, chart: &RemoteChart) -> Result<Fetched> {
    let mut entry = users_entry(&call, &chart.repository)?.unwrap_or_else(|| json!({"url": chart.repository}));
    entry["name"] = NAME.into();
    call.secrets.extend(entry["password"].as_str().filter(|password| !password.is_empty()).map(str::to_owned));
    let settings = json!({"apiVersion": "v1", "repositories": [entry]});
    call.scratch.root().write("repositories.yaml", settings.to_string().as_bytes())?;

    let update = call.run(call.for_network().args(["repo", "update"]))?;
    // Helm 3 succeeds even so. The reason is on stdout.
    let told = update.printed_lines();
    if let Some(at) = told.iter().position(|line| line.contains("Unable to get an update")) {
        return Err(explain(FETCHING, &call.doing, told.get(at + 1).map_or("", String::as_str)));
    }
    if !update.is_success() {
        return Err(explain(FETCHING, &call.doing, &complaint(&update)));
    }

    let folder = call.scratch.make_folder("out")?;
    let pull = call.for_network().args(["pull", "--version", &chart.version, "--destination"]).arg(folder.clone());
    let output = call.run(pull.arg("--").arg(format!("{NAME}/{}", chart.chart)))?;
    if output.is_success() {
        let digest = digest_in_index(&call, chart)?;
        return taken(&call, folder, &output, chart, digest.as_deref());
    }
    let complaint = complaint(&output);
    if complaint.contains("no chart version found") || complaint.contains("no chart name found") {
        return Err(not_in_index(&call, chart));
    }
    if complaint.contains(" : 404 ") {
        let hint = "the index names a file that is not there: inform the owner of the repository";
        return Err(missing(&call, &complaint).with_hint(hint));
    }
    Err(explain(FETCHING, &call.doing, &complaint))
}

/// What the user has configured in helm for a repository: logins, certificates. Found by its URL.
fn users_entry(call: &Call<'_>, url: &str) -> Result<Option<Value>> {
    let output = call.run(call.with_users_settings().args(["env", "HELM_REPOSITORY_CONFIG"]))?;
    let path = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    let Some(file) = walk(&[path], &WalkOptions::default()).files.into_iter().next() else { return Ok(None) };
    let text = Input::from_file(&file, u64::MAX)?.into_bytes()?;
    let Ok(settings) = read_value(&text) else {
        let message = format!("{}: helm's settings {} are not valid YAML", call.doing, file.name);
        return Err(Error::new(ErrorKind::Environment, message).with_hint("`helm repo list` shows more"));
    };
    let is_it = |entry: &&Value| {
        let known = entry["url"].as_str().unwrap_or_default();
        entry.is_object() && known.trim_end_matches('/') == url.trim_end_matches('/')
    };
    Ok(settings["repositories"].as_array().into_iter().flatten().find(is_it).cloned())
}

/// The archive that helm has written, if it is the chart that was asked for. `digest`: the sha256 that its repository gives.
fn taken(
    call: &Call<'_>,
    folder: PathBuf,
    output: &Output,
    chart: &RemoteChart,
    digest: Option<&str>,
) -> Result<Fetched> {
    let mut files = Tree::from_dir(&folder)?;
    match files.pop_first() {
        Some((name, archive)) if files.is_empty() && archive.len() <= ARCHIVE_LIMIT => {
            verify_digest(call, &archive, digest)?;
            verify_version(call, &folder.join(name), chart)?;
            Ok(Fetched { archive, warnings: warnings(output) })
        }
        Some(_) if files.is_empty() => {
            let error = missing(call, &format!("it is bigger than {ARCHIVE_LIMIT} bytes"));
            Err(error.with_hint("check that it is a chart"))
        }
        _ => Err(missing(call, "helm has not written one archive").with_hint("run `helm pull` yourself to see more")),
    }
}

/// Holds the archive against the digest of the index: helm does not. (Seen in helm 4.3.1: it compares digests with
/// `--verify` only, and those of a provenance file.)
fn verify_digest(call: &Call<'_>, archive: &[u8], digest: Option<&str>) -> Result<()> {
    let ours = sha256(archive);
    match digest.map(|digest| digest.strip_prefix("sha256:").unwrap_or(digest)).filter(|digest| !digest.is_empty()) {
        Some(theirs) if !theirs.eq_ignore_ascii_case(&ours) => {
            let reason = format!("its archive has the sha256 {ours}, and the index of its repository says {theirs}");
            Err(missing(call, &reason).with_hint("find out why: inform the owner of the repository"))
        }
        _ => Ok(()),
    }
}

/// Holds what the archive says of itself against what was asked for: helm takes any chart that has the name of the version.
fn verify_version(call: &Call<'_>, archive: &Path, chart: &RemoteChart) -> Result<()> {
    let output = call.run(call.isolated().args(["show", "chart", "--"]).arg(archive.to_owned()))?;
    let Ok(said) = read_value(&output.stdout) else { return Ok(()) };
    let (name, version) = (said["name"].as_str().unwrap_or_default(), said["version"].as_str().unwrap_or_default());
    let is_named = chart.chart.rsplit('/').next() == Some(name);
    if is_named && same_version(version, &chart.version) {
        return Ok(());
    }
    let error = missing(call, &format!("what came calls itself {name} {version} in its Chart.yaml"));
    Err(error.with_hint("find out why: inform the owner of the chart"))
}

/// Whether two versions are the same for helm, which lets a `v` come first.
fn same_version(a: &str, b: &str) -> bool {
    a.strip_prefix('v').unwrap_or(a) == b.strip_prefix('v').unwrap_or(b)
}

/// The digest that the index of the repository gives for a chart, where it has one. Helm has just fetched the index.
fn digest_in_index(call: &Call<'_>, chart: &RemoteChart) -> Result<Option<String>> {
    let path = call.scratch.path().join(format!("cache/repository/{NAME}-index.yaml"));
    let Some(file) = walk(&[path], &WalkOptions::default()).files.into_iter().next() else { return Ok(None) };
    let Ok(index) = read_value(&Input::from_file(&file, u64::MAX)?.into_bytes()?) else { return Ok(None) };
    let versions = index["entries"][&chart.chart].as_array();
    let is_it = |entry: &&Value| entry["version"].as_str().is_some_and(|version| same_version(version, &chart.version));
    let entry = versions.into_iter().flatten().find(is_it);
    Ok(entry.and_then(|entry| entry["digest"].as_str()).map(str::to_owned))
}

fn missing(call: &Call<'_>, reason: &str) -> Error {
    Error::new(ErrorKind::Failed, format!("{}: {reason}", call.doing))
}

/// Neither the chart nor its version need be there: the index shows.
fn not_in_index(call: &Call<'_>, chart: &RemoteChart) -> Error {
    let search = call.for_network().args(["search", "repo", "--versions", "--devel", "--output", "json"]);
    let found = call.run(search).ok().and_then(|output| serde_json::from_slice::<Value>(&output.stdout).ok());
    let found: Vec<(&str, &str)> = found
        .iter()
        .flat_map(|found| found.as_array().into_iter().flatten())
        .filter_map(|item| Some((item["name"].as_str()?.strip_prefix("kfleet/")?, item["version"].as_str()?)))
        .collect();
    let versions: Vec<&str> =
        found.iter().filter(|(name, _)| *name == chart.chart).map(|(_, version)| *version).collect();
    if !versions.is_empty() {
        let error = missing(call, "the repository does not have this version of it");
        return error.with_hint(format!("the newest versions there are {}", listed(&versions)));
    }
    let mut names: Vec<&str> = found.iter().map(|(name, _)| *name).collect();
    names.dedup();
    names.sort_by(|a, b| {
        let likeness = |name: &str| strsim::normalized_damerau_levenshtein(name, &chart.chart);
        likeness(b).total_cmp(&likeness(a)).then(a.cmp(b))
    });
    names.dedup();
    let error = missing(call, "the repository does not have this chart");
    if names.is_empty() {
        return error.with_hint("the repository has no charts: check its url");
    }
    error.with_hint(format!("the charts there are {}", listed(&names)))
}

fn listed(names: &[&str]) -> String {
    let mut text = names[..names.len().min(TOLD)].join(", ");
    if names.len() > TOLD {
        text += &format!(", and {} more", names.len() - TOLD);
    }
    text.chars().filter(|letter| !letter.is_control()).collect()
}
