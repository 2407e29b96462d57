//! The images of containers: each is fetched once in a run, before anything starts in it.

use std::sync::PoisonError;
use std::time::Duration;

use super::failure::last_of;
use super::{Container, Pull, SHORT};
use crate::process::Output;
use crate::runner::cancel::Stop;
use crate::runner::local::step_engine::IMAGE_PULL_FAILED;

/// How long an image may take to come.
const FETCH: Duration = Duration::from_secs(30 * 60);

/// The `PATH` where an image sets none.
const STANDARD_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A name with its registry: as Kubernetes completes it. Podman by itself knows no registry for a short one.
fn full_name(image: &str) -> String {
    match image.split_once('/') {
        Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => image.to_owned(),
        Some(_) => format!("docker.io/{image}"),
        None => format!("docker.io/library/{image}"),
    }
}

impl Container {
    /// Fetches an image, unless it is here, and gives the `PATH` that it sets. It takes no longer than `stop` allows;
    /// `fetching` is called before what may take long.
    ///
    /// # Errors
    /// Why it cannot be had, beginning with the reason as Kubernetes has it.
    pub(super) fn image_path(&self, image: &str, stop: &Stop, fetching: &dyn Fn()) -> Result<String, String> {
        if image.is_empty() || image.starts_with('-') {
            return Err(format!("InvalidImageName: {image:?} is not an image"));
        }
        let known = self.paths.lock().unwrap_or_else(PoisonError::into_inner).get(image).cloned();
        if let Some(path) = known {
            return Ok(path);
        }
        let format = "{{range .Config.Env}}{{println .}}{{end}}";
        let inspect = || self.asked_for_image(&["image", "inspect", "--format", format, image], SHORT, stop);
        let fetch = || {
            fetching();
            self.asked_for_image(&["pull", "--quiet", &full_name(image)], FETCH, stop)
        };
        let here = match self.runtime.pull {
            Pull::Never => inspect(),
            Pull::Missing => inspect().or_else(|_| fetch().and_then(|_| inspect())),
        }?;
        let lines = here.printed_lines();
        let path = lines.iter().find_map(|line| line.strip_prefix("PATH=")).unwrap_or(STANDARD_PATH).to_owned();
        self.paths.lock().unwrap_or_else(PoisonError::into_inner).insert(image.to_owned(), path.clone());
        Ok(path)
    }

    fn asked_for_image(&self, words: &[&str], timeout: Duration, stop: &Stop) -> Result<Output, String> {
        let program = self.asking(words.iter().copied(), timeout);
        let stop = stop.clone();
        let output = program.end_when(move || stop.is_cancelled() || stop.is_late()).run();
        let output = output.map_err(|error| format!("{IMAGE_PULL_FAILED}: {error}"))?;
        if output.is_success() {
            return Ok(output);
        }
        Err(format!("{IMAGE_PULL_FAILED}: {}", last_of(&output.lines())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_of_the_docker_hub() {
        for (image, expected) in [
            ("golang", "docker.io/library/golang"),
            ("golang:1.24@sha256:00", "docker.io/library/golang:1.24@sha256:00"),
            ("alpine/git:v2.30.1", "docker.io/alpine/git:v2.30.1"),
            ("gcr.io/a/b:1", "gcr.io/a/b:1"),
            ("localhost/a", "localhost/a"),
            ("registry:5000/a/b", "registry:5000/a/b"),
        ] {
            assert_eq!(full_name(image), expected);
        }
    }
}
