//! A claim by the path of its file, or by its name in the library.

use crate::error::CliError;
use medproof_claim_readers::read_yaml;
use medproof_claims::{Claim, library};
use std::ffi::OsStr;
use std::path::Path;

/// Reads a claim: a JSON or YAML file, or the name of a claim of the library.
///
/// # Errors
/// No such file or name; or what is wrong with the claim and where.
pub fn load(name: &str) -> Result<Claim, CliError> {
    let path = Path::new(name);
    if !path.exists() && is_name(name) {
        return match library::find(name) {
            Some(entry) => Ok(entry.claim()?),
            None => Err(unknown(name)),
        };
    }
    let bytes = crate::files::read(path, "a claim")?;
    let yaml = matches!(path.extension().and_then(OsStr::to_str), Some("yaml" | "yml"));
    let refused = |e: &dyn std::fmt::Display| CliError::input("claim", format!("{}: {e}", path.display()));
    if yaml {
        read_yaml(&bytes).map_err(|e| refused(&e))
    } else {
        Claim::parse(&bytes).map_err(|e| refused(&e))
    }
}

// What has neither a directory nor an extension is not meant as a file.
fn is_name(name: &str) -> bool {
    !name.contains(['/', '\\', '.'])
}

pub(crate) fn unknown(name: &str) -> CliError {
    let names: Vec<&str> = library::CLAIMS.iter().map(|entry| entry.name).collect();
    let message = format!("expected a claim's file or a name of the library, found {name:?}, which is neither");
    CliError::input("claim.unknown", message).with_help(format!("the library has {}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_is_found_by_name() {
        assert_eq!(load("adult").unwrap().spec().title, "Adult");
        let unknown = load("adlut").unwrap_err();
        assert_eq!(unknown.code, "claim.unknown");
        assert!(unknown.help.unwrap().contains("adult"));
        assert_eq!(load("no/such.json").unwrap_err().code, "file.not_found");
    }
}
