//! `kfleet status` and `kfleet history` in a clone with a history like the article's.
#![allow(clippy::disallowed_methods, reason = "tests make files and start programs")]

mod support;

use support::fleet::{Fleet, sync, sync_file};

/// The lines of a table as words.
fn table(text: &str) -> Vec<Vec<&str>> {
    text.lines().map(|line| line.split_whitespace().collect()).collect()
}

#[test]
fn history_tells_every_pin() {
    let fleet = Fleet::new();
    let first = fleet.git(&["rev-parse", "HEAD~2"]);
    let third = fleet.head();
    fleet.does(&["promote", "development", "staging", "--commit", "--push"]);
    fleet.does(&["rollback", "staging", "--commit", "--push"]);
    fleet.write(&sync_file("staging"), &sync("main", Some(&first), 5));
    fleet.push("Give staging five");
    fleet.write(&sync_file("staging"), "kind: [\n");
    fleet.push("Break it");
    fleet.write(&sync_file("staging"), &sync("main", Some(&first), 5).replace("workload", "other"));
    fleet.push("Repair it");

    let said = fleet.does(&["history", "staging", "--output", "json"]);
    let report: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    let entries = report["entries"].as_array().expect("entries");
    let told: Vec<(&str, &str, &str)> = entries
        .iter()
        .map(|entry| {
            let text = |key: &str| entry[key].as_str().unwrap_or("-");
            (text("subject"), text("from"), text("to"))
        })
        .collect();
    let rollback = format!("Roll staging back to {}", &first[..12]);
    assert_eq!(
        told,
        [
            ("Repair it", "-", first.as_str()),
            ("Break it", first.as_str(), "-"),
            ("Give staging five", first.as_str(), first.as_str()),
            (rollback.as_str(), third.as_str(), first.as_str()),
            ("Promote development to staging", first.as_str(), third.as_str()),
            ("Bootstrap staging", "-", first.as_str()),
        ]
    );
    assert!(report["notes"].to_string().contains("cannot be read"), "{report}");
    assert_eq!(entries[2]["alsoChanged"], serde_json::json!(["patches"]));
    assert_eq!((&entries[3]["isRollback"], &entries[3]["commits"]), (&true.into(), &2.into()));
    assert_eq!(entries[4]["trailers"][0], serde_json::json!(["Kfleet-Source", "development"]));

    let said = fleet.does(&["history", "staging", "-n", "4"]);
    assert!(said.contains("(rollback)") && said.contains("(patches changed)") && said.contains("-2"), "{said}");
    assert!(fleet.refuses(&["history", "stagin"], 2).contains("did you mean `staging`"));
}

#[test]
fn status_tells_what_every_cluster_runs() {
    let fleet = Fleet::new();
    let first = fleet.git(&["rev-parse", "HEAD~2"]);
    let pair = sync("main", Some(&first), 1);
    let addon = pair.replace("name: cluster", "name: addon").replace("flavours/workload", "bases/web");
    fleet.cluster("production", &format!("{pair}---\n{addon}"));
    fleet.cluster("broken", &pair.replace("    name: cluster\n  patches", "    name: flux-system\n  patches"));
    fleet.push("Add clusters");
    let out = fleet.run(&["status"]);
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let rows = table(&text);
    assert_eq!(rows[0], ["CLUSTER", "FLAVOUR", "ENVIRONMENT", "PIN", "AGE", "BEHIND", "ADDONS", "PROBLEMS"]);
    let row = |name: &str| rows.iter().find(|row| row[0] == name).unwrap_or_else(|| panic!("{name}: {text}"));
    assert_eq!(row("development")[..5], ["development", "workload", "development", "branch", "main"]);
    assert_eq!(row("staging")[3], &first[..12]);
    assert_eq!(row("staging")[5..8], ["3", "(main)", "-"]);
    assert_eq!(row("production")[7], "1", "one addon is pinned apart");
    assert!(text.contains("(pin without effect)"), "{text}");

    fleet.write(
        "fleet.yaml",
        "apiVersion: kfleet.dev/v1alpha1\nkind: Fleet\nclusters:\n  staging: {flavour: workload}\n  production: {flavour: workload}\npromotion:\n  - {from: staging, to: {clusters: [production]}}\n",
    );
    let said = fleet.does(&["status", "--output", "json"]);
    let report: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    let production =
        report["clusters"].as_array().and_then(|rows| rows.iter().find(|row| row["cluster"] == "production"));
    let production = production.expect("a row");
    assert_eq!((&production["behind"], &production["behindOf"]), (&0.into(), &"staging".into()));
    assert!(production["since"].as_str().is_some_and(|since| since.ends_with('Z')));
    assert!(fleet.does(&["status", "--addons"]).contains("\n  addon "));
    assert!(fleet.does(&["status", "--output", "dot"]).contains("\"staging\" -> \"production\";"));

    // Commits that only move pins do not count, and clusters are in the order of promotion.
    fleet.push("Add a fleet file");
    let before = fleet.does(&["status", "--selector", "environment=development,environment=development"]);
    fleet.does(&["promote", "--to", "HEAD", "staging", "--commit", "--push"]);
    let out = fleet.does(&["status"]);
    let rows = table(&out);
    let names: Vec<&str> = rows[2..].iter().map(|row| row[0]).collect();
    assert_eq!(names, ["staging", "production", "development", "broken"], "{out}");
    let staging = rows.iter().find(|row| row[0] == "staging").expect("a row");
    assert_eq!(staging[5..7], ["0", "-"], "{out}");
    assert!(before.contains("development") && !before.contains("staging"), "{before}");

    // From a folder inside, and not from outside.
    assert_eq!(fleet.does(&["-C", "clusters/staging", "status"]), out);
    std::fs::create_dir(fleet.folder.path().join("elsewhere")).expect("made");
    for command in [["status"].as_slice(), &["vet"], &["generate"]] {
        let said = fleet.refuses(&[&["-C", "../elsewhere"], command].concat(), 3);
        assert!(said.contains("here or above"), "{said}");
    }
    let output = fleet.run(&["-C", "../elsewhere", "status", "--output", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&report["kind"], &report["error"]["exitCode"]), (&"ErrorReport".into(), &3.into()), "{report}");
    let report: serde_json::Value =
        serde_json::from_slice(&fleet.run(&["status", "--output=json", "--nonsense"]).stdout).expect("JSON");
    assert_eq!((&report["error"]["kind"], &report["error"]["exitCode"]), (&"usage".into(), &2.into()), "{report}");
    // A broken fleet file is reported by each command, and ends it.
    let whole = fleet.text("fleet.yaml");
    fleet.write("fleet.yaml", &whole.replace("flavour: workload", "flavor: workload"));
    for command in [["status"].as_slice(), &["history", "staging"], &["promote", "staging", "production"], &["vet"]] {
        let said = fleet.refuses(command, 1);
        assert!(said.contains("fleet.yaml:4:13: unknown field `flavor`") && said.contains("fleet.yaml:5:16"), "{said}");
    }
    fleet.write("fleet.yaml", &whole);

    // Without a clone, what only history shows is left out.
    std::fs::remove_dir_all(fleet.root().join(".git")).expect("removed");
    let said = String::from_utf8_lossy(&fleet.run(&["status"]).stderr).into_owned();
    assert!(said.contains("ages and distances are not known"), "{said}");
}
