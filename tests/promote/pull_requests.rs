//! Pull requests at servers on loopback that answer as the documented API of each provider does.

use crate::support::fleet::{Fleet, said, sync_file};
use crate::support::web::{Request, Step, WebServer, answer};
use serde_json::{Value, json};
use std::fs;
use std::sync::{Arc, Mutex};

const TOKEN: &str = "s3cret-token";
const PROMOTE: [&str; 4] = ["promote", "development", "staging", "--pull-request"];

/// A fleet whose remotes have ssh URLs on this machine, and what stands for ssh.
fn hosted() -> Fleet {
    let fleet = Fleet::new();
    let folder = fleet.folder.path().display().to_string();
    fleet.git(&["clone", "-q", "--bare", ".", "../fork.git"]);
    let ssh = fleet.folder.path().join("ssh");
    let script = format!(
        "#!/bin/sh\nfor last; do :; done\neval \"$(printf %s \"$last\" | sed \"s|'team/|'{folder}/|; s|'me/|'{folder}/|\")\"\n"
    );
    fs::write(&ssh, script).expect("written");
    fs::set_permissions(&ssh, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("executable");
    fleet.git(&["config", "core.sshCommand", &ssh.display().to_string()]);
    fleet.git(&["config", "ssh.variant", "ssh"]);
    fleet.git(&["remote", "set-url", "origin", "git@127.0.0.1:team/origin.git"]);
    fleet.git(&["remote", "add", "fork", "git@127.0.0.1:me/fork.git"]);
    fleet
}

fn json_answer(status: &str, body: &Value) -> Vec<Step> {
    answer(status, &["Content-Type: application/json; charset=utf-8"], body.to_string().as_bytes())
}

/// A server that lists what was created, and answers a creation with `created`, of which `listed` is what a list shows.
fn provider(created: Value) -> WebServer {
    let open = Arc::new(Mutex::new(Vec::<Value>::new()));
    WebServer::http(move |request, _| {
        let mut open = open.lock().expect("no panic");
        match request.method.as_str() {
            "GET" if request.path.ends_with("/projects/team%2Forigin") => json_answer("200 OK", &json!({"id": 42})),
            "GET" => json_answer("200 OK", &Value::Array(open.clone())),
            _ => {
                open.push(created.clone());
                json_answer("201 Created", &created)
            }
        }
    })
}

fn bodies(server: &WebServer) -> Vec<Value> {
    let posts = server.requests().into_iter().filter(|request| request.method == "POST");
    posts.map(|request| serde_json::from_slice(&request.body).expect("JSON")).collect()
}

fn lines(server: &WebServer) -> Vec<String> {
    let shown = |request: &Request| match request.query.as_str() {
        "" => format!("{} {}", request.method, request.path),
        query => format!("{} {}?{query}", request.method, request.path),
    };
    server.requests().iter().map(shown).collect()
}

fn branch(fleet: &Fleet) -> String {
    format!("promote-staging-{}", &fleet.git(&["rev-parse", "origin/main"])[..12])
}

#[test]
fn github_gets_a_pull_request_once() {
    let fleet = hosted();
    let (main, branch) = (fleet.head(), branch(&fleet));
    let server = provider(json!({
        "number": 7, "html_url": "https://127.0.0.1/team/origin/pull/7", "state": "open", "title": "T",
        "head": {"ref": branch, "repo": {"full_name": "Team/origin"}}, "base": {"ref": "main"},
    }));
    let api = server.url("/api/v3");
    let variables = [("GITHUB_API_URL", api.as_str()), ("GH_TOKEN", TOKEN)];
    let output = fleet.run_with(&variables, &[&PROMOTE[..], &["--draft"]].concat());
    let told = said(&output);
    assert!(output.status.success() && told.contains("pull request 7: https://127.0.0.1/team/origin/pull/7"), "{told}");
    assert!(!told.contains(TOKEN));

    let list = format!("/api/v3/repos/team/origin/pulls?state=open&head=team%3A{branch}&base=main&per_page=100");
    assert_eq!(lines(&server), [format!("GET {list}"), "POST /api/v3/repos/team/origin/pulls".to_owned()]);
    for request in server.requests() {
        assert_eq!(request.header("authorization"), format!("Bearer {TOKEN}"));
        assert_eq!(request.header("accept"), "application/vnd.github+json");
        assert!(request.header("user-agent").starts_with("kfleet/"));
    }
    let body = &bodies(&server)[0];
    assert_eq!((&body["head"], &body["base"], &body["draft"]), (&json!(branch), &json!("main"), &json!(true)));
    assert_eq!(body["title"], "Promote development to staging");
    let text = body["body"].as_str().expect("a text");
    let first = fleet.git(&["rev-parse", "main~2"]);
    let row = format!("| `staging` | `{}` | `{}` | 2 | 1 |", &first[..12], &main[..12]);
    assert!(text.contains(&row) && text.contains("`Change web`"), "{text}");

    assert_eq!(fleet.git(&["branch", "--show-current"]), branch);
    assert_eq!(fleet.origin(&["rev-parse", &branch]), fleet.head());
    assert_eq!(fleet.origin(&["rev-parse", "main"]), main);

    // Again, where the branch is checked out, is here, and is only there.
    let said_again = fleet.run_with(&variables, &PROMOTE);
    assert!(said(&said_again).contains("nothing to do"), "{}", said(&said_again));
    for remove in [false, true] {
        fleet.git(&["checkout", "-q", "main"]);
        if remove {
            fleet.git(&["branch", "-q", "-D", &branch]);
        }
        let output = fleet.run_with(&variables, &[&PROMOTE[..], &["--output", "json"]].concat());
        assert!(output.status.success(), "{}", said(&output));
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let expected = json!({"number": 7, "url": "https://127.0.0.1/team/origin/pull/7", "isNew": false});
        assert_eq!((&report["pullRequest"], &report["written"]), (&expected, &json!(false)));
        assert_eq!(fleet.git(&["status", "--porcelain", "--branch"]).lines().count(), 1, "nothing was written");
    }
    assert_eq!(bodies(&server).len(), 1);

    // The branch has become something else.
    let other = fleet.origin(&["commit-tree", "-p", &branch, "-m", "Undo it", "main^{tree}"]);
    fleet.origin(&["update-ref", &format!("refs/heads/{branch}"), &other]);
    let told = fleet.run_with(&variables, &PROMOTE);
    assert!(told.status.code() == Some(5) && said(&told).contains("another content"), "{}", said(&told));
    // It was merged and removed: there is nothing to be found any more.
    fleet.origin(&["branch", "-q", "-D", &branch]);
    let output = fleet.run_with(&variables, &PROMOTE);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(fleet.origin(&["rev-parse", &branch]), fleet.head());
}

#[test]
fn gitlab_gets_a_merge_request() {
    let fleet = hosted();
    fleet.git(&["checkout", "-q", "-b", "work/main", "--track", "origin/main"]);
    let created = json!({"iid": 3, "id": 900, "web_url": "https://127.0.0.1/team/origin/-/merge_requests/3"});
    let server = provider(created.clone());
    let api = server.url("/api/v4");
    let variables = [("CI_API_V4_URL", api.as_str()), ("GITLAB_TOKEN", TOKEN)];
    let output = fleet.run_with(&variables, &[&PROMOTE[..], &["--branch", "pins/next", "--draft"]].concat());
    assert!(output.status.success() && said(&output).contains("pull request 3: "), "{}", said(&output));
    let project = "/api/v4/projects/team%2Forigin/merge_requests";
    let list = format!("GET {project}?state=opened&source_branch=pins%2Fnext&target_branch=main&per_page=100");
    assert_eq!(lines(&server), [list, format!("POST {project}")]);
    assert_eq!(server.requests()[1].header("authorization"), format!("Bearer {TOKEN}"));
    let body = &bodies(&server)[0];
    assert_eq!(
        (&body["source_branch"], &body["target_branch"], &body["title"], &body["target_project_id"]),
        (&json!("pins/next"), &json!("main"), &json!("Draft: Promote development to staging"), &Value::Null)
    );
    assert!(body["description"].as_str().is_some_and(|text| text.contains("| `staging` |")));

    // From a fork.
    let fleet = hosted();
    fleet.git(&["config", "remote.pushDefault", "fork"]);
    let server = provider(created);
    let api = server.url("/api/v4");
    let variables = [("CI_API_V4_URL", api.as_str()), ("GITLAB_TOKEN", TOKEN)];
    let output = fleet.run_with(&variables, &PROMOTE);
    assert!(output.status.success(), "{}", said(&output));
    let branch = branch(&fleet);
    assert_eq!(fleet.git(&["--git-dir", "../fork.git", "rev-parse", &branch]), fleet.head());
    assert_eq!(
        lines(&server)[1..],
        ["GET /api/v4/projects/team%2Forigin", "POST /api/v4/projects/me%2Ffork/merge_requests"]
    );
    assert_eq!(bodies(&server)[0]["target_project_id"], 42);
}

#[test]
fn gitea_gets_a_pull_request_and_rollbacks_too() {
    let fleet = hosted();
    fleet.does(&["promote", "development", "staging"]);
    fleet.git(&["commit", "-q", "-a", "-m", "Promote"]);
    fleet.git(&["push", "-q", "origin", "main"]);
    let first = fleet.git(&["rev-parse", "main~3"]);
    let branch = format!("rollback-staging-{}", &first[..12]);
    let created = json!({
        "number": 5, "html_url": "http://127.0.0.1/team/origin/pulls/5",
        "head": {"ref": branch, "repo": {"full_name": "team/origin"}}, "base": {"ref": "main"},
    });
    // One that is open for another branch does not count, nor does a page of them.
    let other = json!({"number": 1, "html_url": "x", "head": {"ref": "other", "repo": null}, "base": {"ref": "main"}});
    let server = WebServer::http(move |request, _| match (request.method.as_str(), request.query.contains("page=1")) {
        ("GET", true) => json_answer("200 OK", &Value::Array(vec![other.clone(); 50])),
        ("GET", false) => json_answer("200 OK", &json!([])),
        _ => json_answer("201 Created", &created),
    });
    let api = server.url("");
    let variables = [("GITEA_INSTANCE_URL", api.as_str()), ("FORGEJO_TOKEN", TOKEN)];
    let output = fleet.run_with(&variables, &["rollback", "staging", "--pull-request"]);
    assert!(output.status.success() && said(&output).contains("/pulls/5"), "{}", said(&output));
    let path = "/api/v1/repos/team/origin/pulls";
    let list = |page: usize| format!("GET {path}?state=open&limit=50&page={page}");
    assert_eq!(lines(&server), [list(1), list(2), format!("POST {path}")]);
    assert_eq!(server.requests()[0].header("authorization"), format!("token {TOKEN}"));
    let body = &bodies(&server)[0];
    assert_eq!(
        (&body["head"], &body["base"], &body["title"]),
        (&json!(branch), &json!("main"), &json!(format!("Roll staging back to {}", &first[..12])))
    );
    assert!(body["body"].as_str().is_some_and(|text| text.contains("back |") && text.contains("does not have")));
}

#[test]
fn what_a_provider_does_not_take_is_told_and_can_go_on() {
    let fleet = hosted();
    let answers = Arc::new(Mutex::new((String::new(), Vec::<&str>::new(), Value::Null)));
    let wanted = Arc::clone(&answers);
    let server = WebServer::http(move |request, _| {
        let (status, headers, body) = wanted.lock().expect("no panic").clone();
        // A list is answered as long as only the creation is refused.
        if request.method == "GET" && (status.starts_with("422") || status.starts_with("201")) {
            return json_answer("200 OK", &json!([]));
        }
        answer(&status, &[&["Content-Type: application/json"], &headers[..]].concat(), body.to_string().as_bytes())
    });
    let api = server.url("/api/v3");
    let variables = [("GITHUB_API_URL", api.as_str()), ("GITHUB_TOKEN", TOKEN)];
    let branch = branch(&fleet);
    let validation = json!({
        "message": "Validation Failed",
        "errors": [{"resource": "PullRequest", "code": "custom", "message": "No commits between main and x"},
                   {"resource": "PullRequest", "field": "base", "code": "invalid"}],
    });
    for (status, headers, body, code, expected) in [
        (
            "401 Unauthorized",
            &[][..],
            json!({"message": format!("Bad {TOKEN}\u{1b}[31m")}),
            3,
            "GITHUB_TOKEN (401): Bad ***",
        ),
        (
            "403 Forbidden",
            &[],
            json!({"message": "Resource not accessible"}),
            3,
            "does not allow it to the token in GITHUB_TOKEN",
        ),
        ("403 Forbidden", &["Retry-After: 60"], json!({"message": "secondary"}), 3, "asks to wait 60 seconds"),
        (
            "403 Forbidden",
            &["X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 1"],
            json!({}),
            3,
            "too many requests (403)",
        ),
        ("429 Too Many Requests", &["Retry-After: 120"], json!({}), 3, "asks to wait 120 seconds"),
        ("404 Not Found", &[], json!({"message": "Not Found"}), 3, "there is no project team/origin"),
        ("301 Moved Permanently", &[], json!({}), 1, "has moved"),
        (
            "422 Unprocessable Entity",
            &[],
            validation,
            1,
            "Validation Failed; No commits between main and x; base invalid",
        ),
        ("200 OK", &[], json!("a page"), 3, "cannot be understood"),
    ] {
        *answers.lock().expect("no panic") = (status.to_owned(), headers.to_vec(), body);
        let output = fleet.run_with(&variables, &PROMOTE);
        let told = said(&output);
        assert_eq!(output.status.code(), Some(code), "{status}: {told}");
        assert!(told.contains(expected) && !told.contains(TOKEN) && !told.contains('\u{1b}'), "{status}: {told}");
        assert!(told.contains(&format!("the branch {branch} is pushed to origin, but ")), "{told}");
        let page = format!("/team/origin/compare/main...{branch}?expand=1");
        assert!(told.contains(&page) && told.contains("`git checkout main`"), "{told}");
        fleet.git(&["checkout", "-q", "main"]);
    }
    // Nobody answers.
    let gone = format!("http://127.0.0.1:{}/api/v3", crate::support::free_port());
    let output = fleet.run_with(&[("GITHUB_API_URL", &gone), ("GITHUB_TOKEN", TOKEN)], &PROMOTE);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains("is pushed to origin, but cannot ask http://127.0.0.1"), "{}", said(&output));
    // And then it works.
    let created = json!({"number": 9, "html_url": "https://127.0.0.1/9"});
    *answers.lock().expect("no panic") = ("201 Created".to_owned(), Vec::new(), created);
    let output = fleet.run_with(&variables, &PROMOTE);
    assert!(output.status.success() && said(&output).contains("pull request 9"), "{}", said(&output));
}

#[test]
fn nothing_is_written_without_what_a_pull_request_needs() {
    let fleet = hosted();
    let head = fleet.head();
    let api = ("GITHUB_API_URL", "http://127.0.0.1:1/api/v3");
    let refused = |variables: &[(&str, &str)], arguments: &[&str], code: i32, expected: &str| {
        let output = fleet.run_with(variables, arguments);
        let told = said(&output);
        assert_eq!(output.status.code(), Some(code), "{told}");
        assert!(told.contains(expected) && !told.contains(TOKEN), "{told}");
        assert_eq!(fleet.git(&["status", "--porcelain"]), "");
        assert_eq!(
            (fleet.head(), fleet.origin(&["branch", "--format=%(refname:short)"])),
            (head.clone(), "main".to_owned())
        );
    };
    refused(&[api], &PROMOTE, 3, "GH_TOKEN or GITHUB_TOKEN");
    refused(&[("GITHUB_TOKEN", TOKEN)], &PROMOTE, 2, "--provider github, gitlab or gitea");
    refused(
        &[("GITLAB_HOST", "git.example"), ("GITLAB_TOKEN", TOKEN)],
        &[&PROMOTE[..], &["--provider", "gitlab"]].concat(),
        3,
        "is for git.example",
    );
    refused(&[], &[&PROMOTE[..], &["--dry-run"]].concat(), 2, "cannot be used with");
    refused(&[], &["promote", "development", "staging", "--draft"], 2, "--pull-request");
    fleet.git(&["branch", "taken"]);
    refused(
        &[api, ("GH_TOKEN", TOKEN)],
        &[&PROMOTE[..], &["--branch", "taken"]].concat(),
        5,
        "the branch taken exists",
    );
    fleet.git(&["checkout", "-q", "--detach"]);
    refused(&[api, ("GH_TOKEN", TOKEN)], &PROMOTE, 5, "no branch is checked out");
    fleet.git(&["checkout", "-q", "main"]);
    fleet.git(&["remote", "set-url", "origin", "../origin.git"]);
    refused(&[api, ("GH_TOKEN", TOKEN)], &PROMOTE, 2, "no server");
    assert!(!fleet.text(&sync_file("staging")).contains(&head));
}
