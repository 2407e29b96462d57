//! What becomes of odd things that a run has pushed.
#![allow(clippy::disallowed_methods, reason = "tests make files and run git")]

use super::tests::{Made, git};

#[test]
fn refs_without_commits_keep_nothing_from_being_told_and_held() {
    let made = Made::new();
    let old = made.git(&["rev-parse", "HEAD:a"]);
    made.git(&["tag", "old", &old]);
    let snapshot = made.snapshot();
    let throwaway = made.throwaway(&snapshot);
    let step = made.generate(&throwaway, "gen/x", "x\n");
    git(&step, &["tag", "blob", "HEAD:gen/x"]);
    git(&step, &["tag", "tree", "HEAD^{tree}"]);
    git(&step, &["tag", "-a", "-m", "Blob", "about", "HEAD:gen/x"]);
    git(&step, &["push", "-q", "origin", "blob", "tree", "about", "+HEAD:refs/tags/old", "HEAD:refs/heads/other"]);
    let pushes = throwaway.pushes().unwrap();
    let told: Vec<(&str, usize, usize)> =
        pushes.iter().map(|push| (push.reference.as_str(), push.commit_count, push.files.len())).collect();
    let expected = [
        ("refs/heads/feature", 1, 1),
        ("refs/heads/other", 1, 1),
        ("refs/tags/about", 0, 0),
        ("refs/tags/blob", 0, 0),
        ("refs/tags/old", 1, 1),
        ("refs/tags/tree", 0, 0),
    ];
    assert_eq!(told, expected);
    assert!(pushes.iter().all(|push| push.new.is_some()));
    let held = made.clone().hold(&throwaway, &pushes, "run").unwrap();
    let held: Vec<String> = held.into_iter().map(Result::unwrap).collect();
    assert_eq!(held, ["heads/feature", "heads/other", "tags/old"].map(|name| format!("refs/kfleet/run/{name}")));
    assert!(made.bring(&throwaway, &snapshot).unwrap().is_some());
}
