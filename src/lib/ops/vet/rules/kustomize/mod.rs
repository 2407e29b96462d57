//! Rules of kustomizations as files: what they list, and what they should not say any more.

pub(super) mod patches;

use crate::kustomize::{Kustomization, NAMES, Target};
use crate::manifest::{Action, Edit, Manifest};
use crate::ops::vet::rules::{Facts, Findings, Rule};
use crate::path::{folder_of, is_within};
use crate::problem::{Location, Severity};
use crate::suggest::did_you_mean;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

pub(super) const RULES: &[Rule] = &[
    Rule::warning("KUS01", "a deprecated field of a kustomization", deprecated).fixable().explained(
        "kustomize still reads it, but will not for ever: `bases` is `resources`, `commonLabels` is `labels`,\n\
         `patchesStrategicMerge` and `patchesJson6902` are `patches`, `vars` is `replacements`, `imageTags` is `images`,\n\
         `env` of a generator is `envs`. The fix moves `bases` to `resources`; the others take thought.",
    ),
    Rule::error("KUS02", "a build that cannot run", broken).explained(
        "A file that is not YAML, a key that is there twice, a field that kustomize does not know or that is of another\n\
         type, several kustomizations in one folder, folders that lead to each other, a file that is listed twice, a\n\
         path that leaves the repository: the build fails, and Flux applies nothing of it.",
    ),
    Rule::error("KUS03", "a file that is not listed, or listed and not there", listing).explained(
        "A manifest in a folder with a kustomization is applied only if that lists it; a listed file that is not there\n\
         fails the whole build. List the manifest, or delete it. There is no fix: to list a file is to deploy it.",
    ),
    Rule::warning("KUS07", "a base that is fetched from elsewhere", remote).explained(
        "Flux fetches it anew for every build: what the cluster gets is not pinned by this repository, and the build\n\
         fails when the server does. Keep a copy; `kfleet generate` makes and locks one.",
    ),
    Rule::warning("KUS08", "a namespace that is set for a Namespace", renamed_namespace).explained(
        "`namespace:` of a kustomization also renames the Namespaces in it. Set namespaces in the manifests, or use a\n\
         NamespaceTransformer with `unsetOnly`.",
    ),
    Rule::warning("KUS09", "a value that readers take for something else", doubtful).explained(
        "Dates, `yes` and `no`, numbers with leading zeros and such are text for some readers of YAML and not for\n\
         others. Labels and annotations have to be text. Put them in quotes.",
    ),
    Rule::warning("KUS10", "a file that Flux does not take over", left_out).explained(
        "Flux drops symbolic links from its artifacts, and by default files such as images and archives. A kustomization\n\
         that lists one builds on your machine and fails in the cluster.",
    ),
    Rule::warning("KUS11", "text that a build changes", refolded).explained(
        "kustomize 5.8 and Flux write a folded text (`>`) that has a deeper line with one empty line more: the value that\n\
         the cluster gets is not that of the file. Write the text with `|`.",
    ),
    Rule::warning("KUS12", "a subject that follows the namespace", moved_subject).explained(
        "`namespace:` of a kustomization also changes the namespace of each subject that is the ServiceAccount `default`,\n\
         whichever namespace it names: the rights go to another account. Give that account a name of its own.",
    ),
];

const DEPRECATED: &[(&str, &str)] = &[
    ("bases", "list them under `resources`"),
    ("commonLabels", "write `labels`, with includeSelectors where selectors need them"),
    ("patchesStrategicMerge", "write `patches`"),
    ("patchesJson6902", "write `patches`"),
    ("vars", "write `replacements`"),
    ("imageTags", "write `images`"),
    ("helmChartInflationGenerator", "render the chart with `kfleet generate`"),
];

/// Fields, and whether each is a list.
const FIELDS: &[(&str, Option<bool>)] = &[
    ("apiVersion", Some(false)),
    ("kind", Some(false)),
    ("metadata", Some(false)),
    ("openapi", Some(false)),
    ("namePrefix", Some(false)),
    ("nameSuffix", Some(false)),
    ("namespace", Some(false)),
    ("commonLabels", Some(false)),
    ("labels", Some(true)),
    ("commonAnnotations", Some(false)),
    ("patchesStrategicMerge", Some(true)),
    ("patchesJson6902", Some(true)),
    ("patches", Some(true)),
    ("images", Some(true)),
    ("imageTags", Some(true)),
    ("replacements", Some(true)),
    ("replicas", Some(true)),
    ("vars", Some(true)),
    ("sortOptions", Some(false)),
    ("resources", Some(true)),
    ("components", Some(true)),
    ("crds", Some(true)),
    ("bases", Some(true)),
    ("configMapGenerator", Some(true)),
    ("secretGenerator", Some(true)),
    ("helmGlobals", Some(false)),
    ("helmCharts", Some(true)),
    ("helmChartInflationGenerator", Some(true)),
    ("generatorOptions", Some(false)),
    ("configurations", Some(true)),
    ("generators", Some(true)),
    ("transformers", Some(true)),
    ("validators", Some(true)),
    ("inventory", None),
    ("buildMetadata", Some(true)),
];

/// Endings that Flux leaves out by default.
const LEFT_OUT: [&str; 8] = ["jpg", "jpeg", "gif", "png", "wmv", "flv", "tar.gz", "zip"];
/// Names of files that Flux leaves out by default (source-controller's `sourceignore`).
const LEFT_OUT_NAMES: [&str; 3] = [".sops.yaml", ".flux.yaml", ".goreleaser.yml"];

fn deprecated(facts: &Facts<'_>, found: &mut Findings) {
    for kustomization in facts.kustomizations() {
        for (field, hint) in DEPRECATED {
            if kustomization.value().get(field).is_none() {
                continue;
            }
            let finding =
                found.add(kustomization.key_location(&[field]), format!("`{field}` is deprecated")).hint(*hint);
            if *field == "bases" {
                finding.fix(bases_to_resources(kustomization));
            }
        }
        for field in ["configMapGenerator", "secretGenerator"] {
            let entries = kustomization.value().get(field).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            for (number, _) in entries.iter().enumerate().filter(|(_, entry)| entry.get("env").is_some()) {
                let location = kustomization.key_location(&[field, &number.to_string(), "env"]);
                found.add(location, format!("`env` of {field} is deprecated")).hint("write `envs`, a list");
            }
        }
    }
}

/// Moves `bases` to `resources`, after what is there: the order in which kustomize reads them. Lists with comments inside
/// are left to people.
pub(super) fn bases_to_resources(kustomization: &Kustomization) -> Vec<Edit> {
    let list = |field: &str| kustomization.value().get(field).and_then(Value::as_array);
    let (Some(bases), Some(document)) = (list("bases"), kustomization.document()) else { return Vec::new() };
    if kustomization.has_comments(&["bases"]) {
        return Vec::new();
    }
    let moved: Value = list("resources").into_iter().chain([bases]).flatten().cloned().collect();
    let edit = |field: &str, action| Edit {
        file: kustomization.file.clone(),
        document: document.number,
        path: vec![field.to_owned()],
        action,
    };
    vec![edit("resources", Action::Set(moved.into())), edit("bases", Action::Remove)]
}

fn broken(facts: &Facts<'_>, found: &mut Findings) {
    for (file, content) in facts.manifests() {
        if let Some(problem) = content.problem(file) {
            found.add_problem(problem);
        }
        for finding in content.findings.iter().filter(|finding| finding.is_error) {
            found.add_problem(content.problem_of(file, finding));
        }
    }
    for kustomization in facts.kustomizations() {
        for name in kustomization.value().as_object().into_iter().flat_map(Map::keys) {
            field(kustomization, name, found);
        }
        for rival in &kustomization.rivals {
            found
                .add(Location::of_file(rival), format!("{} has another kustomization", kustomization.folder))
                .hint("keep one of them");
        }
        let mut seen = BTreeSet::new();
        for reference in &kustomization.references {
            match &reference.target {
                Target::Outside => {
                    let message = format!("`{}` leads out of the repository", reference.text);
                    found
                        .add(kustomization.location_of(reference), message)
                        .hint("Flux has nothing but the repository");
                }
                Target::File(file) if reference.is_resource() && !seen.insert(file) => {
                    found
                        .add(kustomization.location_of(reference), format!("{file} is listed twice"))
                        .hint("remove one entry");
                }
                Target::Folder(folder)
                    if reference.is_resource() && leads_back(facts, folder, &kustomization.folder) =>
                {
                    let message = format!("{folder} leads back to {}", kustomization.folder);
                    found.add(kustomization.location_of(reference), message).hint("break the circle");
                }
                _ => {}
            }
        }
    }
}

fn field(kustomization: &Kustomization, name: &str, found: &mut Findings) {
    // As Go decodes JSON, the case of letters does not count.
    let known = FIELDS.iter().find(|(field, _)| field.eq_ignore_ascii_case(name));
    let value = &kustomization.value()[name];
    match known {
        None => {
            let hint = match did_you_mean(name, FIELDS.iter().map(|(field, _)| *field)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "remove it: the build refuses it".to_owned(),
            };
            found.add(kustomization.key_location(&[name]), format!("kustomize knows no field `{name}`")).hint(hint);
        }
        Some((_, Some(is_list))) if !value.is_null() && *is_list != value.is_array() => {
            let what = if *is_list { "a list" } else { "no list" };
            found.add(kustomization.location(&[name]), format!("`{name}` has to be {what}"));
        }
        Some(_) => {}
    }
}

fn leads_back(facts: &Facts<'_>, from: &str, to: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut waiting = vec![from];
    while let Some(folder) = waiting.pop() {
        if folder == to {
            return true;
        }
        if let Some(kustomization) = facts.repository.kustomizations.get(folder).filter(|_| seen.insert(folder)) {
            waiting.extend(kustomization.references.iter().filter(|one| one.is_resource()).filter_map(|one| {
                match &one.target {
                    Target::Folder(folder) => Some(folder.as_str()),
                    _ => None,
                }
            }));
        }
    }
    false
}

fn listing(facts: &Facts<'_>, found: &mut Findings) {
    let mut listed = BTreeSet::new();
    for kustomization in facts.repository.kustomizations.iter() {
        for reference in &kustomization.references {
            match &reference.target {
                Target::File(file) => drop(listed.insert(file.as_str())),
                Target::Folder(folder) if facts.repository.kustomizations.get(folder).is_none() => {
                    listed.extend(facts.repository.files.below(folder).map(String::as_str));
                }
                _ => {}
            }
        }
    }
    for kustomization in facts.kustomizations() {
        for reference in &kustomization.references {
            if let Target::Missing(path) = &reference.target {
                let message = format!("there is no {path}");
                found.add(kustomization.location_of(reference), message).hint("repair the path, or remove the entry");
            }
        }
    }
    let paths = &facts.repository.paths;
    let applied: BTreeSet<&str> =
        facts.applied.iter().flat_map(|(_, one)| &one.reach.folders).map(String::as_str).collect();
    let tops = [paths.bases.as_str(), &paths.flavours, paths.top_of_clusters()];
    // What lies beside the files of an applied folder may have been forgotten.
    let beside = applied
        .iter()
        .filter(|_| facts.options.clusters.is_empty())
        .flat_map(|folder| facts.repository.files.below(folder));
    let files: BTreeSet<&str> = facts.files.iter().copied().chain(beside.map(String::as_str)).collect();
    for file in files.iter().filter(|file| !listed.contains(*file)) {
        let name = file.rsplit('/').next().unwrap_or(file);
        let Some(kustomization) = facts.repository.kustomizations.above(file) else { continue };
        let is_in_layout = tops.iter().any(|top| is_within(&kustomization.folder, top) && kustomization.folder != *top)
            || applied.contains(kustomization.folder.as_str());
        // What bootstrap has to list has a rule of its own.
        let is_sync =
            folder_of(file).ends_with("/flux-system") && (name.starts_with("gotk-") || name == "cluster-sync.yaml");
        let is_object = facts.repository.manifests.of_file(file).next().is_some();
        if NAMES.contains(&name) || !is_in_layout || is_sync || !is_object {
            continue;
        }
        if is_commented_out(facts, kustomization, file) {
            let message = format!("this manifest is commented out in {}", kustomization.file);
            found.add(Location::of_file(*file), message).severity(Severity::Info);
            continue;
        }
        let message = format!("no kustomization lists this manifest: {} does not", kustomization.file);
        found.add(Location::of_file(*file), message).hint("list it, or delete it");
    }
}

fn remote(facts: &Facts<'_>, found: &mut Findings) {
    for kustomization in facts.kustomizations() {
        for reference in kustomization.references.iter().filter(|reference| reference.target == Target::Remote) {
            let hint = "keep a copy in the repository: see kfleet generate";
            let (message, severity) = match is_pinned(&reference.text) {
                true => ("this is fetched from elsewhere for every build, though always the same", Severity::Info),
                false => ("this is fetched from elsewhere for every build", Severity::Warning),
            };
            found.add(kustomization.location_of(reference), message).hint(hint).severity(severity);
        }
    }
}

/// Whether a comment of a kustomization names a file.
fn is_commented_out(facts: &Facts<'_>, kustomization: &Kustomization, file: &str) -> bool {
    let text = facts.repository.files.texts.get(&kustomization.file).map(Vec::as_slice).unwrap_or_default();
    let name = file.strip_prefix(&kustomization.folder).unwrap_or(file).trim_start_matches('/');
    String::from_utf8_lossy(text).lines().any(|line| line.trim_start().starts_with('#') && line.contains(name))
}

/// Whether a URL names one version: a commit or a number of a release.
fn is_pinned(url: &str) -> bool {
    let is_version = |part: &str| {
        let digits = part.trim_start_matches(|first: char| first.is_ascii_alphabetic() || first == '-');
        digits.contains('.') && digits.split('.').take(2).all(|one| one.parse::<u32>().is_ok())
    };
    let is_commit = |part: &str| part.len() == 40 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let path = path.split_once("://").map_or(path, |(_, rest)| rest);
    let folders = path.split('/').skip(1);
    let of_query =
        query.split('&').filter_map(|pair| pair.split_once('=')).filter(|(key, _)| matches!(*key, "ref" | "version"));
    folders.chain(of_query.map(|(_, value)| value)).any(|part| is_version(part) || is_commit(part))
}

fn renamed_namespace(facts: &Facts<'_>, found: &mut Findings) {
    for kustomization in facts.kustomizations() {
        let Some(namespace) = kustomization.value().get("namespace").and_then(Value::as_str) else { continue };
        let reach = facts.repository.kustomizations.reach(&facts.repository.files, &kustomization.folder);
        let items = facts.repository.manifests.of_files(&reach.resources);
        let objects: Vec<Manifest<'_>> = items.collect();
        let namespaces: BTreeSet<&str> =
            objects.iter().filter(|object| object.is("", "Namespace")).map(|object| object.name()).collect();
        // A single one that no object is in is there to get the name.
        let is_meant = |name: &str| namespaces.len() > 1 || objects.iter().any(|object| object.namespace() == name);
        let other = objects
            .iter()
            .find(|object| object.is("", "Namespace") && object.name() != namespace && is_meant(object.name()));
        if let Some(other) = other {
            let message = format!("`namespace: {namespace}` also renames Namespace {}", other.name());
            found.add(kustomization.location(&["namespace"]), message).hint("set namespaces in the manifests");
        }
    }
}

fn refolded(facts: &Facts<'_>, found: &mut Findings) {
    for (file, content) in facts.manifests().filter(|(file, content)| content.manifests(file).next().is_some()) {
        for offset in content.uneven_folds() {
            let message = "a line of this folded text is deeper than the others: kustomize adds an empty line";
            found.add(content.location_of(file, offset), message).hint("write the text with `|`");
        }
    }
}

fn moved_subject(facts: &Facts<'_>, found: &mut Findings) {
    for kustomization in facts.kustomizations() {
        let Some(namespace) = kustomization.value().get("namespace").and_then(Value::as_str) else { continue };
        let reach = facts.repository.kustomizations.reach(&facts.repository.files, &kustomization.folder);
        let bindings = facts.repository.manifests.of_files(&reach.resources);
        for binding in bindings.filter(|object| matches!(object.kind(), "RoleBinding" | "ClusterRoleBinding")) {
            for (number, subject) in binding.list(&["subjects"]).iter().enumerate() {
                let text = |field: &str| subject.get(field).and_then(Value::as_str).unwrap_or_default();
                let other = text("namespace");
                if text("kind") == "ServiceAccount" && text("name") == "default" && !["", namespace].contains(&other) {
                    let location = binding.location(&["subjects", &number.to_string(), "namespace"]);
                    let message = format!(
                        "`namespace: {namespace}` of {} gives these rights to the account default of {namespace}, not of {other}",
                        kustomization.file
                    );
                    found.add(location, message).hint("name an account of its own, or move the binding elsewhere");
                }
            }
        }
    }
}

fn doubtful(facts: &Facts<'_>, found: &mut Findings) {
    for (file, content) in facts.manifests().filter(|(file, content)| content.manifests(file).next().is_some()) {
        for finding in content.findings.iter().filter(|finding| !finding.is_error) {
            if !is_mode(content.bytes(), finding.offset) {
                found.add_problem(content.problem_of(file, finding));
            }
        }
    }
    for object in &facts.objects {
        for field in ["labels", "annotations"] {
            let map = object.get(&["metadata", field]).and_then(Value::as_object);
            for (key, _) in map.into_iter().flatten().filter(|(_, value)| !value.is_string() && !value.is_null()) {
                let location = object.location(&["metadata", field, key]);
                found
                    .add(location, format!("{}: {field} have to be text: `{key}` is none", object.shown()))
                    .hint("put it in quotes");
            }
        }
    }
}

/// Whether a value is that of a field of file rights, where a leading zero means what its author thinks.
fn is_mode(text: &[u8], offset: usize) -> bool {
    let start = text[..offset].iter().rposition(|byte| b"\n,{".contains(byte)).map_or(0, |at| at + 1);
    let key = String::from_utf8_lossy(&text[start..offset]).to_lowercase();
    let key = key.trim_end().trim_end_matches(':').trim_matches([' ', '-', '"', '\'']);
    key.ends_with("mode")
}

fn is_left_out(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    LEFT_OUT_NAMES.contains(&name) || LEFT_OUT.iter().any(|ending| name.ends_with(&format!(".{ending}")))
}

/// Whether a `.sourceignore` or a source's `spec.ignore` says what is left out.
fn has_rules_of_its_own(facts: &Facts<'_>, file: &str) -> bool {
    let above = std::iter::successors(Some(folder_of(file)), |folder| (!folder.is_empty()).then(|| folder_of(folder)));
    let mut files = above
        .map(|folder| if folder.is_empty() { ".sourceignore".to_owned() } else { format!("{folder}/.sourceignore") });
    files.any(|file| facts.repository.files.has_file(&file))
        || facts.git_repositories().any(|(_, repository)| repository.ignore.is_some())
}

fn left_out(facts: &Facts<'_>, found: &mut Findings) {
    for kustomization in facts.kustomizations() {
        for reference in &kustomization.references {
            let Target::File(file) = &reference.target else { continue };
            let reason = match facts.repository.files.links.contains(file) {
                true => "is a symbolic link",
                false if is_left_out(file) && !has_rules_of_its_own(facts, file) => "is left out by default",
                false => continue,
            };
            let message = format!("{file} {reason}: it is not in Flux's artifact");
            found
                .add(kustomization.location_of(reference), message)
                .hint("keep a plain copy, or include it in .sourceignore");
        }
    }
}
