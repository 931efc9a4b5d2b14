//! Witnesses as JSON, for the reference implementation: `tests/reference/README.md` defines it.

use ark_ff::PrimeField;
use medproof_statement::Fr;
use medproof_statement::check::Witness;
use medproof_statement::consent::{Bound, SignedConsent};
use medproof_statement::eddsa::EdwardsAffine;
use medproof_statement::fact::{Fact, Key};
use medproof_statement::field::to_bytes;
use medproof_statement::machine::{Action, Opened, Slot};
use medproof_statement::policy::{Criterion, Header, Policy};
use medproof_statement::public::PublicInputs;
use medproof_statement::record::{Facts, RecordOpening};
use medproof_statement::request::Request;
use medproof_statement::tree::Path;
use serde_json::{Value, json};

/// A field element: `0x` and 64 hexadecimal digits.
pub fn field(x: Fr) -> Value {
    let digits: String = to_bytes(&x).iter().map(|byte| format!("{byte:02x}")).collect();
    Value::String(format!("0x{digits}"))
}

fn point(point: &EdwardsAffine) -> Value {
    json!([field(point.x), field(point.y)])
}

fn decimal(n: impl ToString) -> Value {
    Value::String(n.to_string())
}

/// The public inputs by name.
pub fn public(public: &PublicInputs) -> Value {
    let [registry_root, policy_digest, request_digest, nullifier, consent_handle] = public.to_array().map(field);
    json!({
        "registry_root": registry_root,
        "policy_digest": policy_digest,
        "request_digest": request_digest,
        "nullifier": nullifier,
        "consent_handle": consent_handle,
    })
}

/// All that the prover knows.
pub fn witness(witness: &Witness) -> Value {
    let table = &witness.table;
    json!({
        "record": record(&witness.record),
        "position": path(&witness.position),
        "policy": {
            "header": header(table.header()),
            "rows": table.criteria().iter().map(row).collect::<Vec<_>>(),
        },
        "request": request(&witness.request),
        "consent": consent(&witness.consent),
        "slots": witness.slots.iter().map(slot).collect::<Vec<_>>(),
    })
}

/// A policy with its sets' members in place of their trees.
pub fn policy(policy: &Policy) -> Value {
    let table = policy.table();
    let sets = (0..table.criteria().len()).map(|criterion| {
        let set = policy.set(criterion)?;
        Some(set.members().map(|member| decimal(member.bits())).collect::<Vec<_>>())
    });
    json!({
        "header": header(table.header()),
        "rows": table.criteria().iter().map(row).collect::<Vec<_>>(),
        "sets": sets.collect::<Vec<_>>(),
    })
}

/// A chart's facts and salts, the sentinel's salt first.
pub fn chart(facts: &Facts) -> (Value, Value) {
    let leaves = facts.leaves();
    let of_facts = leaves.iter().skip(1).map(|leaf| fact(&leaf.fact));
    (of_facts.collect(), leaves.iter().map(|leaf| field(leaf.salt)).collect())
}

fn record(record: &RecordOpening) -> Value {
    let holder = &record.holder;
    json!({
        "facts_root": field(record.facts_root),
        "pk": point(holder.pk.point()),
        "emergency_pk": point(holder.emergency_pk.point()),
        "nk": field(holder.nk.expose()),
        "coverage": decimal(record.coverage.0),
        "schema": record.schema,
        "issued_on": record.issued_on.0,
        "salt": field(record.salt),
    })
}

fn path<const DEPTH: usize>(path: &Path<DEPTH>) -> Value {
    let siblings = path.siblings.iter().map(|level| level.map(field).to_vec());
    json!({ "index": path.index, "siblings": siblings.collect::<Vec<_>>() })
}

fn header(header: &Header) -> Value {
    json!({
        "tier": header.tier.code(),
        "claim_id": field(header.claim_id),
        "as_of": header.as_of.0,
        "schema": header.schema,
        "issued_min": header.issued_min.0,
        "required_coverage": decimal(header.required_coverage.0),
    })
}

fn row(row: &Criterion) -> Value {
    json!({
        "mode": row.mode as u64,
        "either": row.either,
        "concept_lo": decimal(row.concept_lo.bits()),
        "concept_hi": decimal(row.concept_hi.bits()),
        "set_root": row.set_root.map(field),
        "date_lo": row.date_lo.0,
        "date_hi": row.date_hi.0,
        "active_on": row.active_on.map(|day| day.0),
        "value_lo": row.value.map(|(lo, _)| decimal(lo.bits())),
        "value_hi": row.value.map(|(_, hi)| decimal(hi.bits())),
        "count": row.count,
        "min_gap_days": row.min_gap_days,
        "threshold": row.threshold,
    })
}

fn request(request: &Request) -> Value {
    json!({
        "audience": field(request.audience),
        "purpose": request.purpose as u64,
        "subject": field(request.subject),
        "scope": field(request.scope),
        "requested_at": request.requested_at.seconds(),
        "expires_at": request.expires_at.seconds(),
        "rest": field(request.rest),
    })
}

fn consent(signed: &SignedConsent) -> Value {
    let consent = &signed.consent;
    let bound_to = match consent.bound {
        Bound::Policy(_) => "policy",
        Bound::Claim(_) => "claim",
    };
    json!({
        "bound_to": bound_to,
        "bound": field(consent.bound.element()),
        "not_before": consent.not_before.seconds(),
        "not_after": consent.not_after.seconds(),
        "grant_id": field(consent.grant_id),
        "signature": { "R": point(signed.signature.r()), "s": decimal(signed.signature.s().into_bigint()) },
    })
}

fn slot(slot: &Slot) -> Value {
    let action = match slot.action {
        Action::Idle => "IDLE",
        Action::Fact => "FACT",
        Action::Member => "MEMBER",
        Action::RecordGap => "GAP",
        Action::SetGap => "SET GAP",
        Action::Pass => "PASS",
    };
    json!({
        "action": action,
        "start": slot.start,
        "ends": slot.ends,
        "criterion": slot.criterion,
        "leaf": leaf(&slot.opened),
        "path": path(&slot.path),
    })
}

fn leaf(opened: &Opened) -> Value {
    match opened {
        Opened::Record(leaf) => json!({
            "fact": fact(&leaf.fact),
            "next": key(leaf.next),
            "salt": field(leaf.salt),
        }),
        Opened::Set(leaf) => json!({
            "member": decimal(leaf.member.bits()),
            "next": decimal(leaf.next.bits()),
        }),
    }
}

fn key(key: Key) -> Value {
    decimal(key.to_field().into_bigint())
}

fn fact(fact: &Fact) -> Value {
    json!({
        "concept": decimal(fact.concept.bits()),
        "date": fact.date.0,
        "event": fact.seq.event,
        "sub": fact.seq.sub,
        "contested": fact.contested,
        "uncertain": fact.uncertain,
        "value": decimal(fact.value.bits()),
        "until": fact.until.0,
        "since": fact.since.0,
    })
}
