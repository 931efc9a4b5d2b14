//! Pages of which a command writes a part: what is between two marks.

use crate::run::{Result, root};
use std::path::Path;

/// Replaces what is between the marks in a page.
pub fn replace(page: &str, begin: &str, end: &str, text: &str) -> Result<()> {
    let path = root().join(page);
    let before = std::fs::read_to_string(&path).map_err(|e| format!("{page}: {e}"))?;
    let after =
        between(&before, begin, end, text).ok_or_else(|| format!("{page}: expected the marks {begin}and {end}"))?;
    write(&path, &after)
}

/// Writes a file whole or not at all, and says so.
pub fn write(path: &Path, text: &str) -> Result<()> {
    let draft = path.with_added_extension("new");
    let written = std::fs::write(&draft, text).and_then(|()| std::fs::rename(&draft, path));
    written.map_err(|e| format!("cannot write {}: {e}", path.display()))?;
    println!("written: {}", path.display());
    Ok(())
}

fn between(page: &str, begin: &str, end: &str, text: &str) -> Option<String> {
    let (before, rest) = page.split_once(begin)?;
    let (_, after) = rest.split_once(end)?;
    Some([before, begin, text, end, after].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_marks_is_replaced() {
        let page = "a\n<begin>\nold\n<end>\nb\n";
        let replaced = between(page, "<begin>\n", "<end>\n", "new\n");
        assert_eq!(replaced.as_deref(), Some("a\n<begin>\nnew\n<end>\nb\n"));
        assert_eq!(between("a\n", "<begin>\n", "<end>\n", "new\n"), None);
    }
}
