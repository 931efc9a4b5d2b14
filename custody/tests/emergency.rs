//! Custodians come to a key, sign an emergency consent, and what they sign is what natively and in the
//! circuit counts as the emergency key's signature, for emergencies alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use medproof_claims::Claim;
use medproof_custody::CustodyError;
use medproof_custody::ceremony::{self, First, Second};
use medproof_custody::custodian::Custodian;
use medproof_custody::group::Group;
use medproof_custody::sealed::{Cost, Passphrase, SealedError};
use medproof_custody::signing::{Commitment, SignatureShare, Signing, combine};
use medproof_messages::key::KeyId;
use medproof_messages::terms::{ConsentKind, Endpoint, Ledger, ScopeLabel};
use medproof_messages::{AudienceKey, ConsentError, ConsentMessage, Grant, RequestBody, VerifiedRequest};
use medproof_soundness::{accepted, refused};
use medproof_statement::Fr;
use medproof_statement::check::Violation;
use medproof_statement::day::Day;
use medproof_statement::eddsa::PublicKey;
use medproof_statement::request::{Purpose, Time};
use medproof_statement::testing::{Case, fact, facts};
use medproof_statement::tier::Tier;
use rand_core::SeedableRng;
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;
use zeroize::Zeroizing;

fn passphrase(index: usize) -> Passphrase {
    Passphrase::new(Zeroizing::new(format!("the words of custodian {index}")))
}

fn time(seconds: u64) -> Time {
    Time::new(seconds).unwrap()
}

fn request(purpose: Purpose) -> VerifiedRequest {
    let audience = AudienceKey::from_seed([5; 32]).unwrap();
    let claim = br#"{"form":"medproof-claim/1","title":"Adult","clauses":[{"age":{"at_least":18}}]}"#;
    let body = RequestBody {
        audience: audience.did(),
        endpoint: Endpoint::parse("https://clinic.example/answers").unwrap(),
        purpose,
        subject: None,
        claim: Claim::parse(claim).unwrap(),
        as_of: Day::from_civil(2021, 4, 1).unwrap(),
        tier: Tier::Xs,
        scope: ScopeLabel::parse("admission").unwrap(),
        ledger: Ledger::new(31_337, [0xab; 20]).unwrap(),
        key_id: KeyId([3; 32]),
        nonce: [9; 32],
        requested_at: time(1_617_300_000),
        expires_at: time(1_617_300_600),
        consent: ConsentKind::Once,
    };
    body.sign(&audience).unwrap().verify().unwrap()
}

fn grant() -> Grant {
    Grant {
        kind: ConsentKind::Once,
        not_before: time(1_617_300_000),
        not_after: time(1_617_300_600),
        grant_id: Fr::from(77u64),
    }
}

/// Custodians, each with a directory.
struct Custodians {
    place: TempDir,
    group: Group,
}

impl Custodians {
    fn dealt(threshold: u16, custodians: u16) -> Custodians {
        let place = tempfile::tempdir().unwrap();
        let shares = ceremony::deal(threshold, custodians).unwrap();
        let group = shares[0].group().clone();
        for (index, share) in (1..).zip(shares) {
            let directory = place.path().join(index.to_string());
            Custodian::create(&directory, share, &passphrase(index), Cost::TRIAL).unwrap();
        }
        Custodians { place, group }
    }

    fn directory(&self, index: usize) -> PathBuf {
        self.place.path().join(index.to_string())
    }

    fn open(&self, index: usize) -> Custodian {
        Custodian::open(&self.directory(index), &passphrase(index)).unwrap()
    }

    fn commitments(&self, signers: &[usize]) -> Vec<Commitment> {
        // Each goes through its file.
        let given = signers
            .iter()
            .map(|index| self.open(*index).commit().unwrap().to_json());
        given.map(|file| Commitment::from_json(&file).unwrap()).collect()
    }

    fn asked(&self, signers: &[usize]) -> Signing {
        let commitments = self.commitments(signers);
        let signing = Signing::new(request(Purpose::EmergencyTreatment), grant(), commitments, &self.group);
        Signing::from_json(&signing.unwrap().to_json()).unwrap()
    }

    fn share(&self, index: usize, signing: &Signing) -> SignatureShare {
        let file = self.open(index).sign(signing).unwrap().to_json();
        SignatureShare::from_json(&file).unwrap()
    }

    fn consent(&self, signers: &[usize]) -> ConsentMessage {
        let signing = self.asked(signers);
        let shares: Vec<_> = signers.iter().map(|index| self.share(*index, &signing)).collect();
        let group = Group::from_json(&self.group.to_json()).unwrap();
        combine(&signing, &shares, &group).unwrap()
    }
}

// A patient of age who enrolled these custodians, in the relation for a request.
fn case(request: &VerifiedRequest, emergency: PublicKey) -> Case {
    let of_age = request.policy().table().criteria()[0];
    let mut case = Case::new(
        request.policy().clone(),
        facts(&[fact(of_age.concept_lo, of_age.date_hi.0, 1)]),
    );
    case.request = *request.statement();
    case.record.holder.emergency_pk = emergency;
    case.record.issued_on = request.body().as_of;
    case.consent.not_before = grant().not_before;
    case.consent.not_after = grant().not_after;
    case
}

#[test]
fn two_of_three_sign_what_the_circuit_takes_for_emergencies_alone() {
    let custodians = Custodians::dealt(2, 3);
    let key = custodians.group.key();
    for signers in [[1, 2], [3, 1]] {
        let consent = custodians.consent(&signers);
        let emergency = request(Purpose::EmergencyTreatment);
        let signed = consent.verify(&emergency, &key).unwrap();
        let (public, mut witness) = case(&emergency, key).prove().unwrap();
        assert_eq!(refused(public, &witness), Violation::Signature);
        witness.consent = signed.clone();
        let message = witness.consent.consent.message(&witness.request);
        let public = medproof_statement::check::public_inputs(&witness).unwrap();
        assert_eq!(message, consent.message());
        accepted(public, &witness);
    }
}

/// The custodians' key under a consent for another purpose: made past the software, which refuses to.
#[test]
fn for_any_other_purpose_neither_software_nor_circuit_takes_it() {
    let custodians = Custodians::dealt(2, 3);
    let key = custodians.group.key();
    let consent = custodians.consent(&[1, 2]);
    for purpose in Purpose::ALL.into_iter().filter(|p| *p != Purpose::EmergencyTreatment) {
        let other = request(purpose);
        let asked = Signing::new(
            other.clone(),
            grant(),
            custodians.commitments(&[1, 2]),
            &custodians.group,
        );
        assert!(matches!(asked, Err(CustodyError::Purpose { .. })));
        // What they signed for an emergency, put under another purpose.
        assert!(matches!(
            consent.verify(&other, &key),
            Err(ConsentError::Differs { field: "purpose" })
        ));
        let (_, mut witness) = case(&other, key).prove().unwrap();
        witness.consent = consent.signed().clone();
        let public = medproof_statement::check::public_inputs(&witness).unwrap();
        assert_eq!(refused(public, &witness), Violation::Signature);
    }
}

/// As above, with a signature that the custodians' key does verify over exactly that message.
#[test]
fn the_key_itself_signs_for_no_other_purpose() {
    use medproof_custody::suite::{BabyJubjub, message_bytes, statement_key, statement_signature};
    let secret = frost_core::SigningKey::<BabyJubjub>::deserialize(&{
        let mut bytes = [0; 32];
        bytes[0] = 42;
        bytes
    })
    .unwrap();
    let verifying = frost_core::VerifyingKey::from(&secret);
    let key = statement_key(&verifying).unwrap();
    let mut rng = rand_chacha::ChaCha20Rng::from_seed([8; 32]);
    for purpose in Purpose::ALL {
        let asked = request(purpose);
        let (_, mut witness) = case(&asked, key).prove().unwrap();
        let message = ConsentMessage::message_of(&asked, &grant());
        let signature = statement_signature(&secret.sign(&mut rng, &message_bytes(&message))).unwrap();
        assert_eq!(key.verify(message, &signature), Ok(()));
        let consent = ConsentMessage::with_signature(&asked, &grant(), &key, signature).unwrap();
        witness.consent = consent.signed().clone();
        let public = medproof_statement::check::public_inputs(&witness).unwrap();
        match purpose {
            Purpose::EmergencyTreatment => accepted(public, &witness),
            _ => assert_eq!(refused(public, &witness), Violation::Signature),
        }
    }
}

#[test]
fn one_custodian_alone_signs_nothing() {
    let custodians = Custodians::dealt(2, 3);
    let emergency = request(Purpose::EmergencyTreatment);
    let alone = Signing::new(
        emergency.clone(),
        grant(),
        custodians.commitments(&[1]),
        &custodians.group,
    );
    let few = |error: &CustodyError| matches!(error, CustodyError::TooFew { expected: 2, found: 1 });
    assert!(few(&alone.unwrap_err()));
    // A file that says otherwise than this software writes: the custodian looks for itself.
    let both = custodians.asked(&[1, 2]);
    let text = String::from_utf8(both.to_json()).unwrap();
    let (start, end) = (text.find("\",\"").unwrap(), text.find("],\"consent\"").unwrap());
    let one = format!("{}{}", &text[..=start], &text[end..]);
    let one = Signing::from_json(one.as_bytes()).unwrap();
    assert!(few(&custodians.open(1).sign(&one).unwrap_err()));
    // One share of two is no consent, nor a signature.
    let share = custodians.share(1, &both);
    assert!(few(
        &combine(&both, std::slice::from_ref(&share), &custodians.group).unwrap_err()
    ));
    let twice = combine(&both, &[share.clone(), share], &custodians.group);
    assert!(matches!(twice, Err(CustodyError::Twice { index: 1 })));
}

#[test]
fn a_wrong_share_is_named() {
    let custodians = Custodians::dealt(2, 3);
    let (signing, other) = (custodians.asked(&[1, 2]), custodians.asked(&[1, 2]));
    let first = custodians.share(1, &signing);
    // Of another signing: by its name, and with its name changed, by its value.
    let foreign = custodians.share(2, &other);
    let combined = combine(&signing, &[first.clone(), foreign.clone()], &custodians.group);
    assert!(matches!(combined, Err(CustodyError::OtherSigning { index: 2 })));
    let (text, name) = (
        String::from_utf8(foreign.to_json()).unwrap(),
        |share: &SignatureShare| {
            let text = String::from_utf8(share.to_json()).unwrap();
            text.split("signing\":\"").nth(1).unwrap()[..66].to_owned()
        },
    );
    let renamed = text.replace(&name(&foreign), &name(&first));
    let renamed = SignatureShare::from_json(renamed.as_bytes()).unwrap();
    let combined = combine(&signing, &[first.clone(), renamed], &custodians.group);
    assert!(matches!(combined, Err(CustodyError::WrongShare { index: 2 })));
    // Of another group.
    let strangers = Custodians::dealt(2, 3);
    let theirs = strangers.share(2, &strangers.asked(&[1, 2]));
    let combined = combine(&signing, &[first.clone(), theirs], &custodians.group);
    assert!(matches!(combined, Err(CustodyError::OtherGroup { index: 2 })));
    assert!(matches!(
        strangers.open(1).sign(&signing),
        Err(CustodyError::OtherGroup { index: 1 })
    ));
    // Of one who was not asked: the custodian says so itself.
    assert!(matches!(
        custodians.open(3).sign(&signing),
        Err(CustodyError::NotAsked { index: 3 })
    ));
    let second = custodians.share(2, &signing);
    combine(&signing, &[second, first], &custodians.group).unwrap();
}

#[test]
fn nonces_sign_once_also_from_a_copy() {
    let custodians = Custodians::dealt(2, 3);
    let commitments = custodians.commitments(&[1, 2]);
    let signing = |grant_id: u64| {
        let grant = Grant {
            grant_id: Fr::from(grant_id),
            ..grant()
        };
        let emergency = request(Purpose::EmergencyTreatment);
        Signing::new(emergency, grant, commitments.clone(), &custodians.group).unwrap()
    };
    let directory = custodians.directory(1);
    let nonces = || {
        let entries = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path());
        let of = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with("nonces-");
        entries.filter(of).collect::<Vec<_>>()
    };
    let kept = nonces();
    assert_eq!(kept.len(), 1);
    let copy = fs::read(&kept[0]).unwrap();
    custodians.share(1, &signing(1));
    assert_eq!(nonces().len(), 0);
    let spent = |result| matches!(result, Err(CustodyError::Spent { index: 1 }));
    // The same again, and another message with the same nonces, which would give the share away.
    assert!(spent(custodians.open(1).sign(&signing(1))));
    assert!(spent(custodians.open(1).sign(&signing(2))));
    fs::write(&kept[0], copy).unwrap();
    assert!(spent(custodians.open(1).sign(&signing(2))));
    // Of two at the same time one signs.
    let signing = custodians.asked(&[1, 2]);
    let at_once: Vec<bool> = std::thread::scope(|scope| {
        let sign = || custodians.open(1).sign(&signing).is_ok();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(sign)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(at_once.iter().filter(|signed| **signed).count(), 1);
}

#[test]
fn what_is_refused_uses_up_no_nonces() {
    let custodians = Custodians::dealt(2, 3);
    let signing = custodians.asked(&[1, 2]);
    // A commitment that was changed on its way: one's own under another's index.
    let text = String::from_utf8(signing.to_json()).unwrap();
    let swapped = text
        .replace("\\\"index\\\":1", "\\\"index\\\":9")
        .replace("\\\"index\\\":2", "\\\"index\\\":1")
        .replace("\\\"index\\\":9", "\\\"index\\\":2");
    let swapped = Signing::from_json(swapped.as_bytes()).unwrap();
    assert!(matches!(
        custodians.open(1).sign(&swapped),
        Err(CustodyError::UnknownNonces { index: 1 })
    ));
    // A grant that is over before the request is.
    let short = text.replace("\"not_after\":1617300600", "\"not_after\":1617300599");
    let short = Signing::from_json(short.as_bytes()).unwrap();
    assert!(matches!(
        custodians.open(1).sign(&short),
        Err(CustodyError::Consent(ConsentError::Period { .. }))
    ));
    let strange = text.replace("\\\"index\\\":2", "\\\"index\\\":4");
    let strange = Signing::from_json(strange.as_bytes()).unwrap();
    assert!(matches!(
        custodians.open(1).sign(&strange),
        Err(CustodyError::Stranger { index: 4, .. })
    ));
    custodians.share(1, &signing);
}

#[test]
fn a_share_opens_with_its_custodians_passphrase() {
    let custodians = Custodians::dealt(2, 3);
    let directory = custodians.directory(1);
    assert!(matches!(
        Custodian::open(&directory, &passphrase(2)),
        Err(CustodyError::Sealed(SealedError::Refused))
    ));
    let custodian = custodians.open(1);
    custodian.reseal(&passphrase(9), Cost::TRIAL).unwrap();
    assert!(Custodian::open(&directory, &passphrase(1)).is_err());
    let again = Custodian::open(&directory, &passphrase(9)).unwrap();
    assert_eq!((again.index(), again.key()), (1, custodians.group.key()));
    let share = ceremony::deal(2, 2).unwrap().remove(0);
    assert!(matches!(
        Custodian::create(&directory, share, &passphrase(1), Cost::TRIAL),
        Err(CustodyError::Stage { .. })
    ));
    assert!(matches!(ceremony::deal(1, 3), Err(CustodyError::Numbers { .. })));
    assert!(matches!(ceremony::deal(4, 3), Err(CustodyError::Numbers { .. })));
}

/// Three who make a key that nobody has.
struct Ceremony {
    place: TempDir,
    firsts: Vec<First>,
}

impl Ceremony {
    fn begun() -> Ceremony {
        let place = tempfile::tempdir().unwrap();
        let begin = |index: u16| {
            let directory = place.path().join(index.to_string());
            let file = ceremony::begin(&directory, index, 2, 3, &passphrase(index.into()), Cost::TRIAL);
            First::from_json(&file.unwrap().to_json()).unwrap()
        };
        let firsts = (1..=3).map(begin).collect();
        Ceremony { place, firsts }
    }

    fn directory(&self, index: usize) -> PathBuf {
        self.place.path().join(index.to_string())
    }

    fn exchange(&self, index: usize, firsts: &[First]) -> Result<Vec<Second>, CustodyError> {
        let (seconds, _) = ceremony::exchange(&self.directory(index), firsts, &passphrase(index))?;
        Ok(seconds
            .iter()
            .map(|second| Second::from_json(&second.to_json()).unwrap())
            .collect())
    }

    fn finish(&self, index: usize, seconds: &[Second]) -> Result<Custodian, CustodyError> {
        let directory = self.directory(index);
        let to_us: Vec<_> = seconds
            .iter()
            .filter(|s| usize::from(s.to()) == index)
            .cloned()
            .collect();
        let (share, _) = ceremony::finish(&directory, &to_us, &passphrase(index))?;
        let custodian = Custodian::create(&directory, share, &passphrase(index), Cost::TRIAL)?;
        ceremony::forget(&directory)?;
        Ok(custodian)
    }
}

#[test]
fn a_key_that_nobody_ever_had_signs() {
    let made = Ceremony::begun();
    let seconds: Vec<Second> = (1..=3).flat_map(|i| made.exchange(i, &made.firsts).unwrap()).collect();
    assert_eq!(seconds.len(), 6);
    let groups: Vec<Group> = (1..=3)
        .map(|i| made.finish(i, &seconds).unwrap().group().clone())
        .collect();
    assert!(groups.iter().all(|group| *group == groups[0]));
    let custodians = Custodians {
        place: made.place,
        group: groups[0].clone(),
    };
    let consent = custodians.consent(&[2, 3]);
    let emergency = request(Purpose::EmergencyTreatment);
    consent.verify(&emergency, &custodians.group.key()).unwrap();
}

#[test]
fn a_ceremony_in_which_somebody_cheats_ends() {
    let made = Ceremony::begun();
    let stranger = Ceremony::begun();
    // Another's first message under one's index, and one that is missing or twice there.
    let missing = made.exchange(1, &made.firsts[..2]);
    assert!(matches!(missing, Err(CustodyError::Missing { expected: 2, found: 1 })));
    let twice = [&made.firsts[..], &stranger.firsts[1..2]].concat();
    assert!(matches!(
        made.exchange(1, &twice),
        Err(CustodyError::Twice { index: 2 })
    ));
    let text = String::from_utf8(made.firsts[1].to_json()).unwrap();
    let claimed = First::from_json(text.replace("\"index\":2", "\"index\":3").as_bytes()).unwrap();
    let firsts = [made.firsts[1].clone(), claimed];
    assert!(matches!(
        made.exchange(1, &firsts),
        Err(CustodyError::WrongMessage { index: 3 })
    ));
    let text = text.replace("\"threshold\":2", "\"threshold\":3");
    let other = First::from_json(text.as_bytes()).unwrap();
    let firsts = [other, made.firsts[2].clone()];
    assert!(matches!(
        made.exchange(1, &firsts),
        Err(CustodyError::OtherCeremony { index: 2, .. })
    ));
    // One who tells two different things: the two do not open each other's shares.
    let told_two = [
        made.firsts[0].clone(),
        made.firsts[1].clone(),
        stranger.firsts[2].clone(),
    ];
    let mut seconds = made.exchange(1, &made.firsts).unwrap();
    seconds.extend(made.exchange(2, &told_two).unwrap());
    seconds.extend(made.exchange(3, &made.firsts).unwrap());
    assert!(matches!(
        made.finish(1, &seconds),
        Err(CustodyError::NotForUs { index: 2 })
    ));
    // What was answered is settled, and what is for another opens for nobody else.
    assert!(matches!(
        made.exchange(1, &made.firsts),
        Err(CustodyError::Stage { .. })
    ));
    let to_three: Vec<_> = seconds.iter().filter(|s| s.to() == 3).cloned().collect();
    let opened = ceremony::finish(&made.directory(1), &to_three, &passphrase(1));
    assert!(matches!(opened, Err(CustodyError::NotForUs { .. })));
}

#[test]
fn transport_keys_are_of_the_subgroup() {
    let made = Ceremony::begun();
    let text = String::from_utf8(made.firsts[0].to_json()).unwrap();
    let transport = text.split("transport\":\"0x").nth(1).unwrap()[..64].to_owned();
    // The identity, and the point of order two: (0, −1).
    let identity = format!("01{}", "00".repeat(31));
    let order_two = "000000f093f5e1439170b97948e833285d588181b64550b829a031e1724e6430";
    for bad in [identity.as_str(), order_two, &"ff".repeat(32)] {
        let read = First::from_json(text.replace(&transport, bad).as_bytes());
        assert!(matches!(read, Err(CustodyError::WrongMessage { index: 1 })), "{bad}");
    }
}

/// Whatever byte of a file is changed: it is refused, or says something else. Nothing panics.
#[test]
fn files_have_one_spelling() {
    let custodians = Custodians::dealt(2, 3);
    let signing = custodians.asked(&[1, 2]);
    let share = custodians.share(1, &signing);
    let made = Ceremony::begun();
    let second = made.exchange(1, &made.firsts).unwrap().remove(0);
    let commitment = custodians.commitments(&[1]).remove(0);
    type Read = fn(&[u8]) -> Option<Vec<u8>>;
    let files: [(Vec<u8>, Read); 6] = [
        (made.firsts[0].to_json(), |b| {
            First::from_json(b).ok().map(|m| m.to_json())
        }),
        (second.to_json(), |b| Second::from_json(b).ok().map(|m| m.to_json())),
        (commitment.to_json(), |b| {
            Commitment::from_json(b).ok().map(|m| m.to_json())
        }),
        (signing.to_json(), |b| Signing::from_json(b).ok().map(|m| m.to_json())),
        (share.to_json(), |b| {
            SignatureShare::from_json(b).ok().map(|m| m.to_json())
        }),
        (custodians.group.to_json(), |b| {
            Group::from_json(b).ok().map(|m| m.to_json())
        }),
    ];
    for (file, read) in files {
        assert_eq!(read(&file), Some(file.clone()));
        for at in 0..file.len() {
            let mut changed = file.clone();
            changed[at] ^= 1;
            assert!(read(&changed).is_none_or(|again| again == changed), "byte {at}");
            assert_eq!(read(&file[..at]), None, "cut at {at}");
        }
    }
}
