//! The text of an adopted fleet file: canonical, so that formatting the repository leaves it alone.

use super::addons::{Base, State};
use crate::fleet::clusters::Cluster;
use crate::fleet::types::{Paths, Repository};
use crate::names::is_name;
use crate::yaml::scalar;

/// A fleet file. What is not known stands in comments.
pub(super) fn fleet_file(repository: Option<&Repository>, bases: &[Base], clusters: &[(String, &Cluster)]) -> String {
    let mut out = String::from(
        "# yaml-language-server: $schema=.kfleet/fleet.schema.json\napiVersion: kfleet.dev/v1alpha1\nkind: Fleet\n",
    );
    if let Some(repository) = repository {
        out += "repository:\n";
        entry(&mut out, "  ", "url", &repository.url);
        entry(&mut out, "  ", "branch", &repository.branch);
    }
    let is_open = |base: &&Base| matches!(base.state, State::Partial | State::Different) && is_name(&base.name);
    let unknown: Vec<&Base> = bases.iter().filter(is_open).collect();
    if !unknown.is_empty() {
        out += "# The sources of these bases are not known, and `kfleet generate` leaves them alone. To have one of them\n\
                # generated, name its sources under `addons`, as here, and look at `kfleet generate ADDON --diff`:\n#\n";
        for base in unknown {
            out += &format!("#   {}:\n#     sources:\n", base.name);
            if base.state == State::Partial {
                out += "#       - url: https://..\n";
            }
            for path in &base.sources {
                entry(&mut out, "#       - ", "path", path);
            }
        }
        out += "#\n";
    }
    let known: Vec<&Base> = bases.iter().filter(|base| base.state == State::Known).collect();
    out += if known.is_empty() { "addons: {}\n" } else { "addons:\n" };
    for base in known {
        heading(&mut out, &base.name);
        out += "    sources:\n";
        for path in &base.sources {
            entry(&mut out, "      - ", "path", path);
        }
    }
    out += if clusters.is_empty() { "clusters: {}\n" } else { "clusters:\n" };
    let usual = Paths::default().clusters;
    for (name, cluster) in clusters {
        let branch = cluster.branch().filter(|branch| repository.is_some_and(|one| one.branch != *branch));
        let path = (cluster.folder != format!("{usual}/{name}")).then_some(cluster.folder.as_str());
        let fields = [
            ("flavour", cluster.flavour.as_deref()),
            ("environment", cluster.environment.as_deref()),
            ("branch", branch),
            ("management", cluster.management.then_some("true")),
            ("path", path.map(|path| if path.is_empty() { "." } else { path })),
        ];
        let written: Vec<(&str, &str)> = fields.iter().filter_map(|(key, value)| Some((*key, (*value)?))).collect();
        if written.is_empty() {
            out += &format!("  {}: {{}}\n", scalar::text_of(name));
            continue;
        }
        heading(&mut out, name);
        for (key, value) in written {
            match key {
                "management" => out += "    management: true\n",
                _ => entry(&mut out, "    ", key, value),
            }
        }
    }
    out
}

fn heading(out: &mut String, name: &str) {
    *out += &format!("  {}:\n", scalar::text_of(name));
}

fn entry(out: &mut String, indent: &str, key: &str, value: &str) {
    *out += &format!("{indent}{key}: {}\n", scalar::text_of(value));
}
