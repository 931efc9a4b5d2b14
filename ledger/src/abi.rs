//! The contracts' ABI and bytecode, generated from the checked-in artifacts.
//!
//! [`crate::Ledger`] covers every use; this is for what calls the contracts by hand, such as tests
//! of values that the typed operations cannot express.
#![allow(missing_docs, clippy::all, clippy::panic, unused_qualifications)]

alloy_sol_types::sol!(
    #[derive(Debug, PartialEq, Eq)]
    Governance,
    "../contracts/artifacts/Governance.json"
);
alloy_sol_types::sol!(
    #[derive(Debug, PartialEq, Eq)]
    RecordRegistry,
    "../contracts/artifacts/RecordRegistry.json"
);
alloy_sol_types::sol!(
    #[derive(Debug, PartialEq, Eq)]
    KeyRegistry,
    "../contracts/artifacts/KeyRegistry.json"
);
alloy_sol_types::sol!(
    #[derive(Debug, PartialEq, Eq)]
    ConsentRegistry,
    "../contracts/artifacts/ConsentRegistry.json"
);
alloy_sol_types::sol!(
    #[derive(Debug, PartialEq, Eq)]
    DisclosureRegistry,
    "../contracts/artifacts/DisclosureRegistry.json"
);
alloy_sol_types::sol!(
    #[derive(Debug, PartialEq, Eq)]
    LogRegistry,
    "../contracts/artifacts/LogRegistry.json"
);
