//! The first sync of a cluster: that of the source, pinned, without what is the source's own.

use super::destination::{Job, usable, verify_clean, verify_commit, verify_path};
use super::{File, Promotion};
use crate::diff::unified;
use crate::fleet::clusters::{Cluster, Clusters};
use crate::fleet::select_sync::main_pair;
use crate::git::LocalClone;
use crate::manifest::findings::refusal_problem;
use crate::path::is_within;
use crate::problem::{Location, Problem, Severity};
use crate::yaml::splice::{self, Change, New, Step};

/// Fields of a Kustomization that make one cluster different from others.
const PATCHES: [&str; 3] = ["patches", "patchesJson6902", "patchesStrategicMerge"];

/// Plans the sync of a cluster that has none.
pub(super) fn plan(job: &Job<'_>, from: &Cluster, cluster: &Cluster) -> Result<Promotion, Problem> {
    let Job { all, clone, source, options, .. } = *job;
    let refuse = |file: &str, message: String, hint: &str| {
        let location = Location { file: file.to_owned(), line: 0, column: 0 };
        Err(Problem { severity: Severity::Error, location, message, hint: Some(hint.to_owned()) })
    };
    let Ok(theirs) = main_pair(all, from) else {
        return refuse(&from.folder, format!("{} has no sync to begin with", from.name), "promote another cluster");
    };
    let repository = usable(theirs)?;
    let kustomization = &theirs.kustomization;
    let file = &kustomization.origin.file;
    let objects = all.repository.manifests.of_file(file).count();
    if repository.origin.file != *file || objects != 2 {
        let message = format!("the sync of {} is not a file of its own", from.name);
        return refuse(file, message, "copy it by hand, then promote");
    }
    let Some(branch) =
        repository.reference.branch.as_ref().map(|branch| branch.value.as_str()).or(source.branch.as_deref())
    else {
        return refuse(
            file,
            "no branch is known to hold the pin".to_owned(),
            "write the tracked branch into ref.branch",
        );
    };
    let path = kustomization.path.as_ref().map_or("", |path| path.value.as_str());
    verify_commit(clone, source, branch, &repository.origin.location)?;
    verify_path(clone, source, path, &kustomization.origin.location)?;
    let relative = file.strip_prefix(&format!("{}/", from.folder)).unwrap_or(file);
    let target = format!("{}/{relative}", cluster.folder);
    if all.repository.files.has_file(&target) {
        return refuse(
            &target,
            "there is a file of this name already, without a sync".to_owned(),
            "remove or complete it",
        );
    }
    verify_clean(clone, &target)?;

    let key = |path: &[&'static str]| path.iter().map(|key| Step::Key(key)).collect::<Vec<_>>();
    let mut changes = vec![
        (repository.origin.document, Change::set(&key(&["spec", "ref", "branch"]), branch)),
        (
            repository.origin.document,
            Change::Set {
                path: key(&["spec", "ref", "commit"]),
                value: New::Text(&source.commit.commit),
                after: Some("branch"),
            },
        ),
    ];
    let mut notes = vec![format!("{} had no sync: it gets that of {}", cluster.name, from.name)];
    let patches = kustomization.patches.len();
    match (patches, options.with_patches) {
        (0, _) => {}
        (count, true) => notes.push(format!("with its {count} patches")),
        (count, false) => {
            notes.push(format!("without its {count} patches: write this cluster's own, or use --with-patches"));
            let gone = PATCHES
                .iter()
                .map(|field| Change::Remove { path: vec![Step::Key("spec"), Step::Key(field)], comments: true });
            changes.extend(gone.map(|change| (kustomization.origin.document, change)));
        }
    }
    let before = all.repository.files.texts.get(file).map(Vec::as_slice).unwrap_or_default();
    let text = splice::edit(before, &changes).map_err(|refused| refusal_problem(file, &refused))?;
    let mut files = vec![File { diff: unified(&target, b"", &text), path: target.clone(), text }];
    files.extend(listed(all, clone, &target, &cluster.folder)?);
    Ok(Promotion {
        cluster: cluster.name.clone(),
        from: None,
        to: source.commit.commit.clone(),
        path: None,
        commits: None,
        is_older: false,
        is_split: false,
        between: Vec::new(),
        changed_files: Vec::new(),
        files,
        notes,
    })
}

/// The kustomization that is nearest to a new file, with the file among its resources, where there is one that lacks it.
/// Above the folder of the cluster none is looked for.
pub(super) fn listed(all: &Clusters, clone: &LocalClone, target: &str, cluster: &str) -> Result<Option<File>, Problem> {
    let overlay = all.repository.kustomizations.above(target).filter(|above| is_within(&above.folder, cluster));
    let Some(overlay) = overlay else { return Ok(None) };
    let name = target.strip_prefix(&format!("{}/", overlay.folder)).unwrap_or(target);
    let known = overlay.references.iter().map(|reference| reference.text.trim_start_matches("./"));
    if known.into_iter().any(|text| text == name) {
        return Ok(None);
    }
    let Some(before) = all.repository.files.texts.get(&overlay.file) else { return Ok(None) };
    verify_clean(clone, &overlay.file)?;
    let append = Change::Append { path: vec![Step::Key("resources")], value: New::Text(name) };
    let number = overlay.document().map_or(0, |document| document.number);
    let text = splice::edit(before, &[(number, append)]).map_err(|refused| refusal_problem(&overlay.file, &refused))?;
    Ok(Some(File { diff: unified(&overlay.file, before, &text), path: overlay.file.clone(), text }))
}
