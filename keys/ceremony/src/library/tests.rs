use super::*;
use crate::folder::{Folder, Wanted};
use crate::phase1::{Powers, Verified, make_insecure};
use crate::phase2::Entropy;
use crate::transcript::{Announced, BEACON, Contributor};
use ark_bn254::{Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{Field, UniformRand};
use ark_groth16::Groth16;
use ark_std::rand::SeedableRng;
use ark_std::rand::rngs::StdRng;
use medproof_keys::{Mode, Quiet};
use tempfile::TempDir;
use zeroize::Zeroizing;

const LINKS: usize = 8;

// x squared so many times; the last is the sum of the public inputs and of the constant.
fn circuit() -> Matrices {
    let one = Fr::ONE;
    let square = |x: usize| vec![(one, 6 + x)];
    let a: Vec<_> = (0..LINKS).map(square).collect();
    let c: Vec<_> = (0..LINKS).map(|x| vec![(one, 7 + x)]).collect();
    let sum: Vec<_> = (0..6).map(|i| (one, i)).collect();
    let ab = [a.as_slice(), &[vec![(one, 0)]]].concat();
    let bb = [a.as_slice(), &[vec![(one, 6 + LINKS)]]].concat();
    let cc = [c.as_slice(), &[sum]].concat();
    Matrices::of_rows([ab, bb, cc], 6, LINKS + 1).unwrap()
}

fn small(tier: Tier) -> Option<Shape> {
    (tier == Tier::Xs).then(|| circuit().shape())
}

struct World {
    folder: TempDir,
    powers: Verified,
}

impl World {
    fn new() -> World {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("powers.ptau");
        make_insecure(5, &[1; 32], &path, &Quiet).unwrap();
        let powers = Verified::new(Powers::open(&path).unwrap(), &Quiet).unwrap();
        World { folder, powers }
    }

    fn library(&self) -> KeyLibrary {
        KeyLibrary {
            root: self.folder.path().join("keys"),
            circuits: Circuits {
                shape: small,
                matrices: |_| Ok(circuit()),
            },
        }
    }

    // A ceremony by this name, of two contributors and a beacon.
    fn ceremony(&self, name: &str, wanted: impl FnOnce(&mut Wanted)) -> Result<Finished, crate::folder::FolderError> {
        let mut plan = Wanted {
            development: false,
            name: "tier XS".into(),
            version: CIRCUIT_VERSION,
            contributors: 2,
            beacon: Announced {
                source: "the words of a test".into(),
                iterations: 10,
            },
        };
        wanted(&mut plan);
        let path = self.folder.path().join(name);
        let mut folder = Folder::begin(&path, plan, &circuit(), &self.powers, &Quiet)?;
        let initial = folder.initial(&circuit(), Some(&self.powers), &Quiet)?;
        for seed in [1, 2] {
            let key = folder.verify(&initial, &Quiet)?;
            let key = key.contribute(&Entropy::new(&[]).unwrap(), None, &Quiet)?;
            folder.add(
                &key,
                "somebody",
                Some(&Contributor::new(Zeroizing::new([seed; 32])).unwrap()),
            )?;
        }
        let key = folder.verify(&initial, &Quiet)?.beacon(vec![3; 32], 10, None, &Quiet)?;
        folder.add(&key, BEACON, None)?;
        folder.finish(&self.powers, &Quiet)
    }

    fn kept(&self) -> Kept {
        let finished = self.ceremony("one", |_| {}).unwrap();
        self.library().add(&finished, 1000, &Quiet).unwrap()
    }

    fn path(&self, kept: &Kept, name: &str) -> PathBuf {
        self.library().directory(kept.id()).join(name)
    }

    // Makes the manifest vouch for a file that was changed.
    fn vouch(&self, kept: &Kept, name: &'static str, bytes: &[u8]) {
        fs::write(self.path(kept, name), bytes).unwrap();
        let mut manifest = self.library().manifest(kept.id()).unwrap();
        for file in manifest.files.iter_mut().filter(|file| file.name == name) {
            *file = FileEntry::of(name, bytes);
        }
        fs::write(self.path(kept, MANIFEST), manifest.to_bytes()).unwrap();
    }
}

// The public inputs' sum and the constant is x^(2^LINKS).
fn assignment() -> Vec<Fr> {
    let mut powers = vec![Fr::from(3)];
    (0..LINKS).for_each(|i| powers.push(powers[i] * powers[i]));
    let inputs = [1, 2, 3, 4].map(Fr::from);
    let last = powers[LINKS] - Fr::ONE - inputs.iter().sum::<Fr>();
    [&[Fr::ONE], &inputs[..], &[last], &powers].concat()
}

fn proves(key: &CircuitKey) -> bool {
    let z = assignment();
    let mut rng = StdRng::seed_from_u64(1);
    let (r, s) = (Fr::rand(&mut rng), Fr::rand(&mut rng));
    let matrices = key.matrices();
    let proof = Groth16::<medproof_keys::Bn254>::create_proof_with_reduction_and_matrices(
        key.proving(),
        r,
        s,
        matrices.abc(),
        matrices.inputs(),
        matrices.constraints(),
        &z,
    );
    let prepared = ark_groth16::prepare_verifying_key(key.verifying());
    let holds =
        |public: &[Fr]| Groth16::<medproof_keys::Bn254>::verify_proof(&prepared, &proof.clone().unwrap(), public);
    let mut other = z[1..6].to_vec();
    other[2] += Fr::ONE;
    holds(&z[1..6]).unwrap() && !holds(&other).unwrap()
}

#[test]
fn the_key_of_a_ceremony_is_kept_and_proves() {
    let world = World::new();
    let library = world.library();
    assert!(library.cards().unwrap().is_empty());
    let kept = world.kept();
    assert_eq!(kept.contributors, 2);
    assert_eq!(
        kept.life.now(),
        Step {
            state: State::Active,
            since: 1000
        }
    );
    let key = library.load(kept.id(), &Quiet).unwrap();
    assert_eq!(key.pinned(), &kept.card.pinned);
    assert!(!key.pinned().info().development);
    assert!(Mode::Production.admit(key.tier(), key.provenance()).is_ok());
    assert!(proves(&key));
    // What the engine goes by.
    let file = fs::read(world.path(&kept, KEY)).unwrap();
    assert_eq!(kept.card.proving, Sha256Digest::of(&file));
}

#[test]
fn taken_in_twice_it_stays_as_it_is() {
    let world = World::new();
    let finished = world.ceremony("one", |_| {}).unwrap();
    let first = world.library().add(&finished, 1000, &Quiet).unwrap();
    world.library().turn(first.id(), State::Retiring, 2000).unwrap();
    let again = world.library().add(&finished, 3000, &Quiet).unwrap();
    assert_eq!(
        again.life.now(),
        Step {
            state: State::Retiring,
            since: 2000
        }
    );
    assert_eq!(world.library().cards().unwrap().len(), 1);
}

#[test]
fn several_keys_of_a_tier_live_at_once() {
    let world = World::new();
    let library = world.library();
    let [one, other] = ["one", "other"].map(|name| {
        let finished = world.ceremony(name, |_| {}).unwrap();
        library.add(&finished, 1000, &Quiet).unwrap().id()
    });
    assert_ne!(one, other);
    library.turn(one, State::Retiring, 2000).unwrap();
    library.turn(one, State::Revoked, 3000).unwrap();
    let states: Vec<_> = library
        .cards()
        .unwrap()
        .iter()
        .map(|kept| (kept.id(), kept.life.now().state))
        .collect();
    let mut expected = vec![(one, State::Revoked), (other, State::Active)];
    expected.sort();
    assert_eq!(states, expected);
    let refused = library.turn(one, State::Retiring, 4000).unwrap_err();
    assert!(matches!(refused, LibraryError::Life { .. }), "{refused}");
}

#[test]
fn a_key_for_development_says_so() {
    let world = World::new();
    let finished = world.ceremony("one", |wanted| wanted.development = true).unwrap();
    let kept = world.library().add(&finished, 1000, &Quiet).unwrap();
    assert_eq!(kept.life.now().state, State::Development);
    let key = world.library().load(kept.id(), &Quiet).unwrap();
    assert!(key.pinned().info().development);
    assert!(Mode::Production.admit(key.tier(), key.provenance()).is_err());
}

#[test]
fn ceremonies_for_what_is_no_tier_are_not_taken_in() {
    let world = World::new();
    let changes: [fn(&mut Wanted); 3] = [
        |wanted| wanted.name = "circuit.r1cs".into(),
        |wanted| wanted.name = "tier S".into(),
        |wanted| wanted.version = CIRCUIT_VERSION + 1,
    ];
    for (i, change) in changes.into_iter().enumerate() {
        let finished = world.ceremony(&i.to_string(), change).unwrap();
        let refused = world.library().add(&finished, 1000, &Quiet).unwrap_err();
        assert!(matches!(refused, LibraryError::Circuit { .. }), "{refused}");
        assert!(world.library().cards().unwrap().is_empty());
    }
}

#[test]
fn what_was_altered_is_refused_with_both_digests() {
    let world = World::new();
    let kept = world.kept();
    for name in [KEY, VERIFYING, PLAN, TRANSCRIPT] {
        let path = world.path(&kept, name);
        let good = fs::read(&path).unwrap();
        let mut flipped = good.clone();
        flipped[good.len() / 2] ^= 1;
        for bad in [flipped, good[..good.len() - 1].to_vec(), Vec::new()] {
            fs::write(&path, &bad).unwrap();
            let library = world.library();
            let refused = library
                .card(kept.id())
                .and_then(|_| library.load(kept.id(), &Quiet))
                .unwrap_err();
            let words = refused.to_string();
            for part in [Sha256Digest::of(&good), Sha256Digest::of(&bad)] {
                assert!(words.contains(&part.to_string()), "{words}");
            }
        }
        fs::write(&path, good).unwrap();
    }
    assert!(world.library().load(kept.id(), &Quiet).is_ok());
}

// Digests keep nobody out who can write the manifest as well: a key that slips in with it must be one of a
// ceremony all the same.
#[test]
fn a_key_that_its_manifest_vouches_for_must_be_its_ceremonys() {
    let world = World::new();
    let kept = world.kept();
    let good = fs::read(world.path(&kept, KEY)).unwrap();
    let refuse = |change: &dyn Fn(&mut Zkey), expected: &str| {
        let mut zkey = read_zkey(&good).unwrap();
        change(&mut zkey);
        let bytes = medproof_keys::circom::write_zkey(&zkey).unwrap();
        world.vouch(&kept, KEY, &bytes);
        // The transcript too is whoever's who writes there.
        let plan = Plan::read(&fs::read(world.path(&kept, PLAN)).unwrap()).unwrap();
        let mut transcript = Transcript::read(&fs::read(world.path(&kept, TRANSCRIPT)).unwrap(), &plan).unwrap();
        let last = transcript.turns.len() - 1;
        transcript.turns[last].key = Sha256Digest::of(&bytes);
        let transcript = transcript.to_bytes();
        world.vouch(&kept, TRANSCRIPT, &transcript);
        let mut manifest = world.library().manifest(kept.id()).unwrap();
        manifest.transcript = Sha256Digest::of(&transcript);
        fs::write(world.path(&kept, MANIFEST), manifest.to_bytes()).unwrap();
        let refused = world.library().load(kept.id(), &Quiet).unwrap_err();
        assert!(refused.to_string().contains(expected), "{refused}");
    };
    let twice_g1 = |p: G1Affine| (p + p).into();
    let twice_g2 = |p: G2Affine| (p + p).into();
    refuse(
        &|key| (key.delta_g1, key.delta_g2) = (twice_g1(key.delta_g1), twice_g2(key.delta_g2)),
        "delta in G1",
    );
    refuse(&|key| key.delta_g2 = G2Affine::generator(), "delta in G2");
    refuse(&|key| key.a.swap(0, 1), "matrix A");
    refuse(&|key| key.ic[2] = twice_g1(key.ic[2]), "another key's");
    refuse(&|key| key.alpha_g1 = twice_g1(key.alpha_g1), "another key's");
    refuse(&|key| key.l_query.truncate(3), "is the file complete?");
    refuse(&|key| drop(key.contributions.turns.pop()), "3 turns, the key 2");
}

// Where contributors or the beacon are missing, whatever else fits.
#[test]
fn a_ceremony_that_was_cut_short_gives_no_key() {
    let world = World::new();
    let kept = world.kept();
    let zkey = read_zkey(&fs::read(world.path(&kept, KEY)).unwrap()).unwrap();
    let plan = Plan::read(&fs::read(world.path(&kept, PLAN)).unwrap()).unwrap();
    let good = fs::read(world.path(&kept, TRANSCRIPT)).unwrap();
    for turns in [0, 1, 2] {
        let mut short = zkey.clone();
        short.contributions.turns.truncate(turns);
        let bytes = medproof_keys::circom::write_zkey(&short).unwrap();
        world.vouch(&kept, KEY, &bytes);
        let mut transcript = Transcript::read(&good, &plan).unwrap();
        transcript.turns.truncate(turns);
        if turns == 0 {
            // Of no turn the plan says which key it is.
            let mut plan = plan.clone();
            plan.initial = Sha256Digest::of(&bytes);
            world.vouch(&kept, PLAN, &plan.to_bytes());
        }
        world.vouch(&kept, TRANSCRIPT, &transcript.to_bytes());
        let mut manifest = world.library().manifest(kept.id()).unwrap();
        manifest.transcript = Sha256Digest::of(&transcript.to_bytes());
        fs::write(world.path(&kept, MANIFEST), manifest.to_bytes()).unwrap();
        let refused = world.library().load(kept.id(), &Quiet).unwrap_err();
        assert!(matches!(refused, LibraryError::Papers { .. }), "{turns}: {refused}");
        world.vouch(&kept, PLAN, &plan.to_bytes());
    }
}

#[test]
fn a_manifest_that_says_other_things_than_its_papers_is_refused() {
    let world = World::new();
    let kept = world.kept();
    let good = world.library().manifest(kept.id()).unwrap();
    let changes: [fn(&mut Manifest); 7] = [
        |m| m.format = "medproof-kept-key/2".into(),
        |m| m.key_id = Sha256Digest([1; 32]),
        |m| m.tier = "S".into(),
        |m| m.circuit_version += 1,
        |m| m.matrix_digest = Sha256Digest([1; 32]),
        |m| m.transcript = Sha256Digest([1; 32]),
        |m| m.life = Life::begin(true, 1000),
    ];
    for change in changes {
        let mut other = good.clone();
        change(&mut other);
        fs::write(world.path(&kept, MANIFEST), other.to_bytes()).unwrap();
        assert!(world.library().load(kept.id(), &Quiet).is_err());
    }
    fs::write(world.path(&kept, MANIFEST), [good.to_bytes(), vec![b' ']].concat()).unwrap();
    assert!(world.library().load(kept.id(), &Quiet).is_err());
    fs::write(world.path(&kept, MANIFEST), good.to_bytes()).unwrap();
    assert!(world.library().load(kept.id(), &Quiet).is_ok());
}

#[test]
fn a_key_that_is_not_there_is_named() {
    let world = World::new();
    let id = KeyId([7; 32]);
    let refused = world.library().load(id, &Quiet).unwrap_err();
    assert!(matches!(refused, LibraryError::None { .. }));
    assert!(refused.to_string().contains(&id.to_string()), "{refused}");
}

#[test]
fn what_was_half_written_is_no_key() {
    let world = World::new();
    let kept = world.kept();
    let half = world.path(&kept, "").with_extension("1.partial");
    fs::create_dir_all(half).unwrap();
    assert_eq!(world.library().cards().unwrap().len(), 1);
}
