//! The verifier: whatever of the honest world is changed, it accepts the honest meaning or
//! nothing.

use super::trust_bundle::{insert_before, signed};
use crate::honest::messages::REQUEST;
use crate::honest::world::{self, View};
use crate::mutate::edges::INTEGERS;
use crate::oracle::refused;
use crate::target::Verdict;
use medproof_claims::Claim;
use medproof_messages::encoding::Hex;
use medproof_messages::{Presentation, Proof, SignedRequest};
use medproof_statement::request::Time;
use medproof_verifier::ledger::{Issuer, KeyStatus, RootEntry, Snapshot};
use medproof_verifier::{Settings, TrustBundle, Verified, Verifier};
use std::sync::LazyLock;

static VERIFIER: LazyLock<Verifier> = LazyLock::new(world::verifier);
static CLAIM: LazyLock<Claim> = LazyLock::new(world::claim);
static PRESENTATION: LazyLock<Vec<u8>> = LazyLock::new(|| world::presentation().to_bytes().to_vec());

// What was verified is what the honest parties meant.
fn meant(verified: &Verified) -> Verdict {
    let honest = world::presentation().public;
    assert_eq!(verified.nullifier(), honest.nullifier);
    assert_eq!(verified.consent_handle(), honest.consent_handle);
    assert_eq!(verified.registry_root(), honest.registry_root);
    assert_eq!(verified.request_digest(), honest.request_digest);
    assert_eq!(verified.claim_id(), CLAIM.id());
    assert_eq!(verified.as_of(), REQUEST.body().as_of);
    assert_eq!(verified.tier(), REQUEST.body().tier);
    assert_eq!(verified.purpose(), REQUEST.body().purpose);
    assert_eq!(verified.subject(), REQUEST.body().subject);
    assert_eq!(verified.nonce(), &REQUEST.body().nonce);
    assert_eq!(verified.issuer(), world::HOSPITAL);
    Verdict::Accepted
}

/// A presentation, in bytes or in JSON.
pub fn presentation(input: &[u8]) -> Verdict {
    match VERIFIER.verify(input, &REQUEST, &CLAIM, &world::view(), world::now()) {
        Err(error) => refused(&error),
        Ok(verified) => {
            let read = Presentation::from_bytes(input).or_else(|_| Presentation::from_json(input));
            let read = read.expect("what is accepted is a presentation");
            let honest = world::presentation();
            assert_eq!((read.key_id, read.public), (honest.key_id, honest.public));
            let (proof, ours) = (read.proof, honest.proof);
            // Of a proof anybody can make another one; here, by the signs of A and B.
            let negated = Proof::new(-*ours.a(), -*ours.b(), *ours.c()).unwrap();
            assert!(proof == ours || proof == negated, "a proof that nobody made");
            meant(&verified)
        }
    }
}

/// A request without its signature: the audience signs it, whatever it says.
pub fn request(input: &[u8]) -> Verdict {
    let signature = world::audience().sign("medproof/v1/request", input);
    let bytes = insert_before(
        input,
        b",\"subject\":",
        &format!(",\"signature\":\"{}\"", Hex(signature)),
    );
    let read = SignedRequest::from_json(&bytes).and_then(SignedRequest::verify);
    let request = match read {
        Err(error) => return refused(&error),
        Ok(request) => request,
    };
    match VERIFIER.verify(
        &PRESENTATION,
        &request,
        &request.body().claim,
        &world::view(),
        world::now(),
    ) {
        Err(error) => refused(&error),
        Ok(verified) => {
            // The endpoint and the wish for a consent are not what is proved.
            let (mut asked, honest) = (request.body().clone(), REQUEST.body());
            asked.endpoint = honest.endpoint.clone();
            asked.consent = honest.consent;
            assert_eq!(&asked, honest, "an answer to another request");
            meant(&verified)
        }
    }
}

/// A claim.
pub fn claim(input: &[u8]) -> Verdict {
    let Ok(claim) = Claim::parse(input) else {
        return Verdict::Refused;
    };
    match VERIFIER.verify(&PRESENTATION, &REQUEST, &claim, &world::view(), world::now()) {
        Err(error) => refused(&error),
        Ok(verified) => {
            assert_eq!(claim, *CLAIM, "another claim's proof");
            meant(&verified)
        }
    }
}

/// A trust bundle without its signature: the operator signs it, whatever it says.
pub fn bundle(input: &[u8]) -> Verdict {
    let bundle = match TrustBundle::open(&signed(input), &world::stranger().did()) {
        Err(error) => return refused(&error),
        Ok(bundle) => bundle,
    };
    let now = world::now();
    let answer = VERIFIER.verify(&PRESENTATION, &REQUEST, &CLAIM, &bundle, now);
    let body = bundle.body();
    let honest = world::presentation();
    let view = View {
        snapshot: Snapshot {
            ledger: body.ledger,
            block: body.block,
            finalised: body.finalised,
            paused: body.paused,
            valid_until: Some(body.expires_at),
        },
        roots: body
            .roots
            .iter()
            .filter(|(root, _)| *root == honest.public.registry_root)
            .map(|(_, e)| *e)
            .collect(),
        revoked: body.revoked.clone(),
        key: body
            .keys
            .iter()
            .find(|(key, _)| key.id() == honest.key_id)
            .map_or(KeyStatus::Unknown, |(_, s)| *s),
        broken: false,
    };
    judged(answer, &view, now)
}

/// Numbers for the fields of a view, and the time.
pub fn view(input: &[u8]) -> Verdict {
    let mut numbers = input.iter().copied();
    let mut byte = || numbers.next().unwrap_or(0);
    let mut view = world::view();
    let flags = byte();
    view.snapshot.finalised = flags & 3 != 3;
    view.snapshot.paused = flags & 12 == 12;
    let near = |byte: u8| match byte {
        0..=15 => Time::new(*INTEGERS.get(usize::from(byte) * 3).unwrap_or(&0)).ok(),
        _ => Time::new(world::START.wrapping_add(OFFSETS[usize::from(byte) % OFFSETS.len()] as u64)).ok(),
    };
    let time = |byte: u8| near(byte).unwrap_or_else(world::now);
    view.snapshot.valid_until = (flags & 16 != 0).then(|| time(byte()));
    view.snapshot.block.time = time(byte());
    if flags & 96 == 96 {
        view.snapshot.ledger = world::other_ledger();
    }
    view.key = match byte() % 6 {
        0 | 1 => KeyStatus::Active,
        2 | 3 => KeyStatus::Retiring { since: time(byte()) },
        4 => KeyStatus::Revoked,
        _ => KeyStatus::Unknown,
    };
    view.roots = (0..byte() % 4)
        .map(|_| {
            let flags = byte();
            RootEntry {
                issuer: if flags & 1 == 0 {
                    world::HOSPITAL
                } else {
                    Issuer([byte(); 20])
                },
                suspended: flags & 6 == 6,
                epoch: u64::from(byte()),
                size: u64::from(byte()),
                published_at: time(byte()),
                superseded_at: (flags & 8 != 0).then(|| time(byte())),
                last_publication_at: time(byte()),
            }
        })
        .collect();
    if byte() & 7 == 7 {
        view.revoked.push(world::handle());
    }
    let now = time(byte());
    let answer = VERIFIER.verify(&PRESENTATION, &REQUEST, &CLAIM, &view, now);
    judged(answer, &view, now)
}

/// Seconds from the request at which something ends.
const OFFSETS: &[i64] = &[
    0, 1, -1, 59, 60, 61, 360, 361, 359, 599, 600, 601, -3_540, -3_539, -3_541, -86_340, -86_339, -86_341, 86_400, -10,
];

// The verifier's answer is the one that the view's own words give.
fn judged(answer: Result<Verified, medproof_verifier::Refusal>, view: &View, now: Time) -> Verdict {
    assert_eq!(
        answer.is_ok(),
        holds(view, now.seconds()),
        "{answer:?}\n{view:?} at {now:?}"
    );
    match answer {
        Err(error) => refused(&error),
        Ok(verified) => meant(&verified),
    }
}

fn holds(view: &View, now: u64) -> bool {
    let snapshot = &view.snapshot;
    let mut ours: Vec<&RootEntry> = view
        .roots
        .iter()
        .filter(|entry| entry.issuer == world::HOSPITAL)
        .collect();
    // The hospital may have published a root twice; the first time counts.
    ours.sort_by_key(|entry| entry.published_at);
    let open = (world::START..world::START + world::LIFE).contains(&now);
    let fresh = |entry: &&&RootEntry| {
        !entry.suspended
            && now.saturating_sub(entry.last_publication_at.seconds()) < Settings::MAX_AGE
            && entry
                .superseded_at
                .is_none_or(|at| now.saturating_sub(at.seconds()) < Settings::GRACE)
    };
    let key = match view.key {
        KeyStatus::Active => true,
        KeyStatus::Retiring { since } => world::START < since.seconds(),
        KeyStatus::Revoked | KeyStatus::Unknown => false,
    };
    open && key
        && snapshot.ledger == world::ledger()
        && snapshot.finalised
        && !snapshot.paused
        && snapshot.valid_until.is_none_or(|until| now < until.seconds())
        && snapshot.block.time.seconds() <= now + Settings::CLOCK_SKEW
        && ours.first().filter(fresh).is_some()
        && !view.revoked.contains(&world::handle())
}
