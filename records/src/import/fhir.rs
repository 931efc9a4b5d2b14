//! The elements of FHIR R4 that are read, as they are written. Everything else is skipped.

use super::json::{Written, present};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

// Every element is optional here: whether an absence is an error, an uncertain fact or nothing
// is decided where its meaning is known. What is present must have its type; a key given twice
// is an error.
macro_rules! elements {
    ($($(#[$meta:meta])* $name:ident { $($field:ident: $ty:ty = $json:literal,)* })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Default, Deserialize)]
        pub(crate) struct $name {
            $(#[serde(default, rename = $json, deserialize_with = "present")] pub $field: Option<$ty>,)*
        }
    )*};
}

elements! {
    /// What every resource has.
    Header {
        resource_type: String = "resourceType",
        id: String = "id",
        implicit_rules: IgnoredAny = "implicitRules",
        modifier: IgnoredAny = "modifierExtension",
        contained: Vec<Box<RawValue>> = "contained",
    }

    Coding {
        system: String = "system",
        code: String = "code",
    }

    CodeableConcept {
        coding: Vec<Coding> = "coding",
        text: String = "text",
    }

    Reference {
        reference: String = "reference",
    }

    Identifier {
        system: String = "system",
        value: String = "value",
    }

    Period {
        start: String = "start",
        end: String = "end",
    }

    Quantity {
        value: Written = "value",
        comparator: String = "comparator",
        system: String = "system",
        code: String = "code",
    }

    Patient {
        birth_date: String = "birthDate",
        gender: String = "gender",
        deceased_boolean: bool = "deceasedBoolean",
        deceased_date_time: String = "deceasedDateTime",
    }

    Immunization {
        patient: Reference = "patient",
        status: String = "status",
        vaccine_code: CodeableConcept = "vaccineCode",
        occurrence_date_time: String = "occurrenceDateTime",
        occurrence_string: IgnoredAny = "occurrenceString",
        is_subpotent: bool = "isSubpotent",
    }

    Condition {
        subject: Reference = "subject",
        clinical_status: CodeableConcept = "clinicalStatus",
        verification_status: CodeableConcept = "verificationStatus",
        code: CodeableConcept = "code",
        onset_date_time: String = "onsetDateTime",
        onset_period: Period = "onsetPeriod",
        onset_age: IgnoredAny = "onsetAge",
        onset_range: IgnoredAny = "onsetRange",
        onset_string: IgnoredAny = "onsetString",
        abatement_date_time: String = "abatementDateTime",
        abatement_period: Period = "abatementPeriod",
        abatement_age: IgnoredAny = "abatementAge",
        abatement_range: IgnoredAny = "abatementRange",
        abatement_string: IgnoredAny = "abatementString",
        recorded_date: String = "recordedDate",
    }

    AllergyIntolerance {
        patient: Reference = "patient",
        clinical_status: CodeableConcept = "clinicalStatus",
        verification_status: CodeableConcept = "verificationStatus",
        code: CodeableConcept = "code",
        onset_date_time: String = "onsetDateTime",
        onset_period: Period = "onsetPeriod",
        onset_age: IgnoredAny = "onsetAge",
        onset_range: IgnoredAny = "onsetRange",
        onset_string: IgnoredAny = "onsetString",
        recorded_date: String = "recordedDate",
    }

    Observation {
        subject: Reference = "subject",
        focus: IgnoredAny = "focus",
        status: String = "status",
        code: CodeableConcept = "code",
        effective_date_time: String = "effectiveDateTime",
        effective_instant: String = "effectiveInstant",
        effective_period: Period = "effectivePeriod",
        effective_timing: IgnoredAny = "effectiveTiming",
        value_quantity: Quantity = "valueQuantity",
        value_codeable_concept: CodeableConcept = "valueCodeableConcept",
        value_boolean: bool = "valueBoolean",
        value_string: IgnoredAny = "valueString",
        value_integer: IgnoredAny = "valueInteger",
        value_range: IgnoredAny = "valueRange",
        value_ratio: IgnoredAny = "valueRatio",
        value_sampled_data: IgnoredAny = "valueSampledData",
        value_time: IgnoredAny = "valueTime",
        value_date_time: IgnoredAny = "valueDateTime",
        value_period: IgnoredAny = "valuePeriod",
        data_absent_reason: IgnoredAny = "dataAbsentReason",
        component: Vec<Component> = "component",
    }

    Component {
        modifier: IgnoredAny = "modifierExtension",
        code: CodeableConcept = "code",
        value_quantity: Quantity = "valueQuantity",
        value_codeable_concept: CodeableConcept = "valueCodeableConcept",
        value_boolean: bool = "valueBoolean",
        value_string: IgnoredAny = "valueString",
        value_integer: IgnoredAny = "valueInteger",
        value_range: IgnoredAny = "valueRange",
        value_ratio: IgnoredAny = "valueRatio",
        value_sampled_data: IgnoredAny = "valueSampledData",
        value_time: IgnoredAny = "valueTime",
        value_date_time: IgnoredAny = "valueDateTime",
        value_period: IgnoredAny = "valuePeriod",
        data_absent_reason: IgnoredAny = "dataAbsentReason",
    }

    MedicationRequest {
        subject: Reference = "subject",
        status: String = "status",
        intent: String = "intent",
        do_not_perform: bool = "doNotPerform",
        medication_codeable_concept: CodeableConcept = "medicationCodeableConcept",
        medication_reference: Reference = "medicationReference",
        authored_on: String = "authoredOn",
    }

    MedicationStatement {
        subject: Reference = "subject",
        status: String = "status",
        medication_codeable_concept: CodeableConcept = "medicationCodeableConcept",
        medication_reference: Reference = "medicationReference",
        effective_date_time: String = "effectiveDateTime",
        effective_period: Period = "effectivePeriod",
    }

    Medication {
        code: CodeableConcept = "code",
    }

    Procedure {
        subject: Reference = "subject",
        status: String = "status",
        code: CodeableConcept = "code",
        performed_date_time: String = "performedDateTime",
        performed_period: Period = "performedPeriod",
        performed_string: IgnoredAny = "performedString",
        performed_age: IgnoredAny = "performedAge",
        performed_range: IgnoredAny = "performedRange",
    }

    Encounter {
        subject: Reference = "subject",
        status: String = "status",
        kinds: Vec<CodeableConcept> = "type",
        period: Period = "period",
    }

    Coverage {
        beneficiary: Reference = "beneficiary",
        status: String = "status",
        kind: CodeableConcept = "type",
        period: Period = "period",
        identifier: Vec<Identifier> = "identifier",
    }

    /// Claim and ExplanationOfBenefit.
    Bill {
        patient: Reference = "patient",
        status: String = "status",
        purpose: String = "use",
        outcome: String = "outcome",
        claim: Reference = "claim",
        insurance: Vec<Insurance> = "insurance",
        item: Vec<Item> = "item",
        add_item: Vec<Item> = "addItem",
    }

    Insurance {
        modifier: IgnoredAny = "modifierExtension",
        focal: bool = "focal",
        coverage: Reference = "coverage",
    }

    /// An item, and its details, and theirs.
    Item {
        modifier: IgnoredAny = "modifierExtension",
        product_or_service: CodeableConcept = "productOrService",
        serviced_date: String = "servicedDate",
        serviced_period: Period = "servicedPeriod",
        detail: Vec<Item> = "detail",
        sub_detail: Vec<Item> = "subDetail",
    }
}
