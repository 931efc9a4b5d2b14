//! The contract, in an EVM of its own: keys that it registers, and proofs under them.

use alloy_sol_types::SolCall;
use ark_bn254::{Bn254, Fr};
use ark_groth16::{Proof, VerifyingKey};
use medproof_ledger::abi::KeyRegistry;
use medproof_ledger::{
    Account, Action, B256, Call, Chain, Council, DeployConfig, EmbeddedLedger, KeyRegistration, Ledger, LedgerError,
    ManualClock, ProofWords, Refusal, VerifyingKeyPoints, word,
};
use medproof_statement::public::COUNT;
use std::cell::Cell;
use tempfile::TempDir;

/// Deployed, with a council of one.
pub struct Contract {
    ledger: EmbeddedLedger,
    member: Account,
    last: Cell<u8>,
    _directory: TempDir,
}

impl Contract {
    pub fn new() -> Contract {
        let directory = tempfile::tempdir().unwrap();
        let member = Account::development("member").unwrap();
        let config = DeployConfig {
            council: Council {
                members: vec![member.address()],
                threshold: 1,
                pause_threshold: 1,
                delay: 0,
            },
            grace: DeployConfig::GRACE,
            development: true,
        };
        let clock = ManualClock::at(1_750_000_000);
        Contract {
            ledger: EmbeddedLedger::create(directory.path(), clock, &member, &config).unwrap(),
            member,
            last: Cell::new(0),
            _directory: directory,
        }
    }

    /// Registers a key under an id that the council makes up.
    pub fn register(&self, key: &VerifyingKey<Bn254>) -> Result<B256, Refusal> {
        self.last.set(self.last.get() + 1);
        let points = VerifyingKeyPoints {
            alpha: key.alpha_g1,
            beta: key.beta_g2,
            gamma: key.gamma_g2,
            delta: key.delta_g2,
            ic: key.gamma_abc_g1.clone(),
        };
        let registration = KeyRegistration {
            key_id: B256::repeat_byte(self.last.get()),
            tier: 1,
            circuit_version: 1,
            matrix_digest: B256::ZERO,
            development: true,
            key: (&points).into(),
        };
        let key_id = registration.key_id;
        let action = Action::RegisterKey(Box::new(registration));
        let proposal = self.ledger.propose(&self.member, &action).unwrap();
        match self.ledger.execute(&self.member, proposal, &action) {
            Ok(_) => Ok(key_id),
            Err(LedgerError::Refused(refusal)) => Err(refusal),
            Err(other) => panic!("{other}"),
        }
    }

    /// Whether the contract takes a proof under a key that it registered.
    pub fn accepts(&self, key_id: B256, proof: &Proof<Bn254>, inputs: &[Fr; COUNT]) -> bool {
        let data = KeyRegistry::verifyProofCall {
            keyId: key_id,
            inputs: inputs.each_ref().map(word),
            proof: ProofWords::new(&proof.a, &proof.b, &proof.c).0,
        };
        let call = Call {
            to: self.ledger.deployment().keys,
            data: data.abi_encode(),
        };
        match self.ledger.chain().read(&[call]) {
            Ok(_) => true,
            Err(LedgerError::Refused(Refusal::ProofRejected {})) => false,
            Err(other) => panic!("{other}"),
        }
    }
}
