//! A service's log.

use super::{messages, world};
use medproof_audit::tree::{Frontier, Hash};
use medproof_audit::{Asked, Consented, Entry, Event, Failure, PseudonymKey, SigningKey, Tenant};
use medproof_messages::encoding::Hex;
use medproof_statement::field;
use medproof_statement::request::Purpose;

/// The log's key.
pub fn key() -> SigningKey {
    SigningKey::from_seed("prover.example/audit", &[5; 32]).unwrap()
}

/// Another's, of the same name.
pub fn other_key() -> SigningKey {
    SigningKey::from_seed("prover.example/audit", &[6; 32]).unwrap()
}

/// One entry of each kind.
pub fn entries() -> Vec<Entry> {
    let audience = world::audience().did();
    let patient = PseudonymKey::from_bytes([7; 32]).pseudonym("General Hospital", "record:1");
    let handle = Hex(field::to_bytes(&messages::revocation().handle()));
    let asked = Asked {
        audience,
        purpose: Purpose::Research,
        claim: Hex([2; 32]),
        request: Hex([3; 32]),
        patient,
    };
    let consented = Consented {
        audience,
        purpose: Purpose::EmergencyTreatment,
        consent: handle,
        patient,
    };
    let events = [
        Event::DisclosureRequested(asked),
        Event::DisclosureReleased(asked, handle),
        Event::DisclosureRefused(asked),
        Event::DisclosureFailed(asked, Failure::Ledger),
        Event::DisclosureCancelled(asked),
        Event::ConsentGranted(consented),
        Event::ConsentRevoked(consented),
        Event::ConsentExpired(consented),
        Event::RecordErased(patient),
        Event::AskerSuspended(audience),
        Event::AskerRestored(audience),
    ];
    let tenant = Tenant::parse("General Hospital").unwrap();
    let entry = |event| Entry::new(world::time(world::START), tenant.clone(), event).unwrap();
    events.map(entry).into()
}

/// The frontier after so many entries.
pub fn frontier(size: usize) -> Frontier {
    let mut frontier = Frontier::new();
    for entry in entries().iter().cycle().take(size) {
        frontier.append(Hash::of_leaf(&entry.to_json())).unwrap();
    }
    frontier
}
