//! A split of an addon, applied by a real kustomize-controller to a real API server: nothing is deleted, whichever of the
//! two Kustomizations is looked at first. The source-controller is played: a GitRepository's status names a tarball.

use crate::support::control_plane::{ADMIN_TOKEN, ControlPlane, delete, get, patch, post, servers};
use crate::support::fleet::{Fleet, sync, sync_file};
use crate::support::web::{WebServer, serve_files};
use crate::support::{free_port, provided, skip, spawn};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Child;
use std::time::{Duration, Instant};

const ADDON: &str = "clusters/staging/flux-system/addon-web.yaml";
const SOURCES: &str = "/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/gitrepositories";
const KUSTOMIZATIONS: &str = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations";
const APPLY: &str = "application/apply-patch+yaml";
const MERGE: &str = "application/merge-patch+json";
/// The objects of the addon, and one of the flavour.
const OBJECTS: [&str; 4] = [
    "/api/v1/namespaces/web",
    "/api/v1/namespaces/web/configmaps/web",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles/web:view",
    "/api/v1/namespaces/default/configmaps/api",
];

/// The cluster, the controller in it, and where its sources come from.
struct Flux {
    fleet: Fleet,
    artifacts: WebServer,
    kubeconfig: PathBuf,
    controller: Child,
    _plane: ControlPlane,
}

impl Drop for Flux {
    fn drop(&mut self) {
        let _ = self.controller.kill();
        let _ = self.controller.wait();
    }
}

impl Flux {
    fn start(fleet: Fleet, servers: &std::path::Path, flux: &std::path::Path) -> Flux {
        let plane = ControlPlane::start(servers);
        let kubeconfig = plane.kubeconfig(ADMIN_TOKEN);
        let create = |path: &str, object: &str| drop(post(&kubeconfig, path, object).expect("created"));
        let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        let text = fs::read_to_string(flux.join("kustomizations.yaml")).expect("the CRD");
        let path = format!("{definitions}/kustomizations.kustomize.toolkit.fluxcd.io?fieldManager=test");
        patch(&kubeconfig, &path, APPLY, &text).expect("the CRD is applied");
        for kind in ["GitRepository", "OCIRepository", "Bucket", "ExternalArtifact"] {
            create(definitions, &mk_definition(kind).to_string());
        }
        create("/api/v1/namespaces", r#"{"metadata": {"name": "flux-system"}}"#);
        let folder = fleet.folder.path().join("flux");
        fs::create_dir(&folder).expect("a folder");
        wait("the CRDs", || [SOURCES, KUSTOMIZATIONS].iter().all(|path| get(&kubeconfig, path).is_ok()));
        // The environment is the program's own: `env` gives it the kubeconfig.
        let ports = [free_port(), free_port()];
        let arguments = [
            format!("KUBECONFIG={}", kubeconfig.display()),
            "RUNTIME_NAMESPACE=flux-system".to_owned(),
            flux.join("kustomize-controller").display().to_string(),
            "--watch-all-namespaces".to_owned(),
            "--events-addr=".to_owned(),
            format!("--metrics-addr=127.0.0.1:{}", ports[0]),
            format!("--health-addr=127.0.0.1:{}", ports[1]),
        ];
        let controller = spawn(std::path::Path::new("/usr/bin/env"), &arguments, &folder);
        let artifacts = serve_files(&folder, ("", ""));
        Flux { fleet, artifacts, kubeconfig, controller, _plane: plane }
    }

    /// Applies the objects of a file as Flux's own sync does, and plays the source-controller.
    fn apply(&self, text: &str) {
        for document in text.split("---\n").filter(|document| document.contains("kind: ")) {
            let is_source = document.contains("kind: GitRepository\nmetadata");
            let line = document.lines().find_map(|line| line.strip_prefix("  name: ")).expect("a name");
            let path = format!("{}/{line}", if is_source { SOURCES } else { KUSTOMIZATIONS });
            let query = "?fieldManager=kustomize-controller&force=true";
            patch(&self.kubeconfig, &format!("{path}{query}"), APPLY, document).expect("applied");
            if is_source {
                let commit = document.lines().find_map(|line| line.trim().strip_prefix("commit: ")).expect("a commit");
                self.fetch(&path, commit);
            }
        }
    }

    fn fetch(&self, path: &str, commit: &str) {
        let name = format!("{commit}.tar.gz");
        let file = self.fleet.folder.path().join("flux").join(&name);
        self.fleet.git(&["archive", "--format=tar.gz", "-o", &file.display().to_string(), commit]);
        let bytes = fs::read(&file).expect("a tarball");
        let generation = self.object(path).expect("a source")["metadata"]["generation"].clone();
        let now = "2026-01-01T00:00:00Z";
        let status = json!({"status": {
            "observedGeneration": generation,
            "artifact": {
                "digest": format!("sha256:{}", kfleet::digest::sha256(&bytes)), "lastUpdateTime": now, "path": name,
                "revision": format!("main@sha1:{commit}"), "size": bytes.len(), "url": self.artifacts.url(&format!("/{name}")),
            },
            "conditions": [{
                "type": "Ready", "status": "True", "reason": "Succeeded", "message": "", "lastTransitionTime": now,
                "observedGeneration": generation,
            }],
        }});
        patch(&self.kubeconfig, &format!("{path}/status"), MERGE, &status.to_string()).expect("a status");
    }

    fn object(&self, path: &str) -> Option<Value> {
        get(&self.kubeconfig, path).ok().map(|text| serde_json::from_str(&text).expect("JSON"))
    }

    /// Waits until a Kustomization has been applied once more.
    fn reconcile(&self, name: &str) {
        let path = format!("{KUSTOMIZATIONS}/{name}");
        let asked = format!("{:?}", Instant::now());
        let note = json!({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": asked}}});
        patch(&self.kubeconfig, &path, MERGE, &note.to_string()).expect("asked");
        wait(name, || {
            let Some(found) = self.object(&path) else { return false };
            let (status, meta) = (&found["status"], &found["metadata"]);
            let conditions = status["conditions"].as_array().map_or(&[][..], Vec::as_slice);
            let is_ready = conditions.iter().any(|one| one["type"] == "Ready" && one["status"] == "True");
            is_ready && status["observedGeneration"] == meta["generation"] && status["lastHandledReconcileAt"] == *asked
        });
    }

    /// The identity of each object, and the Kustomization that owns it.
    fn objects(&self) -> (Vec<String>, BTreeMap<&'static str, String>) {
        let found = OBJECTS.iter().map(|path| {
            let object = self.object(path).unwrap_or_else(|| panic!("{path} is removed"));
            assert!(object["metadata"]["deletionTimestamp"].is_null(), "{path} is being deleted");
            let owner = &object["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/name"];
            let id = object["metadata"]["uid"].as_str().expect("a UID").to_owned();
            (id, (*path, owner.as_str().unwrap_or_default().to_owned()))
        });
        found.unzip()
    }
}

/// The definition of a kind of source, without a schema.
fn mk_definition(kind: &str) -> Value {
    let singular = kind.to_lowercase();
    let plural = match singular.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{singular}s"),
    };
    json!({
        "metadata": {"name": format!("{plural}.source.toolkit.fluxcd.io")},
        "spec": {
            "group": "source.toolkit.fluxcd.io", "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": singular},
            "versions": [{
                "name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
            }],
        },
    })
}

fn wait(what: &str, is_done: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_done() {
        assert!(start.elapsed() < Duration::from_secs(90), "{what} is not ready after 90 seconds");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn write_web(fleet: &Fleet, number: usize) {
    let text = format!(
        "apiVersion: v1\nkind: Namespace\nmetadata: {{name: web}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: web, namespace: web}}\ndata: {{n: \"{number}\"}}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{name: 'web:view'}}\nrules: []\n"
    );
    fleet.write("config/bases/web/web.yaml", &text);
}

#[test]
fn flux_deletes_nothing_when_an_addon_is_split_off() {
    let test = "flux_deletes_nothing_when_an_addon_is_split_off";
    let (servers, flux) = match (servers(), provided(&["flux"])) {
        (Ok(servers), Ok(flux)) => (servers, flux),
        (Err(reason), _) | (_, Err(reason)) => return skip(test, &reason),
    };
    let fleet = Fleet::new();
    fleet.write("config/flavours/workload/kustomization.yaml", "resources: [../../bases/web, ../../bases/api]\n");
    fleet.write("config/bases/api/kustomization.yaml", "resources: [api.yaml]\n");
    let api = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: api, namespace: default}\n";
    fleet.write("config/bases/api/api.yaml", api);
    write_web(&fleet, 1);
    let first = fleet.push("Add api");
    let before = sync("main", Some(&first), 3);
    fleet.cluster("staging", &before);
    write_web(&fleet, 2);
    fleet.push("Change web");
    fleet.does(&["promote", "development", "staging", "--addon", "web", "--split"]);
    let (after, addon) = (fleet.text(&sync_file("staging")), fleet.text(ADDON));

    let flux = Flux::start(fleet, &servers, &flux);
    flux.apply(&before);
    flux.reconcile("cluster");
    let (ids, owners) = flux.objects();
    assert!(owners.values().all(|owner| owner == "cluster"), "{owners:?}");
    let verify_same = |step: &str| assert_eq!(flux.objects().0, ids, "{step}");
    let verify_split = |step: &str| {
        let (same, owners) = flux.objects();
        assert_eq!(same, ids, "{step}");
        let expected = ["addon-web", "addon-web", "addon-web", "cluster"];
        assert!(OBJECTS.iter().zip(expected).all(|(path, owner)| owners[path] == owner), "{step}: {owners:?}");
        let config = flux.object(OBJECTS[1]).expect("a ConfigMap");
        assert_eq!(config["data"]["n"], "2", "{step}");
        assert!(config["metadata"]["annotations"].is_null(), "{step}: the mark is not on the live object");
        let main = flux.object(&format!("{KUSTOMIZATIONS}/cluster")).expect("a Kustomization");
        assert_eq!(main["status"]["inventory"]["entries"].as_array().map(Vec::len), Some(4), "{step}");
    };
    let go_back = || {
        delete(&flux.kubeconfig, &format!("{KUSTOMIZATIONS}/addon-web")).expect("deleted");
        wait("the way back", || flux.object(&format!("{KUSTOMIZATIONS}/addon-web")).is_none());
        verify_same("without the addon's sync");
        flux.apply(&before);
        flux.reconcile("cluster");
        let (same, owners) = flux.objects();
        assert!(same == ids && owners.values().all(|owner| owner == "cluster"), "{owners:?}");
    };

    // The flavour first.
    flux.apply(&after);
    flux.reconcile("cluster");
    verify_same("the flavour first");
    flux.apply(&addon);
    flux.reconcile("addon-web");
    verify_split("then the addon");
    flux.reconcile("cluster");
    verify_split("the flavour again");
    go_back();

    // The addon first; the flavour takes its objects back once more.
    flux.apply(&addon);
    flux.reconcile("addon-web");
    flux.reconcile("cluster");
    verify_same("both apply them");
    flux.apply(&after);
    flux.reconcile("cluster");
    verify_same("the flavour lets go");
    flux.reconcile("addon-web");
    verify_split("the addon has them");
    go_back();

    // Both at once.
    flux.apply(&(after.clone() + "---\n" + &addon));
    flux.reconcile("cluster");
    flux.reconcile("addon-web");
    verify_split("both at once");
    go_back();

    // What the marks are for: an object that is no longer rendered is deleted.
    let deleting = "    - target: {kind: ConfigMap, name: web}\n      patch: '{$patch: delete, apiVersion: v1, kind: ConfigMap, metadata: {name: web}}'\n";
    flux.apply(&(before + deleting));
    flux.reconcile("cluster");
    wait("the deletion", || flux.object(OBJECTS[1]).is_none());
}
