//! The files of a new repository: written by hand in `scaffold/`, with a few words to be filled in, and the bases that
//! `kfleet generate` makes of them.

use crate::addon;
use crate::error::{Error, ErrorKind, Result};
use crate::fleet::file::{FLEET_FILE, FleetFile};
use crate::fleet::lock::{LOCK_FILE, Lock};
use crate::fleet::schema::schema_of;
use crate::fleet::types::Fleet;
use crate::git;
use crate::layout::has_errors;
use crate::names::as_pattern;
use crate::problem::Problem;
use crate::tree::Tree;
use crate::yaml::scalar;

/// The repository's URL where none is known.
pub const PLACEHOLDER_URL: &str = "https://git.example.org/team/fleet";

/// The JSON Schema of the fleet file lies in the repository itself, so that editors need no network and get the one that
/// fits.
pub const SCHEMA_FILE: &str = ".kfleet/fleet.schema.json";

const FLEET: &str = include_str!("scaffold/fleet.yaml");
const GOTK_SYNC: &str = include_str!("scaffold/gotk-sync.yaml");
const CLUSTER_SYNC: &str = include_str!("scaffold/cluster-sync.yaml");
const REPLICAS_PATCH: &str = include_str!("scaffold/replicas-patch.yaml");
const SYNC_KUSTOMIZATION: &str = include_str!("scaffold/sync-kustomization.yaml");

/// The files that are the same for all clusters.
const FILES: [(&str, &str); 8] = [
    ("README.md", include_str!("scaffold/README.md")),
    (".lighthouse/triggers.yaml", include_str!("scaffold/triggers.yaml")),
    (".lighthouse/pr.yaml", include_str!("scaffold/pr.yaml")),
    (".lighthouse/release.yaml", include_str!("scaffold/release.yaml")),
    ("config/flavours/management/kustomization.yaml", include_str!("scaffold/flavour-management.yaml")),
    ("config/flavours/workload/kustomization.yaml", include_str!("scaffold/flavour-workload.yaml")),
    ("config/manifests/network-policies.yaml", include_str!("scaffold/network-policies.yaml")),
    ("config/manifests/podinfo.yaml", include_str!("scaffold/podinfo.yaml")),
];

/// The short names of commands, for `just` or for `make`.
const JUSTFILE: (&str, &str) = ("justfile", include_str!("scaffold/justfile"));
const MAKEFILE: (&str, &str) = ("Makefile", include_str!("scaffold/Makefile"));

/// What the sync of a cluster begins with: one that is pinned, and one that follows the branch.
const OF_PIN: &str = "# The pin: what the cluster runs is taken from one commit. `kfleet promote` moves it.\n";
const OF_BRANCH: &str = "# What is merged runs here first: this cluster follows the branch, without a pin.\n";

/// How many replicas of the example the clusters run: enough to see that they differ.
const REPLICAS: [(&str, &str); 3] = [("development", "1"), ("staging", "2"), ("production", "3")];

/// What the caller decides about a new repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The URL that clusters fetch from.
    pub url: String,
    /// The branch that is the truth.
    pub branch: String,
    /// A Makefile in place of a justfile.
    pub make: bool,
}

/// A new repository, complete but for its commits.
#[derive(Debug)]
pub struct Plan {
    pub options: Options,
    pub fleet: FleetFile,
    /// All of its files; the clusters follow the branch.
    pub files: Tree,
}

/// Makes the files of a new repository.
///
/// # Errors
/// The URL or the branch cannot be used ([`ErrorKind::Usage`]).
pub fn plan(options: &Options) -> Result<Plan> {
    let usage = |message: String| Error::new(ErrorKind::Usage, message);
    if !git::is_branch(&options.branch) {
        return Err(usage(format!("git accepts no branch of the name {}", options.branch.escape_debug())));
    }
    // It also stands in prose.
    if options.url.contains(|c: char| c.is_control() || c.is_whitespace() || c == '`') {
        return Err(usage("the URL has characters that do not belong in one".to_owned()));
    }
    let words = Words::new(options);
    let text = words.fill(FLEET);
    let fleet = FleetFile::read(FLEET_FILE, text.as_bytes()).map_err(|problems| {
        let first = problems.into_iter().next();
        let error = usage(first.as_ref().map(|problem| problem.message.clone()).unwrap_or_default());
        Error { hint: first.and_then(|problem| problem.hint), ..error }
    })?;
    let targets = if options.make { MAKEFILE } else { JUSTFILE };
    let mut files: Tree = FILES.iter().chain([&targets]).map(|(path, text)| (*path, words.fill(text))).collect();
    files.insert(FLEET_FILE.to_owned(), text.into_bytes());
    files.insert(SCHEMA_FILE.to_owned(), schema_text());
    let mut plan = Plan { options: options.clone(), fleet, files };
    let generated = plan.generated().map_err(|problems| {
        let message = problems.into_iter().next().map(|problem| problem.message).unwrap_or_default();
        Error::new(ErrorKind::Failed, format!("internal error: the examples cannot be generated: {message}"))
    })?;
    let syncs = plan.syncs(None);
    plan.files.extend(generated.iter().chain(syncs.iter()).map(|(path, bytes)| (path.clone(), bytes.clone())));
    Ok(plan)
}

/// The JSON Schema of the fleet file.
pub fn schema_text() -> Vec<u8> {
    format!("{:#}\n", schema_of::<Fleet>()).into_bytes()
}

impl Plan {
    /// All files, with the clusters pinned to a commit, but for those where promotion begins: they follow the branch.
    pub fn pinned(&self, commit: &str) -> Tree {
        let mut files = self.files.clone();
        files.extend(self.syncs(Some(commit)).iter().map(|(path, bytes)| (path.clone(), bytes.clone())));
        files
    }

    /// The bases, and the lock.
    fn generated(&self) -> std::result::Result<Tree, Vec<Problem>> {
        let (mut files, mut lock, mut problems) = (Tree::default(), Lock::default(), Vec::new());
        for name in self.fleet.fleet.addons.keys() {
            let Some((planned, entry)) = addon::plan_in_memory(&self.files, &self.fleet, name, &mut problems) else {
                continue;
            };
            for (path, bytes) in planned.tree.iter().flat_map(|tree| tree.iter()) {
                files.insert(format!("{}/{name}/{path}", self.fleet.fleet.paths.bases), bytes.clone());
            }
            lock.addons.insert(planned.name, entry);
        }
        if has_errors(&problems) {
            return Err(problems);
        }
        files.insert(LOCK_FILE.to_owned(), lock.render());
        Ok(files)
    }

    /// What Flux reads in each cluster.
    fn syncs(&self, commit: Option<&str>) -> Tree {
        let mut files = Tree::default();
        for (name, cluster) in &self.fleet.fleet.clusters {
            let mut words = Words::new(&self.options);
            words.add("CLUSTER", name);
            words.add("FLAVOUR", cluster.flavour.as_deref().unwrap_or_default());
            let mut sync = CLUSTER_SYNC.to_owned();
            let follows = self.fleet.fleet.promotion.first().is_some_and(|first| first.from == *name);
            if follows {
                sync = sync.replacen(OF_PIN, OF_BRANCH, 1);
            }
            match commit.filter(|_| !follows) {
                // A pin to a commit is cloned anew each time.
                Some(commit) => {
                    words.add("INTERVAL", "1h");
                    words.add("COMMIT", commit);
                }
                None => {
                    words.add("INTERVAL", "1m");
                    sync = sync.replace("    commit: __COMMIT__\n", "");
                }
            }
            if let Some((_, replicas)) = REPLICAS.iter().find(|(known, _)| known == name) {
                words.0.push(("REPLICAS", (*replicas).to_owned()));
                sync += REPLICAS_PATCH;
            }
            for (file, text) in [
                ("gotk-sync.yaml", GOTK_SYNC),
                ("cluster-sync.yaml", &sync),
                ("kustomization.yaml", SYNC_KUSTOMIZATION),
            ] {
                let path = format!("{}/{name}/flux-system/{file}", self.fleet.fleet.paths.clusters);
                files.insert(path, words.fill(text).into_bytes());
            }
        }
        files
    }
}

/// Words that templates name as `__NAME__`, and the texts that stand for them.
struct Words(Vec<(&'static str, String)>);

impl Words {
    fn new(options: &Options) -> Words {
        let mut words = Words(Vec::new());
        words.add("URL", &options.url);
        words.add("BRANCH", &options.branch);
        words.add("BRANCH_PATTERN", &format!("^{}$", as_pattern(&options.branch)));
        words.0.push(("URL_TEXT", options.url.clone()));
        words.0.push(("BRANCH_TEXT", options.branch.clone()));
        let image = concat!("registry.example.org/kfleet:", env!("CARGO_PKG_VERSION"));
        words.add("IMAGE", image);
        words.0.push(("TARGETS", format!("{:<11}", if options.make { MAKEFILE.0 } else { JUSTFILE.0 })));
        words.0.push(("IMAGE_TEXT", image.to_owned()));
        words
    }

    /// A value of YAML.
    fn add(&mut self, name: &'static str, value: &str) {
        self.0.push((name, scalar::text_of(value)));
    }

    fn fill(&self, template: &str) -> String {
        let mut out = String::with_capacity(template.len());
        let mut rest = template;
        while let Some(at) = rest.find("__") {
            let behind = &rest[at + 2..];
            let word =
                self.0.iter().find_map(|(name, value)| Some((value, behind.strip_prefix(name)?.strip_prefix("__")?)));
            out.push_str(&rest[..at]);
            match word {
                Some((value, after)) => {
                    out.push_str(value);
                    rest = after;
                }
                None => {
                    out.push_str("__");
                    rest = behind;
                }
            }
        }
        out.push_str(rest);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mk_plan(url: &str, branch: &str) -> Result<Plan> {
        plan(&Options { url: url.to_owned(), branch: branch.to_owned(), make: false })
    }

    #[test]
    fn every_word_is_filled_in() {
        let plan = mk_plan("ssh://git@git.example.org/team/fleet", "release/1.x").expect("a plan");
        for (path, bytes) in plan.files.iter().chain(plan.pinned("0123").iter()) {
            let text = String::from_utf8_lossy(bytes);
            assert!(!text.contains("__"), "{path}: {text}");
        }
        let text = |path: &str| String::from_utf8_lossy(&plan.files[path]).into_owned();
        assert!(text(".lighthouse/triggers.yaml").contains("- ^release/1\\.x$\n"));
        assert!(!text("clusters/staging/flux-system/cluster-sync.yaml").contains("commit: "));
        assert!(text("config/bases/podinfo/kustomization.yaml").contains("deployment-podinfo.yaml"));
    }

    #[test]
    fn targets_are_for_just_or_for_make() {
        let options = |make| Options { url: PLACEHOLDER_URL.to_owned(), branch: "main".to_owned(), make };
        let (just, make) = (plan(&options(false)).expect("a plan"), plan(&options(true)).expect("a plan"));
        let text =
            |plan: &Plan, path: &str| plan.files.get(path).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        assert!(text(&just, "justfile").is_some_and(|text| text.contains("    kfleet promote {{source}}")));
        assert!(text(&make, "Makefile").is_some_and(|text| text.contains("\tkfleet promote $(SOURCE)")));
        assert_eq!((text(&just, "Makefile"), text(&make, "justfile")), (None, None));
    }

    #[test]
    fn values_that_yaml_would_misread_are_quoted() {
        let plan = mk_plan("https://git.example.org/a#b", "1.10").expect("a plan");
        let sync = String::from_utf8_lossy(&plan.files["clusters/staging/flux-system/gotk-sync.yaml"]).into_owned();
        assert!(sync.contains("branch: \"1.10\"\n") || sync.contains("branch: '1.10'\n"), "{sync}");
        let plan = plan.pinned("1234567890123456789012345678901234567890");
        let sync = String::from_utf8_lossy(&plan["clusters/staging/flux-system/cluster-sync.yaml"]).into_owned();
        assert!(sync.contains("1234567890\"\n") || sync.contains("1234567890'\n"), "{sync}");
    }

    #[test]
    fn what_cannot_be_used_is_refused() {
        for (url, branch) in [
            ("git@git.example.org:team/fleet", "main"),
            ("https://ann:s3cr3t@git.example.org/fleet", "main"),
            ("https://git.example.org/fleet\n", "main"),
            ("https://git.example.org/fleet", "a..b"),
            ("https://git.example.org/fleet", "-x"),
        ] {
            let error = mk_plan(url, branch).expect_err(url);
            assert_eq!(error.kind, ErrorKind::Usage, "{error}");
            assert!(!error.to_string().contains("s3cr3t"));
        }
    }
}
