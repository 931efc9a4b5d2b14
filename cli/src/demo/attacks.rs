//! What does not go through: each attempt with the reason that refuses it.

use super::cast::{Asker, step};
use super::story::{Checker, Question, answer, ask, open, submit};
use super::{Demo, Trial, day, library};
use crate::error::CliError;
use medproof_claims::Claim;
use medproof_ledger::Ledger;
use medproof_messages::request::VerifiedRequest;
use medproof_statement::request::Purpose;
use medproof_verifier::{Settings, Verified};
use std::sync::Arc;

impl Demo<'_> {
    /// Everything that must not go through.
    pub(super) fn attacks(&mut self) -> Result<(), CliError> {
        let Some(mut trial) = self.trial.take() else {
            return Ok(());
        };
        self.tell.scene("What does not go through");
        self.replays(&mut trial)?;
        self.borrowed(&trial)?;
        self.revoked_consent(&trial)?;
        self.revoked_record(&trial)
    }

    fn checked(
        &self,
        asker: &Asker,
        bytes: &[u8],
        request: &VerifiedRequest,
        claim: &Claim,
    ) -> Result<Result<Verified, String>, CliError> {
        let checker = Checker::new(asker, &self.chain, &self.keys[0])?;
        Ok(checker
            .check(bytes, request, claim)?
            .map_err(|refusal| refusal.to_string()))
    }

    // The same patient again in the same scope, for another request; and the same answer submitted
    // for that request.
    fn replays(&mut self, trial: &mut Trial) -> Result<(), CliError> {
        let (patient, first) = &trial.answers[0];
        let key = Arc::clone(&self.keys[0]);
        let question = Question {
            claim: &trial.claim,
            as_of: day(2021)?,
            purpose: Purpose::Research,
            scope: "hypertension trial",
            key: &key,
        };
        let again = ask(&self.sponsor, &self.chain, &question)?;
        let replayed = self.checked(&self.sponsor, &first.presentation.to_bytes(), &again, &trial.claim)?;
        self.refused("a presentation replayed for a second request", replayed)?;

        let second = answer(self.cx, &self.hospital, *patient, &again)?.map_err(step("prove"))?;
        let verified = self.checked(&self.sponsor, &second.presentation.to_bytes(), &again, &trial.claim)?;
        let recorded = verified.map_err(step("verify"))?;
        let recorded = trial.store.record(&recorded).map_err(|e| e.to_string());
        self.refused("the same patient a second time in the trial's scope", recorded)?;
        open(&self.sponsor, &self.chain, &again, &self.hospital)?;
        let submitted =
            submit(&self.sponsor, &self.chain, &self.hospital, &second.presentation).map_err(|e| e.to_string());
        self.refused("… and on the ledger", submitted)
    }

    fn borrowed(&mut self, trial: &Trial) -> Result<(), CliError> {
        let (_, first) = &trial.answers[0];
        let bytes = first.presentation.to_bytes();
        let other = library("trial_eligibility_t3")?;
        let swapped = self.checked(&self.sponsor, &bytes, &trial.request, &other)?;
        self.refused("the presentation held against another claim", swapped)?;
        let elsewhere = self.checked(&self.insurer, &bytes, &trial.request, &trial.claim)?;
        self.refused("the presentation shown to another audience", elsewhere)?;
        // Somebody else's name on it: the second patient's nullifier with the first one's proof.
        let mut foreign = first.presentation;
        foreign.public.nullifier = trial.answers[1].1.presentation.public.nullifier;
        let foreign = self.checked(&self.sponsor, &foreign.to_bytes(), &trial.request, &trial.claim)?;
        self.refused("another patient's proof under one's own nullifier", foreign)
    }

    fn revoked_consent(&mut self, trial: &Trial) -> Result<(), CliError> {
        let (patient, answer) = &trial.answers[1];
        let secret = self.hospital.patients[*patient].revocation_secret(answer.consent);
        let receipt = self
            .chain
            .ledger
            .revoke_consent(&self.insurer.account, secret)
            .map_err(step("revoke"))?;
        self.report.revoke_consent_gas = receipt.gas_used;
        let checked = self.checked(
            &self.sponsor,
            &answer.presentation.to_bytes(),
            &trial.request,
            &trial.claim,
        )?;
        self.refused("a presentation whose patient revoked the consent", checked)
    }

    // The hospital takes a record out and anchors; after the grace period the old root is stale,
    // and under the new one there is no record to prove from.
    fn revoked_record(&mut self, trial: &Trial) -> Result<(), CliError> {
        let (patient, answer) = &trial.answers[2];
        self.hospital.revoke(*patient)?;
        self.anchor()?;
        self.chain.wait(Settings::GRACE + 1);
        let checked = self.checked(
            &self.sponsor,
            &answer.presentation.to_bytes(),
            &trial.request,
            &trial.claim,
        )?;
        self.refused("a presentation of a record that the hospital revoked", checked)?;
        let proved = self.hospital.record(*patient).map(drop).map_err(|e| e.to_string());
        self.refused("a new proof from that record", proved)
    }
}
