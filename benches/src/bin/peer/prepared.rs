//! A key as it is after its first use: prepared, and kept in a file.

use crate::{Outcome, milliseconds};
use medproof_engine::cpu::{Digest, Ready, Settings};
use std::path::Path;
use std::time::Instant;

/// A prepared key, how many milliseconds it took to be read, and what to say of it.
pub(crate) struct Prepared {
    pub(crate) ready: Ready,
    pub(crate) ms: f64,
    pub(crate) note: String,
}

/// Reads it from `file`; where it is not there, or is another's, it is made and written first.
pub(crate) fn prepared(
    digest: &Digest,
    settings: Settings,
    file: &Path,
    make: impl FnOnce() -> Outcome<Ready>,
) -> Outcome<Prepared> {
    let mut note = format!("{}, its key prepared in a file", settings.path.name());
    if Ready::read(digest, settings, file).is_err() {
        let start = Instant::now();
        make()?.write(digest, file)?;
        note += &format!(", which took {:.0} ms", milliseconds(start.elapsed()));
    }
    let start = Instant::now();
    let ready = Ready::read(digest, settings, file)?;
    let ms = milliseconds(start.elapsed());
    Ok(Prepared { ready, ms, note })
}
