//! Saved webhooks.

use super::*;

fn saved(name: &str) -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/run-pipeline-events").join(name);
    std::fs::read(path).expect(name)
}

fn read(bytes: &[u8], event_type: Option<&str>) -> Result<Event> {
    let event_type = event_type.map(str::to_owned);
    read_event(&Saved { file: "e.json".to_owned(), bytes: bytes.to_vec(), event_type })
}

fn event(name: &str) -> Event {
    read(&saved(name), None).expect(name)
}

#[test]
fn types_are_told_from_shapes() {
    for (name, expected) in [
        ("pull_request-synchronize.json", "pull_request"),
        ("pull_request-fork.json", "pull_request"),
        ("push-branch.json", "push"),
        ("push-tag.json", "push"),
        ("push-deleted.json", "push"),
        ("issue_comment-test.json", "issue_comment"),
        ("pull_request_review_comment.json", "issue_comment"),
        ("pull_request_review.json", "issue_comment"),
        ("deployment_status.json", "deployment_status"),
        ("saved-with-headers.json", "push"),
    ] {
        assert_eq!(event(name).name(), expected, "{name}");
    }
    assert_eq!(event("saved-with-headers.json").guid.as_deref(), Some("0b1c"));
}

#[test]
fn pull_requests() {
    let event = event("pull_request-synchronize.json");
    let pull = event.pull().expect("a pull request");
    assert_eq!((pull.number, pull.base_ref.as_str(), pull.base_sha.as_str()), (7, "main", "aaa1"));
    assert_eq!((pull.head_ref.as_str(), pull.head_sha.as_str()), ("change", "bbb2"));
    assert_eq!((pull.author.login.as_str(), pull.author.association.as_str()), ("ann", "MEMBER"));
    assert!(pull.is_open && !pull.is_draft && pull.labels.is_empty() && event.missing().is_empty());
    assert_eq!(event.untrusted(), None);
    assert_eq!(event.repository.clone_url, "https://git.example.com/acme/fleet.git");
    let fork = self::event("pull_request-fork.json");
    assert_eq!(fork.untrusted().as_deref(), Some("the head is in the fork stranger/fleet"));
    let edited = self::event("pull_request-edited.json");
    assert!(matches!(edited.trigger, TriggerEvent::PullRequest { base_changed: true, .. }));
    let labeled = self::event("pull_request-labeled.json");
    assert!(matches!(labeled.trigger, TriggerEvent::PullRequest { label: Some(label), .. } if label == "lgtm"));
}

#[test]
fn pushes_name_all_paths_of_their_commits() {
    let TriggerEvent::Push { reference, files, deleted, .. } = event("push-branch.json").trigger else { panic!() };
    assert_eq!((reference.as_str(), deleted), ("refs/heads/main", false));
    assert_eq!(files.expect("files"), ["a.txt", "b.txt", "docs/x.md"]);
    let TriggerEvent::Push { files, .. } = event("push-tag.json").trigger else { panic!() };
    assert_eq!(files, Some(Vec::new()));
}

#[test]
fn comments_know_neither_base_nor_head() {
    let event = event("issue_comment-test.json");
    assert_eq!(event.missing(), ["base branch", "base commit", "head commit"]);
    assert!(event.untrusted().is_some(), "where the head is, is not known");
    assert!(matches!(self::event("issue_comment-issue.json").trigger, TriggerEvent::Comment { pull: None, .. }));
    assert!(self::event("pull_request_review_comment.json").missing().is_empty());
}

#[test]
fn what_cannot_be_read_is_said() {
    for (text, expected) in [
        ("", "cannot read the event e.json:1:1: this is not JSON: EOF"),
        ("{\n  \"ref\": x}", "cannot read the event e.json:2:10: this is not JSON: expected value"),
        ("[1]", "its type does not follow"),
        ("{\"zen\":\"x\"}", "its type does not follow"),
        ("{\"action\":\"opened\",\"pull_request\":{}}", "pull_request.number"),
        ("{\"ref\":\"refs/heads/x\",\"after\":\"$(rm)\"}", "after is not a commit"),
        ("{\"ref\":\"refs/heads/x\",\"after\":\"aa\"}", "repository.full_name"),
        ("{\"ref\":\"x\",\"after\":\"aa\",\"repository\":{\"full_name\":\"a/../b\"}}", "not owner/name"),
        ("{\"ref\":\"x\",\"after\":\"aa\",\"repository\":{\"full_name\":\"a/$(b)\"}}", "not owner/name"),
        ("{\"headers\":{\"x-github-event\":\"ping\"},\"body\":{}}", "type ping starts no jobs"),
        ("{\"headers\":{\"x-github-event\":\"push\"},\"body\":\"{\"}", "the text of its body, at 1:1"),
    ] {
        let error = read(text.as_bytes(), None).expect_err(text);
        assert!(error.message.contains(expected) && error.kind == ErrorKind::Usage, "{text}: {error}");
    }
    assert!(read(&saved("push-branch.json"), Some("watch")).is_err());
    let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(read(nested.as_bytes(), None).is_err());
}

#[test]
fn damaged_webhooks_do_not_panic() {
    let mut random = fastrand::Rng::with_seed(5);
    for name in
        ["pull_request-synchronize.json", "push-branch.json", "issue_comment-test.json", "deployment_status.json"]
    {
        let bytes = saved(name);
        for _ in 0..300 {
            let mut damaged = bytes.clone();
            let at = random.usize(..damaged.len());
            damaged[at] = random.u8(..);
            damaged.truncate(random.usize(damaged.len() / 2..=damaged.len()));
            let _ = read(&damaged, Some("push"));
            let _ = read(&damaged, None);
        }
        // Fields that are missing or of other types.
        let mut value: Value = serde_json::from_slice(&bytes).expect("JSON");
        for key in value.as_object().expect("an object").keys().cloned().collect::<Vec<_>>() {
            let old = value[&key].take();
            let _ = read(value.to_string().as_bytes(), None);
            value[&key] = Value::from("x");
            let _ = read(value.to_string().as_bytes(), None);
            value[&key] = old;
        }
    }
}

#[test]
fn signatures() {
    let body = b"{\"zen\":1}";
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"key");
    let digits: String = hmac::sign(&key, body).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let header = format!("sha256={digits}");
    assert!(is_signed(b"key", body, &header));
    assert!(!is_signed(b"other", body, &header) && !is_signed(b"key", b"x", &header) && !is_signed(b"", body, &header));
    for bad in ["", "sha256=", "sha1=00", &digits, &header[..70], "sha256=zz", &format!("{header}00")] {
        assert!(!is_signed(b"key", body, bad), "{bad}");
    }
    // RFC 4231, test case 2.
    let known = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    assert!(is_signed(b"Jefe", b"what do ya want for nothing?", known));
}
