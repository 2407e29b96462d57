//! The client of clusters against a real API server, and against one whose answers are lost, late or refused on the way.
#![allow(clippy::print_stderr, reason = "the checks are named as they run")]

mod support;

use kfleet::error::ErrorKind;
use kfleet::kube::client::Client;
use kfleet::kube::client::apply::{Applied, ApplyOptions, Outcome};
use kfleet::kube::client::delete::{Deletion, Propagation};
use kfleet::kube::client::list::{Selection, Snapshot};
use kfleet::kube::client::object::ObjectRef;
use kfleet::kube::client::rights::Right;
use kfleet::kube::client::wait::{Standing, conditions};
use kfleet::kube::client::watch::{Change, End};
use kfleet::kube::connection::{ClusterAccess, Proxies, blocking};
use kfleet::kube::failure::{Failure, FieldConflict, Reason};
use kfleet::kube::kind::ServedKind;
use serde_json::{Value, json};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;
use support::control_plane::{self, ADMIN_TOKEN, ControlPlane, NOBODY_TOKEN};
use support::interposer::{Interposer, Play};
use support::web::Request;

const LONG: Duration = Duration::from_secs(60);

/// One test owns the control plane, so that it ends with it; the checks are named as they run.
#[test]
fn the_client_against_a_real_api_server() {
    let servers = match control_plane::servers() {
        Ok(servers) => servers,
        Err(reason) => return support::skip("the_client_against_a_real_api_server", &reason),
    };
    // Secrets come from etcd itself: what etcd forgets, the server does not know either.
    let plane = ControlPlane::start_with(&servers, &["--watch-cache-sizes=secrets#0"]);
    let admin = plane.kubeconfig(ADMIN_TOKEN);
    for (name, check) in [
        ("versions_and_kinds", versions_and_kinds as fn(&ControlPlane, &Path)),
        ("objects_are_read_created_and_updated", single_objects),
        ("lists_come_in_pages", lists),
        ("a_list_whose_token_expires_starts_again", expired_list),
        ("changes_are_watched_and_resumed", watched_changes),
        ("a_watch_after_compaction_reports_what_changed", compacted_watch),
        ("a_watch_whose_connection_breaks_goes_on", broken_watch),
        ("a_definition_and_its_object_in_one_apply", staged_apply),
        ("a_dry_run_changes_nothing", dry_run),
        ("conflicts_name_fields_and_managers", conflicts),
        ("a_failed_stage_stops_the_next", failed_stage),
        ("conditions_are_waited_for", waits),
        ("deletions_have_preconditions", deletions),
        ("missing_rights_are_one_list", rights),
        ("only_what_may_be_repeated_is", repetitions),
        ("the_deadline_and_the_caller_end_everything", ends),
        ("nothing_secret_is_shown", secrets),
    ] {
        eprintln!("check {name}");
        check(&plane, &admin);
    }
}

fn access(kubeconfig: &Path) -> ClusterAccess {
    ClusterAccess {
        kubeconfigs: vec![kubeconfig.to_owned()],
        context: None,
        timeout: LONG,
        proxies: Proxies::default(),
    }
}

fn on<T: Send + 'static>(
    kubeconfig: &Path,
    work: impl AsyncFnOnce(Client) -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    blocking(&access(kubeconfig), || false, work)
}

fn kind(group: &str, kind: &str, plural: &str, namespaced: bool) -> ServedKind {
    let text = str::to_owned;
    ServedKind { group: text(group), version: text("v1"), kind: text(kind), plural: text(plural), namespaced }
}

fn config_maps() -> ServedKind {
    kind("", "ConfigMap", "configmaps", true)
}

fn config_map(namespace: &str, name: &str) -> ObjectRef {
    ObjectRef::new(&config_maps(), Some(namespace), name)
}

fn mk_config_map(namespace: &str, name: &str, value: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": namespace, "name": name},
        "data": {"key": value}})
}

fn mk_namespace(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
}

fn mk_crd(group: &str, kind: &str, plural: &str) -> Value {
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{group}")},
        "spec": {"group": group, "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.to_lowercase()},
            "versions": [{"name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}})
}

fn mk_thing(group: &str, kind: &str, namespace: &str, name: &str) -> Value {
    json!({"apiVersion": format!("{group}/v1"), "kind": kind, "metadata": {"namespace": namespace, "name": name},
        "spec": {"size": 1}})
}

/// How to apply; the time is that of the connection.
struct How {
    manager: &'static str,
    force: bool,
    dry_run: bool,
}

const PLAIN: How = How { manager: "kfleet-test", force: false, dry_run: false };

fn apply_as(kubeconfig: &Path, objects: &[Value], how: &How) -> Vec<Applied> {
    let objects = objects.to_vec();
    let How { manager, force, dry_run } = *how;
    let results = on(kubeconfig, async move |client| {
        let options = ApplyOptions { manager: manager.to_owned(), force, dry_run, until: client.until(LONG) };
        let mut seen = Vec::new();
        let results = client.apply(&objects, &options, &mut |applied| seen.push(applied.clone())).await;
        assert_eq!(seen, results);
        Ok(results)
    });
    results.expect("a connection")
}

fn lines(results: &[Applied]) -> Vec<String> {
    results.iter().map(Applied::to_string).collect()
}

/// Applies, and expects that all is well.
fn apply(kubeconfig: &Path, objects: &[Value]) {
    let results = apply_as(kubeconfig, objects, &PLAIN);
    assert!(!results.iter().any(|it| matches!(it.outcome, Outcome::Failed(_) | Outcome::Skipped(_))), "{results:?}");
}

fn get(kubeconfig: &Path, target: ObjectRef) -> Option<Value> {
    on(kubeconfig, async move |client| client.get(&target).await).expect("an answer")
}

fn interposed(
    plane: &ControlPlane,
    play: impl Fn(&Request, usize) -> Play + Send + Sync + 'static,
) -> (Interposer, PathBuf) {
    let interposer = Interposer::start(&plane.address(), plane.ca(), play);
    let kubeconfig = plane.kubeconfig_with(ADMIN_TOKEN, &interposer.url, "");
    (interposer, kubeconfig)
}

fn versions_and_kinds(plane: &ControlPlane, admin: &Path) {
    let (version, deployment, nothing) = on(admin, async |client| {
        Ok((
            client.version().await?,
            client.kind("apps/v1", "Deployment").await?,
            client.kind("a.example/v1", "B").await?,
        ))
    })
    .expect("answers");
    assert_eq!((version.major, version.git.starts_with(&format!("v1.{}.", version.minor))), (1, true), "{version:?}");
    assert_eq!(deployment, Some(kind("apps", "Deployment", "deployments", true)));
    assert_eq!(nothing, None);
    let server = on(admin, async |client| Ok(client.server().to_owned())).expect("a connection");
    assert_eq!(server, plane.server());
}

fn single_objects(_: &ControlPlane, admin: &Path) {
    apply(admin, &[mk_namespace("objects")]);
    let target = config_map("objects", "a");
    assert_eq!(target.to_string(), "ConfigMap objects/a");
    let error = on(admin, async move |client| {
        let target = config_map("objects", "a");
        let object = mk_config_map("objects", "a", "1");
        assert_eq!(client.get(&target).await?, None);
        client.create(&target, &object, "m").await?;
        client.create(&target, &object, "m").await
    })
    .expect_err("it exists");
    assert_eq!(error.reason, Reason::Conflict, "{error}");
    assert!(error.message.starts_with("ConfigMap objects/a: conflict (409): "), "{error}");
    // Somebody else writes between reading and writing, once.
    let updated = on(admin, async move |client| {
        let target = config_map("objects", "a");
        let mut tries = 0;
        let other = client.clone();
        let mut stale = other.get(&target).await?.expect("the object");
        let updated = client
            .update(&target, "m", &mut |object| {
                tries += 1;
                if tries == 1 {
                    // As if it had been read before the last write.
                    stale["metadata"]["resourceVersion"] = json!("1");
                    *object = stale.clone();
                }
                object["data"]["key"] = json!("2");
                ControlFlow::Continue(())
            })
            .await?;
        assert_eq!(tries, 2);
        assert_eq!(client.update(&target, "m", &mut |_| ControlFlow::Break(())).await?, None);
        Ok(updated)
    });
    assert_eq!(updated.expect("updated").expect("an object")["data"]["key"], "2");
    let missing = on(admin, async |client| {
        client.update(&config_map("objects", "b"), "m", &mut |_| ControlFlow::Continue(())).await
    });
    assert_eq!(missing.expect_err("missing").reason, Reason::NotFound);
    let invalid = on(admin, async |client| {
        client.create(&config_map("objects", "c"), &json!({"apiVersion": "v1", "kind": "ConfigMap"}), "m").await
    });
    let invalid = invalid.expect_err("it has no name");
    assert_eq!(invalid.reason, Reason::Invalid, "{invalid}");
    assert_eq!(kfleet::error::Error::from(invalid).kind, ErrorKind::Failed);
}

fn lists(plane: &ControlPlane, admin: &Path) {
    apply(admin, &[mk_namespace("lists")]);
    let maps: Vec<Value> = (0..7)
        .map(|number| {
            let mut map = mk_config_map("lists", &format!("m{number}"), "x");
            map["metadata"]["labels"] = json!({"odd": (number % 2 == 1).to_string()});
            map
        })
        .collect();
    apply(admin, &maps);
    let (interposer, kubeconfig) = interposed(plane, |_, _| Play::Pass);
    let names = move |labels: &str, fields: &str| {
        let selection =
            Selection { namespace: Some("lists".into()), labels: labels.into(), fields: fields.into(), page: 2 };
        let found = on(&kubeconfig, async move |client| client.list(&config_maps(), &selection).await).expect("a list");
        assert!(found.objects.values().all(|it| it["kind"] == "ConfigMap" && it["apiVersion"] == "v1"));
        assert!(!found.resource_version.is_empty());
        found.objects.into_keys().map(|(_, name)| name).collect::<Vec<_>>()
    };
    assert_eq!(names("", ""), ["m0", "m1", "m2", "m3", "m4", "m5", "m6"]);
    assert_eq!(interposer.requests().len(), 4, "{:?}", interposer.requests());
    assert_eq!(names("odd=true", ""), ["m1", "m3", "m5"]);
    assert_eq!(names("odd in (true),odd!=false", "metadata.name=m3"), ["m3"]);
    assert_eq!(names("odd=maybe", ""), Vec::<String>::new());
    let all = on(admin, async |client| client.list(&config_maps(), &Selection::default()).await).expect("a list");
    assert!(all.objects.contains_key(&("lists".to_owned(), "m6".to_owned())));
    assert!(all.objects.contains_key(&("objects".to_owned(), "a".to_owned())));
}

fn secrets_kind() -> ServedKind {
    kind("", "Secret", "secrets", true)
}

fn mk_secret(namespace: &str, name: &str, value: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"namespace": namespace, "name": name},
        "stringData": {"key": value}})
}

/// Lets etcd forget everything up to now.
fn compact(etcd_port: u16, admin: &Path) {
    apply(admin, &[mk_config_map("default", "clock", &format!("{:?}", std::time::Instant::now()))]);
    let list = control_plane::get(admin, "/api/v1/namespaces/default/secrets").expect("a list");
    let list: Value = serde_json::from_str(&list).expect("JSON");
    control_plane::compact(etcd_port, list["metadata"]["resourceVersion"].as_str().expect("a version"));
}

fn in_namespace(namespace: &str) -> Selection {
    Selection { namespace: Some(namespace.to_owned()), ..Selection::default() }
}

fn expired_list(plane: &ControlPlane, admin: &Path) {
    apply(admin, &[mk_namespace("expired")]);
    apply(admin, &["a", "b", "c", "d", "e"].map(|name| mk_secret("expired", name, "x")));
    let (etcd_port, owner) = (plane.etcd_port(), admin.to_owned());
    let (interposer, kubeconfig) = interposed(plane, move |_, before| {
        if before == 1 {
            compact(etcd_port, &owner);
        }
        Play::Pass
    });
    let selection = Selection { page: 2, ..in_namespace("expired") };
    let found = on(&kubeconfig, async move |client| client.list(&secrets_kind(), &selection).await).expect("a list");
    assert_eq!(found.objects.len(), 5);
    // The first page, its successor in vain, and three pages.
    assert_eq!(interposer.requests().len(), 5, "{:?}", interposer.requests());
}

/// Signs, names and values.
fn shown(change: &Change) -> String {
    let (sign, object) = match change {
        Change::Added(object) => ('+', object),
        Change::Modified(object) => ('~', object),
        Change::Deleted(object) => ('-', object),
    };
    format!("{sign}{}", object["metadata"]["name"].as_str().expect("a name"))
}

/// Watches until an object with the name `stop` comes.
fn watch(
    kubeconfig: &Path,
    kind: ServedKind,
    namespace: &str,
    mut known: Snapshot,
    each: impl Fn(String) + Send + 'static,
) -> Snapshot {
    let selection = in_namespace(namespace);
    on(kubeconfig, async move |client| {
        let end = client
            .watch(&kind, &selection, &mut known, client.until(LONG), &mut |change| {
                each(shown(change));
                if shown(change) == "+stop" { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })
            .await?;
        assert_eq!(end, End::Stopped);
        Ok(known)
    })
    .expect("watched")
}

fn list(kubeconfig: &Path, kind: ServedKind, namespace: &str) -> Snapshot {
    let selection = in_namespace(namespace);
    on(kubeconfig, async move |client| client.list(&kind, &selection).await).expect("a list")
}

fn watched_changes(_: &ControlPlane, admin: &Path) {
    apply(admin, &[mk_namespace("watched"), mk_config_map("watched", "a", "1")]);
    let known = list(admin, config_maps(), "watched");
    let (sender, seen) = channel();
    let watcher = {
        let (admin, known) = (admin.to_owned(), known.clone());
        std::thread::spawn(move || watch(&admin, config_maps(), "watched", known, move |line| drop(sender.send(line))))
    };
    let next = || seen.recv_timeout(LONG).expect("a change");
    apply(admin, &[mk_config_map("watched", "b", "1")]);
    assert_eq!(next(), "+b");
    apply(admin, &[mk_config_map("watched", "a", "2")]);
    assert_eq!(next(), "~a");
    control_plane::delete(admin, "/api/v1/namespaces/watched/configmaps/b").expect("deleted");
    assert_eq!(next(), "-b");
    apply(admin, &[mk_config_map("watched", "stop", "1")]);
    assert_eq!(next(), "+stop");
    let last = watcher.join().expect("no panic");
    assert_eq!(last.objects.len(), 2);
    assert_eq!(last.objects[&("watched".to_owned(), "a".to_owned())]["data"]["key"], "2");
    // From the first list on, all of it is reported again; from the last, nothing is, until the time is over.
    let (sender, seen) = channel();
    watch(admin, config_maps(), "watched", known, move |line| drop(sender.send(line)));
    assert_eq!(seen.iter().collect::<Vec<_>>(), ["+b", "~a", "-b", "+stop"]);
    let end = on(admin, async move |client| {
        let (mut known, until) = (last, client.until(Duration::from_secs(1)));
        let each = &mut |change: &Change| panic!("{change:?}");
        client.watch(&config_maps(), &in_namespace("watched"), &mut known, until, each).await
    });
    assert_eq!(end, Ok(End::Deadline));
    let missing = on(admin, async |client| {
        let (kind, mut known) = (kind("a.example", "B", "bs", true), Snapshot::default());
        let each = &mut |_: &Change| ControlFlow::Continue(());
        client.watch(&kind, &Selection::default(), &mut known, client.until(LONG), each).await
    });
    assert_eq!(missing.expect_err("no such kind").reason, Reason::NotFound);
}

fn compacted_watch(plane: &ControlPlane, admin: &Path) {
    apply(admin, &[mk_namespace("compacted")]);
    apply(admin, &["a", "b", "c"].map(|name| mk_secret("compacted", name, "1")));
    let known = list(admin, secrets_kind(), "compacted");
    apply(admin, &[mk_secret("compacted", "a", "2"), mk_secret("compacted", "d", "1")]);
    for name in ["b", "c"] {
        control_plane::delete(admin, &format!("/api/v1/namespaces/compacted/secrets/{name}")).expect("deleted");
    }
    apply(admin, &[mk_secret("compacted", "c", "1"), mk_secret("compacted", "stop", "1")]);
    compact(plane.etcd_port(), admin);
    let (interposer, kubeconfig) = interposed(plane, |_, _| Play::Pass);
    let (sender, seen) = channel();
    watch(&kubeconfig, secrets_kind(), "compacted", known, move |line| drop(sender.send(line)));
    assert_eq!(seen.iter().collect::<Vec<_>>(), ["-b", "-c", "~a", "+c", "+d", "+stop"]);
    // A watch that the server refused, and a list.
    let requests = interposer.requests();
    assert_eq!(requests.len(), 2, "{requests:?}");
    assert!(requests[1].contains("limit="), "{requests:?}");
}

fn broken_watch(plane: &ControlPlane, admin: &Path) {
    apply(admin, &[mk_namespace("broken")]);
    let (interposer, kubeconfig) = interposed(plane, |_, before| match before {
        0 => Play::CutAfter("\"name\":\"b\""),
        1 => Play::Reset,
        2 => Play::Answer("503 Service Unavailable", &[]),
        3 => Play::Answer("429 Too Many Requests", &["Retry-After: 1"]),
        _ => Play::Pass,
    });
    let known = list(admin, config_maps(), "broken");
    apply(admin, &["a", "b"].map(|name| mk_config_map("broken", name, "1")));
    apply(admin, &[mk_config_map("broken", "stop", "1")]);
    let (sender, seen) = channel();
    watch(&kubeconfig, config_maps(), "broken", known, move |line| drop(sender.send(line)));
    // Nothing is missed, and nothing comes twice.
    assert_eq!(seen.iter().collect::<Vec<_>>(), ["+a", "+b", "+stop"]);
    assert_eq!(interposer.requests().len(), 5, "{:?}", interposer.requests());
}

fn staged_apply(_: &ControlPlane, admin: &Path) {
    let objects = [
        mk_thing("farm.example", "Ox", "farm", "bob"),
        mk_config_map("farm", "a", "1"),
        json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "farm"}, "value": 1}),
        mk_namespace("farm"),
        mk_crd("farm.example", "Ox", "oxen"),
    ];
    let results = apply_as(admin, &objects, &PLAIN);
    let expected = [
        "Namespace farm: created",
        "CustomResourceDefinition oxen.farm.example: created",
        "PriorityClass farm: created",
        "ConfigMap farm/a: created",
        "Ox farm/bob: created",
    ];
    assert_eq!(lines(&results), expected);
    let results = apply_as(admin, &objects, &PLAIN);
    assert!(results.iter().all(|it| it.outcome == Outcome::Unchanged), "{results:?}");
    let mut changed = objects.clone();
    changed[0]["spec"]["size"] = json!(2);
    let outcomes: Vec<Outcome> = apply_as(admin, &changed, &PLAIN).into_iter().map(|it| it.outcome).collect();
    use Outcome::{Configured, Unchanged};
    assert_eq!(outcomes, [Unchanged, Unchanged, Unchanged, Unchanged, Configured]);
}

fn dry_run(_: &ControlPlane, admin: &Path) {
    apply(admin, &[mk_namespace("dry"), mk_config_map("dry", "a", "1"), mk_config_map("dry", "b", "1")]);
    let objects = [
        mk_namespace("dry"),
        mk_namespace("dry-new"),
        mk_crd("dry.example", "Cow", "cows"),
        mk_config_map("dry", "a", "1"),
        mk_config_map("dry", "b", "2"),
        mk_config_map("dry", "c", "1"),
        mk_config_map("dry-new", "d", "1"),
        mk_thing("dry.example", "Cow", "dry", "eve"),
    ];
    let expected = [
        "CustomResourceDefinition dry.example/cows: created",
        "Namespace dry: unchanged",
        "Namespace dry-new: created",
        "ConfigMap dry/a: unchanged",
        "ConfigMap dry/b: configured",
        "ConfigMap dry/c: created",
        "ConfigMap dry-new/d: created",
        "Cow dry/eve: created",
    ]
    .map(|line| line.replace("dry.example/cows", "cows.dry.example"));
    let found = |dry_run| {
        let mut lines = lines(&apply_as(admin, &objects, &How { dry_run, ..PLAIN }));
        lines.sort();
        lines
    };
    let mut expected = expected.to_vec();
    expected.sort();
    assert_eq!(found(true), expected);
    assert_eq!(get(admin, config_map("dry", "b")).expect("it is there")["data"]["key"], "1");
    assert_eq!(get(admin, config_map("dry", "c")), None);
    assert_eq!(get(admin, ObjectRef::new(&kind("", "Namespace", "namespaces", false), None, "dry-new")), None);
    // The real run has the same report.
    assert_eq!(found(false), expected);
    // A dry run checks as the real one does.
    let mut wrong = mk_config_map("dry", "a", "1");
    wrong["data"]["key"] = json!({"not": "text"});
    let results = apply_as(admin, &[wrong], &How { dry_run: true, ..PLAIN });
    let Outcome::Failed(failure) = &results[0].outcome else { panic!("{results:?}") };
    assert_eq!(failure.reason, Reason::Invalid, "{failure}");
    assert!(failure.message.contains(".data.key: expected string"), "{failure}");
}

fn conflicts(_: &ControlPlane, admin: &Path) {
    apply(admin, &[mk_namespace("conflicts"), mk_config_map("conflicts", "a", "1")]);
    let mine = [mk_config_map("conflicts", "a", "2"), mk_config_map("conflicts", "b", "2")];
    for dry_run in [true, false] {
        let results = apply_as(admin, &mine, &How { manager: "other", dry_run, ..PLAIN });
        let Outcome::Failed(failure) = &results[0].outcome else { panic!("{results:?}") };
        let field = FieldConflict { field: ".data.key".to_owned(), manager: "kfleet-test".to_owned() };
        assert_eq!(failure.reason, Reason::FieldConflict(vec![field]), "{failure}");
        assert_eq!(failure.message, "ConfigMap conflicts/a: other managers own .data.key (kfleet-test)");
        // The others of its stage are applied.
        assert_eq!(results[1].outcome, Outcome::Created);
    }
    let results = apply_as(admin, &mine, &How { manager: "other", force: true, dry_run: false });
    assert_eq!(results[0].outcome, Outcome::Configured);
    // Now the first does not own the field any more.
    let results = apply_as(admin, &[mk_config_map("conflicts", "a", "1")], &PLAIN);
    assert!(results[0].to_string().ends_with("other managers own .data.key (other)"), "{results:?}");
}

fn failed_stage(_: &ControlPlane, admin: &Path) {
    let mut crd = mk_crd("failed.example", "Cow", "cows");
    crd["spec"]["versions"][0]["storage"] = json!(false);
    let results = apply_as(admin, &[mk_namespace("failed"), crd, mk_config_map("failed", "a", "1")], &PLAIN);
    let results = lines(&results);
    assert!(results.iter().any(|line| line == "Namespace failed: created"), "{results:?}");
    assert!(results.iter().any(|line| line.starts_with("CustomResourceDefinition cows.failed.example: ")));
    assert_eq!(results[2], "ConfigMap failed/a: skipped: an object of an earlier stage failed");
    // Two definitions that want the same names: the second never becomes established.
    apply(admin, &[mk_crd("farm.example", "Hen", "hens")]);
    let mut rival = mk_crd("farm.example", "Hen", "poultry");
    rival["metadata"]["name"] = json!("poultry.farm.example");
    let results = apply_as(admin, &[rival], &PLAIN);
    let Outcome::Failed(failure) = &results[0].outcome else { panic!("{results:?}") };
    assert!(failure.message.contains("NamesAccepted=False"), "{failure}");
    for (object, text) in [
        (mk_thing("nowhere.example", "Ox", "farm", "x"), "does not serve the kind Ox of nowhere.example/v1"),
        (mk_config_map("", "a", "1"), "it has no namespace"),
        (mk_config_map("farm", "", "1"), "it has no name"),
        (mk_config_map("not-there", "a", "1"), "ConfigMap not-there/a: not found (404): namespaces"),
    ] {
        let results = apply_as(admin, &[object], &PLAIN);
        assert!(results[0].to_string().contains(text), "{results:?}");
    }
}

fn set_status(admin: &Path, name: &str, status: &Value) {
    let path = format!("/apis/wait.example/v1/namespaces/waits/goats/{name}/status");
    let patch = json!({"status": status}).to_string();
    control_plane::patch(admin, &path, "application/merge-patch+json", &patch).expect("a status");
}

fn waits(plane: &ControlPlane, admin: &Path) {
    apply(admin, &[mk_namespace("waits"), mk_crd("wait.example", "Goat", "goats")]);
    apply(admin, &[mk_thing("wait.example", "Goat", "waits", "a"), mk_thing("wait.example", "Goat", "waits", "b")]);
    let goat = |name| ObjectRef::new(&kind("wait.example", "Goat", "goats", true), Some("waits"), name);
    let ready = |object: &Value| conditions(object, &[("Ready", "True")]);
    let (sender, progress) = channel();
    let target = goat("a");
    let waiter = {
        let admin = admin.to_owned();
        std::thread::spawn(move || {
            on(&admin, async move |client| {
                client.wait(&target, &ready, client.until(LONG), &mut |line| drop(sender.send(line.to_owned()))).await
            })
        })
    };
    let next = || progress.recv_timeout(LONG).expect("progress");
    assert_eq!(next(), "it has no condition Ready");
    let failing = json!({"observedGeneration": 1,
        "conditions": [{"type": "Ready", "status": "False", "reason": "Hungry", "message": "no hay"}]});
    set_status(admin, "a", &failing);
    assert_eq!(next(), "Ready=False Hungry: no hay");
    set_status(admin, "a", &json!({"observedGeneration": 1, "conditions": [{"type": "Ready", "status": "True"}]}));
    assert_eq!(waiter.join().expect("no panic").expect("ready")["metadata"]["name"], "a");
    // A new generation that its controller has not seen; a missing object; a hopeless one.
    let mut changed = mk_thing("wait.example", "Goat", "waits", "a");
    changed["spec"]["size"] = json!(2);
    apply(admin, &[changed]);
    let short = |target: ObjectRef| {
        on(admin, async move |client| {
            client.wait(&target, &ready, client.until(Duration::from_secs(2)), &mut |_| {}).await
        })
    };
    let error = short(goat("a")).expect_err("too late");
    assert_eq!(error.reason, Reason::Timeout);
    let text = "Goat waits/a: not as it must be after 2 s: its controller has seen generation 1 of 2";
    assert_eq!(error.message, text);
    assert!(short(goat("c")).expect_err("too late").message.ends_with(": it is not there"));
    let target = goat("b");
    let hopeless = on(admin, async move |client| {
        let check = |_: &Value| Standing::Hopeless("its template is missing".to_owned());
        client.wait(&target, &check, client.until(LONG), &mut |_| {}).await
    });
    assert_eq!(hopeless.expect_err("hopeless").message, "Goat waits/b: its template is missing");
    // The server is away for a while.
    set_status(admin, "a", &json!({"observedGeneration": 2, "conditions": [{"type": "Ready", "status": "True"}]}));
    let (_interposer, kubeconfig) = interposed(plane, |_, before| if before < 3 { Play::Reset } else { Play::Pass });
    let target = goat("a");
    on(&kubeconfig, async move |client| client.wait(&target, &ready, client.until(LONG), &mut |_| {}).await)
        .expect("ready");
}

fn delete(kubeconfig: &Path, target: ObjectRef, deletion: Deletion) -> Result<bool, Failure> {
    on(kubeconfig, async move |client| client.delete(&target, &deletion).await)
}

fn deletions(_: &ControlPlane, admin: &Path) {
    let mut held = mk_config_map("deletions", "held", "1");
    held["metadata"]["finalizers"] = json!(["farm.example/gate"]);
    apply(admin, &[mk_namespace("deletions"), mk_config_map("deletions", "a", "1"), held]);
    let object = get(admin, config_map("deletions", "a")).expect("an object");
    let text = |field: &str| object["metadata"][field].as_str().map(str::to_owned);
    let wrong_uid = Deletion { uid: Some("other".into()), ..Deletion::default() };
    let error = delete(admin, config_map("deletions", "a"), wrong_uid).expect_err("another object");
    assert_eq!(error.reason, Reason::Conflict, "{error}");
    assert!(error.message.starts_with("ConfigMap deletions/a: conflict (409): "), "{error}");
    let wrong_version = Deletion { uid: text("uid"), resource_version: Some("1".into()), ..Deletion::default() };
    let error = delete(admin, config_map("deletions", "a"), wrong_version).expect_err("it changed");
    assert_eq!(error.reason, Reason::Conflict, "{error}");
    let right = Deletion {
        uid: text("uid"),
        resource_version: text("resourceVersion"),
        propagation: Some(Propagation::Background),
        dry_run: true,
    };
    assert_eq!(delete(admin, config_map("deletions", "a"), right.clone()), Ok(true));
    assert!(get(admin, config_map("deletions", "a")).is_some());
    assert_eq!(delete(admin, config_map("deletions", "a"), Deletion { dry_run: false, ..right.clone() }), Ok(true));
    assert_eq!(delete(admin, config_map("deletions", "a"), right), Ok(false));
    let removed = |name: &'static str, uid: Option<String>, time: Duration| {
        on(admin, async move |client| {
            let uid = uid.unwrap_or_default();
            client.wait_removed(&config_map("deletions", name), &uid, client.until(time), &mut |_| {}).await
        })
    };
    removed("a", text("uid"), LONG).expect("removed");
    // A finalizer holds an object until somebody takes it away; another object with its name does not count.
    let object = get(admin, config_map("deletions", "held")).expect("an object");
    let uid = object["metadata"]["uid"].as_str().map(str::to_owned);
    assert_eq!(delete(admin, config_map("deletions", "held"), Deletion::default()), Ok(true));
    let error = removed("held", uid.clone(), Duration::from_secs(2)).expect_err("held");
    assert_eq!(error.reason, Reason::Timeout);
    assert!(error.message.ends_with("held by the finalizers farm.example/gate"), "{error}");
    removed("held", Some("other".into()), LONG).expect("not this one");
    let free = on(admin, async |client| {
        let mut free = |object: &mut Value| {
            object["metadata"]["finalizers"] = json!([]);
            ControlFlow::Continue(())
        };
        client.update(&config_map("deletions", "held"), "m", &mut free).await
    });
    free.expect("free");
    removed("held", uid, LONG).expect("removed");
}

fn rights(plane: &ControlPlane, admin: &Path) {
    let right = |verb: &str, resource: &str, namespace: &str| Right {
        verb: verb.into(),
        resource: resource.into(),
        namespace: namespace.into(),
        ..Right::default()
    };
    let mut wanted = vec![right("get", "secrets", "default"), right("create", "namespaces", "")];
    wanted.push(Right {
        group: "apps".into(),
        subresource: "scale".into(),
        name: "x".into(),
        ..right("patch", "deployments", "y")
    });
    // What everyone who is logged in may do.
    let reviews = right("create", "selfsubjectaccessreviews", "");
    wanted.push(Right { group: "authorization.k8s.io".into(), ..reviews });
    let missing = |kubeconfig: &Path| {
        let wanted = wanted.clone();
        let missing = on(kubeconfig, async move |client| client.missing_rights(&wanted).await).expect("an answer");
        missing.iter().map(Right::to_string).collect::<Vec<_>>()
    };
    assert_eq!(missing(admin), Vec::<String>::new());
    let nobody = plane.kubeconfig(NOBODY_TOKEN);
    let expected =
        ["get secrets in namespace default", "create namespaces", "patch deployments.apps/scale x in namespace y"];
    assert_eq!(missing(&nobody), expected);
    // And what the server says when it is tried all the same.
    let error = on(&nobody, async |client| client.get(&config_map("default", "a")).await).expect_err("forbidden");
    assert_eq!(error.reason, Reason::Forbidden);
    assert!(error.message.starts_with("ConfigMap default/a: https://"), "{error}");
    assert!(error.message.contains(" does not allow to get it (403): configmaps \"a\" is forbidden"), "{error}");
    assert_eq!(kfleet::error::Error::from(error).kind, ErrorKind::Environment);
}

const BUSY: Play = Play::Answer("429 Too Many Requests", &["Retry-After: 1"]);
const AWAY: Play = Play::Answer("503 Service Unavailable", &[]);

fn repetitions(plane: &ControlPlane, admin: &Path) {
    apply(admin, &[mk_namespace("again"), mk_config_map("again", "a", "1")]);
    // The first answers in order; what follows passes.
    let played =
        |plays: &'static [Play]| interposed(plane, move |_, before| plays.get(before).cloned().unwrap_or(Play::Pass));
    // Reading, applying and deleting may be done twice.
    let plays: [&'static [Play]; 4] = [&[BUSY], &[AWAY, AWAY], &[Play::Reset, Play::Reset], &[Play::Swallow]];
    for plays in plays {
        let (interposer, kubeconfig) = played(plays);
        assert!(get(&kubeconfig, config_map("again", "a")).is_some());
        assert_eq!(interposer.requests().len(), plays.len() + 1, "{plays:?}");
    }
    let (_interposer, kubeconfig) = interposed(plane, |request, before| match request.method.as_str() {
        "PATCH" if before < 4 => Play::Swallow,
        _ => Play::Pass,
    });
    apply(&kubeconfig, &[mk_config_map("again", "b", "1")]);
    let (interposer, kubeconfig) = played(&[Play::Swallow]);
    assert_eq!(delete(&kubeconfig, config_map("again", "b"), Deletion::default()), Ok(false));
    assert_eq!(interposer.requests().len(), 2);
    // Creating may not, unless the server surely did nothing.
    let create = |kubeconfig: &Path, name: &'static str| {
        on(kubeconfig, async move |client| {
            client.create(&config_map("again", name), &mk_config_map("again", name, "1"), "m").await
        })
    };
    for (name, plays, reason, is_there) in [
        ("c", &[BUSY, BUSY] as &'static [Play], None, true),
        ("d", &[AWAY], Some(Reason::Unavailable), false),
        ("e", &[Play::Reset], Some(Reason::Unreachable), false),
        ("f", &[Play::Swallow], Some(Reason::Unreachable), true),
    ] {
        let (interposer, kubeconfig) = played(plays);
        assert_eq!(create(&kubeconfig, name).err().map(|failure| failure.reason), reason, "{name}");
        assert_eq!(get(admin, config_map("again", name)).is_some(), is_there, "{name}");
        let expected = if reason.is_none() { plays.len() + 1 } else { 1 };
        assert_eq!(interposer.requests().len(), expected, "{name}");
    }
    // What will not change is not asked again, nor is what the deadline does not allow.
    for (answer, reason) in [
        (Play::Answer("400 Bad Request", &[]), Reason::Invalid),
        (Play::Answer("401 Unauthorized", &[]), Reason::Login),
        (Play::Answer("403 Forbidden", &[]), Reason::Forbidden),
        (Play::Answer("422 Unprocessable Entity", &[]), Reason::Invalid),
        (Play::Answer("429 Too Many Requests", &["Retry-After: 3600"]), Reason::Unavailable),
        (Play::Answer("200 OK", &[]), Reason::NotAnApiServer),
    ] {
        let (interposer, kubeconfig) = interposed(plane, move |_, _| answer.clone());
        let error = on(&kubeconfig, async |client| client.get(&config_map("again", "a")).await).expect_err("refused");
        assert_eq!(error.reason, reason, "{error}");
        assert_eq!(interposer.requests().len(), 1, "{error}");
    }
    // Nobody listens: asked again as long as the deadline allows.
    let mut closed = access(&plane.kubeconfig_with(ADMIN_TOKEN, "https://127.0.0.1:1", ""));
    closed.timeout = Duration::from_secs(1);
    let error = blocking(&closed, || false, async |client: Client| client.version().await).expect_err("closed");
    assert_eq!(error.reason, Reason::Unreachable, "{error}");
}

fn ends(plane: &ControlPlane, _: &Path) {
    // A server that takes the connection and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", silent.local_addr().expect("an address"));
    let mut slow = access(&plane.kubeconfig_with(ADMIN_TOKEN, &address, ""));
    slow.timeout = Duration::from_secs(1);
    let error = blocking(&slow, || false, async |client: Client| client.version().await).expect_err("no answer");
    assert_eq!(error.reason, Reason::Timeout);
    assert_eq!(error.message, format!("{address} did not answer within 1 second when asked for its version"));
    assert_eq!(kfleet::error::Error::from(error).kind, ErrorKind::Timeout);
    // A login that takes its time blocks a thread, not the caller.
    let user = "exec: {apiVersion: client.authentication.k8s.io/v1, command: sleep, args: ['20']}";
    let mut login = access(&plane.kubeconfig_of(user, &format!("server: '{}'", plane.server()), plane.ca()));
    login.timeout = Duration::from_secs(1);
    let error = blocking(&login, || false, async |client: Client| client.version().await).expect_err("no login");
    assert_eq!(error.reason, Reason::LoginTimeout, "{error}");
    let error = blocking(&login, || true, async |client: Client| client.version().await).expect_err("unwanted");
    assert_eq!(error.reason, Reason::Interrupted, "{error}");
    // Once the caller left, nothing is sent any more.
    let asked = Arc::new(AtomicBool::new(false));
    let heard = Arc::clone(&asked);
    let (interposer, kubeconfig) = interposed(plane, move |_, _| {
        heard.store(true, Ordering::Relaxed);
        BUSY
    });
    let end_when = || asked.load(Ordering::Relaxed);
    let left = blocking(&access(&kubeconfig), end_when, async |client: Client| client.version().await);
    assert_eq!(left.expect_err("unwanted").reason, Reason::Interrupted);
    let before = interposer.requests().len();
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(interposer.requests().len(), before);
    // What the work returns is the caller's own: its values, its errors.
    let own: Result<u8, kfleet::error::Error> = blocking(&access(&kubeconfig), || false, async |_| Ok(7));
    assert_eq!(own.expect("a value"), 7);
}

fn secrets(_: &ControlPlane, admin: &Path) {
    apply(admin, &[mk_namespace("secrets")]);
    let mut wrong = mk_secret("secrets", "a", "x");
    wrong["type"] = json!("kubernetes.io/dockerconfigjson");
    wrong["stringData"] = json!({".dockerconfigjson": "s3cr3t-value"});
    let mut odd = mk_secret("secrets", "b", "x");
    odd["data"] = json!({"key": {"s3cr3t-value": 1}, "other": "s3cr3t-value!"});
    for object in [wrong, odd] {
        let results = apply_as(admin, &[object], &PLAIN);
        assert!(matches!(results[0].outcome, Outcome::Failed(_)), "{results:?}");
        assert!(!format!("{results:?}").contains("s3cr3t-value"), "{results:?}");
    }
}
