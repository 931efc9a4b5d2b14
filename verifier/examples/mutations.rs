//! Writes the ten thousand presentations of `tests/mutations.rs` as a file of vectors, for every front end to refuse:
//! `mutations VECTORS OUT`, where `VECTORS` is `tests/vectors/v1/verification.json`, whose base they are mutations of.
#![allow(clippy::unwrap_used)]

#[path = "../tests/common/mod.rs"]
mod common;

use common::mutation::mutations;
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let [vectors, out] = paths.as_slice() else {
        return Err("usage: mutations VECTORS OUT".into());
    };
    let vectors: Value = serde_json::from_slice(&std::fs::read(vectors)?)?;
    let base = &vectors["base"];
    if base["presentation"]["hex"] != hex::encode(common::presentation().to_bytes()) {
        return Err("the base of the vectors is not the presentation that is mutated here".into());
    }
    let all: Vec<Value> = mutations()
        .iter()
        .enumerate()
        .map(|(i, bytes)| json!({"name": format!("mutation {i}"), "presentation": {"hex": hex::encode(bytes)}}))
        .collect();
    let file = json!({"about": "Mutations of the base: none is to be accepted.", "base": base, "vectors": all});
    std::fs::write(out, file.to_string())?;
    Ok(())
}
