//! Pins as people see them, and what they say of a cluster: which branch a pin has to be on, which commit it is.

use crate::fleet::clusters::Cluster;
use crate::flux::{Pair, Pin};
use crate::manifest::ManifestFile;
use serde_json::Value;

/// A pin, for people: a commit is its hash alone.
pub fn shown(pin: &Pin) -> String {
    match pin {
        Pin::Commit(commit) => commit.clone(),
        Pin::Name(name) => format!("reference {name}"),
        Pin::Semver(range) => format!("versions {range}"),
        Pin::Tag(tag) => format!("tag {tag}"),
        Pin::Branch(branch) => format!("branch {branch}"),
    }
}

/// The commit that a pair is pinned to.
pub fn pinned_commit(pair: &Pair) -> Option<String> {
    match pair.pin()? {
        Pin::Commit(commit) => Some(commit),
        _ => None,
    }
}

/// Whether two versions of a file differ in nothing but the revisions of its GitRepositories, and how often they are
/// fetched: a pin is fetched less often than a branch.
pub fn differ_in_pins(old: &[u8], new: &[u8]) -> bool {
    let rest = |text: &[u8]| {
        let file = ManifestFile::parse(text);
        let mut values: Vec<Value> = file.documents.iter().map(|document| document.value.clone()).collect();
        let sources = values.iter_mut().filter(|value| value.get("kind").is_some_and(|kind| kind == "GitRepository"));
        for source in sources {
            let spec = source["spec"].as_object_mut();
            spec.into_iter().for_each(|spec| spec.retain(|field, _| !["ref", "interval"].contains(&field.as_str())));
        }
        file.problem("").is_none().then_some(values)
    };
    old != new && rest(old).is_some_and(|old| rest(new).is_some_and(|new| old == new))
}

/// The branch that a cluster's pin has to be on: the pair's own, if it is known, or else that of Flux's own sync.
pub fn tracked_branch(cluster: &Cluster, pair: &Pair, is_known: impl Fn(&str) -> bool) -> Option<String> {
    let own = [&pair.repository, &pair.unused].into_iter().flatten();
    let mut named =
        own.filter_map(|repository| repository.reference.branch.as_ref()).map(|branch| branch.value.as_str());
    named.find(|branch| is_known(branch)).or(cluster.branch()).map(str::to_owned)
}

/// The pins that a cluster has had and would go back through: each pin that is left by going back is dropped.
#[derive(Debug, Default)]
pub struct PinLine(Vec<String>);

impl PinLine {
    /// Adds the pin that came after those before, and returns whether it went back: to one of them, or to a commit that is
    /// older than the last. `is_ancestor`: whether the first commit is an ancestor of the second.
    pub fn add(&mut self, pin: &str, is_ancestor: impl Fn(&str, &str) -> bool) -> bool {
        if self.0.last().is_some_and(|last| last == pin) {
            return false;
        }
        let known = self.0.iter().position(|earlier| earlier == pin);
        let is_newer = |other: &String| is_ancestor(pin, other);
        let kept = known.unwrap_or_else(|| self.0.iter().rposition(|one| !is_newer(one)).map_or(0, |last| last + 1));
        let goes_back = kept < self.0.len();
        self.0.truncate(kept);
        self.0.push(pin.to_owned());
        goes_back
    }

    /// The pin before the last.
    pub fn previous(&self) -> Option<&str> {
        self.0.len().checked_sub(2).map(|at| self.0[at].as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_distinguished_from_all_else() {
        let mk_file = |reference: &str, interval: &str| {
            format!(
                "kind: GitRepository\nspec:\n  interval: {interval}\n  ref: {reference}\n---\nkind: Kustomization\nspec: {{path: ./a}}\n"
            )
        };
        let old = mk_file("{branch: main}", "1h");
        let differ = |new: &str| differ_in_pins(old.as_bytes(), new.as_bytes());
        assert!(differ(&mk_file("{branch: main, commit: abc}", "1h")));
        assert!(differ(&mk_file("{branch: main, commit: abc}", "2h")));
        assert!(!differ(&old) && !differ("kind: [") && !differ(&old.replace("./a", "./b")));
    }

    #[test]
    fn going_back_drops_what_was_left() {
        // Commits are in the order of the alphabet; `x` is on another branch.
        let is_ancestor = |old: &str, new: &str| old != "x" && new != "x" && old <= new;
        for (pins, previous, went_back) in [
            ("a", None, ""),
            ("ab", Some("a"), ""),
            ("abb", Some("a"), ""),
            ("abdb", Some("a"), "b"),
            ("abdba", None, "ba"),
            ("abdc", Some("b"), "c"),
            ("abdcb", Some("a"), "cb"),
            ("abdbe", Some("b"), "b"),
            ("axb", Some("x"), ""),
            ("axa", None, "a"),
        ] {
            let mut line = PinLine::default();
            let back: String = pins.split("").filter(|pin| !pin.is_empty() && line.add(pin, is_ancestor)).collect();
            assert_eq!((line.previous(), back.as_str()), (previous, went_back), "{pins}");
        }
    }
}
