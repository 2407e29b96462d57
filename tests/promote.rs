//! `kfleet promote` and `kfleet rollback` in clones made by git: histories as the article has them, and refusals.
#![allow(clippy::disallowed_methods, reason = "tests make files and start programs")]

#[path = "promote/addon.rs"]
mod addon;
#[path = "promote/flux.rs"]
mod flux;
#[path = "promote/pull_requests.rs"]
mod pull_requests;
#[path = "promote/signing.rs"]
mod signing;
mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use support::fleet::{Fleet, GOTK_SYNC, said, sync, sync_file};
use support::git_servers::{HttpsServer, LOGIN};

#[test]
fn a_history_like_the_articles() {
    let fleet = Fleet::new();
    let third = fleet.head();
    let first = fleet.git(&["rev-parse", "HEAD~2"]);

    // Development follows main: its newest commit.
    let said = fleet.does(&["promote", "development", "staging", "-v"]);
    assert!(said.contains("the newest commit of main, which development follows"), "{said}");
    assert!(
        said.contains(&format!("staging: {} -> {}, 2 commits, 1 file of its flavour", &first[..12], &third[..12])),
        "{said}"
    );
    assert!(said.contains("M config/bases/web/web.yaml") && said.contains("Change web"), "{said}");
    // One line differs; the comments, the order and the patch of staging are as they were.
    assert_eq!(fleet.text(&sync_file("staging")), sync("main", Some(&third), 3));
    assert!(fleet.does(&["promote", "development", "staging"]).contains("1 pin moved"), "it is not committed yet");
    fleet.push("Promote staging");

    // A new cluster without a sync gets that of staging, without its patches.
    fleet.write("clusters/production/flux-system/gotk-sync.yaml", &GOTK_SYNC.replace("NAME", "production"));
    fleet.write("clusters/production/flux-system/kustomization.yaml", "resources:\n  # Flux\n  - gotk-sync.yaml\n");
    fleet.push("Add production");
    let said = fleet.does(&["promote", "staging", "production"]);
    assert!(said.contains("production: no sync -> ") && said.contains("without its 1 patches"), "{said}");
    let text = fleet.text(&sync_file("production"));
    assert!(
        text.contains(&format!("commit: {third}")) && !text.contains("patches") && text.contains("# The pin."),
        "{text}"
    );
    let listed = "resources:\n  # Flux\n  - gotk-sync.yaml\n  - cluster-sync.yaml\n";
    assert_eq!(fleet.text("clusters/production/flux-system/kustomization.yaml"), listed);
    fleet.push("Give production a sync");
    assert!(fleet.does(&["promote", "staging", "production"]).contains("nothing to do"));

    // What staging is pinned to now, and not what main has.
    fleet.web(3);
    let newest = fleet.push("Change web again");
    assert!(fleet.does(&["promote", "staging", "production"]).contains("nothing to do"));
    fleet.does(&["promote", "development", "staging"]);
    fleet.push("Promote staging again");
    let said = fleet.does(&["promote", "staging", "production", "--output", "json"]);
    let report: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(report["promotions"][0]["to"].as_str(), Some(newest.as_str()));
    assert_eq!(report["written"], true);
    fleet.push("Promote production");

    // And back.
    let before = fleet.text(&sync_file("staging"));
    let said = fleet.does(&["rollback", "staging", "--dry-run"]);
    assert!(said.contains("back") && said.contains(&format!("+    commit: {third}")), "{said}");
    assert_eq!(fleet.text(&sync_file("staging")), before);
    fleet.does(&["rollback", "staging"]);
    assert_eq!(fleet.text(&sync_file("staging")), before.replace(&newest, &third));
    let said = fleet.does(&["rollback", "production", "--to", &first]);
    assert!(said.contains("as named"), "{said}");
}

/// A run that ended after it wrote, or after it committed, is finished by the same command.
#[test]
fn what_an_earlier_run_has_left_is_finished() {
    let fleet = Fleet::new();
    let newest = fleet.head();
    let promote = ["promote", "--to", &newest, "staging", "--commit", "--push"];
    fleet.does(&promote[..4]);
    let written = fleet.text(&sync_file("staging"));
    let url = fleet.git(&["remote", "get-url", "origin"]);
    fleet.git(&["remote", "set-url", "--push", "origin", "/nowhere"]);
    assert_eq!(fleet.run(&promote).status.code(), Some(3));
    assert_eq!(fleet.git(&["log", "-1", "--format=%s"]), format!("Pin staging to {}", &newest[..12]));
    assert_eq!((fleet.text(&sync_file("staging")), fleet.git(&["status", "--short"])), (written, String::new()));
    fleet.git(&["remote", "set-url", "--push", "origin", &url]);
    let said = fleet.does(&promote);
    assert!(
        said.contains("nothing to write: what was committed before, up to") && said.contains("is pushed"),
        "{said}"
    );
    assert_eq!(fleet.origin(&["rev-parse", "main"]), fleet.head());
    assert!(fleet.does(&promote).contains("nothing to do"));
    // A commit of the user's own is not pushed for nothing, and mentioned where it has to go along.
    fleet.write("notes.md", "mine\n");
    fleet.commit("Take notes");
    assert!(fleet.does(&promote).contains("nothing to do"));
    assert_ne!(fleet.origin(&["rev-parse", "main"]), fleet.head());
    let back = fleet.git(&["rev-parse", "HEAD~4"]);
    let said = fleet.does(&["promote", "--to", &back, "staging", "--allow-older", "--commit", "--push"]);
    assert!(said.contains("with 1 commit before it"), "{said}");
}

/// What is written and not committed runs nowhere: it neither comes from a cluster nor is overwritten.
#[test]
fn a_pin_counts_once_it_is_committed() {
    let fleet = Fleet::new();
    fleet.does(&["promote", "development", "staging", "--commit", "--push"]);
    let (committed, other) = (fleet.text(&sync_file("staging")), fleet.git(&["rev-parse", "HEAD~1"]));
    let pinned = fleet.git(&["rev-parse", "HEAD~1"]);
    fleet.cluster("production", &sync("main", Some(&fleet.git(&["rev-parse", "HEAD~2"])), 3));
    fleet.push("Add production");
    let edited = committed.replace(&pinned, &fleet.git(&["rev-parse", "HEAD~3"]));
    assert_ne!(edited, committed, "{other}");
    fleet.write(&sync_file("staging"), &edited);
    let said = fleet.does(&["promote", "staging", "production", "--dry-run"]);
    assert!(said.contains(&format!("-> {}", &pinned[..12])), "{said}");
    assert!(said.contains("the pin in the work tree is not committed: the committed one counts"), "{said}");
    let said = fleet.does(&["status"]);
    assert!(
        said.contains(&pinned[..12]) && said.contains("pins in 1 file of the work tree are not committed"),
        "{said}"
    );
    let said = fleet.refuses(&["promote", "--to", &fleet.git(&["rev-parse", "HEAD~4"]), "staging", "--allow-older"], 5);
    assert!(said.contains("it has changes that are not committed"), "{said}");
    assert_eq!(fleet.text(&sync_file("staging")), edited);
    // Nothing is claimed of a cluster whose file cannot be read.
    fleet.write(&sync_file("production"), "spec: [\n");
    let said = fleet.does(&["status"]);
    let row = said.lines().find(|line| line.starts_with("production")).expect("a row");
    assert!(!row.contains("branch") && said.contains("cluster-sync.yaml:1:7"), "{said}");
}

#[test]
fn unpushed_commits_are_told_and_not_promoted() {
    let fleet = Fleet::new();
    let pushed = fleet.head();
    fleet.web(9);
    let local = fleet.commit("Not pushed");
    let said = fleet.does(&["promote", "development", "staging"]);
    assert!(said.contains("1 commit of the local branch main not pushed"), "{said}");
    assert!(fleet.text(&sync_file("staging")).contains(&pushed));
    fleet.git(&["checkout", "-q", "."]);
    let said = fleet.refuses(&["promote", "development", "staging", "--to", &local, "--allow-unproven"], 5);
    assert!(said.contains("is not on origin/main"), "{said}");
}

#[test]
fn what_is_not_right_is_refused() {
    let fleet = Fleet::new();
    let first = fleet.git(&["rev-parse", "HEAD~2"]);
    let third = fleet.head();
    for (arguments, code, reason) in [
        (&["promote", "developmnet", "staging"][..], 2, "did you mean `development`"),
        (&["promote", "development", "nowhere"], 2, "nowhere is not a cluster of this fleet"),
        (&["promote", "staging", "staging"], 5, "promoted to itself"),
        (&["promote", "development", "staging", "--to", "0123456"], 1, "the clone has no commit 0123456"),
        (&["promote", "development", "staging", "--selector", "tier=x"], 2, "no cluster has the labels"),
        (&["promote", "development", "--selector", "tier"], 2, "is not a selector"),
        (&["rollback", "staging"], 5, "had no other pin"),
        (&["rollback", "development"], 5, "not pinned to a commit"),
    ] {
        let said = fleet.refuses(arguments, code);
        assert!(said.contains(reason), "{arguments:?}: {said}");
    }
    // The file of a destination, and why it cannot be used.
    let good = sync("main", Some(&third), 1);
    let pair = |name: &str| {
        good.split("---\n")
            .nth(1)
            .expect("two documents")
            .replace("name: cluster\n  namespace", &format!("name: {name}\n  namespace"))
    };
    for (text, reason) in [
        (good.replace("    name: cluster\n  patches", "    name: flux-system\n  patches"), "a pin would do nothing"),
        (good.replace("    commit: ", "    tag: v1\n    commit: "), "also has ref.tag"),
        (good.replace("ssh://git@example.org/fleet", "ssh://git@example.org/other"), "different repositories"),
        (format!("{good}---\n{}", pair("cluster")), "two Kustomizations named cluster"),
        (format!("{good}---\n{}", of_another_source(&good)), "it is not clear which sync"),
        (
            good.replace("    branch: main # tracked\n", "    branch: &branch main\n    name: *branch\n"),
            "also has ref.name",
        ),
        (good.replace("  ref:\n", "  ref: &ref\n").replace("  url:", "  other: *ref\n  url:"), ""),
    ] {
        fleet.write(&sync_file("staging"), &text.replace(&third, &first));
        fleet.push("Change the sync");
        let said = fleet.refuses(&["promote", "development", "staging"], 5);
        assert!(
            said.contains(reason) && said.contains("cluster-sync.yaml") && said.contains("nothing was written"),
            "{reason}: {said}"
        );
    }
    // What the source applies is not in the commit.
    fleet.write(&sync_file("staging"), &sync("main", Some(&first), 3));
    let development = sync("main", None, 1);
    fleet
        .write(&sync_file("development"), &development.replace("./config/flavours/workload", "./config/flavours/gone"));
    fleet.push("Name a flavour that is not there");
    let said = fleet.refuses(&["promote", "development", "staging", "--with-path"], 5);
    assert!(said.contains("has no config/flavours/gone"), "{said}");
    fleet.write(&sync_file("development"), &development);
    // Older than the pin.
    fleet.write(&sync_file("staging"), &sync("main", Some(&fleet.head()), 1));
    fleet.push("Pin to the newest");
    let said = fleet.refuses(&["promote", "development", "staging", "--to", &first, "--allow-unproven"], 5);
    assert!(said.contains("is older than the pin") && said.contains("rollback"), "{said}");
    fleet.does(&["promote", "development", "staging", "--to", &first, "--allow-older", "--allow-unproven"]);
    // Changes of the user's own.
    fleet.web(5);
    fleet.git(&["add", "config"]);
    fleet.git(&["commit", "-q", "-m", "More", "config"]);
    fleet.git(&["push", "-q", "origin", "main"]);
    let said = fleet.refuses(&["promote", "development", "staging"], 5);
    assert!(said.contains("it has changes that are not committed"), "{said}");
}

/// The same sync once more, by other names.
fn of_another_source(text: &str) -> String {
    text.replace("name: cluster\n", "name: other\n")
}

/// Staging and production each apply an overlay of their own, as `apps` and `infrastructure` of one GitRepository.
fn overlays(fleet: &Fleet, name: &str, commit: &str) {
    let kustomization = |part: &str| {
        format!(
            "---\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {part}, namespace: flux-system}}\n\
             spec: {{interval: 1h, prune: true, path: ./{part}/{name}, sourceRef: {{kind: GitRepository, name: fleet}}}}\n"
        )
    };
    let source = format!(
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {{name: fleet, namespace: flux-system}}\n\
         spec: {{interval: 1h, url: \"ssh://git@example.org/fleet\", ref: {{branch: main, commit: {commit}}}}}\n"
    );
    fleet.cluster(name, &format!("{source}{}{}", kustomization("infrastructure"), kustomization("apps")));
    for part in ["infrastructure", "apps"] {
        fleet.write(&format!("{part}/{name}/kustomization.yaml"), "resources: []\n");
    }
}

#[test]
fn several_kustomizations_of_one_pin_move_together_and_keep_their_paths() {
    let fleet = Fleet::new();
    let first = fleet.head();
    for name in ["staging", "production"] {
        overlays(&fleet, name, &first);
    }
    let second = fleet.push("Add overlays");
    overlays(&fleet, "staging", &second);
    fleet.push("Promote staging");
    let status: serde_json::Value = serde_json::from_str(&fleet.does(&["status", "--output", "json"])).expect("JSON");
    let row = &status["clusters"][1];
    assert_eq!((&row["cluster"], &row["pin"]), (&"staging".into(), &second.clone().into()), "{status}");
    assert_eq!(row["addons"].as_array().map(Vec::len), Some(0), "{status}");

    fleet.does(&["promote", "staging", "production"]);
    overlays(&fleet, "staging", &second);
    let mut expected = fleet.git(&["show", &format!("HEAD:{}", sync_file("production"))]) + "\n";
    expected = expected.replace(&first, &second);
    assert_eq!(fleet.text(&sync_file("production")), expected, "only the pin moves");

    // What any of them applies must still be there.
    fleet.git(&["checkout", "-q", "."]);
    overlays(&fleet, "production", &second);
    fleet.git(&["rm", "-qr", "apps/production"]);
    fleet.git(&["add", "-A"]);
    let third = fleet.push("Drop apps of production");
    overlays(&fleet, "staging", &third);
    fleet.git(&["rm", "-qr", "--cached", "--ignore-unmatch", "apps/production"]);
    fleet.push("Promote staging again");
    let said = fleet.refuses(&["promote", "staging", "production"], 5);
    assert!(said.contains("has no apps/production"), "{said}");

    // The path of another cluster is taken over on request only.
    let said = fleet.refuses(&["promote", "staging", "production", "--with-path", "--addon", "web"], 2);
    assert!(said.contains("--with-path"), "{said}");
}

#[test]
fn a_commit_without_a_source_is_pinned_as_named() {
    let fleet = Fleet::new();
    let (first, second) = (fleet.git(&["rev-parse", "HEAD~2"]), fleet.git(&["rev-parse", "HEAD~1"]));
    // Staging alone: it is the destination.
    fleet.does(&["promote", "--to", &second, "staging", "--commit"]);
    let message = fleet.git(&["log", "-1", "--format=%B"]);
    assert!(message.starts_with(&format!("Pin staging to {}\n", &second[..12])), "{message}");
    assert!(!message.contains("Kfleet-Source") && message.contains("Kfleet-Pin: staging"), "{message}");
    fleet.git(&["push", "-q", "origin", "main"]);

    // With a source, only what that runs.
    let named = ["promote", "development", "staging", "--to", &first];
    let said = fleet.refuses(&named, 5);
    assert!(said.contains("development runs ") && said.contains("--allow-unproven"), "{said}");
    let said = fleet.does(&[&named[..], &["--allow-unproven", "--allow-older", "--commit"]].concat());
    assert!(said.contains("as named"), "{said}");
    let message = fleet.git(&["log", "-1", "--format=%B"]);
    assert!(message.starts_with("Roll staging back to") && !message.contains("Kfleet-Source"), "{message}");
    fleet.git(&["push", "-q", "origin", "main"]);
    let head = fleet.head();
    fleet.does(&["promote", "development", "staging", "--to", &head, "--commit"]);
    let message = fleet.git(&["log", "-1", "--format=%B"]);
    assert!(message.contains("Kfleet-Source: development"), "{message}");

    // Several destinations at once.
    fleet.does(&["promote", "--to", &head, "--no-source", "development", "staging", "--dry-run"]);
    for (arguments, reason) in [
        (&["promote", "staging"][..], "<DESTINATION>"),
        (&["promote", "--no-source", "staging", "development"], "--to"),
        (&["promote", "--to", "HEAD", "--next-wave"], "<SOURCE>"),
    ] {
        let said = fleet.refuses(arguments, 2);
        assert!(said.contains(reason), "{arguments:?}: {said}");
    }
}

#[test]
fn going_back_twice_goes_two_pins_back() {
    let fleet = Fleet::new();
    let first = fleet.git(&["rev-parse", "HEAD~2"]);
    let second = fleet.head();
    fleet.does(&["promote", "development", "staging", "--commit"]);
    fleet.git(&["push", "-q", "origin", "main"]);
    let third = fleet.head();
    fleet.does(&["promote", "development", "staging", "--commit"]);
    assert!(fleet.text(&sync_file("staging")).contains(&third));
    for pin in [&second, &first] {
        fleet.does(&["rollback", "staging", "--commit"]);
        assert!(fleet.text(&sync_file("staging")).contains(pin.as_str()));
        let subject = fleet.git(&["log", "-1", "--format=%s"]);
        assert_eq!(subject, format!("Roll staging back to {}", &pin[..12]));
    }
    let said = fleet.refuses(&["rollback", "staging"], 5);
    assert!(said.contains("had no other pin than"), "{said}");
    let said = fleet.does(&["history", "staging"]);
    assert_eq!(said.matches("(rollback)").count(), 2, "{said}");
    // Clusters go back together where they had the same pin.
    fleet.write(
        "fleet.yaml",
        "apiVersion: kfleet.dev/v1alpha1\nkind: Fleet\nclusters:\n  development: {flavour: workload}\n  \
         staging: {flavour: workload, labels: {tier: x}}\n  twin: {flavour: workload, labels: {tier: x}}\n",
    );
    fleet.cluster("twin", &sync("main", Some(&first), 1));
    fleet.push("Add a twin");
    fleet.does(&["promote", "--no-source", "--to", &second, "staging", "twin", "--commit"]);
    fleet.does(&["rollback", "--selector", "tier=x", "--commit"]);
    let subject = fleet.git(&["log", "-1", "--format=%s"]);
    assert_eq!(subject, format!("Roll staging, twin back to {}", &first[..12]));
    fleet.does(&["promote", "--to", &second, "staging", "--commit"]);
    fleet.does(&["promote", "--to", &third, "--no-source", "staging", "twin", "--commit"]);
    let said = fleet.refuses(&["rollback", "--selector", "tier=x"], 5);
    assert!(said.contains(&format!("staging had {} before, twin had {}", &second[..12], &first[..12])), "{said}");
    fleet.does(&["rollback", "staging", "--to", &first, "--commit"]);

    // Forward again is not a rollback, whichever command does it.
    fleet.does(&["rollback", "staging", "--to", &second, "--commit"]);
    assert_eq!(fleet.git(&["log", "-1", "--format=%s"]), format!("Pin staging to {}", &second[..12]));
}

#[test]
fn pins_in_folders_that_the_fleet_file_names_have_a_history() {
    let fleet = Fleet::new();
    fleet.git(&["mv", "clusters", "k8s"]);
    fleet.write(
        "fleet.yaml",
        "apiVersion: kfleet.dev/v1alpha1\nkind: Fleet\npaths: {clusters: k8s}\nclusters:\n  development: {flavour: workload}\n  \
         live: {flavour: workload, path: k8s/staging}\n",
    );
    let first = fleet.git(&["rev-parse", "HEAD~2"]);
    fleet.push("Move the clusters");
    fleet.does(&["promote", "development", "live", "--commit", "--push"]);
    let said = fleet.does(&["history", "live"]);
    assert!(said.contains("Promote development to live") && said.contains(&first[..12]), "{said}");
    let said = fleet.does(&["rollback", "live", "--dry-run"]);
    assert!(said.contains("the pin that live had before") && said.contains(&format!("-> {}", &first[..12])), "{said}");
}

#[test]
fn a_path_is_taken_over_on_request() {
    let fleet = Fleet::new();
    fleet.write("config/overlays/staging/kustomization.yaml", "resources: []\n");
    let first = fleet.push("Add an overlay");
    let own = sync("main", Some(&first), 3).replace("./config/flavours/workload", "./config/overlays/staging");
    fleet.write(&sync_file("staging"), &own);
    let second = fleet.push("Apply the overlay");
    let said = fleet.does(&["promote", "development", "staging", "--dry-run"]);
    assert!(!said.contains("path:"), "{said}");
    let said = fleet.does(&["promote", "development", "staging", "--with-path"]);
    assert!(said.contains("path: ./config/overlays/staging -> ./config/flavours/workload"), "{said}");
    assert_eq!(fleet.text(&sync_file("staging")), sync("main", Some(&second), 3));
}

#[test]
fn one_refusal_stops_all_unless_it_may_go_on() {
    let fleet = Fleet::new();
    let third = fleet.head();
    fleet.cluster("broken", &sync("main", Some(&third), 1).replace("    commit: ", "    tag: v1\n    commit: "));
    fleet.write(
        "fleet.yaml",
        "apiVersion: kfleet.dev/v1alpha1\nkind: Fleet\nclusters:\n  development: {flavour: workload}\n  staging: {flavour: workload, labels: {tier: x}}\n  broken: {flavour: workload, labels: {tier: x}}\n",
    );
    fleet.push("Add broken");
    let told = fleet.refuses(&["promote", "development", "--selector", "tier=x"], 5);
    assert!(told.contains("nothing was written"), "{told}");
    let output = fleet.run(&["promote", "development", "--selector", "tier=x", "--keep-going"]);
    assert_eq!(output.status.code(), Some(5));
    assert!(fleet.text(&sync_file("staging")).contains(&fleet.head()), "{}", said(&output));
}

#[test]
fn waves_go_on_where_they_ended() {
    let fleet = Fleet::new();
    let first = fleet.git(&["rev-parse", "HEAD~2"]);
    for name in ["eu-1", "eu-2", "us-1"] {
        fleet.cluster(name, &sync("main", Some(&first), 1));
    }
    fleet.write(
        "fleet.yaml",
        "apiVersion: kfleet.dev/v1alpha1\nkind: Fleet\nclusters:\n  development: {flavour: workload}\n  staging: {flavour: workload}\n  eu-1: {flavour: workload, labels: {region: eu}}\n  eu-2: {flavour: workload, labels: {region: eu}}\n  us-1: {flavour: workload, labels: {region: us}}\npromotion:\n  - {from: development, to: {clusters: [staging]}}\n  - {from: staging, to: {labels: {region: eu}}}\n  - {from: staging, to: {clusters: [us-1]}}\n",
    );
    fleet.push("Add clusters");
    fleet.does(&["promote", "development", "--next-wave"]);
    fleet.push("Promote staging");
    let said = fleet.refuses(&["promote", "staging", "--wave", "2"], 5);
    assert!(said.contains("wave 1 is not done: eu-1, eu-2"), "{said}");
    assert!(fleet.refuses(&["promote", "staging", "--wave", "3"], 2).contains("has 2 waves"));
    assert!(fleet.refuses(&["promote", "us-1", "--next-wave"], 2).contains("to no cluster"));
    for (moved, kept) in [("eu-1:", "eu-2:"), ("eu-2:", "us-1:"), ("us-1:", "eu-1:")] {
        let said = fleet.does(&["promote", "staging", "--next-wave", "--max", "1"]);
        assert!(said.contains(moved) && !said.contains(kept) && said.contains("1 pin moved"), "{said}");
        fleet.push("Promote one more");
    }
    assert!(fleet.does(&["promote", "staging", "--next-wave"]).contains("nothing to do"));
}

#[test]
fn clones_that_lack_what_is_needed() {
    let fleet = Fleet::new();
    let origin = format!("file://{}", fleet.folder.path().join("origin.git").display());
    let shallow = fleet.folder.path().join("shallow");
    fleet.git(&["clone", "-q", "--depth", "1", &origin, &shallow.display().to_string()]);
    let run = |folder: &Path, arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_kfleet"))
            .args(arguments)
            .current_dir(folder)
            .env_clear()
            .env("HOME", fleet.folder.path())
            .stdin(Stdio::null())
            .output()
            .expect("kfleet runs")
    };
    // The old pin is not in a shallow clone, but the new one is at the tip.
    let output = run(&shallow, &["promote", "development", "staging"]);
    assert!(output.status.success(), "{}", said(&output));
    let first = fleet.git(&["rev-parse", "HEAD~2"]);
    let output = run(&shallow, &["promote", "development", "staging", "--to", &first, "--allow-unproven"]);
    assert!(said(&output).contains("--unshallow"), "{}", said(&output));
    let nowhere = tempfile::tempdir().expect("a folder");
    let output = run(nowhere.path(), &["promote", "a", "b"]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    // A detached HEAD is not a trouble: the branch's remote counts.
    fleet.git(&["checkout", "-q", "--detach"]);
    fleet.does(&["promote", "development", "staging"]);
}

#[test]
fn a_commit_holds_the_pins_and_nothing_else() {
    let fleet = Fleet::new();
    let third = fleet.head();
    fleet.write("staged.txt", "x");
    fleet.git(&["add", "staged.txt"]);
    fleet.web(7);
    fleet.write("untracked.txt", "x");
    let said = fleet.does(&["promote", "development", "staging", "--commit", "--push"]);
    assert!(said.contains("is pushed to origin"), "{said}");
    assert_eq!(fleet.git(&["status", "--porcelain"]), "M config/bases/web/web.yaml\nA  staged.txt\n?? untracked.txt");
    assert_eq!(fleet.git(&["show", "--format=", "--name-only", "HEAD"]), sync_file("staging"));
    assert_eq!(fleet.origin(&["rev-parse", "main"]), fleet.head());
    let message = fleet.git(&["log", "-1", "--format=%B"]);
    assert!(message.starts_with("Promote development to staging\n"), "{message}");
    let trailers = fleet.git(&["log", "-1", "--format=%(trailers:key=Kfleet-Pin,valueonly)"]);
    let first = fleet.git(&["rev-parse", "HEAD~3"]);
    assert_eq!(trailers.trim(), format!("staging {first} {third}"));
    assert_eq!(fleet.git(&["log", "-1", "--format=%an"]), "P");

    // On a new branch.
    fleet.git(&["checkout", "-q", "--", "config"]);
    fleet.does(&["rollback", "staging", "--commit", "--branch", "back", "--push"]);
    assert_eq!(fleet.git(&["branch", "--show-current"]), "back");
    assert_eq!(fleet.origin(&["log", "-1", "--format=%s", "back"]), format!("Roll staging back to {}", &first[..12]));
    assert!(fleet.text(&sync_file("staging")).contains(&first));
    fleet.git(&["checkout", "-q", "--detach"]);
    let told = fleet.run(&["promote", "development", "staging", "--commit"]);
    assert!(String::from_utf8_lossy(&told.stderr).contains("no branch is checked out"));
}

#[test]
fn a_push_goes_on_top_of_what_others_have_pushed() {
    let fleet = Fleet::new();
    fleet.others_push(
        "config/bases/web/web.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, namespace: web}\n",
    );
    let said = fleet.does(&["promote", "development", "staging", "--commit", "--push", "--no-fetch"]);
    assert!(said.contains("on top of what others had pushed"), "{said}");
    assert_eq!(fleet.origin(&["log", "-2", "--format=%s", "main"]), "Promote development to staging\nOf others");
    assert_eq!(fleet.origin(&["rev-parse", "main"]), fleet.head());
    assert_eq!(fleet.git(&["status", "--porcelain"]), "", "the work tree has what others have changed");
}

#[test]
fn a_push_that_is_not_taken_loses_nothing() {
    // Others have moved the same pin.
    let fleet = Fleet::new();
    let second = fleet.git(&["rev-parse", "HEAD~1"]);
    fleet.others_push(&sync_file("staging"), &sync("main", Some(&second), 3));
    let theirs = fleet.origin(&["rev-parse", "main"]);
    let output = fleet.run(&["promote", "development", "staging", "--commit", "--push", "--no-fetch"]);
    assert_eq!(output.status.code(), Some(5), "{}", said(&output));
    assert!(said(&output).contains("cluster-sync.yaml changed on both sides"), "{}", said(&output));
    assert_eq!(fleet.origin(&["rev-parse", "main"]), theirs);
    assert_eq!(fleet.git(&["log", "-1", "--format=%s"]), "Promote development to staging");
    assert_eq!(fleet.git(&["status", "--porcelain"]), "");

    // Changes here, of what others have changed, that are not committed.
    let fleet = Fleet::new();
    fleet.others_push("config/bases/web/web.yaml", "kind: X\n");
    fleet.web(8);
    let output = fleet.run(&["promote", "development", "staging", "--commit", "--push", "--no-fetch"]);
    assert_eq!(output.status.code(), Some(5), "{}", said(&output));
    assert!(said(&output).contains("not committed") && fleet.text("config/bases/web/web.yaml").contains("\"8\""));

    // The branch is protected.
    let fleet = Fleet::new();
    let before = fleet.head();
    let hook = fleet.folder.path().join("origin.git/hooks/pre-receive");
    fs::write(&hook, "#!/bin/sh\necho main is protected >&2\nexit 1\n").expect("written");
    fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("executable");
    let output = fleet.run(&["promote", "development", "staging", "--commit", "--push"]);
    assert_eq!(output.status.code(), Some(5), "{}", said(&output));
    assert!(said(&output).contains("main is protected") && said(&output).contains("--branch"), "{}", said(&output));
    assert_eq!(fleet.origin(&["rev-parse", "main"]), before);
    assert_eq!(fleet.git(&["rev-parse", "HEAD~1"]), before);

    // A server that wants other credentials.
    let fleet = Fleet::new();
    let server = HttpsServer::start(fleet.folder.path());
    fleet.git(&["--git-dir", "../origin.git", "config", "http.receivepack", "true"]);
    let ca = fleet.folder.path().join("ca.pem");
    fs::write(&ca, &server.ca).expect("written");
    fleet.git(&["remote", "set-url", "origin", &format!("https://{}/origin.git", server.address)]);
    fleet.git(&["config", "http.sslCAInfo", &ca.display().to_string()]);
    let helper = |password: &str| format!("!f() {{ echo username={}; echo \"password={password}\"; }}; f", LOGIN.0);
    fleet.git(&["config", "credential.helper", &helper("wrong")]);
    let output = fleet.run(&["promote", "development", "staging", "--commit", "--push", "--no-fetch"]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains("credentials"), "{}", said(&output));
    let output = fleet.run(&["promote", "development", "staging"]);
    assert!(output.status.code() == Some(3) && said(&output).contains("--no-fetch"), "{}", said(&output));
    let commit = fleet.head();
    assert_eq!(fleet.git(&["log", "-1", "--format=%s"]), "Promote development to staging");
    fleet.git(&["config", "credential.helper", &helper(LOGIN.1)]);
    fleet.web(4);
    fleet.commit("More");
    fleet.does(&["rollback", "staging", "--commit", "--push"]);
    assert!(fleet.origin(&["log", "--format=%H", "main"]).contains(&commit));
}

#[test]
fn a_change_in_the_second_of_its_index_entry_is_still_seen_by_git() {
    let fleet = Fleet::new();
    wait_for_a_new_second();
    fleet.web(7);
    fleet.git(&["add", "config"]);
    fleet.web(8);
    wait_for_a_new_second();
    fleet.does(&["promote", "development", "staging", "--commit", "--no-fetch"]);
    assert_eq!(fleet.git(&["status", "--porcelain"]), "MM config/bases/web/web.yaml");
}

#[test]
fn a_checkout_of_what_others_have_pushed_hides_no_change_either() {
    let fleet = Fleet::new();
    fleet.others_push("config/bases/web/kustomization.yaml", "resources: [web.yaml] # theirs\n");
    let work_tree = fleet.folder.path().join("tree");
    fleet.git(&["worktree", "add", "-q", "-b", "side", &work_tree.display().to_string()]);
    fleet.git(&["push", "-q", "origin", "side"]);
    fleet.origin(&["update-ref", "refs/heads/side", "main"]);
    let tree = Fleet { root: "tree", ..fleet };
    wait_for_a_new_second();
    tree.web(7);
    tree.git(&["add", "config"]);
    tree.web(8);
    wait_for_a_new_second();
    let said = tree.does(&["promote", "development", "staging", "--commit", "--push", "--no-fetch"]);
    assert!(said.contains("on top of what others had pushed"), "{said}");
    assert_eq!(tree.git(&["status", "--porcelain"]), "MM config/bases/web/web.yaml");
}

/// What is done next is done within one second of the clock of files.
fn wait_for_a_new_second() {
    let now = std::time::UNIX_EPOCH.elapsed().expect("a clock");
    std::thread::sleep(std::time::Duration::from_secs(1) - std::time::Duration::from_nanos(now.subsec_nanos().into()));
    std::thread::sleep(std::time::Duration::from_millis(20));
}

#[test]
fn what_was_taken_off_the_remote_does_not_come_back() {
    let dropped = |fleet: &Fleet| {
        fleet.write("config/dropped.yaml", "x: 1\n");
        let dropped = fleet.push("Dropped on purpose");
        fleet.origin(&["update-ref", "refs/heads/main", "main~1"]);
        dropped
    };
    let is_refused = |fleet: &Fleet, dropped: &str, arguments: &[&str]| {
        let before = fleet.origin(&["rev-parse", "main"]);
        let arguments = [&["promote", "development", "staging", "--commit", "--push"], arguments].concat();
        let output = fleet.run(&arguments);
        assert_eq!(output.status.code(), Some(5), "{}", said(&output));
        let said = said(&output);
        assert!(said.contains("rewritten there") && said.contains(&dropped[..12]), "{said}");
        assert_eq!(fleet.origin(&["rev-parse", "main"]), before);
        assert_eq!(fleet.git(&["log", "-1", "--format=%s"]), "Promote development to staging");
    };
    // The commit here still has it: a plain push would bring it back, with nothing to put on top of.
    for arguments in [&[][..], &["--no-fetch"]] {
        let fleet = Fleet::new();
        let commit = dropped(&fleet);
        is_refused(&fleet, &commit, arguments);
    }
    // Others have gone on without it.
    for arguments in [&[][..], &["--no-fetch"]] {
        let fleet = Fleet::new();
        let commit = dropped(&fleet);
        fleet.others_push("config/other.yaml", "x: 2\n");
        is_refused(&fleet, &commit, arguments);
    }
    // It is not here, but the remote is not what it was known to be.
    let fleet = Fleet::new();
    let commit = dropped(&fleet);
    fleet.others_push("config/other.yaml", "x: 2\n");
    fleet.git(&["reset", "-q", "--hard", "HEAD~1"]);
    is_refused(&fleet, &commit, &["--no-fetch"]);
    // Once that was looked at, it goes on.
    fleet.git(&["reset", "-q", "--hard", "origin/main"]);
    fleet.does(&["promote", "development", "staging", "--commit", "--push"]);
    // The branch is removed.
    let fleet = Fleet::new();
    fleet.git(&["checkout", "-q", "-b", "side"]);
    fleet.write("config/side.yaml", "x: 1\n");
    fleet.commit("On the side");
    fleet.git(&["push", "-q", "origin", "side"]);
    fleet.origin(&["branch", "-D", "side"]);
    let output = fleet.run(&["promote", "development", "staging", "--commit", "--push"]);
    assert!(output.status.code() == Some(5) && said(&output).contains("was deleted there"), "{}", said(&output));
}

#[test]
fn a_push_follows_the_users_settings() {
    let fleet = Fleet::new();
    fleet.git(&["clone", "-q", "--bare", ".", "../fork.git"]);
    fleet.git(&["remote", "add", "fork", "../fork.git"]);
    fleet.git(&["config", "branch.main.remote", "origin"]);
    fleet.git(&["config", "branch.main.merge", "refs/heads/main"]);
    fleet.git(&["config", "remote.pushDefault", "fork"]);
    let pushed = fleet.head();
    let said = fleet.does(&["promote", "development", "staging", "--commit", "--push"]);
    assert!(said.contains("is pushed to fork"), "{said}");
    assert_eq!(fleet.git(&["--git-dir", "../fork.git", "rev-parse", "main"]), fleet.head());
    assert_eq!(fleet.origin(&["rev-parse", "main"]), pushed);

    // It is not known where the branch is.
    let fleet = Fleet::new();
    fleet.git(&["config", "--unset-all", "remote.origin.fetch"]);
    fleet.git(&["update-ref", "-d", "refs/remotes/origin/main"]);
    fleet.others_push("config/other.yaml", "x: 2\n");
    let said = fleet.does(&["promote", "development", "staging", "--commit", "--push", "--no-fetch"]);
    assert!(said.contains("on top of what others had pushed"), "{said}");
    assert_eq!(fleet.origin(&["log", "-2", "--format=%s", "main"]), "Promote development to staging\nOf others");

    let fleet = Fleet::new();
    fleet.git(&["checkout", "-q", "--track", "-b", "work", "origin/main"]);
    let said = fleet.refuses(&["promote", "development", "staging", "--commit", "--push"], 5);
    assert!(said.contains("its upstream origin/main has another name") && said.contains("push.default"), "{said}");
    fleet.git(&["config", "push.default", "upstream"]);
    fleet.does(&["promote", "development", "staging", "--commit", "--push"]);
    assert_eq!(fleet.origin(&["rev-parse", "main"]), fleet.head());
}

#[test]
fn nothing_is_written_while_another_git_is_at_work() {
    let fleet = Fleet::new();
    let lock = fleet.root().join(".git/index.lock");
    fs::write(&lock, "").expect("written");
    let head = fleet.head();
    let told = fleet.refuses(&["promote", "development", "staging", "--commit"], 5);
    assert!(told.contains("another git or kfleet is at work") && told.contains("index.lock"), "{told}");
    fs::remove_file(&lock).expect("removed");
    assert_eq!(fleet.head(), head);
    fleet.does(&["promote", "development", "staging", "--commit"]);
}
