//! Fleets in the layouts that public repositories have: each is adopted, vetted, shown and promoted as its users expect.
#![allow(clippy::disallowed_methods, reason = "tests make files and start programs")]

mod support;

use std::fs;
use support::fleet::{Fleet, said};

const URL: &str = "https://git.example.org/team/fleet";

/// A fleet in some layout.
#[derive(Default)]
struct Layout {
    name: &'static str,
    files: Vec<(String, String)>,
    /// What `status` shows: cluster and pin. HEAD stands for the first commit.
    clusters: Vec<(&'static str, &'static str)>,
    /// The fields that the fleet file has to give clusters: name, key and value.
    adopted: Vec<(&'static str, &'static str, &'static str)>,
    /// What promoting from the first to the second cluster says.
    promotes: Option<&'static str>,
}

impl Layout {
    fn new(name: &'static str) -> Layout {
        Layout { name, ..Layout::default() }
    }

    fn file(mut self, path: &str, text: impl Into<String>) -> Layout {
        self.files.push((path.to_owned(), text.into()));
        self
    }

    /// A folder of plain manifests that a Kustomization can apply.
    fn app(self, folder: &str) -> Layout {
        let name = folder.replace('/', "-");
        self.file(&format!("{folder}/kustomization.yaml"), "resources:\n  - web.yaml\n").file(
            &format!("{folder}/web.yaml"),
            format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  namespace: web\ndata:\n  a: b\n"),
        )
    }

    /// Flux's own sync in the `flux-system` folder of a cluster.
    fn own(self, folder: &str, branch: &str) -> Layout {
        let at = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let text = git_repository("flux-system", URL, &format!("{{branch: {branch}}}"))
            + &kustomization("flux-system", &format!("./{folder}"), "GitRepository", "flux-system");
        self.file(&format!("{at}flux-system/gotk-sync.yaml"), text)
            .file(&format!("{at}flux-system/kustomization.yaml"), "resources:\n  - gotk-sync.yaml\n")
    }

    fn shows(mut self, clusters: &[(&'static str, &'static str)]) -> Layout {
        self.clusters = clusters.to_vec();
        self
    }

    fn adopts(mut self, fields: &[(&'static str, &'static str, &'static str)]) -> Layout {
        self.adopted = fields.to_vec();
        self
    }

    fn promotes(mut self, said: &'static str) -> Layout {
        self.promotes = Some(said);
        self
    }
}

fn git_repository(name: &str, url: &str, reference: &str) -> String {
    format!(
        "---\napiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata:\n  name: {name}\n  \
         namespace: flux-system\nspec:\n  interval: 1h\n  url: {url}\n  ref: {reference}\n"
    )
}

fn kustomization(name: &str, path: &str, kind: &str, source: &str) -> String {
    format!(
        "---\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: {name}\n  \
         namespace: flux-system\nspec:\n  interval: 1h\n  path: {path}\n  prune: true\n  wait: true\n  sourceRef:\n    \
         kind: {kind}\n    name: {source}\n"
    )
}

/// A Kustomization that follows Flux's own source.
fn follows(name: &str, path: &str) -> String {
    kustomization(name, path, "GitRepository", "flux-system")
}

fn instance(namespace: &str, sync: &str) -> String {
    format!(
        "apiVersion: fluxcd.controlplane.io/v1\nkind: FluxInstance\nmetadata:\n  name: flux\n  namespace: {namespace}\n\
         spec:\n  distribution:\n    version: 2.x\n    registry: ghcr.io/fluxcd\n  sync: {sync}\n"
    )
}

fn layouts() -> Vec<Layout> {
    let pinned = |cluster: &str| {
        git_repository("fleet", URL, "{branch: main, commit: HEAD}")
            + &kustomization("infrastructure", "./infrastructure", "GitRepository", "fleet")
            + &kustomization("apps", &format!("./apps/{cluster}"), "GitRepository", "fleet")
    };
    let flavour = git_repository("cluster", URL, "{branch: main, commit: HEAD}")
        + &kustomization("cluster", "./config/flavours/workload", "GitRepository", "cluster");
    let branch_is_followed = "must follow its branch";
    vec![
        Layout::new("a folder for each cluster, with overlays of apps and infrastructure")
            .own("clusters/staging", "main")
            .own("clusters/production", "main")
            .file("clusters/staging/apps.yaml", follows("apps", "./apps/staging"))
            .file("clusters/staging/infrastructure.yaml", follows("infrastructure", "./infrastructure"))
            .file("clusters/production/apps.yaml", follows("apps", "./apps/production"))
            .file("clusters/production/infrastructure.yaml", follows("infrastructure", "./infrastructure"))
            .app("apps/staging")
            .app("apps/production")
            .app("infrastructure")
            .shows(&[("staging", "branch main"), ("production", "branch main")])
            .adopts(&[("staging", "environment", "staging"), ("production", "environment", "production")])
            .promotes(branch_is_followed),
        Layout::new("several Kustomizations on one pin")
            .own("clusters/staging", "main")
            .own("clusters/production", "main")
            .file("clusters/staging/fleet.yaml", pinned("staging"))
            .file("clusters/production/fleet.yaml", pinned("production"))
            .app("apps/staging")
            .app("apps/production")
            .app("infrastructure")
            .shows(&[("staging", "HEAD"), ("production", "HEAD")])
            .promotes("nothing to do"),
        Layout::new("flavours of bases, pinned")
            .own("clusters/staging", "main")
            .own("clusters/production", "main")
            .file("clusters/staging/flux-system/cluster-sync.yaml", flavour.clone())
            .file("clusters/production/flux-system/cluster-sync.yaml", flavour)
            .file("config/flavours/workload/kustomization.yaml", "resources:\n  - ../../bases/web\n")
            .app("config/bases/web")
            .file("clusters/staging/flux-system/kustomization.yaml", "resources: [gotk-sync.yaml, cluster-sync.yaml]\n")
            .file("clusters/production/flux-system/kustomization.yaml", "resources: [gotk-sync.yaml, cluster-sync.yaml]\n")
            .shows(&[("staging", "HEAD"), ("production", "HEAD")])
            .adopts(&[("staging", "flavour", "workload")])
            .promotes("nothing to do"),
        Layout::new("clusters in groups, and a shared folder")
            .own("clusters/eu/prod-1", "main")
            .own("clusters/us/prod-2", "main")
            .file("clusters/eu/prod-1/shared.yaml", follows("shared", "./clusters/shared"))
            .file("clusters/us/prod-2/shared.yaml", follows("shared", "./clusters/shared"))
            .app("clusters/shared")
            .shows(&[("prod-1", "branch main"), ("prod-2", "branch main")])
            .adopts(&[("prod-1", "path", "clusters/eu/prod-1"), ("prod-2", "path", "clusters/us/prod-2")])
            .promotes(branch_is_followed),
        Layout::new("clusters of one name in groups")
            .own("regions/eu/prod", "main")
            .own("regions/us/prod", "main")
            .file("regions/eu/prod/apps.yaml", follows("apps", "./apps"))
            .file("regions/us/prod/apps.yaml", follows("apps", "./apps"))
            .app("apps")
            .shows(&[("eu-prod", "branch main"), ("us-prod", "branch main")])
            .adopts(&[("eu-prod", "path", "regions/eu/prod")])
            .promotes(branch_is_followed),
        Layout::new("environments above their clusters")
            .own("environments/dev/cluster", "main")
            .own("environments/prod/cluster", "main")
            .file("environments/dev/cluster/apps.yaml", follows("apps", "./environments/dev/apps"))
            .file("environments/prod/cluster/apps.yaml", follows("apps", "./environments/prod/apps"))
            .app("environments/dev/apps")
            .app("environments/prod/apps")
            .shows(&[("dev-cluster", "branch main"), ("prod-cluster", "branch main")])
            .adopts(&[("prod-cluster", "path", "environments/prod/cluster")])
            .promotes(branch_is_followed),
        Layout::new("one cluster in the top folder")
            .own("", "main")
            .file("apps.yaml", follows("apps", "./apps"))
            .app("apps")
            .shows(&[("cluster", "branch main")])
            .adopts(&[("cluster", "path", ".")]),
        Layout::new("one cluster at home, with a sync of its own name")
            .file(
                "kubernetes/flux/config/cluster.yaml",
                git_repository("home", URL, "{branch: main}")
                    + &kustomization("cluster", "./kubernetes/flux", "GitRepository", "home"),
            )
            .file("kubernetes/flux/apps.yaml", kustomization("cluster-apps", "./kubernetes/apps", "GitRepository", "home"))
            .app("kubernetes/apps")
            .shows(&[("flux", "branch main")])
            .adopts(&[("flux", "path", "kubernetes/flux")]),
        Layout::new("Flux's folder below a base")
            .own("cluster/base", "main")
            .file("cluster/base/core.yaml", follows("core", "./cluster/core"))
            .app("cluster/core")
            .shows(&[("base", "branch main")])
            .adopts(&[("base", "path", "cluster/base")]),
        Layout::new("branches as environments")
            .own("clusters/dev", "main")
            .own("clusters/test", "main")
            .own("clusters/prod", "stable")
            .file("clusters/dev/apps.yaml", follows("apps", "./apps"))
            .file("clusters/test/apps.yaml", follows("apps", "./apps"))
            .file("clusters/prod/apps.yaml", follows("apps", "./apps"))
            .app("apps")
            .shows(&[("dev", "branch main"), ("test", "branch main"), ("prod", "branch stable")])
            .adopts(&[("prod", "branch", "stable")])
            .promotes(branch_is_followed),
        Layout::new("the operator's instance in each cluster's folder")
            .file("clusters/a/flux.yaml", instance("fleet", &format!("{{kind: GitRepository, url: '{URL}', ref: refs/heads/main, path: clusters/a}}")))
            .file("clusters/b/flux.yaml", instance("fleet", &format!("{{kind: GitRepository, url: '{URL}', ref: refs/heads/main, path: ./clusters/b}}")))
            .file("clusters/a/apps.yaml", kustomization("apps", "./apps", "GitRepository", "fleet").replace("namespace: flux-system", "namespace: fleet"))
            .file("clusters/b/apps.yaml", kustomization("apps", "./apps", "GitRepository", "fleet").replace("namespace: flux-system", "namespace: fleet"))
            .app("apps")
            .shows(&[("a", "branch main"), ("b", "branch main")])
            .promotes(branch_is_followed),
        Layout::new("the operator's instance by its chart")
            .file(
                "kubernetes/apps/flux-system/instance/release.yaml",
                "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: flux-instance\n  namespace: flux-system\n\
                 spec:\n  interval: 1h\n  chartRef: {kind: OCIRepository, name: flux-instance}\n  values:\n    instance:\n      sync:\n        kind: GitRepository\n        \
                 url: https://git.example.org/team/fleet\n        ref: refs/heads/main\n        path: kubernetes/flux\n",
            )
            .file(
                "kubernetes/apps/flux-system/instance/source.yaml",
                "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata:\n  name: flux-instance\n  namespace: flux-system\n\
                 spec:\n  interval: 1h\n  url: oci://ghcr.io/controlplaneio-fluxcd/charts/flux-instance\n  ref: {tag: 0.30.0}\n",
            )
            .file("kubernetes/flux/apps.yaml", follows("apps", "./kubernetes/apps"))
            .shows(&[("flux", "branch main")])
            .adopts(&[("flux", "path", "kubernetes/flux")]),
        Layout::new("artifacts in the place of git")
            .file("clusters/edge/flux.yaml", instance("flux-system", "{kind: OCIRepository, url: 'oci://registry.example.org/fleet', ref: latest, path: clusters/edge}"))
            .file("clusters/edge/apps.yaml", kustomization("apps", "./apps", "OCIRepository", "flux-system"))
            .app("apps")
            .shows(&[("edge", "-")]),
        Layout::new("tenants from repositories of their own")
            .own("clusters/prod", "main")
            .file("clusters/prod/tenants.yaml", follows("tenants", "./tenants"))
            .file(
                "tenants/team/sync.yaml",
                git_repository("team", "https://git.example.org/team/apps", "{branch: main}")
                    + &kustomization("team", "./deploy/production", "GitRepository", "team"),
            )
            .file("tenants/kustomization.yaml", "resources:\n  - team/sync.yaml\n")
            .shows(&[("prod", "branch main")]),
        Layout::new("Flux put into the clusters from elsewhere")
            .file("clusters/blue/apps.yaml", follows("apps", "./apps"))
            .file("clusters/green/apps.yaml", follows("apps", "./apps"))
            .app("apps")
            .shows(&[("blue", "-"), ("green", "-")])
            .promotes("takes its manifests from a source that is not in its folder"),
        Layout::new("Kustomizations in a base that clusters patch")
            .own("clusters/a", "main")
            .own("clusters/b", "main")
            .file("clusters/base/apps.yaml", follows("apps", "./apps"))
            .file("clusters/base/kustomization.yaml", "resources:\n  - apps.yaml\n")
            .file("clusters/a/kustomization.yaml", "resources:\n  - flux-system\n  - ../base\n")
            .file("clusters/b/kustomization.yaml", "resources:\n  - flux-system\n  - ../base\n")
            .app("apps")
            .shows(&[("a", "-"), ("b", "-")]),
        Layout::new("one repository cut into artifacts")
            .own("clusters/prod", "main")
            .file(
                "clusters/prod/artifacts.yaml",
                "apiVersion: source.extensions.fluxcd.io/v1beta1\nkind: ArtifactGenerator\nmetadata:\n  name: parts\n  namespace: flux-system\n\
                 spec:\n  sources: [{alias: repo, kind: GitRepository, name: flux-system}]\n  artifacts:\n    - name: apps\n      \
                 copy: [{from: '@repo/apps/**', to: '@artifact/'}]\n",
            )
            .file("clusters/prod/apps.yaml", kustomization("apps", "./web", "ExternalArtifact", "apps"))
            .app("apps/web")
            .shows(&[("prod", "-")]),
    ]
}

fn made(layout: &Layout) -> Fleet {
    let fleet = Fleet { folder: tempfile::tempdir().expect("a folder"), root: "fleet" };
    fs::create_dir(fleet.root()).expect("made");
    fleet.git(&["init", "-q", "-b", "main"]);
    fleet.write("README.md", "A fleet.\n");
    // What is pinned has to hold what is applied.
    let (pins, others): (Vec<_>, Vec<_>) = layout.files.iter().partition(|(_, text)| text.contains("commit: HEAD"));
    for (path, text) in &others {
        fleet.write(path, text);
    }
    let first = fleet.commit("Add the fleet");
    for (path, text) in &pins {
        fleet.write(path, &text.replace("commit: HEAD", &format!("commit: \"{first}\"")));
    }
    fleet.git(&["branch", "stable"]);
    if !pins.is_empty() {
        fleet.commit("Pin the clusters");
    }
    fleet.git(&["clone", "-q", "--bare", ".", "../origin.git"]);
    fleet.git(&["remote", "add", "origin", "../origin.git"]);
    fleet.git(&["fetch", "-q"]);
    fleet
}

#[test]
fn fleets_in_public_layouts_are_understood() {
    for layout in layouts() {
        let name = layout.name;
        let fleet = made(&layout);
        check(name, &fleet, &layout);
        fleet.does(&["init", "--adopt"]);
        let text = fleet.text("fleet.yaml");
        let adopted: serde_json::Value = serde_saphyr::from_str(&text).expect("a fleet file");
        for (cluster, field, value) in &layout.adopted {
            assert_eq!(adopted["clusters"][cluster][field].as_str(), Some(*value), "{name}: {cluster}\n{text}");
        }
        check(&format!("{name}, adopted"), &fleet, &layout);
    }
}

/// vet accepts it, status shows its clusters, each has a history, and a promotion does what it says.
fn check(name: &str, fleet: &Fleet, layout: &Layout) {
    let output = fleet.run(&["vet"]);
    assert!(output.status.success() && !said(&output).contains("warning"), "{name}: {}", said(&output));
    let report: serde_json::Value =
        serde_json::from_str(&fleet.does(&["status", "--output", "json"])).expect("a report");
    let first = fleet.git(&["rev-list", "--max-parents=0", "HEAD"]);
    let rows = report["clusters"].as_array().expect("clusters");
    let shown: Vec<(&str, &str)> =
        rows.iter().map(|row| (row["cluster"].as_str().unwrap_or(""), row["pin"].as_str().unwrap_or("-"))).collect();
    let expected: Vec<(&str, &str)> = layout
        .clusters
        .iter()
        .map(|(cluster, pin)| (*cluster, if *pin == "HEAD" { first.as_str() } else { pin }))
        .collect();
    let sorted = |mut rows: Vec<(&str, &str)>| {
        rows.sort_unstable();
        rows.into_iter().map(|(cluster, pin)| format!("{cluster} {pin}")).collect::<Vec<_>>()
    };
    assert_eq!(sorted(shown), sorted(expected), "{name}");
    for (cluster, _) in &layout.clusters {
        fleet.does(&["history", cluster]);
    }
    if let (Some(expected), [(from, _), (to, _), ..]) = (layout.promotes, layout.clusters.as_slice()) {
        let said = said(&fleet.run(&["promote", from, to, "--dry-run"]));
        assert!(said.contains(expected), "{name}: {said}");
    }
}
