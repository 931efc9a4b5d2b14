//! The messages that the honest parties send.

use super::{holder, world};
use medproof_claims::Claim;
use medproof_claims::library::CLAIMS;
use medproof_messages::terms::ConsentKind;
use medproof_messages::{
    CohortSummary, ConsentMessage, Grant, RequestBody, Revocation, SignedRequest, VerifiedRequest,
};
use medproof_statement::Fr;
use medproof_statement::request::Purpose;
use medproof_statement::tier::Tier;
use medproof_verifier::bundle::BundleBody;
use medproof_verifier::ledger::{Issuer, KeyStatus, RootEntry};
use std::sync::LazyLock;

/// Requests of the audience: the one that the presentation answers, and others.
pub static REQUESTS: LazyLock<Vec<SignedRequest>> = LazyLock::new(|| {
    let first = world::body();
    let standing = RequestBody {
        subject: None,
        purpose: Purpose::EmergencyTreatment,
        consent: ConsentKind::Standing,
        claim: world::adult(0),
        ..first.clone()
    };
    let trial = CLAIMS.iter().max_by_key(|entry| entry.json.len()).unwrap();
    let large = RequestBody {
        claim: Claim::parse(trial.json.as_bytes()).unwrap(),
        tier: Tier::L,
        nonce: [0xff; 32],
        ..first.clone()
    };
    [first, standing, large]
        .map(|body| body.sign(&world::audience()).unwrap())
        .into()
});

/// The request that the presentation answers.
pub static REQUEST: LazyLock<VerifiedRequest> = LazyLock::new(world::request);

/// What is granted, of this kind.
pub fn grant(kind: ConsentKind) -> Grant {
    Grant {
        kind,
        not_before: world::time(world::START - 60),
        not_after: world::time(world::START + 86_400),
        grant_id: Fr::from(77u64),
    }
}

/// Consents to the requests.
pub static CONSENTS: LazyLock<Vec<ConsentMessage>> = LazyLock::new(|| {
    let kinds = [ConsentKind::Once, ConsentKind::Standing];
    let requests = REQUESTS.iter().map(|request| request.clone().verify().unwrap());
    requests
        .flat_map(|request| kinds.map(|kind| ConsentMessage::sign(&request, &grant(kind), &holder::key()).unwrap()))
        .collect()
});

/// A revocation.
pub fn revocation() -> Revocation {
    Revocation::new(world::ledger(), Fr::from(123_456u64))
}

/// The summary of a cohort of the presentation alone.
pub fn summary() -> CohortSummary {
    let presentation = world::presentation();
    CohortSummary {
        count: 1,
        distinct_nullifiers: 1,
        epoch: world::entry().epoch,
        key_id: presentation.key_id,
        registry_root: presentation.public.registry_root,
        request_digest: presentation.public.request_digest,
    }
}

/// What an operator says about the ledger: the presentation's root, others, revoked handles.
pub fn bundle() -> BundleBody {
    let entry = |issuer: u8, epoch, superseded: Option<u64>| RootEntry {
        issuer: Issuer([issuer; 20]),
        epoch,
        superseded_at: superseded.map(world::time),
        ..world::entry()
    };
    let view = world::view();
    BundleBody {
        ledger: world::ledger(),
        block: view.snapshot.block,
        finalised: true,
        paused: false,
        issued_at: world::time(world::START - 5),
        expires_at: world::time(world::START + 86_400),
        keys: vec![(world::pinned(), KeyStatus::Active)],
        roots: vec![
            (world::root(), world::entry()),
            (world::root(), entry(0x22, 9, None)),
            (Fr::from(7u64), entry(0x11, 2, Some(world::START - 100))),
        ],
        revoked: vec![Fr::from(1u64), Fr::from(2u64)],
    }
}
