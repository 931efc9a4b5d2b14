//! What a call is refused with: a stable code, in words, and what to do next.

use crate::store::StoreError;
use std::fmt;
use std::time::Duration;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// Of all our codes.
pub const DOMAIN: &str = "medproof";

/// Why a call has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    grpc: Code,
    code: &'static str,
    message: String,
    help: &'static str,
    // The field that it is about.
    field: Option<String>,
    wait: Option<Duration>,
}

impl Refusal {
    /// With one of gRPC's codes, and ours.
    #[must_use]
    pub fn new(grpc: Code, code: &'static str, message: impl fmt::Display, help: &'static str) -> Refusal {
        Refusal {
            grpc,
            code,
            message: message.to_string(),
            help,
            field: None,
            wait: None,
        }
    }

    /// A message that is none.
    #[must_use]
    pub fn invalid(code: &'static str, message: impl fmt::Display, help: &'static str) -> Refusal {
        Refusal::new(Code::InvalidArgument, code, message, help)
    }

    /// About this field, or within what it is about.
    #[must_use]
    pub fn at(mut self, field: impl fmt::Display) -> Refusal {
        self.field = Some(match self.field {
            Some(inner) => format!("{field}.{inner}"),
            None => field.to_string(),
        });
        self
    }

    /// To be tried again after so long.
    #[must_use]
    pub fn after(mut self, wait: Duration) -> Refusal {
        self.wait = Some(wait);
        self
    }

    /// Its stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }
}

impl From<StoreError> for Refusal {
    // What a database says may quote what it was given: it goes to the log, not to the caller.
    fn from(error: StoreError) -> Refusal {
        tracing::error!(%error, "the store failed");
        let message = "the service cannot reach its store, or its store refuses to write";
        Refusal::new(
            Code::Unavailable,
            "store.unavailable",
            message,
            "try again; an operator finds the reason in the service's log",
        )
        .after(Duration::from_secs(1))
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Status {
        let mut details = ErrorDetails::new();
        details.set_error_info(refusal.code, DOMAIN, [("help".to_owned(), refusal.help.to_owned())]);
        if let Some(field) = refusal.field {
            details.add_bad_request_violation(field, refusal.message.clone());
        }
        if let Some(wait) = refusal.wait {
            details.set_retry_info(Some(wait));
        }
        Status::with_error_details(refusal.grpc, format!("{}: {}", refusal.code, refusal.message), details)
    }
}

/// Why a call was refused: our stable code, or gRPC's where it was refused before it came to us.
#[must_use]
pub fn reason(status: &Status) -> String {
    let ours = status.get_error_details().error_info().cloned();
    let ours = ours.filter(|info| info.domain == DOMAIN).map(|info| info.reason);
    ours.unwrap_or_else(|| format!("grpc.{:?}", status.code()).to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_has_the_code_the_place_and_what_to_do() {
        let refusal = Refusal::invalid("request.value", "no day", "write it anew")
            .at("request")
            .at("disclosures[3]");
        let status = Status::from(refusal.after(Duration::from_secs(2)));
        assert_eq!(
            (status.code(), status.message()),
            (Code::InvalidArgument, "request.value: no day")
        );
        let details = status.get_error_details();
        let info = details.error_info().unwrap();
        assert_eq!((info.reason.as_str(), info.domain.as_str()), ("request.value", DOMAIN));
        assert_eq!(info.metadata["help"], "write it anew");
        let place = &details.bad_request().unwrap().field_violations[0].field;
        assert_eq!(place, "disclosures[3].request");
        assert_eq!(details.retry_info().unwrap().retry_delay, Some(Duration::from_secs(2)));
        assert_eq!(reason(&status), "request.value");
        assert_eq!(reason(&Status::out_of_range("too long")), "grpc.outofrange");
    }
}
