//! What a ceremony's folder says of it: a plan, and a transcript whose signatures are made anew for each input, so that
//! what is behind them is reached; and what is said of the key that came of it.

use crate::honest::ceremony::{KEPT, PLAN, TRANSCRIPT, contributor};
use crate::oracle::{canonical, ends_where_it_ends, refused};
use crate::target::Verdict;
use medproof_ceremony::library::{Manifest, State};
use medproof_ceremony::transcript::{BEACON, Plan, Transcript};
use medproof_keys::Sha256Digest;
use medproof_messages::KeyId;

/// A plan.
pub fn plan(input: &[u8]) -> Verdict {
    match Plan::read(input) {
        Err(error) => refused(&error),
        Ok(plan) => {
            canonical(input, &plan.to_bytes());
            ends_where_it_ends(input, |other| Plan::read(other).is_ok());
            assert_eq!(plan.digest(), Sha256Digest::of(input));
            assert!(plan.contributors >= if plan.development { 1 } else { 2 });
            assert!((10..=40).contains(&plan.beacon.iterations));
            Verdict::Accepted
        }
    }
}

/// A transcript of the corpus' plan: as it is, and signed anew.
pub fn transcript(input: &[u8]) -> Verdict {
    let as_it_is = read(input);
    if let Some(transcript) = &as_it_is {
        for (turn, honest) in transcript.turns.iter().zip(&TRANSCRIPT.turns) {
            assert!(turn.signature.is_none() || turn == honest, "nobody signed this turn");
        }
        let signed = transcript.turns.iter().filter(|turn| turn.signature.is_some()).count();
        assert!(signed <= 3, "a turn that nobody signed");
    }
    let anew = signed_anew(input).is_some_and(|transcript| {
        let bytes = transcript.to_bytes();
        let Some(found) = read(&bytes) else { return false };
        assert_eq!(found, transcript);
        if found.turns.last().is_some_and(|turn| turn.signature.is_some()) {
            // Whatever was changed, somebody signed it.
            let mut changed = bytes;
            let at = changed.len() * (input.len() % 101) / 101;
            changed[at] ^= 1;
            assert!(Transcript::read(&changed, &PLAN).is_err(), "changed at {at}");
        }
        true
    });
    if anew || as_it_is.is_some() {
        Verdict::Accepted
    } else {
        Verdict::Refused
    }
}

fn read(bytes: &[u8]) -> Option<Transcript> {
    match Transcript::read(bytes, &PLAN) {
        Err(error) => {
            refused(&error);
            None
        }
        Ok(transcript) => {
            canonical(bytes, &transcript.to_bytes());
            ends_where_it_ends(bytes, |other| Transcript::read(other, &PLAN).is_ok());
            for turn in &transcript.turns {
                assert!(turn.signature.is_some() || turn.contributor == BEACON);
                assert!(!turn.contributor.chars().any(char::is_control));
            }
            let other = Plan {
                contributors: 7,
                ..PLAN.clone()
            };
            let replayed = Transcript::read(bytes, &other).is_ok();
            assert!(!replayed || transcript.turns.is_empty(), "another plan's");
            Some(transcript)
        }
    }
}

// Linked anew, and signed where it was signed, each turn by a key of its own.
fn signed_anew(input: &[u8]) -> Option<Transcript> {
    let mut transcript: Transcript = serde_json::from_slice(input).ok()?;
    let mut previous = PLAN.digest();
    for (i, turn) in transcript.turns.iter_mut().enumerate() {
        turn.turn = i as u32 + 1;
        turn.previous = previous;
        if turn.signature.is_some() {
            *turn = turn.clone().signed(&contributor(i));
        }
        previous = turn.digest();
    }
    Some(transcript)
}

/// The manifest of a key that is kept.
pub fn kept_key(input: &[u8]) -> Verdict {
    let id = KeyId(KEPT.key_id.0);
    match Manifest::read(input, id) {
        Err(error) => refused(&error),
        Ok(manifest) => {
            canonical(input, &manifest.to_bytes());
            ends_where_it_ends(input, |other| Manifest::read(other, id).is_ok());
            assert!(Manifest::read(input, KeyId([0; 32])).is_err(), "another key's");
            lived(&manifest);
            Verdict::Accepted
        }
    }
}

// Forwards in time and in state, and revoked for good.
fn lived(manifest: &Manifest) {
    let steps = manifest.life.steps();
    let rank = |state: State| match state {
        State::Development | State::Active => 0,
        State::Retiring => 1,
        State::Revoked => 2,
    };
    assert!(steps.first().is_some_and(|step| rank(step.state) == 0));
    for pair in steps.windows(2) {
        assert!(rank(pair[0].state) < rank(pair[1].state) && pair[0].since <= pair[1].since);
    }
    let now = manifest.life.now();
    let answers = [0, now.since, u64::MAX].map(|asked| manifest.life.answers(asked));
    match now.state {
        State::Development | State::Active => assert_eq!(answers, [true; 3]),
        State::Retiring => assert_eq!(answers, [now.since > 0, false, false]),
        State::Revoked => assert_eq!(answers, [false; 3]),
    }
    for to in [State::Development, State::Active] {
        assert!(manifest.life.clone().turn(to, u64::MAX).is_err());
    }
}
