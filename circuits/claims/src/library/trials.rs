//! Trials: who may take part.

use super::criteria::{
    age_18_to_75, allergy, bmi, diabetes, egfr, hypertension, influenza, living, malignancy, missing, pregnancy,
    recent_infarction, sets, tetanus, warfarin,
};
use crate::claim::Claim;
use crate::error::ClaimError;
use crate::spec::{ClaimSpec, Criterion};
use alloc::borrow::ToOwned;
use medproof_statement::tier::Tier;

/// A trial of the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trial {
    /// Hypertension.
    T1,
    /// Diabetes.
    T2,
    /// A vaccine booster.
    T3,
}

impl Trial {
    /// All of them.
    pub const ALL: [Trial; 3] = [Trial::T1, Trial::T2, Trial::T3];

    /// The name of its file.
    pub const fn name(self) -> &'static str {
        match self {
            Trial::T1 => "trial_eligibility_t1",
            Trial::T2 => "trial_eligibility_t2",
            Trial::T3 => "trial_eligibility_t3",
        }
    }
}

/// Inclusion and exclusion criteria of a trial. Every one excludes the deceased, malignancy,
/// warfarin, pregnancy, and a recent infarction or stroke.
///
/// # Errors
/// None with these parameters.
pub fn trial_eligibility(trial: Trial) -> Result<Claim, ClaimError> {
    let (title, description, included) = match trial {
        Trial::T1 => (
            "Hypertension trial",
            "Adults up to 75 with hypertension for at least 90 days and a BMI of 25 to 40.",
            [hypertension(), bmi()],
        ),
        Trial::T2 => (
            "Diabetes trial",
            "Adults up to 75 with type 2 diabetes and sufficient kidney function.",
            [diabetes(), egfr()],
        ),
        Trial::T3 => (
            "Vaccine booster trial",
            "Adults up to 75, vaccinated against tetanus and influenza, without the allergies that matter.",
            [tetanus(), influenza()],
        ),
    };
    let excluded = [
        missing(malignancy()).labelled("No malignancy"),
        missing(warfarin()).labelled("No warfarin"),
        missing(pregnancy()).labelled("Not pregnant"),
        missing(recent_infarction()).labelled("No recent infarction or stroke"),
    ];
    let of_t3 = (trial == Trial::T3).then(|| missing(allergy()).labelled("No allergy that matters"));
    let criteria = [age_18_to_75(), living()]
        .into_iter()
        .chain(included)
        .chain(excluded)
        .chain(of_t3);
    Claim::new(ClaimSpec {
        title: title.to_owned(),
        description: Some(description.to_owned()),
        tier: Some(Tier::L),
        code_sets: sets(),
        clauses: criteria.map(|criterion: Criterion| criterion.into()).collect(),
        ..ClaimSpec::default()
    })
}
