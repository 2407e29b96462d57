//! Plans without a repository: the history is written down here.

use super::*;
use crate::error::{Error, ErrorKind, Result};
use crate::git::{CommitInfo, FileState, Tip};
use crate::ops::promote::Reason;
use crate::tree::Tree;

/// Commits of the branch main, oldest first. All of them have the flavour.
struct Line(Vec<String>);

fn mk_commit(digit: char) -> String {
    digit.to_string().repeat(40)
}

fn mk_info(commit: &str) -> CommitInfo {
    let (commit, subject) = (commit.to_owned(), "A change".to_owned());
    CommitInfo { commit, subject, author: "Ann".to_owned(), committed: 0, authored: 0, trailers: Vec::new() }
}

impl Line {
    fn at(&self, commit: &str) -> Result<usize> {
        let found = self.0.iter().position(|known| known == commit);
        found.ok_or_else(|| Error::new(ErrorKind::Failed, format!("the clone has no commit {commit}")))
    }
}

impl Commits for Line {
    fn commit(&self, text: &str) -> Result<String> {
        self.at(text).map(|at| self.0[at].clone())
    }

    fn tip(&self, branch: &str) -> Option<Tip> {
        let commit = self.0.last().filter(|_| branch == "main")?.clone();
        Some(Tip { commit, remote: Some("origin/main".to_owned()), unpushed: 0 })
    }

    fn is_shallow(&self) -> bool {
        false
    }

    fn is_ancestor(&self, old: &str, new: &str) -> Result<bool> {
        Ok(self.at(old)? <= self.at(new)?)
    }

    fn distance(&self, old: &str, new: &str) -> Result<usize> {
        Ok(self.at(new)?.saturating_sub(self.at(old)?))
    }

    fn between(&self, old: &str, new: &str, limit: usize) -> Result<Vec<CommitInfo>> {
        let between = &self.0[self.at(old)? + 1..=self.at(new)?];
        Ok(between.iter().rev().take(limit).map(|commit| mk_info(commit)).collect())
    }

    fn changed_files(&self, _old: &str, _new: &str, below: &[&str]) -> Result<Vec<String>> {
        Ok(below.iter().map(|path| format!("M {path}")).collect())
    }

    fn has_path(&self, _commit: &str, path: &str) -> Result<bool> {
        Ok(path == "config/flavours/web")
    }

    fn files_below(&self, _commit: &str, _folder: &str) -> Result<Vec<(String, Vec<u8>)>> {
        Ok(Vec::new())
    }

    fn state(&self, path: &str) -> Result<FileState> {
        Ok(if path.contains("/edited/") { FileState::Changed } else { FileState::Clean })
    }
}

fn mk_sync(commit: &str) -> String {
    format!(
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {{name: cluster, namespace: flux-system}}\n\
         spec:\n  url: https://h.example/fleet\n  ref:\n    branch: main\n    commit: {commit}\n---\n\
         apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: cluster, namespace: flux-system}}\n\
         spec:\n  path: ./config/flavours/web\n  sourceRef: {{kind: GitRepository, name: cluster}}\n"
    )
}

#[test]
fn a_plan_is_made_without_a_repository() {
    let line = Line(vec![mk_commit('a'), mk_commit('b'), mk_commit('c')]);
    let mut tree = Tree::from([("config/flavours/web/kustomization.yaml", "resources: []\n")]);
    for (name, commit) in [("dev", 'b'), ("old", 'a'), ("same", 'b'), ("newer", 'c'), ("edited", 'a')] {
        tree.insert(format!("clusters/{name}/sync.yaml"), mk_sync(&mk_commit(commit)).into_bytes());
    }
    // Another pair than the cluster's is all that can be read of it.
    tree.insert("clusters/broken/apps.yaml".to_owned(), mk_sync(&mk_commit('a')).into_bytes());
    tree.insert(
        "clusters/broken/sync.yaml".to_owned(),
        b"metadata: {name: *id, namespace: &id flux-system}\n".to_vec(),
    );
    let fleet = Clusters::from_tree(tree);
    let planned = |names: &[&str]| {
        let candidate = Candidate {
            commit: mk_info(&mk_commit('b')),
            reason: Reason::Pinned("dev".to_owned()),
            branch: Some("main".to_owned()),
            notes: Vec::new(),
        };
        let destinations = names.iter().map(|name| (*name).to_owned()).collect();
        let options = Options { destinations, keep_going: true, ..Options::default() };
        plan(&fleet, &line, fleet.get("dev"), candidate, &options)
    };
    let made = planned(&["old", "same", "newer", "edited", "none"]).unwrap();
    let moved: Vec<(&str, bool)> = made.promotions.iter().map(|one| (one.cluster.as_str(), one.changes())).collect();
    assert_eq!(moved, [("old", true), ("same", false)]);
    assert_eq!(made.promotions[0].commits, Some(1));
    assert_eq!(made.files()[0].text, mk_sync(&mk_commit('b')).into_bytes());
    let refused: Vec<&str> = made.refused.iter().map(|problem| problem.message.as_str()).collect();
    for (problem, expected) in refused.iter().zip(["is older than the pin", "not committed", "none is not a cluster"]) {
        assert!(problem.contains(expected), "{problem}");
    }
    assert_eq!(refused.len(), 3);
    assert!(planned(&["newer"]).is_err(), "all are refused");
    let broken = &planned(&["broken"]).unwrap_err()[0];
    assert_eq!((broken.location.file.as_str(), broken.location.line), ("clusters/broken/sync.yaml", 1));
    assert!(broken.message.contains("unknown anchor"), "{}", broken.message);
}
