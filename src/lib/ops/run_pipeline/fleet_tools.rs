//! The programs that a repository names for its pipelines, in its fleet file: for those who run them here.

use super::checkout::{Checkout, up};
use crate::error::Result;
use crate::fleet::file::{FLEET_FILE, FleetFile};
use crate::lighthouse::Trust;
use crate::problem::Problem;
use crate::runner::local::programs::tools::Tools;
use crate::tree::Root;

/// What the fleet file of the work tree says. Where the event is not trusted, that of the base branch: the other one is of
/// whoever has caused the event.
///
/// All that is wrong with a fleet file that has something to say is the inner result.
///
/// # Errors
/// The file cannot be read.
pub(super) fn tools_of(checkout: &Checkout, trust: Trust) -> Result<std::result::Result<Tools, Vec<Problem>>> {
    let text = match &checkout.facts.base {
        _ if trust == Trust::Trusted => Root::open(&checkout.root)?.read(FLEET_FILE)?.map(|text| text.to_vec()),
        Some(base) => checkout.clone.read(base, FLEET_FILE)?,
        None => None,
    };
    Ok(text.map_or_else(|| Ok(Tools::default()), |text| read(&format!("{}{FLEET_FILE}", up(&checkout.here)), &text)))
}

fn read(name: &str, text: &[u8]) -> std::result::Result<Tools, Vec<Problem>> {
    // Pipelines can be run whatever else is wrong with a fleet file.
    if !text.split(|byte| *byte == b'\n').any(|line| line.starts_with(b"pipelines") || line.starts_with(b"{")) {
        return Ok(Tools::default());
    }
    let file = FleetFile::read(name, text)?;
    let pipelines = &file.fleet.pipelines;
    let (tools, wrong) = Tools::of_file(&pipelines.tools, &pipelines.overrides);
    let problems = wrong.into_iter().map(|([section, key], why)| {
        let message = format!("`{}` is not understood: {why}", key.escape_debug());
        file.document.error(&["pipelines", &section, &key], message, None)
    });
    let problems: Vec<Problem> = problems.collect();
    if problems.is_empty() { Ok(tools) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "apiVersion: kfleet.dev/v1alpha1\nkind: Fleet\n";

    fn told(text: &str) -> Vec<String> {
        let problems = read(FLEET_FILE, format!("{HEAD}{text}").as_bytes()).expect_err("a problem");
        problems
            .into_iter()
            .map(|problem| format!("{}: {} {:?}", problem.location, problem.message, problem.hint))
            .collect()
    }

    #[test]
    fn a_fleet_file_names_programs() {
        let text = format!(
            "{HEAD}pipelines:\n  tools: {{a/fmt: kfleet fmt}}\n  overrides: {{make generate: kfleet generate}}\n"
        );
        let tools = read(FLEET_FILE, text.as_bytes()).expect("tools");
        assert_eq!(tools.entrypoint("a/fmt:2").expect("a program"), ["kfleet", "fmt"]);
        assert_eq!(tools.overrides[0].command, ["make", "generate"]);
        // What is wrong elsewhere is for others to say.
        assert!(read(FLEET_FILE, format!("{HEAD}addon: {{}}\n").as_bytes()).is_ok());
    }

    #[test]
    fn mistakes_have_their_place() {
        let found = told("pipelines:\n  override: {make: x}\n");
        assert!(found[0].starts_with("fleet.yaml:4:3: ") && found[0].contains("overrides"), "{found:?}");
        let found = told("pipelines:\n  tools:\n    a/b: x\n    c: ''\n");
        assert!(found[0].starts_with("fleet.yaml:6:") && found[0].contains("`c` is not understood"), "{found:?}");
    }
}
