//! Everything that a verifier refuses, each with the one error that names it.
#![allow(clippy::unwrap_used)]

mod common;

use ark_bn254::{Bn254, G1Affine};
use ark_ec::CurveGroup;
use ark_ff::Field;
use ark_groth16::Groth16;
use common::*;
use medproof_messages::encoding::FieldHex;
use medproof_messages::key::KeyPoint;
use medproof_messages::presentation::PresentationError;
use medproof_messages::terms::{ConsentKind, Ledger, ScopeLabel};
use medproof_messages::*;
use medproof_statement::Fr;
use medproof_statement::public::PublicInputs;
use medproof_statement::request::{Purpose, Time};
use medproof_statement::tier::Tier;
use medproof_verifier::groth16::PreparedKey;
use medproof_verifier::ledger::*;
use medproof_verifier::*;
use std::collections::BTreeSet;

fn verify(presentation: &Presentation, request: &VerifiedRequest, view: &View, now: Time) -> Result<Verified, Refusal> {
    verifier().verify(&presentation.to_bytes(), request, &request.body().claim, view, now)
}

/// The good presentation against a view.
fn against(view: &View) -> Result<Verified, Refusal> {
    verify(presentation(), &request(), view, now())
}

/// The good presentation against a request of the same audience that differs.
fn swapped(change: impl FnOnce(&mut RequestBody)) -> Result<Verified, Refusal> {
    let mut other = body();
    change(&mut other);
    verify(presentation(), &signed(other, &audience()), &view(), now())
}

#[test]
fn a_good_presentation_is_verified_and_says_what_was_shown() {
    let (request, verifier) = (request(), verifier());
    let bytes = verifier
        .verify(&presentation().to_bytes(), &request, &claim(), &view(), now())
        .unwrap();
    let json = verifier
        .verify(&presentation().to_json(), &request, &claim(), &view(), now())
        .unwrap();
    assert_eq!(bytes, json);
    assert_eq!(
        bytes,
        verifier
            .verify_parsed(presentation(), &request, &claim(), &view(), now())
            .unwrap()
    );
    assert_eq!(bytes.nullifier(), Fr::from(1_234u64));
    assert_eq!(bytes.consent_handle(), handle());
    assert_eq!(bytes.registry_root(), root());
    assert_eq!(bytes.request_digest(), request.request_digest());
    assert_eq!(bytes.scope(), request.statement().scope);
    assert_eq!(bytes.nonce(), &[9; 32]);
    assert_eq!(bytes.claim_id(), claim().id());
    assert_eq!(bytes.as_of(), body().as_of);
    assert_eq!(bytes.tier(), Tier::S);
    assert_eq!(bytes.purpose(), Purpose::Research);
    assert_eq!(bytes.subject(), body().subject);
    assert_eq!((bytes.issuer(), bytes.epoch()), (HOSPITAL, 3));
    assert_eq!(bytes.block(), &view().snapshot.block);
    assert_eq!(bytes.key_id(), pinned().id());
    assert_eq!(bytes.verified_at(), now());
}

/// The oracle agrees about what is a proof.
#[test]
fn the_pairing_is_the_librarys() {
    let pvk = ark_groth16::prepare_verifying_key(&proving_key().vk);
    for seed in 10..15 {
        let inputs = PublicInputs {
            nullifier: Fr::from(seed),
            ..inputs(&request())
        };
        let proof = proof(&inputs, seed);
        assert!(Groth16::<Bn254>::verify_proof(&pvk, &proof, &inputs.to_array()).unwrap());
        assert!(verify(&present(&inputs, seed), &request(), &view(), now()).is_ok());
        let other = PublicInputs {
            nullifier: Fr::from(99u64),
            ..inputs
        };
        assert!(!Groth16::<Bn254>::verify_proof(&pvk, &proof, &other.to_array()).unwrap());
        let swapped = Presentation {
            public: other,
            ..present(&inputs, seed)
        };
        assert!(verify(&swapped, &request(), &view(), now()).is_err());
    }
}

/// Every refusal that there is, made to happen; the first field is its place in the enum.
fn refusals() -> Vec<Refusal> {
    let field = FieldHex;
    let id = pinned().id();
    let mut all = Vec::new();
    let mut expect = |found: Result<Verified, Refusal>, expected: Refusal| {
        assert_eq!(found.unwrap_err(), expected);
        all.push(expected);
    };
    let bytes = presentation().to_bytes();
    let length = PresentationError::Length {
        expected: 321,
        found: 320,
    };
    let cut = verifier().verify(&bytes[..320], &request(), &claim(), &view(), now());
    expect(cut, Refusal::Presentation(length));

    let development = PinnedKey::new(
        vk(proving_key()).unwrap(),
        KeyInfo {
            development: true,
            ..info()
        },
    );
    let prepared = PreparedKey::new(&development);
    let refused = Verifier::with_key(settings(), prepared).map(|_| ()).unwrap_err();
    assert_eq!(refused, Refusal::DevelopmentKey { key: development.id() });
    let refused = Verifier::new(settings(), &development).map(|_| ()).unwrap_err();
    assert_eq!(refused, Refusal::DevelopmentKey { key: development.id() });
    all.push(refused);
    let mut expect = |found: Result<Verified, Refusal>, expected: Refusal| {
        assert_eq!(found.unwrap_err(), expected);
        all.push(expected);
    };

    let other_key = KeyId([1; 32]);
    expect(
        swapped(|b| b.key_id = other_key),
        Refusal::RequestKey {
            expected: id,
            found: other_key,
        },
    );
    let renamed = Presentation {
        key_id: other_key,
        ..*presentation()
    };
    let refused = verify(&renamed, &request(), &view(), now());
    expect(
        refused,
        Refusal::PresentationKey {
            expected: id,
            found: other_key,
        },
    );
    expect(
        swapped(|b| b.tier = Tier::M),
        Refusal::Tier {
            expected: Tier::S,
            found: Tier::M,
        },
    );

    let theirs = signed(
        RequestBody {
            audience: stranger().did(),
            ..body()
        },
        &stranger(),
    );
    let refused = verify(presentation(), &theirs, &view(), now());
    expect(
        refused,
        Refusal::Audience {
            expected: audience().did(),
            found: stranger().did(),
        },
    );
    let refused = swapped(|b| b.ledger = other_ledger());
    expect(
        refused,
        Refusal::RequestLedger {
            expected: ledger(),
            found: other_ledger(),
        },
    );
    let refused = verifier().verify(&bytes, &request(), &adult(21), &view(), now());
    expect(
        refused,
        Refusal::Claim {
            expected: field(adult(21).id()),
            found: field(claim().id()),
        },
    );

    let early = verify(presentation(), &request(), &view(), time(START - 1));
    expect(
        early,
        Refusal::NotYet {
            requested_at: START,
            now: START - 1,
        },
    );
    let late = verify(presentation(), &request(), &view(), time(START + LIFE));
    expect(
        late,
        Refusal::Expired {
            expires_at: START + LIFE,
            now: START + LIFE,
        },
    );

    let yesterday = signed(
        RequestBody {
            as_of: body().as_of.pred(),
            ..body()
        },
        &audience(),
    );
    let (expected, found) = (field(yesterday.policy_digest()), field(request().policy_digest()));
    expect(
        verify(presentation(), &yesterday, &view(), now()),
        Refusal::Policy { expected, found },
    );
    let again = signed(
        RequestBody {
            nonce: [8; 32],
            ..body()
        },
        &audience(),
    );
    let (expected, found) = (field(again.request_digest()), field(request().request_digest()));
    expect(
        verify(presentation(), &again, &view(), now()),
        Refusal::Request { expected, found },
    );

    let mut forged = *presentation();
    forged.public.nullifier += Fr::ONE;
    expect(verify(&forged, &request(), &view(), now()), Refusal::Proof { key: id });

    let broken = Refusal::Unavailable(Unavailable {
        reason: "no connection".into(),
    });
    expect(against(&View { broken: true, ..view() }), broken);
    let at = |change: fn(&mut Snapshot)| {
        let mut view = view();
        change(&mut view.snapshot);
        against(&view)
    };
    let found = other_ledger();
    expect(
        at(|s| s.ledger = other_ledger()),
        Refusal::ViewLedger {
            expected: ledger(),
            found,
        },
    );
    let now = START + 60;
    let expired = at(|s| s.valid_until = Some(time(START + 60)));
    expect(expired, Refusal::ViewExpired { valid_until: now, now });
    let ahead = at(|s| s.block.time = time(START + 60 + Settings::CLOCK_SKEW + 1));
    expect(ahead, Refusal::Clock { block: now + 301, now });
    expect(at(|s| s.finalised = false), Refusal::NotFinal { number: 77 });
    expect(at(|s| s.paused = true), Refusal::Paused);

    let key = |key| against(&View { key, ..view() });
    expect(key(KeyStatus::Unknown), Refusal::KeyUnknown { key: id });
    let retired = Refusal::KeyRetired {
        key: id,
        since: START,
        requested_at: START,
    };
    expect(key(KeyStatus::Retiring { since: time(START) }), retired);
    expect(key(KeyStatus::Revoked), Refusal::KeyRevoked { key: id });

    let with = |change: fn(&mut RootEntry)| {
        let mut entry = entry();
        change(&mut entry);
        against(&View {
            roots: vec![entry],
            ..view()
        })
    };
    let root = field(root());
    expect(
        against(&View {
            roots: vec![],
            ..view()
        }),
        Refusal::RootUnknown { root },
    );
    let issuer = Issuer([0x22; 20]);
    expect(
        with(|e| e.issuer = Issuer([0x22; 20])),
        Refusal::IssuerNotAccepted { root, issuer },
    );
    expect(
        with(|e| e.suspended = true),
        Refusal::IssuerSuspended { issuer: HOSPITAL },
    );
    let superseded_at = now - Settings::GRACE;
    let superseded = with(|e| e.superseded_at = Some(time(START + 60 - Settings::GRACE)));
    expect(
        superseded,
        Refusal::RootSuperseded {
            superseded_at,
            grace: 3_600,
            now,
        },
    );
    let last_publication_at = now - Settings::MAX_AGE;
    let silent = with(|e| e.last_publication_at = time(START + 60 - Settings::MAX_AGE));
    expect(
        silent,
        Refusal::IssuerSilent {
            issuer: HOSPITAL,
            last_publication_at,
            max_age: 86_400,
            now,
        },
    );

    let revoked = against(&View {
        revoked: vec![handle()],
        ..view()
    });
    expect(
        revoked,
        Refusal::ConsentRevoked {
            consent_handle: field(handle()),
        },
    );
    // What the store refuses, the store's tests make happen.
    all.push(Refusal::AlreadyUsed {
        nullifier: field(Fr::from(1_234u64)),
    });
    all
}

/// Its place in the enum: a new variant does not compile before it has one, and a case above.
fn place(refusal: &Refusal) -> usize {
    match refusal {
        Refusal::Presentation(_) => 0,
        Refusal::DevelopmentKey { .. } => 1,
        Refusal::RequestKey { .. } => 2,
        Refusal::PresentationKey { .. } => 3,
        Refusal::Tier { .. } => 4,
        Refusal::Audience { .. } => 5,
        Refusal::RequestLedger { .. } => 6,
        Refusal::Claim { .. } => 7,
        Refusal::NotYet { .. } => 8,
        Refusal::Expired { .. } => 9,
        Refusal::Policy { .. } => 10,
        Refusal::Request { .. } => 11,
        Refusal::Proof { .. } => 12,
        Refusal::Unavailable(_) => 13,
        Refusal::ViewLedger { .. } => 14,
        Refusal::ViewExpired { .. } => 15,
        Refusal::Clock { .. } => 16,
        Refusal::NotFinal { .. } => 17,
        Refusal::Paused => 18,
        Refusal::KeyUnknown { .. } => 19,
        Refusal::KeyRetired { .. } => 20,
        Refusal::KeyRevoked { .. } => 21,
        Refusal::RootUnknown { .. } => 22,
        Refusal::IssuerNotAccepted { .. } => 23,
        Refusal::IssuerSuspended { .. } => 24,
        Refusal::RootSuperseded { .. } => 25,
        Refusal::IssuerSilent { .. } => 26,
        Refusal::ConsentRevoked { .. } => 27,
        Refusal::AlreadyUsed { .. } => 28,
    }
}

#[test]
fn every_refusal_happens_and_has_a_code_of_its_own() {
    let all = refusals();
    let places: Vec<usize> = all.iter().map(place).collect();
    assert_eq!(places, (0..29).collect::<Vec<_>>());
    let codes: BTreeSet<&str> = all.iter().map(Refusal::code).collect();
    assert_eq!(codes.len(), all.len());
    for refusal in &all {
        assert!(
            refusal
                .code()
                .bytes()
                .all(|c| c.is_ascii_lowercase() || c == b'.' || c == b'_')
        );
        assert!(refusal.to_string().contains(": "), "says what to do: {refusal}");
    }
}

#[test]
fn one_presentation_fits_one_request() {
    let policy = |result: Result<Verified, Refusal>| matches!(result, Err(Refusal::Policy { .. }));
    let other = |result: Result<Verified, Refusal>| matches!(result, Err(Refusal::Request { .. }));
    assert!(policy(swapped(|b| b.claim = adult(21))));
    assert!(policy(swapped(|b| b.as_of.0 -= 1)));
    assert!(other(swapped(|b| b.nonce[31] ^= 1)));
    assert!(other(swapped(|b| b.subject = None)));
    assert!(other(swapped(|b| b.purpose = Purpose::Payment)));
    assert!(other(swapped(|b| b.scope = ScopeLabel::parse("trial 8").unwrap())));
    assert!(other(swapped(|b| b.requested_at = time(START + 1))));
    assert!(other(swapped(|b| b.expires_at = time(START + LIFE + 1))));
    // The wish for a kind of consent is between audience and holder: the proof does not know it.
    assert!(swapped(|b| b.consent = ConsentKind::Standing).is_ok());
}

/// Relayed to another audience, or to a verifier that trusts another ledger.
#[test]
fn a_presentation_is_no_good_elsewhere() {
    let theirs = signed(
        RequestBody {
            audience: stranger().did(),
            ..body()
        },
        &stranger(),
    );
    let settings = Settings {
        audience: stranger().did(),
        ..settings()
    };
    let elsewhere = Verifier::new(settings, &pinned()).unwrap();
    let refused = elsewhere.verify_parsed(presentation(), &theirs, &claim(), &view(), now());
    assert!(matches!(refused, Err(Refusal::Request { .. })));

    let there = signed(
        RequestBody {
            ledger: other_ledger(),
            ..body()
        },
        &audience(),
    );
    let settings = Settings {
        ledger: other_ledger(),
        ..common::settings()
    };
    let mut view = view();
    view.snapshot.ledger = other_ledger();
    let elsewhere = Verifier::new(settings, &pinned()).unwrap();
    let refused = elsewhere.verify_parsed(presentation(), &there, &claim(), &view, now());
    assert!(matches!(refused, Err(Refusal::Request { .. })));
}

#[test]
fn to_the_second() {
    let at = |seconds| verify(presentation(), &request(), &view(), time(seconds)).map(|_| ());
    assert_eq!(at(START), Ok(()));
    assert_eq!(at(START + LIFE - 1), Ok(()));
    let now = now().seconds();
    let with = |change: &dyn Fn(&mut View)| {
        let mut view = view();
        change(&mut view);
        against(&view).map(|_| ())
    };
    assert_eq!(
        with(&|v| v.roots[0].superseded_at = Some(time(now - Settings::GRACE + 1))),
        Ok(())
    );
    assert_eq!(
        with(&|v| v.roots[0].last_publication_at = time(now - Settings::MAX_AGE + 1)),
        Ok(())
    );
    assert_eq!(
        with(&|v| v.snapshot.block.time = time(now + Settings::CLOCK_SKEW)),
        Ok(())
    );
    assert_eq!(with(&|v| v.snapshot.valid_until = Some(time(now + 1))), Ok(()));
    assert_eq!(
        with(&|v| v.key = KeyStatus::Retiring { since: time(START + 1) }),
        Ok(())
    );
    assert_eq!(with(&|v| v.revoked = vec![Fr::from(1u64)]), Ok(()));
}

/// Superseded counts from when another root took its place, not from its publication.
#[test]
fn an_old_root_is_good_while_it_is_current() {
    let mut view = view();
    view.roots[0].published_at = time(1);
    assert!(against(&view).is_ok());
}

#[test]
fn a_copied_root_is_its_first_publishers() {
    let copier = Issuer([0x01; 20]);
    let copy = RootEntry {
        issuer: copier,
        epoch: 9,
        published_at: time(START - 500),
        ..entry()
    };
    let view = View {
        roots: vec![copy, entry()],
        ..view()
    };
    // Believed or not, the copier does not get the record.
    assert_eq!(against(&view).unwrap().issuer(), HOSPITAL);
    for issuers in [Issuers::AllAdmitted, Issuers::Only(vec![copier, HOSPITAL])] {
        let all = Verifier::new(Settings { issuers, ..settings() }, &pinned()).unwrap();
        let verified = all
            .verify_parsed(presentation(), &request(), &claim(), &view, now())
            .unwrap();
        assert_eq!((verified.issuer(), verified.epoch()), (HOSPITAL, 3));
    }
    let none = Verifier::new(
        Settings {
            issuers: Issuers::Only(vec![]),
            ..settings()
        },
        &pinned(),
    )
    .unwrap();
    let refused = none.verify_parsed(presentation(), &request(), &claim(), &view, now());
    assert!(matches!(
        refused,
        Err(Refusal::IssuerNotAccepted { issuer: HOSPITAL, .. })
    ));
}

/// Who copies a root cannot keep alive what its issuer replaced, nor vouch for who was suspended.
#[test]
fn a_copy_neither_saves_nor_outlives_the_first_publishers_root() {
    let copy = RootEntry {
        issuer: Issuer([0x01; 20]),
        published_at: time(START - 500),
        ..entry()
    };
    let all = Verifier::new(
        Settings {
            issuers: Issuers::AllAdmitted,
            ..settings()
        },
        &pinned(),
    )
    .unwrap();
    let with = |first: RootEntry| {
        let view = View {
            roots: vec![copy, first],
            ..view()
        };
        all.verify_parsed(presentation(), &request(), &claim(), &view, now())
    };
    assert!(with(entry()).is_ok());
    let superseded = with(RootEntry {
        superseded_at: Some(time(now().seconds() - Settings::GRACE)),
        ..entry()
    });
    assert!(matches!(superseded, Err(Refusal::RootSuperseded { .. })));
    let suspended = with(RootEntry {
        suspended: true,
        ..entry()
    });
    assert!(matches!(suspended, Err(Refusal::IssuerSuspended { issuer: HOSPITAL })));
    let silent = with(RootEntry {
        last_publication_at: time(now().seconds() - Settings::MAX_AGE),
        ..entry()
    });
    assert!(matches!(silent, Err(Refusal::IssuerSilent { issuer: HOSPITAL, .. })));
}

#[test]
fn development_keys_work_in_development_mode_alone() {
    let key = PinnedKey::new(
        vk(proving_key()).unwrap(),
        KeyInfo {
            development: true,
            ..info()
        },
    );
    let request = signed(
        RequestBody {
            key_id: key.id(),
            ..body()
        },
        &audience(),
    );
    let presentation = Presentation {
        key_id: key.id(),
        ..present(&inputs(&request), 3)
    };
    let development = Verifier::new(
        Settings {
            mode: Mode::Development,
            ..settings()
        },
        &key,
    )
    .unwrap();
    assert!(
        development
            .verify_parsed(&presentation, &request, &claim(), &view(), now())
            .is_ok()
    );
    assert!(matches!(
        Verifier::new(settings(), &key),
        Err(Refusal::DevelopmentKey { .. })
    ));
}

/// Whoever knows that gamma is delta proves anything. The library accepts it; no such key gets
/// as far as our verifier.
#[test]
fn a_key_that_forges_is_refused_before_it_can() {
    let key = setup(4, true);
    let inputs = inputs(&request());
    let ic: G1Affine = key
        .vk
        .gamma_abc_g1
        .iter()
        .zip([Fr::ONE].into_iter().chain(inputs.to_array()))
        .map(|(point, input)| *point * input)
        .sum::<ark_bn254::G1Projective>()
        .into_affine();
    let forged = ark_groth16::Proof {
        a: key.vk.alpha_g1,
        b: key.vk.beta_g2,
        c: -ic,
    };
    let pvk = ark_groth16::prepare_verifying_key(&key.vk);
    assert!(Groth16::<Bn254>::verify_proof(&pvk, &forged, &inputs.to_array()).unwrap());
    let related = KeyError::Related {
        point: KeyPoint::Delta,
        other: KeyPoint::Gamma,
        factor: 1,
    };
    assert_eq!(vk(&key), Err(related));
}

/// The same trick with a proof that is well-formed does nothing against a sound key.
#[test]
fn the_forgery_fails_under_a_sound_key() {
    let vk = &proving_key().vk;
    let forged = Proof::new(vk.alpha_g1, vk.beta_g2, vk.gamma_abc_g1[0]).unwrap();
    let presentation = Presentation {
        proof: forged,
        ..*presentation()
    };
    assert_eq!(
        verify(&presentation, &request(), &view(), now()),
        Err(Refusal::Proof { key: pinned().id() })
    );
}

/// The library takes one input too few or too many; ours are five by their type, and bytes that
/// are more or fewer are refused.
#[test]
fn arity_is_checked_where_the_library_does_not() {
    let bytes = presentation().to_bytes();
    let verify = |bytes: &[u8]| verifier().verify(bytes, &request(), &claim(), &view(), now());
    for (bytes, found) in [(bytes[..289].to_vec(), 4), ([&bytes[..], &[0; 32]].concat(), 6)] {
        let expected = PresentationError::InputCount { expected: 5, found };
        assert_eq!(verify(&bytes), Err(Refusal::Presentation(expected)));
    }
}

#[test]
fn proof_points_do_not_stand_in_for_each_other() {
    let proof = presentation().proof;
    let bad = Refusal::Proof { key: pinned().id() };
    for (a, b, c) in [
        (*proof.c(), *proof.b(), *proof.a()),
        (-*proof.a(), *proof.b(), *proof.c()),
        (*proof.a(), -*proof.b(), *proof.c()),
        (*proof.a(), *proof.b(), -*proof.c()),
        (-*proof.a(), -*proof.b(), -*proof.c()),
    ] {
        let presentation = Presentation {
            proof: Proof::new(a, b, c).unwrap(),
            ..*presentation()
        };
        assert_eq!(verify(&presentation, &request(), &view(), now()), Err(bad.clone()));
    }
}

#[test]
fn another_ledger_has_another_id() {
    assert_ne!(ledger().id(), other_ledger().id());
    assert_ne!(ledger().id(), Ledger::new(1, *ledger().registry()).unwrap().id());
}
