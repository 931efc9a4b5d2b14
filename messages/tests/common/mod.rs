//! A request and its parties. All keys here are public.
#![allow(clippy::unwrap_used, dead_code)]

use ark_bn254::{Fr, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use medproof_claims::Claim;
use medproof_messages::key::{KeyId, KeyInfo, PinnedKey, VerifyingKey};
use medproof_messages::terms::{ConsentKind, Endpoint, Ledger, ScopeLabel, Subject};
use medproof_messages::{AudienceKey, CohortSummary, RequestBody, VerifiedRequest};
use medproof_statement::day::Day;
use medproof_statement::request::{Purpose, Time};
use medproof_statement::tier::Tier;

pub fn audience() -> AudienceKey {
    AudienceKey::from_seed([5; 32]).unwrap()
}

pub fn claim() -> Claim {
    Claim::parse(br#"{"form":"medproof-claim/1","title":"Adult","clauses":[{"age":{"at_least":18}}]}"#).unwrap()
}

pub fn pinned_key() -> PinnedKey {
    let g1 = |k: u64| (G1Affine::generator() * Fr::from(k)).into_affine();
    let g2 = |k: u64| (G2Affine::generator() * Fr::from(k)).into_affine();
    let ic: Vec<G1Affine> = (1..=6).map(|i| g1(900 + i)).collect();
    let key = VerifyingKey::new(g1(1_000_003), g2(2_000_003), g2(7_000_003), g2(500_000_003), &ic).unwrap();
    let info = KeyInfo {
        tier: Tier::S,
        circuit_version: 1,
        matrix_digest: [7; 32],
        development: false,
    };
    PinnedKey::new(key, info)
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

pub fn summary() -> CohortSummary {
    CohortSummary {
        count: 23,
        distinct_nullifiers: 23,
        epoch: 4,
        key_id: KeyId([3; 32]),
        registry_root: Fr::from(7u64),
        request_digest: Fr::from(8u64),
    }
}
