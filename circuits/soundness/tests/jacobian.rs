//! Every private variable accounted for: see `medproof_soundness::jacobian`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs
)]

use medproof_soundness::circuit::Circuit;
use medproof_soundness::jacobian::account;
use medproof_soundness::{full_depth, starts};
use medproof_statement::tier::Tier;
use std::collections::BTreeMap;

/// The factors by which the bound below the modulus passes over runs of ones.
const RUNS: usize = 12;

/// At full depth of all tiers.
#[test]
fn what_is_not_hashed_is_determined_but_for_the_documented_factors() {
    let tiers: &[Tier] = if full_depth() { &Tier::ALL } else { &[Tier::Xs, Tier::S] };
    let each = if full_depth() { 12 } else { 4 };
    for tier in tiers {
        let circuit = Circuit::new(*tier);
        let (mut kernels, mut most_free, mut emergencies) = (Vec::new(), 0, 0);
        // So many witnesses, and on until there was an emergency.
        for (values, emergency) in starts::honest(*tier) {
            let mut account = account(&circuit, &values);
            assert_eq!(account.unmentioned, 0);
            // The inverse of `purpose − ETREAT` is 0's.
            assert_eq!(
                account.free.remove("consent: signer"),
                emergency.then_some(1),
                "{account:#?}"
            );
            let runs = account.free.remove("signature: challenge's bits").unwrap_or(0);
            assert!(runs < RUNS);
            assert_eq!(account.free, BTreeMap::new(), "{tier}");
            kernels.push(account.kernel());
            most_free = most_free.max(runs);
            emergencies += usize::from(emergency);
            if kernels.len() >= each && emergencies > 0 {
                let each = kernels.len();
                let hashed: usize = account.hashed.values().sum();
                println!(
                    "evidence: Jacobian, {tier} | {each} witnesses, {emergencies} in an emergency; {} variables, rank {} to {} | {hashed} choices, all hashed; of {} inverses up to {most_free} without effect free, as documented",
                    account.variables,
                    account.variables - kernels.iter().max().unwrap(),
                    account.variables - kernels.iter().min().unwrap(),
                    account.auxiliary.values().sum::<usize>(),
                );
                break;
            }
        }
    }
}
