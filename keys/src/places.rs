//! Where keys are kept: development keys, which can be made again, in the user's cache; keys of ceremonies among the
//! user's data.

use std::ffi::OsString;
use std::path::PathBuf;
use thiserror::Error;

/// Names the cache outright.
pub const CACHE: &str = "MEDPROOF_CACHE";

/// Names the directory of ceremonies' keys outright.
pub const KEYS: &str = "MEDPROOF_KEYS";

/// None of the places is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("no place for keys: set {outright}, {xdg} (an absolute path) or HOME")]
pub struct NoPlace {
    outright: &'static str,
    xdg: &'static str,
}

/// `$MEDPROOF_CACHE`, else `$XDG_CACHE_HOME/medproof`, else `$HOME/.cache/medproof`.
///
/// # Errors
/// [`NoPlace`] if none of the three is set.
pub fn cache() -> Result<PathBuf, NoPlace> {
    in_cache(|name| std::env::var_os(name))
}

/// `$MEDPROOF_KEYS`, else `$XDG_DATA_HOME/medproof/keys`, else `$HOME/.local/share/medproof/keys`.
///
/// # Errors
/// [`NoPlace`] if none of the three is set.
pub fn keys() -> Result<PathBuf, NoPlace> {
    in_data(|name| std::env::var_os(name))
}

fn in_cache(variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, NoPlace> {
    locate(variable, CACHE, "XDG_CACHE_HOME", ".cache", "medproof")
}

fn in_data(variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, NoPlace> {
    locate(variable, KEYS, "XDG_DATA_HOME", ".local/share", "medproof/keys")
}

fn locate(
    variable: impl Fn(&str) -> Option<OsString>,
    outright: &'static str,
    xdg: &'static str,
    at_home: &str,
    ours: &str,
) -> Result<PathBuf, NoPlace> {
    let path = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(chosen) = path(outright) {
        return Ok(chosen);
    }
    // The XDG specification tells programs to ignore relative paths.
    let found = path(xdg).filter(|path| path.is_absolute());
    let found = found.or_else(|| path("HOME").map(|home| home.join(at_home)));
    found.map(|found| found.join(ours)).ok_or(NoPlace { outright, xdg })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables<'a>(all: &'a [(&str, &str)]) -> impl Fn(&str) -> Option<OsString> + use<'a> {
        |name| all.iter().find(|(n, _)| *n == name).map(|(_, v)| v.into())
    }

    #[test]
    fn what_names_it_outright_wins_then_xdg_then_home() {
        let all = [("MEDPROOF_CACHE", "/m"), ("XDG_CACHE_HOME", "/x"), ("HOME", "/h")];
        assert_eq!(in_cache(variables(&all)), Ok("/m".into()));
        assert_eq!(in_cache(variables(&all[1..])), Ok("/x/medproof".into()));
        assert_eq!(in_cache(variables(&all[2..])), Ok("/h/.cache/medproof".into()));
        let all = [("MEDPROOF_KEYS", "/m"), ("XDG_DATA_HOME", "/x"), ("HOME", "/h")];
        assert_eq!(in_data(variables(&all)), Ok("/m".into()));
        assert_eq!(in_data(variables(&all[1..])), Ok("/x/medproof/keys".into()));
        assert_eq!(
            in_data(variables(&all[2..])),
            Ok("/h/.local/share/medproof/keys".into())
        );
        let none = in_data(variables(&[])).unwrap_err().to_string();
        assert!(
            none.contains("MEDPROOF_KEYS") && none.contains("XDG_DATA_HOME"),
            "{none}"
        );
    }

    #[test]
    fn empty_and_relative_ones_do_not_count() {
        let found = in_cache(variables(&[
            ("MEDPROOF_CACHE", ""),
            ("XDG_CACHE_HOME", "x"),
            ("HOME", "/h"),
        ]));
        assert_eq!(found, Ok("/h/.cache/medproof".into()));
    }
}
