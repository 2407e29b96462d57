//! Pins that do not do what their authors meant: without an effect, or with a commit in the place of a branch. What else
//! may be wrong with pins is for the rules of `kfleet vet`, which explain these too.

use super::applied::Applied;
use super::clusters::{Cluster, Clusters};
use super::repository::Repository;
use crate::flux::revision::{described_commit, is_like_a_commit};
use crate::flux::{GitRepository, Pair, Pin};
use crate::problem::{Location, Problem};

/// A pin that does not do what its author meant.
pub struct Misleading<'a> {
    pub cluster: &'a Cluster,
    /// Of a pin without an effect: the pair that should use it, if one is beside it.
    pub pair: Option<&'a Pair>,
    /// The GitRepository with the pin.
    pub repository: &'a GitRepository,
    /// What is written in the place of a branch or tag.
    pub written: Option<&'a str>,
    pub problem: Problem,
}

/// The pins of some clusters that have no effect.
pub fn ineffective<'a>(repository: &Repository, applied: &Applied, clusters: &[&'a Cluster]) -> Vec<Misleading<'a>> {
    let mut found = Vec::new();
    for (cluster, pair) in clusters.iter().flat_map(|cluster| cluster.pairs().map(|pair| (*cluster, pair))) {
        let Some(unused) = pair.unused.as_ref().filter(|unused| !applied.uses(repository, cluster, unused)) else {
            continue;
        };
        let (name, user) = (&unused.id.name, &pair.kustomization.id.name);
        let source = pair.kustomization.source.as_ref();
        let problem = if let (true, Some(source)) = (is_meant_as_pin(unused), source) {
            let message = format!(
                "the pin of {} does nothing: Kustomization {user} takes its manifests from {}, not from GitRepository {name}",
                cluster.name, source.id.name
            );
            let hint = format!(
                "name {name} in its sourceRef, but pin it first to what the cluster runs now: what is pinned there has \
                 never taken effect"
            );
            problem(&source.location, message, hint)
        } else {
            let hint = format!("name {name} in the sourceRef of Kustomization {user}");
            problem(&unused.reference.location, unused_message(cluster, unused), hint)
        };
        found.push(Misleading { cluster, pair: Some(pair), repository: unused, written: None, problem });
    }
    for (cluster, source) in clusters.iter().flat_map(|one| one.repositories.iter().map(|source| (*one, source))) {
        let is_paired = || {
            cluster.pairs().any(|pair| {
                let sources = pair.repository.iter().chain(&pair.unused);
                sources.into_iter().any(|one| one.origin == source.origin)
            })
        };
        if !is_paired() && !applied.uses(repository, cluster, source) {
            let hint = "name it in the sourceRef of the Kustomization that it is for, or remove it";
            let problem = problem(&source.reference.location, unused_message(cluster, source), hint);
            found.push(Misleading { cluster, pair: None, repository: source, written: None, problem });
        }
    }
    found
}

/// The commits of some clusters that stand in the place of a branch or tag.
pub fn misplaced<'a>(clusters: &[&'a Cluster]) -> Vec<Misleading<'a>> {
    let mut found = Vec::new();
    for (cluster, repository) in clusters.iter().flat_map(|one| one.repositories.iter().map(|source| (*one, source))) {
        let fields = [("branch", &repository.reference.branch), ("tag", &repository.reference.tag)];
        for (field, written) in fields {
            let Some(written) = written.as_ref().filter(|written| is_like_a_commit(&written.value)) else { continue };
            let (name, value) = (&repository.id.name, &written.value);
            let like = if described_commit(value).is_some() { "what git describe prints" } else { "a commit" };
            let message = format!("GitRepository {name} names a {field} `{value}`, which looks like {like}");
            let hint = "a pin is `ref.commit`, all 40 digits, with the branch that has it in `ref.branch`";
            let problem = problem(&written.location, message, hint);
            found.push(Misleading { cluster, pair: None, repository, written: Some(value), problem });
        }
    }
    found
}

/// Both sorts of all clusters, by place, with the ids of the rules that explain them.
pub fn problems(fleet: &Clusters) -> Vec<Problem> {
    let clusters: Vec<&Cluster> = fleet.clusters.iter().collect();
    let applied = Applied::new(&fleet.repository, &clusters);
    let without_effect =
        ineffective(&fleet.repository, &applied, &clusters).into_iter().map(|one| ("PIN01", one.problem));
    let in_place = misplaced(&clusters).into_iter().map(|one| ("PIN02", one.problem));
    let mut found: Vec<(&str, Problem)> = without_effect.chain(in_place).collect();
    found.sort_by(|(a, one), (b, other)| (&one.location, a).cmp(&(&other.location, b)));
    let shown = |(id, one): (&str, Problem)| Problem { message: format!("{} [{id}]", one.message), ..one };
    found.into_iter().map(shown).collect()
}

/// Whether somebody has meant a revision by it.
fn is_meant_as_pin(repository: &GitRepository) -> bool {
    let pin = repository.reference.pin();
    matches!(&pin, Pin::Branch(branch) if is_like_a_commit(branch)) || !pin.is_moving()
}

fn unused_message(cluster: &Cluster, repository: &GitRepository) -> String {
    let name = &repository.id.name;
    format!("nothing in {} uses GitRepository {name}: a pin in it would do nothing", cluster.name)
}

fn problem(location: &Location, message: String, hint: impl Into<String>) -> Problem {
    Problem::error(location.clone(), message).with_hint(hint)
}
