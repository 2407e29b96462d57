//! Rules of Flux's Kustomizations: what depends on what, and what is applied twice, by force or not at all.

pub(super) mod order;
pub(super) mod variables;

use crate::fleet::clusters::Cluster;
use crate::fleet::reconcile_disabled::{LeftAlone, ObjectId};
use crate::flux::{KUSTOMIZE, Kustomization, ObjectName, Pair};
use crate::kustomize::Target;
use crate::ops::vet::rules::kustomize::bases_to_resources;
use crate::ops::vet::rules::{Facts, Findings, Rule};
use crate::problem::Severity;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

pub(super) const RULES: &[Rule] = &[
    Rule::error("KST01", "a dependency that is missing or leads in a circle", dependencies).explained(
        "`dependsOn` makes a Kustomization wait until others are ready. One that does not exist, or that waits in turn\n\
         for this one, never gets ready, and neither is ever applied.",
    ),
    Rule::warning("KST03", "others wait for it, and it waits for nothing", no_wait).explained(
        "A Kustomization without `wait` and without health checks is ready as soon as its objects are sent to the API\n\
         server. What depends on it then starts before it works. Set `wait: true`.",
    ),
    Rule::warning("KST05", "an addon that is applied twice", twice).explained(
        "Two Kustomizations that own the same objects fight over them, and when one of them lets go it may delete what\n\
         the other still wants. Either the flavour lists the addon, or it has a Kustomization of its own. An addon that\n\
         `kfleet promote --split` has split off is in both, and marked to be left alone by the flavour's.",
    ),
    Rule::warning("KST08", "force, or an exception from reconciling, left in git", force).explained(
        "`force: true` deletes and recreates objects whose fields cannot change: volumes and addresses are lost. The\n\
         marks `ssa`, `reconcile` and `force` on objects are meant for a migration. Remove them once it is done.",
    ),
    Rule::warning("KST09", "a sync that is suspended in git", suspended).explained(
        "Nothing that is merged reaches the cluster while it is suspended, and nothing reports that. Resume it, or suppress\n\
         this finding with the reason.",
    ),
    Rule::warning("KST10", "a folder of clusters that is applied by another", foreign).explained(
        "A cluster that applies the folder of another one gets that one's pins and patches with it. Two clusters that\n\
         share one folder cannot be promoted apart.",
    ),
    Rule::new("KST11", Severity::Info, "a kustomization without `resources`", no_resources).fixable().explained(
        "Flux adds origin annotations to every object where the kustomization that it builds lists only bases,\n\
         components or generators: each object changes when the file moves. List the bases under `resources`.",
    ),
    Rule::warning("PRN02", "clusters that a mistake in git can delete", prunes_clusters).explained(
        "A Kustomization with `prune: true` deletes a workload cluster, machines and all, when the file of its Cluster\n\
         goes away by accident. Give the Kustomization `deletionPolicy: Orphan`, and the Cluster the annotation\n\
         `kustomize.toolkit.fluxcd.io/prune: disabled`.",
    ),
];

/// All Kustomizations that a cluster applies, wherever they stand.
fn all_of(facts: &Facts<'_>, cluster: &Cluster) -> BTreeMap<ObjectName, Kustomization> {
    let reached = facts.applied.by(cluster).flat_map(|(_, reached)| facts.resources(reached));
    let found = reached.filter_map(|object| Kustomization::read(&object));
    let own = cluster.pairs().map(|pair| pair.kustomization.clone());
    found.chain(own).map(|one| (one.id.clone(), one)).collect()
}

fn dependencies(facts: &Facts<'_>, found: &mut Findings) {
    for cluster in facts.clusters.iter().filter(|cluster| depends(facts, cluster)) {
        let all = all_of(facts, cluster);
        for kustomization in all.values() {
            let name = &kustomization.id.name;
            for wanted in &kustomization.depends_on {
                if !all.keys().any(|known| is_same(known, &wanted.value)) {
                    let message = format!("Kustomization {name} waits for {}, which is not there", wanted.value.name);
                    found.add(wanted.location.clone(), message).hint("repair the name").cluster(&cluster.name);
                } else if leads_to(&all, &wanted.value, &kustomization.id) {
                    let message = format!("Kustomization {name} waits for {}, which waits for it", wanted.value.name);
                    found.add(wanted.location.clone(), message).hint("break the circle").cluster(&cluster.name);
                }
            }
        }
    }
}

/// Whether anything in a cluster depends on something.
fn depends(facts: &Facts<'_>, cluster: &Cluster) -> bool {
    let has = |path: &[&str], object: &crate::manifest::Manifest<'_>| {
        object.is(KUSTOMIZE, "Kustomization") && !object.list(path).is_empty()
    };
    facts.fleet.manifests(cluster).any(|object| has(&["spec", "dependsOn"], &object))
        || facts.applied.by(cluster).any(|(_, reached)| {
            !reached.named_sources.is_empty()
                && facts.resources(reached).any(|object| has(&["spec", "dependsOn"], &object))
        })
}

fn is_same(known: &ObjectName, wanted: &ObjectName) -> bool {
    let is_open = known.namespace.is_empty() || wanted.namespace.is_empty();
    known.name == wanted.name && (is_open || known.namespace == wanted.namespace)
}

/// Whether a Kustomization is another one, or waits for it.
pub(super) fn leads_to(all: &BTreeMap<ObjectName, Kustomization>, from: &ObjectName, to: &ObjectName) -> bool {
    let mut seen = BTreeSet::new();
    let mut waiting = vec![from];
    while let Some(name) = waiting.pop() {
        if is_same(to, name) {
            return true;
        }
        if seen.insert(name) {
            let known = all.values().filter(|one| is_same(&one.id, name));
            waiting.extend(known.flat_map(|one| &one.depends_on).map(|wanted| &wanted.value));
        }
    }
    false
}

fn no_wait(facts: &Facts<'_>, found: &mut Findings) {
    for cluster in facts.clusters.iter().filter(|cluster| depends(facts, cluster)) {
        let all = all_of(facts, cluster);
        for kustomization in all.values().filter(|one| !one.waits && !one.has_health_checks) {
            let mut users = all
                .values()
                .filter(|other| other.depends_on.iter().any(|wanted| is_same(&kustomization.id, &wanted.value)));
            if let Some(user) = users.next() {
                let name = &kustomization.id.name;
                if facts.applies(kustomization, &user.origin.file) {
                    let message = format!("Kustomization {} waits for {name}, which applies it", user.id.name);
                    let finding = found.add(user.origin.location.clone(), message);
                    let hint = format!("remove {name} from `dependsOn`: with `wait: true` neither would get ready");
                    finding.hint(hint).cluster(&cluster.name);
                    continue;
                }
                if brings_kinds_only(facts, kustomization) {
                    continue;
                }
                let user = &user.id.name;
                let message = format!("Kustomization {user} waits for {name}, which is ready before its objects are");
                let finding = found.add(kustomization.origin.location.clone(), message);
                finding.hint("set `wait: true`").cluster(&cluster.name);
            }
        }
    }
}

/// Whether a Kustomization applies nothing but definitions of kinds, and namespaces: Flux waits for these in any case.
fn brings_kinds_only(facts: &Facts<'_>, kustomization: &Kustomization) -> bool {
    let reached = kustomization.folder().and_then(|folder| facts.applied.get(&folder));
    reached.is_some_and(|reached| {
        let mut objects = facts.resources(reached).peekable();
        let is_early = |object: crate::manifest::Manifest<'_>| {
            object.is("apiextensions.k8s.io", "CustomResourceDefinition") || object.is("", "Namespace")
        };
        objects.peek().is_some() && objects.all(is_early)
    })
}

fn twice(facts: &Facts<'_>, found: &mut Findings) {
    for (cluster, pair) in facts.pairs() {
        let Some((path, folder)) = pair.kustomization.path.as_ref().zip(pair.kustomization.folder()) else { continue };
        let others = cluster.syncs.iter().filter(|other| other.kustomization.id != pair.kustomization.id);
        for other in others {
            let Some(other_folder) = other.kustomization.folder().filter(|other| *other != folder) else { continue };
            let leads = facts.applied.get(&other_folder).is_some_and(|reached| reached.reach.folders.contains(&folder));
            if leads && !is_left_to(facts, &folder, other) && !renames(facts, &other_folder, &folder) {
                let (name, other) = (&pair.kustomization.id.name, &other.kustomization.id.name);
                let message = format!("{folder} is applied by Kustomization {name}, and by {other} too");
                found.add(path.location.clone(), message).hint("let one of them have it").cluster(&cluster.name);
            }
        }
    }
    for kustomization in facts.kustomizations() {
        let mut seen = BTreeSet::new();
        for reference in kustomization.references.iter().filter(|reference| reference.is_resource()) {
            if let Target::Folder(folder) = &reference.target
                && !seen.insert(folder)
            {
                let message = format!("{folder} is listed twice");
                found.add(kustomization.location_of(reference), message).hint("remove one of the entries");
            }
        }
    }
}

/// Whether a build of one folder gives the objects of another other names or namespaces, as an overlay does: they are not
/// the same objects then. The fields of the Kustomizations themselves, such as `targetNamespace`, do so too.
fn renames(facts: &Facts<'_>, outer: &str, inner: &str) -> bool {
    let fields = ["namespace", "namePrefix", "nameSuffix"];
    let has_one = |value: &Value| fields.iter().any(|field| value.get(field).is_some());
    let reached = facts.applied.get(outer).map(|reached| &reached.reach.folders);
    let between = reached.into_iter().flatten().filter(|folder| *folder != inner);
    let mut built = between.filter_map(|folder| facts.repository.kustomizations.get(folder));
    let by_build = built
        .any(|kustomization| has_one(kustomization.value()) && leads_to_folder(facts, &kustomization.folder, inner));
    let by_flux = facts.objects.iter().filter(|object| object.is(KUSTOMIZE, "Kustomization")).any(|object| {
        let path = object.text(&["spec", "path"]).and_then(|path| crate::path::plain_path("", path));
        let is_one = path.is_some_and(|path| path == outer || path == inner);
        is_one
            && ["targetNamespace", "namePrefix", "nameSuffix"]
                .iter()
                .any(|field| object.get(&["spec", field]).is_some())
    });
    by_build || by_flux
}

fn leads_to_folder(facts: &Facts<'_>, from: &str, to: &str) -> bool {
    facts.repository.kustomizations.reach(&facts.repository.files, from).folders.contains(to)
}

/// Whether a Kustomization leaves the objects of a folder to the one that applies the folder. Where its own manifests are
/// pinned, they may have fewer of them than the files here.
fn is_left_to(facts: &Facts<'_>, folder: &str, other: &Pair) -> bool {
    let left = LeftAlone::of(&other.kustomization);
    let Some(reached) = facts.applied.get(folder).filter(|_| !left.is_empty()) else { return false };
    let is_moving = other.pin().is_none_or(|pin| pin.is_moving());
    let mut ids = facts.resources(reached).map(|object| ObjectId::of(&object));
    if is_moving { ids.all(|id| left.has(&id)) } else { ids.any(|id| left.has(&id)) }
}

fn force(facts: &Facts<'_>, found: &mut Findings) {
    // `ssa: Merge` and `IfNotPresent` still reconcile what Flux owns (kustomize-controller 1.9).
    let marks = [
        ("ssa", "ignore", "is excepted from reconciling"),
        ("reconcile", "disabled", "is excepted from reconciling"),
        ("force", "enabled", "is deleted and recreated where it cannot be changed"),
    ]
    .map(|(mark, value, effect)| (format!("{KUSTOMIZE}/{mark}"), value, effect));
    for object in &facts.objects {
        if object.is(KUSTOMIZE, "Kustomization") && object.get(&["spec", "force"]) == Some(&Value::Bool(true)) {
            let message = format!("{} deletes and recreates what it cannot change", object.shown());
            found
                .add(object.key_location(&["spec", "force"]), message)
                .hint("remove `force` once the migration is done");
        }
        for location in ["annotations", "labels"] {
            for (mark, value, effect) in &marks {
                let path = ["metadata", location, mark];
                let is_set = object.text(&path).is_some_and(|text| text.eq_ignore_ascii_case(value));
                // A Job cannot be changed: to be made anew is what is meant.
                if is_set && !(*value == "enabled" && object.is("batch", "Job")) {
                    let message = format!("{} {effect}: {mark}", object.shown());
                    found.add(object.key_location(&path), message).hint("remove it once the migration is done");
                }
            }
        }
    }
}

fn suspended(facts: &Facts<'_>, found: &mut Findings) {
    for object in facts.objects.iter().filter(|object| object.group().ends_with(".fluxcd.io")) {
        if object.get(&["spec", "suspend"]) == Some(&Value::Bool(true)) {
            let message = format!("{} is suspended: what is merged does not reach it", object.shown());
            found
                .add(object.key_location(&["spec", "suspend"]), message)
                .hint("resume it, or suppress this with the reason");
        }
    }
}

fn foreign(facts: &Facts<'_>, found: &mut Findings) {
    for cluster in &facts.clusters {
        for pair in cluster.pairs() {
            let Some((path, folder)) = pair.kustomization.path.as_ref().zip(pair.kustomization.folder()) else {
                continue;
            };
            if let Some(other) = facts.owner(&folder).filter(|other| *other != cluster.name) {
                let name = &pair.kustomization.id.name;
                let message = format!("Kustomization {name} of {} applies the folder of cluster {other}", cluster.name);
                let finding = found.add(path.location.clone(), message);
                finding.hint("give each cluster its own folder").cluster(&cluster.name);
            }
        }
    }
}

fn no_resources(facts: &Facts<'_>, found: &mut Findings) {
    let folders: BTreeSet<String> = facts.pairs().filter_map(|(_, pair)| pair.kustomization.folder()).collect();
    for kustomization in folders.iter().filter_map(|folder| facts.repository.kustomizations.get(folder)) {
        let resources = kustomization.value().get("resources").and_then(Value::as_array);
        if kustomization.value().is_object() && resources.is_none_or(Vec::is_empty) {
            let has_bases = kustomization.value().get("bases").is_some();
            let location = kustomization.key_location(if has_bases { &["bases"] } else { &["resources"] });
            let message = "no `resources` here: Flux adds origin annotations to every object";
            found
                .add(location, message)
                .hint("list what is applied under `resources`")
                .fix(bases_to_resources(kustomization));
        }
    }
}

fn prunes_clusters(facts: &Facts<'_>, found: &mut Findings) {
    let mark = format!("{KUSTOMIZE}/prune");
    for (cluster, pair) in facts.pairs() {
        let kustomization = &pair.kustomization;
        let prunes = kustomization.prune.as_ref().filter(|prune| prune.value);
        let is_orphaning = kustomization.deletion_policy.as_ref().is_some_and(|policy| policy.value == "Orphan");
        let (Some(prune), Some(reached)) =
            (prunes, pair.kustomization.folder().and_then(|folder| facts.applied.get(&folder)))
        else {
            continue;
        };
        let clusters = facts.resources(reached).filter(|object| object.is("cluster.x-k8s.io", "Cluster"));
        let unmarked = clusters.filter(|object| {
            ["annotations", "labels"].iter().all(|at| object.text(&["metadata", at, &mark]) != Some("disabled"))
        });
        let unmarked: BTreeSet<&str> = unmarked.map(|object| object.name()).collect();
        if !unmarked.is_empty() && !is_orphaning {
            let names: Vec<&str> = unmarked.into_iter().collect();
            let message = format!("Kustomization {} may delete clusters: {}", kustomization.id.name, names.join(", "));
            let hint = format!("set `deletionPolicy: Orphan`, and the annotation {mark}: disabled on each Cluster");
            found.add(prune.location.clone(), message).hint(hint).cluster(&cluster.name);
        }
    }
}
