//! Seeds of dates, codes, numbers with units, and the small values of messages.

use super::{Seed, seed};
use crate::honest::world;
use crate::mutate::edges::{INTEGERS, WORDS};

const DATES: &[&str] = &[
    "2021",
    "2021-04",
    "2021-04-01",
    "1850",
    "1850-01-01",
    "1849-12-31",
    "1849",
    "9999-12-31",
    "9999",
    "10000-01-01",
    "1970-01-01",
    "1969-12-31",
    "2000-02-29",
    "1900-02-29",
    "2020-02-29",
    "2021-02-29",
    "2021-02-30",
    "2021-13-01",
    "2021-00-10",
    "2021-04-01T00:00:00Z",
    "2021-04-01T23:59:60Z",
    "2021-04-01T24:00:00Z",
    "1970-01-01T00:00:00.000000001Z",
    "1969-12-31T23:59:59.999999999999Z",
    "2021-04-01T10:00:00+14:00",
    "2021-04-01T10:00:00-14:00",
    "2021-04-01T10:00:00+14:01",
    "2021-04-01T10:00:00-00:00",
    "2021-04-01T10:00Z",
    "2021-04-01T10:00:00",
    "2021-04T10:00:00Z",
    "2021-04-01T10:00:00.Z",
    "2021-04-01t10:00:00z",
    "1850-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59.9-14:00",
    "+2021-04-01",
    "2021-4-1",
    "\u{ff12}021-04-01",
];

const CODES: &[&str] = &[
    "4548-4",
    "33914-3",
    "4548-5",
    "1-8",
    "9999999-4",
    "44054006",
    "67811000119102",
    "999999999999999999",
    "044054006",
    "3",
    "03",
    "003",
    "140",
    "855332",
    "99999999",
    "00002-3227-30",
    "C00",
    "C97",
    "E11.9",
    "S72.001A",
    "O9A.211",
    "E119",
    "0SRD0J9",
    "C50.1",
    "8500/3",
    "250",
    "250.00",
    "V10.3",
    "E880.9",
    "81.54",
    "A",
    "A10",
    "A10B",
    "A10BA",
    "A10BA02",
    "99213",
    "J1234",
    "0001F",
    "BIRTHDATE",
    "ZZZZZZZZZZZZ",
    "000000000000",
    "C50.911",
    "e11.9",
    "E11.",
    ".",
    "/",
    "",
];

const QUANTITIES: &[(&str, &str)] = &[
    ("4548-4", "%"),
    ("4548-4", "1"),
    ("29463-7", "[lb_av]"),
    ("29463-7", "[oz_av]"),
    ("8302-2", "[in_i]"),
    ("8331-1", "[degF]"),
    ("8331-1", "K"),
    ("8480-6", "kPa"),
    ("1742-6", "nkat/L"),
    ("789-8", "/uL"),
    ("2339-0", "mmol/L"),
    ("33914-3", "mL/min/{1.73_m2}"),
    ("72514-3", "{score}"),
    ("39156-5", "kg/cm2"),
];

const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "7.0",
    "6.9999995",
    "98.6",
    "-40",
    "0.0000005",
    "1e400",
    "1e-400",
    "1E+12",
    "-273.15",
    "01",
    "1.",
    ".5",
    "999999999999999999999999999999",
    "0.999999999999999999999999999999",
    "9223372036854.775807",
    "-4611686018427.387904",
    "4611686018427.387904",
    "13835058055282.163711",
    "1e30",
    "1e31",
    "170141183460469231731687303715884105727",
    "NaN",
    "+1",
    "1e",
];

/// Seeds.
pub fn seeds() -> Vec<Seed> {
    let mut seeds = Vec::new();
    let numbered = |name: &'static str, texts: &[String]| -> Vec<Seed> {
        let numbered = texts.iter().enumerate();
        numbered
            .map(|(i, text)| seed(name, format!("text-{i:03}"), text.as_bytes()))
            .collect()
    };
    let owned = |texts: &[&str]| -> Vec<String> { texts.iter().map(|text| (*text).to_owned()).collect() };
    seeds.extend(numbered("dates", &owned(DATES)));
    seeds.extend(numbered("codes", &owned(CODES)));
    let mut quantities = Vec::new();
    for (i, number) in NUMBERS.iter().enumerate() {
        for (code, unit) in [QUANTITIES[i % QUANTITIES.len()], QUANTITIES[(i + 5) % QUANTITIES.len()]] {
            quantities.push(format!("{code}\n{unit}\n{number}"));
        }
    }
    seeds.extend(numbered("quantities", &quantities));
    seeds.extend(numbered("terms", &terms()));
    seeds
}

fn terms() -> Vec<String> {
    let did = world::audience().did().to_string();
    let mut texts: Vec<String> = [
        "https://sponsor.example/answers",
        "http://localhost:8080",
        "http://127.0.0.1/a?b=c",
        "https://host:0",
        "https://host:65536",
        "https://user@host",
        "https://[::1]/",
        "https://h/#f",
        "trial 7",
        " trial",
        "once",
        "standing",
        "2021-04-01",
        "XS",
        "L",
        "TREAT",
        "ETREAT",
        "did:key:z6Mk",
        "did:web:example.org",
        "0x",
        "1849-12-31",
    ]
    .map(str::to_owned)
    .into();
    texts.push(did.replace("z6Mk", "z6Ml"));
    texts.push(did);
    texts.extend(WORDS.iter().step_by(3).map(|word| format!("0x{}", hex::encode(word))));
    texts.extend(INTEGERS.iter().take(8).map(ToString::to_string));
    texts.push(format!("0x{}", "ab".repeat(20)));
    texts
}
