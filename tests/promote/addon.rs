//! `--addon`: one addon alone, split off its flavour, moved, shared, rolled back, and refused.

use crate::support::fleet::{Fleet, sync, sync_file};

const ADDON: &str = "clusters/staging/flux-system/addon-web.yaml";
const LISTED: &str = "clusters/staging/flux-system/kustomization.yaml";
const SPLIT: [&str; 6] = ["promote", "development", "staging", "--addon", "web", "--split"];

/// The objects of the addon `web`, in one of their versions.
fn write_web(fleet: &Fleet, number: usize, more: &str) {
    let config = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: web, namespace: web}}\ndata: {{n: \"{number}\"}}\n"
    );
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: web}\n";
    fleet.write("config/bases/web/web.yaml", &format!("{config}---\n{deployment}{more}"));
}

/// A fleet whose flavour has two addons; staging is pinned, and web has changed since.
fn mk_fleet() -> Fleet {
    let fleet = Fleet::new();
    let api = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api, namespace: api}\n";
    fleet.write("config/flavours/workload/kustomization.yaml", "resources: [../../bases/web, ../../bases/api]\n");
    fleet.write("config/bases/api/kustomization.yaml", "resources: [api.yaml]\n");
    fleet.write("config/bases/api/api.yaml", api);
    write_web(&fleet, 1, "---\napiVersion: v1\nkind: Service\nmetadata: {name: old, namespace: web}\n");
    let first = fleet.push("Add api");
    fleet.cluster("staging", &sync("main", Some(&first), 3));
    fleet.cluster("other", &sync("main", Some(&first), 3));
    write_web(&fleet, 2, "");
    fleet.push("Change web");
    fleet
}

#[test]
fn an_addon_gets_a_sync_of_its_own_and_keeps_it() {
    let fleet = mk_fleet();
    let (first, second) = (fleet.git(&["rev-parse", "HEAD~1"]), fleet.head());
    let said = fleet.refuses(&["promote", "development", "staging", "--addon", "web"], 5);
    assert!(said.contains("staging has web by its flavour") && said.contains("--split"), "{said}");
    let before = fleet.text(&sync_file("staging"));

    let said = fleet.does(&[&SPLIT[..], &["--dry-run"]].concat());
    assert!(said.contains("+++ b/clusters/staging/flux-system/addon-web.yaml"), "{said}");
    let said = fleet.does(&SPLIT);
    for told in [
        &format!("staging: {} -> {}, 1 commit, 1 file of web", &first[..12], &second[..12])[..],
        "Kustomization addon-web with a new GitRepository addon-web",
        "nothing is deleted on the way",
        "it costs one more Kustomization and one more clone",
        "left as they are until the flavour's pin moves past them: Service web/old",
    ] {
        assert!(said.contains(told), "{told}: {said}");
    }
    let addon = format!(
        "# Addon web is pinned apart: `kfleet promote --addon web` moves it.\n# The pin.\napiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata:\n  name: addon-web\n  namespace: flux-system\nspec:\n  interval: 1h\n  ref:\n    branch: main # tracked\n    commit: {second}\n  url: ssh://git@example.org/fleet\n---\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: addon-web\n  namespace: flux-system\nspec:\n  interval: 10m\n  path: ./config/bases/web\n  prune: true\n  deletionPolicy: Orphan\n  sourceRef:\n    kind: GitRepository\n    name: addon-web\n  patches:\n    # What is this cluster's own.\n    - target: {{kind: Deployment, name: web}}\n      patch: '[{{\"op\": \"add\", \"path\": \"/spec/replicas\", \"value\": 3}}]'\n"
    );
    assert_eq!(fleet.text(ADDON), addon);
    // The flavour's sync is as it was, with patches after its own.
    let after = fleet.text(&sync_file("staging"));
    let patches = after.strip_prefix(&before).expect("the text before, and more");
    assert_eq!(patches.matches("kustomize.toolkit.fluxcd.io/reconcile: disabled").count(), 3, "{patches}");
    assert!(patches.contains("kind: Service\n        namespace: web\n        name: old\n"), "{patches}");
    assert!(fleet.text(LISTED).ends_with("  - addon-web.yaml\n"));
    let changed = fleet.git(&["status", "--porcelain", "-uall"]);
    assert!(changed.lines().all(|line| line.contains("clusters/staging/")), "only one cluster: {changed}");

    // It is known for what it is, and a second run has nothing to do.
    assert!(fleet.does(&["status", "--addons"]).contains("\n  addon-web "));
    let found = fleet.run(&["vet", "--output", "json"]);
    let found = String::from_utf8_lossy(&found.stdout).into_owned();
    assert!(!found.contains("KST05") && !found.contains("addon-web.yaml"), "{found}");
    assert!(fleet.does(&SPLIT).contains("nothing to do"));
    assert!(fleet.does(&["promote", "development", "staging", "--addon", "web"]).contains("nothing to do"));
    fleet.push("Split web");

    // Its pin moves alone, and back.
    write_web(&fleet, 3, "");
    let third = fleet.push("Change web again");
    let patched = fleet.text(&sync_file("staging"));
    let said = fleet.does(&["promote", "development", "staging", "--addon", "web", "--commit", "--output", "json"]);
    let report: serde_json::Value = serde_json::from_str(&said[said.find('{').expect("JSON")..]).expect("JSON");
    assert_eq!((&report["addon"], &report["promotions"][0]["isSplit"]), (&"web".into(), &false.into()));
    assert_eq!(fleet.text(ADDON), addon.replace(&second, &third));
    assert_eq!(fleet.text(&sync_file("staging")), patched);
    assert_eq!(fleet.git(&["log", "-1", "--format=%s"]), "Promote web of development to staging");
    let trailer = fleet.git(&["log", "-1", "--format=%(trailers:key=Kfleet-Pin,valueonly)"]);
    assert_eq!(trailer.trim(), format!("staging/web {second} {third}"));
    fleet.git(&["push", "-q", "origin", "main"]);
    assert!(fleet.does(&["history", "staging"]).contains("addon-web"));
    fleet.does(&["rollback", "staging", "--addon", "web", "--commit"]);
    assert_eq!(fleet.text(ADDON), addon);
    assert_eq!(fleet.git(&["log", "-1", "--format=%s"]), format!("Roll web of staging back to {}", &second[..12]));
    fleet.git(&["push", "-q", "origin", "main"]);
    let said = fleet.refuses(&["rollback", "other", "--addon", "web"], 5);
    assert!(said.contains("other has no sync of its own for web"), "{said}");

    // Another cluster gets what staging has the addon from, which is not what its flavour is pinned to.
    let said = fleet.does(&["promote", "staging", "other", "--addon", "web", "--split", "--dry-run"]);
    assert!(said.contains(&format!("{} Change web: what staging is pinned to", &second[..12])), "{said}");
}

#[test]
fn the_flavour_leaves_an_addon_alone_at_its_next_pin_too() {
    let fleet = mk_fleet();
    fleet.does(&SPLIT);
    write_web(&fleet, 3, "---\napiVersion: v1\nkind: Secret\nmetadata: {name: new, namespace: web}\n");
    let newest = fleet.push("Split web, and give it a Secret");
    let before = fleet.text(&sync_file("staging"));
    let said = fleet.does(&["promote", "development", "staging"]);
    assert!(said.contains("1 object that web has now are left to its own sync too"), "{said}");
    let after = fleet.text(&sync_file("staging"));
    assert!(after.contains(&newest) && after.len() > before.len() && after.contains("kind: Secret"), "{after}");
    assert_eq!(after.matches("kind: ConfigMap").count(), before.matches("kind: ConfigMap").count());
    assert!(!fleet.text(ADDON).contains(&newest), "the addon stays");
    assert!(fleet.does(&["promote", "development", "staging"]).contains("nothing to do"));
    fleet.push("Promote staging");

    // An object that goes to another addon would be left to nobody.
    write_web(&fleet, 3, "");
    let api = fleet.text("config/bases/api/api.yaml");
    let moved = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: new, namespace: web}\n";
    fleet.write("config/bases/api/api.yaml", &(api + moved));
    fleet.push("Give the Secret to api");
    let said = fleet.refuses(&["promote", "development", "staging"], 5);
    assert!(said.contains("Secret web/new is not web's alone any more"), "{said}");

    // The flavour may lose the addon altogether.
    fleet.write("config/bases/api/api.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: api}\n");
    fleet.write("config/flavours/workload/kustomization.yaml", "resources: [../../bases/api]\n");
    fleet.push("Take web out of the flavour");
    let said = fleet.does(&["promote", "development", "staging", "--dry-run"]);
    assert!(said.contains("3 objects of web leave the flavour") && said.contains("addon-web has not taken"), "{said}");
}

#[test]
fn syncs_in_flow_style_without_patches_are_split_too() {
    let fleet = mk_fleet();
    let first = fleet.git(&["rev-parse", "HEAD~1"]);
    let flow = format!(
        "--- # one\napiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {{name: cluster, namespace: flux-system}}\nspec: {{interval: 1m, ref: {{commit: {first}}}, url: \"ssh://git@example.org/fleet\"}}\n---\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: cluster, namespace: flux-system}}\nspec: {{interval: 10m, path: config/flavours/workload, prune: true, sourceRef: {{kind: GitRepository, name: cluster}}}}\n---\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: late, namespace: flux-system}}\nspec: {{dependsOn: [{{name: cluster}}], path: clusters/staging/late, prune: true, sourceRef: {{kind: GitRepository, name: cluster}}}}\n"
    );
    fleet.write(&sync_file("staging"), &flow);
    fleet.push("Write it in one line");
    let said = fleet.does(&SPLIT);
    assert!(said.contains("late waits for cluster, which no longer brings web"), "{said}");
    let addon = fleet.text(ADDON);
    assert!(addon.contains("deletionPolicy: Orphan") && addon.contains("interval: 1h"), "{addon}");
    assert!(fleet.text(&sync_file("staging")).contains("reconcile: disabled"));
    assert!(fleet.does(&SPLIT).contains("nothing to do"));
    fleet.push("Split web");
    assert!(fleet.does(&["promote", "development", "staging", "--dry-run"]).contains("commit: "));
}

#[test]
fn a_split_that_was_begun_is_finished() {
    let fleet = mk_fleet();
    let before = (fleet.text(&sync_file("staging")), fleet.text(LISTED));
    fleet.does(&SPLIT);
    let after = (fleet.text(&sync_file("staging")), fleet.text(LISTED));
    fleet.write(&sync_file("staging"), &before.0);
    fleet.write(LISTED, &before.1);
    fleet.push("Forget half of it");
    let found = fleet.run(&["vet", "--output", "json"]);
    assert!(String::from_utf8_lossy(&found.stdout).contains("KST05"));
    let run = ["promote", "development", "staging", "--addon", "web", "--to", "HEAD~1", "--allow-unproven"];
    assert!(fleet.does(&run).contains("nothing to do"));
    let said = fleet.does(&[&run[..], &["--split"]].concat());
    assert!(said.contains("Kustomization cluster leaves web alone from now on"), "{said}");
    assert_eq!((fleet.text(&sync_file("staging")), fleet.text(LISTED)), after);
    fleet.push("Finish it");
    let again =
        ["promote", "development", "staging", "--addon", "web", "--to", "HEAD~2", "--split", "--allow-unproven"];
    assert!(fleet.does(&again).contains("nothing to do"));
}

#[test]
fn addons_of_one_pin_share_a_source_until_one_moves() {
    let fleet = mk_fleet();
    let second = fleet.head();
    fleet.does(&SPLIT);
    fleet.push("Split web");
    let said = fleet.does(&[
        "promote",
        "development",
        "staging",
        "--addon",
        "api",
        "--split",
        "--to",
        &second,
        "--allow-unproven",
    ]);
    assert!(said.contains("with the present GitRepository addon-web"), "{said}");
    let api = "clusters/staging/flux-system/addon-api.yaml";
    assert!(!fleet.text(api).contains("kind: GitRepository\nmetadata") && fleet.text(api).contains("name: addon-web"));
    assert!(!fleet.text(api).contains("patches"), "no patch is about api");
    fleet.push("Split api");
    write_web(&fleet, 3, "");
    let third = fleet.push("Change web again");
    let said = fleet.does(&["promote", "development", "staging", "--addon", "web"]);
    assert!(said.contains("others use GitRepository addon-web too"), "{said}");
    let source = fleet.text("clusters/staging/flux-system/addon-web-2-source.yaml");
    assert!(source.contains("name: addon-web-2") && source.contains(&third), "{source}");
    assert!(fleet.text(ADDON).contains("    name: addon-web-2\n") && fleet.text(ADDON).contains(&second));
    assert!(fleet.does(&["promote", "development", "staging", "--addon", "web"]).contains("nothing to do"));
    fleet.push("Promote web");
    // The other follows: the source is its own now.
    fleet.does(&["promote", "development", "staging", "--addon", "api"]);
    assert!(fleet.text(ADDON).contains(&fleet.head()));
    let found = fleet.run(&["vet", "--output", "json"]);
    let found = String::from_utf8_lossy(&found.stdout).into_owned();
    assert!(!found.contains("PIN01") && !found.contains("KST05"), "{found}");
}

#[test]
fn what_cannot_be_split_is_refused() {
    let fleet = mk_fleet();
    let first = fleet.git(&["rev-parse", "HEAD~1"]);
    for (arguments, code, reason) in [
        (&["promote", "development", "staging", "--addon", "wbe"][..], 2, "did you mean `web`"),
        (&["promote", "development", "staging", "--addon", "../web"], 2, "is not an addon of this fleet"),
        (&["promote", "development", "staging", "--split"], 2, "--addon"),
        (&["rollback", "staging", "--addon", "wbe"], 2, "wbe is not an addon of this fleet"),
        (&["promote", "staging", "development", "--addon", "web", "--split"], 5, "is not pinned to a commit"),
    ] {
        let said = fleet.refuses(arguments, code);
        assert!(said.contains(reason), "{arguments:?}: {said}");
    }
    let good = sync("main", Some(&first), 3);
    let mixed = "  patches:\n    - patch: |\n        apiVersion: apps/v1\n        kind: Deployment\n        metadata: {name: web, namespace: web}\n        ---\n        apiVersion: apps/v1\n        kind: Deployment\n        metadata: {name: api, namespace: api}\n";
    let another = "---\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: NAME, namespace: flux-system}\nspec: {path: ./config/bases/web, prune: true, sourceRef: {kind: GitRepository, name: cluster}}\n";
    let cut = good.find("  patches:").expect("patches");
    for (text, reason) in [
        (good[..cut].to_owned() + mixed, "this patch changes the addon and others"),
        (
            good.replace("  prune:", "  components: [../../x]\n  prune:"),
            "components of the flavour's Kustomization may",
        ),
        (good.replace("  patches:", "  patchesJson6902:"), "`patchesJson6902` is of an older version"),
        (good.clone() + &another.replace("NAME", "a") + &another.replace("NAME", "b"), "several syncs for web: a, b"),
        (good.replace("flavours/workload", "flavours/gone"), "does not have web at the pin"),
    ] {
        fleet.write(&sync_file("staging"), &text);
        fleet.push("Change the sync");
        let said = fleet.refuses(&SPLIT, 5);
        assert!(said.contains(reason) && said.contains("nothing was written"), "{reason}: {said}");
    }
    // What the pin has, and what the new commit has.
    fleet.write(&sync_file("staging"), &good);
    fleet.write(ADDON, "a: 1\n");
    fleet.push("Write the file");
    assert!(fleet.refuses(&SPLIT, 5).contains("there is a file of this name already"));
    fleet.git(&["rm", "-q", ADDON]);
    let flavour = "config/flavours/workload/kustomization.yaml";
    let kustomization = "config/bases/web/kustomization.yaml";
    let (all, web) = (fleet.text(flavour), fleet.text(kustomization));
    for (file, text, reason) in [
        (flavour, format!("{all}namePrefix: x-\n"), "`namePrefix` changes what comes from the addon"),
        (flavour, "resources: [../../bases/api]\n".to_owned(), "does not have web at the pin"),
        (
            kustomization,
            format!("{web}configMapGenerator: [{{name: a}}]\n"),
            "`configMapGenerator` makes are not known",
        ),
        (kustomization, "resources: [gone.yaml]\n".to_owned(), "gone.yaml is not in the repository"),
        (
            "config/bases/api/api.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n".to_owned(),
            "Deployment web of another addon cannot be distinguished from that of web",
        ),
    ] {
        let before = fleet.text(file);
        fleet.write(file, &text);
        let pin = fleet.push("Change what is applied");
        fleet.write(&sync_file("staging"), &sync("main", Some(&pin), 3));
        fleet.push("Pin it");
        let said = fleet.refuses(&SPLIT, 5);
        assert!(said.contains(reason), "{reason}: {said}");
        fleet.write(file, &before);
    }
    // The addon is not in the commit that is named, or that is older.
    fleet.write(&sync_file("staging"), &good);
    fleet.git(&["rm", "-rqf", "config/bases/api"]);
    fleet.write(flavour, "resources: [../../bases/web]\n");
    fleet.push("Remove api");
    let said = fleet.refuses(&["promote", "development", "staging", "--addon", "api", "--split"], 2);
    assert!(said.contains("api is not an addon of this fleet"), "{said}");
    let older = fleet.git(&["rev-parse", &format!("{first}~1")]);
    let said = fleet.refuses(&[&SPLIT[..], &["--to", &older, "--allow-unproven"]].concat(), 5);
    assert!(said.contains("is older than the pin"), "{said}");
    // Changes of the user's own.
    fleet.write(&sync_file("staging"), &format!("{good}# mine\n"));
    assert!(fleet.refuses(&SPLIT, 5).contains("not committed"));
}

#[test]
fn addons_go_in_waves() {
    let fleet = mk_fleet();
    fleet.write(
        "fleet.yaml",
        "apiVersion: kfleet.dev/v1alpha1\nkind: Fleet\nclusters:\n  development: {flavour: workload}\n  staging: {flavour: workload, labels: {tier: x}}\n  other: {flavour: workload, labels: {tier: x}}\npromotion:\n  - {from: development, to: {clusters: [staging]}}\n  - {from: development, to: {clusters: [other]}}\n",
    );
    fleet.push("Say what clusters there are");
    let run = ["promote", "development", "--addon", "web", "--split"];
    let pin = fleet.head();
    let said = fleet.refuses(&[&run[..], &["--wave", "2"]].concat(), 5);
    assert!(said.contains("wave 1 is not done: staging"), "{said}");
    for (moved, kept) in [("staging:", "other:"), ("other:", "staging:")] {
        let said =
            fleet.does(&[&run[..], &["--next-wave", "--to", &pin, "--allow-unproven", "--commit", "--push"]].concat());
        assert!(said.contains(moved) && !said.contains(kept), "{said}");
    }
    let said = fleet.does(&[&run[..], &["--selector", "tier=x", "--to", &pin, "--allow-unproven"]].concat());
    assert!(said.contains("nothing to do"), "{said}");
}
