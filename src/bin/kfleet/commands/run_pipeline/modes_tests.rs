//! Which flags go together.

use super::*;
use clap::Parser;

#[derive(Debug, Parser)]
struct Program {
    #[command(flatten)]
    args: Args,
}

/// The message for a command line that is refused.
fn refused(line: &str) -> Option<String> {
    match Program::try_parse_from(["run-pipeline"].into_iter().chain(line.split_whitespace())) {
        Ok(program) => program.args.verify().err().map(|error| {
            assert_eq!(error.kind, ErrorKind::Usage, "{line}");
            error.message
        }),
        Err(error) => Some(error.to_string()),
    }
}

#[test]
fn flags_that_would_change_nothing_are_refused() {
    for (line, message) in [
        ("--plan --apply --push", "--apply, --push would change nothing about --plan"),
        ("--list --apply", "--apply would change nothing about --list"),
        ("--explain --push", "--push would change nothing about --explain"),
        ("--lint --apply", "--apply would change nothing about --lint"),
        ("--logs x --output json", "--output json would change nothing about --logs"),
        ("--plan --log json", "--log would change nothing about --plan"),
        ("--list --engine process --secret a=b", "--engine, --secret would change nothing about --list"),
        ("--logs x --engine process --event push", "--event, --engine would change nothing about --logs"),
        ("pr --runs", "JOB would change nothing about --runs"),
        ("--plan --diff --keep", "--keep, --diff would change nothing about --plan"),
        ("--all", "--all would change nothing about a run"),
        ("--log json --quiet-success", "--quiet-success with --log json would change nothing"),
        ("--list --plan", "cannot be used with"),
        ("--list --output dot", "only plans"),
        ("--output yaml", "only plans"),
        ("--event push --comment x", "cannot be used with"),
        ("--from-event f --tag v1", "cannot be used with"),
        ("--event push --pr 1", "--event push has no pull request"),
        ("--event pull_request --tag v1", "--event pull_request has no tag"),
        ("--tag v1 --pr 1", "cannot be used with"),
        ("--failed-context x", "about a comment"),
        ("--event-type push", "--from-event"),
        ("--trust", "--from-event"),
        ("--from-step s", "--task"),
        ("run.yaml --comment x", "--comment is about jobs"),
        ("run.yaml --event push", "--event is about jobs"),
    ] {
        let found = refused(line).unwrap_or_default();
        assert!(found.contains(message), "{line}: {found}");
    }
}

#[test]
fn flags_that_go_together_are_not() {
    for line in [
        "",
        "pr --apply --push --diff --keep --log json --output json",
        "pr --plan --engine process --secret a=b --output dot --fail-if-none",
        "--explain --tag v1 --output json",
        "--comment /retest --failed-context pr --base main --pr 3",
        "--from-event f --event-type push --trust",
        "--logs --all --log json",
        "--logs run-1 --quiet-success",
        "--runs --all --output json",
        "run.yaml --pr 7 --untrusted --task t --from-step s",
    ] {
        assert_eq!(refused(line), None, "{line}");
    }
}

#[test]
fn runs_that_are_not_trusted_get_nothing() {
    let args = |line: &str| Program::try_parse_from(["x"].into_iter().chain(line.split_whitespace())).unwrap().args;
    assert!(args("pr --keep --diff").verify_untrusted().is_ok());
    let error = args("pr --push --network host --secret a=b").verify_untrusted().unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused);
    assert!(error.message.ends_with("no --push, --network host, --secret"), "{}", error.message);
}
