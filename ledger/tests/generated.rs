//! The contracts' copies of what the statement defines are its own.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod support {
    pub mod poseidon2_solidity;
}

use alloy_sol_types::SolCall;
use ark_bn254::{Fq, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{Field, PrimeField};
use medproof_ledger::abi::ConsentRegistry;
use medproof_ledger::{Account, Call, Chain, EmbeddedChain, ManualClock, U256, word};
use medproof_statement::Fr;
use medproof_statement::hash::{Tag, sponge};
use medproof_statement::public;
use support::poseidon2_solidity;

#[test]
fn poseidon2_library_is_written_from_the_statement() {
    let checked_in = std::fs::read_to_string(poseidon2_solidity::path()).unwrap();
    assert!(
        checked_in == poseidon2_solidity::source(),
        "contracts/src/Poseidon2T4.sol differs from the statement's constants: run \
         `cargo run -p medproof-ledger --example poseidon2_solidity` and `node contracts/build.mjs`"
    );
}

#[test]
fn the_contract_hashes_as_the_statement_does() {
    let directory = tempfile::tempdir().unwrap();
    let chain = EmbeddedChain::open(directory.path(), ManualClock::at(1_750_000_000)).unwrap();
    let deployer = Account::development("deployer").unwrap();
    let code = ConsentRegistry::BYTECODE.to_vec();
    let to = chain.deploy(&deployer, code).unwrap().created.unwrap();
    let mut preimage = Fr::from(0);
    for i in 0..64u64 {
        let data = ConsentRegistry::handleOfCall {
            preimage: word(&preimage),
        }
        .abi_encode();
        let read = chain.read(&[Call { to, data }]).unwrap();
        let found = U256::from_be_slice(&read.answers[0]);
        assert_eq!(found, word(&sponge::<4>(Tag::Handle, &[preimage])), "{preimage}");
        // 0, −1, then numbers of all sizes.
        preimage = if i == 0 {
            -Fr::ONE
        } else {
            preimage.square() + Fr::from(i)
        };
    }
}

#[test]
fn the_contracts_constants() {
    let source = |name: &str| {
        let path = format!("{}/../contracts/src/{name}.sol", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).unwrap()
    };
    let bn254 = source("Bn254");
    let generator = G2Affine::generator();
    for (name, value) in [
        ("R", U256::from_limbs(Fr::MODULUS.0)),
        ("Q", U256::from_limbs(Fq::MODULUS.0)),
        ("G2_X1", word(&generator.x().unwrap().c1)),
        ("G2_X0", word(&generator.x().unwrap().c0)),
        ("G2_Y1", word(&generator.y().unwrap().c1)),
    ] {
        let definition = format!("constant {name} = 0x{value:064x};");
        assert!(bn254.contains(&definition), "expected `{definition}` in Bn254.sol");
    }
    // The order of the public inputs.
    let keys = source("KeyRegistry");
    assert!(keys.contains(&format!("/// @notice {}.\n", public::NAMES.join(", "))));
    assert!(keys.contains(&format!("INPUTS = {};", public::COUNT)));
    let disclosures = source("DisclosureRegistry");
    let order = public::NAMES.map(|name| {
        let mut words = name.split('_');
        let camel =
            words.next().unwrap().to_owned() + &words.map(|w| w[..1].to_uppercase() + &w[1..]).collect::<String>();
        let holder = if name == "policy_digest" { "request_" } else { "s" };
        format!("{holder}.{camel}")
    });
    let list = format!("[{}]", order.join(", "));
    assert!(
        disclosures.contains(&list),
        "expected `{list}` in DisclosureRegistry.sol"
    );
}
