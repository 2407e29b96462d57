//! Charts become manifests.

use super::Helm;
use super::failure::{RENDERING, complaint, explain, warnings};
use super::program::Call;
use crate::error::{Error, Result};
use crate::tree::Tree;

/// A chart that is here.
#[derive(Debug, Clone, Copy)]
pub enum Chart<'a> {
    /// A packed chart, as [`Helm::fetch`] brings it.
    Archive(&'a [u8]),
    Folder(&'a Tree),
}

/// What a chart is rendered with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Release {
    pub name: String,
    pub namespace: String,
    /// Texts of values in YAML or JSON, each with a name for messages. Later ones win.
    pub values: Vec<(String, Vec<u8>)>,
    /// Whether to write what is in the chart's folder `crds`.
    pub include_crds: bool,
    /// API versions that the cluster has besides those that helm knows of.
    pub api_versions: Vec<String>,
    /// The cluster's Kubernetes version; helm's own where there is none.
    pub kube_version: Option<String>,
}

/// What came of a chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The manifests, as YAML: those of hooks too, but for tests (`helm.sh/hook: test`).
    pub manifests: Vec<u8>,
    /// What helm had to say.
    pub warnings: Vec<String>,
}

impl Helm {
    /// Renders a chart as for a first installation. `shown` is its name in messages.
    ///
    /// # Errors
    /// The chart, its templates or the values are wrong ([`ErrorKind::Failed`](crate::error::ErrorKind::Failed)); helm is
    /// missing or too old ([`ErrorKind::Environment`](crate::error::ErrorKind::Environment)); it takes too long
    /// ([`ErrorKind::Timeout`](crate::error::ErrorKind::Timeout)).
    pub fn render(&self, shown: &str, chart: Chart<'_>, release: &Release) -> Result<Rendered> {
        self.version()?;
        let call = Call::start(self, format!("cannot render the chart {shown}"))?;
        let place = write_chart(&call, chart)?;
        // What stands in the private folder under another name than people know it by.
        let mut names = vec![(format!("{}/", call.scratch.path().display()), String::new())];
        let mut program = call
            .isolated()
            .args(["template", "--skip-tests"])
            .arg(format!("--namespace={}", release.namespace))
            .args(release.include_crds.then_some("--include-crds"))
            .args(release.api_versions.iter().map(|version| format!("--api-versions={version}")))
            .args(release.kube_version.iter().map(|version| format!("--kube-version={version}")));
        for (index, (name, text)) in release.values.iter().enumerate() {
            let file = format!("kfleet-values-{index}.yaml");
            call.scratch.root().write(&file, text)?;
            program = program.arg(format!("--values={file}"));
            names.push((file, name.clone()));
        }
        let shown = |text: &str| names.iter().fold(text.to_owned(), |text, (place, name)| text.replace(place, name));
        let output = call.run(program.args(["--", release.name.as_str(), place]))?;
        if !output.is_success() {
            // The kind of a failure follows from helm's own words, not from the names of the user's files.
            let error = explain(RENDERING, &call.doing, &complaint(&output));
            return Err(Error { message: shown(&error.message), ..error });
        }
        let warnings = warnings(&output).iter().map(|line| shown(line)).collect();
        Ok(Rendered { manifests: output.stdout, warnings })
    }
}

/// The chart's place in the private folder.
fn write_chart(call: &Call<'_>, chart: Chart<'_>) -> Result<&'static str> {
    let root = call.scratch.root();
    match chart {
        Chart::Archive(bytes) => {
            root.write("chart.tgz", bytes)?;
            Ok("chart.tgz")
        }
        Chart::Folder(files) => {
            call.scratch.make_folder("chart")?;
            for (path, bytes) in files.iter() {
                root.write(&format!("chart/{path}"), bytes)?;
            }
            Ok("chart")
        }
    }
}
