//! What issuer and holder tell each other: read strictly, never repeating a key in an error.

use crate::honest::holder;
use crate::oracle::refused;
use crate::target::Verdict;
use medproof_records::issuer::{Enrolment, Invitation, Receipt};

/// A receipt.
pub fn receipt(input: &[u8]) -> Verdict {
    match Receipt::from_json(input) {
        Err(error) => refused(&error),
        Ok(receipt) => {
            let again = receipt.to_json().unwrap();
            assert_eq!(Receipt::from_json(again.as_bytes()), Ok(receipt.clone()));
            // Whatever it says, it shows nobody a record under a root that nobody published.
            assert!(receipt.verify(&holder::holder(), receipt.salt).is_err());
            Verdict::Accepted
        }
    }
}

/// An invitation.
pub fn invitation(input: &[u8]) -> Verdict {
    match Invitation::from_json(input) {
        Err(error) => refused(&error),
        Ok(invitation) => {
            let again = invitation.to_json().unwrap();
            assert_eq!(Invitation::from_json(again.as_bytes()).unwrap(), invitation);
            Verdict::Accepted
        }
    }
}

/// To which invitation the corpus's enrolments answer.
pub fn invited() -> Invitation {
    Invitation {
        issuer: "hospital".to_owned(),
        code: [4; 32],
    }
}

/// An enrolment.
pub fn enrolment(input: &[u8]) -> Verdict {
    match Enrolment::from_json(input) {
        Err(error) => {
            assert!(!error.to_string().contains("0303030303"), "nk in an error");
            refused(&error)
        }
        Ok(enrolment) => {
            let again = enrolment.to_json().unwrap();
            assert_eq!(Enrolment::from_json(again.as_bytes()).unwrap(), enrolment);
            if enrolment.verify(&invited()).is_ok() {
                let honest = Enrolment::sign(holder::holder(), &holder::key(), &invited()).unwrap();
                assert_eq!(enrolment, honest, "nobody signed this enrolment");
            }
            Verdict::Accepted
        }
    }
}
