//! A deployment with a council of three, an issuer, an audience, a key: and time to move.

use super::proofs;
use medproof_ledger::{
    Account, Action, Address, Chain, Council, DeployConfig, EmbeddedChain, Ledger, LedgerError, ManualClock,
    OpenRequest, Receipt, Refusal, Registry, RootPublication, Submission,
};
use medproof_statement::Fr;
use medproof_statement::public::PublicInputs;

/// The council's time-lock.
pub const DELAY: u64 = 3600;
/// How long a superseded root is accepted.
pub const GRACE: u64 = DeployConfig::GRACE;
/// How old an issuer's last publication may be in the requests opened here.
pub const MAX_AGE: u64 = 7200;

pub struct Rig<C> {
    ledger: Registry<C>,
    pub members: [Account; 3],
    pub issuer: Account,
    pub audience: Account,
    pub stranger: Account,
    pass: Box<dyn Fn(u64)>,
    finalise: Box<dyn Fn()>,
    keep: Box<dyn std::any::Any>,
}

pub fn account(label: &str) -> Account {
    Account::development(label).unwrap()
}

pub fn council() -> [Account; 3] {
    ["first member", "second member", "third member"].map(account)
}

pub fn config(development: bool) -> DeployConfig {
    DeployConfig {
        council: Council {
            members: council().iter().map(Account::address).collect(),
            threshold: 2,
            pause_threshold: 1,
            delay: DELAY as u32,
        },
        grace: GRACE,
        development,
    }
}

/// Everybody who sends transactions in the scenarios.
pub fn everybody() -> Vec<Address> {
    let others = [
        "deployer",
        "issuer",
        "audience",
        "stranger",
        "other issuer",
        "other audience",
    ];
    let others = others.iter().map(|label| account(label).address());
    council().iter().map(Account::address).chain(others).collect()
}

/// The embedded chain in a directory of its own, at a fixed time.
pub fn embedded() -> Rig<EmbeddedChain> {
    let directory = tempfile::tempdir().unwrap();
    let clock = ManualClock::at(1_750_000_000);
    let chain = EmbeddedChain::open(directory.path(), clock.clone()).unwrap();
    let pass = Box::new(move |seconds| clock.advance(seconds));
    Rig::new(chain, pass, Box::new(|| {}), Box::new(directory))
}

impl<C: Chain> Rig<C> {
    /// Deploys, without an issuer or a key. `keep` lives as long as the rig.
    pub fn new(chain: C, pass: Box<dyn Fn(u64)>, finalise: Box<dyn Fn()>, keep: Box<dyn std::any::Any>) -> Rig<C> {
        let ledger = Registry::deploy(chain, &account("deployer"), &config(true)).unwrap();
        Rig {
            ledger,
            members: council(),
            issuer: account("issuer"),
            audience: account("audience"),
            stranger: account("stranger"),
            pass,
            finalise,
            keep,
        }
    }

    /// The ledger, everything written so far being final.
    pub fn ledger(&self) -> &Registry<C> {
        (self.finalise)();
        &self.ledger
    }

    /// The ledger, for writing: what is written need not be final.
    pub fn write(&self) -> &Registry<C> {
        &self.ledger
    }

    pub fn chain(&self) -> &C {
        self.ledger.chain()
    }

    /// What lives as long as the rig.
    pub fn keep<T: Clone + 'static>(&self) -> Option<T> {
        self.keep.downcast_ref::<T>().cloned()
    }

    pub fn advance(&self, seconds: u64) {
        (self.pass)(seconds);
    }

    pub fn now(&self) -> u64 {
        self.ledger().head().unwrap().time
    }

    /// Proposed by the first member, approved by the second, executed after the time-lock.
    pub fn decree(&self, action: &Action) -> Result<Receipt, LedgerError> {
        let [first, second, _] = &self.members;
        let id = self.write().propose(first, action)?;
        self.write().approve(second, id)?;
        self.advance(DELAY + 1);
        self.write().execute(second, id, action)
    }

    /// Issuer admitted, key registered, root 100 published.
    pub fn furnish(&self) {
        self.decree(&Action::AdmitIssuer(self.issuer.address())).unwrap();
        self.decree(&Action::RegisterKey(Box::new(proofs::registration())))
            .unwrap();
        self.publish(100, 1).unwrap();
    }

    pub fn publish(&self, root: u64, epoch: u64) -> Result<Receipt, LedgerError> {
        let publication = RootPublication {
            root: Fr::from(root),
            epoch,
            size: 20,
        };
        self.write().publish_root(&self.issuer, publication)
    }

    /// A request of this digest in this scope, open for a day.
    pub fn request(&self, digest: u64, scope: u64) -> OpenRequest {
        OpenRequest {
            request_digest: Fr::from(digest),
            policy_digest: policy(),
            key_id: proofs::registration().key_id,
            scope: Fr::from(scope),
            expires_at: self.now() + 86_400,
            max_root_age: MAX_AGE,
            issuers: vec![self.issuer.address()],
        }
    }

    pub fn open(&self, digest: u64, scope: u64) -> OpenRequest {
        let request = self.request(digest, scope);
        self.write().open_request(&self.audience, &request).unwrap();
        request
    }

    /// A valid presentation of root 100 for a request's digest.
    pub fn submission(&self, digest: u64, nullifier: u64, preimage: u64) -> Submission {
        let inputs = PublicInputs {
            registry_root: Fr::from(100),
            policy_digest: policy(),
            request_digest: Fr::from(digest),
            nullifier: Fr::from(nullifier),
            consent_handle: handle(preimage),
        };
        self.presented(&inputs)
    }

    pub fn presented(&self, inputs: &PublicInputs) -> Submission {
        Submission {
            audience: self.audience.address(),
            request_digest: inputs.request_digest,
            issuer: self.issuer.address(),
            registry_root: inputs.registry_root,
            nullifier: inputs.nullifier,
            consent_handle: inputs.consent_handle,
            proof: proofs::words(&proofs::prove(inputs)),
        }
    }

    pub fn submit(&self, submission: &Submission) -> Result<Receipt, LedgerError> {
        self.write().submit_disclosure(&self.stranger, submission)
    }
}

pub fn policy() -> Fr {
    Fr::from(0x7001)
}

/// H_handle, natively.
pub fn handle(preimage: u64) -> Fr {
    use medproof_statement::hash::{Tag, sponge};
    sponge::<4>(Tag::Handle, &[Fr::from(preimage)])
}

/// The named error of what has to be refused.
#[track_caller]
pub fn refusal<T: std::fmt::Debug>(result: Result<T, LedgerError>) -> Refusal {
    match result {
        Err(LedgerError::Refused(refusal)) => refusal,
        other => panic!("expected a refusal, found {other:?}"),
    }
}
