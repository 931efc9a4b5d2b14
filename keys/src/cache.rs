//! Where keys are kept: the user's cache directory.

use std::ffi::OsString;
use std::path::PathBuf;
use thiserror::Error;

/// Names the directory outright.
pub const OVERRIDE: &str = "MEDPROOF_CACHE";

/// None of the places is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("no cache directory: set {OVERRIDE}, XDG_CACHE_HOME (an absolute path) or HOME")]
pub struct NoCacheDirectory;

/// `$MEDPROOF_CACHE`, else `$XDG_CACHE_HOME/medproof`, else `$HOME/.cache/medproof`.
///
/// # Errors
/// [`NoCacheDirectory`] if none of the three is set.
pub fn directory() -> Result<PathBuf, NoCacheDirectory> {
    locate(|name| std::env::var_os(name))
}

fn locate(variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, NoCacheDirectory> {
    let path = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(chosen) = path(OVERRIDE) {
        return Ok(chosen);
    }
    // The XDG specification tells programs to ignore relative paths.
    let caches = path("XDG_CACHE_HOME").filter(|path| path.is_absolute());
    let caches = caches.or_else(|| path("HOME").map(|home| home.join(".cache")));
    caches.map(|caches| caches.join("medproof")).ok_or(NoCacheDirectory)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Result<PathBuf, NoCacheDirectory> {
        locate(|name| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| v.into()))
    }

    #[test]
    fn the_override_wins_then_xdg_then_home() {
        let all = [("MEDPROOF_CACHE", "/m"), ("XDG_CACHE_HOME", "/x"), ("HOME", "/h")];
        assert_eq!(with(&all), Ok("/m".into()));
        assert_eq!(with(&all[1..]), Ok("/x/medproof".into()));
        assert_eq!(with(&all[2..]), Ok("/h/.cache/medproof".into()));
        assert_eq!(with(&[]), Err(NoCacheDirectory));
    }

    #[test]
    fn empty_and_relative_ones_do_not_count() {
        let found = with(&[("MEDPROOF_CACHE", ""), ("XDG_CACHE_HOME", "x"), ("HOME", "/h")]);
        assert_eq!(found, Ok("/h/.cache/medproof".into()));
    }
}
