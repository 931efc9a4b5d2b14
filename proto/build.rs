//! Compiles `medproof/v1` without protoc.

use prost::Message;
use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

const FILES: [&str; 8] = [
    "medproof/v1/asker_service.proto",
    "medproof/v1/audit_service.proto",
    "medproof/v1/cohort_service.proto",
    "medproof/v1/consent_service.proto",
    "medproof/v1/disclosure_service.proto",
    "medproof/v1/event_service.proto",
    "medproof/v1/issuer_service.proto",
    "medproof/v1/verifier_service.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=medproof");
    let files = protox::compile(FILES, ["."])?;
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("no OUT_DIR")?);
    fs::write(out.join("medproof.v1.binpb"), files.encode_to_vec())?;
    // Who connects chooses the transport.
    tonic_prost_build::configure()
        .build_transport(false)
        .codec_path("crate::codec::Bounded")
        .compile_fds(files)?;
    Ok(())
}
