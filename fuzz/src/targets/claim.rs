//! Claims: what is read is read the same again from its normal form, whichever form it came in.

use crate::oracle::refused;
use crate::target::Verdict;
use medproof_claim_readers::read_yaml;
use medproof_claims::Claim;
use medproof_claims::json::Json;

/// In JSON.
pub fn json(input: &[u8]) -> Verdict {
    if let Ok(json) = Json::parse(input) {
        // What our reader takes for JSON, another does too, but for numbers beyond a float.
        let other = serde_json::from_slice::<serde_json::Value>(input);
        assert!(other.is_ok() || has_number(&json), "JSON that nobody else reads");
    }
    match Claim::parse(input) {
        Err(error) => refused(&error),
        Ok(claim) => normal(&claim),
    }
}

/// In YAML.
pub fn yaml(input: &[u8]) -> Verdict {
    match read_yaml(input) {
        Err(error) => refused(&error),
        Ok(claim) => normal(&claim),
    }
}

fn has_number(json: &Json) -> bool {
    match json {
        Json::Number(_) => true,
        Json::Array(items) => items.iter().any(has_number),
        Json::Object(members) => members.iter().any(|(_, value)| has_number(value)),
        _ => false,
    }
}

// The normal form is a claim, the same one; in another reader's eyes it is the same or none.
fn normal(claim: &Claim) -> Verdict {
    let bytes = claim.canonical_bytes();
    let again = Claim::parse(&bytes).expect("the normal form is a claim");
    assert_eq!(*claim, again);
    assert_eq!(bytes, again.canonical_bytes());
    assert_eq!(claim.id(), again.id());
    assert_eq!(Claim::new(claim.spec().clone()).as_ref(), Ok(claim));
    if let Ok(by_yaml) = read_yaml(&bytes) {
        assert_eq!(by_yaml, again, "YAML reads another claim");
    }
    Verdict::Accepted
}
