use super::*;
use crate::pseudonym::PseudonymKey;
use medproof_messages::AudienceKey;
use proptest::prelude::*;

const TIME: u64 = 1_617_267_600;

pub(crate) fn did(seed: u8) -> Did {
    AudienceKey::from_seed([seed; 32]).unwrap().did()
}

pub(crate) fn asked(record: u8) -> Asked {
    Asked {
        audience: did(1),
        purpose: Purpose::Research,
        claim: Hex([2; 32]),
        request: Hex([record; 32]),
        patient: PseudonymKey::from_bytes([7; 32]).pseudonym("General Hospital", &format!("record:{record}")),
    }
}

pub(crate) fn consented(record: u8) -> Consented {
    let Asked {
        audience,
        purpose,
        patient,
        ..
    } = asked(record);
    Consented {
        audience,
        purpose,
        consent: Hex([4; 32]),
        patient,
    }
}

/// One of each kind.
pub(crate) fn events() -> [Event; 11] {
    [
        Event::DisclosureRequested(asked(1)),
        Event::DisclosureReleased(asked(1), Hex([4; 32])),
        Event::DisclosureRefused(asked(2)),
        Event::DisclosureFailed(asked(3), Failure::Ledger),
        Event::DisclosureCancelled(asked(3)),
        Event::ConsentGranted(consented(1)),
        Event::ConsentRevoked(consented(1)),
        Event::ConsentExpired(consented(2)),
        Event::RecordErased(asked(2).patient),
        Event::AskerSuspended(did(1)),
        Event::AskerRestored(did(1)),
    ]
}

/// The entry of an event, some seconds after the first.
pub(crate) fn entry(event: Event, after: u64) -> Entry {
    let tenant = Tenant::parse("General Hospital").unwrap();
    Entry::new(Time::new(TIME + after).unwrap(), tenant, event).unwrap()
}

#[test]
fn every_event_is_written_and_read_again() {
    for (after, event) in events().into_iter().enumerate() {
        let entry = entry(event, after as u64);
        let json = entry.to_json();
        assert_eq!(Entry::from_json(&json).as_ref(), Ok(&entry), "{}", event.name());
        assert!(json.len() <= Entry::MAX_BYTES);
    }
}

// What is hashed never changes: an entry of version 1, byte for byte.
#[test]
fn an_entry_is_as_it_was() {
    let json = entry(Event::DisclosureReleased(asked(1), Hex([4; 32])), 0).to_json();
    let (two, one, four) = ("02".repeat(32), "01".repeat(32), "04".repeat(32));
    let expected = format!(
        "{{\"audience\":\"{}\",\"claim\":\"0x{two}\",\"consent\":\"0x{four}\",\"event\":\"disclosure-released\",\
         \"patient\":\"{}\",\"purpose\":\"HRESCH\",\"request\":\"0x{one}\",\"tenant\":\"General Hospital\",\
         \"time\":1617267600,\"type\":\"medproof/audit-entry\",\"version\":1}}",
        did(1),
        asked(1).patient
    );
    assert_eq!(String::from_utf8(json).unwrap(), expected);
}

#[test]
fn the_json_is_rfc_8785s() {
    for event in events() {
        let json = entry(event, 0).to_json();
        let value: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(serde_json_canonicalizer::to_vec(&value).unwrap(), json);
    }
    let tenant = Tenant::parse("Universitätsklinikum \"Süd\" \\ 2").unwrap();
    let json = Entry::new(Time::new(1).unwrap(), tenant, events()[8])
        .unwrap()
        .to_json();
    let value: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(serde_json_canonicalizer::to_vec(&value).unwrap(), json);
    Entry::from_json(&json).unwrap();
}

// Fields that an event needs are asked for, one by one; those of another event are refused, one by one.
#[test]
fn an_event_has_its_fields_and_no_other() {
    let all: serde_json::Map<String, serde_json::Value> = {
        let mut all = object(&entry(events()[1], 0));
        all.extend(object(&entry(events()[3], 0)));
        all
    };
    let common = ["event", "tenant", "time", "type", "version"];
    for event in events() {
        let own = object(&entry(event, 0));
        for field in all.keys().filter(|field| !common.contains(&field.as_str())) {
            let mut changed = own.clone();
            let error = if changed.remove(field).is_some() {
                let error = Entry::from_json(&serde_json::to_vec(&changed).unwrap()).unwrap_err();
                assert!(
                    matches!(error, EntryError::Missing { .. }),
                    "{} without {field}",
                    event.name()
                );
                error
            } else {
                changed.insert(field.clone(), all[field].clone());
                let error = Entry::from_json(&serde_json::to_vec(&changed).unwrap()).unwrap_err();
                assert!(
                    matches!(error, EntryError::Surplus { .. }),
                    "{} with {field}",
                    event.name()
                );
                error
            };
            assert!(!error.to_string().is_empty());
            // Null is not absent.
            changed.insert(field.clone(), serde_json::Value::Null);
            Entry::from_json(&serde_json::to_vec(&changed).unwrap()).unwrap_err();
        }
        for field in common {
            let mut changed = own.clone();
            changed.remove(field);
            Entry::from_json(&serde_json::to_vec(&changed).unwrap()).unwrap_err();
        }
    }
}

fn object(entry: &Entry) -> serde_json::Map<String, serde_json::Value> {
    serde_json::from_slice(&entry.to_json()).unwrap()
}

#[test]
fn an_entry_has_one_spelling() {
    let json = String::from_utf8(entry(events()[1], 0).to_json()).unwrap();
    let bad = [
        json.replace("\"version\":1", "\"version\":2"),
        json.replace("audit-entry", "request"),
        json.replace("HRESCH", "hresch"),
        json.replace("HRESCH", "FUN"),
        json.replace("disclosure-released", "disclosure-sold"),
        json.replace("did:key:z6Mk", "did:key:z6Mm"),
        json.replace("1617267600", "1617267600.0"),
        json.replace("1617267600", "-1"),
        json.replace("1617267600", "\"1617267600\""),
        json.replace("1617267600", "253402300800"),
        json.replace("1617267600", "1099511627776"),
        json.replace("General Hospital", " General Hospital"),
        json.replace("General Hospital", ""),
        json.replace("General Hospital", "General\\u0020Hospital"),
        json.replace("General Hospital", "General\\nHospital"),
        json.replace("0x0404", "0X0404"),
        json.replace("0x0404", "0x04"),
        json.replace(",\"event\"", ", \"event\""),
        json.replace("{\"audience\"", "{\"about\":1,\"audience\""),
        json.replace("\"version\":1", "\"version\":1,\"version\":1"),
        format!("{json}\n"),
        format!(" {json}"),
        json[..json.len() - 1].to_owned(),
        String::new(),
        "null".to_owned(),
    ];
    for bad in bad {
        assert_ne!(bad, json);
        Entry::from_json(bad.as_bytes()).unwrap_err();
    }
    Entry::from_json(json.replace("1617267600", "253402300799").as_bytes()).unwrap();
}

#[test]
fn times_and_tenants_that_are_none_make_no_entry() {
    let tenant = Tenant::parse("General Hospital").unwrap();
    let late = Entry::new(Time::new(LAST_SECOND + 1).unwrap(), tenant.clone(), events()[0]);
    assert_eq!(late, Err(EntryError::Time { found: LAST_SECOND + 1 }));
    Entry::new(Time::new(LAST_SECOND).unwrap(), tenant, events()[0]).unwrap();
    for bad in ["", " ", "a ", "a\u{7}", "a\u{85}b", &"x".repeat(129)] {
        assert_eq!(
            Tenant::parse(bad),
            Err(EntryError::Tenant { found: bad.len() }),
            "{bad:?}"
        );
    }
    let longest = "\"".repeat(128);
    let entry = Entry::new(Time::new(TIME).unwrap(), Tenant::parse(&longest).unwrap(), events()[1]).unwrap();
    assert!(entry.to_json().len() <= Entry::MAX_BYTES);
}

// Whatever a disclosure was refused for, its entry is the same: there is no field for it.
#[test]
fn a_refusal_says_nothing_but_that_it_was_one() {
    let (requested, refused) = (Event::DisclosureRequested(asked(1)), Event::DisclosureRefused(asked(1)));
    let fields = |event| object(&entry(event, 0)).keys().cloned().collect::<Vec<_>>();
    assert_eq!(fields(requested), fields(refused));
    assert_eq!(fields(refused), fields(Event::DisclosureCancelled(asked(1))));
    assert!(!fields(refused).contains(&"consent".to_owned()));
}

#[test]
fn failures_are_the_services_and_coarse() {
    for (code, failure) in [
        ("job.poison", Some(Failure::Job)),
        ("worker.version", Some(Failure::Worker)),
        ("request.expired", Some(Failure::Request)),
        ("root.superseded", Some(Failure::Root)),
        ("ledger.unavailable", Some(Failure::Ledger)),
        ("key.none", Some(Failure::Key)),
        ("prover.panicked", Some(Failure::Prover)),
        ("claim.not_met", None),
        ("consent.revoked", None),
        ("", None),
    ] {
        assert_eq!(Failure::of_code(code), failure, "{code}");
    }
}

#[test]
fn an_emergency_is_seen_by_its_purpose() {
    let purpose = Purpose::EmergencyTreatment;
    assert!(Event::DisclosureRequested(Asked { purpose, ..asked(1) }).is_emergency());
    assert!(!Event::DisclosureRequested(asked(1)).is_emergency());
    assert!(!Event::AskerSuspended(did(1)).is_emergency());
}

// No record's name, in any spelling, and the pseudonym is another with another key.
#[test]
fn an_entry_does_not_tell_the_patient() {
    let record = "record:4711";
    let of = |key: u8| {
        let patient = PseudonymKey::from_bytes([key; 32]).pseudonym("General Hospital", record);
        String::from_utf8(entry(Event::DisclosureRequested(Asked { patient, ..asked(1) }), 0).to_json()).unwrap()
    };
    let json = of(1);
    for spelling in [record.to_owned(), "4711".to_owned(), hex::encode(record)] {
        assert!(!json.contains(&spelling));
    }
    assert_ne!(json, of(2));
}

proptest! {
    #[test]
    fn what_is_read_is_written_the_same(at in any::<prop::sample::Index>(), byte in any::<u8>(), which in 0..11usize) {
        let mut json = entry(events()[which], 0).to_json();
        let at = at.index(json.len());
        json[at] = byte;
        match Entry::from_json(&json) {
            Ok(entry) => prop_assert_eq!(entry.to_json(), json),
            Err(error) => prop_assert!(error.to_string().chars().all(|c| !c.is_control())),
        }
    }
}
