//! circom's and snarkjs' files against circom and snarkjs themselves: our proofs under their keys,
//! theirs under ours, and what each makes of the other's files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use medproof_e2e::{circom_tool as tool, circom_tools, root};
use medproof_gadgets::r1cs_file;
use medproof_keys::circom::{read_r1cs, read_zkey, write_zkey};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Output};
use std::sync::OnceLock;
use tempfile::TempDir;

const MEDPROOF: &str = env!("CARGO_BIN_EXE_medproof-e2e");

/// A directory with the circuit, a key of snarkjs', one of ours, a witness, and a proof by us under
/// each key and one by snarkjs under ours.
struct Lab(TempDir);

fn lab() -> Option<&'static Lab> {
    static LAB: OnceLock<Option<Lab>> = OnceLock::new();
    LAB.get_or_init(|| circom_tools().unwrap().then(Lab::prepare)).as_ref()
}

fn succeeds(output: &Output, what: &str) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{what}: {said:?}");
}

impl Lab {
    fn prepare() -> Lab {
        let lab = Lab(tempfile::tempdir().unwrap());
        let circuit = root().join("tests/circom/chain.circom");
        let compile = Command::new(tool("circom2").canonicalize().unwrap())
            .arg(circuit.canonicalize().unwrap())
            .args(["--r1cs", "--wasm", "-o", "."])
            .current_dir(lab.0.path())
            .output();
        succeeds(&compile.unwrap(), "circom2");
        // Domains to 2^6: 58 constraints, 3 public inputs, the constant.
        for line in [
            "powersoftau new bn128 6 0.ptau",
            "powersoftau contribute 0.ptau 1.ptau --name=one -e=one",
            "powersoftau prepare phase2 1.ptau 2.ptau",
            "groth16 setup chain.r1cs 2.ptau 0.zkey",
            "zkey contribute 0.zkey theirs.zkey --name=two -e=two",
            "zkey export verificationkey theirs.zkey theirs.vk.json",
        ] {
            succeeds(&lab.snarkjs(line), line);
        }
        lab.write("input.json", &json!({"x": "12345", "k": "77"}));
        let line = "wtns calculate chain_js/chain.wasm input.json chain.wtns";
        succeeds(&lab.snarkjs(line), line);
        for line in [
            "setup --development --r1cs chain.r1cs --zkey ours.zkey --verification-key ours.vk.json",
            "prove --zkey theirs.zkey --wtns chain.wtns --proof theirs.ours.json --public theirs.public.json",
            "prove --zkey ours.zkey --wtns chain.wtns --proof ours.ours.json --public ours.public.json",
        ] {
            succeeds(&lab.medproof(line), line);
        }
        let line = "groth16 prove ours.zkey chain.wtns ours.theirs.json ours.theirs.public.json";
        succeeds(&lab.snarkjs(line), line);
        lab
    }

    fn snarkjs(&self, line: &str) -> Output {
        self.run(Command::new(tool("snarkjs").canonicalize().unwrap()), line)
    }

    fn medproof(&self, line: &str) -> Output {
        let mut command = Command::new(MEDPROOF);
        command.arg("engine").env_remove("MEDPROOF_DEVELOPMENT");
        self.run(command, line)
    }

    fn run(&self, mut command: Command, line: &str) -> Output {
        let command = command.args(line.split(' ')).current_dir(self.0.path());
        command.output().unwrap()
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.0.path().join(name)).unwrap()
    }

    fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&self.read(name)).unwrap()
    }

    fn write(&self, name: &str, value: &Value) {
        fs::write(self.0.path().join(name), value.to_string()).unwrap();
    }

    /// Exit codes of both verifiers.
    fn verify(&self, key: &str, public: &str, proof: &str) -> [Option<i32>; 2] {
        let ours = format!("verify --verification-key {key} --public {public} --proof {proof}");
        let theirs = format!("groth16 verify {key} {public} {proof}");
        [self.medproof(&ours), self.snarkjs(&theirs)].map(|output| output.status.code())
    }
}

const ACCEPTED: [Option<i32>; 2] = [Some(0); 2];
const REFUSED: [Option<i32>; 2] = [Some(1); 2];

#[test]
fn proofs_of_both_under_keys_of_both_are_accepted_by_both() {
    let Some(lab) = lab() else { return };
    for (key, proof) in [
        ("theirs", "theirs.ours"),
        ("ours", "ours.ours"),
        ("ours", "ours.theirs"),
    ] {
        let found = lab.verify(
            &format!("{key}.vk.json"),
            &format!("{key}.public.json"),
            &format!("{proof}.json"),
        );
        assert_eq!(found, ACCEPTED, "{proof}");
    }
    let public = lab.json("ours.public.json");
    assert_eq!(public, lab.json("ours.theirs.public.json"));
    assert_eq!([&public[1], &public[2]], [&json!("950565"), &json!("77")]);
}

#[test]
fn what_was_changed_is_refused_by_both() {
    let Some(lab) = lab() else { return };
    for input in 0..3 {
        let mut public = lab.json("theirs.public.json");
        public[input] = json!("5");
        let name = format!("changed-{input}.json");
        lab.write(&name, &public);
        assert_eq!(lab.verify("theirs.vk.json", &name, "theirs.ours.json"), REFUSED);
    }
    // Another key's.
    let crossed = lab.verify("theirs.vk.json", "ours.public.json", "ours.ours.json");
    assert_eq!(crossed, REFUSED);
}

#[test]
fn verifying_keys_are_the_same_to_both() {
    let Some(lab) = lab() else { return };
    let line = "zkey export verificationkey ours.zkey exported.vk.json";
    succeeds(&lab.snarkjs(line), line);
    assert_eq!(lab.json("exported.vk.json"), lab.json("ours.vk.json"));
}

#[test]
fn our_files_are_theirs_byte_by_byte() {
    let Some(lab) = lab() else { return };
    let theirs = lab.read("theirs.zkey");
    let key = read_zkey(&theirs).unwrap();
    let [theirs, ours] = [theirs, write_zkey(&key).unwrap()].map(|file| sections(&file));
    assert_eq!(theirs.len(), 10);
    assert!(theirs == ours);
    // The matrices that both made of one circuit: terms of a row are in no order.
    let made = read_zkey(&lab.read("ours.zkey")).unwrap();
    assert_eq!((made.public, made.domain), (key.public, key.domain));
    let sorted = |mut rows: Vec<Vec<_>>| {
        rows.iter_mut()
            .for_each(|row| row.sort_by_key(|(_, variable)| *variable));
        rows
    };
    assert!(sorted(made.a) == sorted(key.a) && sorted(made.b) == sorted(key.b));
}

#[test]
fn constraints_that_we_write_are_read_and_satisfied() {
    let Some(lab) = lab() else { return };
    let r1cs = read_r1cs(&lab.read("chain.r1cs")).unwrap();
    assert_eq!((r1cs.declared.outputs, r1cs.declared.private), (2, 1));
    let written = r1cs_file::write(&r1cs.matrices, r1cs.declared).unwrap();
    assert_eq!(read_r1cs(&written), Ok(r1cs));
    fs::write(lab.0.path().join("ours.r1cs"), written).unwrap();
    let said = |line: &str| {
        let output = lab.snarkjs(line);
        succeeds(&output, line);
        String::from_utf8(output.stdout).unwrap()
    };
    let [theirs, ours] = ["r1cs info chain.r1cs", "r1cs info ours.r1cs"].map(|line| {
        let text = said(line);
        let counts = text
            .lines()
            .filter(|line| line.contains("# of") && !line.contains("Labels"));
        counts.map(str::to_owned).collect::<Vec<_>>()
    });
    assert_eq!((theirs.len(), &theirs), (5, &ours));
    said("wtns check ours.r1cs chain.wtns");
}

#[test]
fn a_key_of_one_party_needs_development_mode() {
    let Some(lab) = lab() else { return };
    let refused = lab.medproof("setup --r1cs chain.r1cs --zkey no.zkey --verification-key no.vk.json --json");
    assert_eq!(refused.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&refused.stdout).unwrap();
    assert_eq!(report["error"]["code"], "development.not_asked_for");
    assert!(report["error"]["message"].as_str().unwrap().contains("forge"));
    assert!(!lab.0.path().join("no.zkey").exists());
}

/// A file's sections by number.
fn sections(file: &[u8]) -> BTreeMap<u32, Vec<u8>> {
    let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    let mut at = 12;
    let sections = (0..word(8)).map(|_| {
        let (number, start) = (word(at), at + 12);
        at = start + word(at + 4) as usize;
        (number, file[start..at].to_vec())
    });
    sections.collect()
}
