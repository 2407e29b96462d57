//! An addon: what came of its sources becomes its base and its entry in the lock. All of it is pure; who reads, fetches and
//! writes is no matter of this module.

mod base;
pub mod kustomization;
mod lock;
mod values;
mod wanted;

pub use lock::{is_as_written, is_locked};
pub use wanted::Wanted;

use self::kustomization::{is_generated, is_ours};
use self::values::substitute_all;
use crate::fleet::file::FleetFile;
use crate::fleet::lock::{Lock, LockedAddon};
use crate::layout::{Action, FileAction, changes};
use crate::problem::Problem;
use crate::source::{Asked, Content, Held, Material, requests};
use crate::tree::Tree;

/// Plans an addon of a repository that is a value, such as one that is yet to be written. Sources from outside, and charts,
/// are not there.
pub fn plan_in_memory(repository: &Tree, file: &FleetFile, name: &str, problems: &mut Vec<Problem>) -> Option<Planned> {
    let addon = file.fleet.addons.get(name)?;
    let requests = requests(&addon.sources, &addon.owner(name)).ok()?;
    let mut held: Vec<Held> = requests.iter().map(|request| Held::of_tree(repository, request)).collect();
    let contents = held.iter_mut().map(|held| held.content.take()).collect();
    let folder = format!("{}/{name}/", file.fleet.paths.bases);
    let base = repository.iter();
    let base = base.filter_map(|(path, bytes)| Some((path.strip_prefix(&folder)?.to_owned(), bytes.clone()))).collect();
    let wanted = Wanted { name: name.to_owned(), requests, held, update: false, base, up_to_date: false };
    plan(file, &Lock::default(), wanted, contents, problems)
}

#[derive(Debug)]
pub struct AddonPlan {
    pub name: String,
    pub version: Option<String>,
    /// The files that change, with their paths in the repository.
    pub files: Vec<FileAction>,
    /// How many objects there are afterwards.
    pub objects: usize,
    /// The new files of the base; `None` where nothing changes.
    pub tree: Option<Tree>,
}

impl AddonPlan {
    pub fn changes(&self) -> bool {
        !self.files.is_empty()
    }

    /// Whether no object is added, changed or removed.
    pub fn objects_stay(&self) -> bool {
        [Action::Create, Action::Update, Action::Remove].iter().all(|action| self.count(*action) == 0)
    }

    /// How many objects are added, changed or removed.
    pub fn count(&self, action: Action) -> usize {
        self.files.iter().filter(|file| file.action == action && !file.path.ends_with("/kustomization.yaml")).count()
    }
}

/// What becomes of an addon, and of its entry in the lock.
pub type Planned = (AddonPlan, LockedAddon);

/// Plans an addon, of whose sources these contents came; nothing where something is wrong. What is wrong, or doubtful, goes
/// to `problems`; what could not be had is there already.
pub fn plan(
    file: &FleetFile,
    lock: &Lock,
    wanted: Wanted,
    contents: Vec<Option<Content>>,
    problems: &mut Vec<Problem>,
) -> Option<Planned> {
    let addon = file.fleet.addons.get(&wanted.name)?;
    let version = addon.version.clone();
    let name = wanted.name.clone();
    if wanted.up_to_date {
        let objects = wanted.base.keys().filter(|path| is_generated(path)).count();
        let entry = lock.addons.get(&name)?.clone();
        return Some((AddonPlan { name, version, files: Vec::new(), objects, tree: None }, entry));
    }
    // What could not be fetched or rendered is among the problems already.
    let contents: Vec<Content> = contents.into_iter().collect::<Option<_>>()?;
    if contents.iter().any(|content| matches!(content.material, Material::Chart(_))) {
        return None;
    }
    for (request, content) in wanted.requests.iter().zip(&contents) {
        if let Asked::Remote(asked) = &request.asked
            && let Some(known) = lock.source(&name, asked).filter(|known| known.sha256 != content.came.sha256)
            && !wanted.update
        {
            let location = file.source_location(&name, request.index);
            let message = format!(
                "other content than the locked one came from {}: locked sha256 {}, now {}",
                asked.shown(),
                known.sha256,
                content.came.sha256
            );
            let hint = format!("find out why it changed; take it over with `kfleet generate --update {name}`");
            problems.push(Problem::error(location, message).with_hint(hint));
        }
    }
    if !problems.is_empty() {
        return None;
    }
    let folder = format!("{}/{name}", file.fleet.paths.bases);
    let existing = wanted.base.get("kustomization.yaml").map(Vec::as_slice);
    let mut came = Vec::with_capacity(contents.len());
    let mut texts = Vec::with_capacity(contents.len());
    for content in contents {
        let Material::Texts(found) = content.material else { return None };
        texts.push(found);
        came.push(content.came);
    }
    // The digests stay those of what was read.
    if let Some(values) = &addon.substitute {
        texts = substitute_all(file, &name, values, texts, problems)?;
    }
    let tree = match base::render(&folder, addon, texts, existing, problems) {
        Ok(tree) => tree,
        Err(found) => {
            problems.extend(found);
            return None;
        }
    };
    let entry = lock::entry(addon, &wanted, came, &tree);
    let files = changes(&folder, &wanted.base, &tree, is_ours);
    let objects = tree.len() - 1;
    let tree = (!files.is_empty()).then_some(tree);
    Some((AddonPlan { name, version, files, objects, tree }, entry))
}
