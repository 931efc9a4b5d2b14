//! The reference implementation, in Python and written from the statement's page alone, as a process
//! that answers questions: `tests/reference`.

use crate::interchange::{chart, policy, public, witness};
use medproof_statement::Fr;
use medproof_statement::check::Witness;
use medproof_statement::field::from_bytes;
use medproof_statement::policy::Policy;
use medproof_statement::public::PublicInputs;
use medproof_statement::record::Facts;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/reference");

/// A running reference; it ends when dropped.
pub struct Reference {
    child: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Reference {
    /// Whether there is a Python to run it.
    pub fn is_available() -> bool {
        let version = Command::new("python3").arg("--version").output();
        version.is_ok_and(|output| output.status.success())
    }

    /// Starts it.
    ///
    /// # Panics
    /// Where Python is missing.
    pub fn start() -> Reference {
        let mut child = Command::new("python3")
            .args(["-u", "reference.py"])
            .current_dir(FOLDER)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3");
        let questions = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().expect("piped"));
        Reference {
            child,
            questions,
            answers,
        }
    }

    /// Asks one question.
    ///
    /// # Panics
    /// Where there is no answer, or it is an error.
    pub fn ask(&mut self, question: &Value) -> Value {
        let questions = self.questions.as_mut().expect("open until dropped");
        writeln!(questions, "{question}").expect("the reference reads");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("the reference answers");
        let answer: Value = serde_json::from_str(&answer).unwrap_or_else(|e| panic!("an answer, not {answer:?}: {e}"));
        assert!(answer.get("error").is_none(), "{answer} to {question}");
        answer
    }

    /// Why it refuses a witness, if it does.
    pub fn relation(&mut self, inputs: &PublicInputs, of: &Witness) -> Option<String> {
        let answer = self.ask(&json!({ "ask": "relation", "public": public(inputs), "witness": witness(of) }));
        match answer["holds"].as_bool() {
            Some(true) => None,
            _ => Some(answer["why"].as_str().expect("a reason").to_owned()),
        }
    }

    /// Whether the claim is true of a chart.
    pub fn meaning(&mut self, of: &Policy, facts: &Facts) -> bool {
        let (facts, _) = chart(facts);
        let answer = self.ask(&json!({ "ask": "meaning", "facts": facts, "policy": policy(of) }));
        answer["claim"].as_bool().expect("true or false")
    }

    /// The five public inputs of a witness, in order.
    pub fn digests(&mut self, of: &Witness) -> [Fr; 5] {
        let answer = self.ask(&json!({ "ask": "digests", "witness": witness(of) }));
        let names = [
            "registry_root",
            "policy_digest",
            "request_digest",
            "nullifier",
            "consent_handle",
        ];
        names.map(|name| element(&answer[name]))
    }

    /// The commitments of a chart and its record: facts_root, holder, record.
    pub fn record(&mut self, facts: &Facts, of: &Witness) -> [Fr; 3] {
        let (facts, salts) = chart(facts);
        let record = witness(of)["record"].clone();
        let answer = self.ask(&json!({ "ask": "record", "facts": facts, "salts": salts, "record": record }));
        ["facts_root", "holder", "record"].map(|name| element(&answer[name]))
    }
}

fn element(value: &Value) -> Fr {
    let text = value
        .as_str()
        .and_then(|text| text.strip_prefix("0x"))
        .expect("a field element");
    let byte = |i: usize| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).expect("hexadecimal digits");
    from_bytes(&(0..text.len() / 2).map(byte).collect::<Vec<u8>>()).expect("a field element")
}

impl Drop for Reference {
    fn drop(&mut self) {
        // Its input ends, and so does it.
        self.questions = None;
        let _ = self.child.wait();
    }
}
