//! "Did you mean": the nearest of the names that were expected.

use alloc::vec::Vec;

/// The name nearest to what was written, if it is near enough to have been meant.
pub(crate) fn nearest<'a>(written: &str, expected: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let fold = |s: &str| -> Vec<char> {
        let chars = s.chars().filter(|c| c.is_alphanumeric());
        chars.flat_map(char::to_lowercase).take(64).collect()
    };
    let written = fold(written);
    let near = |name: &&'a str| distance(&written, &fold(name));
    let best = expected.into_iter().map(|name| (near(&name), name)).min()?;
    let (far, name) = best;
    (far <= 1 + name.len() / 4 && far < written.len().max(1)).then_some(name)
}

// Edits (insert, delete, replace, swap of neighbours) between two words.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        for (j, y) in b.iter().enumerate() {
            let replace = last[j] + usize::from(x != y);
            let mut best = replace.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = core::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn distances_are_those_of_another_implementation(a in "[a-c]{0,7}", b in "[a-c]{0,7}") {
            let chars = |s: &str| s.chars().collect::<Vec<_>>();
            prop_assert_eq!(distance(&chars(&a), &chars(&b)), strsim::osa_distance(&a, &b));
        }
    }

    #[test]
    fn one_edit_and_one_for_each_four_letters_are_near() {
        // The name's length counts, and a word is never all edits.
        assert_eq!(nearest("xbc", ["abc"]), Some("abc"));
        assert_eq!(nearest("xyc", ["abc"]), None);
        assert_eq!(nearest("xycd", ["abcd"]), Some("abcd"));
        assert_eq!(nearest("xyzdefg", ["abcdefg"]), None);
        assert_eq!(nearest("xyzdefgh", ["abcdefgh"]), Some("abcdefgh"));
        assert_eq!(nearest("x", ["a"]), None);
        assert_eq!(nearest("xy", ["ab"]), None);
        assert_eq!(nearest("xb", ["ab"]), Some("ab"));
        assert_eq!(nearest("a", ["ab"]), None);
    }

    #[test]
    fn typos_find_their_word() {
        let keys = ["within", "from", "codes", "min_gap_days", "at_least", "active"];
        assert_eq!(nearest("witihn", keys), Some("within"));
        assert_eq!(nearest("minGapDays", keys), Some("min_gap_days"));
        assert_eq!(nearest("atleast", keys), Some("at_least"));
        assert_eq!(nearest("code", keys), Some("codes"));
        assert_eq!(nearest("banana", keys), None);
        assert_eq!(nearest("", keys), None);
        assert_eq!(nearest("SNOMED", ["snomed", "loinc"]), Some("snomed"));
    }
}
