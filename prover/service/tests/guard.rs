//! What the ledger must say before anything is handed out, on a ledger.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use medproof_ledger::{Account, Action, Council, DeployConfig, EmbeddedLedger, Ledger, ManualClock, RootPublication};
use medproof_service::guard::{Guard, Withheld};
use medproof_statement::Fr;
use medproof_statement::holder::handle_of;
use medproof_statement::public::PublicInputs;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

const DELAY: u32 = 3_600;

#[test]
fn nothing_is_handed_out_on_a_revoked_consent_or_an_old_root() {
    let folder = tempfile::tempdir().unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    // Long enough ago that all of it is past, grace included.
    let clock = ManualClock::at(now - 10 * u64::from(DELAY));
    let [council, issuer] = ["council", "issuer"].map(|label| Account::development(label).unwrap());
    let config = DeployConfig {
        council: Council {
            members: vec![council.address()],
            threshold: 1,
            pause_threshold: 1,
            delay: DELAY,
        },
        grace: 60,
        development: true,
    };
    let ledger = EmbeddedLedger::create(folder.path(), clock.clone(), &council, &config).unwrap();
    let admit = Action::AdmitIssuer(issuer.address());
    let id = ledger.propose(&council, &admit).unwrap();
    clock.advance(u64::from(DELAY) + 1);
    ledger.execute(&council, id, &admit).unwrap();
    let ledger = Arc::new(ledger);
    let guard = Guard {
        ledger: Arc::clone(&ledger) as Arc<dyn Ledger>,
        issuer: issuer.address(),
    };
    let publish = |epoch: u64| {
        let root = Fr::from(1000 + epoch);
        let publication = RootPublication { root, epoch, size: 1 };
        ledger.publish_root(&issuer, publication).unwrap();
        root
    };
    let preimage = Fr::from(77);
    let public = |registry_root| PublicInputs {
        registry_root,
        policy_digest: Fr::from(1),
        request_digest: Fr::from(2),
        nullifier: Fr::from(3),
        consent_handle: handle_of(preimage),
    };
    assert_eq!(guard.check(&public(Fr::from(5))), Err(Withheld::Superseded));
    let first = publish(1);
    assert_eq!(guard.check(&public(first)), Ok(()));
    let second = publish(2);
    assert_eq!(guard.check(&public(first)), Err(Withheld::Superseded));
    assert_eq!(guard.check(&public(second)), Ok(()));
    ledger.revoke_consent(&council, preimage).unwrap();
    assert_eq!(guard.check(&public(second)), Err(Withheld::Revoked));
    assert_eq!(guard.unrevoked(Fr::from(9)), Ok(()));
}
