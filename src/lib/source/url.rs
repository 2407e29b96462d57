//! `url`: a file to download.

use super::fetch::{Fetch, shown};
use super::{Asked, Came, Content, Declared, LockedSource, Material, Mistakes, Owner, Release, Remote, Remotely};
use super::{Unexpanded, expand};
use crate::error::Result;
use crate::http;
use serde::{Deserialize, Serialize};

/// The URL of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(transparent)]
pub struct UrlSource(pub String);

impl Declared for UrlSource {
    fn verify(&self, mistakes: &mut Mistakes<'_>) {
        if let Some(url) = mistakes.expanded(&[], &self.0)
            && !(url.starts_with("https://") || url.starts_with("http://"))
        {
            let hint = "for a file of this repository write `path`, for a git repository `git`";
            mistakes.report(&[], format!("`{url}` is not an https or http URL"), Some(hint));
        }
    }

    fn request(&self, owner: &Owner<'_>) -> std::result::Result<Option<(Asked, Option<Release>)>, Unexpanded> {
        let url = expand(&self.0, &owner.words)?;
        Ok(Some((Asked::Remote(Remote::Url(UrlSource(url))), None)))
    }
}

impl Remotely for UrlSource {
    fn shown(&self) -> String {
        shown(&self.0, None, None)
    }

    fn locked(&self, came: Came) -> LockedSource {
        LockedSource { url: Some(self.0.clone()), sha256: came.sha256, ..LockedSource::default() }
    }

    fn fetch(&self, fetch: &Fetch<'_>) -> Result<Content> {
        let (bytes, sha256) = fetch.stored(|| {
            let response = fetch.remotes.http.get(&http::Request::new(&self.0), &fetch.http_progress())?;
            if response.looks_like_web_page() { Err(response.web_page_error()) } else { Ok(response.bytes) }
        })?;
        Ok(Content::new(Material::Texts(vec![(fetch.shown.clone(), bytes)]), sha256))
    }
}
