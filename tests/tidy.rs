//! Invariants of the whole source, each with its reason.
#![allow(clippy::disallowed_methods, reason = "this test reads the source and runs the program")]

#[path = "tidy/modules.rs"]
mod modules;
#[path = "tidy/words.rs"]
mod words;

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &str, endings: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut pending: Vec<PathBuf> = vec![root().join(folder)];
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            pending.extend(std::fs::read_dir(&path).expect("readable").map(|entry| entry.expect("entry").path()));
        } else if endings.iter().any(|ending| path.to_string_lossy().ends_with(ending)) {
            let name = path.strip_prefix(root()).expect("below the root").display().to_string();
            found.push((name, std::fs::read_to_string(&path).expect("UTF-8")));
        }
    }
    found.sort();
    assert!(!found.is_empty(), "nothing in {folder}");
    found
}

/// The code of a file without its tests and comments.
fn code(text: &str) -> impl Iterator<Item = &str> {
    let end = text.find("#[cfg(test)]").unwrap_or(text.len());
    text[..end].lines().filter(|line| !line.trim_start().starts_with("//"))
}

/// The layers: an arrow may only point down.
#[test]
fn modules_use_only_what_is_below_them() {
    let below: &[(&str, &str)] = &[
        (
            "ops",
            "ops publish addon fleet source runner tekton lighthouse layout flux kustomize manifest substitute yaml forge git helm http kube oci process tree diff digest error names path problem suggest text",
        ),
        ("publish", "publish forge git tree diff error"),
        ("addon", "addon fleet source layout manifest substitute yaml tree digest problem"),
        ("fleet", "fleet source flux kustomize manifest yaml tree error names path problem suggest"),
        ("source", "source yaml git helm http oci tree address digest error names path problem suggest"),
        ("runner", "runner tekton lighthouse yaml http git process tree digest error path problem suggest text"),
        ("tekton", "tekton lighthouse go_regex manifest yaml tree digest error path problem suggest text"),
        ("lighthouse", "lighthouse go_regex manifest yaml tree error path problem suggest text"),
        ("layout", "layout manifest yaml tree diff problem"),
        ("flux", "flux manifest path problem"),
        ("kustomize", "kustomize manifest path problem"),
        ("manifest", "manifest yaml tree error problem"),
        ("substitute", "substitute yaml problem"),
        ("go_regex", "go_regex"),
        ("yaml", "yaml"),
        ("forge", "forge git http process address text error"),
        ("helm", "helm yaml process tree address digest error"),
        ("kube", "kube proxy error problem"),
        ("http", "http proxy process text tree error problem"),
        ("oci", "oci http process tree address digest suggest text error"),
        ("git", "git process suggest text tree digest error problem"),
        ("process", "process text error"),
        ("tree", "tree digest error problem"),
        ("proxy.rs", "process error"),
        ("address.rs", "digest"),
        ("diff.rs", ""),
        ("digest.rs", ""),
        ("error.rs", "problem"),
        ("names.rs", ""),
        ("path.rs", ""),
        ("problem.rs", ""),
        ("suggest.rs", ""),
        ("text.rs", ""),
    ];
    let mut wrong = Vec::new();
    for (name, text) in files("src/lib", &[".rs"]) {
        if name == "src/lib/lib.rs" {
            continue;
        }
        let module = name.trim_start_matches("src/lib/").split('/').next().expect("a module");
        let (_, allowed) =
            below.iter().find(|(layer, _)| *layer == module).unwrap_or_else(|| panic!("{module} has no layer"));
        for line in code(&text) {
            for used in line.split("crate::").skip(1) {
                let used: String = used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if !allowed.split(' ').any(|one| one == used) {
                    wrong.push(format!("{name} uses crate::{used}: {line}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_library_touches_the_world_only_at_its_edges() {
    for (name, text) in files("src/lib", &[".rs"]) {
        for line in code(&text) {
            for (forbidden, home, reason) in [
                ("println!", "", "the library never prints"),
                ("eprintln!", "", "the library never prints"),
                ("std::env", "", "the environment is read in context.rs"),
                ("std::fs", "src/lib/tree/", "files are the tree's"),
                ("process::Command", "src/lib/process/", "programs are the process module's"),
                ("clap::", "", "the command line is the program's"),
            ] {
                let at_home = !home.is_empty() && name.starts_with(home);
                // A run of a pipeline is folders, programs and namespaces: its engines are an edge of their own.
                let at_home = at_home || (!home.is_empty() && name.starts_with("src/lib/runner/"));
                assert!(
                    at_home || !line.contains(forbidden) || name.ends_with("_tests.rs"),
                    "{name}: {reason}: {line}"
                );
            }
        }
    }
}

#[test]
fn files_are_short_and_say_what_they_are_for() {
    for (name, text) in files("src", &[".rs"]) {
        assert!(text.starts_with("//!"), "{name} does not say what it is for");
        let lines = text.lines().count();
        assert!(lines <= 500, "{name} has {lines} lines: past 500 a file becomes a folder");
    }
}

#[test]
fn the_changelog_has_a_place_for_the_next_release() {
    let text = std::fs::read_to_string(root().join("CHANGELOG.md")).expect("a changelog");
    assert!(text.contains("## [Unreleased]"));
}

#[test]
fn documents_have_no_trailing_blanks() {
    for (name, text) in files("docs", &[".md"]).into_iter().chain(files("README.md", &[".md"])) {
        for (number, line) in text.lines().enumerate() {
            assert_eq!(line, line.trim_end(), "{name}:{}", number + 1);
        }
    }
}

/// `KFLEET_BLESS=1` writes it anew.
#[test]
fn the_command_reference_is_true() {
    let output = Command::new(env!("CARGO_BIN_EXE_kfleet")).args(["man", "--markdown"]).output().expect("kfleet runs");
    let expected = String::from_utf8(output.stdout).expect("UTF-8");
    let path = root().join("docs/cli.md");
    if std::env::var_os("KFLEET_BLESS").is_some() {
        std::fs::write(&path, &expected).expect("blessed");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == expected,
        "docs/cli.md is not what the help texts say; run KFLEET_BLESS=1 cargo test --test tidy"
    );
}

/// The schema that editors use for fleet.yaml is that of its types.
#[test]
fn the_schema_of_the_fleet_file_is_true() {
    let schema = kfleet::fleet::schema::schema_of::<kfleet::fleet::types::Fleet>();
    let expected = serde_json::to_string_pretty(&schema).expect("JSON") + "\n";
    let path = root().join("docs/fleet.schema.json");
    if std::env::var_os("KFLEET_BLESS").is_some() {
        std::fs::write(&path, &expected).expect("blessed");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == expected,
        "docs/fleet.schema.json is not what the types say; run KFLEET_BLESS=1 cargo test --test tidy"
    );
}

/// The page of the fleet file's fields is made from their types.
#[test]
fn the_reference_of_fields_is_true() {
    let head = "# The fields of fleet.yaml\n\nMade from the types that read the file: `KFLEET_BLESS=1 cargo test --test tidy`. \
                What they are for is in\n[fleet-file.md](fleet-file.md).\n\n";
    let expected = format!("{head}{}", kfleet::fleet::reference::markdown());
    let path = root().join("docs/fleet-fields.md");
    if std::env::var_os("KFLEET_BLESS").is_some() {
        std::fs::write(&path, &expected).expect("blessed");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == expected, "docs/fleet-fields.md is out of date; run KFLEET_BLESS=1 cargo test --test tidy");
}

/// The rules in docs/vet.md are those of the catalogue.
#[test]
fn the_reference_of_rules_is_true() {
    const MARK: &str = "<!-- made from the catalogue: KFLEET_BLESS=1 cargo test --test tidy -->\n\n";
    let path = root().join("docs/vet.md");
    let committed = std::fs::read_to_string(&path).expect("the page");
    let (before, _) = committed.split_once(MARK).expect("a mark where the rules begin");
    let expected = format!("{before}{MARK}{}", kfleet::ops::vet::catalogue::markdown());
    if std::env::var_os("KFLEET_BLESS").is_some() {
        std::fs::write(&path, &expected).expect("blessed");
        return;
    }
    assert!(
        committed == expected,
        "docs/vet.md is not what the catalogue says; run KFLEET_BLESS=1 cargo test --test tidy"
    );
}

/// The README's examples, run on the demo: they must work as they are written.
#[test]
fn the_examples_of_the_readme_work() {
    let text = std::fs::read_to_string(root().join("README.md")).expect("a README");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::copy(root().join("examples/demo/shop.yaml"), folder.path().join("shop.yaml")).expect("copied");
    let mut run = 0;
    for line in text.lines().filter_map(|line| line.strip_prefix("$ kfleet ")) {
        let command = line.split(" #").next().expect("a command").trim();
        let status = Command::new(env!("CARGO_BIN_EXE_kfleet"))
            .args(command.split_whitespace())
            .current_dir(folder.path())
            .output()
            .expect("kfleet runs");
        let code = status.status.code();
        assert!(code == Some(0) || (code == Some(1) && command.contains("--check")), "{command}: {status:?}");
        run += 1;
    }
    assert!(run >= 5, "only {run} examples");
}

/// The code of all files below a folder, tests left out.
fn modules_of(folder: &str) -> Vec<modules::Module> {
    let is_code = |name: &str| !name.contains("_tests.rs") && !name.contains("/tests/") && !name.ends_with("/tests.rs");
    let found = files(folder, &[".rs"]).into_iter().filter(|(name, _)| is_code(name));
    let root = format!("{folder}/");
    found.map(|(name, text)| modules::Module::new(&name, &root, code(&text).collect::<Vec<_>>().join("\n"))).collect()
}

/// What two operations need lies below them: so each can be read, changed and tested alone.
#[test]
fn no_operation_uses_another() {
    let operation = |file: &str| {
        let rest = file.strip_prefix("src/lib/ops/")?;
        Some(rest.split('/').next()?.trim_end_matches(".rs").to_owned()).filter(|name| name != "mod")
    };
    let mut wrong = Vec::new();
    for (file, used) in modules::uses(&modules_of("src/lib")) {
        let others = used.iter().filter(|used| operation(used).is_some_and(|other| operation(&file) != Some(other)));
        wrong.extend(others.filter(|_| operation(&file).is_some()).map(|other| format!("{file} uses {other}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Commands turn flags into options and show reports; what they do is in the library.
/// A git that knows the identity, the settings or the hooks of whoever runs the tests passes here and fails elsewhere.
#[test]
fn tests_start_git_without_settings_of_the_user() {
    let own = ["tests/support/git_servers.rs", "src/lib/git/scratch_remote/scratch_remote_tests.rs", "tests/tidy.rs"];
    let all = ["src", "tests"].into_iter().flat_map(|folder| files(folder, &[".rs"]));
    let starts = all.filter(|(_, text)| text.contains("Command::new(\"git\")")).map(|(name, _)| name);
    let others: Vec<String> = starts.filter(|name| !own.contains(&name.as_str())).collect();
    assert!(others.is_empty(), "start git by a function of {own:?}: {others:?}");
}

#[test]
fn commands_are_thin() {
    let mut lines: Vec<usize> =
        files("src/bin/kfleet/commands", &[".rs"]).iter().map(|(_, text)| text.lines().count()).collect();
    lines.sort_unstable();
    let median = lines[lines.len() / 2];
    assert!(median < 120, "the median command has {median} lines");
}

/// Files that use each other in a circle, each with the reason why that is right.
const CIRCLES: &[(&[&str], &str)] = &[
    (
        &["src/lib/git/clone/mod.rs", "src/lib/git/clone/revisions.rs"],
        "the clone is opened in mod.rs, and its methods stand in files by subject",
    ),
    (
        &["src/lib/go_regex/class.rs", "src/lib/go_regex/escape.rs", "src/lib/go_regex/mod.rs"],
        "one parser that calls itself, in files by what it reads",
    ),
    (
        &["src/lib/kube/client/mod.rs", "src/lib/kube/client/request.rs"],
        "the client is made in mod.rs, and every request goes through it",
    ),
    (
        &[
            "src/lib/lighthouse/template/eval.rs",
            "src/lib/lighthouse/template/mod.rs",
            "src/lib/lighthouse/template/parse.rs",
        ],
        "mod.rs has the types of a template, and the two steps that use them",
    ),
    (
        &["src/lib/ops/fmt/layout/mod.rs", "src/lib/ops/fmt/layout/plan.rs"],
        "mod.rs has the options of the plan that it hands on",
    ),
    (
        &[
            "src/lib/ops/init/adopt/addons.rs",
            "src/lib/ops/init/adopt/clusters.rs",
            "src/lib/ops/init/adopt/mod.rs",
            "src/lib/ops/init/adopt/render.rs",
        ],
        "mod.rs has the result that each part adds to",
    ),
    (
        &[
            "src/lib/ops/vet/catalogue.rs",
            "src/lib/ops/vet/mod.rs",
            "src/lib/ops/vet/rules/bootstrap.rs",
            "src/lib/ops/vet/rules/capi.rs",
            "src/lib/ops/vet/rules/fleet_file.rs",
            "src/lib/ops/vet/rules/kustomize/mod.rs",
            "src/lib/ops/vet/rules/mod.rs",
            "src/lib/ops/vet/rules/pins/mod.rs",
            "src/lib/ops/vet/rules/resources.rs",
            "src/lib/ops/vet/rules/secrets.rs",
            "src/lib/ops/vet/rules/sources.rs",
            "src/lib/ops/vet/rules/suppressions.rs",
            "src/lib/ops/vet/rules/syncs/mod.rs",
            "src/lib/ops/vet/select.rs",
            "src/lib/ops/vet/suppress.rs",
        ],
        "the catalogue lists the rules, and rules take what they need by one path",
    ),
    (
        &["src/lib/ops/vet/finding.rs", "src/lib/ops/vet/rule.rs"],
        "a rule holds the function that checks it, and a finding its rule",
    ),
    (
        &["src/lib/publish/mod.rs", "src/lib/publish/pull_request.rs"],
        "a pull request is one of the goals of publishing, and needs its commit",
    ),
    (
        &["src/lib/runner/local/controller/late.rs", "src/lib/runner/local/controller/state.rs"],
        "steps that run late are part of the state, and change it",
    ),
    (
        &[
            "src/lib/source/config_map.rs",
            "src/lib/source/content.rs",
            "src/lib/source/fetch.rs",
            "src/lib/source/helm.rs",
            "src/lib/source/mod.rs",
            "src/lib/source/path.rs",
        ],
        "mod.rs lists the kinds, and each kind uses the types of all",
    ),
    (
        &["src/lib/yaml/emit/mod.rs", "src/lib/yaml/emit/scalars.rs"],
        "one emitter, whose scalars have a file of their own",
    ),
    (
        &["src/lib/yaml/scan/flow.rs", "src/lib/yaml/scan/mod.rs"],
        "one scanner, whose flow collections have a file of their own",
    ),
    (
        &[
            "src/bin/kfleet/commands/fmt/layout.rs",
            "src/bin/kfleet/commands/fmt/mod.rs",
            "src/bin/kfleet/commands/fmt/text.rs",
        ],
        "mod.rs chooses between the two modes, which share what it reads",
    ),
];

#[test]
fn files_that_use_each_other_are_known() {
    let mut circles = modules::circles(&modules::uses(&modules_of("src/lib")));
    circles.extend(modules::circles(&modules::uses(&modules_of("src/bin/kfleet"))));
    let known: Vec<&[&str]> = CIRCLES.iter().map(|(files, _)| *files).collect();
    let new =
        circles.iter().filter(|circle| !known.contains(&&circle.iter().map(String::as_str).collect::<Vec<_>>()[..]));
    let new: Vec<String> = new.map(|circle| circle.join("\n  ")).collect();
    assert!(new.is_empty(), "files that use each other in a circle:\n{}", new.join("\n"));
    let is_there =
        |known: &[&str]| circles.iter().any(|circle| circle.iter().map(String::as_str).eq(known.iter().copied()));
    let opened: Vec<&str> = known.iter().filter(|known| !is_there(known)).map(|known| known[0]).collect();
    assert!(opened.is_empty(), "circles that were opened: take them off the list: {}", opened.join(", "));
}

#[test]
fn the_english_is_plain() {
    let texts =
        files("src", &[".rs", ".md"]).into_iter().chain(files("docs", &[".md"])).chain(files("README.md", &[".md"]));
    let found: Vec<String> = texts.flat_map(|(name, text)| words::findings(&name, &text)).collect();
    assert!(found.is_empty(), "{} turns:\n{}", found.len(), found.join("\n"));
}
