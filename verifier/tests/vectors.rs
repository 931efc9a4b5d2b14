//! Conformance: what each front end must answer to the same bytes, in `tests/vectors/v1/verification.json`.
//!
//! The file is written by `MEDPROOF_UPDATE_VECTORS=1 cargo test --package medproof-verifier --test vectors`, from what stands here:
//! each vector is one change of a good verification, with the answer that the design asks for.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use ark_bn254::{Fq, Fq2, Fr, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{BigInteger, Field, PrimeField};
use ark_serialize::CanonicalSerialize;
use common::mutation::{A, B, C, INPUTS};
use common::*;
use medproof_messages::terms::{ConsentKind, Endpoint, ScopeLabel, Subject};
use medproof_messages::*;
use medproof_statement::day::Day;
use medproof_statement::public::{COUNT, NAMES};
use medproof_statement::request::Purpose;
use medproof_statement::tier::Tier;
use medproof_verifier::ledger::*;
use medproof_verifier::portable::{Asked, Verifier};
use medproof_verifier::{BundleBody, Settings};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

const NOW: u64 = START + 60;
const FILES: [&str; 5] = ["settings", "bundle", "request", "claim", "presentation"];

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/v1/verification.json")
}

// ---- what is good ----

fn text(bytes: Vec<u8>) -> Value {
    Value::String(String::from_utf8(bytes).unwrap())
}

fn binary(bytes: &[u8]) -> Value {
    json!({ "hex": hex::encode(bytes) })
}

fn signed_bundle(change: impl FnOnce(&mut BundleBody)) -> Value {
    let mut body = bundle_body();
    change(&mut body);
    text(body.sign(&operator()).unwrap())
}

fn signed_request(change: impl FnOnce(&mut RequestBody)) -> Value {
    let mut body = body();
    change(&mut body);
    text(body.sign(&audience()).unwrap().to_json())
}

fn base() -> BTreeMap<&'static str, Value> {
    BTreeMap::from([
        ("settings", settings_json().to_string().into()),
        ("bundle", signed_bundle(|_| {})),
        ("request", signed_request(|_| {})),
        ("claim", text(claim().canonical_bytes())),
        ("presentation", binary(&presentation().to_bytes())),
        ("now", NOW.into()),
    ])
}

// ---- one change each ----

struct Vectors(Vec<Value>);

impl Vectors {
    fn add(&mut self, name: impl Into<String>, changes: &[(&str, Value)], expected: &str) {
        let mut vector = serde_json::Map::new();
        vector.insert("name".into(), name.into().into());
        vector.insert("expect".into(), expected.into());
        for (field, value) in changes {
            vector.insert((*field).into(), value.clone());
        }
        self.0.push(Value::Object(vector));
    }

    fn presentation(&mut self, name: impl Into<String>, bytes: &[u8], expected: &str) {
        self.add(name, &[("presentation", binary(bytes))], expected);
    }
}

// A file with the last of one text replaced by another, and what is said to each.
type Respelt = (&'static str, &'static str, &'static str, &'static str);

impl Vectors {
    fn respelt(&mut self, field: &str, prefix: &str, good: &str, cases: &[Respelt]) {
        for (name, from, to, expected) in cases {
            let (before, after) = good
                .rsplit_once(from)
                .unwrap_or_else(|| panic!("{from} is not in {good}"));
            self.add(
                format!("{prefix}{name}"),
                &[(field, [before, to, after].concat().into())],
                expected,
            );
        }
    }
}

fn good() -> Vec<u8> {
    presentation().to_bytes().to_vec()
}

fn with(at: usize, part: &[u8]) -> Vec<u8> {
    let mut bytes = good();
    bytes[at..at + part.len()].copy_from_slice(part);
    bytes
}

fn lengths(all: &mut Vectors) {
    let bytes = good();
    for length in [0, 1, 2, 32, 33, 64, 128, 160, 162, 163, 192, 256, 288, 290, 319, 320] {
        all.presentation(
            format!("the first {length} bytes"),
            &bytes[..length],
            "presentation.length",
        );
    }
    for inputs in 0..COUNT {
        let cut = &bytes[..INPUTS + 32 * inputs];
        all.presentation(format!("{inputs} public inputs"), cut, "presentation.input_count");
    }
    for more in 1..=3 {
        let longer = [&bytes[..], &vec![0; 32 * more]].concat();
        all.presentation(
            format!("{} public inputs", COUNT + more),
            &longer,
            "presentation.input_count",
        );
    }
    for (name, tail) in [
        ("a zero", &[0][..]),
        ("a line's end", b"\n"),
        ("31 bytes", &[7; 31]),
        ("33 bytes", &[7; 33]),
    ] {
        let longer = [&bytes[..], tail].concat();
        all.presentation(format!("{name} after the end"), &longer, "presentation.length");
    }
    let twice = [&bytes[..], &bytes[..]].concat();
    all.presentation("itself twice", &twice, "presentation.length");
    for version in [0, 2, 3, 127, 255] {
        all.presentation(
            format!("version {version}"),
            &with(0, &[version]),
            "presentation.version",
        );
    }
    all.presentation("another key's id", &with(1, &[9; 32]), "key.presentation");
    all.presentation("a key's id of zeros", &with(1, &[0; 32]), "key.presentation");
}

// Big endian, as inputs are.
fn plus_modulus(element: &Fr) -> Vec<u8> {
    let mut sum = element.into_bigint();
    assert!(!sum.add_with_carry(&Fr::MODULUS), "it has room above the modulus");
    sum.to_bytes_be()
}

fn inputs_of(all: &mut Vectors) {
    // What is refused where an input is another element than it was.
    let other = [
        "presentation.proof",
        "presentation.policy",
        "presentation.request",
        "presentation.proof",
        "presentation.proof",
    ];
    for (i, (name, other)) in NAMES.iter().zip(other).enumerate() {
        let at = INPUTS + 32 * i;
        let own = good()[at..at + 32].to_vec();
        let mut add = |what: &str, part: &[u8], expected: &str| {
            all.presentation(format!("{name}: {what}"), &with(at, part), expected);
        };
        add(
            "the same plus the modulus",
            &plus_modulus(&presentation().public.to_array()[i]),
            "presentation.input",
        );
        add("the modulus", &Fr::MODULUS.to_bytes_be(), "presentation.input");
        add("all ones", &[0xff; 32], "presentation.input");
        add("the greatest element", &(-Fr::ONE).into_bigint().to_bytes_be(), other);
        add("zero", &[0; 32], other);
        add(
            "one bit flipped",
            &own.iter()
                .enumerate()
                .map(|(i, b)| if i == 31 { b ^ 1 } else { *b })
                .collect::<Vec<u8>>(),
            other,
        );
        let mut reversed = own.clone();
        reversed.reverse();
        let below = reversed < Fr::MODULUS.to_bytes_be();
        add(
            "its bytes in the other order",
            &reversed,
            if below { other } else { "presentation.input" },
        );
    }
    let mut swapped = good();
    swapped[INPUTS..].rotate_left(32);
    all.presentation("public inputs moved by one place", &swapped, "presentation.policy");
}

// An x, little endian, that this many counts above `from` is none's.
fn of_no_point(from: u64) -> [u8; 32] {
    let mut x = Fq::from(from);
    while G1Affine::get_point_from_x_unchecked(x, false).is_some() {
        x += Fq::ONE;
    }
    x.into_bigint().to_bytes_le().try_into().unwrap()
}

fn points(all: &mut Vectors) {
    let modulus: [u8; 32] = Fq::MODULUS.to_bytes_le().try_into().unwrap();
    for (name, at) in [("A", A), ("C", C)] {
        let own: [u8; 32] = good()[at..at + 32].try_into().unwrap();
        let mut add = |what: &str, part: [u8; 32], expected: &str| {
            all.presentation(format!("{name}: {what}"), &with(at, &part), expected);
        };
        let flagged = |mut part: [u8; 32], flag: u8| {
            part[31] ^= flag;
            part
        };
        add("negated", flagged(own, 0x80), "presentation.proof");
        add("infinity, all else zero", flagged([0; 32], 0x40), "point.infinity");
        add(
            "infinity, with its own x",
            flagged(with_flags(own, 0), 0x40),
            "point.infinity",
        );
        add("both flags", with_flags(own, 0xc0), "point.flags");
        add("both flags, all else zero", flagged([0; 32], 0xc0), "point.flags");
        add("x is the modulus", modulus, "point.not_reduced");
        add(
            "x is the modulus, greater y",
            flagged(modulus, 0x80),
            "point.not_reduced",
        );
        add("x is all ones", flagged([0xff; 32], 0xc0), "point.not_reduced");
        add("x of no point", of_no_point(at as u64), "point.off_curve");
        add(
            "x of no point, greater y",
            flagged(of_no_point(at as u64), 0x80),
            "point.off_curve",
        );
        add("x is zero", [0; 32], "point.off_curve");
        add("the generator", g1_bytes(&G1Affine::generator()), "presentation.proof");
    }
    let own = good()[B..B + 64].to_vec();
    let mut add = |what: &str, part: &[u8], expected: &str| {
        all.presentation(format!("B: {what}"), &with(B, part), expected);
    };
    let last = |flag: u8| {
        let mut part = own.clone();
        part[63] = part[63] & 0x3f | flag;
        part
    };
    let negated = own[63] ^ 0x80;
    add("negated", &last(negated & 0xc0), "presentation.proof");
    add("infinity, with its own x", &last(0x40), "point.infinity");
    add(
        "infinity, all else zero",
        &[&[0; 63][..], &[0x40]].concat(),
        "point.infinity",
    );
    add("both flags", &last(0xc0), "point.flags");
    add(
        "c0 is the modulus",
        &[&modulus[..], &own[32..]].concat(),
        "point.not_reduced",
    );
    add(
        "c1 is the modulus",
        &[&own[..32], &modulus[..]].concat(),
        "point.not_reduced",
    );
    add(
        "all ones but the flags",
        &[&[0xff; 63][..], &[0x3f]].concat(),
        "point.not_reduced",
    );
    add(
        "c0 and c1 exchanged",
        &[&with_flags(own[32..].try_into().unwrap(), 0)[..], &own[..32]].concat(),
        exchanged(&own),
    );
    let mut outside = 0;
    for x in 1..60u64 {
        let x = Fq2::new(Fq::from(x), Fq::from(x + 1));
        match G2Affine::get_point_from_x_unchecked(x, x.c0.into_bigint().is_odd()) {
            None => add(
                &format!("x = {} + {}u, of no point", x.c0, x.c1),
                &g2_x(&x),
                "point.off_curve",
            ),
            Some(point) if outside < 12 => {
                outside += 1;
                add(
                    &format!("x = {} + {}u, outside the subgroup", x.c0, x.c1),
                    &point::g2_to_bytes(&point),
                    "point.outside_subgroup",
                );
            }
            Some(_) => {}
        }
        if outside == 12 {
            break;
        }
    }
    add(
        "the generator",
        &point::g2_to_bytes(&G2Affine::generator()),
        "presentation.proof",
    );
    let shifted = (*presentation().proof.b() + outside_point()).into_affine();
    add(
        "its own, moved out of the subgroup",
        &point::g2_to_bytes(&shifted),
        "point.outside_subgroup",
    );
    let [a, c] = [A, C].map(|at| good()[at..at + 32].to_vec());
    let mut exchanged = with(A, &c);
    exchanged[C..C + 32].copy_from_slice(&a);
    all.presentation("A and C exchanged", &exchanged, "presentation.proof");
    both_negated(all);
}

fn g1_bytes(point: &G1Affine) -> [u8; 32] {
    point::g1_to_bytes(point)
}

fn g2_x(x: &Fq2) -> Vec<u8> {
    [x.c0.into_bigint().to_bytes_le(), x.c1.into_bigint().to_bytes_le()].concat()
}

fn outside_point() -> G2Affine {
    let x = |i: u64| G2Affine::get_point_from_x_unchecked(Fq2::new(Fq::from(i), Fq::ONE), true);
    let point = (1..).find_map(x).unwrap();
    point.mul_bigint(Fr::MODULUS).into_affine()
}

fn with_flags(mut part: [u8; 32], flags: u8) -> [u8; 32] {
    part[31] = part[31] & 0x3f | flags;
    part
}

// What B with its x's parts exchanged is, read off the curve and not off the verifier.
fn exchanged(own: &[u8]) -> &'static str {
    let part = |bytes: &[u8]| Fq::from_le_bytes_mod_order(&with_flags(bytes.try_into().unwrap(), 0));
    let x = Fq2::new(part(&own[32..]), part(&own[..32]));
    match G2Affine::get_point_from_x_unchecked(x, false) {
        None => "point.off_curve",
        Some(point) if point.mul_bigint(Fr::MODULUS).into_affine().is_zero() => "presentation.proof",
        Some(_) => "point.outside_subgroup",
    }
}

// Other proofs of the same: whoever has one can make them, and what they answer is used up by the nullifier.
fn both_negated(all: &mut Vectors) {
    let own = &presentation().proof;
    let of = |a: G1Affine, b: G2Affine, c: G1Affine| {
        let proof = Proof::new(a, b, c).unwrap();
        Presentation {
            proof,
            ..*presentation()
        }
        .to_bytes()
    };
    let negated = of(-*own.a(), -*own.b(), *own.c());
    all.presentation("A and B negated: another proof of the same", &negated, "ok");
    let delta = proving_key().vk.delta_g2;
    for factor in [2u64, 3, 1 << 40] {
        let factor = Fr::from(factor);
        let inverse = factor.inverse().unwrap();
        let (a, b) = ((*own.a() * factor).into_affine(), (*own.b() * inverse).into_affine());
        all.presentation(
            format!("A times {factor}, B divided by it: another proof of the same"),
            &of(a, b, *own.c()),
            "ok",
        );
        let b = (*own.b() + delta * factor).into_affine();
        let c = (*own.c() + *own.a() * factor).into_affine();
        all.presentation(
            format!("re-randomised by {factor}: another proof of the same"),
            &of(*own.a(), b, c),
            "ok",
        );
        let c = (*own.c() + *own.a()).into_affine();
        all.presentation(
            format!("re-randomised by {factor}, its C by 1"),
            &of(*own.a(), b, c),
            "presentation.proof",
        );
    }
}

fn requests(all: &mut Vectors) {
    type Change = fn(&mut RequestBody);
    let swapped: [(&str, Change, &str); 15] = [
        (
            "another endpoint, which is the wallet's matter",
            |b| b.endpoint = Endpoint::parse("https://sponsor.example/others").unwrap(),
            "ok",
        ),
        (
            "another purpose",
            |b| b.purpose = Purpose::ALL.into_iter().find(|p| *p != b.purpose).unwrap(),
            "presentation.request",
        ),
        (
            "another subject",
            |b| b.subject = Some(Subject::of_bytes(b"another")),
            "presentation.request",
        ),
        ("no subject", |b| b.subject = None, "presentation.request"),
        ("another claim", |b| b.claim = adult(21), "request.other_claim"),
        ("the day before", |b| b.as_of = b.as_of.pred(), "presentation.policy"),
        (
            "another year",
            |b| b.as_of = Day::from_civil(2020, 4, 1).unwrap(),
            "presentation.policy",
        ),
        ("another tier", |b| b.tier = Tier::M, "key.tier_differs"),
        (
            "another scope",
            |b| b.scope = ScopeLabel::parse("trial 8").unwrap(),
            "presentation.request",
        ),
        ("another ledger", |b| b.ledger = other_ledger(), "request.ledger"),
        (
            "a key that the bundle has not",
            |b| b.key_id = KeyId([1; 32]),
            "key.unknown",
        ),
        ("another nonce", |b| b.nonce = [8; 32], "presentation.request"),
        (
            "made a second later",
            |b| b.requested_at = time(START + 1),
            "presentation.request",
        ),
        (
            "expires a second later",
            |b| b.expires_at = time(START + LIFE + 1),
            "presentation.request",
        ),
        (
            "another kind of consent, which is the holder's to choose",
            |b| b.consent = ConsentKind::Standing,
            "ok",
        ),
    ];
    for (name, change, expected) in swapped {
        all.add(
            format!("request: {name}"),
            &[("request", signed_request(change))],
            expected,
        );
    }
    let mut theirs = body();
    theirs.audience = stranger().did();
    let theirs = text(theirs.sign(&stranger()).unwrap().to_json());
    all.add(
        "request: another audience's",
        &[("request", theirs)],
        "request.audience",
    );
    let good = String::from_utf8(body().sign(&audience()).unwrap().to_json()).unwrap();
    let cases = [
        (
            "an endpoint that was not signed",
            "/answers",
            "/answerz",
            "did.signature",
        ),
        ("a nonce that was not signed", "0x0909", "0x0908", "did.signature"),
        ("a purpose that is none", "\"HRESCH\"", "\"curiosity\"", "request.value"),
        (
            "a tier that is none",
            "\"tier\":\"S\"",
            "\"tier\":\"Q\"",
            "request.value",
        ),
        (
            "a claim that is not its id's",
            "\"at_least\":18",
            "\"at_least\":19",
            "request.claim_id",
        ),
        (
            "a claim in another spelling",
            "\"at_least\":18",
            "\"at_least\": 18",
            "request.claim_not_canonical",
        ),
        ("version 2", "\"version\":1}", "\"version\":2}", "json.version"),
        ("another type", "medproof/request", "medproof/consent", "json.type"),
        ("a nonce of 31 bytes", "0x0909", "0x09", "json.form"),
    ];
    all.respelt("request", "request: ", &good, &cases);
    for (name, now, expected) in [
        ("one second before the request", START - 1, "request.not_yet"),
        ("the request's second", START, "ok"),
        ("the last second", START + LIFE - 1, "ok"),
        ("one second too late", START + LIFE, "request.expired"),
        ("a year too late", START + 31_536_000, "request.expired"),
        ("1970", 0, "request.not_yet"),
        ("a time that is none", u64::MAX >> 11, "now"),
    ] {
        all.add(format!("now: {name}"), &[("now", now.into())], expected);
    }
}

fn ledgers(all: &mut Vectors) {
    type Change = fn(&mut BundleBody);
    let changed: [(&str, Change, &str); 26] = [
        ("of another ledger", |b| b.ledger = other_ledger(), "ledger.other"),
        ("expires now", |b| b.expires_at = time(NOW), "ledger.view_expired"),
        ("expires in a second", |b| b.expires_at = time(NOW + 1), "ok"),
        (
            "a block within the clock's skew",
            |b| b.block.time = time(NOW + Settings::CLOCK_SKEW),
            "ok",
        ),
        (
            "a block from the future",
            |b| b.block.time = time(NOW + Settings::CLOCK_SKEW + 1),
            "ledger.clock",
        ),
        ("a block that is not final", |b| b.finalised = false, "ledger.not_final"),
        ("paused", |b| b.paused = true, "ledger.paused"),
        ("without the key", |b| b.keys.clear(), "key.unknown"),
        (
            "the key is retiring since a second later",
            |b| b.keys[0].1 = KeyStatus::Retiring { since: time(START + 1) },
            "ok",
        ),
        (
            "the key is retiring since the request",
            |b| b.keys[0].1 = KeyStatus::Retiring { since: time(START) },
            "key.retired",
        ),
        (
            "the key is revoked",
            |b| b.keys[0].1 = KeyStatus::Revoked,
            "key.revoked",
        ),
        ("without the root", |b| b.roots.clear(), "root.unknown"),
        ("another root", |b| b.roots[0].0 = Fr::from(5u64), "root.unknown"),
        (
            "another issuer's root",
            |b| b.roots[0].1.issuer = Issuer([0x22; 20]),
            "issuer.not_accepted",
        ),
        (
            "a suspended issuer",
            |b| b.roots[0].1.suspended = true,
            "issuer.suspended",
        ),
        (
            "a root superseded just within the grace",
            |b| b.roots[0].1.superseded_at = Some(time(NOW - Settings::GRACE + 1)),
            "ok",
        ),
        (
            "a root superseded a second too long ago",
            |b| b.roots[0].1.superseded_at = Some(time(NOW - Settings::GRACE)),
            "root.superseded",
        ),
        (
            "an issuer heard of just in time",
            |b| b.roots[0].1.last_publication_at = time(NOW - Settings::MAX_AGE + 1),
            "ok",
        ),
        (
            "a silent issuer",
            |b| b.roots[0].1.last_publication_at = time(NOW - Settings::MAX_AGE),
            "issuer.silent",
        ),
        (
            "the consent is revoked",
            |b| b.revoked = vec![handle()],
            "consent.revoked",
        ),
        (
            "another consent is revoked",
            |b| b.revoked = vec![handle() + Fr::ONE],
            "ok",
        ),
        (
            "revoked, among others",
            |b| b.revoked = vec![Fr::ONE, handle(), -Fr::ONE],
            "consent.revoked",
        ),
        (
            "a copy of the root by another issuer",
            |b| {
                let copy = RootEntry {
                    issuer: Issuer([0x22; 20]),
                    published_at: time(START - 100),
                    ..entry()
                };
                b.roots.push((root(), copy));
            },
            "ok",
        ),
        (
            "a suspended issuer, and a copy by another",
            |b| {
                b.roots[0].1.suspended = true;
                b.roots.push((
                    root(),
                    RootEntry {
                        issuer: Issuer([0x22; 20]),
                        ..entry()
                    },
                ));
            },
            "issuer.suspended",
        ),
        ("a development key", |b| b.keys[0].0 = development(), "key.unknown"),
        (
            "another circuit's key",
            |b| {
                b.keys[0].0 = PinnedKey::new(
                    vk(proving_key()).unwrap(),
                    KeyInfo {
                        circuit_version: 2,
                        ..info()
                    },
                )
            },
            "key.unknown",
        ),
    ];
    for (name, change, expected) in changed {
        all.add(
            format!("bundle: {name}"),
            &[("bundle", signed_bundle(change))],
            expected,
        );
    }
    let stolen = text(bundle_body().sign(&stranger()).unwrap());
    all.add("bundle: signed by another", &[("bundle", stolen)], "bundle.signer");
    let good = String::from_utf8(bundle_body().sign(&operator()).unwrap()).unwrap();
    let cases = [
        (
            "a root that was not signed",
            "\"suspended\":false",
            "\"suspended\":true",
            "did.signature",
        ),
        ("version 2", "\"version\":1}", "\"version\":2}", "json.version"),
        ("another type", "medproof/trust-bundle", "medproof/request", "json.type"),
        ("without a field", "\"paused\":false,", "", "json.form"),
        (
            "an unknown field",
            "\"paused\":false,",
            "\"paused\":false,\"quick\":true,",
            "json.form",
        ),
        (
            "a field twice",
            "\"paused\":false,",
            "\"paused\":false,\"paused\":false,",
            "json.form",
        ),
    ];
    all.respelt("bundle", "bundle: ", &good, &cases);
    // A request for the development key, which the bundle has.
    let asked = signed_request(|b| b.key_id = development().id());
    let has = signed_bundle(|b| b.keys[0].0 = development());
    let both = [("request", asked), ("bundle", has)];
    all.add("a development key, outside development", &both, "key.development");
    let mut settings = settings_json();
    settings["development"] = true.into();
    let [request, bundle] = both;
    all.add(
        "a development key, in development: the answer is another key's",
        &[request, bundle, ("settings", settings.to_string().into())],
        "key.presentation",
    );
}

fn keys(all: &mut Vectors) {
    let key = PinnedKey::new(vk(ceremony_key()).unwrap(), info());
    let body = RequestBody {
        key_id: key.id(),
        ..body()
    };
    let asked = signed(body.clone(), &audience());
    let inputs = inputs(&asked);
    let proof = proof_under(ceremony_key(), &inputs, 2);
    let answer = Presentation {
        key_id: key.id(),
        proof: Proof::new(proof.a, proof.b, proof.c).unwrap(),
        public: inputs,
    };
    let changes = [
        ("request", text(body.sign(&audience()).unwrap().to_json())),
        ("bundle", signed_bundle(|b| b.keys[0].0 = key.clone())),
        ("presentation", binary(&answer.to_bytes())),
    ];
    all.add("key: gamma is the generator", &changes, "ok");

    // A good key's points, one of them another: what the signer should not have signed.
    let key = pinned().key().clone();
    let (beta, gamma, delta) = (*key.beta_g2(), *key.gamma_g2(), *key.delta_g2());
    let generator = G2Affine::generator();
    let times = |point: G2Affine, factor: Fr| (point * factor).into_affine();
    let [two, sixteen] = [2u64, 16].map(Fr::from);
    let g2: [(&str, usize, G2Affine, &str); 13] = [
        ("gamma is minus the generator", GAMMA, -generator, "key.related"),
        (
            "gamma is twice the generator",
            GAMMA,
            times(generator, two),
            "key.related",
        ),
        ("delta is the generator", DELTA, generator, "key.related"),
        ("delta is minus the generator", DELTA, -generator, "key.related"),
        ("delta is gamma", DELTA, gamma, "key.related"),
        ("delta is minus gamma", DELTA, -gamma, "key.related"),
        (
            "delta is sixteen times gamma",
            DELTA,
            times(gamma, sixteen),
            "key.related",
        ),
        (
            "delta is half of gamma",
            DELTA,
            times(gamma, two.inverse().unwrap()),
            "key.related",
        ),
        ("delta is beta", DELTA, beta, "key.related"),
        (
            "beta is twice the generator",
            BETA,
            times(generator, two),
            "key.related",
        ),
        ("beta is minus delta", BETA, -delta, "key.related"),
        ("delta at infinity", DELTA, G2Affine::identity(), "point.infinity"),
        (
            "gamma outside the subgroup",
            GAMMA,
            outside_point(),
            "point.outside_subgroup",
        ),
    ];
    let g1: [(&str, usize, G1Affine, &str); 3] = [
        ("alpha is the generator", 0, G1Affine::generator(), "key.related"),
        (
            "an input's point at infinity",
            IC_OF_AN_INPUT,
            G1Affine::identity(),
            "point.infinity",
        ),
        ("alpha at infinity", 0, G1Affine::identity(), "point.infinity"),
    ];
    let g2 = g2.map(|(name, at, point, expected)| (name, at, compressed(&point), expected));
    let g1 = g1.map(|(name, at, point, expected)| (name, at, compressed(&point), expected));
    let good = String::from_utf8(bundle_body().sign(&operator()).unwrap()).unwrap();
    let own = key.to_bytes();
    for (name, at, bytes, expected) in g2.into_iter().chain(g1) {
        let mut bad = own;
        bad[at..at + bytes.len()].copy_from_slice(&bytes);
        let bundle = resigned(&good, &hex::encode(own), &hex::encode(bad));
        all.add(format!("key: {name}"), &[("bundle", bundle.into())], expected);
    }
    for (name, key) in [
        ("a byte short", &own[..own.len() - 1]),
        ("a byte long", &[&own[..], &[0]].concat()),
    ] {
        let bundle = resigned(&good, &hex::encode(own), &hex::encode(key));
        all.add(format!("key: {name}"), &[("bundle", bundle.into())], "json.form");
    }
}

// Infinity too, of which ours are not.
fn compressed(point: &impl CanonicalSerialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    point.serialize_compressed(&mut bytes).unwrap();
    bytes
}

// Where the points of a key are.
const BETA: usize = 32;
const GAMMA: usize = BETA + 64;
const DELTA: usize = GAMMA + 64;
const IC_OF_AN_INPUT: usize = DELTA + 64 + 32;

fn development() -> PinnedKey {
    PinnedKey::new(
        vk(proving_key()).unwrap(),
        KeyInfo {
            development: true,
            ..info()
        },
    )
}

fn settings_of(all: &mut Vectors) {
    let mut add = |name: &str, change: fn(&mut Value), expected: &str| {
        let mut settings = settings_json();
        change(&mut settings);
        all.add(
            format!("settings: {name}"),
            &[("settings", settings.to_string().into())],
            expected,
        );
    };
    add(
        "all issuers that the ledger admits",
        |s| drop(s.as_object_mut().unwrap().remove("issuers")),
        "ok",
    );
    add("no issuer", |s| s["issuers"] = json!([]), "issuer.not_accepted");
    add(
        "another issuer",
        |s| s["issuers"] = json!([format!("0x{}", "22".repeat(20))]),
        "issuer.not_accepted",
    );
    add(
        "another audience",
        |s| s["audience"] = stranger().did().to_string().into(),
        "request.audience",
    );
    add(
        "an audience that is none",
        |s| s["audience"] = "did:web:sponsor.example".into(),
        "did.form",
    );
    add(
        "another signer of bundles",
        |s| s["bundle_signer"] = stranger().did().to_string().into(),
        "bundle.signer",
    );
    add(
        "another ledger",
        |s| s["ledger"]["chain_id"] = 1.into(),
        "request.ledger",
    );
    add("no grace", |s| s["grace"] = 0.into(), "ok");
    add("no age is young enough", |s| s["max_age"] = 0.into(), "issuer.silent");
    add("an unknown field", |s| s["strict"] = true.into(), "json.form");
    add("a negative grace", |s| s["grace"] = json!(-1), "json.form");
    add("version 2", |s| s["version"] = 2.into(), "json.version");
    add("another type", |s| s["type"] = "medproof/request".into(), "json.type");
    let wide = serde_json::to_string_pretty(&settings_json()).unwrap();
    all.add("settings: with space", &[("settings", wide.into())], "ok");
}

fn json_of(all: &mut Vectors) {
    let shown = String::from_utf8(presentation().to_json()).unwrap();
    all.add("presentation: as JSON", &[("presentation", shown.clone().into())], "ok");
    let cases = [
        ("a space", ":", ": ", "json.not_canonical"),
        ("an escape", "\"proof\"", "\"pr\\u006fof\"", "json.not_canonical"),
        ("upper case", "0x", "0X", "json.form"),
        ("version 2", "\"version\":1}", "\"version\":2}", "json.version"),
        ("another type", "medproof/presentation", "medproof/request", "json.type"),
        ("an unknown field", "\"proof\":", "\"prooF\":1,\"proof\":", "json.form"),
        (
            "a field twice",
            "\"version\":1}",
            "\"version\":1,\"version\":1}",
            "json.form",
        ),
    ];
    all.respelt("presentation", "presentation: as JSON, ", &shown, &cases);
    all.add("claim: in another spelling", &[("claim", spaced().into())], "ok");
    all.add(
        "claim: another",
        &[("claim", text(adult(21).canonical_bytes()))],
        "request.other_claim",
    );
    for (name, claim) in [
        ("no JSON", "adult"),
        (
            "an unknown form",
            r#"{"form":"medproof-claim/9","title":"Adult","clauses":[]}"#,
        ),
        ("empty", ""),
    ] {
        all.add(format!("claim: {name}"), &[("claim", claim.into())], "claim");
    }
    for field in FILES {
        let code = |code: &'static str| if field == "claim" { "claim" } else { code };
        let own = base()[field].clone();
        let own = own.as_str().map_or(shown.clone(), str::to_owned);
        let mut add =
            |name: &str, value: Value, expected: &str| all.add(format!("{field}: {name}"), &[(field, value)], expected);
        let canonical = if field == "settings" {
            "ok"
        } else {
            "json.not_canonical"
        };
        if field != "claim" {
            add("a line's end after it", format!("{own}\n").into(), canonical);
            add(
                "a space before it",
                format!(" {own}").into(),
                if field == "presentation" {
                    "presentation.version"
                } else {
                    canonical
                },
            );
        }
        add("more after it", format!("{own}{{}}").into(), code("json.syntax"));
        add("cut in the middle", own[..own.len() / 2].into(), code("json.syntax"));
        add("an open brace alone", "{".into(), code("json.syntax"));
        add(
            "no bytes of UTF-8",
            binary(b"{\"type\":\"\xff\xfe\"}"),
            code("json.syntax"),
        );
        add(
            "a list of a hundred thousand lists",
            json!({"text": "{\"type\":", "repeat": "[", "times": 100_000}),
            code(deep(field)),
        );
        add(
            "eighty megabytes",
            json!({"text": "{\"type\":\"", "repeat": "a", "times": 80 << 20}),
            code("json.too_large"),
        );
    }
}

// Short messages are refused by their length before they are read; in the others a list is no type.
fn deep(field: &str) -> &'static str {
    match field {
        "presentation" | "settings" => "json.too_large",
        _ => "json.form",
    }
}

fn spaced() -> String {
    let value: Value = serde_json::from_slice(&claim().canonical_bytes()).unwrap();
    serde_json::to_string_pretty(&value).unwrap()
}

fn vectors() -> Value {
    let mut all = Vectors(Vec::new());
    all.add("good", &[], "ok");
    lengths(&mut all);
    inputs_of(&mut all);
    points(&mut all);
    requests(&mut all);
    ledgers(&mut all);
    keys(&mut all);
    settings_of(&mut all);
    json_of(&mut all);
    json!({
        "about": "Each vector is the base with some of its parts replaced, and the answer: ok, or a refusal's code. A part is text, or bytes in hexadecimal, or text and another that is repeated after it.",
        "base": base(),
        "vectors": all.0,
    })
}

// ---- what is answered ----

fn bytes(part: &Value) -> Vec<u8> {
    if let Some(text) = part.as_str() {
        return text.as_bytes().to_vec();
    }
    if let Some(digits) = part["hex"].as_str() {
        return hex::decode(digits).unwrap();
    }
    let repeated = part["repeat"]
        .as_str()
        .unwrap()
        .repeat(part["times"].as_u64().unwrap() as usize);
    [part["text"].as_str().unwrap(), &repeated].concat().into_bytes()
}

#[test]
fn every_vector_is_answered_as_it_says() {
    let all: Value = serde_json::from_slice(&std::fs::read(file()).unwrap()).unwrap();
    let vectors = all["vectors"].as_array().unwrap();
    let mut wrong = Vec::new();
    for vector in vectors {
        let part = |name: &str| vector.get(name).unwrap_or(&all["base"][name]);
        let files = FILES.map(|name| bytes(part(name)));
        let [settings, bundle, request, claim, presentation] = files.each_ref().map(Vec::as_slice);
        let asked = Asked {
            request,
            claim,
            presentation,
            now: part("now").as_u64().unwrap(),
        };
        let answer = Verifier::new(settings, bundle).and_then(|mut verifier| verifier.verify(&asked));
        let found = answer.map_or_else(|refused| refused.code(), |_| "ok");
        if found != vector["expect"] {
            wrong.push(format!(
                "{}: expected {}, found {found}",
                vector["name"], vector["expect"]
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        vectors.len(),
        wrong.join("\n")
    );
}

#[test]
fn the_file_is_what_stands_here() {
    let mut written = serde_json::to_string_pretty(&vectors()).unwrap();
    written.push('\n');
    if std::env::var_os("MEDPROOF_UPDATE_VECTORS").is_some() {
        std::fs::write(file(), &written).unwrap();
    }
    let kept = std::fs::read_to_string(file()).unwrap();
    assert!(kept == written, "MEDPROOF_UPDATE_VECTORS=1 writes it anew");
}

#[test]
fn there_are_two_hundred_no_two_alike() {
    let all: Value = serde_json::from_slice(&std::fs::read(file()).unwrap()).unwrap();
    let vectors = all["vectors"].as_array().unwrap();
    assert!(vectors.len() >= 200, "{}", vectors.len());
    let names: BTreeMap<&str, ()> = vectors
        .iter()
        .map(|vector| (vector["name"].as_str().unwrap(), ()))
        .collect();
    assert_eq!(names.len(), vectors.len());
}
