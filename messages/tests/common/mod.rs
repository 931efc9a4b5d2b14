//! A request and its parties. All keys here are public.
#![allow(clippy::unwrap_used, dead_code)]

use medproof_claims::Claim;
use medproof_messages::key::KeyId;
use medproof_messages::terms::{ConsentKind, Endpoint, Ledger, ScopeLabel, Subject};
use medproof_messages::{AudienceKey, RequestBody, VerifiedRequest};
use medproof_statement::day::Day;
use medproof_statement::request::{Purpose, Time};
use medproof_statement::tier::Tier;

pub fn audience() -> AudienceKey {
    AudienceKey::from_seed([5; 32]).unwrap()
}

pub fn claim() -> Claim {
    Claim::parse(br#"{"form":"medproof-claim/1","title":"Adult","clauses":[{"age":{"at_least":18}}]}"#).unwrap()
}

pub fn time(seconds: u64) -> Time {
    Time::new(seconds).unwrap()
}

pub fn body() -> RequestBody {
    RequestBody {
        audience: audience().did(),
        endpoint: Endpoint::parse("https://sponsor.example/answers").unwrap(),
        purpose: Purpose::Research,
        subject: Some(Subject::of_bytes(b"a key of the applicant's")),
        claim: claim(),
        as_of: Day::from_civil(2021, 4, 1).unwrap(),
        tier: Tier::S,
        scope: ScopeLabel::parse("trial 7").unwrap(),
        ledger: Ledger::new(31337, [0xab; 20]).unwrap(),
        key_id: KeyId([3; 32]),
        nonce: [9; 32],
        requested_at: time(1_617_300_000),
        expires_at: time(1_617_300_600),
        consent: ConsentKind::Once,
    }
}

pub fn verified(body: RequestBody) -> VerifiedRequest {
    body.sign(&audience()).unwrap().verify().unwrap()
}

/// Replaces text that must be there, once.
pub fn replaced(json: &[u8], from: &str, to: &str) -> Vec<u8> {
    let json = std::str::from_utf8(json).unwrap();
    assert!(json.contains(from), "{from} is not in {json}");
    json.replacen(from, to, 1).into_bytes()
}

/// Every way to spell a message's values differently, or to add to it.
pub fn misspelt(json: &[u8]) -> Vec<Vec<u8>> {
    let text = std::str::from_utf8(json).unwrap();
    let (first, rest) = text[1..].split_once(',').unwrap();
    vec![
        text.replacen(':', ": ", 1).into_bytes(),
        format!("{text}\n").into_bytes(),
        format!(" {text}").into_bytes(),
        format!("{{{},{first}}}", &rest[..rest.len() - 1]).into_bytes(),
        text.replacen("\"version\"", "\"\\u0076ersion\"", 1).into_bytes(),
    ]
}
