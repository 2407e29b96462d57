//! Charts become texts, by helm.

use super::Repository;
use super::fetch::Failure;
use super::plan::source_place;
use super::sources::{Asked, Chart, Content, Release, Request};
use crate::error::Result;
use crate::helm::{self, Helm, Rendered};
use crate::problem::{Location, Problem, Severity};
use rayon::prelude::*;

/// Renders the charts of all addons that are not up to date. Returns what failed, and what helm had to say.
pub(super) fn render(repository: &mut Repository, helm: &Helm) -> (Vec<Failure>, Vec<Problem>) {
    let Repository { file, wanted, .. } = repository;
    let mut charts: Vec<(Location, &Request, &mut Content)> = Vec::new();
    for wanted in wanted.iter_mut().filter(|wanted| !wanted.up_to_date) {
        for (request, content) in wanted.requests.iter().zip(&mut wanted.contents) {
            if let Some(content) = content.as_mut().filter(|content| content.chart.is_some()) {
                charts.push((source_place(file, &wanted.name, request.index), request, content));
            }
        }
    }
    let results: Vec<(Location, Result<Vec<String>>)> = charts
        .into_par_iter()
        .map(|(location, request, content)| (location, render_one(request, content, helm)))
        .collect();
    let (mut failures, mut warnings) = (Vec::new(), Vec::new());
    for (location, result) in results {
        match result {
            Err(error) => failures.push(Failure::new(&error, location)),
            Ok(lines) => warnings.extend(lines.into_iter().map(|line| Problem {
                severity: Severity::Warning,
                location: location.clone(),
                message: format!("helm: {line}"),
                hint: None,
            })),
        }
    }
    (failures, warnings)
}

/// Puts the chart's text in its place. Returns what helm had to say.
fn render_one(request: &Request, content: &mut Content, helm: &Helm) -> Result<Vec<String>> {
    let (Some(release), Some(chart)) = (&request.release, &content.chart) else { return Ok(Vec::new()) };
    let shown = match &request.asked {
        Asked::Local(path) => path.clone(),
        Asked::Remote(asked) => asked.shown(),
    };
    let chart = match chart {
        Chart::Archive(bytes) => helm::Chart::Archive(bytes),
        Chart::Folder(files) => helm::Chart::Folder(files),
    };
    let Rendered { manifests, warnings } = helm.render(&shown, chart, &settings(release))?;
    content.texts = vec![(shown, manifests)];
    content.chart = None;
    Ok(warnings)
}

fn settings(release: &Release) -> helm::Release {
    let Release { source, name, namespace, values_files } = release;
    let mut values = values_files.clone();
    if let Some(own) = &source.values {
        values.push(("the values of the fleet file".to_owned(), serde_json::json!(own).to_string().into_bytes()));
    }
    helm::Release {
        name: name.clone(),
        namespace: namespace.clone(),
        values,
        include_crds: source.include_crds,
        api_versions: source.api_versions.clone(),
        kube_version: source.kube_version.clone(),
    }
}
