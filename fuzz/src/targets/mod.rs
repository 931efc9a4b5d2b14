//! All targets.

mod answer_store;
mod audit;
mod ceremony;
mod circom;
mod claim;
mod codes;
mod cohort;
mod compile;
mod consent;
pub mod contracts;
mod custody;
mod dates;
mod deployment;
pub mod enrolment;
pub mod fhir;
pub mod key_file;
mod keys;
mod ledger_answers;
mod ledger_state;
mod presentation;
mod proving_key;
mod ptau;
mod quantities;
mod request;
mod revocation;
mod rpc_replies;
pub mod scratch;
pub mod sealed;
mod terms;
mod trust_bundle;
mod vault;
mod verify;

use crate::target::Form::{Binary, Json, Text};
use crate::target::{Form, Target, Verdict};

/// Executions of a decoder at full depth.
const DECODER: u64 = 10_000_000;
/// Executions of the verifier and of the contracts at full depth.
const VERIFIER: u64 = 100_000;

const fn decoder(name: &'static str, form: Form, max_bytes: usize, quick: u64, run: fn(&[u8]) -> Verdict) -> Target {
    Target {
        name,
        form,
        max_bytes,
        run,
        quick,
        full: DECODER,
    }
}

const fn verifier(name: &'static str, form: Form, max_bytes: usize, quick: u64, run: fn(&[u8]) -> Verdict) -> Target {
    Target {
        full: VERIFIER,
        ..decoder(name, form, max_bytes, quick, run)
    }
}

/// Every target.
pub const TARGETS: &[Target] = &[
    decoder("verifying_key", Binary, 512, 1_500, keys::verifying_key),
    decoder("pinned_key", Binary, 512, 1_500, keys::pinned_key),
    decoder("pinned_key_json", Json, 4_096, 6_000, keys::pinned_key_json),
    decoder("request", Json, 65_536, 6_000, request::request),
    decoder("consent", Json, 4_200, 6_000, consent::consent),
    decoder("presentation", Binary, 1_100, 6_000, presentation::bytes),
    decoder("presentation_json", Json, 1_100, 6_000, presentation::json),
    decoder("revocation", Json, 1_100, 6_000, revocation::revocation),
    decoder("cohort_summary", Json, 1_100, 6_000, cohort::summary),
    decoder("terms", Text, 1_024, 60_000, terms::terms),
    decoder("trust_bundle", Json, 16_384, 2_000, trust_bundle::trust_bundle),
    decoder("claim_json", Json, 65_536, 6_000, claim::json),
    decoder("claim_yaml", Text, 65_536, 6_000, claim::yaml),
    decoder("record", Binary, 4_096, 6_000, vault::record),
    decoder("vault_snapshot", Binary, 8_192, 1_000, vault::snapshot),
    decoder("vault_operations", Binary, 8_192, 6_000, vault::operations),
    decoder("vault_head", Binary, 1_024, 60_000, vault::head),
    decoder("sealed_file", Binary, 8_192, 15_000, sealed::file),
    decoder("sealed_padding", Binary, 8_192, 60_000, sealed::padding),
    decoder("receipt", Json, 16_384, 6_000, enrolment::receipt),
    decoder("invitation", Json, 1_024, 15_000, enrolment::invitation),
    decoder("enrolment", Json, 2_048, 6_000, enrolment::enrolment),
    decoder("key_manifest", Json, 4_096, 15_000, key_file::manifest),
    decoder("proving_key", Binary, 8_192, 15_000, proving_key::proving_key),
    decoder("key_file", Json, 2_048, 6_000, key_file::key_file),
    decoder("deployment", Json, 2_048, 6_000, deployment::deployment),
    decoder("answer_store", Binary, 2_048, 1_500, answer_store::answer_store),
    decoder("ledger_answers", Binary, 4_096, 15_000, ledger_answers::answers),
    decoder("ledger_refusals", Binary, 1_024, 60_000, ledger_answers::refusals),
    decoder("ledger_state", Binary, 4_096, 60_000, ledger_state::state),
    decoder("rpc_replies", Json, 8_192, 15_000, rpc_replies::replies),
    decoder("fhir_bundle", Json, 65_536, 3_000, fhir::bundle),
    decoder("fhir_ndjson", Json, 65_536, 1_500, fhir::ndjson),
    decoder("concept_map", Json, 8_192, 15_000, fhir::concept_map),
    decoder("circom_r1cs", Binary, 1_024, 15_000, circom::r1cs),
    decoder("circom_wtns", Binary, 1_024, 15_000, circom::wtns),
    decoder("circom_zkey", Binary, 4_096, 6_000, circom::zkey),
    decoder("circom_proof", Json, 2_048, 6_000, circom::proof),
    decoder("circom_public", Json, 2_048, 15_000, circom::public),
    decoder("circom_verification_key", Json, 8_192, 1_500, circom::verification_key),
    decoder("ptau", Binary, 6_144, 400, ptau::ptau),
    decoder("ceremony_plan", Json, 4_096, 6_000, ceremony::plan),
    decoder("ceremony_transcript", Json, 8_192, 1_500, ceremony::transcript),
    decoder("kept_key", Json, 4_096, 6_000, ceremony::kept_key),
    decoder("master_key", Json, 2_048, 6_000, custody::master_key),
    decoder("recovery_share", Json, 2_048, 6_000, custody::recovery_share),
    decoder("custody_message", Json, 8_192, 3_000, custody::message),
    decoder("audit_entry", Json, 2_100, 6_000, audit::entry),
    decoder("audit_checkpoint", Text, 2_048, 1_500, audit::checkpoint),
    decoder("audit_terms", Text, 256, 15_000, audit::terms),
    decoder("audit_frontier", Binary, 1_024, 60_000, audit::frontier),
    decoder("quantities", Text, 256, 60_000, quantities::quantities),
    decoder("dates", Text, 64, 60_000, dates::dates),
    decoder("codes", Text, 64, 60_000, codes::codes),
    decoder("claim_compile", Json, 65_536, 3_000, compile::compile),
    verifier("verify_presentation", Binary, 2_048, 1_500, verify::presentation),
    verifier("verify_presentation_json", Json, 2_048, 1_500, verify::presentation),
    verifier("verify_request", Json, 65_536, 900, verify::request),
    verifier("verify_bundle", Json, 16_384, 900, verify::bundle),
    verifier("verify_claim", Json, 8_192, 900, verify::claim),
    verifier("verify_view", Binary, 256, 500, verify::view),
    verifier("contract_calls", Binary, 4_096, 500, contracts::calls),
];
