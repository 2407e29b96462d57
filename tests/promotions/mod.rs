//! Made-up fleets, and what must hold when one of their clusters is promoted: only the pin and the path change, all
//! comments stay, a second promotion has nothing to do. An independent parser is the judge.
#![allow(unreachable_pub, reason = "one program has all of it")]

mod fleets;
mod writer;

use crate::oracle::tree::{Step, Tree};
use fleets::Fleet;
use kfleet::fleet::clusters::Clusters;
use kfleet::git::LocalClone;
use kfleet::ops::promote::{self, Options, Plan};
use kfleet::problem::Problem;
use kfleet::yaml::input::Text;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use writer::Choices;

/// A clone with a few commits of one branch: the pins that fleets have, and go to.
pub struct History {
    clone: LocalClone,
    /// Its commits, oldest first.
    pub commits: Vec<String>,
    _folder: tempfile::TempDir,
}

/// The files of a repository, by path.
pub type Files = BTreeMap<String, Vec<u8>>;

/// What became of a promotion.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    Changed,
    /// The destination has the commit already.
    Unchanged,
    Refused(String),
}

impl History {
    pub fn new() -> History {
        let folder = tempfile::tempdir().expect("a folder");
        let repository = git2::Repository::init(folder.path()).expect("a repository");
        let mut commits = Vec::new();
        for number in 0..4 {
            let flavours = fleets::FLAVOURS.map(|flavour| format!("flavours/{flavour}"));
            for applied in flavours.iter().map(String::as_str).chain(["overlays/staging"]) {
                let file = folder.path().join(format!("config/{applied}/kustomization.yaml"));
                fs::create_dir_all(file.parent().expect("a parent")).expect("a folder");
                fs::write(file, format!("resources: [] # {number}\n")).expect("written");
            }
            commits.push(commit(&repository, commits.last(), number));
        }
        let clone = LocalClone::open(Path::new(folder.path())).expect("a clone");
        History { clone, commits, _folder: folder }
    }

    fn plan(&self, files: &Files, fleet: &Fleet) -> Result<Plan, Vec<Problem>> {
        let mut tree = kfleet::tree::Tree::default();
        files.iter().for_each(|(path, bytes)| drop(tree.insert(path.clone(), bytes.clone())));
        let all = Clusters::from_tree(tree);
        let from = all.find("development").expect("the source is there");
        let source = promote::candidate_of(&all, &self.clone, from, None).map_err(|error| {
            let location = kfleet::problem::Location { file: "clusters/".to_owned(), line: 0, column: 0 };
            let message = error.to_string();
            vec![Problem { severity: kfleet::problem::Severity::Error, location, message, hint: error.hint }]
        })?;
        let destinations = vec!["staging".to_owned()];
        let Fleet { with_patches, with_path, .. } = *fleet;
        let options = Options { destinations, with_patches, with_path, ..Options::default() };
        promote::plan(&all, &self.clone, Some(from), source, &options)
    }

    /// Promotes development to staging in the fleet that these bytes choose.
    pub fn check(&self, bytes: &[u8]) -> Outcome {
        let fleet = Fleet::new(&mut Choices::new(bytes), &self.commits);
        let plan = match self.plan(&fleet.files, &fleet) {
            Ok(plan) => plan,
            Err(problems) => return refused(&problems),
        };
        let promotion = &plan.promotions[0];
        let mut after = fleet.files.clone();
        for file in &promotion.files {
            assert_ne!(fleet.files.get(&file.path), Some(&file.text), "{} is written as it was", file.path);
            after.insert(file.path.clone(), file.text.clone());
        }
        for (path, text) in &after {
            let before = fleet.before(path);
            if before != Some(text) {
                check_file(&fleet, path, before.map_or(&[][..], Vec::as_slice), text, &promotion.to);
            }
        }
        // Everything that had to be written was.
        let again = self.plan(&after, &fleet);
        let again = again.unwrap_or_else(|problems| panic!("the second is refused: {problems:?}\n{}", shown(&after)));
        assert!(!again.changes(), "the second is not a no-op:\n{}\n{:?}", shown(&after), again.promotions);
        assert_eq!(again.promotions[0].from.as_deref(), Some(promotion.to.as_str()), "{}", shown(&after));
        assert!(!fleet.must_change() || promotion.changes(), "nothing was written:\n{}", shown(&fleet.files));
        if promotion.changes() { Outcome::Changed } else { Outcome::Unchanged }
    }
}

fn commit(repository: &git2::Repository, parent: Option<&String>, number: i64) -> String {
    let mut index = repository.index().expect("an index");
    index.add_all(["*"], git2::IndexAddOption::DEFAULT, None).expect("added");
    index.write().expect("written");
    let tree = repository.find_tree(index.write_tree().expect("a tree")).expect("a tree");
    let parent = parent.map(|id| git2::Oid::from_str(id).and_then(|id| repository.find_commit(id)).expect("a parent"));
    let time = git2::Time::new(1_700_000_000 + number * 60, 0);
    let who = git2::Signature::new("P", "p@example.org", &time).expect("a person");
    let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
    let id = repository.commit(Some("refs/heads/main"), &who, &who, "A change", &tree, &parents).expect("a commit");
    repository.set_head("refs/heads/main").expect("a head");
    id.to_string()
}

/// Reasons are for people: they have a place, and are not errors of kfleet's own.
fn refused(problems: &[Problem]) -> Outcome {
    let [problem] = problems else { panic!("{} reasons: {problems:?}", problems.len()) };
    assert!(problem.location.file.starts_with("clusters/"), "{problem:?}");
    assert!(!problem.message.contains("internal error"), "{problem:?}");
    Outcome::Refused(problem.message.clone())
}

fn shown(files: &Files) -> String {
    let shown = files.iter().filter(|(path, _)| path.starts_with("clusters/"));
    shown.map(|(path, text)| format!("=== {path}\n{}\n", String::from_utf8_lossy(text))).collect()
}

/// What the independent parser reads.
fn read(bytes: &[u8]) -> Option<Tree> {
    let text = Text::new(bytes).ok()?;
    if text.json {
        // Objects of JSON after each other are YAML with markers between them.
        let documents = text.documents();
        let objects = documents.iter().map(|span| String::from_utf8_lossy(&text.bytes[span.body..span.end]));
        return Tree::read(&objects.collect::<Vec<_>>().join("\n---\n"));
    }
    let source = std::str::from_utf8(&text.bytes).ok()?;
    let source = if text.cut { source.strip_suffix('\n').unwrap_or(source) } else { source };
    Tree::read(source)
}

/// A file that was written has the values of the old one with exactly the change, its comments, and nearly all lines.
fn check_file(fleet: &Fleet, path: &str, before: &[u8], after: &[u8], commit: &str) {
    let shown =
        || format!("{path}\n{}\n=== after\n{}", String::from_utf8_lossy(before), String::from_utf8_lossy(after));
    let old = read(before).unwrap_or_else(|| panic!("the file is not YAML: {}", shown()));
    let new = read(after).unwrap_or_else(|| panic!("the result is not YAML: {}", shown()));
    let mut expected = old.clone();
    let mut removed = false;
    for document in 0..old.documents.len() {
        let root = old.documents[document];
        for prefix in old.objects(root) {
            let object = old.at(root, &prefix).expect("an object");
            let text = |keys: &[&str]| {
                let steps: Vec<Step> = keys.iter().map(|key| Step::Key((*key).to_owned())).collect();
                old.at(object, &steps).and_then(|node| old.text_of(node))
            };
            let field = |keys: &[&str]| -> Vec<Step> {
                prefix.iter().cloned().chain(keys.iter().map(|key| Step::Key((*key).to_owned()))).collect()
            };
            let (kind, name) = (text(&["kind"]), text(&["metadata", "name"]));
            match (kind.as_deref(), name.as_deref()) {
                (Some("GitRepository"), Some("cluster")) => {
                    for (key, value) in [("branch", "main"), ("commit", commit)] {
                        let value = expected.add_text(value);
                        let path = field(&["spec", "ref", key]);
                        expected.set(document, &path, Some("branch"), value).expect("the pin has a place");
                    }
                }
                (Some("Kustomization"), Some("cluster")) => {
                    if let Some(path) = fleet.new_path() {
                        let value = expected.add_text(path);
                        expected.set(document, &field(&["spec", "path"]), None, value).expect("the path has a place");
                    }
                    if fleet.is_first && !fleet.with_patches {
                        removed |= expected.remove(document, &field(&["spec", "patches"])).is_some();
                    }
                }
                _ => {}
            }
        }
    }
    if path.ends_with("kustomization.yaml") {
        let name = expected.add_text("cluster-sync.yaml");
        expected.append(0, &[Step::Key("resources".to_owned())], name).expect("a list of resources");
    }
    let (wanted, found) = (expected.values(), new.values());
    let difference = wanted.iter().zip(&found).find(|(wanted, found)| wanted != found);
    assert!(wanted == found, "other values: {difference:?}\n{}", shown());
    if removed {
        let mut rest = old.comments.iter();
        assert!(new.comments.iter().all(|comment| rest.any(|old| old == comment)), "comments moved: {}", shown());
    } else {
        assert_eq!(old.comments, new.comments, "comments changed: {}", shown());
        let lines = |bytes: &[u8]| bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>();
        let (mut left, mut changed) = (lines(after), 0);
        for line in lines(before) {
            match left.iter().position(|other| *other == line) {
                Some(at) => drop(left.remove(at)),
                None => changed += 1,
            }
        }
        // The branch, the commit and the path, which may have been block text; nothing but a missing line break at the
        // end of the file besides.
        assert!(changed <= 7 && left.len() <= 7, "{changed} lines changed: {}", shown());
    }
}
