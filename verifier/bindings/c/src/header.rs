//! `include/medproof.h` is what cbindgen makes of the source. `MEDPROOF_UPDATE_HEADER=1 cargo test --package medproof-c` writes it.

use cbindgen::{Builder, Config};
use std::path::Path;

#[test]
fn the_header_is_what_the_source_says() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = Config::from_file(here.join("cbindgen.toml")).unwrap();
    let sources = ["src/abi.rs", "src/answer.rs", "src/verifier.rs"];
    let builder = sources
        .iter()
        .fold(Builder::new(), |builder, file| builder.with_src(here.join(file)));
    let mut made = Vec::new();
    builder.with_config(config).generate().unwrap().write(&mut made);
    let made = String::from_utf8(made).unwrap();
    let file = here.join("include/medproof.h");
    if std::env::var_os("MEDPROOF_UPDATE_HEADER").is_some() {
        std::fs::write(&file, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap();
    assert!(kept == made, "MEDPROOF_UPDATE_HEADER=1 writes it anew");
}
