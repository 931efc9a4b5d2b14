//! Who is told, and jobs to tell of.

use ark_bn254::{G1Affine, G2Affine};
use ark_ec::AffineRepr;
use medproof_messages::{Did, KeyId, Presentation, Proof};
use medproof_service::caller::{Caller, Role};
use medproof_service::store::NewJob;
use medproof_statement::public::PublicInputs;
use medproof_statement::tier::Tier;
use medproof_statement::{Fr, field};

pub const AUDIENCE: &str = "did:key:z6MkkHesJfGFTGqjYjDXJAuUE2gyshaNewzEBHoCWGX1YN7L";
pub const ROOT: [u8; 32] = [7; 32];
pub const HANDLE: [u8; 32] = [6; 32];
pub const KEY: [u8; 32] = [4; 32];

pub fn portal() -> Caller {
    Caller {
        tenant: "general".into(),
        name: "portal".into(),
        role: Role::Holder,
        did: None,
    }
}

pub fn sponsor() -> Caller {
    Caller {
        tenant: "general".into(),
        name: "sponsor".into(),
        role: Role::Sponsor,
        did: Some(Did::parse(AUDIENCE).unwrap()),
    }
}

pub fn job() -> NewJob {
    let mut job = super::job(Tier::Xs);
    job.about.audience = AUDIENCE.into();
    job.about.request = [5; 32];
    job
}

/// Under this root. It proves nothing: nobody here verifies it.
pub fn presentation(root: [u8; 32]) -> Vec<u8> {
    under(root, HANDLE)
}

pub fn under(root: [u8; 32], handle: [u8; 32]) -> Vec<u8> {
    let (g1, g2) = (G1Affine::generator(), G2Affine::generator());
    let presentation = Presentation {
        key_id: KeyId(KEY),
        proof: Proof::new(g1, g2, g1).unwrap(),
        public: PublicInputs {
            registry_root: field::from_bytes(&root).unwrap(),
            policy_digest: Fr::from(1),
            request_digest: Fr::from(2),
            nullifier: Fr::from(3),
            consent_handle: field::from_bytes(&handle).unwrap(),
        },
    };
    presentation.to_bytes().to_vec()
}
