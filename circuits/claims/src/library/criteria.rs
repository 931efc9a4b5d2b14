//! The single criteria from which the trials are made.

use super::{absent, codes, has, set};
use crate::claim::Claim;
use crate::error::ClaimError;
use crate::spec::{
    Age, Bound, ClaimSpec, CodeGroup, Coding, Criterion, Has, Latest, Lower, Members, NamedSet, Number, Period, Test,
    Upper, Wanted, When,
};
use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;
use medproof_statement::concept::{Kind, System};

/// The claim that a single criterion makes, by its name in [`super::CRITERIA`]; `None` of another
/// name.
///
/// # Errors
/// None with these parameters.
pub fn single(name: &str) -> Option<Result<Claim, ClaimError>> {
    let (title, criteria) = match name {
        "living" => ("Not recorded as dead", vec![living()]),
        "1" => ("Age 18 to 75", vec![age_18_to_75()]),
        "2" => ("Active type 2 diabetes", vec![diabetes()]),
        "3" => ("HbA1c of 7.0 to 10.5 % within 365 days", vec![hba1c()]),
        "4" => ("eGFR of at least 45 within 365 days", vec![egfr()]),
        "5" => ("BMI of 25 to 40 within 730 days", vec![bmi()]),
        "6" => ("Active hypertension for at least 90 days", vec![hypertension()]),
        "7" => (
            "Two systolic readings of at least 130 within 1,095 days",
            vec![systolic()],
        ),
        "8" => ("Td or Tdap within 3,653 days", vec![tetanus()]),
        "9" => ("Influenza vaccine within 365 days", vec![influenza()]),
        "10" => ("At least two doses of HPV vaccine", vec![hpv()]),
        "11" => ("MMR and varicella vaccines", mmr_and_varicella()),
        "12" => ("Malignancy active or within 1,826 days", vec![present(malignancy())]),
        "no12" => ("No malignancy active or within 1,826 days", vec![missing(malignancy())]),
        "13" => ("Active warfarin", vec![present(warfarin())]),
        "no13" => ("No active warfarin", vec![missing(warfarin())]),
        "14" => ("Active pregnancy", vec![present(pregnancy())]),
        "no14" => ("No active pregnancy", vec![missing(pregnancy())]),
        "15" => (
            "Myocardial infarction or stroke within 180 days",
            vec![present(infarction(RECENT))],
        ),
        "no15" => (
            "No myocardial infarction or stroke within 180 days",
            vec![missing(infarction(RECENT))],
        ),
        "15-ever" => (
            "Myocardial infarction or stroke ever",
            vec![present(infarction(When::EVER))],
        ),
        "no15-ever" => (
            "No myocardial infarction or stroke ever",
            vec![missing(infarction(When::EVER))],
        ),
        "16" => ("Peanut, bee-venom or latex allergy", vec![present(allergy())]),
        "no16" => ("No peanut, bee-venom or latex allergy", vec![missing(allergy())]),
        "allergy" => (
            "Bee-venom, latex or peanut allergy",
            vec![present(allergy_to_substance())],
        ),
        "noallergy" => (
            "No bee-venom, latex or peanut allergy",
            vec![missing(allergy_to_substance())],
        ),
        "17" => ("Never smoker by the latest status", vec![never_smoker()]),
        _ => return None,
    };
    let spec = ClaimSpec {
        title: title.to_owned(),
        code_sets: if name.ends_with("12") { sets() } else { BTreeMap::new() },
        clauses: criteria.into_iter().map(Into::into).collect(),
        ..ClaimSpec::default()
    };
    Some(Claim::new(spec))
}

const RECENT: When = When::within(Period::days(180));

/// The sets that [`malignancy`] refers to.
pub(super) fn sets() -> BTreeMap<alloc::string::String, NamedSet> {
    let malignancy = NamedSet {
        title: Some("Malignancy".to_owned()),
        source: "Synthea: lung, colorectal, breast and prostate cancer modules".to_owned(),
        version: "2.4".to_owned(),
        codes: vec![CodeGroup::In(
            System::Snomed,
            Members::Listed(
                [
                    ("109838007", "Overlapping malignant neoplasm of colon"),
                    ("126906006", "Neoplasm of prostate"),
                    ("254637007", "Non-small cell lung cancer"),
                    ("254632001", "Small cell carcinoma of lung"),
                    ("363406005", "Malignant tumor of colon"),
                    ("93761005", "Primary malignant neoplasm of colon"),
                    ("254837009", "Malignant neoplasm of breast"),
                    ("424132000", "Non-small cell carcinoma of lung, TNM stage 1"),
                    ("94260004", "Secondary malignant neoplasm of colon"),
                    ("162573006", "Suspected lung cancer"),
                    (
                        "67811000119102",
                        "Primary small cell malignant neoplasm of lung, TNM stage 1",
                    ),
                    ("92691004", "Carcinoma in situ of prostate"),
                ]
                .map(|(code, display)| Coding::new(code, display))
                .into(),
            ),
        )],
    };
    BTreeMap::from([("malignancy".to_owned(), malignancy)])
}

pub(super) fn living() -> Criterion {
    Test::NotDeceased.into()
}

pub(super) fn age_18_to_75() -> Criterion {
    let age = Age {
        at_least: Some(18),
        at_most: Some(75),
    };
    Criterion::from(Test::Age(age)).labelled("Age")
}

pub(super) fn diabetes() -> Criterion {
    let coded = codes(
        System::Snomed,
        vec![Coding::new("44054006", "Diabetes mellitus type 2")],
    );
    present(has(Kind::Condition, coded, When::ACTIVE)).labelled("Type 2 diabetes")
}

fn reading(code: &str, display: &str, days: u32, value: Wanted) -> Test {
    Test::Latest(Latest {
        kind: Kind::Observation,
        codes: codes(System::Loinc, vec![Coding::new(code, display)]),
        since: Some(Lower::Within(Period::days(days))),
        value,
    })
}

fn quantity(unit: &str, at_least: &str, at_most: Option<&str>) -> Wanted {
    let bound = |text: &str| {
        let limit = Number::parse(text)?;
        Some(Bound { limit, inclusive: true })
    };
    Wanted::Quantity {
        unit: unit.to_owned(),
        lower: bound(at_least),
        upper: at_most.and_then(bound),
    }
}

pub(super) fn hba1c() -> Criterion {
    let name = "Hemoglobin A1c/Hemoglobin.total in Blood";
    let test = reading("4548-4", name, 365, quantity("%", "7.0", Some("10.5")));
    Criterion::from(test).labelled("HbA1c")
}

pub(super) fn egfr() -> Criterion {
    let name = "Glomerular filtration rate/1.73 sq M.predicted";
    let test = reading("33914-3", name, 365, quantity("mL/min/{1.73_m2}", "45", None));
    Criterion::from(test).labelled("eGFR")
}

pub(super) fn bmi() -> Criterion {
    let test = reading("39156-5", "Body mass index", 730, quantity("kg/m2", "25", Some("40")));
    Criterion::from(test).labelled("BMI")
}

pub(super) fn hypertension() -> Criterion {
    let coded = codes(System::Snomed, vec![Coding::new("38341003", "Hypertensive disorder")]);
    let when = When::Window {
        from: None,
        to: Some(Upper::AtLeastAgo(Period::days(90))),
        active: true,
    };
    present(has(Kind::Condition, coded, when)).labelled("Hypertension")
}

fn systolic() -> Criterion {
    let coded = codes(System::Loinc, vec![Coding::new("8480-6", "Systolic blood pressure")]);
    present(Has {
        value: Some(quantity("mm[Hg]", "130", None)),
        count: 2,
        ..has(Kind::Observation, coded, When::within(Period::days(1_095)))
    })
}

fn vaccine(list: &[(&str, &str)], when: When) -> Has {
    let list = list.iter().map(|(code, display)| Coding::new(code, display));
    has(Kind::Immunization, codes(System::Cvx, list.collect()), when)
}

pub(super) fn tetanus() -> Criterion {
    let list = [("113", "Td (adult), preservative free"), ("115", "Tdap")];
    present(vaccine(&list, When::within(Period::days(3_653)))).labelled("Tetanus vaccine")
}

pub(super) fn influenza() -> Criterion {
    let list = [("140", "Influenza, seasonal, injectable, preservative free")];
    present(vaccine(&list, When::within(Period::days(365)))).labelled("Influenza vaccine")
}

fn hpv() -> Criterion {
    present(Has {
        count: 2,
        ..vaccine(&[("62", "HPV, quadrivalent")], When::EVER)
    })
}

fn mmr_and_varicella() -> Vec<Criterion> {
    vec![
        present(vaccine(&[("03", "MMR")], When::EVER)),
        present(vaccine(&[("21", "varicella")], When::EVER)),
    ]
}

pub(super) fn malignancy() -> Has {
    has(
        Kind::Condition,
        set("malignancy"),
        When::ActiveOrWithin(Period::days(1_826)),
    )
}

pub(super) fn warfarin() -> Has {
    let drug = Coding::new("855332", "Warfarin sodium 5 mg oral tablet");
    has(Kind::Medication, codes(System::RxNorm, vec![drug]), When::ACTIVE)
}

pub(super) fn pregnancy() -> Has {
    let coded = [("72892002", "Normal pregnancy"), ("79586000", "Tubal pregnancy")];
    let coded = coded.map(|(code, display)| Coding::new(code, display));
    has(Kind::Condition, codes(System::Snomed, coded.into()), When::ACTIVE)
}

pub(super) fn recent_infarction() -> Has {
    infarction(RECENT)
}

fn infarction(when: When) -> Has {
    let coded = [("22298006", "Myocardial infarction"), ("230690007", "Stroke")];
    let coded = coded.map(|(code, display)| Coding::new(code, display));
    has(Kind::Condition, codes(System::Snomed, coded.into()), when)
}

pub(super) fn allergies() -> Vec<Coding> {
    let coded = [
        ("91935009", "Allergy to peanuts"),
        ("424213003", "Allergy to bee venom"),
        ("300916003", "Latex allergy"),
    ];
    coded.map(|(code, display)| Coding::new(code, display)).into()
}

pub(super) fn allergy() -> Has {
    has(Kind::Allergy, codes(System::Snomed, allergies()), When::ACTIVE)
}

// As charts have it that name the substance and not the allergy.
fn allergy_to_substance() -> Has {
    let coded = [
        ("288328004", "Bee venom"),
        ("111088007", "Latex"),
        ("762952008", "Peanut"),
    ];
    let coded = coded.map(|(code, display)| Coding::new(code, display));
    has(Kind::Allergy, codes(System::Snomed, coded.into()), When::ACTIVE)
}

fn never_smoker() -> Criterion {
    let latest = Test::Latest(Latest {
        kind: Kind::Observation,
        codes: codes(System::Loinc, vec![Coding::new("72166-2", "Tobacco smoking status")]),
        since: None,
        value: Wanted::Coded {
            system: System::Snomed,
            any_of: vec![Coding::new("266919005", "Never smoker")],
        },
    });
    latest.into()
}

pub(super) fn present(has: Has) -> Criterion {
    Test::Has(has).into()
}

/// The same facts, but none of them.
pub(super) fn missing(has: Has) -> Criterion {
    Test::None(absent(has.kind, has.codes, has.when)).into()
}
