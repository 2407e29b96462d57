//! Rules of pins: which commit a cluster runs, and whether that is what its author meant.

pub(super) mod mixed;

use crate::fleet::clusters::Cluster;
use crate::fleet::misleading_pins;
use crate::fleet::own_repository::Holds;
use crate::flux::duration::seconds;
use crate::flux::revision::{described_commit, is_commit, is_like_a_commit};
use crate::flux::url::repository_of;
use crate::flux::{GitRepository, Pair, Pin};
use crate::git::Resolved;
use crate::manifest::{Edit, Located};
use crate::ops::vet::revisions::Revisions;
use crate::ops::vet::rules::{Facts, Findings, Rule};
use crate::problem::Severity;

/// The interval of a source that is pinned to a commit: it is cloned anew each time.
const PINNED_INTERVAL: &str = "1h";
const LEAST_PINNED_SECONDS: f64 = 1800.0;

pub(super) const RULES: &[Rule] = &[
    Rule::error("PIN01", "a pin that has no effect", ineffective).fixable().explained(
        "A GitRepository names the revision, a Kustomization uses it through `sourceRef`. Where the Kustomization names\n\
         another source, such as flux-system, the pin beside it is ignored: the cluster follows the branch, and every\n\
         merge reaches it at once. A GitRepository that nothing uses is the same trap for the next promotion.\n\
         The fix names the GitRepository in `sourceRef` and pins it to the tip of the branch that the cluster follows\n\
         now, so that nothing changes in the cluster; promote afterwards. It needs a clone to know that tip.",
    ),
    Rule::error("PIN02", "a commit in the place of a branch or tag", misplaced).fixable().explained(
        "`ref.branch` or `ref.tag` looks like a commit, or like what `git describe` prints. There is no such branch, so\n\
         the source cannot be fetched as soon as something uses it. A pin is `ref.commit` with all 40 digits, beside the\n\
         branch that has the commit in `ref.branch`. The fix writes that where a clone knows the commit.",
    ),
    Rule::error("PIN03", "a commit that is not written in full", abbreviated).fixable().explained(
        "Flux takes `ref.commit` as 40 hexadecimal digits in lower case. An abbreviated hash never resolves: the source\n\
         fails, and the cluster stays at what it has. The fix expands it where a clone knows the one commit it means.",
    ),
    Rule::error("PIN04", "a pinned commit that the branch does not have", unreachable).explained(
        "Flux looks for `ref.commit` on `ref.branch`. After a squash, a forced push or the removal of a branch the commit\n\
         is not there any more: fetching fails, and the cluster is frozen at its last state. Promote a commit that is on\n\
         the branch. This rule needs a clone.",
    ),
    Rule::error("PIN05", "a path that is not in the pinned revision", missing_path).explained(
        "The Kustomization's `spec.path` has to exist at the revision that its source fetches; else Flux reports\n\
         `kustomization path not found` and applies nothing. For sources that follow the branch the files of this\n\
         folder count; for pinned commits this rule needs a clone.",
    ),
    Rule::warning("PIN06", "more than one revision in a pin, or a commit without its branch", ambiguous)
        .fixable()
        .explained(
            "Of several revisions Flux takes one: commit, then name, semver, tag, branch. The others mislead whoever\n\
             reads the file. A commit without `ref.branch` makes Flux fetch all branches to find it.",
        ),
    Rule::warning("PIN07", "sources of one repository that differ", differing).fixable().explained(
        "Two GitRepositories of a cluster fetch the same repository by different URLs, with different Secrets or with\n\
         different `ignore` rules. One of them breaks when credentials move, and a pinned commit is then looked up\n\
         elsewhere than the one that was tested.",
    ),
    Rule::warning("PIN09", "a pinned commit that is fetched often", busy).fixable().explained(
        "A source that is pinned to a commit is cloned in full at every interval, though it cannot change. Give it an\n\
         interval of 30 minutes or more; `kfleet promote` writes 1h.",
    ),
    Rule::warning("PIN10", "a production cluster that follows a branch while others are pinned", moving)
        .explained(
            "Every merge reaches this cluster at once, while clusters before it in the order of promotion wait for a\n\
             pin. What a cluster is for follows from `environment` in fleet.yaml, or by its name.",
        ),
];

fn text(field: &Option<Located<String>>) -> Option<&str> {
    field.as_ref().map(|field| field.value.as_str())
}

fn ineffective(facts: &Facts<'_>, found: &mut Findings) {
    for pin in misleading_pins::ineffective(facts.repository, &facts.applied, &facts.clusters) {
        let edits = pin.pair.map(|pair| repair(facts, pin.cluster, pair, pin.repository)).unwrap_or_default();
        let is_meant_here = pin.pair.is_some() || is_of_fleet(facts, pin.cluster, pin.repository);
        let finding = found.add_problem(pin.problem);
        finding.cluster(&pin.cluster.name).fix(edits);
        if !is_meant_here {
            finding.severity(Severity::Warning);
        }
    }
}

fn misplaced(facts: &Facts<'_>, found: &mut Findings) {
    for pin in misleading_pins::misplaced(&facts.clusters) {
        let edits = pin.written.map(|written| move_to_commit(facts, pin.cluster, pin.repository, written));
        found.add_problem(pin.problem).cluster(&pin.cluster.name).fix(edits.unwrap_or_default());
    }
}

/// Makes the Kustomization use its repository, at the revision that it has now.
fn repair(facts: &Facts<'_>, cluster: &Cluster, pair: &Pair, unused: &GitRepository) -> Vec<Edit> {
    let Some(used) = &pair.repository else { return Vec::new() };
    let same = |one: &GitRepository| text(&one.url).map(repository_of);
    let (Pin::Branch(branch), true) = (used.reference.pin(), same(used).is_some() && same(used) == same(unused)) else {
        return Vec::new();
    };
    let origin = &pair.kustomization.origin;
    let mut edits = vec![Edit::set(origin, &["spec", "sourceRef", "name"], unused.id.name.as_str())];
    if unused.id.namespace != pair.kustomization.id.namespace {
        edits.push(Edit::set(origin, &["spec", "sourceRef", "namespace"], unused.id.namespace.as_str()));
    }
    if unused.reference.pin() != Pin::Branch(branch.clone()) {
        let Some(tip) = facts.revisions.and_then(|revisions| revisions.tip(&branch)) else { return Vec::new() };
        edits.extend(pinned(unused, cluster.branch().unwrap_or(&branch), &tip));
    }
    edits
}

/// Pins a repository to a commit of a branch.
fn pinned(repository: &GitRepository, branch: &str, commit: &str) -> Vec<Edit> {
    let origin = &repository.origin;
    let reference = &repository.reference;
    let mut edits = vec![
        Edit::set(origin, &["spec", "ref", "branch"], branch),
        Edit::set(origin, &["spec", "ref", "commit"], commit),
    ];
    for (name, field) in [("tag", &reference.tag), ("semver", &reference.semver), ("name", &reference.name)] {
        if field.is_some() {
            edits.push(Edit::remove(origin, &["spec", "ref", name]));
        }
    }
    if is_busy(repository) {
        edits.push(Edit::set(origin, &["spec", "interval"], PINNED_INTERVAL));
    }
    edits
}

/// A pin that has no effect is repaired as a whole; others get the commit that was meant.
fn move_to_commit(facts: &Facts<'_>, cluster: &Cluster, repository: &GitRepository, written: &str) -> Vec<Edit> {
    let idle = cluster.pairs().find(|pair| pair.unused.as_ref().is_some_and(|one| one.origin == repository.origin));
    if let Some(pair) = idle.filter(|_| !facts.applied.uses(facts.repository, cluster, repository)) {
        return repair(facts, cluster, pair, repository);
    }
    let hash = described_commit(written).unwrap_or(written);
    match (facts.revisions.map(|revisions| revisions.resolve(hash)), cluster.branch()) {
        (Some(Resolved::Commit(commit)), Some(branch)) => pinned(repository, branch, &commit),
        _ => Vec::new(),
    }
}

fn abbreviated(facts: &Facts<'_>, found: &mut Findings) {
    for (cluster, repository) in facts.git_repositories() {
        let commit = repository.reference.commit.as_ref().filter(|commit| !is_commit(&commit.value));
        let Some(Located { value, location }) = commit else { continue };
        let message =
            format!("GitRepository {} is pinned to `{value}`, which is not a full commit", repository.id.name);
        let is_full = is_commit(&value.to_lowercase());
        let resolved = match facts.revisions {
            _ if is_full => Some(Resolved::Commit(value.to_lowercase())),
            Some(revisions) if value.bytes().all(|byte| byte.is_ascii_hexdigit()) => Some(revisions.resolve(value)),
            _ => None,
        };
        let hint = match &resolved {
            Some(Resolved::Ambiguous) => "more than one commit begins like this: write all 40 digits",
            Some(Resolved::Unknown) => "no commit of this clone begins like this: write all 40 digits",
            _ => "write all 40 hexadecimal digits, in lower case",
        };
        let finding = found.add(location.clone(), message).hint(hint).cluster(&cluster.name);
        if let Some(Resolved::Commit(commit)) = resolved {
            finding.fix([Edit::set(&repository.origin, &["spec", "ref", "commit"], commit)]);
        }
    }
}

fn unreachable(facts: &Facts<'_>, found: &mut Findings) {
    for (cluster, repository) in facts.git_repositories().filter(|(cluster, one)| is_of_fleet(facts, cluster, one)) {
        let Some(commit) = repository.reference.commit.as_ref().filter(|commit| is_commit(&commit.value)) else {
            continue;
        };
        let is_unknown = |revisions: &&dyn Revisions| {
            revisions.is_shallow() && !matches!(revisions.resolve(&commit.value), Resolved::Commit(_))
        };
        let Some(revisions) = facts.revisions.filter(|revisions| !is_unknown(revisions)) else {
            found.skip();
            continue;
        };
        let name = &repository.id.name;
        let branch = text(&repository.reference.branch);
        let reason = match revisions.resolve(&commit.value) {
            Resolved::Commit(_) => branch
                .filter(|branch| revisions.is_reachable(&commit.value, branch) == Some(false))
                .map(|branch| format!("which branch {branch} does not have")),
            Resolved::Unknown | Resolved::Ambiguous => Some("which this clone does not know".to_owned()),
        };
        if let Some(reason) = reason {
            let message = format!("GitRepository {name} is pinned to a commit {reason}");
            let hint = "promote a commit that is on the branch; if the clone is old, fetch first";
            found.add(commit.location.clone(), message).hint(hint).cluster(&cluster.name);
        }
    }
}

/// Whether a source is of the repository at hand.
fn is_of_fleet(facts: &Facts<'_>, cluster: &Cluster, repository: &GitRepository) -> bool {
    facts.applied.own_repository.holds(cluster, repository) == Holds::ThisRepository
}

fn missing_path(facts: &Facts<'_>, found: &mut Findings) {
    for (cluster, pair) in facts.pairs() {
        let Some(path) = &pair.kustomization.path else { continue };
        let user = &pair.kustomization.id.name;
        let Some(folder) = pair.kustomization.folder() else {
            let message = format!("the path of Kustomization {user} leaves the repository");
            found.add(path.location.clone(), message).cluster(&cluster.name);
            continue;
        };
        let Some(repository) = pair.repository.as_ref().filter(|one| is_of_fleet(facts, cluster, one)) else {
            continue;
        };
        let missing = match (repository.reference.pin(), facts.revisions) {
            (Pin::Commit(commit), _) if !is_commit(&commit) => None,
            (Pin::Commit(commit), Some(revisions)) => {
                let has_path = revisions.has_path(&commit, &folder);
                if has_path.is_none() && revisions.is_shallow() {
                    found.skip();
                }
                (has_path == Some(false)).then(|| format!("at the pinned commit {}", &commit[..12]))
            }
            (Pin::Commit(_), None) => {
                found.skip();
                None
            }
            (Pin::Branch(branch), _) if is_like_a_commit(&branch) => None,
            (Pin::Branch(_), _) => {
                (!facts.repository.files.has_folder(&folder)).then(|| "in the repository".to_owned())
            }
            _ => None,
        };
        if let Some(missing) = missing {
            let message = format!("there is no folder {folder} {missing}, which Kustomization {user} applies");
            found.add(path.location.clone(), message).hint("repair the path, or move the pin").cluster(&cluster.name);
        }
    }
}

fn ambiguous(facts: &Facts<'_>, found: &mut Findings) {
    for (cluster, repository) in facts.git_repositories() {
        let reference = &repository.reference;
        let fields = [
            ("commit", &reference.commit),
            ("name", &reference.name),
            ("semver", &reference.semver),
            ("tag", &reference.tag),
        ];
        let set: Vec<(&'static str, &Located<String>)> =
            fields.into_iter().filter_map(|(name, field)| Some((name, field.as_ref()?))).collect();
        let name = &repository.id.name;
        if let [(first, _), (_, second), ..] = set.as_slice() {
            let others: Vec<&str> = set[1..].iter().map(|(field, _)| *field).collect();
            let message = format!("GitRepository {name} has {first} and {}: only {first} counts", others.join(" and "));
            let edits = others.iter().map(|field| Edit::remove(&repository.origin, &["spec", "ref", field]));
            let finding = found.add(second.location.clone(), message);
            finding.hint("keep commit and branch").cluster(&cluster.name).fix(edits);
        }
        if let (Some(commit), None) = (&reference.commit, &reference.branch) {
            let message =
                format!("GitRepository {name} is pinned to a commit without its branch: all branches are fetched");
            let finding = found.add(commit.location.clone(), message);
            finding.hint("add the branch that has the commit, as `ref.branch`").cluster(&cluster.name);
            if let Some(branch) = cluster.branch().filter(|_| is_of_fleet(facts, cluster, repository)) {
                finding.fix([Edit::set(&repository.origin, &["spec", "ref", "branch"], branch)]);
            }
        }
    }
}

fn differing(facts: &Facts<'_>, found: &mut Findings) {
    for (cluster, repository) in facts.git_repositories() {
        let Some(own) = cluster.own.as_ref().and_then(|own| own.repository.as_ref()) else { continue };
        let url = text(&repository.url);
        if own.origin == repository.origin || url.is_none() || !is_of_fleet(facts, cluster, repository) {
            continue;
        }
        let pairs = [
            ("URL", "url", &repository.url, &own.url),
            ("Secret", "secretRef", &repository.secret, &own.secret),
            ("ignore rules", "ignore", &repository.ignore, &own.ignore),
        ];
        for (what, field, mine, other) in pairs {
            if text(mine) == text(other) {
                continue;
            }
            let (name, own_name) = (&repository.id.name, &own.id.name);
            let message =
                format!("GitRepository {name} has another {what} than GitRepository {own_name} of the same repository");
            let location = mine.as_ref().map_or(&repository.reference.location, |field| &field.location);
            let finding = found.add(location.clone(), message);
            finding.hint(format!("give both the same `{field}`")).cluster(&cluster.name);
            if let ("url", Some(url)) = (field, text(other)) {
                finding.fix([Edit::set(&repository.origin, &["spec", "url"], url)]);
            }
        }
    }
}

fn is_busy(repository: &GitRepository) -> bool {
    text(&repository.interval).and_then(seconds).is_some_and(|seconds| seconds < LEAST_PINNED_SECONDS)
}

fn busy(facts: &Facts<'_>, found: &mut Findings) {
    for (cluster, repository) in facts.git_repositories() {
        let Some(interval) = repository.interval.as_ref().filter(|_| is_busy(repository)) else { continue };
        if repository.reference.commit.is_some() {
            let message = format!(
                "GitRepository {} is pinned to a commit, and cloned in full every {}",
                repository.id.name, interval.value
            );
            let fix = Edit::set(&repository.origin, &["spec", "interval"], PINNED_INTERVAL);
            let finding = found.add(interval.location.clone(), message);
            finding.hint(format!("interval: {PINNED_INTERVAL}")).cluster(&cluster.name).fix([fix]);
        }
    }
}

fn moving(facts: &Facts<'_>, found: &mut Findings) {
    let is_pinned = |cluster: &Cluster| cluster.syncs.iter().filter_map(Pair::pin).any(|pin| !pin.is_moving());
    if !facts.fleet.clusters.iter().any(is_pinned) {
        return;
    }
    for cluster in facts.clusters.iter().filter(|cluster| cluster.environment.as_deref() == Some("production")) {
        for pair in cluster.syncs.iter().filter(|pair| pair.unused.is_none()) {
            let Some(repository) = &pair.repository else { continue };
            let Pin::Branch(branch) = repository.reference.pin() else { continue };
            if is_like_a_commit(&branch) || !is_of_fleet(facts, cluster, repository) {
                continue;
            }
            let user = &pair.kustomization.id.name;
            let message = format!(
                "{} is a production cluster, and Kustomization {user} follows branch {branch} while other clusters are pinned",
                cluster.name
            );
            let location =
                pair.kustomization.source.as_ref().map_or(&pair.kustomization.origin.location, |one| &one.location);
            found
                .add(location.clone(), message)
                .hint("promote to it what a cluster before it has proved; a sync that takes Flux's own source needs a GitRepository of its own first")
                .cluster(&cluster.name);
        }
    }
}
