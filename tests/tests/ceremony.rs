//! A ceremony with snarkjs: each verifies what the other made, and contributes to it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod contract;

use ark_bn254::Fr;
use contract::Contract;
use medproof_disclosure::Disclosure;
use medproof_e2e::{circom_tool as tool, circom_tools, committed, library, root, synthea};
use medproof_engine::Assignment;
use medproof_gadgets::shape::Matrices;
use medproof_keys::circom::{public_json, read_proof, read_public, read_verification_key, write_witness};
use medproof_messages::PinnedKey;
use medproof_messages::presentation::Proof;
use medproof_statement::day::Day;
use medproof_statement::public::{COUNT, PublicInputs};
use medproof_statement::testing::Case;
use medproof_statement::tier::Tier;
use medproof_verifier::groth16::{PreparedKey, Unsound};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use tempfile::TempDir;

const MEDPROOF: &str = env!("CARGO_BIN_EXE_medproof-e2e");

/// A directory for both.
struct Lab(TempDir);

fn lab() -> Option<Lab> {
    circom_tools().unwrap().then(|| Lab(tempfile::tempdir().unwrap()))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl Lab {
    fn output(&self, program: PathBuf, line: &str) -> Output {
        // Words in single quotes are one argument.
        let arguments = line.split('\'').enumerate().flat_map(|(i, part)| match i % 2 {
            1 => vec![part],
            _ => part.split_whitespace().collect(),
        });
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(self.0.path())
            .env("MEDPROOF_KEYS", self.0.path().join("keys"))
            .env_remove("MEDPROOF_DEVELOPMENT");
        command.output().unwrap()
    }

    fn succeeds(&self, program: PathBuf, line: &str) -> String {
        let output = self.output(program, line);
        let said = text(&output.stdout);
        assert!(output.status.success(), "{line}\n{said}\n{}", text(&output.stderr));
        said
    }

    fn snarkjs(&self, line: &str) -> String {
        self.succeeds(tool("snarkjs").canonicalize().unwrap(), line)
    }

    fn medproof(&self, line: &str) -> String {
        self.succeeds(MEDPROOF.into(), line)
    }

    /// The error's code in JSON.
    fn refused(&self, line: &str) -> String {
        let output = self.output(MEDPROOF.into(), &format!("--json {line}"));
        assert!(!output.status.success(), "{line}");
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        report["error"]["code"].as_str().unwrap().to_owned()
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.0.path().join(name)).unwrap()
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.0.path().join(name), bytes).unwrap();
    }

    /// circom's circuit and a witness.
    fn circuit(&self) {
        let circuit = root().join("tests/circom/chain.circom").canonicalize().unwrap();
        let line = format!("'{}' --r1cs --wasm -o .", circuit.display());
        self.succeeds(tool("circom2").canonicalize().unwrap(), &line);
        self.write("input.json", json!({"x": "12345", "k": "77"}).to_string().as_bytes());
        self.snarkjs("wtns calculate chain_js/chain.wasm input.json circuit.wtns");
    }

    /// A contribution by us.
    fn contributes(&self, name: &str, powers: &str) {
        self.medproof(&format!(
            "keys ceremony contribute --folder c{powers} --name 'Hospital {name}' --signer {name}.key"
        ));
    }

    /// A contribution by snarkjs to the key after so many turns, attested by who made it.
    fn contributes_with_snarkjs(&self, name: &str, turns: u32, powers: &str) {
        self.snarkjs(&format!(
            "zkey contribute c/turn-{turns}.zkey {name}.zkey --name={name} -e={name}"
        ));
        self.medproof(&format!(
            "keys ceremony attest --folder c{powers} --key {name}.zkey --name {name} --signer {name}.key"
        ));
    }

    /// Both verify a ceremony of five and a beacon, and find the same hashes; it is finished. What is said of that.
    fn finishes(&self, as_what: &str) -> Value {
        let report = self.medproof("--json keys ceremony verify --folder c --powers ours.ptau");
        let report: Value = serde_json::from_str(&report).unwrap();
        assert_eq!(
            [&report["finished"], &report["beacon"]],
            [&json!(true), &json!("abcdef")]
        );
        let said = self.snarkjs("zkey verify c/circuit.r1cs ours.ptau c/turn-6.zkey");
        assert!(said.contains("ZKey Ok!"), "{said}");
        let turns = report["turns"].as_array().unwrap();
        assert_eq!(turns.len(), 6);
        for turn in turns {
            let hash = turn["contribution"].as_str().unwrap();
            for word in hash.as_bytes().chunks(8) {
                assert!(said.contains(&text(word)), "{hash}\n{said}");
            }
        }
        let line = format!("{as_what} --json keys ceremony finish --folder c --powers ours.ptau --out key");
        serde_json::from_str(&self.medproof(&line)).unwrap()
    }

    /// Proofs under the finished key, by whoever proves, are true to whoever verifies. The public inputs.
    fn proves(&self) -> Value {
        self.snarkjs("zkey export verificationkey key/key.zkey theirs.vk.json");
        let read = |name: &str| serde_json::from_slice::<Value>(&self.read(name)).unwrap();
        assert_eq!(read("theirs.vk.json"), read("key/verification_key.json"));
        self.snarkjs("groth16 prove key/key.zkey circuit.wtns theirs.json theirs.public.json");
        self.medproof(
            "engine prove --zkey key/key.zkey --wtns circuit.wtns --proof ours.json --public ours.public.json",
        );
        for by in ["ours", "theirs"] {
            self.snarkjs(&format!(
                "groth16 verify key/verification_key.json {by}.public.json {by}.json"
            ));
            self.medproof(&format!(
                "engine verify --verification-key key/verification_key.json --public {by}.public.json --proof {by}.json"
            ));
        }
        let public = read("ours.public.json");
        assert_eq!(public, read("theirs.public.json"));
        public
    }

    /// The same proofs under a tier's key, as it was taken in, to our verifier and to the contract. Of other inputs they
    /// are false.
    fn holds_in_the_product(&self, kept: &str) {
        let kept = format!("keys/{}/verifying.json", kept.trim_start_matches("0x"));
        let key = PreparedKey::new(&PinnedKey::from_json(&self.read(&kept)).unwrap());
        let contract = Contract::new();
        let exported = read_verification_key(&self.read("key/verification_key.json")).unwrap();
        let registered = contract.register(&exported).unwrap();
        let inputs: [Fr; COUNT] = read_public(&self.read("ours.public.json")).unwrap().try_into().unwrap();
        let mut others = inputs;
        others[COUNT - 1] += Fr::from(1);
        for by in ["ours.json", "theirs.json"] {
            let points = read_proof(&self.read(by)).unwrap();
            let proof = Proof::new(points.a, points.b, points.c).unwrap();
            assert_eq!(key.check(&proof, &PublicInputs::from_array(inputs)), Ok(()));
            let refused = key.check(&proof, &PublicInputs::from_array(others));
            assert_eq!(refused, Err(Unsound::Equation));
            assert!(contract.accepts(registered, &points, &inputs));
            assert!(!contract.accepts(registered, &points, &others));
        }
    }
}

#[test]
fn a_ceremony_of_five_two_of_them_with_snarkjs() {
    let Some(lab) = lab() else { return };
    lab.circuit();
    // Phase 1 by snarkjs: powers of two contributions, one of them a beacon.
    lab.snarkjs("powersoftau new bn128 7 0.ptau");
    lab.snarkjs("powersoftau contribute 0.ptau 1.ptau --name=one -e=one");
    lab.snarkjs("powersoftau beacon 1.ptau 2.ptau 0102030405060708090a 10 -n=beacon");
    let said = lab.medproof("keys powers verify 2.ptau");
    assert!(
        said.contains("2^7 powers of tau hold") && said.contains("2: beacon (beacon)"),
        "{said}"
    );
    assert_eq!(lab.refused("keys powers verify 0.ptau"), "ceremony.powers");
    lab.medproof("keys powers prepare 2.ptau --out ours.ptau");
    lab.snarkjs("powersoftau prepare phase2 2.ptau theirs.ptau");
    assert!(lab.read("ours.ptau") == lab.read("theirs.ptau"));
    // And powers by us.
    lab.medproof("--development keys powers local --power 6 --out local.ptau");
    assert!(
        lab.snarkjs("powersoftau verify local.ptau")
            .contains("Powers of Tau Ok!")
    );

    // The key before any contribution is snarkjs'.
    let init = "--development keys ceremony init --r1cs chain.r1cs --powers ours.ptau --folder c \
                --contributors 5 --iterations 10 --beacon 'words of a test'";
    lab.medproof(init);
    assert_eq!(lab.refused(init), "file");
    lab.snarkjs("groth16 setup c/circuit.r1cs ours.ptau 0.zkey");
    assert!(lab.read("c/initial.zkey") == lab.read("0.zkey"));

    // Turn by turn.
    let powers = " --powers ours.ptau";
    lab.contributes("a", powers);
    lab.contributes_with_snarkjs("b", 1, powers);
    lab.contributes("c", "");
    lab.contributes_with_snarkjs("d", 3, powers);
    assert!(
        lab.medproof("keys ceremony verify --folder c")
            .contains("not finished yet")
    );
    let refusals = [
        // Too early, twice, replayed, with another's key.
        (
            "keys ceremony finish --folder c --powers ours.ptau --out key",
            "development.not_asked_for",
        ),
        (
            "--development keys ceremony finish --folder c --powers ours.ptau --out key",
            "ceremony.unfinished",
        ),
        (
            "keys ceremony attest --folder c --key d.zkey --name D --signer e.key",
            "ceremony.folder",
        ),
        (
            "keys ceremony attest --folder c --key b.zkey --name B --signer e.key",
            "ceremony.folder",
        ),
        (
            "keys ceremony contribute --folder c --name A --signer a.key",
            "ceremony.transcript",
        ),
        (
            "keys ceremony verify --folder c --powers local.ptau",
            "ceremony.altered",
        ),
    ];
    for (line, code) in refusals {
        assert_eq!(lab.refused(line), code, "{line}");
    }
    lab.contributes("e", "");
    lab.medproof("--development keys ceremony beacon --folder c --value 0xabcdef");
    assert_eq!(
        lab.refused("keys ceremony contribute --folder c --name F --signer f.key"),
        "ceremony.key"
    );
    assert_eq!(lab.finishes("--development")["kept"], Value::Null);
    let public = lab.proves();
    assert_eq!([&public[1], &public[2]], [&json!("950565"), &json!("77")]);
}

/// Of a patient: an adult, which tier XS shows.
fn disclosure(lab: &Lab) -> Value {
    let day = Day::from_civil(2021, 4, 1).unwrap();
    let charts = synthea(&root().join("tests/data/synthea-30.tar.xz"), day).unwrap();
    let policy = library("adult").unwrap().compile(day, Some(Tier::Xs)).unwrap();
    let (public, witness) = charts
        .iter()
        .find_map(|chart| {
            let mut case = Case::new(policy.clone(), committed(chart).unwrap());
            case.record.coverage = chart.coverage;
            case.record.issued_on = chart.issued_on;
            case.prove().ok()
        })
        .unwrap();
    let shape = Matrices::synthesise(Disclosure::blank(Tier::Xs)).unwrap().shape();
    let assignment = Assignment::synthesise(Disclosure::new(public, &witness), &shape).unwrap();
    lab.write("circuit.wtns", &write_witness(assignment.values()).unwrap());
    public_json(&assignment.values()[1..shape.inputs])
}

#[test]
#[ignore = "a tier's ceremony: minutes"]
fn a_ceremony_of_five_for_the_smallest_tier() {
    let Some(lab) = lab() else { return };
    lab.snarkjs("powersoftau new bn128 14 0.ptau");
    lab.snarkjs("powersoftau contribute 0.ptau 1.ptau --name=one -e=one");
    lab.medproof("keys powers prepare 1.ptau --out ours.ptau");
    lab.medproof(
        "keys ceremony init --tier XS --powers ours.ptau --folder c --contributors 5 --iterations 10 \
         --beacon 'words of a test'",
    );
    let powers = " --powers ours.ptau";
    lab.contributes("a", powers);
    lab.contributes_with_snarkjs("b", 1, "");
    lab.contributes("c", "");
    lab.contributes_with_snarkjs("d", 3, "");
    lab.contributes("e", "");
    lab.medproof("keys ceremony beacon --folder c --value 0xabcdef");
    let finished = lab.finishes("");
    let public = disclosure(&lab);
    assert_eq!(lab.proves(), public);
    lab.holds_in_the_product(finished["kept"]["key_id"].as_str().unwrap());
}
