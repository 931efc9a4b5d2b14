//! The claim compiler: total and deterministic; what it makes is a table of its claim for its day.

use crate::oracle::refused;
use crate::target::Verdict;
use medproof_claims::{Claim, Day, Tier};

/// A line with a day's number and a tier's name, then a claim in JSON.
pub fn compile(input: &[u8]) -> Verdict {
    let Some((head, text)) = split(input) else {
        return Verdict::Refused;
    };
    let Ok(claim) = Claim::parse(text) else {
        return Verdict::Refused;
    };
    let (day, tier) = head.split_once(' ').unwrap_or((head, ""));
    let as_of = Day(day.parse().unwrap_or(62_545));
    let tier = tier.parse().ok();
    explain(&claim, as_of);
    table(&claim, as_of, tier)
}

fn split(input: &[u8]) -> Option<(&str, &[u8])> {
    let end = input.iter().position(|b| *b == b'\n')?;
    Some((std::str::from_utf8(&input[..end]).ok()?, &input[end + 1..]))
}

fn explain(claim: &Claim, as_of: Day) {
    for day in [None, Some(as_of)] {
        let text = claim.explain(day).to_string();
        assert!(!text.is_empty());
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
        assert_eq!(text, claim.explain(day).to_string());
    }
    let _ = claim.warnings();
}

fn table(claim: &Claim, as_of: Day, tier: Option<Tier>) -> Verdict {
    let again = Claim::parse(&claim.canonical_bytes()).expect("the normal form is a claim");
    let (compiled, again) = (claim.compile(as_of, tier), again.compile(as_of, tier));
    let policy = match compiled {
        Err(error) => {
            assert_eq!(again.err().as_ref(), Some(&error));
            return refused(&error);
        }
        Ok(policy) => policy,
    };
    let table = policy.table();
    assert_eq!(Some(table), again.as_ref().ok().map(|p| p.table()));
    assert_eq!(table.digest(), again.unwrap().table().digest());
    let header = table.header();
    assert_eq!((header.claim_id, header.as_of), (claim.id(), as_of));
    assert!(tier.is_none_or(|tier| tier == header.tier));
    assert!(header.issued_min <= as_of);
    let criteria = table.criteria();
    assert!((1..=header.tier.criteria()).contains(&criteria.len()));
    assert_eq!(table.rows().len(), header.tier.criteria());
    for (i, row) in criteria.iter().enumerate() {
        assert!(row.concept_lo <= row.concept_hi && row.date_lo <= row.date_hi && row.date_hi <= as_of);
        assert!(row.active_on.is_none_or(|day| day == as_of));
        assert_eq!(row.set_root.is_some(), policy.set(i).is_some());
        assert!(
            policy
                .set(i)
                .is_none_or(|set| set.bounds() == (row.concept_lo, row.concept_hi))
        );
    }
    // If all criteria hold, so does the claim; if none does, it does not.
    assert!(table.clauses_hold(&vec![true; criteria.len()]));
    assert!(!table.clauses_hold(&vec![false; criteria.len()]));
    Verdict::Accepted
}
