//! Substitution against what clusterctl itself gives (`tools/substitute`), and what must hold for any template.
#![allow(clippy::disallowed_methods, reason = "tests read the vectors")]

mod oracle;

use kfleet::substitute::{Mode, substitute};
use proptest::prelude::*;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What clusterctl made of a template: a result, or an error, or a panic, or bytes that are not UTF-8.
#[derive(Debug, Deserialize)]
struct Vector {
    template: String,
    variables: BTreeMap<String, String>,
    result: Option<String>,
}

impl Vector {
    /// What differs, if anything does. kfleet takes only names of ASCII letters.
    fn difference(&self) -> Option<String> {
        let ours = substitute("in", &self.template, &self.variables, Mode::Compat);
        let differs = match (&ours, &self.result) {
            (Ok(ours), Some(result)) => ours.text != *result,
            (Err(problems), Some(_)) => !problems.iter().all(|problem| problem.message.contains("beyond ASCII")),
            (Ok(_), None) => true,
            (Err(_), None) => false,
        };
        differs.then(|| format!("{self:?}\n  kfleet gives {ours:?}"))
    }
}

/// Vectors of other files are replayed too: `KFLEET_SUBSTITUTE_VECTORS` names one.
#[test]
fn the_bytes_are_those_of_clusterctl() {
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/substitute/vectors.jsonl");
    let more = std::env::var_os("KFLEET_SUBSTITUTE_VECTORS").map(PathBuf::from);
    for path in [Some(committed), more].into_iter().flatten() {
        let text = std::fs::read_to_string(&path).expect("vectors");
        let vectors: Vec<Vector> = text.lines().map(|line| serde_json::from_str(line).expect("a vector")).collect();
        assert!(vectors.len() > 500, "only {} vectors in {}", vectors.len(), path.display());
        let differences: Vec<String> = vectors.iter().filter_map(Vector::difference).collect();
        let shown = differences.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
        assert!(differences.is_empty(), "{} of {} differ:\n{shown}", differences.len(), vectors.len());
        for vector in &vectors {
            oracle::substitution(&vector.template, &vector.variables);
        }
    }
}

/// Pieces of the language, in any order.
fn template() -> impl Strategy<Value = String> {
    let pieces = [
        "${",
        "${V",
        "${V}",
        "${W}",
        "${V:=",
        "${W:=",
        "${V:-",
        "${U:=d}",
        "${V:?",
        "${V:1",
        "${V:1:2}",
        "${V/",
        "${V//a/b}",
        "${V%",
        "${V##",
        "${V^^}",
        "${#V}",
        "}",
        "}",
        "}",
        "$",
        "$$",
        "\\",
        "/",
        ":",
        "#",
        "# ",
        " ",
        "\n",
        "\r\n",
        "a: ",
        "- ",
        "'",
        "\"",
        "*",
        "?",
        "[a-c]",
        "{",
        "a",
        "é",
        "😀",
        "1",
        "-2",
        "---\n",
        "\u{feff}",
        "metadata: {annotations: ",
        "{kustomize.toolkit.fluxcd.io/substitute: disabled}}",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..12).prop_map(|pieces| pieces.concat())
}

fn values() -> impl Strategy<Value = BTreeMap<String, String>> {
    let value = prop_oneof![
        Just(String::new()),
        Just("abcab".to_owned()),
        Just("${W}".to_owned()),
        Just("é€😀".to_owned()),
        Just("2".to_owned()),
        Just("{a}".to_owned()),
        Just("*\\[".to_owned()),
        any::<String>(),
    ];
    prop::collection::btree_map(
        prop::sample::select(vec!["V", "W", "U", "a", "1"]).prop_map(str::to_owned),
        value,
        0..5,
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn strict_mode_gives_what_compat_mode_gives(template in template(), values in values()) {
        oracle::substitution(&template, &values);
    }

    #[test]
    fn any_text_is_harmless(template in any::<String>(), values in values()) {
        oracle::substitution(&template, &values);
    }
}
