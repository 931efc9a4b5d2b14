//! Real proofs of a small circuit with the statement's public inputs, and all around them. All
//! keys here are public.
#![allow(clippy::unwrap_used, dead_code)]

use ark_bn254::{Bn254, G1Projective, G2Projective};
use ark_ec::PrimeGroup;
use ark_ff::UniformRand;
use ark_groth16::{Groth16, ProvingKey};
use ark_relations::gr1cs::{ConstraintSynthesizer, ConstraintSystemRef, SynthesisError};
use ark_relations::lc;
use medproof_claims::Claim;
use medproof_messages::terms::{ConsentKind, Endpoint, Ledger, ScopeLabel, Subject};
use medproof_messages::*;
use medproof_statement::Fr;
use medproof_statement::day::Day;
use medproof_statement::public::{COUNT, PublicInputs};
use medproof_statement::request::{Purpose, Time};
use medproof_statement::tier::Tier;
use medproof_verifier::ledger::*;
use medproof_verifier::*;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use serde_json::{Value, json};
use std::sync::OnceLock;

pub mod mutation;

/// Knows five numbers equal to the public inputs, and the product of all.
struct Five(Option<[Fr; COUNT]>);

impl ConstraintSynthesizer<Fr> for Five {
    fn generate_constraints(self, cs: ConstraintSystemRef<Fr>) -> Result<(), SynthesisError> {
        let mut product = Fr::from(1u64);
        let mut last = cs.new_witness_variable(|| Ok(product))?;
        for i in 0..COUNT {
            let value = self.0.map(|inputs| inputs[i]);
            let given = || value.ok_or(SynthesisError::AssignmentMissing);
            let public = cs.new_input_variable(given)?;
            let known = cs.new_witness_variable(given)?;
            cs.enforce_r1cs_constraint(
                || lc!() + known,
                || lc!() + ark_relations::gr1cs::Variable::One,
                || lc!() + public,
            )?;
            product *= value.unwrap_or_default();
            let next = cs.new_witness_variable(|| Ok(product))?;
            cs.enforce_r1cs_constraint(|| lc!() + last, || lc!() + known, || lc!() + next)?;
            last = next;
        }
        Ok(())
    }
}

pub fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// A proving key; with `trapdoor` its gamma is its delta.
pub fn setup(seed: u64, trapdoor: bool) -> ProvingKey<Bn254> {
    let mut rng = rng(seed);
    let [alpha, beta, gamma, delta] = core::array::from_fn(|_| Fr::rand(&mut rng));
    let gamma = if trapdoor { delta } else { gamma };
    let (g1, g2) = (G1Projective::rand(&mut rng), G2Projective::rand(&mut rng));
    Groth16::<Bn254>::generate_parameters_with_qap(Five(None), alpha, beta, gamma, delta, g1, g2, &mut rng).unwrap()
}

pub fn proving_key() -> &'static ProvingKey<Bn254> {
    static KEY: OnceLock<ProvingKey<Bn254>> = OnceLock::new();
    KEY.get_or_init(|| setup(1, false))
}

pub fn vk(key: &ProvingKey<Bn254>) -> Result<VerifyingKey, KeyError> {
    let vk = &key.vk;
    VerifyingKey::new(vk.alpha_g1, vk.beta_g2, vk.gamma_g2, vk.delta_g2, &vk.gamma_abc_g1)
}

pub fn info() -> KeyInfo {
    KeyInfo {
        tier: Tier::S,
        circuit_version: 1,
        matrix_digest: [7; 32],
        development: false,
    }
}

pub fn pinned() -> PinnedKey {
    PinnedKey::new(vk(proving_key()).unwrap(), info())
}

/// A key as ceremonies make them: its gamma is the generator.
pub fn ceremony_key() -> &'static ProvingKey<Bn254> {
    static KEY: OnceLock<ProvingKey<Bn254>> = OnceLock::new();
    KEY.get_or_init(|| {
        let mut rng = rng(6);
        let [alpha, beta, delta] = core::array::from_fn(|_| Fr::rand(&mut rng));
        let (g1, g2) = (G1Projective::generator(), G2Projective::generator());
        let one = Fr::from(1u64);
        Groth16::<Bn254>::generate_parameters_with_qap(Five(None), alpha, beta, one, delta, g1, g2, &mut rng).unwrap()
    })
}

pub fn proof(inputs: &PublicInputs, seed: u64) -> ark_groth16::Proof<Bn254> {
    proof_under(proving_key(), inputs, seed)
}

pub fn proof_under(key: &ProvingKey<Bn254>, inputs: &PublicInputs, seed: u64) -> ark_groth16::Proof<Bn254> {
    let circuit = Five(Some(inputs.to_array()));
    Groth16::<Bn254>::create_random_proof_with_reduction(circuit, key, &mut rng(seed)).unwrap()
}

pub fn audience() -> AudienceKey {
    AudienceKey::from_seed([5; 32]).unwrap()
}

/// Who signs trust bundles.
pub fn operator() -> AudienceKey {
    AudienceKey::from_seed([0x42; 32]).unwrap()
}

/// A bundle with a text in it changed, signed again: what the signer should not have signed.
pub fn resigned(bundle: &str, from: &str, to: &str) -> String {
    assert!(bundle.contains(from), "{from}");
    let changed = bundle.replacen(from, to, 1);
    let at = changed.find("\"signature\":\"").unwrap();
    let end = at + 13 + 130 + 2;
    let unsigned = [&changed[..at], &changed[end..]].concat();
    let signature = hex::encode(operator().sign("medproof/v1/trust-bundle", unsigned.as_bytes()));
    [&changed[..at], "\"signature\":\"0x", &signature, "\",", &changed[end..]].concat()
}

/// What the audience insists on.
pub fn settings_json() -> Value {
    json!({
        "type": "medproof/verifier-settings",
        "version": 1,
        "audience": audience().did().to_string(),
        "bundle_signer": operator().did().to_string(),
        "issuers": [HOSPITAL.to_string()],
        "ledger": {"chain_id": 31337, "registry": format!("0x{}", "ab".repeat(20))},
    })
}

pub fn stranger() -> AudienceKey {
    AudienceKey::from_seed([6; 32]).unwrap()
}

pub fn claim() -> Claim {
    adult(18)
}

pub fn adult(years: u32) -> Claim {
    let text = format!(r#"{{"form":"medproof-claim/1","title":"Adult","clauses":[{{"age":{{"at_least":{years}}}}}]}}"#);
    Claim::parse(text.as_bytes()).unwrap()
}

pub fn time(seconds: u64) -> Time {
    Time::new(seconds).unwrap()
}

pub fn ledger() -> Ledger {
    Ledger::new(31337, [0xab; 20]).unwrap()
}

pub fn other_ledger() -> Ledger {
    Ledger::new(31337, [0xac; 20]).unwrap()
}

pub const START: u64 = 1_617_300_000;
pub const LIFE: u64 = 600;

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
        ledger: ledger(),
        key_id: pinned().id(),
        nonce: [9; 32],
        requested_at: time(START),
        expires_at: time(START + LIFE),
        consent: ConsentKind::Once,
    }
}

pub fn signed(body: RequestBody, key: &AudienceKey) -> VerifiedRequest {
    body.sign(key).unwrap().verify().unwrap()
}

pub fn request() -> VerifiedRequest {
    signed(body(), &audience())
}

pub fn root() -> Fr {
    Fr::from(424_242u64)
}

pub fn handle() -> Fr {
    Fr::from(56_789u64)
}

pub fn inputs(request: &VerifiedRequest) -> PublicInputs {
    PublicInputs {
        registry_root: root(),
        policy_digest: request.policy_digest(),
        request_digest: request.request_digest(),
        nullifier: Fr::from(1_234u64),
        consent_handle: handle(),
    }
}

pub fn present(inputs: &PublicInputs, seed: u64) -> Presentation {
    let proof = proof(inputs, seed);
    Presentation {
        key_id: pinned().id(),
        proof: Proof::new(proof.a, proof.b, proof.c).unwrap(),
        public: *inputs,
    }
}

pub fn presentation() -> &'static Presentation {
    static PRESENTATION: OnceLock<Presentation> = OnceLock::new();
    PRESENTATION.get_or_init(|| present(&inputs(&request()), 2))
}

pub const HOSPITAL: Issuer = Issuer([0x11; 20]);

/// A ledger whose every answer a test sets.
#[derive(Clone, Debug)]
pub struct View {
    pub snapshot: Snapshot,
    pub roots: Vec<RootEntry>,
    pub revoked: Vec<Fr>,
    pub key: KeyStatus,
    pub broken: bool,
}

pub fn entry() -> RootEntry {
    RootEntry {
        issuer: HOSPITAL,
        suspended: false,
        epoch: 3,
        size: 20,
        published_at: time(START - 7_000),
        superseded_at: None,
        last_publication_at: time(START - 1_000),
    }
}

pub fn view() -> View {
    View {
        snapshot: Snapshot {
            ledger: ledger(),
            block: Block {
                number: 77,
                hash: [0x77; 32],
                time: time(START - 10),
            },
            finalised: true,
            paused: false,
            valid_until: None,
        },
        roots: vec![entry()],
        revoked: vec![],
        key: KeyStatus::Active,
        broken: false,
    }
}

impl LedgerView for View {
    fn snapshot(&self) -> Result<Snapshot, Unavailable> {
        if self.broken {
            Err(Unavailable {
                reason: "no connection".into(),
            })
        } else {
            Ok(self.snapshot)
        }
    }
    fn roots(&self, asked: Fr) -> Result<Vec<RootEntry>, Unavailable> {
        Ok(if asked == root() { self.roots.clone() } else { vec![] })
    }
    fn is_revoked(&self, consent_handle: Fr) -> Result<bool, Unavailable> {
        Ok(self.revoked.contains(&consent_handle))
    }
    fn key_status(&self, _: &KeyId) -> Result<KeyStatus, Unavailable> {
        Ok(self.key)
    }
}

/// What `view` says, to be signed.
pub fn bundle_body() -> BundleBody {
    BundleBody {
        ledger: ledger(),
        block: view().snapshot.block,
        finalised: true,
        paused: false,
        issued_at: time(START),
        expires_at: time(START + 3_600),
        keys: vec![(pinned(), KeyStatus::Active)],
        roots: vec![(root(), entry())],
        revoked: vec![],
    }
}

pub fn settings() -> Settings {
    Settings::new(audience().did(), ledger(), Issuers::Only(vec![HOSPITAL]))
}

pub fn verifier() -> Verifier {
    Verifier::new(settings(), &pinned()).unwrap()
}

pub fn now() -> Time {
    time(START + 60)
}
