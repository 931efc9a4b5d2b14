//! The ledger's behaviour, the same over both chains.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod support;

use alloy_sol_types::{SolCall, SolEvent};
use ark_bn254::{Fq, G1Affine, G2Affine};
use ark_ff::{AdditiveGroup, Field, PrimeField};
use medproof_ledger::abi::{ConsentRegistry, DisclosureRegistry, Governance, KeyRegistry, LogRegistry, RecordRegistry};
use medproof_ledger::{
    Account, Action, B256, Call, Chain, Council, IssuerState, KeyState, KeyWords, Ledger, LogHead, LogId, OpenRequest,
    ProofWords, ProposalId, Receipt, Refusal, Registry, RootPublication, Submission, U256, word,
};
use medproof_statement::Fr;
use medproof_statement::public::PublicInputs;
use support::proofs::{self, key_points, negated, prove, registration, rerandomised, words};
use support::rig::{DELAY, GRACE, MAX_AGE, Rig, account, config, handle, policy, refusal};

macro_rules! scenarios {
    ($($name:ident),* $(,)?) => {
        mod embedded {
            $(
                #[test]
                fn $name() {
                    super::$name(&super::support::rig::embedded());
                }
            )*
        }
        mod rpc {
            $(
                #[test]
                fn $name() {
                    if let Some(rig) = super::support::node::anvil() {
                        super::$name(&rig);
                    }
                }
            )*
        }
    };
}

scenarios! {
    a_presentation_from_root_to_result,
    a_copied_submission_gives_its_sender_nothing,
    one_answer_per_holder_and_scope,
    a_request_that_nobody_opened,
    a_digest_is_its_openers,
    what_a_request_must_say,
    an_expired_request,
    only_named_issuers_count,
    a_stalled_issuer_and_its_heartbeat,
    a_superseded_root_has_a_grace_period,
    publications_that_are_refused,
    an_earlier_root_can_be_current_again,
    a_suspended_issuer,
    a_pause_takes_fewer,
    revocation_takes_the_preimage,
    a_logs_heads_are_its_keepers_and_stay,
    aliases_of_public_inputs,
    proofs_that_are_none,
    every_public_input_counts,
    a_key_from_active_to_revoked,
    unsound_keys,
    only_the_council_governs,
    the_time_lock,
    a_new_council,
    development_keys_in_production,
    every_change_leaves_its_event,
}

fn a_presentation_from_root_to_result<C: Chain>(rig: &Rig<C>) {
    rig.furnish();
    let status = rig.ledger().root_status(rig.issuer.address(), Fr::from(100)).unwrap();
    let entry = status.entry.unwrap();
    assert_eq!((entry.epoch, entry.size, entry.superseded_at), (1, 20, None));
    assert_eq!(status.last_publication_at, Some(entry.published_at));
    assert_eq!((status.issuer_state, status.paused), (IssuerState::Active, false));
    assert_eq!(status.grace, GRACE);
    assert!(status.block.time >= entry.published_at);
    assert_eq!(rig.ledger().issuers().unwrap(), [rig.issuer.address()]);
    let issuer = rig.ledger().issuer_status(rig.issuer.address()).unwrap();
    assert_eq!((issuer.current_root, issuer.epoch), (Some(Fr::from(100)), 1));

    let asked = rig.open(5, 9);
    let open = rig
        .ledger()
        .request(rig.audience.address(), Fr::from(5))
        .unwrap()
        .unwrap();
    assert_eq!(
        (open.number, open.policy_digest, open.scope),
        (1, policy(), Fr::from(9))
    );
    assert_eq!((open.expires_at, open.max_root_age), (asked.expires_at, MAX_AGE));
    assert_eq!(open.key_id, registration().key_id);

    let submission = rig.submission(5, 77, 3);
    let audience = rig.audience.address();
    assert_eq!(
        rig.ledger().disclosure(audience, Fr::from(5), Fr::from(77)).unwrap(),
        None
    );
    let receipt = rig.submit(&submission).unwrap();
    assert!(receipt.gas_used > 200_000 && receipt.gas_used <= 310_000, "{receipt:?}");
    let found = rig
        .ledger()
        .disclosure(audience, Fr::from(5), Fr::from(77))
        .unwrap()
        .unwrap();
    assert_eq!((found.issuer, found.epoch), (rig.issuer.address(), 1));
    let tag = word(&submission.consent_handle) & (U256::MAX >> 160);
    assert_eq!(found.consent_tag, tag);
    assert!(found.answered_at >= open.opened_at);
    assert!(
        rig.ledger()
            .nullifier_spent(audience, Fr::from(9), Fr::from(77))
            .unwrap()
    );

    // A second patient answers the same request.
    rig.submit(&rig.submission(5, 78, 4)).unwrap();
    assert!(
        rig.ledger()
            .disclosure(audience, Fr::from(5), Fr::from(78))
            .unwrap()
            .is_some()
    );
}

fn a_copied_submission_gives_its_sender_nothing<C: Chain>(rig: &Rig<C>) {
    rig.furnish();
    rig.open(5, 9);
    let submission = rig.submission(5, 77, 3);
    // Somebody saw it on its way and was faster.
    rig.write()
        .submit_disclosure(&account("other audience"), &submission)
        .unwrap();
    let audience = rig.audience.address();
    let first = rig
        .ledger()
        .disclosure(audience, Fr::from(5), Fr::from(77))
        .unwrap()
        .unwrap();
    let theirs = account("other audience").address();
    assert_eq!(
        rig.ledger().disclosure(theirs, Fr::from(5), Fr::from(77)).unwrap(),
        None
    );

    // The patient's own still succeeds, with any valid proof, even late, and changes nothing.
    let proof = prove(&inputs_of(&submission));
    rig.submit(&submission).unwrap();
    rig.submit(&Submission {
        proof: words(&rerandomised(&proof)),
        ..submission
    })
    .unwrap();
    rig.advance(90_000);
    let late = rig.submit(&submission).unwrap();
    assert!(late.logs.is_empty());
    let second = rig
        .ledger()
        .disclosure(audience, Fr::from(5), Fr::from(77))
        .unwrap()
        .unwrap();
    assert_eq!((first.answered_at, first.epoch), (second.answered_at, second.epoch));

    // Under the copier's own name the request is another, which nobody opened.
    let claimed = Submission {
        audience: theirs,
        ..submission
    };
    assert!(matches!(refusal(rig.submit(&claimed)), Refusal::RequestUnknown { .. }));
}

fn one_answer_per_holder_and_scope<C: Chain>(rig: &Rig<C>) {
    rig.furnish();
    for (digest, scope) in [(5, 9), (6, 9), (7, 10)] {
        rig.open(digest, scope);
    }
    let submission = rig.submission(5, 77, 3);
    rig.submit(&submission).unwrap();

    // The answer is that request's alone, though the scope is both's.
    let found = rig
        .ledger()
        .disclosure(rig.audience.address(), Fr::from(6), Fr::from(77));
    assert_eq!(found.unwrap(), None);
    let spent = Refusal::NullifierSpent {
        scope: U256::from(9),
        nullifier: U256::from(77),
    };
    // Another request of the scope; another consent for the same request.
    assert_eq!(refusal(rig.submit(&rig.submission(6, 77, 3))), spent);
    assert_eq!(refusal(rig.submit(&rig.submission(5, 77, 4))), spent);
    // The same proof for the other request, as it is, re-randomised and negated.
    let proof = prove(&inputs_of(&submission));
    for proof in [proof.clone(), rerandomised(&proof), negated(&proof)] {
        let replay = Submission {
            request_digest: Fr::from(6),
            proof: words(&proof),
            nullifier: Fr::from(78),
            ..submission
        };
        assert_eq!(refusal(rig.submit(&replay)), Refusal::ProofRejected {});
    }
    // In another scope the holder has another nullifier; were it the same, it would be free there.
    rig.submit(&rig.submission(7, 77, 3)).unwrap();
    // And another audience's scope of the same name is another.
    let other = account("other audience");
    rig.write().open_request(&other, &rig.request(5, 9)).unwrap();
    let theirs = Submission {
        audience: other.address(),
        ..submission
    };
    rig.submit(&theirs).unwrap();
}

fn a_request_that_nobody_opened<C: Chain>(rig: &Rig<C>) {
    rig.furnish();
    let submission = rig.submission(5, 77, 3);
    let unknown = Refusal::RequestUnknown {
        audience: rig.audience.address(),
        request_digest: U256::from(5),
    };
    assert_eq!(refusal(rig.submit(&submission)), unknown);
    assert_eq!(rig.ledger().request(rig.audience.address(), Fr::from(5)).unwrap(), None);
    // Opened by somebody else it still isn't this audience's.
    rig.write().open_request(&rig.stranger, &rig.request(5, 9)).unwrap();
    assert_eq!(refusal(rig.submit(&submission)), unknown);

    // Opened on another ledger: its id is another, and here nobody opened the request.
    rig.open(5, 9);
    rig.submit(&submission).unwrap();
    let second = account("other issuer");
    let other = other_deployment(rig, &second);
    assert_ne!(other, rig.write().deployment().ledger_id());
}

/// A deployment beside the rig's, and its ledger id.
fn other_deployment<C: Chain>(rig: &Rig<C>, deployer: &Account) -> Fr {
    struct Borrowed<'a, C>(&'a C);
    impl<C: Chain> Chain for Borrowed<'_, C> {
        fn chain_id(&self) -> Result<u64, medproof_ledger::ChainError> {
            self.0.chain_id()
        }
        fn head(&self) -> Result<medproof_ledger::BlockRef, medproof_ledger::ChainError> {
            self.0.head()
        }
        fn block(&self, number: u64) -> Result<Option<medproof_ledger::BlockRef>, medproof_ledger::ChainError> {
            self.0.block(number)
        }
        fn logs(
            &self,
            contracts: &[medproof_ledger::Address],
            from: u64,
            to: u64,
        ) -> Result<Vec<medproof_ledger::BlockLog>, medproof_ledger::ChainError> {
            self.0.logs(contracts, from, to)
        }
        fn read(&self, calls: &[Call]) -> Result<medproof_ledger::Read, medproof_ledger::LedgerError> {
            self.0.read(calls)
        }
        fn code(&self, address: medproof_ledger::Address) -> Result<Vec<u8>, medproof_ledger::ChainError> {
            self.0.code(address)
        }
        fn transact(&self, from: &Account, call: Call) -> Result<Receipt, medproof_ledger::LedgerError> {
            self.0.transact(from, call)
        }
        fn deploy(&self, from: &Account, code: Vec<u8>) -> Result<Receipt, medproof_ledger::LedgerError> {
            self.0.deploy(from, code)
        }
        fn estimate(&self, from: medproof_ledger::Address, call: Call) -> Result<u64, medproof_ledger::LedgerError> {
            self.0.estimate(from, call)
        }
    }
    let other = Registry::deploy(Borrowed(rig.chain()), deployer, &config(true)).unwrap();
    let submission = rig.submission(5, 77, 3);
    let refused = refusal(other.submit_disclosure(&rig.stranger, &submission));
    assert!(matches!(refused, Refusal::RequestUnknown { .. }));
    other.deployment().ledger_id()
}

fn a_digest_is_its_openers<C: Chain>(rig: &Rig<C>) {
    rig.furnish();
    // A stranger who saw the digest opens it first; the audience's own is not in the way.
    rig.write().open_request(&rig.stranger, &rig.request(5, 1)).unwrap();
    rig.open(5, 9);
    let again = rig.write().open_request(&rig.audience, &rig.request(5, 10));
    assert_eq!(
        refusal(again),
        Refusal::RequestAlreadyOpen {
            audience: rig.audience.address(),
            request_digest: U256::from(5),
        }
    );
    let open = rig
        .ledger()
        .request(rig.audience.address(), Fr::from(5))
        .unwrap()
        .unwrap();
    assert_eq!(open.scope, Fr::from(9));
}

fn what_a_request_must_say<C: Chain>(rig: &Rig<C>) {
    rig.furnish();
    let good = rig.request(5, 9);
    let refused = |request: OpenRequest| refusal(rig.write().open_request(&rig.audience, &request));
    let now = rig.now();
    for expires_at in [0, now - 1, now + 400 * 86_400, u64::MAX] {
        let request = OpenRequest {
            expires_at,
            ..good.clone()
        };
        assert!(matches!(refused(request), Refusal::ExpiryOutOfRange { .. }));
    }
    for max_root_age in [0, 400 * 86_400, u64::MAX] {
        let request = OpenRequest {
            max_root_age,
            ..good.clone()
        };
        assert!(matches!(refused(request), Refusal::MaxRootAgeOutOfRange { .. }));
    }
    for issuers in [vec![], vec![rig.issuer.address(); 65]] {
        let request = OpenRequest {
            issuers,
            ..good.clone()
        };
        assert!(matches!(refused(request), Refusal::IssuersOutOfRange { .. }));
    }
    let request = OpenRequest {
        key_id: B256::repeat_byte(1),
        ..good.clone()
    };
    assert!(matches!(
        refused(request),
        Refusal::KeyNotActive {
            state: KeyState::Unknown,
            ..
        }
    ));

    let modulus = scalar_modulus();
    let raw = DisclosureRegistry::OpenRequest::from(&good);
    for request in [
        DisclosureRegistry::OpenRequest {
            requestDigest: modulus,
            ..raw.clone()
        },
        DisclosureRegistry::OpenRequest {
            policyDigest: modulus,
            ..raw.clone()
        },
        DisclosureRegistry::OpenRequest {
            scope: modulus,
            ..raw.clone()
        },
    ] {
        let data = DisclosureRegistry::openCall { asked: request }.abi_encode();
        let call = Call {
            to: rig.write().deployment().disclosures,
            data,
        };
        let refused = refusal(rig.chain().transact(&rig.audience, call));
        assert_eq!(refused, Refusal::DigestNotCanonical { digest: modulus });
    }
    rig.write().open_request(&rig.audience, &good).unwrap();
}

fn an_expired_request<C: Chain>(rig: &Rig<C>) {
    rig.furnish();
    let request = OpenRequest {
        expires_at: rig.now() + 600,
        ..rig.request(5, 9)
    };
    rig.write().open_request(&rig.audience, &request).unwrap();
    rig.submit(&rig.submission(5, 76, 3)).unwrap();
    rig.advance(601);
    let refused = refusal(rig.submit(&rig.submission(5, 77, 3)));
    assert_eq!(
        refused,
        Refusal::RequestExpired {
            request_digest: U256::from(5),
            expires_at: request.expires_at
        }
    );
}

fn only_named_issuers_count<C: Chain>(rig: &Rig<C>) {
    rig.furnish();
    rig.open(5, 9);
    // Another issuer, as active as the first, publishes the same root as its own.
    let other = account("other issuer");
    rig.decree(&Action::AdmitIssuer(other.address())).unwrap();
    let publication = RootPublication {
        root: Fr::from(100),
        epoch: 50,
        size: 20,
    };
    rig.write().publish_root(&other, publication).unwrap();
    let submission = Submission {
        issuer: other.address(),
        ..rig.submission(5, 77, 3)
    };
    assert_eq!(
        refusal(rig.submit(&submission)),
        Refusal::IssuerNotAccepted {
            request_digest: U256::from(5),
            issuer: other.address()
        }
    );
    // Neither occupies nor changes the first one's.
    rig.submit(&rig.submission(5, 77, 3)).unwrap();
    let first = rig.ledger().root_status(rig.issuer.address(), Fr::from(100)).unwrap();
    assert_eq!(first.entry.unwrap().epoch, 1);
    assert_eq!(rig.ledger().issuers().unwrap().len(), 2);
}

fn a_stalled_issuer_and_its_heartbeat<C: Chain>(rig: &Rig<C>) {
    rig.furnish();
    rig.open(5, 9);
    rig.advance(MAX_AGE);
    let refused = refusal(rig.submit(&rig.submission(5, 77, 3)));
    assert!(
        matches!(refused, Refusal::IssuerStalled { max_age: MAX_AGE, .. }),
        "{refused:?}"
    );
    let before = rig.ledger().root_status(rig.issuer.address(), Fr::from(100)).unwrap();
    rig.publish(100, 1).unwrap();
    let after = rig.ledger().root_status(rig.issuer.address(), Fr::from(100)).unwrap();
    assert_eq!(before.entry, after.entry);
    assert!(after.last_publication_at > before.last_publication_at);
    rig.submit(&rig.submission(5, 77, 3)).unwrap();
}

fn a_superseded_root_has_a_grace_period<C: Chain>(rig: &Rig<C>) {
    rig.furnish();
    rig.open(5, 9);
    // Long current, then superseded: the grace period counts from there.
    rig.advance(GRACE + 600);
    rig.publish(101, 2).unwrap();
    let status = rig.ledger().root_status(rig.issuer.address(), Fr::from(100)).unwrap();
    let superseded_at = status.entry.unwrap().superseded_at.unwrap();
    rig.submit(&rig.submission(5, 77, 3)).unwrap();
    rig.advance(GRACE - 60);
    rig.submit(&rig.submission(5, 78, 3)).unwrap();
    rig.advance(60);
    let refused = refusal(rig.submit(&rig.submission(5, 79, 3)));
    assert_eq!(
        refused,
        Refusal::RootSuperseded {
            root: U256::from(100),
            superseded_at,
            grace: GRACE
        }
    );
    // The heartbeat is of the new root; the old one stays superseded.
    rig.publish(101, 2).unwrap();
    let refused = refusal(rig.submit(&rig.submission(5, 79, 3)));
    assert!(matches!(refused, Refusal::RootSuperseded { .. }));
}

fn publications_that_are_refused<C: Chain>(rig: &Rig<C>) {
    rig.furnish();
    rig.publish(101, 5).unwrap();
    for epoch in [0, 1, 5] {
        let refused = refusal(rig.publish(102, epoch));
        assert_eq!(refused, Refusal::EpochNotIncreasing { epoch, current: 5 });
    }
    // A heartbeat says what was published.
    assert!(matches!(refusal(rig.publish(101, 6)), Refusal::HeartbeatDiffers { .. }));
    let other_size = RootPublication {
        root: Fr::from(101),
        epoch: 5,
        size: 21,
    };
    let refused = refusal(rig.write().publish_root(&rig.issuer, other_size));
    assert!(matches!(refused, Refusal::HeartbeatDiffers { .. }));
    assert!(matches!(refusal(rig.publish(0, 6)), Refusal::RootNotCanonical { .. }));
    let data = RecordRegistry::publishCall {
        root_: scalar_modulus() + U256::ONE,
        epoch: 6,
        size: 1,
    };
    let call = Call {
        to: rig.write().deployment().records,
        data: data.abi_encode(),
    };
    let refused = refusal(rig.chain().transact(&rig.issuer, call));
    assert!(matches!(refused, Refusal::RootNotCanonical { .. }));
    let publication = RootPublication {
        root: Fr::from(7),
        epoch: 1,
        size: 1,
    };
    let refused = refusal(rig.write().publish_root(&rig.stranger, publication));
    assert!(matches!(
        refused,
        Refusal::IssuerNotActive {
            state: IssuerState::Unknown,
            ..
        }
    ));
    // Never published: not accepted, whatever the proof.
    rig.open(5, 9);
    let inputs = PublicInputs {
        registry_root: Fr::from(999),
        ..inputs_of(&rig.submission(5, 77, 3))
    };
    let refused = refusal(rig.submit(&rig.presented(&inputs)));
    assert!(matches!(refused, Refusal::RootUnknown { .. }));
    let status = rig.ledger().root_status(rig.issuer.address(), Fr::from(999)).unwrap();
    assert_eq!(status.entry, None);
}

fn an_earlier_root_can_be_current_again<C: Chain>(rig: &Rig<C>) {
    rig.furnish();
    rig.publish(101, 2).unwrap();
    rig.publish(100, 3).unwrap();
    let status = rig.ledger().root_status(rig.issuer.address(), Fr::from(100)).unwrap();
    let entry = status.entry.unwrap();
    assert_eq!((entry.epoch, entry.superseded_at), (3, None));
}

fn a_suspended_issuer<C: Chain>(rig: &Rig<C>) {
    rig.furnish();
    rig.open(5, 9);
    let issuer = rig.issuer.address();
    rig.decree(&Action::SuspendIssuer(issuer)).unwrap();
    let suspended = Refusal::IssuerNotActive {
        issuer,
        state: IssuerState::Suspended,
    };
    assert_eq!(refusal(rig.submit(&rig.submission(5, 77, 3))), suspended);
    assert_eq!(refusal(rig.publish(101, 2)), suspended);
    assert_eq!(refusal(rig.decree(&Action::SuspendIssuer(issuer))), suspended);
    let again = refusal(rig.decree(&Action::AdmitIssuer(issuer)));
    assert_eq!(again, Refusal::IssuerAlreadyAdmitted { issuer });
    let issuer_zero = refusal(rig.decree(&Action::AdmitIssuer(Default::default())));
    assert!(matches!(issuer_zero, Refusal::IssuerInvalid { .. }));
    rig.decree(&Action::ReinstateIssuer(issuer)).unwrap();
    rig.publish(100, 1).unwrap();
    rig.submit(&rig.submission(5, 77, 3)).unwrap();
    let again = refusal(rig.decree(&Action::ReinstateIssuer(issuer)));
    assert_eq!(
        again,
        Refusal::IssuerNotSuspended {
            issuer,
            state: IssuerState::Active
        }
    );
}

fn a_pause_takes_fewer<C: Chain>(rig: &Rig<C>) {
    rig.furnish();
    rig.open(5, 9);
    let [first, ..] = &rig.members;
    let id = rig.write().propose(first, &Action::Pause).unwrap();
    rig.write().execute(first, id, &Action::Pause).unwrap();
    assert_eq!(
        refusal(rig.submit(&rig.submission(5, 77, 3))),
        Refusal::RegistryPaused {}
    );
    assert_eq!(refusal(rig.publish(100, 1)), Refusal::RegistryPaused {});
    assert!(
        rig.ledger()
            .root_status(rig.issuer.address(), Fr::from(100))
            .unwrap()
            .paused
    );
    // A holder's revocation is never paused.
    rig.write().revoke_consent(&rig.stranger, Fr::from(8)).unwrap();
    let again = rig.write().propose(first, &Action::Pause).unwrap();
    let refused = refusal(rig.write().execute(first, again, &Action::Pause));
    assert_eq!(refused, Refusal::RegistryPaused {});
    // One member can't end it.
    let id = rig.write().propose(first, &Action::Unpause).unwrap();
    let refused = refusal(rig.write().execute(first, id, &Action::Unpause));
    assert_eq!(
        refused,
        Refusal::NotEnoughApprovals {
            id: id.0,
            approvals: 1,
            required: 2
        }
    );
    rig.decree(&Action::Unpause).unwrap();
    rig.publish(100, 1).unwrap();
    rig.submit(&rig.submission(5, 77, 3)).unwrap();
    assert_eq!(refusal(rig.decree(&Action::Unpause)), Refusal::RegistryNotPaused {});
}

fn a_logs_heads_are_its_keepers_and_stay<C: Chain>(rig: &Rig<C>) {
    let [log, other] = [1, 2].map(|name| LogId(B256::repeat_byte(name)));
    let publish = |keeper: &Account, log, head: u8| rig.write().publish_log_head(keeper, log, B256::repeat_byte(head));
    let heads = |keeper: &Account, log| {
        let heads = rig.ledger().log_heads(keeper.address(), log).unwrap();
        heads.iter().map(|head| head.head[0]).collect::<Vec<_>>()
    };
    let keeper = &rig.issuer;
    assert!(heads(keeper, log).is_empty());
    publish(keeper, log, 7).unwrap();
    let receipt = publish(keeper, log, 8).unwrap();
    let mut logged = receipt.logs.iter();
    let published =
        logged.find_map(|log| LogRegistry::HeadPublished::decode_raw_log(log.topics.iter().copied(), &log.data).ok());
    let published = published.unwrap();
    assert_eq!(
        (published.keeper, published.log, published.head),
        (keeper.address(), log.0, B256::repeat_byte(8))
    );
    assert_eq!(heads(keeper, log), [7, 8]);
    let [_, LogHead { published_at, .. }] = rig.ledger().log_heads(keeper.address(), log).unwrap()[..] else {
        panic!()
    };
    assert!(published_at.abs_diff(rig.now()) < 600, "{published_at}");
    // Not twice in a row; of an earlier one, auditors say what it means.
    let head = B256::repeat_byte(8);
    assert_eq!(refusal(publish(keeper, log, 8)), Refusal::HeadKnown { head });
    publish(keeper, log, 7).unwrap();
    // Others' heads, and those of other logs, are their own.
    publish(&rig.stranger, log, 1).unwrap();
    publish(keeper, other, 2).unwrap();
    assert_eq!(heads(&rig.stranger, log), [1]);
    assert_eq!(heads(keeper, other), [2]);
    assert_eq!(heads(keeper, log), [7, 8, 7]);
}

fn revocation_takes_the_preimage<C: Chain>(rig: &Rig<C>) {
    rig.furnish();
    rig.open(5, 9);
    let (preimage, revoked) = (Fr::from(3), handle(3));
    // A stranger knows the handle from the ledger, not its preimage.
    rig.write().revoke_consent(&rig.stranger, revoked).unwrap();
    assert_eq!(rig.ledger().consent_revoked_at(revoked).unwrap(), None);
    rig.submit(&rig.submission(5, 76, 3)).unwrap();
    // Who knows it revokes, from any account.
    rig.write().revoke_consent(&rig.stranger, preimage).unwrap();
    let time = rig.ledger().consent_revoked_at(revoked).unwrap().unwrap();
    let refused = refusal(rig.submit(&rig.submission(5, 77, 3)));
    assert_eq!(
        refused,
        Refusal::ConsentRevoked {
            consent_handle: word(&revoked)
        }
    );
    // Again: nothing changes.
    rig.advance(10);
    let again = rig.write().revoke_consent(&rig.audience, preimage).unwrap();
    assert!(again.logs.is_empty());
    assert_eq!(rig.ledger().consent_revoked_at(revoked).unwrap(), Some(time));
    // p and above have no second name for a preimage.
    let data = ConsentRegistry::revokeCall {
        preimage: scalar_modulus() + U256::from(3),
    }
    .abi_encode();
    let call = Call {
        to: rig.write().deployment().consents,
        data,
    };
    let refused = refusal(rig.chain().transact(&rig.stranger, call));
    assert!(matches!(refused, Refusal::PreimageNotCanonical { .. }));
}

fn aliases_of_public_inputs<C: Chain>(rig: &Rig<C>) {
    rig.furnish();
    rig.open(5, 9);
    let submission = rig.submission(5, 77, 3);
    let raw = DisclosureRegistry::Submission::from(&submission);
    let (r, q) = (scalar_modulus(), base_modulus());
    type Raw = DisclosureRegistry::Submission;
    let send = |s: Raw| {
        let data = DisclosureRegistry::submitCall { s }.abi_encode();
        let call = Call {
            to: rig.write().deployment().disclosures,
            data,
        };
        refusal(rig.chain().transact(&rig.stranger, call))
    };
    // The same elements under another name would be another nullifier, another handle.
    let alias = Raw {
        nullifier: raw.nullifier + r,
        ..raw.clone()
    };
    assert_eq!(send(alias), Refusal::InputNotCanonical { index: 3 });
    let alias = Raw {
        consentHandle: raw.consentHandle + r,
        ..raw.clone()
    };
    assert_eq!(send(alias), Refusal::InputNotCanonical { index: 4 });
    let alias = Raw {
        registryRoot: raw.registryRoot + r,
        ..raw.clone()
    };
    assert!(matches!(send(alias), Refusal::RootUnknown { .. }));
    let alias = Raw {
        requestDigest: raw.requestDigest + r,
        ..raw.clone()
    };
    assert!(matches!(send(alias), Refusal::RequestUnknown { .. }));
    // Also after the true one is spent or revoked.
    rig.submit(&submission).unwrap();
    let alias = Raw {
        nullifier: raw.nullifier + r,
        ..raw.clone()
    };
    assert_eq!(send(alias), Refusal::InputNotCanonical { index: 3 });
    rig.write().revoke_consent(&rig.stranger, Fr::from(3)).unwrap();
    let other = DisclosureRegistry::Submission::from(&rig.submission(5, 78, 3));
    let alias = Raw {
        consentHandle: other.consentHandle + r,
        ..other
    };
    assert_eq!(send(alias), Refusal::InputNotCanonical { index: 4 });
    // Coordinates too.
    for index in 0..8 {
        let mut s = DisclosureRegistry::Submission::from(&rig.submission(5, 79, 4));
        s.proof[index] += q;
        let refused = send(s);
        assert_eq!(refused, Refusal::ProofCoordinateNotCanonical { index: index as u64 });
    }
}

fn proofs_that_are_none<C: Chain>(rig: &Rig<C>) {
    rig.furnish();
    rig.open(5, 9);
    let good = rig.submission(5, 77, 3);
    let with = |proof: [U256; 8]| {
        refusal(rig.submit(&Submission {
            proof: ProofWords(proof),
            ..good
        }))
    };
    // Infinity, one point at a time and all together.
    for points in [&[0, 1][..], &[2, 3, 4, 5], &[6, 7], &[0, 1, 2, 3, 4, 5, 6, 7]] {
        let mut proof = good.proof.0;
        for &i in points {
            proof[i] = U256::ZERO;
        }
        assert_eq!(with(proof), Refusal::ProofPointAtInfinity {});
    }
    // Off the curve.
    for index in 0..8 {
        let mut proof = good.proof.0;
        proof[index] ^= U256::ONE;
        assert_eq!(with(proof), Refusal::PrecompileFailed {}, "coordinate {index}");
    }
    // On the twist, but not in its subgroup.
    let stray = ProofWords::new(&G1Affine::identity(), &outside_subgroup(), &G1Affine::identity());
    let mut proof = good.proof.0;
    proof[2..6].copy_from_slice(&stray.0[2..6]);
    assert_eq!(with(proof), Refusal::PrecompileFailed {});
    // Valid points that prove nothing.
    let mut proof = good.proof.0;
    proof.swap(0, 6);
    proof.swap(1, 7);
    assert_eq!(with(proof), Refusal::ProofRejected {});
    rig.submit(&good).unwrap();
}

fn every_public_input_counts<C: Chain>(rig: &Rig<C>) {
    rig.furnish();
    rig.open(5, 9);
    rig.open(6, 9);
    rig.publish(101, 2).unwrap();
    let policy = OpenRequest {
        policy_digest: Fr::from(0x7002),
        ..rig.request(7, 10)
    };
    rig.write().open_request(&rig.audience, &policy).unwrap();
    let good = rig.submission(5, 77, 3);
    for bad in [
        Submission {
            registry_root: Fr::from(101),
            ..good
        },
        Submission {
            request_digest: Fr::from(6),
            ..good
        },
        Submission {
            request_digest: Fr::from(7),
            ..good
        },
        Submission {
            nullifier: Fr::from(78),
            ..good
        },
        Submission {
            consent_handle: handle(4),
            ..good
        },
    ] {
        assert_eq!(refusal(rig.submit(&bad)), Refusal::ProofRejected {});
    }
    // The policy alone: all else as the request with the other policy has it.
    let inputs = PublicInputs {
        request_digest: Fr::from(7),
        ..inputs_of(&good)
    };
    assert_eq!(refusal(rig.submit(&rig.presented(&inputs))), Refusal::ProofRejected {});
    let inputs = PublicInputs {
        policy_digest: Fr::from(0x7002),
        ..inputs
    };
    rig.submit(&rig.presented(&inputs)).unwrap();
    rig.submit(&good).unwrap();
}

fn a_key_from_active_to_revoked<C: Chain>(rig: &Rig<C>) {
    rig.furnish();
    rig.open(5, 9);
    let key_id = registration().key_id;
    let status = rig.ledger().key_status(key_id).unwrap();
    assert_eq!(
        (status.state, status.tier, status.circuit_version),
        (KeyState::Active, 2, 1)
    );
    assert!(status.development && status.since > 0);
    let registered = status.since;
    assert_eq!(rig.ledger().verifying_key(key_id).unwrap(), registration().key);
    rig.submit(&rig.submission(5, 76, 3)).unwrap();

    rig.decree(&Action::RetireKey(key_id)).unwrap();
    let status = rig.ledger().key_status(key_id).unwrap();
    assert_eq!(status.state, KeyState::Retiring);
    assert!(status.since > registered && status.since <= status.block.time);
    rig.publish(100, 1).unwrap();
    rig.submit(&rig.submission(5, 77, 3)).unwrap();
    let refused = refusal(rig.write().open_request(&rig.audience, &rig.request(6, 9)));
    assert_eq!(
        refused,
        Refusal::KeyNotActive {
            key_id,
            state: KeyState::Retiring
        }
    );

    // All of the threshold, but no time-lock.
    let [first, second, _] = &rig.members;
    let revoke = Action::RevokeKey(key_id);
    let id = rig.write().propose(first, &revoke).unwrap();
    let refused = refusal(rig.write().execute(first, id, &revoke));
    assert!(matches!(refused, Refusal::NotEnoughApprovals { .. }));
    rig.write().approve(second, id).unwrap();
    rig.write().execute(first, id, &revoke).unwrap();
    let refused = refusal(rig.submit(&rig.submission(5, 78, 3)));
    assert_eq!(
        refused,
        Refusal::KeyNotUsable {
            key_id,
            state: KeyState::Revoked
        }
    );
    assert_eq!(rig.ledger().key_status(key_id).unwrap().state, KeyState::Revoked);
    // For ever.
    let register = Action::RegisterKey(Box::new(registration()));
    let refused = refusal(rig.decree(&register));
    assert_eq!(refused, Refusal::KeyAlreadyRegistered { key_id });
    let refused = refusal(rig.decree(&Action::RetireKey(key_id)));
    assert_eq!(
        refused,
        Refusal::KeyNotActive {
            key_id,
            state: KeyState::Revoked
        }
    );
    let unknown = B256::repeat_byte(9);
    for (key_id, state) in [(key_id, KeyState::Revoked), (unknown, KeyState::Unknown)] {
        let refused = refusal(rig.decree(&Action::RevokeKey(key_id)));
        assert_eq!(refused, Refusal::KeyNotUsable { key_id, state });
    }
    assert_eq!(rig.ledger().key_status(unknown).unwrap().state, KeyState::Unknown);
    let refused = refusal(rig.ledger().verifying_key(unknown));
    assert_eq!(
        refused,
        Refusal::KeyNotUsable {
            key_id: unknown,
            state: KeyState::Unknown
        }
    );
}

fn unsound_keys<C: Chain>(rig: &Rig<C>) {
    let points = key_points();
    let good = KeyWords::from(&points);
    let refused = |key: KeyWords| {
        let registration = medproof_ledger::KeyRegistration { key, ..registration() };
        refusal(rig.decree(&Action::RegisterKey(Box::new(registration))))
    };
    let q = base_modulus();

    for ic in [vec![], good.ic[..5].to_vec(), [&good.ic[..], &good.ic[..1]].concat()] {
        let found = ic.len() as u64;
        let key = KeyWords { ic, ..good.clone() };
        assert_eq!(refused(key), Refusal::InputCountDiffers { expected: 6, found });
    }
    // beta, gamma, delta: any two equal, or each other's negative.
    let negative = |p: G2Affine| {
        KeyWords::from(&medproof_ledger::VerifyingKeyPoints {
            beta: -p,
            ..points.clone()
        })
        .beta
    };
    for key in [
        KeyWords {
            gamma: good.delta,
            ..good.clone()
        },
        KeyWords {
            gamma: good.beta,
            ..good.clone()
        },
        KeyWords {
            delta: good.beta,
            ..good.clone()
        },
        KeyWords {
            delta: negative(points.gamma),
            ..good.clone()
        },
    ] {
        assert_eq!(refused(key), Refusal::KeyPointsRelated {});
    }
    let (g1, g2) = generators();
    for key in [
        KeyWords {
            alpha: g1,
            ..good.clone()
        },
        KeyWords {
            alpha: [g1[0], q - g1[1]],
            ..good.clone()
        },
        KeyWords {
            beta: g2,
            ..good.clone()
        },
        KeyWords {
            gamma: [g2[0], g2[1], q - g2[2], q - g2[3]],
            ..good.clone()
        },
        KeyWords {
            delta: g2,
            ..good.clone()
        },
        KeyWords {
            delta: [g2[0], g2[1], q - g2[2], q - g2[3]],
            ..good.clone()
        },
    ] {
        assert_eq!(refused(key), Refusal::PointIsGenerator {});
    }
    let edit = |change: &dyn Fn(&mut KeyWords)| {
        let mut key = good.clone();
        change(&mut key);
        key
    };
    for key in [
        edit(&|k| k.alpha = [U256::ZERO; 2]),
        edit(&|k| k.beta = [U256::ZERO; 4]),
        edit(&|k| k.gamma = [U256::ZERO; 4]),
        edit(&|k| k.delta = [U256::ZERO; 4]),
        edit(&|k| k.ic[0] = [U256::ZERO; 2]),
        edit(&|k| k.ic[5] = [U256::ZERO; 2]),
    ] {
        assert_eq!(refused(key), Refusal::PointAtInfinity {});
    }
    for key in [
        edit(&|k| k.alpha[0] += q),
        edit(&|k| k.alpha[1] += q),
        edit(&|k| k.ic[3][0] += q),
        edit(&|k| k.ic[3][1] += q),
        edit(&|k| k.beta[0] += q),
        edit(&|k| k.gamma[1] += q),
        edit(&|k| k.delta[3] += q),
    ] {
        assert!(matches!(refused(key), Refusal::CoordinateNotCanonical { .. }));
    }
    for key in [edit(&|k| k.alpha[1] ^= U256::ONE), edit(&|k| k.ic[5][0] ^= U256::ONE)] {
        assert_eq!(refused(key), Refusal::PointNotOnCurve {});
    }
    let stray = ProofWords::new(&G1Affine::identity(), &outside_subgroup(), &G1Affine::identity());
    let stray: [U256; 4] = stray.0[2..6].try_into().unwrap();
    for key in [
        edit(&|k| k.beta[3] ^= U256::ONE),
        edit(&|k| k.beta = stray),
        edit(&|k| k.gamma = stray),
        edit(&|k| k.delta = stray),
    ] {
        assert_eq!(refused(key), Refusal::PointNotInSubgroup {});
    }
    let zero = medproof_ledger::KeyRegistration {
        key_id: B256::ZERO,
        ..registration()
    };
    let zero = refusal(rig.decree(&Action::RegisterKey(Box::new(zero))));
    assert_eq!(zero, Refusal::KeyIdZero {});
    // A key of another setup is sound, but proves nothing under it.
    rig.furnish();
    let other = medproof_ledger::KeyRegistration {
        key_id: B256::repeat_byte(2),
        key: (&proofs::other_key_points()).into(),
        ..registration()
    };
    rig.decree(&Action::RegisterKey(Box::new(other))).unwrap();
    rig.publish(100, 1).unwrap();
    let request = OpenRequest {
        key_id: B256::repeat_byte(2),
        ..rig.request(5, 9)
    };
    rig.write().open_request(&rig.audience, &request).unwrap();
    assert_eq!(
        refusal(rig.submit(&rig.submission(5, 77, 3))),
        Refusal::ProofRejected {}
    );
}

fn only_the_council_governs<C: Chain>(rig: &Rig<C>) {
    let stranger = &rig.stranger;
    let action = Action::AdmitIssuer(stranger.address());
    let not_a_member = Refusal::NotAMember {
        caller: stranger.address(),
    };
    assert_eq!(refusal(rig.write().propose(stranger, &action)), not_a_member);
    let id = rig.write().propose(&rig.members[0], &action).unwrap();
    assert_eq!(refusal(rig.write().approve(stranger, id)), not_a_member);
    assert_eq!(refusal(rig.write().withdraw(stranger, id)), not_a_member);
    assert_eq!(refusal(rig.write().execute(stranger, id, &action)), not_a_member);
    // Past the council, even a member is a stranger.
    let d = rig.write().deployment();
    let key = KeyRegistry::revokeKeyCall { keyId: B256::ZERO };
    let direct = [
        (
            d.records,
            RecordRegistry::admitIssuerCall {
                account: stranger.address(),
            }
            .abi_encode(),
        ),
        (
            d.records,
            RecordRegistry::suspendIssuerCall {
                account: stranger.address(),
            }
            .abi_encode(),
        ),
        (
            d.records,
            RecordRegistry::reinstateIssuerCall {
                account: stranger.address(),
            }
            .abi_encode(),
        ),
        (d.records, RecordRegistry::pauseCall {}.abi_encode()),
        (d.records, RecordRegistry::unpauseCall {}.abi_encode()),
        (d.keys, key.abi_encode()),
        (d.keys, KeyRegistry::retireKeyCall { keyId: B256::ZERO }.abi_encode()),
    ];
    let member = &rig.members[0];
    for (to, data) in direct {
        let refused = refusal(rig.chain().transact(member, Call { to, data }));
        assert_eq!(
            refused,
            Refusal::NotGovernance {
                caller: member.address()
            }
        );
    }
    let register = KeyRegistry::registerKeyCall {
        keyId: B256::repeat_byte(1),
        tier: 1,
        circuitVersion: 1,
        matrixDigest: B256::ZERO,
        development_: true,
        vk: (&registration().key).into(),
    };
    let call = Call {
        to: d.keys,
        data: register.abi_encode(),
    };
    let refused = refusal(rig.chain().transact(member, call));
    assert_eq!(
        refused,
        Refusal::NotGovernance {
            caller: member.address()
        }
    );
    let council = Governance::setCouncilCall {
        members: vec![stranger.address()],
        threshold: 1,
        pauseThreshold: 1,
        delay: 0,
    };
    let call = Call {
        to: d.governance,
        data: council.abi_encode(),
    };
    let refused = refusal(rig.chain().transact(member, call));
    assert_eq!(
        refused,
        Refusal::NotTheCouncil {
            caller: member.address()
        }
    );
    // A call of what is no contract would succeed and do nothing.
    let target = stranger.address();
    let propose = Governance::proposeCall {
        target,
        data: RecordRegistry::pauseCall {}.abi_encode().into(),
    };
    let call = Call {
        to: d.governance,
        data: propose.abi_encode(),
    };
    let refused = refusal(rig.chain().transact(member, call));
    assert_eq!(refused, Refusal::TargetWithoutCode { target });
}

fn the_time_lock<C: Chain>(rig: &Rig<C>) {
    let [first, second, third] = &rig.members;
    let action = Action::AdmitIssuer(rig.issuer.address());
    let id = rig.write().propose(first, &action).unwrap();
    // Waiting alone is not approval.
    rig.advance(DELAY + 1);
    let refused = refusal(rig.write().execute(first, id, &action));
    assert_eq!(
        refused,
        Refusal::NotEnoughApprovals {
            id: id.0,
            approvals: 1,
            required: 2
        }
    );
    let refused = refusal(rig.write().approve(first, id));
    assert_eq!(
        refused,
        Refusal::AlreadyApproved {
            id: id.0,
            member: first.address()
        }
    );
    // The lock runs from the last approval that was needed.
    rig.write().approve(second, id).unwrap();
    let status = rig.ledger().proposal(id).unwrap();
    assert_eq!((status.approvals, status.required, status.executed), (2, 2, false));
    let ready_at = status.ready_at.unwrap();
    let locked = Refusal::TimeLocked { id: id.0, ready_at };
    assert_eq!(refusal(rig.write().execute(first, id, &action)), locked);
    rig.advance(DELAY / 2);
    assert_eq!(refusal(rig.write().execute(first, id, &action)), locked);
    // An approval taken back starts it over.
    rig.write().withdraw(second, id).unwrap();
    rig.advance(DELAY);
    let refused = refusal(rig.write().execute(first, id, &action));
    assert!(matches!(refused, Refusal::NotEnoughApprovals { .. }));
    let refused = refusal(rig.write().withdraw(second, id));
    assert_eq!(
        refused,
        Refusal::NotApproved {
            id: id.0,
            member: second.address()
        }
    );
    rig.write().approve(third, id).unwrap();
    let refused = refusal(rig.write().execute(first, id, &action));
    assert!(matches!(refused, Refusal::TimeLocked { .. }));
    rig.advance(DELAY + 1);
    // Only what was proposed.
    let other = Action::AdmitIssuer(rig.stranger.address());
    let refused = refusal(rig.write().execute(first, id, &other));
    assert_eq!(refused, Refusal::ProposalActionDiffers { id: id.0 });
    rig.write().execute(first, id, &action).unwrap();
    let refused = refusal(rig.write().execute(first, id, &action));
    assert_eq!(refused, Refusal::ProposalExecuted { id: id.0 });
    assert!(rig.ledger().proposal(id).unwrap().executed);

    let refused = refusal(rig.write().approve(first, ProposalId(99)));
    assert_eq!(refused, Refusal::ProposalUnknown { id: 99 });
    let refused = refusal(rig.ledger().proposal(ProposalId(99)));
    assert_eq!(refused, Refusal::ProposalUnknown { id: 99 });
    let id = rig.write().propose(first, &other).unwrap();
    rig.advance(61 * 86_400);
    let refused = refusal(rig.write().approve(second, id));
    assert_eq!(refused, Refusal::ProposalExpired { id: id.0 });
}

fn a_new_council<C: Chain>(rig: &Rig<C>) {
    let [first, second, third] = &rig.members;
    let open = rig.write().propose(first, &Action::Unpause).unwrap();
    let of = |members: Vec<medproof_ledger::Address>, threshold, pause_threshold, delay| {
        Action::SetCouncil(Council {
            members,
            threshold,
            pause_threshold,
            delay,
        })
    };
    let (a, b) = (rig.stranger.address(), rig.audience.address());
    let many = (0..65)
        .map(|i| medproof_ledger::Address::with_last_byte(i + 1))
        .collect();
    for members in [vec![], vec![a, a], vec![a, Default::default()], many] {
        let refused = refusal(rig.decree(&of(members, 1, 1, 0)));
        assert_eq!(refused, Refusal::MembersInvalid {});
    }
    for (threshold, pause) in [(0, 0), (3, 1), (2, 2), (2, 0), (1, 2)] {
        let refused = refusal(rig.decree(&of(vec![a, b], threshold, pause, 0)));
        assert!(
            matches!(refused, Refusal::ThresholdInvalid { .. }),
            "{threshold} {pause}"
        );
    }
    let refused = refusal(rig.decree(&of(vec![a, b], 2, 1, 31 * 86_400)));
    assert!(matches!(refused, Refusal::DelayOutOfRange { .. }));

    rig.decree(&of(vec![a, b, third.address()], 3, 1, 60)).unwrap();
    let council = rig.ledger().council().unwrap();
    assert_eq!((council.members.len(), council.threshold, council.delay), (3, 3, 60));
    let refused = refusal(rig.write().propose(first, &Action::Pause));
    assert_eq!(
        refused,
        Refusal::NotAMember {
            caller: first.address()
        }
    );
    let refused = refusal(rig.write().propose(second, &Action::Pause));
    assert_eq!(
        refused,
        Refusal::NotAMember {
            caller: second.address()
        }
    );
    // What the old one left open is void, also for who stayed.
    let refused = refusal(rig.write().approve(third, open));
    assert_eq!(refused, Refusal::ProposalVoid { id: open.0 });
    rig.write().propose(third, &Action::Pause).unwrap();
}

fn development_keys_in_production<C: Chain>(rig: &Rig<C>) {
    use alloy_sol_types::SolConstructor;
    // A key registry outside development, governed by an account: only the flag is at stake.
    let member = &rig.members[0];
    let arguments = KeyRegistry::constructorCall {
        governance_: member.address(),
        development_: false,
    };
    let code = [KeyRegistry::BYTECODE.as_ref(), &arguments.abi_encode()].concat();
    let keys = rig.chain().deploy(member, code).unwrap().created.unwrap();
    let register = |key_id: B256, development: bool| {
        let data = KeyRegistry::registerKeyCall {
            keyId: key_id,
            tier: 1,
            circuitVersion: 1,
            matrixDigest: B256::ZERO,
            development_: development,
            vk: (&registration().key).into(),
        };
        rig.chain().transact(
            member,
            Call {
                to: keys,
                data: data.abi_encode(),
            },
        )
    };
    let key_id = B256::repeat_byte(1);
    assert_eq!(
        refusal(register(key_id, true)),
        Refusal::DevelopmentKeyRefused { key_id }
    );
    register(key_id, false).unwrap();

    // Nor does a council without development take a time-lock that is none.
    let arguments = Governance::constructorCall {
        members: vec![member.address()],
        threshold: 1,
        pauseThreshold: 1,
        delay: 3599,
        development: false,
    };
    let code = [Governance::BYTECODE.as_ref(), &arguments.abi_encode()].concat();
    let refused = refusal(rig.chain().deploy(member, code));
    assert!(matches!(
        refused,
        Refusal::DelayOutOfRange {
            delay: 3599,
            minimum: 3600,
            ..
        }
    ));

    // And a grace period has an end.
    let arguments = RecordRegistry::constructorCall {
        governance_: member.address(),
        grace_: "604801".parse().unwrap(),
    };
    let code = [RecordRegistry::BYTECODE.as_ref(), &arguments.abi_encode()].concat();
    let refused = refusal(rig.chain().deploy(member, code));
    assert_eq!(
        refused,
        Refusal::GraceOutOfRange {
            grace: 604_801,
            maximum: 604_800
        }
    );
}

/// Whoever reads the chain can tell afterwards what changed, in which block, and by whom.
fn every_change_leaves_its_event<C: Chain>(rig: &Rig<C>) {
    fn of<E: SolEvent>() -> B256 {
        E::SIGNATURE_HASH
    }
    let events = |receipt: Receipt| -> Vec<B256> { receipt.logs.iter().map(|log| log.topics[0]).collect() };
    let decided = |action: Action, event: B256| {
        let found = events(rig.decree(&action).unwrap());
        assert_eq!(found, [of::<Governance::Executed>(), event], "{action:?}");
    };
    let (issuer, key_id) = (rig.issuer.address(), registration().key_id);
    decided(Action::AdmitIssuer(issuer), of::<RecordRegistry::IssuerAdmitted>());
    decided(
        Action::RegisterKey(Box::new(registration())),
        of::<KeyRegistry::KeyRegistered>(),
    );
    let published = rig.publish(100, 1).unwrap();
    assert_eq!(published.logs[0].topics[1], issuer.into_word());
    assert_eq!(events(published), [of::<RecordRegistry::RootPublished>()]);
    let heartbeat = rig.publish(100, 1).unwrap();
    assert_eq!(events(heartbeat), [of::<RecordRegistry::Heartbeat>()]);

    let opened = rig.write().open_request(&rig.audience, &rig.request(5, 9)).unwrap();
    assert_eq!(opened.logs[0].topics[1], rig.audience.address().into_word());
    assert_eq!(events(opened), [of::<DisclosureRegistry::RequestOpened>()]);
    let answered = rig.submit(&rig.submission(5, 77, 3)).unwrap();
    assert_eq!(events(answered), [of::<DisclosureRegistry::DisclosureRecorded>()]);
    let revoked = rig.write().revoke_consent(&rig.stranger, Fr::from(3)).unwrap();
    assert_eq!(events(revoked), [of::<ConsentRegistry::ConsentRevoked>()]);

    decided(Action::SuspendIssuer(issuer), of::<RecordRegistry::IssuerSuspended>());
    decided(
        Action::ReinstateIssuer(issuer),
        of::<RecordRegistry::IssuerReinstated>(),
    );
    decided(Action::RetireKey(key_id), of::<KeyRegistry::KeyRetiring>());
    decided(Action::RevokeKey(key_id), of::<KeyRegistry::KeyRevoked>());
    decided(Action::Pause, of::<RecordRegistry::Paused>());
    decided(Action::Unpause, of::<RecordRegistry::Unpaused>());
    let id = rig.write().propose(&rig.members[0], &Action::Pause).unwrap();
    let approved = rig.write().approve(&rig.members[1], id).unwrap();
    assert_eq!(approved.logs[0].topics[2], rig.members[1].address().into_word());
    assert_eq!(events(approved), [of::<Governance::Approved>()]);
}

fn inputs_of(submission: &Submission) -> PublicInputs {
    PublicInputs {
        registry_root: submission.registry_root,
        policy_digest: policy(),
        request_digest: submission.request_digest,
        nullifier: submission.nullifier,
        consent_handle: submission.consent_handle,
    }
}

fn scalar_modulus() -> U256 {
    word(&-Fr::ONE) + U256::ONE
}

fn base_modulus() -> U256 {
    word(&-Fq::ONE) + U256::ONE
}

fn generators() -> ([U256; 2], [U256; 4]) {
    use ark_ec::AffineRepr;
    let key = KeyWords::from(&medproof_ledger::VerifyingKeyPoints {
        alpha: G1Affine::generator(),
        beta: G2Affine::generator(),
        ..key_points()
    });
    (key.alpha, key.beta)
}

/// A point of the twist outside the subgroup of order r: most are.
fn outside_subgroup() -> G2Affine {
    use ark_bn254::Fq2;
    (1u64..)
        .filter_map(|x| G2Affine::get_point_from_x_unchecked(Fq2::new(Fq::from(x), Fq::ZERO), false))
        .find(|p| p.is_on_curve() && !p.is_in_correct_subgroup_assuming_on_curve())
        .unwrap()
}

#[test]
fn moduli() {
    assert_eq!(U256::from_limbs(Fr::MODULUS.0), scalar_modulus());
    assert_eq!(U256::from_limbs(Fq::MODULUS.0), base_modulus());
}

#[test]
fn more_heads_than_are_read_at_once_are_all_read_in_their_order() {
    let rig = support::rig::embedded();
    let log = LogId(B256::repeat_byte(1));
    let head = |number: u64| B256::from(U256::from(number));
    for number in 1..=501 {
        rig.write().publish_log_head(&rig.issuer, log, head(number)).unwrap();
        // A page that is full is not taken for the last one.
        if number < 500 {
            continue;
        }
        let found = rig.ledger().log_heads(rig.issuer.address(), log).unwrap();
        assert!(
            found.iter().map(|found| found.head).eq((1..=number).map(head)),
            "{number}"
        );
    }
}
