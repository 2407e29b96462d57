//! What a run needs and does not have, found before anything runs and reported in one message: programs, images, Secrets and
//! ConfigMaps with their keys, paths of the host.

use std::collections::BTreeMap;

use crate::error::{Error, ErrorKind, Result};
use crate::lighthouse::Trust;
use crate::tekton::needs::{Needs, ObjectNeed};
use crate::tekton::objects::Objects;
use crate::tekton::types::ObjectKind;
use crate::text::visible;

/// What is there.
pub struct Available<'a> {
    /// Whether steps run in their images: then programs are the images', and images have to be there.
    pub has_images: bool,
    /// Whether steps that do not run in their image find a program of this name or path.
    pub has_program: &'a dyn Fn(&str) -> bool,
    /// The programs that the user puts in the place of others, with the options that say so.
    pub stand_ins: &'a [(&'a str, String)],
    /// Why an image cannot be had; only asked where steps run in them.
    pub missing_image: &'a dyn Fn(&str) -> Option<String>,
    pub objects: &'a Objects,
    pub trust: Trust,
}

/// Something that is missing, and what supplies it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// What, for people.
    pub what: String,
    /// The flag, or what else to do.
    pub remedy: String,
}

/// All that is missing, in the order in which it is needed.
pub fn missing(needs: &Needs, available: &Available<'_>) -> Vec<Missing> {
    let mut found = Vec::new();
    let mut add = |what: String, remedy: String| found.push(Missing { what, remedy });
    if available.has_images {
        for image in needs.images.iter().filter(|image| is_known(image)) {
            if let Some(why) = (available.missing_image)(image) {
                let remedy = "see that its registry can be reached and that you are logged in there, load it from a file, or use --engine sandbox";
                add(format!("the image {image} ({why})"), remedy.to_owned());
            }
        }
    } else {
        for tool in needs.tools.iter().filter(|tool| is_known(tool) && !(available.has_program)(tool)) {
            let name = tool.rsplit('/').next().unwrap_or(tool);
            let remedy =
                format!("install it, stand in for it with --override '{name}=PROGRAM', or use --engine container");
            add(format!("the program {tool}"), remedy);
        }
        for (program, option) in available.stand_ins.iter().filter(|(program, _)| !(available.has_program)(program)) {
            add(format!("the program {program} of {option}"), "install it, or name another one".to_owned());
        }
        for image in needs.entrypoints.iter().filter(|image| is_known(image)) {
            let remedy = format!("name the program with --tool '{image}=PROGRAM', or use --engine container");
            add(format!("the program that the image {image} starts by itself"), remedy);
        }
    }
    for (kind, objects) in [(ObjectKind::Secret, &needs.secrets), (ObjectKind::ConfigMap, &needs.config_maps)] {
        missing_objects(kind, objects, available, &mut add);
    }
    if available.trust.is_untrusted() {
        for path in &needs.host_paths {
            add(format!("the path {path} of the host"), "an untrusted run gets none: see --trust".to_owned());
        }
    }
    found
}

/// What a run needs that its images have, and steps that use the programs of this machine have not: for people.
pub fn lacking(needs: &Needs, has_program: &dyn Fn(&str) -> bool) -> Vec<String> {
    let tools = needs.tools.iter().filter(|tool| is_known(tool) && !has_program(tool)).cloned();
    let images = needs.entrypoints.iter().filter(|image| is_known(image)).map(|image| format!("what {image} starts"));
    let sidecars = needs.sidecars.iter().map(|sidecar| format!("the sidecar {sidecar}"));
    tools.chain(images).chain(sidecars).collect()
}

fn missing_objects(
    kind: ObjectKind,
    objects: &BTreeMap<String, ObjectNeed>,
    available: &Available<'_>,
    add: &mut dyn FnMut(String, String),
) {
    let (noun, flag) = match kind {
        ObjectKind::Secret => ("secret", "--secret"),
        ObjectKind::ConfigMap => ("ConfigMap", "--configmap"),
    };
    for (name, need) in objects.iter().filter(|(name, _)| is_known(name)) {
        let remedy = |rest: &str| match kind {
            ObjectKind::Secret if available.trust.is_untrusted() => {
                "an untrusted run gets no secrets: see --trust".to_owned()
            }
            _ => format!("{flag} {name}{rest}"),
        };
        match available.objects.get(kind, name) {
            None if need.optional => {}
            None if need.keys.is_empty() => add(format!("the {noun} {name}"), remedy("=DIR")),
            None => {
                let keys: Vec<&str> = need.keys.iter().map(String::as_str).collect();
                add(format!("the {noun} {name} with {}", keys.join(", ")), remedy("=DIR"));
            }
            Some(there) => {
                for key in need.keys.iter().filter(|key| is_known(key) && !there.contains_key(*key)) {
                    add(format!("the key {key} of the {noun} {name}"), remedy(&format!(":{key}=env:VARIABLE")));
                }
            }
        }
    }
}

/// Names with references are known only when their task starts.
fn is_known(name: &str) -> bool {
    !name.contains("$(")
}

/// As [`missing`], as one error.
///
/// # Errors
/// Anything is missing ([`ErrorKind::Environment`]).
pub fn verify(needs: &Needs, available: &Available<'_>) -> Result<()> {
    let missing = missing(needs, available);
    let Some(first) = missing.first() else { return Ok(()) };
    if missing.len() == 1 {
        let message = format!("cannot run the pipeline: {} is missing", visible(&first.what));
        return Err(Error::new(ErrorKind::Environment, message).with_hint(&first.remedy));
    }
    let line = |missing: &Missing| format!("\n  {}: {}", visible(&missing.what), visible(&missing.remedy));
    let list: String = missing.iter().map(line).collect();
    Err(Error::new(
        ErrorKind::Environment,
        format!("cannot run the pipeline: {} things are missing{list}", missing.len()),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn needs() -> Needs {
        let need = |keys: &[&str], optional| ObjectNeed { keys: set(keys), optional };
        Needs {
            tools: set(&["/bin/sh", "make", "$(params.tool)"]),
            advisory: set(&["awk"]),
            images: set(&["a:1", "b:1"]),
            entrypoints: set(&["b:1"]),
            secrets: [("id", need(&["user", "token"], false)), ("none", need(&[], false)), ("maybe", need(&[], true))]
                .map(|(name, need)| (name.to_owned(), need))
                .into(),
            config_maps: [("map".to_owned(), need(&["k"], false))].into(),
            host_paths: set(&["/var/cache"]),
            sidecars: set(&[]),
        }
    }

    fn available(objects: &Objects) -> Available<'_> {
        Available {
            has_images: false,
            has_program: &|name| name == "/bin/sh",
            stand_ins: &[],
            missing_image: &|image| (image != "a:1").then(|| "ErrImagePull: no such host".to_owned()),
            objects,
            trust: Trust::Trusted,
        }
    }

    fn told(needs: &Needs, available: &Available<'_>) -> Vec<String> {
        missing(needs, available).into_iter().map(|missing| format!("{}: {}", missing.what, missing.remedy)).collect()
    }

    #[test]
    fn everything_that_is_missing_is_told_at_once() {
        let mut objects = Objects::default();
        objects.put(ObjectKind::Secret, "id", "user", b"s3cr3t".to_vec());
        let found = told(&needs(), &available(&objects));
        let expected = [
            "the program make: install it, stand in for it with --override 'make=PROGRAM', or use --engine container",
            "the program that the image b:1 starts by itself: name the program with --tool 'b:1=PROGRAM', or use --engine container",
            "the key token of the secret id: --secret id:token=env:VARIABLE",
            "the secret none: --secret none=DIR",
            "the ConfigMap map with k: --configmap map=DIR",
        ];
        assert_eq!(found, expected);
        let error = verify(&needs(), &available(&objects)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Environment);
        assert!(error.message.starts_with("cannot run the pipeline: 5 things are missing\n  the program make: "));
        assert!(!error.message.contains("s3cr3t"));
        let stand_ins = ["/bin/sh", "nowhere"].map(|program| (program, format!("--override 'x={program}'")));
        let found = told(&needs(), &Available { stand_ins: &stand_ins, ..available(&objects) });
        assert_eq!(found.len(), expected.len() + 1);
        let wanted = "the program nowhere of --override 'x=nowhere': install it, or name another one".to_owned();
        assert!(found.contains(&wanted), "{found:?}");
        let images = told(&needs(), &Available { has_images: true, stand_ins: &stand_ins, ..available(&objects) });
        assert!(
            images[0].starts_with("the image b:1 (ErrImagePull: no such host): see that its registry"),
            "{images:?}"
        );
        assert!(!images.iter().any(|line| line.contains("program")));
        assert!(verify(&Needs::default(), &available(&objects)).is_ok());
    }

    #[test]
    fn what_images_have_can_be_lacking() {
        let needs = Needs { sidecars: set(&["t/db"]), ..needs() };
        let found = lacking(&needs, &|name| name == "/bin/sh");
        assert_eq!(found, ["make", "what b:1 starts", "the sidecar t/db"]);
        assert!(lacking(&Needs { tools: set(&["make"]), ..Needs::default() }, &|_| true).is_empty());
    }

    #[test]
    fn untrusted_runs_get_less() {
        let objects = Objects::default();
        let found = told(&needs(), &Available { trust: Trust::Untrusted, ..available(&objects) });
        assert!(found.contains(&"the secret none: an untrusted run gets no secrets: see --trust".to_owned()));
        assert!(found.iter().any(|line| line.starts_with("the path /var/cache of the host")));
    }
}
