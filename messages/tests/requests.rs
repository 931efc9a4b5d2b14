//! Requests: one encoding, signed as a whole, and what the proof binds follows from them alone.
#![allow(clippy::unwrap_used)]

mod common;

use common::{audience, body, claim, misspelt, replaced, time, verified};
use medproof_claims::Claim;
use medproof_messages::did::{AudienceKey, Did, DidError};
use medproof_messages::json::JsonError;
use medproof_messages::key::KeyId;
use medproof_messages::request::MAX_LIFETIME;
use medproof_messages::terms::{ConsentKind, Endpoint, Ledger, ScopeLabel, Subject, TermError};
use medproof_messages::{RequestBody, RequestError, SignedRequest};
use medproof_statement::Fr;
use medproof_statement::day::Day;
use medproof_statement::request::{Purpose, Request, audience_id, ledger_id, rest, scope_id};
use medproof_statement::tier::Tier;

fn json() -> Vec<u8> {
    body().sign(&audience()).unwrap().to_json()
}

#[test]
fn identifiers_are_those_of_did_key() {
    let text = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK";
    let did = Did::parse(text).unwrap();
    assert_eq!(did.to_string(), text);
    assert_eq!(did.public_key()[..4], [0x2e, 0x6f, 0xcc, 0xe3]);
    let own = audience().did();
    assert_eq!(Did::parse(&own.to_string()), Ok(own));
}

#[test]
fn identifiers_have_one_spelling() {
    for bad in [
        "",
        "did:web:sponsor.example",
        "did:key:6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
        "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2do",
        "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doKK",
        "did:key:z16MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
        "did:key:z0MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK0",
        // X25519, and 47 digits that are more than 34 bytes hold.
        "did:key:z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc",
        "did:key:zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
    ] {
        assert!(matches!(Did::parse(bad), Err(DidError::Form { .. })), "{bad}");
    }
}

#[test]
fn weak_and_unreduced_keys_are_none() {
    let mut identity = [0; 32];
    identity[0] = 1;
    let mut unreduced = [0xff; 32];
    unreduced[0] = 0xee;
    unreduced[31] = 0x7f;
    for key in [identity, [0; 32], unreduced] {
        assert_eq!(Did::from_public_key(key), Err(DidError::WeakKey));
    }
    // Every point of small order, in every spelling: under such a key anybody signs anything.
    let ff = "ff".repeat(30);
    let zeros = "00".repeat(30);
    for (first, middle, last) in [
        ("01", &zeros[..], "00"),
        ("01", &zeros, "80"),
        ("00", &zeros, "00"),
        ("00", &zeros, "80"),
        ("ec", &ff, "7f"),
        ("ec", &ff, "ff"),
        ("ed", &ff, "7f"),
        ("ed", &ff, "ff"),
        ("ee", &ff, "7f"),
        ("ee", &ff, "ff"),
        (
            "26",
            "e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc",
            "05",
        ),
        (
            "26",
            "e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc",
            "85",
        ),
        (
            "c7",
            "176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03",
            "7a",
        ),
        (
            "c7",
            "176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03",
            "fa",
        ),
    ] {
        let text = [first, middle, last].concat();
        let key: [u8; 32] = core::array::from_fn(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap());
        assert_eq!(Did::from_public_key(key), Err(DidError::WeakKey), "{text}");
    }
    assert_eq!(AudienceKey::from_seed([0; 32]).unwrap_err(), DidError::ZeroSeed);
    assert_eq!(format!("{:?}", audience()), "AudienceKey(..)");
}

#[test]
fn a_signature_is_one_persons_on_one_message_of_one_kind() {
    let key = audience();
    let signature = key.sign("kind", b"message");
    let did = key.did();
    assert_eq!(did.verify("kind", b"message", &signature), Ok(()));
    let refused = |kind| Err(DidError::Signature { signer: did, kind });
    assert_eq!(did.verify("other", b"message", &signature), refused("other"));
    assert_eq!(did.verify("kindm", b"essage", &signature), refused("kindm"));
    assert_eq!(did.verify("kind", b"messag", &signature), refused("kind"));
    let stranger = AudienceKey::from_seed([6; 32]).unwrap().did();
    assert!(stranger.verify("kind", b"message", &signature).is_err());
    for at in [0, 31, 32, 63] {
        let mut changed = signature;
        changed[at] ^= 0x20;
        assert_eq!(did.verify("kind", b"message", &changed), refused("kind"));
    }
}

/// A signature by a generator of another maker, so that others can agree: RFC 8032's first key.
#[test]
fn keys_are_those_of_rfc_8032() {
    let seed: [u8; 32] = [
        0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49,
        0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
    ];
    let did = AudienceKey::from_seed(seed).unwrap().did();
    assert_eq!(did.public_key()[..8], [0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7]);
}

#[test]
fn a_request_comes_back_as_it_went() {
    for subject in [None, body().subject] {
        for consent in [ConsentKind::Once, ConsentKind::Standing] {
            let signed = RequestBody {
                subject,
                consent,
                ..body()
            }
            .sign(&audience())
            .unwrap();
            let json = signed.to_json();
            let read = SignedRequest::from_json(&json).unwrap();
            assert_eq!(read, signed);
            assert_eq!(read.to_json(), json);
            assert_eq!(read.verify().unwrap().body(), signed.unverified());
        }
    }
}

#[test]
fn its_json_is_canonical() {
    let json = json();
    assert_eq!(
        serde_json_canonicalizer::to_vec(&serde_json::from_slice::<serde_json::Value>(&json).unwrap()).unwrap(),
        json
    );
    for other in misspelt(&json) {
        assert!(
            matches!(
                SignedRequest::from_json(&other),
                Err(RequestError::Json(JsonError::NotCanonical { .. }))
            ),
            "{}",
            String::from_utf8_lossy(&other)
        );
    }
}

#[test]
fn what_a_stranger_wrote_is_not_repeated_to_a_terminal() {
    let long = "x".repeat(100_000);
    for name in ["\\u001b[2J", "\u{202e}", "a\\nb", &long] {
        let bytes = replaced(&json(), "{", &format!("{{\"{name}\":1,"));
        let refused = SignedRequest::from_json(&bytes).unwrap_err().to_string();
        assert!(refused.contains("unknown field"), "{refused}");
        assert!(refused.len() < 600 && refused.bytes().all(|b| b.is_ascii_graphic() || b == b' '));
    }
}

#[test]
fn unknown_double_and_missing_fields_are_refused() {
    let form = |bytes: Vec<u8>| {
        matches!(
            SignedRequest::from_json(&bytes),
            Err(RequestError::Json(JsonError::Form { .. }))
        )
    };
    assert!(form(replaced(&json(), "{", "{\"a\":1,")));
    assert!(form(replaced(&json(), "\"scope\":\"trial 7\",", "")));
    assert!(form(replaced(
        &json(),
        "\"scope\":\"trial 7\",",
        "\"scope\":\"trial 7\",\"scope\":\"trial 7\","
    )));
    assert!(form(replaced(&json(), "\"chain_id\":", "\"a\":1,\"chain_id\":")));
    let json = json();
    let text = String::from_utf8(json.clone()).unwrap();
    let at = text.find("\"signature\"").unwrap();
    let end = at + text[at..].find(',').unwrap() + 1;
    assert!(form([&json[..at], &json[end..]].concat()));
    assert!(matches!(
        SignedRequest::from_json(&replaced(&json, "\"version\":1}", "\"version\":2}")),
        Err(RequestError::Json(JsonError::Version { found: 2, .. }))
    ));
    assert!(matches!(
        SignedRequest::from_json(&replaced(&json, "medproof/request", "medproof/consent")),
        Err(RequestError::Json(JsonError::Type { .. }))
    ));
    assert!(matches!(
        SignedRequest::from_json(&[&json[..], b"{}"].concat()),
        Err(RequestError::Json(JsonError::Syntax { .. }))
    ));
    assert!(matches!(
        SignedRequest::from_json(&vec![b'['; 5 << 20]),
        Err(RequestError::Json(JsonError::TooLarge { .. }))
    ));
    assert!(matches!(
        SignedRequest::from_json(&vec![b'['; 1 << 20]),
        Err(RequestError::Json(_))
    ));
    let deep = format!("\"claim\":{}{},\"claim_id\"", "[".repeat(100_000), "]".repeat(100_000));
    let at = text.find("\"claim\":").unwrap();
    let end = text.find("\"claim_id\"").unwrap();
    let deep = [&text[..at], &deep[..deep.len() - 10], &text[end..]].concat();
    assert!(SignedRequest::from_json(deep.as_bytes()).is_err());
}

#[test]
fn every_value_is_of_its_kind() {
    let term = |from: &str, to: &str, field: &str| {
        let refused = SignedRequest::from_json(&replaced(&json(), from, to));
        assert!(
            matches!(&refused, Err(RequestError::Term(TermError { field: found, .. })) if *found == field),
            "{to}: {refused:?}"
        );
    };
    term("2021-04-01", "2021-02-29", "as_of");
    term("2021-04-01", "2021-4-01", "as_of");
    term("2021-04-01", "+021-04-01", "as_of");
    term("2021-04-01", "1849-12-31", "as_of");
    term("\"consent\":\"once\"", "\"consent\":\"twice\"", "consent");
    term("https://sponsor", "ftp://sponsor", "endpoint");
    term("1617300600", "1099511627776", "expires_at");
    term("1617300000", "1099511627776", "requested_at");
    term("\"chain_id\":31337", "\"chain_id\":9007199254740992", "chain_id");
    term("HRESCH", "hresch", "purpose");
    term("trial 7", "", "scope");
    term("\"tier\":\"S\"", "\"tier\":\"XL\"", "tier");
    let subject = String::from_utf8(json()).unwrap();
    let at = subject.find("\"subject\":\"").unwrap() + 11;
    term(&subject[at..at + 66], &format!("0x{}", "0".repeat(64)), "subject");
    let form = |from: &str, to: &str| {
        let refused = SignedRequest::from_json(&replaced(&json(), from, to));
        assert!(
            matches!(refused, Err(RequestError::Json(JsonError::Form { .. }))),
            "{to}: {refused:?}"
        );
    };
    form("1617300600", "1617300600.5");
    form("1617300600", "-1");
    form(&subject[at..at + 66], &subject[at..at + 64]);
    form(&subject[at..at + 66], &format!("0x{}", "f".repeat(64)));
    form(&format!("\"0x{}\"", "09".repeat(32)), "null");
    form(&"ab".repeat(20), &"AB".repeat(20));
    let did = audience().did().to_string();
    let refused = SignedRequest::from_json(&replaced(&json(), &did, &did[..55]));
    assert!(matches!(refused, Err(RequestError::Did(DidError::Form { .. }))));
}

#[test]
fn the_claim_is_the_one_named_and_in_its_normal_form() {
    let swapped = replaced(&json(), "\"at_least\":18", "\"at_least\":17");
    assert!(matches!(
        SignedRequest::from_json(&swapped),
        Err(RequestError::ClaimId { .. })
    ));
    let respelt = replaced(&json(), "\"at_least\":18", "\"at_least\": 18");
    assert!(matches!(
        SignedRequest::from_json(&respelt),
        Err(RequestError::ClaimNotCanonical)
    ));
    let broken = replaced(&json(), "\"at_least\"", "\"at_lest\"");
    assert!(matches!(SignedRequest::from_json(&broken), Err(RequestError::Claim(_))));
}

/// Every field is signed: changing any one breaks the signature.
#[test]
fn every_field_is_signed() {
    let other_claim = br#"{"form":"medproof-claim/1","title":"Grown up","clauses":[{"age":{"at_least":21}}]}"#;
    let changes: [fn(&mut RequestBody); 13] = [
        |b| b.audience = AudienceKey::from_seed([6; 32]).unwrap().did(),
        |b| b.endpoint = Endpoint::parse("https://sponsor.example/other").unwrap(),
        |b| b.purpose = Purpose::Payment,
        |b| b.subject = None,
        |b| b.as_of = Day(b.as_of.0 - 1),
        |b| b.tier = Tier::M,
        |b| b.scope = ScopeLabel::parse("trial 8").unwrap(),
        |b| b.ledger = Ledger::new(1, [0xab; 20]).unwrap(),
        |b| b.key_id = KeyId([4; 32]),
        |b| b.nonce = [8; 32],
        |b| b.requested_at = time(1_617_300_001),
        |b| b.expires_at = time(1_617_300_601),
        |b| b.consent = ConsentKind::Standing,
    ];
    let signature = {
        let text = String::from_utf8(json()).unwrap();
        let at = text.find("\"signature\":\"").unwrap();
        text[at..at + 145].to_owned()
    };
    let claim: fn(&mut RequestBody) = |_| {};
    for (i, change) in changes.into_iter().chain([claim]).enumerate() {
        let mut changed = body();
        change(&mut changed);
        if i == 13 {
            changed.claim = Claim::parse(other_claim).unwrap();
        }
        assert_ne!(changed, body());
        // The same fields under another's signature, grafted.
        let signer = if changed.audience == audience().did() {
            audience()
        } else {
            AudienceKey::from_seed([6; 32]).unwrap()
        };
        let json = String::from_utf8(changed.clone().sign(&signer).unwrap().to_json()).unwrap();
        let at = json.find("\"signature\":\"").unwrap();
        let grafted = [&json[..at], &signature, &json[at + 145..]].concat();
        let read = SignedRequest::from_json(grafted.as_bytes()).unwrap();
        assert!(
            matches!(read.verify(), Err(RequestError::Did(DidError::Signature { .. }))),
            "change {i}"
        );
    }
}

#[test]
fn only_the_audience_signs() {
    let stranger = AudienceKey::from_seed([6; 32]).unwrap();
    assert!(matches!(
        body().sign(&stranger),
        Err(RequestError::Did(DidError::Signature { .. }))
    ));
}

#[test]
fn it_lasts_for_a_while_and_not_for_ever() {
    let with = |expires_at| {
        RequestBody {
            expires_at: time(expires_at),
            ..body()
        }
        .sign(&audience())
        .map(|_| ())
    };
    let start = body().requested_at.seconds();
    assert!(matches!(with(start), Err(RequestError::Lifetime { .. })));
    assert!(matches!(with(start - 1), Err(RequestError::Lifetime { .. })));
    assert_eq!(with(start + 1), Ok(()));
    assert_eq!(with(start + MAX_LIFETIME), Ok(()));
    assert!(matches!(
        with(start + MAX_LIFETIME + 1),
        Err(RequestError::Lifetime { .. })
    ));
}

#[test]
fn the_day_has_come_somewhere() {
    // 1,617,300,000 is 2021-04-01T18:00:00Z.
    let with = |day| {
        RequestBody {
            as_of: Day::from_civil(2021, 4, day).unwrap(),
            ..body()
        }
        .sign(&audience())
        .map(|_| ())
    };
    assert_eq!(with(2), Ok(()));
    assert!(matches!(with(3), Err(RequestError::DayToCome { .. })));
}

#[test]
fn a_claim_that_does_not_compile_is_refused() {
    let clauses: Vec<String> = (1..=5).map(|n| format!("{{\"age\":{{\"at_least\":{n}}}}}")).collect();
    let text = format!(
        r#"{{"form":"medproof-claim/1","title":"Five rows","clauses":[{}]}}"#,
        clauses.join(",")
    );
    let claim = Claim::parse(text.as_bytes()).unwrap();
    assert!(matches!(
        RequestBody { claim, ..body() }.sign(&audience()),
        Err(RequestError::Compile(_))
    ));
}

#[test]
fn the_statement_follows_from_the_request() {
    let verified = verified(body());
    let ledger = ledger_id(31337, &[0xab; 20]);
    let audience = audience_id(&audience().did().to_string());
    let expected = Request {
        audience,
        purpose: Purpose::Research,
        subject: Subject::of_bytes(b"a key of the applicant's").element(),
        scope: scope_id(ledger, audience, "trial 7"),
        requested_at: body().requested_at,
        expires_at: body().expires_at,
        rest: rest(&[9; 32], ledger, &[3; 32]),
    };
    assert_eq!(verified.statement(), &expected);
    assert_eq!(verified.claim_id(), claim().id());
    assert_eq!(verified.request_digest(), expected.digest(claim().id(), body().as_of));
    let table = claim().compile(body().as_of, Some(Tier::S)).unwrap();
    assert_eq!(verified.policy_digest(), table.table().digest());
    assert_eq!(verified.policy().table(), table.table());
    let anybody = common::verified(RequestBody {
        subject: None,
        ..body()
    });
    assert_eq!(anybody.statement().subject, Fr::from(0u64));
}

#[test]
fn endpoints_are_plain_urls() {
    for good in [
        "https://sponsor.example",
        "https://sponsor.example:8443/answers?trial=7",
        "http://localhost:8080/a",
        "http://127.0.0.1/a",
    ] {
        assert_eq!(Endpoint::parse(good).unwrap().as_str(), good);
    }
    for bad in [
        "",
        "https://",
        "https:///a",
        "http://sponsor.example/a",
        "http://localhost.evil.example/a",
        "https://user@sponsor.example/",
        "https://sponsor.example:0/",
        "https://sponsor.example:/",
        "https://sponsor.example:+1/",
        "https://sponsor.example:99999/",
        "https://sponsor.example/#fragment",
        "https://sponsor.example/a b",
        "https://Sponsor.example/",
        "https://spönsor.example/",
        "javascript:alert(1)",
        &format!("https://sponsor.example/{}", "a".repeat(512)),
    ] {
        assert!(Endpoint::parse(bad).is_err(), "{bad}");
    }
    for bad in ["", " a", "a ", "a\n", "é", &"a".repeat(129)] {
        assert!(ScopeLabel::parse(bad).is_err(), "{bad}");
    }
}
