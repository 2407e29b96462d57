//! Which object goes to which path, and what has to change on its way. No file is looked at.

use super::gather::{Entry, Gathered};
use super::path::{PathError, PluralRule, canonical_path, case_folded, is_case_folded};
use super::scopes::{self, Remedy, ScopeSources};
use super::{Compatibility, Options, has_errors, sorted};
use crate::manifest::gvk::Gvk;
use crate::manifest::namespaces::{ANNOTATION, Targets};
use crate::manifest::scopes::{KindInfo, Scope, Scopes, Via};
use crate::problem::{Location, Problem, Severity};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Who wants to be written to a path.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Relative to the output folder.
    pub path: String,
    /// The object, by index; `None` for a Namespace that is made up.
    pub entry: Option<usize>,
    /// What changes in the object.
    pub edit: Edit,
    /// Others want the same path: the text is kept, to be compared.
    pub contested: bool,
}

impl Claim {
    /// A claim that nobody contests.
    pub fn new(path: String, entry: Option<usize>, edit: Edit) -> Claim {
        Claim { path, entry, edit, contested: false }
    }
}

/// What changes in an object on its way to a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Edit {
    /// Set `metadata.namespace`.
    pub namespace: Option<String>,
    /// Remove `metadata.namespace`.
    pub clear_namespace: bool,
    /// Remove the annotation `kfmt.dev/namespaces`.
    pub drop_annotation: bool,
    /// There is no object: write a Namespace of this name.
    pub made_up_namespace: Option<String>,
}

/// What there is to write, before it is rendered.
#[derive(Debug)]
pub struct Claimed {
    /// In the order of the objects, copies last.
    pub claims: Vec<Claim>,
    /// Warnings about objects and paths.
    pub warnings: Vec<Problem>,
    /// Remarks for the curious.
    pub notes: Vec<String>,
}

/// Works out which object wants which path.
///
/// # Errors
/// All problems, warnings included, in the order of the inputs.
pub fn claim(gathered: &Gathered, sources: &ScopeSources, options: &Options) -> Result<Claimed, Vec<Problem>> {
    let mut problems = gathered.problems.clone();
    problems.extend(scopes::near_misses(gathered, &options.filter));
    let scopes = sources.scopes(gathered, &mut problems);
    let remedy = sources.remedy;
    let mut planner = Planner { gathered, options, scopes: &scopes, remedy, problems, notes: gathered.notes.clone() };
    let resolved = planner.resolve();
    let mut claims = planner.claims(&resolved);
    planner.missing_namespaces(&resolved, &mut claims);
    mark_contested(&mut claims);
    planner.warn_about_case(&claims);
    let Planner { problems, notes, .. } = planner;
    if has_errors(&problems) { Err(sorted(problems)) } else { Ok(Claimed { claims, warnings: problems, notes }) }
}

fn error(location: &Location, message: impl Into<String>, hint: Option<String>) -> Problem {
    Problem { severity: Severity::Error, location: location.clone(), message: message.into(), hint }
}

/// An object with what is known about its kind.
struct Resolved<'a> {
    index: usize,
    entry: &'a Entry,
    info: KindInfo<'a>,
    /// The namespace it is in; empty for cluster-scoped objects.
    namespace: &'a str,
}

fn path_of(resolved: &Resolved<'_>, namespace: &str, plural: PluralRule) -> Result<String, PathError> {
    let object = &resolved.entry.object;
    canonical_path(&object.gvk, &resolved.info, namespace, object.name.as_deref().unwrap_or_default(), plural)
}

/// Marks the claims whose path has other claims too.
fn mark_contested(claims: &mut [Claim]) {
    let mut order: Vec<usize> = (0..claims.len()).collect();
    order.par_sort_unstable_by(|a, b| claims[*a].path.cmp(&claims[*b].path));
    for pair in order.windows(2) {
        if claims[pair[0]].path == claims[pair[1]].path {
            claims[pair[0]].contested = true;
            claims[pair[1]].contested = true;
        }
    }
}

struct Planner<'a> {
    gathered: &'a Gathered,
    options: &'a Options,
    scopes: &'a Scopes,
    remedy: Remedy,
    problems: Vec<Problem>,
    notes: Vec<String>,
}

impl<'a> Planner<'a> {
    /// Finds the scope of every object that is not filtered out.
    fn resolve(&mut self) -> Vec<Resolved<'a>> {
        let mut unknown: BTreeMap<Gvk, Vec<Location>> = BTreeMap::new();
        let mut guessed: BTreeSet<&Gvk> = BTreeSet::new();
        let mut resolved = Vec::with_capacity(self.gathered.entries.len());
        let (gathered, options, scopes) = (self.gathered, self.options, self.scopes);
        let mut known: HashMap<&Gvk, Option<KindInfo<'a>>> = HashMap::new();
        // Objects of one kind often stand together.
        let mut last: Option<(&Gvk, Option<KindInfo<'a>>)> = None;
        for (index, entry) in gathered.entries.iter().enumerate() {
            let gvk = &entry.object.gvk;
            if scopes::is_filtered(gvk, &options.filter) {
                continue;
            }
            let found = match &last {
                Some((same, info)) if *same == gvk => info.clone(),
                _ => known.entry(gvk).or_insert_with(|| scopes.lookup(gvk)).clone(),
            };
            last = Some((gvk, found.clone()));
            let Some(info) = found else {
                unknown.entry(gvk.clone()).or_default().push(entry.location.clone());
                continue;
            };
            if !info.exact && info.via != Via::Flag && guessed.insert(gvk) {
                self.notes
                    .push(format!("{gvk}: this version is not known; it has the scope of the kind's other versions"));
            }
            let namespace = match info.scope {
                Scope::Cluster => "",
                Scope::Namespaced => entry.object.namespace.as_deref().unwrap_or(&options.namespace),
            };
            resolved.push(Resolved { index, entry, info, namespace });
        }
        self.problems.extend(scopes::unknown_kinds(&unknown, self.remedy));
        resolved
    }

    /// Names of all Namespace documents, and all namespaces that objects are in.
    fn known_namespaces(&self, resolved: &[Resolved<'_>]) -> BTreeSet<String> {
        let declared = self.gathered.entries.iter().filter(|entry| &*entry.object.gvk.kind == "Namespace");
        let declared = declared.filter_map(|entry| entry.object.name.clone());
        let used = resolved.iter().filter(|object| object.info.scope == Scope::Namespaced);
        declared.chain(used.map(|object| object.namespace.to_owned())).collect()
    }

    /// Works out which objects want which path.
    fn claims(&mut self, resolved: &[Resolved<'a>]) -> Vec<Claim> {
        let is_copied = resolved.iter().any(|object| object.entry.object.namespaces.is_some());
        let known = if is_copied { self.known_namespaces(resolved) } else { BTreeSet::new() };
        let plural = self.options.plural;
        let paths: Vec<Result<String, PathError>> =
            resolved.par_iter().map(|object| path_of(object, object.namespace, plural)).collect();
        let mut claims = Vec::with_capacity(resolved.len());
        let mut copied: Vec<(&Resolved<'a>, Targets<'_>)> = Vec::new();
        for (object, path) in resolved.iter().zip(paths) {
            let annotation = object.entry.object.namespaces.as_deref();
            let mut keeps_own = true;
            let mut edit = self.edit(object);
            if let (Scope::Namespaced, Some(value)) = (object.info.scope, annotation) {
                match Targets::parse(value, object.namespace, &known) {
                    Ok(targets) => {
                        keeps_own = targets.keeps_own();
                        edit.drop_annotation = true;
                        copied.push((object, targets));
                    }
                    Err(errors) => {
                        let hint =
                            format!("name known namespaces in {ANNOTATION}, `*` for all, `-name` to leave one out");
                        for message in errors {
                            self.problems.push(error(&object.entry.location, message.to_string(), Some(hint.clone())));
                        }
                        continue;
                    }
                }
            }
            if let Some(path) = self.usable(object, path)
                && keeps_own
            {
                claims.push(Claim::new(path, Some(object.index), edit));
            }
        }
        if copied.is_empty() {
            return claims;
        }
        let originals: HashSet<&str> = claims.iter().map(|claim| claim.path.as_str()).collect();
        let mut copies = Vec::new();
        for (object, targets) in copied {
            for namespace in targets.copies() {
                if let Some(path) = self.usable(object, path_of(object, namespace, plural))
                    && !originals.contains(path.as_str())
                {
                    let edit = Edit { namespace: Some(namespace.to_owned()), drop_annotation: true, ..Edit::default() };
                    copies.push(Claim::new(path, Some(object.index), edit));
                }
            }
        }
        claims.append(&mut copies);
        claims
    }

    /// What changes in the original of an object.
    fn edit(&mut self, resolved: &Resolved<'_>) -> Edit {
        let object = &resolved.entry.object;
        let mut edit = Edit::default();
        match resolved.info.scope {
            Scope::Namespaced if object.namespace.is_none() => edit.namespace = Some(resolved.namespace.to_owned()),
            Scope::Cluster if object.has_namespace && self.options.clean => edit.clear_namespace = true,
            Scope::Cluster if object.has_namespace && self.options.strict => {
                let message =
                    format!("metadata.namespace field should not be set for cluster-scoped resource: {}", object.gvk);
                let hint = Some("remove it, or let --clean remove it".to_owned());
                self.problems.push(error(&resolved.entry.location, message, hint));
            }
            _ => {}
        }
        edit
    }

    /// The path, unless there is something wrong with it.
    fn usable(&mut self, resolved: &Resolved<'_>, path: Result<String, PathError>) -> Option<String> {
        path.map_err(|reason| {
            let object = &resolved.entry.object;
            let mut message = format!("failed to get output file for {}: {reason}", object.gvk);
            let is_nameless = object.name.as_deref().unwrap_or_default().is_empty();
            let mut hint = is_nameless.then(|| "every manifest needs metadata.name".to_owned());
            if object.generates_name && self.options.compatibility == Compatibility::Kfleet {
                message = format!("this {} has a generateName: the layout needs a name", object.gvk.kind);
                let other =
                    "name it by metadata.name, or leave it out with --exclude: it is made anew each time it is applied";
                hint = Some(other.to_owned());
            }
            self.problems.push(error(&resolved.entry.location, message, hint));
        })
        .ok()
    }

    /// Adds a Namespace for every known namespace that has none, when that is asked for.
    fn missing_namespaces(&mut self, resolved: &[Resolved<'_>], claims: &mut Vec<Claim>) {
        if !self.options.create_missing_namespaces {
            return;
        }
        let gvk = Gvk::new("", "v1", "Namespace");
        let Some(info) = self.scopes.lookup(&gvk) else { return };
        let claimed: HashSet<String> = claims.iter().map(|claim| claim.path.clone()).collect();
        for name in self.known_namespaces(resolved) {
            match canonical_path(&gvk, &info, "", &name, PluralRule::True) {
                Ok(path) if claimed.contains(&path) => {}
                Ok(path) => {
                    claims.push(Claim::new(path, None, Edit { made_up_namespace: Some(name), ..Edit::default() }));
                }
                Err(reason) => {
                    let location = Location::of_file(format!("namespace {name}"));
                    self.problems.push(error(&location, format!("failed to get output file: {reason}"), None));
                }
            }
        }
    }

    /// Paths that are one file where upper and lower case are the same.
    fn warn_about_case(&mut self, claims: &[Claim]) {
        // Where every path is its own folded form, only equal paths meet.
        if claims.iter().all(|claim| is_case_folded(&claim.path)) {
            return;
        }
        let paths: BTreeSet<&str> = claims.iter().map(|claim| claim.path.as_str()).collect();
        let mut folded: BTreeMap<String, &str> = BTreeMap::new();
        for path in paths {
            if let Some(other) = folded.insert(case_folded(path), path) {
                let location = Location::of_file(self.options.shown(path));
                let message = format!("differs from {} only in case", self.options.shown(other));
                let hint = "file systems that ignore case (macOS, Windows) can hold only one of the two";
                self.problems.push(Problem::warning(location, message).with_hint(hint));
            }
        }
    }
}
