//! Writes gadgets and tiers as `.r1cs` and `.sym` files: `cargo xtask r1cs [--out DIR]`.
#![allow(clippy::print_stdout)]

use medproof_soundness::export::{BROKEN, Files, GADGETS, tier};
use medproof_statement::tier::Tier;
use std::error::Error;
use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args().nth(1).ok_or("usage: r1cs DIR")?;
    let folder = Path::new(&folder);
    fs::create_dir_all(folder)?;
    for gadget in GADGETS.iter().chain(BROKEN) {
        keep(folder, gadget.name, &gadget.files()?)?;
    }
    for (name, size) in [
        ("tier-xs", Tier::Xs),
        ("tier-s", Tier::S),
        ("tier-m", Tier::M),
        ("tier-l", Tier::L),
    ] {
        keep(folder, name, &tier(size)?)?;
    }
    println!("written to {}", folder.display());
    Ok(())
}

fn keep(folder: &Path, name: &str, files: &Files) -> std::io::Result<()> {
    fs::write(folder.join(name).with_extension("r1cs"), &files.r1cs)?;
    fs::write(folder.join(name).with_extension("sym"), &files.sym)
}
