//! Codes: what a system's shape lets through has a place among its prefixes, and two codes that
//! are written differently have two places.

use crate::oracle::refused;
use crate::target::Verdict;
use medproof_statement::concept::{Code, Concept, Kind, System};
use std::cell::RefCell;
use std::collections::HashMap;

/// How many codes are remembered.
const MEMORY: usize = 50_000;

thread_local! {
    static SEEN: RefCell<HashMap<(System, u64), String>> = RefCell::default();
}

/// A code in every system.
pub fn codes(input: &[u8]) -> Verdict {
    let Ok(text) = std::str::from_utf8(input) else {
        return Verdict::Refused;
    };
    let mut verdict = Verdict::Refused;
    for system in System::ALL {
        match Code::parse(system, text) {
            Err(error) => drop(refused(&error)),
            Ok(code) => {
                code_of(system, text, code);
                verdict = Verdict::Accepted;
            }
        }
        prefix(system, text);
    }
    verdict
}

fn code_of(system: System, text: &str, code: Code) {
    assert!(text.is_ascii() && text.len() <= 20, "{text:?}");
    let (lo, hi) = Code::prefix(system, text).expect("a code is a prefix");
    assert!(lo <= code && code <= hi, "{system} {text}");
    for kind in Kind::ALL {
        if let Ok(concept) = Concept::parse(kind, system, text) {
            assert_eq!((concept.kind(), concept.system()), (Some(kind), Some(system)));
            assert!(Concept::ZERO < concept && concept < Concept::MAX);
            assert_eq!(Concept::from_bits(concept.bits()), Some(concept));
        }
    }
    SEEN.with_borrow_mut(|seen| {
        if seen.len() >= MEMORY {
            seen.clear();
        }
        let plain = same(system, text);
        let before = seen.entry((system, code.bits())).or_insert_with(|| plain.clone());
        assert_eq!(*before, plain, "one place for two codes of {system}");
    });
}

// Spellings of one code: a dot says nothing more, and in CVX zeros in front.
fn same(system: System, text: &str) -> String {
    let bare: String = text.chars().filter(|c| *c != '.' && *c != '/').collect();
    match system {
        System::Cvx => bare.trim_start_matches('0').to_owned(),
        _ => bare,
    }
}

fn prefix(system: System, text: &str) {
    match Code::prefix(system, text) {
        Err(error) => drop(refused(&error)),
        Ok((lo, hi)) => {
            assert!(lo <= hi);
            if system.is_alphanumeric() && text.len() < 12 {
                let longer = Code::prefix(system, &format!("{text}5")).expect("a longer prefix is one");
                assert!(lo <= longer.0 && longer.1 <= hi, "{system} {text}");
            }
        }
    }
}
