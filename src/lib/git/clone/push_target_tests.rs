//! Settings as users have them, and where git would push with each.

use super::*;
use git2::Repository;

#[test]
fn a_push_goes_where_git_would_push() {
    let upstream = [("branch.topic.remote", "origin"), ("branch.topic.merge", "refs/heads/main")];
    for (remotes, settings, expected) in [
        (&["origin"][..], vec![], "origin/topic"),
        (&["only"], vec![], "only/topic"),
        (&["a", "b"], vec![], "there is no remote origin"),
        (&["a", "origin"], vec![], "origin/topic"),
        (&["a", "origin"], vec![("branch.topic.remote", "a")], "a/topic"),
        (&["a", "origin"], vec![("remote.pushDefault", "a"), ("branch.topic.remote", "origin")], "a/topic"),
        (&["a", "b", "origin"], vec![("remote.pushDefault", "a"), ("branch.topic.pushRemote", "b")], "b/topic"),
        (&["origin"], vec![("branch.topic.remote", ".")], "origin/topic"),
        (&["origin"], vec![("branch.topic.pushRemote", "https://u:s3cret@h/x")], "there is no remote that"),
        (&["origin"], upstream.to_vec(), "its upstream origin/main has another name"),
        (&["origin"], [&upstream[..], &[("push.default", "simple")]].concat(), "has another name"),
        (&["origin"], [&upstream[..], &[("push.default", "Upstream")]].concat(), "origin/main"),
        (&["origin"], [&upstream[..], &[("push.default", "current")]].concat(), "origin/topic"),
        (&["origin", "fork"], [&upstream[..], &[("remote.pushDefault", "fork")]].concat(), "fork/topic"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let repository = Repository::init(folder.path()).unwrap();
        for remote in remotes {
            repository.remote(remote, "https://example.org/x").unwrap();
        }
        let mut config = repository.config().unwrap().open_level(git2::ConfigLevel::Local).unwrap();
        for (key, value) in &settings {
            config.set_str(key, value).unwrap();
        }
        let environment: Environment = [("GIT_CONFIG_GLOBAL", "/dev/null")].into_iter().collect();
        let clone = LocalClone::open(folder.path()).unwrap();
        match clone.push_target("topic", &environment) {
            Ok(target) => assert_eq!(target.to_string(), expected, "{settings:?}"),
            Err(error) => {
                assert!(error.kind == ErrorKind::Refused && error.message.contains(expected), "{settings:?}: {error}");
                assert!(error.hint.is_some() && !format!("{error:?}").contains("s3cret"), "{error:?}");
            }
        }
    }
}
