//! Sources from outside the repository are fetched, and charts rendered. What was read stays as it is.

use super::repository::Repository;
use crate::addon::Wanted;
use crate::error::{Error, ErrorKind};
use crate::problem::{Location, Problem, Severity};
use crate::source::{self, Asked, Chart, Content, Held, Job, Material, Progress, Remotes, Request};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// A source that could not be had.
#[derive(Debug)]
pub struct Failure {
    pub kind: ErrorKind,
    /// The failure, with its place in the fleet file.
    pub problem: Problem,
}

/// Which source of which addon, both by number.
type Position = (usize, usize);

#[derive(Debug, Default)]
pub struct Fetched {
    /// Content that the repository does not hold.
    pub contents: BTreeMap<Position, Content>,
    pub failures: Vec<Failure>,
    /// What programs had to say of what was had.
    pub warnings: Vec<Problem>,
}

/// Gets the sources of all addons that are not up to date, and renders their charts. Sources that several addons share
/// are fetched once.
pub fn fetch(repository: &Repository, remotes: &Remotes, progress: &dyn Progress) -> Fetched {
    let mut fetched = Fetched::default();
    // Each with the sources that wait for it.
    let mut waiting: BTreeMap<Job, Vec<Position>> = BTreeMap::new();
    for (position, wanted, request, _) in stale(repository) {
        if let Asked::Remote(asked) = &request.asked {
            let known = repository.lock.source(&wanted.name, asked).filter(|_| !wanted.update);
            let job = Job { asked: asked.clone(), known: known.cloned() };
            waiting.entry(job).or_default().push(position);
        }
    }
    let jobs: Vec<&Job> = waiting.keys().collect();
    for (result, positions) in source::fetch(&jobs, remotes, progress).into_iter().zip(waiting.values()) {
        match result {
            Ok(content) => fetched.contents.extend(positions.iter().map(|position| (*position, content.clone()))),
            Err(error) => fetched.failures.extend(positions.iter().map(|(addon, number)| {
                let addon = &repository.wanted[*addon];
                failure(&error, repository.file.source_location(&addon.name, addon.requests[*number].index))
            })),
        }
    }
    render(repository, remotes, &mut fetched);
    fetched
}

/// The sources of addons that are not up to date.
fn stale(repository: &Repository) -> impl Iterator<Item = (Position, &Wanted, &Request, &Held)> {
    let wanted = repository.wanted.iter().enumerate().filter(|(_, wanted)| !wanted.up_to_date);
    wanted.flat_map(|(addon, wanted)| {
        let sources = wanted.requests.iter().zip(&wanted.held).enumerate();
        sources.map(move |(number, (request, held))| ((addon, number), wanted, request, held))
    })
}

/// Renders charts: those that were fetched, and those of the repository.
fn render(repository: &Repository, remotes: &Remotes, fetched: &mut Fetched) {
    let charts: Vec<(Position, Location, &Request, &Held, &Content, &Chart)> = stale(repository)
        .filter_map(|(position, wanted, request, held)| {
            let content = fetched.contents.get(&position).or(held.content.as_ref())?;
            let Material::Chart(chart) = &content.material else { return None };
            let location = repository.file.source_location(&wanted.name, request.index);
            Some((position, location, request, held, content, chart))
        })
        .collect();
    let results: Vec<_> = charts
        .into_par_iter()
        .map(|(position, location, request, held, content, chart)| {
            let rendered = source::render(request, held, chart, &remotes.helm);
            let came = content.came.clone();
            (position, location, rendered.map(|(material, lines)| (Content { material, came }, lines)))
        })
        .collect();
    for (position, location, result) in results {
        match result {
            Err(error) => fetched.failures.push(failure(&error, location)),
            Ok((content, lines)) => {
                fetched.contents.insert(position, content);
                let warning = |line| Problem::warning(location.clone(), format!("helm: {line}"));
                fetched.warnings.extend(lines.into_iter().map(warning));
            }
        }
    }
}

fn failure(error: &Error, location: Location) -> Failure {
    let (message, hint) = (error.to_string(), error.hint.clone());
    Failure { kind: error.kind, problem: Problem { severity: Severity::Error, location, message, hint } }
}
