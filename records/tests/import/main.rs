//! The rules of the FHIR import, one by one, on small charts.
#![allow(clippy::unwrap_used, clippy::panic)]

mod bulk;
mod charts;
mod claims;
mod codes;
mod dates;
mod patients;
mod refusals;
mod statuses;
mod support;
mod values;
