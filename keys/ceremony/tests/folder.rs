//! A ceremony's folder: what is passed on holds, and nothing that was changed in it does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use ark_ff::Field;
use medproof_ceremony::FileError;
use medproof_ceremony::folder::{Folder, FolderError, Wanted};
use medproof_ceremony::phase1::{Powers, Verified as VerifiedPowers, make_insecure};
use medproof_ceremony::phase2::{Entropy, Initial, Verified};
use medproof_ceremony::transcript::{Announced, BEACON, Contributor, Plan, Transcript, TranscriptError};
use medproof_gadgets::shape::Matrices;
use medproof_keys::circom::read_zkey;
use medproof_keys::{Fr, Quiet, Sha256Digest};
use rayon::prelude::*;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use zeroize::Zeroizing;

fn circuit(links: usize) -> Matrices {
    let one = Fr::ONE;
    let square = |x: usize| vec![(one, 6 + x)];
    let a: Vec<_> = (0..links).map(square).collect();
    let c: Vec<_> = (0..links).map(|x| vec![(one, 7 + x), (one, x % 6)]).collect();
    Matrices::of_rows([a.clone(), a, c], 6, links + 1).unwrap()
}

struct Lab {
    folder: TempDir,
    powers: VerifiedPowers,
}

fn contributor(seed: u8) -> Contributor {
    Contributor::new(Zeroizing::new([seed; 32])).unwrap()
}

impl Lab {
    fn path(&self) -> PathBuf {
        self.folder.path().join("ceremony")
    }

    fn begin() -> Lab {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("powers.ptau");
        make_insecure(4, &[1; 32], &path, &Quiet).unwrap();
        let powers = VerifiedPowers::new(Powers::open(&path).unwrap(), &Quiet).unwrap();
        let lab = Lab { folder, powers };
        Folder::begin(&lab.path(), wanted(2), &circuit(8), &lab.powers, &Quiet).unwrap();
        lab
    }

    fn open(&self) -> Folder {
        Folder::open(&self.path()).unwrap()
    }

    fn initial(&self) -> Initial {
        self.open().initial(&circuit(8), Some(&self.powers), &Quiet).unwrap()
    }

    fn contribute(&self, name: &str, seed: u8) -> Result<(), FolderError> {
        let mut folder = self.open();
        let key = folder.verify(&self.initial(), &Quiet)?;
        let key = key.contribute(&Entropy::new(&[]).unwrap(), Some(name.into()), &Quiet)?;
        folder.add(&key, name, Some(&contributor(seed))).map(drop)
    }

    fn end(&self) {
        let mut folder = self.open();
        let key = folder.verify(&self.initial(), &Quiet).unwrap();
        let key = key.beacon(vec![3; 32], 10, None, &Quiet).unwrap();
        folder.add(&key, BEACON, None).unwrap();
    }

    /// Of two contributors, ended.
    fn finished() -> Lab {
        let lab = Lab::begin();
        lab.contribute("one", 1).unwrap();
        lab.contribute("two", 2).unwrap();
        lab.end();
        lab
    }
}

fn wanted(contributors: u32) -> Wanted {
    Wanted {
        development: false,
        name: "small".into(),
        version: 0,
        contributors,
        beacon: Announced {
            source: "the words of a test".into(),
            iterations: 10,
        },
    }
}

#[test]
fn a_ceremony_goes_from_hand_to_hand_and_is_finished() {
    let lab = Lab::begin();
    let unfinished = |lab: &Lab| {
        let key = lab.open().verify(&lab.initial(), &Quiet).unwrap();
        matches!(
            lab.open().check_finished(&key),
            Err(FolderError::Transcript(TranscriptError::Unfinished { .. }))
        )
    };
    assert!(unfinished(&lab));
    lab.contribute("one", 1).unwrap();
    // The same contributor again does not count, and is not taken.
    let again = lab.contribute("one again", 1).unwrap_err();
    assert!(matches!(
        again,
        FolderError::Transcript(TranscriptError::SameKey { turn: 2, other: 1 })
    ));
    assert_eq!(lab.open().transcript().turns.len(), 1);
    lab.contribute("two", 2).unwrap();
    assert!(unfinished(&lab));
    lab.end();
    assert!(!unfinished(&lab));
    assert!(lab.contribute("three", 3).is_err());
    assert_eq!(fs::read_dir(lab.path()).unwrap().count(), 5);
}

#[test]
fn a_beacon_before_enough_have_contributed_finishes_nothing() {
    let lab = Lab::begin();
    lab.contribute("one", 1).unwrap();
    lab.end();
    let key = lab.open().verify(&lab.initial(), &Quiet).unwrap();
    let refused = lab.open().check_finished(&key).unwrap_err();
    assert!(
        refused.to_string().contains("1 of at least 2 contributors"),
        "{refused}"
    );
}

#[test]
fn an_interrupted_step_is_made_again() {
    let lab = Lab::begin();
    lab.contribute("one", 1).unwrap();
    // A key was written and the transcript not; files were half written.
    for name in ["turn-2.zkey", "turn-2.zkey.partial", "transcript.json.partial"] {
        fs::write(lab.path().join(name), b"half").unwrap();
    }
    lab.contribute("two", 2).unwrap();
    lab.end();
    lab.open().verify(&lab.initial(), &Quiet).unwrap();
}

#[test]
fn a_plan_that_makes_no_ceremony_is_refused() {
    let lab = Lab::begin();
    let path = lab.folder.path().join("other");
    let cases: [fn(&mut Wanted); 5] = [
        |w| w.contributors = 1,
        |w| w.contributors = 0,
        |w| w.beacon.iterations = 9,
        |w| w.beacon.iterations = 41,
        |w| w.beacon.source = "  later ".into(),
    ];
    for change in cases {
        let mut other = wanted(2);
        change(&mut other);
        let refused = Folder::begin(&path, other, &circuit(8), &lab.powers, &Quiet).unwrap_err();
        assert!(
            matches!(refused, FolderError::Transcript(TranscriptError::Field { .. })),
            "{refused}"
        );
        assert!(!path.exists());
    }
    let again = Folder::begin(&lab.path(), wanted(2), &circuit(8), &lab.powers, &Quiet);
    assert!(matches!(again, Err(FolderError::Exists(_))));
}

// As if the transcript named the changed key's digest: what is in the key has to be found by itself.
fn refused(bytes: &[u8], initial: &Initial, folder: &Folder, last: Sha256Digest) -> bool {
    let Ok(key) = read_zkey(bytes) else { return true };
    let Ok(key) = Verified::new(key, initial, &Quiet) else {
        return true;
    };
    let turns = &key.key().contributions.turns;
    folder.transcript().check(folder.plan(), turns, last).is_err()
}

#[test]
fn every_byte_of_a_key_counts() {
    let lab = Lab::finished();
    let (folder, initial) = (lab.open(), lab.initial());
    let good = fs::read(folder.last_key()).unwrap();
    let last = Sha256Digest::of(&good);
    assert!(!refused(&good, &initial, &folder, last));
    // Headers and contributions whole, of queries and coefficients every third byte.
    let header = 12 + 12 + 4 + 12 + 84 + 3 * 64 + 3 * 128;
    let contributions = good.len() - 2000..good.len();
    let places = (0..good.len()).filter(|at| *at < header || contributions.contains(at) || at % 3 == 0);
    let places: Vec<usize> = places.collect();
    assert!(places.len() > 4_000, "{}", places.len());
    let accepted: Vec<usize> = (places.into_par_iter())
        .filter(|at| {
            let mut bytes = good.clone();
            bytes[*at] ^= 1 << (at % 8);
            !refused(&bytes, &initial, &folder, last)
        })
        .collect();
    assert_eq!(accepted, [0_usize; 0]);
}

#[test]
fn every_byte_of_plan_and_transcript_counts() {
    let lab = Lab::finished();
    let folder = lab.open();
    let (key, last) = (folder.verify(&lab.initial(), &Quiet).unwrap(), folder.last_key());
    let last = Sha256Digest::of(&fs::read(last).unwrap());
    let holds = || {
        let folder = Folder::open(&lab.path())?;
        folder
            .transcript()
            .check(folder.plan(), &key.key().contributions.turns, last)?;
        Ok::<_, FolderError>(())
    };
    for name in ["plan.json", "transcript.json"] {
        let path = lab.path().join(name);
        let good = fs::read(&path).unwrap();
        for at in 0..good.len() {
            for bit in [0, 5] {
                let mut bytes = good.clone();
                bytes[at] ^= 1 << bit;
                fs::write(&path, &bytes).unwrap();
                assert!(holds().is_err(), "{name}, byte {at}, bit {bit}");
            }
        }
        for other in [&good[..good.len() - 1], &[&good[..], b"\n"].concat(), b""] {
            fs::write(&path, other).unwrap();
            assert!(Folder::open(&lab.path()).is_err());
        }
        fs::write(&path, good).unwrap();
    }
    holds().unwrap();
}

fn altered(lab: &Lab, change: impl Fn(&mut Transcript)) -> Result<(), TranscriptError> {
    let folder = lab.open();
    let mut transcript = folder.transcript().clone();
    change(&mut transcript);
    let key = folder.verify(&lab.initial(), &Quiet).unwrap();
    let last = folder.transcript().turns.last().unwrap().key;
    let transcript = Transcript::read(&transcript.to_bytes(), folder.plan())?;
    transcript.check(folder.plan(), &key.key().contributions.turns, last)
}

#[test]
fn turns_that_were_moved_repeated_or_left_out_are_refused() {
    let lab = Lab::finished();
    assert!(altered(&lab, |_| ()).is_ok());
    let link = |number: u32, result: Result<(), TranscriptError>| {
        let refused = result.unwrap_err();
        assert!(
            matches!(refused, TranscriptError::Link { turn, .. } if turn == number),
            "{refused}"
        );
    };
    link(1, altered(&lab, |t| t.turns.swap(0, 1)));
    link(2, altered(&lab, |t| t.turns.insert(0, t.turns[0].clone())));
    link(1, altered(&lab, |t| drop(t.turns.remove(0))));
    link(2, altered(&lab, |t| drop(t.turns.remove(1))));
    // Numbered anew, and still not what was signed.
    link(
        1,
        altered(&lab, |t| {
            t.turns.remove(0);
            (1..).zip(&mut t.turns).for_each(|(number, turn)| turn.turn = number);
        }),
    );
    let short = altered(&lab, |t| drop(t.turns.pop())).unwrap_err();
    assert!(
        matches!(short, TranscriptError::Turns { transcript: 2, key: 3 }),
        "{short}"
    );
    let unsigned = altered(&lab, |t| t.turns[1].signature = None).unwrap_err();
    assert!(matches!(unsigned, TranscriptError::Field { .. }), "{unsigned}");
    // By the beacon's name too: what comes after links to the turn as it was signed.
    let unsigned = altered(&lab, |t| {
        t.turns[1].signature = None;
        t.turns[1].contributor = BEACON.into();
    });
    link(3, unsigned);
    // Signed by another: everything after it links to what was.
    link(
        2,
        altered(&lab, |t| t.turns[0] = t.turns[0].clone().signed(&contributor(9))),
    );
    let stolen = altered(&lab, |t| t.turns[0].signature = t.turns[1].signature.clone()).unwrap_err();
    assert!(matches!(stolen, TranscriptError::Signature { turn: 1 }), "{stolen}");
}

#[test]
fn a_turn_that_nobody_signed_is_refused() {
    let lab = Lab::begin();
    let mut folder = lab.open();
    let key = folder.verify(&lab.initial(), &Quiet).unwrap();
    let key = key.contribute(&Entropy::new(&[]).unwrap(), None, &Quiet).unwrap();
    let refused = folder.add(&key, BEACON, None).unwrap_err();
    assert!(
        matches!(refused, FolderError::Transcript(TranscriptError::Signature { turn: 1 })),
        "{refused}"
    );
    let refused = folder.add(&key, "nobody", None).unwrap_err();
    assert!(
        matches!(refused, FolderError::Transcript(TranscriptError::Field { .. })),
        "{refused}"
    );
    for name in ["", "a\nb", &"long".repeat(17)] {
        let refused = folder.add(&key, name, Some(&contributor(1))).unwrap_err();
        assert!(
            matches!(refused, FolderError::Transcript(TranscriptError::Field { .. })),
            "{refused}"
        );
    }
    assert!(lab.open().transcript().turns.is_empty());
}

#[test]
fn files_of_other_ceremonies_are_refused() {
    let (lab, other) = (Lab::finished(), Lab::finished());
    let swap = |name: &str| {
        let mine = fs::read(lab.path().join(name)).unwrap();
        fs::copy(other.path().join(name), lab.path().join(name)).unwrap();
        let opened = Folder::open(&lab.path());
        let held = opened.and_then(|folder| {
            let initial = folder.initial(&folder.circuit()?, None, &Quiet)?;
            folder.verify(&initial, &Quiet).map(drop)
        });
        fs::write(lab.path().join(name), mine).unwrap();
        held
    };
    // Both begin with the same powers, circuit and plan.
    assert!(swap("initial.zkey").is_ok() && swap("plan.json").is_ok() && swap("circuit.r1cs").is_ok());
    assert!(matches!(
        swap("transcript.json"),
        Err(FolderError::File(FileError::Altered { .. }))
    ));
    assert!(matches!(
        swap("turn-3.zkey"),
        Err(FolderError::File(FileError::Altered { .. }))
    ));
}

#[test]
fn another_circuit_and_other_powers_are_refused() {
    let lab = Lab::finished();
    let another = |links: usize, path: &Path| {
        let r1cs = medproof_gadgets::r1cs_file::write(&circuit(links), Default::default()).unwrap();
        fs::write(path, r1cs).unwrap();
    };
    another(7, &lab.path().join("circuit.r1cs"));
    assert!(matches!(lab.open().circuit(), Err(FolderError::OtherCircuit { .. })));
    another(8, &lab.path().join("circuit.r1cs"));
    assert!(lab.open().circuit().is_ok());
    assert!(matches!(
        lab.open().initial(&circuit(7), None, &Quiet),
        Err(FolderError::Phase2(_))
    ));
    let path = lab.folder.path().join("others.ptau");
    make_insecure(4, &[2; 32], &path, &Quiet).unwrap();
    let others = VerifiedPowers::new(Powers::open(&path).unwrap(), &Quiet).unwrap();
    let refused = lab.open().initial(&circuit(8), Some(&others), &Quiet).unwrap_err();
    assert!(
        matches!(refused, FolderError::File(FileError::Altered { .. })),
        "{refused}"
    );
}

// Who begins a ceremony with a key of their own is found out by who has the powers.
#[test]
fn a_beginning_that_is_not_of_the_powers_is_refused() {
    let lab = Lab::begin();
    let path = lab.folder.path().join("others.ptau");
    make_insecure(4, &[2; 32], &path, &Quiet).unwrap();
    let others = VerifiedPowers::new(Powers::open(&path).unwrap(), &Quiet).unwrap();
    let cheat = lab.folder.path().join("cheat");
    let begun = Folder::begin(&cheat, wanted(2), &circuit(8), &others, &Quiet).unwrap();
    let plan = Plan {
        powers: lab.open().plan().powers,
        ..begun.plan().clone()
    };
    fs::write(cheat.join("plan.json"), plan.to_bytes()).unwrap();
    let folder = Folder::open(&cheat).unwrap();
    assert!(folder.initial(&circuit(8), None, &Quiet).is_ok());
    let refused = folder.initial(&circuit(8), Some(&lab.powers), &Quiet).unwrap_err();
    assert!(matches!(refused, FolderError::Phase2(_)), "{refused}");
}
