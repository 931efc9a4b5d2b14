//! The documents' citations of tests, held: `path/to/file.rs::test_name` in backquotes names a test
//! that is there, and where a table has a column of tests, each of its rows says one.

use crate::run::{Outcome, Result, root};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What is read: these files, and every page below `docs`.
const PAGES: &[&str] = &["README.md", "SECURITY.md"];
const FOLDER: &str = "docs";

/// What stands in the place of a citation where there is none, with the reason behind it.
const NO_TEST: &str = "no test: ";

/// A citation: a file of the repository and what in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Citation<'t> {
    file: &'t str,
    name: &'t str,
}

/// Checks every citation of every page.
pub fn check() -> Result<Outcome> {
    let root = root();
    let mut sources = Sources::at(&root);
    let mut faults = Vec::new();
    let mut count = 0;
    let pages = pages(&root)?;
    for page in &pages {
        let text = fs::read_to_string(root.join(page)).map_err(|e| format!("{}: {e}", page.display()))?;
        let (found, wrong) = read_page(&text, &mut |citation| sources.fault(citation));
        count += found;
        faults.extend(
            wrong
                .iter()
                .map(|(line, why)| format!("{}:{line}: {why}", page.display())),
        );
    }
    if faults.is_empty() {
        println!(
            "evidence: tests that the documents cite | {count} in {} pages | each is there",
            pages.len()
        );
        return Ok(Outcome::Passed);
    }
    Err(format!("citations:\n  {}", faults.join("\n  ")))
}

fn pages(root: &Path) -> Result<Vec<PathBuf>> {
    let mut pages: Vec<PathBuf> = PAGES.iter().map(PathBuf::from).collect();
    let mut folders = vec![PathBuf::from(FOLDER)];
    while let Some(folder) = folders.pop() {
        let failed = |e: std::io::Error| format!("{}: {e}", folder.display());
        for entry in fs::read_dir(root.join(&folder)).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = folder.join(entry.file_name());
            if entry.file_type().map_err(failed)?.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "md") {
                pages.push(path);
            }
        }
    }
    pages.sort();
    Ok(pages)
}

/// How many citations a page has, and what is wrong on which line.
fn read_page(text: &str, fault: &mut dyn FnMut(Citation<'_>) -> Option<String>) -> (usize, Vec<(usize, String)>) {
    let lines: Vec<&str> = text.lines().collect();
    let mut count = 0;
    let mut faults = Vec::new();
    let mut column = None;
    let mut fenced = false;
    for (at, line) in lines.iter().enumerate() {
        fenced ^= line.trim_start().starts_with("```");
        if fenced {
            continue;
        }
        let cited = citations(line);
        count += cited.len();
        faults.extend(cited.iter().filter_map(|c| Some((at + 1, fault(*c)?))));
        let heads = lines.get(at + 1).is_some_and(|next| is_rule(next));
        if !line.starts_with('|') {
            column = None;
        } else if heads {
            column = cells(line).iter().position(|c| c.eq_ignore_ascii_case("test"));
        } else if let Some(column) = column.filter(|_| !is_rule(line)) {
            faults.extend(untested(line, column).map(|why| (at + 1, why)));
        }
    }
    (count, faults)
}

/// Whether a row of a table is the one under its heads.
fn is_rule(line: &str) -> bool {
    line.starts_with('|') && line.contains("--") && line.chars().all(|c| "|-: ".contains(c))
}

fn cells(row: &str) -> Vec<&str> {
    row.trim().trim_matches('|').split('|').map(str::trim).collect()
}

fn untested(row: &str, column: usize) -> Option<String> {
    let cell = cells(row).get(column).copied().unwrap_or_default();
    let reason = cell.strip_prefix(NO_TEST).is_some_and(|reason| !reason.is_empty());
    if reason || !citations(cell).is_empty() {
        return None;
    }
    Some(format!(
        "the row cites no test: cite one, or write `{NO_TEST}` and the reason"
    ))
}

/// What stands in backquotes and has the form of a citation.
fn citations(line: &str) -> Vec<Citation<'_>> {
    let in_backquotes = line.split('`').skip(1).step_by(2);
    in_backquotes.filter_map(citation).collect()
}

fn citation(text: &str) -> Option<Citation<'_>> {
    let (file, name) = text.split_once("::")?;
    let source = [".rs", ".py", ".sol"].iter().any(|end| file.ends_with(end));
    source.then_some(Citation { file, name })
}

/// The repository's sources, each read once.
struct Sources<'r> {
    root: &'r Path,
    read: BTreeMap<String, Option<String>>,
}

impl<'r> Sources<'r> {
    const fn at(root: &'r Path) -> Sources<'r> {
        let read = BTreeMap::new();
        Sources { root, read }
    }

    /// Why a citation is none, and what to do about it.
    fn fault(&mut self, citation: Citation<'_>) -> Option<String> {
        let Citation { file, name } = citation;
        let root = self.root;
        let inside = !Path::new(file).is_absolute() && !file.split('/').any(|part| part == "..");
        let read = || inside.then(|| fs::read_to_string(root.join(file)).ok()).flatten();
        match self.read.entry(file.to_owned()).or_insert_with(read) {
            None => Some(format!(
                "there is no {file}: cite a file by its path from the repository's root"
            )),
            Some(source) if has_test(file, source, name) => None,
            Some(_) => Some(format!(
                "{file} has no test {name}: cite the test that took its place, or write it"
            )),
        }
    }
}

fn has_test(file: &str, source: &str, name: &str) -> bool {
    match file.rsplit('.').next() {
        Some("rs") => in_rust(source, name),
        Some("py") => in_python(source, name),
        _ => in_solidity(source, name),
    }
}

/// A function with the attribute, or one that a macro with the attribute is given by name.
fn in_rust(source: &str, name: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let made_by_macro = source.contains("macro_rules!") && lines.contains(&"#[test]");
    lines.iter().enumerate().any(|(at, line)| {
        let listed = made_by_macro && line.trim_end_matches(',') == name;
        let above = lines[..at].iter().rev();
        let mut head = above.take_while(|l| l.starts_with("#[") || l.starts_with("//"));
        listed || is_function(line, name) && head.any(|l| is_attribute(l))
    })
}

// The plain one, or an executor's, with or without its settings.
fn is_attribute(line: &str) -> bool {
    line == "#[test]" || line.starts_with("#[") && (line.ends_with("::test]") || line.contains("::test("))
}

fn is_function(line: &str, name: &str) -> bool {
    let line = ["pub ", "async "]
        .iter()
        .fold(line, |l, p| l.strip_prefix(p).unwrap_or(l));
    let rest = line.strip_prefix("fn ").and_then(|l| l.strip_prefix(name));
    rest.is_some_and(|rest| rest.starts_with(['(', '<']))
}

/// `test_name`, or `Class.test_name` with the function in the class.
fn in_python(source: &str, name: &str) -> bool {
    let (class, function) = name.rsplit_once('.').map_or((None, name), |(c, f)| (Some(c), f));
    if !function.starts_with("test") {
        return false;
    }
    let mut within = None;
    source.lines().any(|line| {
        if let Some(rest) = line.strip_prefix("class ") {
            within = rest.split(['(', ':']).next();
        } else if line.starts_with(|c: char| c.is_alphanumeric()) {
            within = None;
        }
        let line = line.trim_start();
        let rest = line.strip_prefix("def ").and_then(|l| l.strip_prefix(function));
        class.is_none_or(|c| within == Some(c)) && rest.is_some_and(|rest| rest.starts_with('('))
    })
}

fn in_solidity(source: &str, name: &str) -> bool {
    name.starts_with("test") && source.contains(&format!("function {name}("))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUST: &str = "
        #[test]
        // Why.
        #[should_panic]
        fn told() {}
        proptest! {
            #[test]
            fn drawn(x in 0..3u8) {}
        }
        fn helper() {}
        // #[test]
        fn commented_out() {}
        // #[tokio::test(flavor = 1)]
        fn commented_out_too() {}
        #[tokio::test(flavor = 1)]
        async fn waits() {}
    ";

    #[test]
    fn rust_tests_are_functions_with_the_attribute() {
        for name in ["told", "drawn", "waits"] {
            assert!(in_rust(RUST, name), "{name}");
        }
        for name in [
            "helper",
            "commented_out",
            "commented_out_too",
            "tol",
            "",
            "x",
            "fn told",
        ] {
            assert!(!in_rust(RUST, name), "{name}");
        }
    }

    #[test]
    fn a_macro_makes_tests_of_the_names_that_it_is_given() {
        let source =
            "macro_rules! all { ($($n:ident),*) => { $(\n#[test]\nfn $n() {})* } }\nall! {\n    one,\n    two,\n}";
        assert!(in_rust(source, "one") && in_rust(source, "two"));
        assert!(!in_rust(source, "three"));
        assert!(!in_rust("list! {\n    one,\n}", "one"));
    }

    #[test]
    fn python_tests_are_methods_of_their_class() {
        let source = "class A(TestCase):\n    def test_a(self):\n        pass\nclass B:\n    def test_b(self): pass\n\
            def test_free():\n    pass\nHELP = 1\n    def helper(): pass\n";
        for name in ["A.test_a", "B.test_b", "test_free", "test_a"] {
            assert!(in_python(source, name), "{name}");
        }
        for name in ["B.test_a", "A.test_free", "helper", "C.test_a", "test_"] {
            assert!(!in_python(source, name), "{name}");
        }
    }

    #[test]
    fn solidity_tests_are_functions() {
        assert!(in_solidity("function test_a() public {}", "test_a"));
        assert!(!in_solidity("function helper() public {}", "helper"));
    }

    #[test]
    fn citations_stand_in_backquotes() {
        let line = "As `a/b.rs::c` and `d.py::E.test_f` show, unlike `Code::parse`, x.rs::y and `z.rs`.";
        let found = citations(line);
        let expected = [("a/b.rs", "c"), ("d.py", "E.test_f")].map(|(file, name)| Citation { file, name });
        assert_eq!(found, expected);
    }

    #[test]
    fn a_bad_citation_is_refused_at_its_line() {
        let root = root();
        let mut sources = Sources::at(&root);
        let page = "`xtask/src/citations.rs::a_bad_citation_is_refused_at_its_line`\n\n\
            `xtask/src/citations.rs::no_such_test` and `no/such.rs::test`\n`../x.rs::y`\n";
        let (count, faults) = read_page(page, &mut |c| sources.fault(c));
        assert_eq!(count, 4);
        let lines: Vec<usize> = faults.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [3, 3, 4]);
        assert!(faults[0].1.contains("has no test no_such_test") && faults[1].1.contains("there is no no/such.rs"));
    }

    #[test]
    fn rows_of_a_table_with_a_column_of_tests_cite_one() {
        let page = "| what | Test |\n|---|---|\n| a | `a.rs::b` |\n| c | later |\n| d | no test: it cannot be |\n\
            | e | no test: |\n| f |\n\n| what | how |\n|---|---|\n| g | h |\n";
        let (count, faults) = read_page(page, &mut |_| None);
        assert_eq!(count, 1);
        let lines: Vec<usize> = faults.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [4, 6, 7]);
    }

    #[test]
    fn what_is_fenced_is_no_citation() {
        let (count, faults) = read_page("```\n`a.rs::b`\n```\n", &mut |_| Some("wrong".to_owned()));
        assert_eq!((count, faults.len()), (0, 0));
    }
}
