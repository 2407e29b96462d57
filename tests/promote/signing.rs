//! Commits are signed where the user's settings say so: by the user's git, with an ssh key.

use super::support::fleet::{Fleet, said};
use super::support::skip;
use std::process::Command;

/// A fleet of a user who signs commits. Nothing where no key can be made.
fn signing(test: &str) -> Option<Fleet> {
    let fleet = Fleet::new();
    let key = fleet.folder.path().join("key");
    let arguments = ["-q", "-t", "ed25519", "-N", "", "-f"];
    if !Command::new("ssh-keygen").args(arguments).arg(&key).status().is_ok_and(|status| status.success()) {
        skip(test, "there is no ssh-keygen");
        return None;
    }
    let public = std::fs::read_to_string(key.with_extension("pub")).expect("a public key");
    let allowed = fleet.folder.path().join("allowed");
    std::fs::write(&allowed, format!("p@example.org {public}")).expect("written");
    let path = |path: &std::path::Path| path.display().to_string();
    for (name, value) in [
        ("commit.gpgsign", "true"),
        ("gpg.format", "ssh"),
        ("user.signingKey", &path(&key)),
        ("gpg.ssh.allowedSignersFile", &path(&allowed)),
    ] {
        fleet.git(&["config", name, value]);
    }
    Some(fleet)
}

#[test]
fn commits_are_signed_also_on_top_of_others() {
    let Some(fleet) = signing("commits_are_signed_also_on_top_of_others") else { return };
    fleet.others_push("config/bases/web/more.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more}\n");
    let done = fleet.does(&["promote", "development", "staging", "--commit", "--push", "--no-fetch"]);
    assert!(done.contains("on top of what others had pushed"), "{done}");
    fleet.git(&["verify-commit", "HEAD"]);
    assert_eq!(fleet.git(&["log", "-1", "--format=%an %ae %cn %G?"]), "P p@example.org P G");
}

#[test]
fn nothing_is_committed_that_cannot_be_signed() {
    let Some(fleet) = signing("nothing_is_committed_that_cannot_be_signed") else { return };
    let before = fleet.head();
    fleet.git(&["config", "user.signingKey", "/nonexistent/key"]);
    let output = fleet.run(&["promote", "development", "staging", "--commit"]);
    let text = said(&output);
    assert!(
        !output.status.success() && text.contains("git could not sign") && text.contains("user.signingKey"),
        "{text}"
    );
    assert_eq!(fleet.head(), before);
    assert_eq!(fleet.git(&["diff", "--cached", "--name-only"]), "");
}
