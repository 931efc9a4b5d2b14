//! Readers of other claim forms: YAML, OHDSI Circe, FHIR Group.
