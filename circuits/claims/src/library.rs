//! The library of claims: each a readable file in `library/` and a constructor that makes the
//! same claim, its parameters open.
//!
//! None of them is a circuit of its own: one setup per tier serves every claim ever written.

mod criteria;
mod trials;

pub use criteria::single;
pub use trials::{Trial, trial_eligibility};

use crate::claim::Claim;
use crate::error::ClaimError;
use crate::spec::{
    Absent, Age, ClaimSpec, CodeGroup, Codes, Coding, Criterion, Has, Members, NamedSet, Period, Test, Wanted, When,
};
use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use medproof_statement::concept::{Kind, System};

/// A claim of the library as a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// Its text, in JSON.
    pub json: &'static str,
}

macro_rules! entries {
    ($folder:literal: $($name:literal),* $(,)?) => {
        &[$(Entry {
            name: $name,
            json: include_str!(concat!("../library/", $folder, $name, ".json")),
        }),*]
    };
}

/// The claims of the library.
pub const CLAIMS: &[Entry] = entries!["":
    "adult",
    "vaccinated",
    "no_allergy",
    "trial_eligibility_t1",
    "trial_eligibility_t2",
    "trial_eligibility_t3",
    "covered_procedure",
    "covid_doses",
];

/// Each single criterion of the trials as a claim of its own: under its number where the facts are
/// there, with `no` before it where they are not.
pub const CRITERIA: &[Entry] = entries!["criteria/":
    "living", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "15-ever", "16", "17",
    "allergy", "noallergy", "no12", "no13", "no14", "no15", "no15-ever", "no16",
];

/// The entry of this name, of the claims or the single criteria.
pub fn find(name: &str) -> Option<&'static Entry> {
    CLAIMS.iter().chain(CRITERIA).find(|entry| entry.name == name)
}

impl Entry {
    /// The claim.
    ///
    /// # Errors
    /// None: a test reads every entry. The signature is that of any claim.
    pub fn claim(&self) -> Result<Claim, ClaimError> {
        Claim::parse(self.json.as_bytes())
    }
}

/// An adult: at least 18 completed years, and alive as far as the chart says.
///
/// # Errors
/// None with these parameters.
pub fn adult() -> Result<Claim, ClaimError> {
    let age = Test::Age(Age {
        at_least: Some(18),
        at_most: None,
    });
    Claim::new(ClaimSpec {
        title: "Adult".to_owned(),
        clauses: vec![Criterion::from(age).into(), Criterion::from(Test::NotDeceased).into()],
        ..ClaimSpec::default()
    })
}

/// Vaccinated: so many doses of these vaccines, so far apart, so recently.
#[derive(Clone, Debug)]
pub struct Vaccinated {
    /// What the claim is called.
    pub title: String,
    /// The vaccines, in CVX. Any of them counts as a dose.
    pub vaccines: Vec<Coding>,
    /// How many doses.
    pub doses: u8,
    /// How many days between each and the next; 0 for any.
    pub min_gap_days: u16,
    /// How long ago the doses may be.
    pub within: Option<Period>,
}

impl Vaccinated {
    /// The claim.
    ///
    /// # Errors
    /// [`ClaimError`] where a code has not CVX's shape, or the numbers do not go together.
    pub fn claim(self) -> Result<Claim, ClaimError> {
        let doses = Test::Has(Has {
            kind: Kind::Immunization,
            codes: codes(System::Cvx, self.vaccines),
            when: self.within.map_or(When::EVER, When::within),
            value: None,
            count: self.doses,
            min_gap_days: self.min_gap_days,
        });
        one(&self.title, doses)
    }
}

/// None of these allergies, in SNOMED CT, active.
///
/// # Errors
/// [`ClaimError`] where a code has not SNOMED CT's shape.
pub fn no_allergy(title: &str, allergies: Vec<Coding>) -> Result<Claim, ClaimError> {
    one(
        title,
        Test::None(absent(Kind::Allergy, codes(System::Snomed, allergies), When::ACTIVE)),
    )
}

/// A billed procedure, in SNOMED CT, under one of these coverage classes.
#[derive(Clone, Debug)]
pub struct CoveredProcedure {
    /// What the claim is called.
    pub title: String,
    /// The procedures.
    pub procedures: NamedSet,
    /// How long ago the service may be.
    pub within: Period,
    /// The classes, as the importer's map names them.
    pub classes: Vec<Coding>,
}

impl CoveredProcedure {
    /// The claim.
    ///
    /// # Errors
    /// [`ClaimError`] where a code has not its system's shape.
    pub fn claim(self) -> Result<Claim, ClaimError> {
        let billed = Test::Has(Has {
            kind: Kind::Claim,
            codes: set("procedures"),
            when: When::within(self.within),
            value: Some(Wanted::Coded {
                system: System::Internal,
                any_of: self.classes,
            }),
            count: 1,
            min_gap_days: 0,
        });
        Claim::new(ClaimSpec {
            title: self.title,
            code_sets: BTreeMap::from([("procedures".to_owned(), self.procedures)]),
            clauses: vec![Criterion::from(billed).into()],
            ..ClaimSpec::default()
        })
    }
}

fn one(title: &str, test: Test) -> Result<Claim, ClaimError> {
    Claim::new(ClaimSpec {
        title: title.to_owned(),
        clauses: vec![Criterion::from(test).into()],
        ..ClaimSpec::default()
    })
}

fn codes(system: System, list: Vec<Coding>) -> Codes {
    Codes::Groups(vec![CodeGroup::In(system, Members::Listed(list))])
}

fn set(name: &str) -> Codes {
    Codes::Groups(vec![CodeGroup::Set(name.to_owned())])
}

fn has(kind: Kind, codes: Codes, when: When) -> Has {
    Has {
        kind,
        codes,
        when,
        value: None,
        count: 1,
        min_gap_days: 0,
    }
}

const fn absent(kind: Kind, codes: Codes, when: When) -> Absent {
    Absent {
        kind,
        codes,
        when,
        value: None,
    }
}
