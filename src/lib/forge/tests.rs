//! Remotes as people have them, and where the API of each is.

use super::endpoint::{Remotes, find};
use super::provider::{Endpoint, Provider};
use super::providers::PROVIDERS;
use crate::error::{ErrorKind, Result};
use crate::process::Environment;

const GITHUB: &dyn Provider = PROVIDERS[0];
const GITLAB: &dyn Provider = PROVIDERS[1];
const GITEA: &dyn Provider = PROVIDERS[2];

fn environment(pairs: &[(&str, &str)]) -> Environment {
    pairs.iter().copied().collect()
}

fn found(url: &str, told: Option<&'static dyn Provider>, pairs: &[(&str, &str)]) -> Result<Endpoint> {
    find(Remotes { base: url, head: url }, told, &environment(pairs))
}

#[test]
fn places_are_told_from_remotes() {
    let (none, own) = (&[][..], "git@git.example:t/f");
    let (v1, v3, v4) = ("https://git.example/api/v1", "https://git.example/api/v3", "https://git.example:8443/api/v4");
    let below = "https://git.example/gitlab/api/v4";
    for (url, told, pairs, provider, api, project) in [
        ("git@github.com:team/fleet.git", None, none, GITHUB, "https://api.github.com", "team/fleet"),
        ("ssh://git@ssh.github.com:443/team/fleet", None, none, GITHUB, "https://api.github.com", "team/fleet"),
        ("https://u:p@github.com/team/fleet.git/", None, none, GITHUB, "https://api.github.com", "team/fleet"),
        ("https://a.ghe.com/t/f", None, none, GITHUB, "https://api.a.ghe.com", "t/f"),
        ("https://git.example:8443/t/f", Some(GITHUB), none, GITHUB, "https://git.example:8443/api/v3", "t/f"),
        ("ssh://git@git.example:2222/t/f", Some(GITHUB), none, GITHUB, v3, "t/f"),
        (own, None, &[("GH_HOST", "git.example")], GITHUB, v3, "t/f"),
        (own, None, &[("GITHUB_API_URL", "https://git.example/api/v3/")], GITHUB, v3, "t/f"),
        ("git@gitlab.com:a/b/c.git", None, none, GITLAB, "https://gitlab.com/api/v4", "a/b/c"),
        ("https://git.example/gitlab/a/b.git", None, &[("CI_API_V4_URL", below)], GITLAB, below, "a/b"),
        ("git@git.example:a/b", None, &[("GITLAB_HOST", "https://git.example:8443")], GITLAB, v4, "a/b"),
        ("https://codeberg.org/t/f.git", None, none, GITEA, "https://codeberg.org/api/v1", "t/f"),
        (own, None, &[("FORGEJO_URL", "https://git.example")], GITEA, v1, "t/f"),
        // In a pipeline of Gitea.
        (own, None, &[("GITHUB_API_URL", v1), ("GITEA_URL", "https://git.example")], GITEA, v1, "t/f"),
        // What is for another server does not count.
        ("git@github.com:t/f", None, &[("GITHUB_API_URL", v3)], GITHUB, "https://api.github.com", "t/f"),
    ] {
        let endpoint = found(url, told, pairs).expect(url);
        assert_eq!(
            (endpoint.provider, endpoint.api.as_str(), endpoint.base.as_str()),
            (provider, api, project),
            "{url}"
        );
    }
    for (url, reason) in [
        ("/srv/git/fleet.git", "a folder of this machine"),
        ("git@work:t/f", "not known which provider work is"),
        ("https://github.com/fleet", "is not a project of GitHub"),
        ("https://github.com/a/b/c", "is not a project of GitHub"),
        ("https://gitlab.com/a/../b", "is not a project of GitLab"),
        ("https://codeberg.org/", "is not a project of Gitea"),
    ] {
        let error = found(url, None, none).expect_err(url);
        assert!(error.message.contains(reason) && error.hint.is_some(), "{url}: {error}");
    }
    let two = Remotes { base: "git@github.com:a/b", head: "git@gitlab.com:a/b" };
    assert!(find(two, None, &environment(none)).expect_err("two servers").message.contains("gitlab.com"));
}

#[test]
fn a_token_goes_to_its_own_server_only() {
    let token = |url: &str, told: Option<&'static dyn Provider>, pairs: &[(&str, &str)]| -> Result<&'static str> {
        let endpoint = found(url, told, pairs)?;
        super::token::find(&endpoint, told.is_some(), &environment(pairs)).map(|token| token.variable)
    };
    let (github, own) = ("git@github.com:a/b", "git@git.example:a/b");
    let enterprise = Some(GITHUB);
    for (url, told, pairs, expected) in [
        (github, None, &[("GITHUB_TOKEN", "s3cret")][..], "GITHUB_TOKEN"),
        (github, None, &[("GITHUB_TOKEN", "s3cret"), ("GH_TOKEN", "s3cret")], "GH_TOKEN"),
        (github, None, &[("GH_ENTERPRISE_TOKEN", "s3cret")], "no token"),
        (github, None, &[("GITHUB_TOKEN", " ")], "no token"),
        (github, None, &[("GITHUB_TOKEN", "s3cret"), ("GITHUB_SERVER_URL", "https://git.example")], "for git.example"),
        (own, None, &[("GITHUB_TOKEN", "s3cret"), ("GITHUB_SERVER_URL", "https://git.example")], "GITHUB_TOKEN"),
        (own, enterprise, &[("GITHUB_TOKEN", "s3cret"), ("GITHUB_SERVER_URL", "https://github.com")], "for github.com"),
        (own, enterprise, &[("GITHUB_TOKEN", "s3cret")], "GITHUB_TOKEN"),
        (own, enterprise, &[("GITHUB_TOKEN", "s3cret"), ("GH_ENTERPRISE_TOKEN", "s3cret")], "GH_ENTERPRISE_TOKEN"),
        (own, None, &[("GITLAB_TOKEN", "s3cret"), ("GITLAB_HOST", "git.example")], "GITLAB_TOKEN"),
        ("git@gitlab.com:a/b", None, &[("GITLAB_TOKEN", "s3cret"), ("GITLAB_HOST", "git.example")], "for git.example"),
        ("git@codeberg.org:a/b", None, &[("FORGEJO_TOKEN", "s3cret")], "FORGEJO_TOKEN"),
        ("http://git.example/a/b", enterprise, &[("GITHUB_TOKEN", "s3cret")], "over https only"),
        ("http://127.0.0.1:1/a/b", enterprise, &[("GITHUB_TOKEN", "s3cret")], "GITHUB_TOKEN"),
    ] {
        match token(url, told, pairs) {
            Ok(variable) => assert_eq!(variable, expected, "{url} {pairs:?}"),
            Err(error) => {
                assert!(error.message.contains(expected) && error.hint.is_some(), "{url} {pairs:?}: {error}");
                assert_eq!(error.kind, ErrorKind::Environment);
                assert!(!format!("{error:?}").contains("s3cret"));
            }
        }
    }
}
