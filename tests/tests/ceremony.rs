//! A ceremony with snarkjs: each verifies what the other made, and contributes to it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use medproof_e2e::{circom_tool as tool, circom_tools, root};
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

    /// circom's circuit and a witness.
    fn circuit(&self) {
        let circuit = root().join("tests/circom/chain.circom").canonicalize().unwrap();
        let line = format!("'{}' --r1cs --wasm -o .", circuit.display());
        self.succeeds(tool("circom2").canonicalize().unwrap(), &line);
        fs::write(
            self.0.path().join("input.json"),
            json!({"x": "12345", "k": "77"}).to_string(),
        )
        .unwrap();
        self.snarkjs("wtns calculate chain_js/chain.wasm input.json chain.wtns");
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
    let at = "--folder c --powers ours.ptau";
    lab.medproof(&format!(
        "keys ceremony contribute {at} --name 'Hospital A' --signer a.key"
    ));
    lab.snarkjs("zkey contribute c/turn-1.zkey b.zkey --name=B -e=b");
    lab.medproof(&format!(
        "keys ceremony attest {at} --key b.zkey --name B --signer b.key"
    ));
    lab.medproof("keys ceremony contribute --folder c --name C --signer c.key");
    lab.snarkjs("zkey contribute c/turn-3.zkey d.zkey --name=D -e=d");
    lab.medproof(&format!(
        "keys ceremony attest {at} --key d.zkey --name D --signer d.key"
    ));
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
    let early = "--development keys ceremony beacon --folder c --value 0xabcdef";
    lab.medproof("keys ceremony contribute --folder c --name E --signer e.key");
    lab.medproof(early);
    assert_eq!(
        lab.refused("keys ceremony contribute --folder c --name F --signer f.key"),
        "ceremony.key"
    );
    let said = lab.medproof(&format!("keys ceremony verify {at}"));
    assert!(said.ends_with("finished\n") && said.contains("abcdef"), "{said}");

    // snarkjs alone finds the same hashes.
    let said = lab.snarkjs("zkey verify c/circuit.r1cs ours.ptau c/turn-6.zkey");
    assert!(said.contains("ZKey Ok!"), "{said}");
    let report: Value = serde_json::from_str(&lab.medproof(&format!("--json keys ceremony verify {at}"))).unwrap();
    for turn in report["turns"].as_array().unwrap() {
        let hash = turn["contribution"].as_str().unwrap();
        for word in hash.as_bytes().chunks(8) {
            assert!(said.contains(&text(word)), "{hash}\n{said}");
        }
    }

    // The finished key proves and verifies with both.
    lab.medproof("--development keys ceremony finish --folder c --powers ours.ptau --out key");
    lab.snarkjs("zkey export verificationkey key/key.zkey theirs.vk.json");
    let key = |name: &str| serde_json::from_slice::<Value>(&lab.read(name)).unwrap();
    assert_eq!(key("theirs.vk.json"), key("key/verification_key.json"));
    lab.snarkjs("groth16 prove key/key.zkey chain.wtns theirs.json theirs.public.json");
    lab.medproof("engine prove --zkey key/key.zkey --wtns chain.wtns --proof ours.json --public ours.public.json");
    for by in ["ours", "theirs"] {
        lab.snarkjs(&format!(
            "groth16 verify key/verification_key.json {by}.public.json {by}.json"
        ));
        lab.medproof(&format!(
            "engine verify --verification-key key/verification_key.json --public {by}.public.json --proof {by}.json"
        ));
    }
}
