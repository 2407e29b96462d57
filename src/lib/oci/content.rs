//! What an artifact is, by its media types: files, texts, or a chart.

use super::archive::{Packing, Refusal};
use super::manifest::{Descriptor, Manifest, named};
use crate::tree::{Contents, Tree, is_safe_name};

const FLUX_CONTENT: &str = "application/vnd.cncf.flux.content.v1.tar+gzip";
const HELM_CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";
const HELM_CHART: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
const LAYER_TAR: &str = "application/vnd.oci.image.layer.v1.tar";
const LAYER_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/// The configurations of container images.
const IMAGES: [&str; 2] =
    ["application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"];

/// Layers that are a file each.
const TEXTS: [&str; 8] = [
    "application/yaml",
    "application/x-yaml",
    "application/vnd.yaml",
    "text/yaml",
    "text/x-yaml",
    "text/vnd.yaml",
    "application/json",
    "text/plain",
];

/// What an artifact holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// An archive of files, unpacked: what `flux push artifact` makes, or any artifact of one archive.
    Files(Contents),
    /// Layers that are files each, by the names that they were pushed with.
    Texts(Tree),
    /// The packed chart of helm (`.tgz`).
    Chart(Vec<u8>),
}

impl Content {
    /// The files: none of a chart.
    pub fn files(&self) -> Option<&Tree> {
        match self {
            Content::Files(contents) => Some(&contents.tree),
            Content::Texts(tree) => Some(tree),
            Content::Chart(_) => None,
        }
    }
}

/// The layers of an artifact that count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape<'a> {
    Archive(&'a Descriptor, Packing),
    Texts(Vec<(String, &'a Descriptor)>),
    Chart(&'a Descriptor),
}

/// What an artifact is.
pub(super) fn shape_of(manifest: &Manifest) -> Result<Shape<'_>, Refusal> {
    let layers = &manifest.layers;
    let kind = manifest.kind.as_str();
    if kind == HELM_CONFIG || layers.iter().any(|layer| layer.kind() == HELM_CHART) {
        let chart = layers.iter().find(|layer| layer.kind() == HELM_CHART);
        let hint = "push it again with `helm push`";
        return chart.map(Shape::Chart).ok_or_else(|| ("it is a chart without its archive".to_owned(), hint));
    }
    if let [layer] = layers.as_slice()
        && file_name(layer).is_none()
        && let Some(packing) = packing_of(layer)
    {
        return Ok(Shape::Archive(layer, packing));
    }
    if IMAGES.contains(&kind) {
        let reason = format!("it is a container image of {} layers, not an artifact with manifests", layers.len());
        return Err((reason, "name an artifact such as `flux push artifact` makes"));
    }
    let push = "push a folder with `flux push artifact`, or YAML files with `oras push REF x.yaml:application/yaml`";
    if layers.is_empty() {
        return Err((format!("it has no layers; it is of the media type {}", named(kind)), push));
    }
    if let Some(other) = layers.iter().find(|layer| packing_of(layer).is_none() && !is_text(layer)) {
        let kind = named(&other.media_type);
        return Err((format!("its layer is of the media type {kind}, which is not supported"), push));
    }
    if layers.iter().any(|layer| packing_of(layer).is_some() && file_name(layer).is_none()) {
        return Err((format!("it has {} layers, and not one archive alone", layers.len()), push));
    }
    let mut texts: Vec<(String, &Descriptor)> = Vec::new();
    for (number, layer) in layers.iter().enumerate() {
        let name = match layer.title() {
            None => format!("layer-{}.yaml", number + 1),
            Some(title) => plain_name(title).ok_or_else(|| {
                let reason = format!("the name {} of its layer is not safe", title.escape_debug());
                (reason, "push it again with a plain name")
            })?,
        };
        if texts.iter().any(|(known, _)| *known == name) {
            let reason = format!("two of its layers have the name {}", name.escape_debug());
            return Err((reason, "push it again with a name for each file"));
        }
        texts.push((name, layer));
    }
    Ok(Shape::Texts(texts))
}

fn packing_of(layer: &Descriptor) -> Option<Packing> {
    match layer.kind().as_str() {
        LAYER_TAR => Some(Packing::None),
        FLUX_CONTENT | LAYER_GZIP | DOCKER_LAYER => Some(Packing::Gzip),
        _ => None,
    }
}

fn is_text(layer: &Descriptor) -> bool {
    TEXTS.contains(&layer.kind().as_str()) || file_name(layer).is_some()
}

/// The name of a layer that is called an archive and is a file: `oras push` does so where nobody gives it a media type.
fn file_name(layer: &Descriptor) -> Option<&str> {
    let title = layer.title().filter(|_| layer.kind() == LAYER_TAR)?;
    [".yaml", ".yml", ".json"].iter().any(|ending| title.ends_with(ending)).then_some(title)
}

/// A name, or a path below a folder, that stays where it is.
fn plain_name(title: &str) -> Option<String> {
    let title = title.strip_prefix("./").unwrap_or(title);
    title.split('/').all(is_safe_name).then(|| title.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::manifest::{Document, parse};

    /// What an artifact with such layers is, in short.
    fn shape(config: &str, layers: &[(&str, Option<&str>)]) -> String {
        let digest = format!("sha256:{}", "0".repeat(64));
        let layers = layers.iter().map(|(kind, title)| {
            let annotations = title.map(|title| serde_json::json!({"org.opencontainers.image.title": title}));
            serde_json::json!({"mediaType": kind, "digest": digest, "size": 1, "annotations": annotations})
        });
        let manifest = serde_json::json!({
            "schemaVersion": 2,
            "config": {"mediaType": config, "digest": digest, "size": 2},
            "layers": layers.collect::<Vec<_>>(),
        });
        let Ok(Document::Manifest(manifest)) = parse(manifest.to_string().as_bytes()) else { panic!("no manifest") };
        match shape_of(&manifest) {
            Ok(Shape::Archive(_, packing)) => format!("archive {packing:?}"),
            Ok(Shape::Chart(layer)) => format!("chart {}", layer.media_type),
            Ok(Shape::Texts(texts)) => texts.into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(" "),
            Err((reason, _)) => reason,
        }
    }

    #[test]
    fn artifacts_are_told_by_their_media_types() {
        let (empty, image, yaml) = ("application/vnd.oci.empty.v1+json", IMAGES[0], "text/yaml");
        let (gzip, chart) = ((LAYER_GZIP, None), (HELM_CHART, None));
        let provenance = ("application/vnd.cncf.helm.chart.provenance.v1.prov", None);
        for (config, layers, expected) in [
            ("application/vnd.cncf.flux.config.v1+json", &[(FLUX_CONTENT, None)][..], "archive Gzip"),
            (empty, &[(LAYER_GZIP, Some("folder"))], "archive Gzip"),
            (empty, &[(LAYER_TAR, None)], "archive None"),
            (empty, &[(LAYER_TAR, Some("x.tar"))], "archive None"),
            (image, &[(LAYER_GZIP, None)], "archive Gzip"),
            (IMAGES[1], &[(DOCKER_LAYER, None)], "archive Gzip"),
            (image, &[gzip, gzip], "it is a container image of 2 layers, not an artifact with manifests"),
            (image, &[], "it is a container image of 0 layers, not an artifact with manifests"),
            (empty, &[gzip, gzip], "it has 2 layers, and not one archive alone"),
            (empty, &[], "it has no layers; it is of the media type application/vnd.oci.empty.v1+json"),
            (HELM_CONFIG, &[provenance, chart], "chart application/vnd.cncf.helm.chart.content.v1.tar+gzip"),
            (HELM_CONFIG, &[gzip], "it is a chart without its archive"),
            (
                empty,
                &[
                    ("application/yaml; charset=utf-8", Some("a.yaml")),
                    ("TEXT/YAML", None),
                    (LAYER_TAR, Some("d/c.yml")),
                ],
                "a.yaml layer-2.yaml d/c.yml",
            ),
            (empty, &[(yaml, Some("a.yaml")), (yaml, Some("./a.yaml"))], "two of its layers have the name a.yaml"),
            (empty, &[(yaml, Some("../a.yaml"))], "the name ../a.yaml of its layer is not safe"),
            (empty, &[(yaml, Some("/a.yaml"))], "the name /a.yaml of its layer is not safe"),
            (
                empty,
                &[("application/vnd.wasm", None)],
                "its layer is of the media type application/vnd.wasm, which is not supported",
            ),
            (
                empty,
                &[("application/vnd.oci.image.layer.v1.tar+zstd", None)],
                "its layer is of the media type application/vnd.oci.image.layer.v1.tar+zstd, which is not supported",
            ),
        ] {
            assert_eq!(shape(config, layers), expected);
        }
    }
}
