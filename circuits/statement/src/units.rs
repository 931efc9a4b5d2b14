//! Units: which unit each measured concept is kept in, and what converts to it exactly.
//!
//! Import and claims read this one table, so that a reading and a threshold always meet on the
//! same grid. A conversion is an exact rational by the UCUM definitions (the UCUM specification,
//! tables of base, derived and customary units); what needs a molar mass, a body surface or a
//! fitted equation is not in it (mmol/L of glucose, mL/min against mL/min/{1.73_m2}, mmol/mol of
//! HbA1c). Annotations such as `{score}` count as written. A few spellings that are no UCUM but
//! can mean one thing only for their concept are listed beside it.

use crate::concept::{Concept, Kind, System};
use crate::value::{DECIMALS, Value};

/// A decimal as written: mantissa · 10^exponent, without trailing zeros in the mantissa.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal {
    mantissa: i128,
    exponent: i32,
}

// 10^30 · num · od · 10^6 stays below 2^127 for every conversion of the table whose numbers are
// written with 30 digits; checked arithmetic catches the rest.
const MAX_DIGITS: usize = 30;
const MAX_EXPONENT: i32 = 400;

impl Decimal {
    /// Reads a number in JSON's grammar: `-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?`. `None` where it
    /// is not one, or has more than 30 significant digits or an exponent beyond ±400.
    pub fn parse(text: &str) -> Option<Decimal> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (number, exponent) = match rest.find(['e', 'E']) {
            Some(at) => (&rest[..at], parse_exponent(&rest[at + 1..])?),
            None => (rest, 0),
        };
        let (whole, fraction) = match number.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return None,
            None => (number, ""),
        };
        if whole.is_empty() || (whole.len() > 1 && whole.starts_with('0')) {
            return None;
        }
        if !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
            return None;
        }
        let fraction = fraction.trim_end_matches('0');
        let kept = i32::try_from(fraction.len()).ok()?;
        let digits = whole.bytes().chain(fraction.bytes()).skip_while(|b| *b == b'0');
        let mut mantissa = 0i128;
        for (i, b) in digits.enumerate() {
            if i >= MAX_DIGITS {
                return None;
            }
            mantissa = mantissa * 10 + i128::from(b - b'0');
        }
        let mut exponent = exponent - kept;
        if mantissa == 0 {
            return Some(Decimal {
                mantissa: 0,
                exponent: 0,
            });
        }
        while mantissa % 10 == 0 {
            mantissa /= 10;
            exponent += 1;
        }
        let mantissa = if negative { -mantissa } else { mantissa };
        Some(Decimal { mantissa, exponent })
    }

    /// An integer.
    pub fn integer(n: i64) -> Decimal {
        let (mut mantissa, mut exponent) = (i128::from(n), 0);
        while mantissa != 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            exponent += 1;
        }
        Decimal { mantissa, exponent }
    }

    // As a fraction with a positive denominator.
    fn fraction(self) -> Option<(i128, i128)> {
        let power = 10i128.checked_pow(self.exponent.unsigned_abs())?;
        match self.exponent.is_negative() {
            true => Some((self.mantissa, power)),
            false => Some((self.mantissa.checked_mul(power)?, 1)),
        }
    }
}

fn parse_exponent(text: &str) -> Option<i32> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    // A second sign is no digit, and `parse` would take it.
    let n: i32 = digits
        .bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| digits.parse().ok())??;
    (n <= MAX_EXPONENT).then_some(if text.starts_with('-') { -n } else { n })
}

/// canonical = x · num/den + offset_num/offset_den, exactly. Both denominators are positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conversion {
    /// Numerator of the factor.
    pub num: i128,
    /// Denominator of the factor.
    pub den: i128,
    /// Numerator of what is added.
    pub offset_num: i128,
    /// Denominator of what is added.
    pub offset_den: i128,
}

impl Conversion {
    /// For a reading that is in the canonical unit already.
    pub const IDENTITY: Conversion = factor(1, 1);

    /// A reading on the grid of 10^-6 in the canonical unit: (⌊x·10^6⌋, whether something was cut
    /// off). `None` where the exact arithmetic leaves 127 bits.
    pub fn to_grid(&self, x: Decimal) -> Option<(i128, bool)> {
        let (n, d) = x.fraction()?;
        let scaled = n.checked_mul(self.num)?.checked_mul(self.offset_den)?;
        let bottom = d.checked_mul(self.den)?.checked_mul(self.offset_den)?;
        let added = self.offset_num.checked_mul(d)?.checked_mul(self.den)?;
        let top = scaled.checked_add(added)?.checked_mul(10i128.pow(DECIMALS))?;
        Some((top.div_euclid(bottom), top.rem_euclid(bottom) != 0))
    }

    /// The reading as a value. `None` out of range: such a reading is unknown, never clamped.
    pub fn to_value(&self, x: Decimal) -> Option<Value> {
        let (floor, inexact) = self.to_grid(x)?;
        Value::quantity(floor, inexact)
    }
}

const fn factor(num: i128, den: i128) -> Conversion {
    Conversion {
        num,
        den,
        offset_num: 0,
        offset_den: 1,
    }
}

const fn affine(num: i128, den: i128, offset_num: i128, offset_den: i128) -> Conversion {
    Conversion {
        num,
        den,
        offset_num,
        offset_den,
    }
}

type Also = &'static [(&'static str, Conversion)];

const ONLY: Also = &[];
const OF_PERCENT: Also = &[("1", factor(100, 1)), ("10*-2", factor(1, 1))];
const OF_PERCENT_VOLUME: Also = &[("L/L", factor(100, 1)), ("1", factor(100, 1))];
const OF_MG_DL: Also = &[
    ("mg/L", factor(1, 10)),
    ("ug/mL", factor(1, 10)),
    ("ug/dL", factor(1, 1000)),
    ("g/L", factor(100, 1)),
    ("g/dL", factor(1000, 1)),
    ("mg/mL", factor(100, 1)),
];
const OF_G_DL: Also = &[
    ("g/L", factor(1, 10)),
    ("mg/mL", factor(1, 10)),
    ("mg/dL", factor(1, 1000)),
    ("g/mL", factor(100, 1)),
];
const OF_G_L: Also = &[
    ("g/dL", factor(10, 1)),
    ("mg/mL", factor(1, 1)),
    ("mg/dL", factor(1, 100)),
];
const OF_NG_ML: Also = &[("ug/L", factor(1, 1)), ("pg/mL", factor(1, 1000))];
const OF_PG_ML: Also = &[("ng/L", factor(1, 1)), ("ng/mL", factor(1000, 1))];
// UCUM's equivalent is a mole; for ions of one charge that is so in substance too.
const OF_MMOL_L: Also = &[
    ("meq/L", factor(1, 1)),
    ("umol/L", factor(1, 1000)),
    ("mol/L", factor(1000, 1)),
];
// U is umol/min, kat is mol/s. An enzyme's international unit is U.
const OF_U_L: Also = &[
    ("IU/L", factor(1, 1)),
    ("[IU]/L", factor(1, 1)),
    ("U/mL", factor(1000, 1)),
    ("mU/mL", factor(1, 1)),
    ("ukat/L", factor(60, 1)),
    ("nkat/L", factor(60, 1000)),
];
const OF_KU_L: Also = &[("U/mL", factor(1, 1)), ("U/L", factor(1, 1000))];
const OF_10_3_UL: Also = &[
    ("10*9/L", factor(1, 1)),
    ("10*3/mm3", factor(1, 1)),
    ("/uL", factor(1, 1000)),
    ("K/uL", factor(1, 1)),
];
const OF_10_6_UL: Also = &[
    ("10*12/L", factor(1, 1)),
    ("10*6/mm3", factor(1, 1)),
    ("/uL", factor(1, 1_000_000)),
    ("M/uL", factor(1, 1)),
];
const OF_KG: Also = &[
    ("g", factor(1, 1000)),
    ("[lb_av]", factor(45_359_237, 100_000_000)),
    ("[oz_av]", factor(45_359_237, 1_600_000_000)),
];
const OF_CM: Also = &[
    ("m", factor(100, 1)),
    ("mm", factor(1, 10)),
    ("[in_i]", factor(254, 100)),
    ("[ft_i]", factor(3048, 100)),
];
const OF_MM: Also = &[("cm", factor(10, 1)), ("m", factor(1000, 1))];
const OF_CEL: Also = &[("[degF]", affine(5, 9, -160, 9)), ("K", affine(1, 1, -27_315, 100))];
// UCUM: one metre of mercury is 133.322 kPa.
const OF_MM_HG: Also = &[
    ("kPa", factor(1_000_000, 133_322)),
    ("cm[Hg]", factor(10, 1)),
    ("m[Hg]", factor(1000, 1)),
];
const OF_MG_G: Also = &[
    ("ug/mg", factor(1, 1)),
    ("g/g", factor(1000, 1)),
    ("mg/mg", factor(1000, 1)),
];
const OF_BMI: Also = &[("g/m2", factor(1, 1000)), ("kg/cm2", factor(10_000, 1))];
const OF_SCORE: Also = &[("(score)", factor(1, 1)), ("units", factor(1, 1)), ("1", factor(1, 1))];
const OF_PH: Also = &[("pH", factor(1, 1))];
const OF_FL: Also = &[("um3", factor(1, 1))];
const OF_COUNT: Also = &[("1", factor(1, 1))];

// LOINC codes in ascending order, check digit last: 4548_4 is 4548-4.
#[allow(clippy::inconsistent_digit_grouping)]
const TABLE: [(u64, &str, Also); 97] = [
    (718_7, "g/dL", OF_G_DL),            // haemoglobin
    (777_3, "10*3/uL", OF_10_3_UL),      // platelets
    (785_6, "pg", ONLY),                 // MCH
    (786_4, "g/dL", OF_G_DL),            // MCHC
    (787_2, "fL", OF_FL),                // MCV
    (789_8, "10*6/uL", OF_10_6_UL),      // erythrocytes
    (1742_6, "U/L", OF_U_L),             // alanine aminotransferase
    (1751_7, "g/dL", OF_G_DL),           // albumin
    (1920_8, "U/L", OF_U_L),             // aspartate aminotransferase
    (1975_2, "mg/dL", OF_MG_DL),         // bilirubin, total
    (2028_9, "mmol/L", OF_MMOL_L),       // carbon dioxide
    (2069_3, "mmol/L", OF_MMOL_L),       // chloride, blood
    (2075_0, "mmol/L", OF_MMOL_L),       // chloride
    (2085_9, "mg/dL", OF_MG_DL),         // HDL cholesterol
    (2093_3, "mg/dL", OF_MG_DL),         // cholesterol
    (2160_0, "mg/dL", OF_MG_DL),         // creatinine
    (2339_0, "mg/dL", OF_MG_DL),         // glucose, blood
    (2345_7, "mg/dL", OF_MG_DL),         // glucose
    (2571_8, "mg/dL", OF_MG_DL),         // triglycerides
    (2823_3, "mmol/L", OF_MMOL_L),       // potassium
    (2857_1, "ng/mL", OF_NG_ML),         // prostate specific antigen
    (2885_2, "g/dL", OF_G_DL),           // protein
    (2947_0, "mmol/L", OF_MMOL_L),       // sodium, blood
    (2951_2, "mmol/L", OF_MMOL_L),       // sodium
    (3094_0, "mg/dL", OF_MG_DL),         // urea nitrogen
    (4544_3, "%", OF_PERCENT_VOLUME),    // haematocrit
    (4548_4, "%", OF_PERCENT),           // haemoglobin A1c
    (5792_7, "mg/dL", OF_MG_DL),         // glucose, urine strip
    (5797_6, "mg/dL", OF_MG_DL),         // ketones, urine strip
    (5803_2, "[pH]", OF_PH),             // pH, urine strip
    (5804_0, "mg/dL", OF_MG_DL),         // protein, urine strip
    (5811_5, "{nominal}", OF_COUNT),     // specific gravity, urine strip
    (6075_6, "kU/L", OF_KU_L),           // IgE, Cladosporium herbarum
    (6082_2, "kU/L", OF_KU_L),           // IgE, codfish
    (6085_5, "kU/L", OF_KU_L),           // IgE, ragweed
    (6095_4, "kU/L", OF_KU_L),           // IgE, house dust mite
    (6106_9, "kU/L", OF_KU_L),           // IgE, egg white
    (6158_0, "kU/L", OF_KU_L),           // IgE, latex
    (6189_5, "kU/L", OF_KU_L),           // IgE, white oak
    (6206_7, "kU/L", OF_KU_L),           // IgE, peanut
    (6246_3, "kU/L", OF_KU_L),           // IgE, shrimp
    (6248_9, "kU/L", OF_KU_L),           // IgE, soybean
    (6273_7, "kU/L", OF_KU_L),           // IgE, walnut
    (6276_0, "kU/L", OF_KU_L),           // IgE, wheat
    (6298_4, "mmol/L", OF_MMOL_L),       // potassium, blood
    (6299_2, "mg/dL", OF_MG_DL),         // urea nitrogen, blood
    (6690_2, "10*3/uL", OF_10_3_UL),     // leukocytes
    (6768_6, "U/L", OF_U_L),             // alkaline phosphatase
    (6833_8, "kU/L", OF_KU_L),           // IgE, cat dander
    (6844_5, "kU/L", OF_KU_L),           // IgE, honey bee
    (7258_7, "kU/L", OF_KU_L),           // IgE, cow milk
    (8302_2, "cm", OF_CM),               // body height
    (8331_1, "Cel", OF_CEL),             // oral temperature
    (8462_4, "mm[Hg]", OF_MM_HG),        // diastolic blood pressure
    (8480_6, "mm[Hg]", OF_MM_HG),        // systolic blood pressure
    (10230_1, "%", OF_PERCENT),          // left ventricular ejection fraction
    (10834_0, "g/L", OF_G_L),            // globulin
    (14959_1, "mg/g", OF_MG_G),          // microalbumin to creatinine
    (17861_6, "mg/dL", OF_MG_DL),        // calcium
    (18262_6, "mg/dL", OF_MG_DL),        // LDL cholesterol
    (19926_5, "%", OF_PERCENT),          // FEV1/FVC
    (20505_4, "mg/dL", OF_MG_DL),        // bilirubin, urine strip
    (20565_8, "mmol/L", OF_MMOL_L),      // carbon dioxide, blood
    (20570_8, "%", OF_PERCENT_VOLUME),   // haematocrit
    (21000_5, "fL", OF_FL),              // erythrocyte distribution width, entitic volume
    (26453_1, "10*6/uL", OF_10_6_UL),    // erythrocytes
    (26464_8, "10*3/uL", OF_10_3_UL),    // leukocytes
    (26515_7, "10*3/uL", OF_10_3_UL),    // platelets
    (29463_7, "kg", OF_KG),              // body weight
    (30385_9, "%", OF_PERCENT),          // erythrocyte distribution width, ratio
    (30428_7, "fL", OF_FL),              // MCV
    (32207_3, "fL", OF_FL),              // platelet distribution width
    (32623_1, "fL", OF_FL),              // platelet mean volume
    (33037_3, "mmol/L", OF_MMOL_L),      // anion gap
    (33756_8, "mm", OF_MM),              // polyp size
    (33762_6, "pg/mL", OF_PG_ML),        // NT-proBNP
    (33914_3, "mL/min/{1.73_m2}", ONLY), // estimated glomerular filtration rate
    (38265_5, "{T-score}", ONLY),        // bone density
    (38483_4, "mg/dL", OF_MG_DL),        // creatinine, blood
    (39156_5, "kg/m2", OF_BMI),          // body mass index
    (42719_5, "mg/dL", OF_MG_DL),        // bilirubin, total, blood
    (46240_8, "{count}", OF_COUNT),      // history of hospitalisations and visits
    (49765_1, "mg/dL", OF_MG_DL),        // calcium, blood
    (57905_2, "ng/mL", OF_NG_ML),        // haemoglobin in stool
    (66519_0, "%", OF_PERCENT),          // eczema, head and neck
    (66524_0, "%", OF_PERCENT),          // eczema, upper extremities
    (66529_9, "%", OF_PERCENT),          // eczema, trunk
    (66534_9, "%", OF_PERCENT),          // eczema, lower extremities
    (72098_7, "{score}", OF_SCORE),      // KOOS quality of life
    (72099_5, "{score}", OF_SCORE),      // KOOS sport and recreation
    (72100_1, "{score}", OF_SCORE),      // KOOS daily living
    (72101_9, "{score}", OF_SCORE),      // KOOS symptoms
    (72102_7, "{score}", OF_SCORE),      // KOOS pain
    (72106_8, "{score}", OF_SCORE),      // MMSE total
    (72514_3, "{score}", OF_SCORE),      // pain severity, 0 to 10
    (75443_2, "{nominal}", ONLY),        // mental health outpatient note
    (84215_3, "{nominal}", ONLY),        // mental health telehealth note
];

fn row(concept: Concept) -> Option<&'static (u64, &'static str, Also)> {
    if (concept.kind(), concept.system()) != (Some(Kind::Observation), Some(System::Loinc)) {
        return None;
    }
    let code = u64::try_from(concept.bits() & u128::from(u64::MAX)).ok()?;
    let at = TABLE.binary_search_by_key(&code, |(loinc, ..)| *loinc).ok()?;
    TABLE.get(at)
}

/// The UCUM unit in which quantities of this concept are kept; `None` where the table has none,
/// so that no quantity of it can be read or asked for.
pub fn canonical_unit(concept: Concept) -> Option<&'static str> {
    row(concept).map(|(_, unit, _)| *unit)
}

/// How a quantity of this concept in this unit becomes one in the canonical unit. `None` where
/// the concept has no unit here, or the unit does not convert to it exactly.
pub fn conversion(concept: Concept, unit: &str) -> Option<Conversion> {
    let (_, canonical, also) = row(concept)?;
    if unit == *canonical {
        return Some(Conversion::IDENTITY);
    }
    also.iter().find(|(u, _)| *u == unit).map(|(_, c)| *c)
}

/// Every unit in which quantities of this concept are accepted, the canonical one first.
pub fn accepted_units(concept: Concept) -> impl Iterator<Item = &'static str> {
    let also = row(concept).map_or(ONLY, |(_, _, also)| *also);
    canonical_unit(concept).into_iter().chain(also.iter().map(|(u, _)| *u))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::concept::Code;
    use std::format;

    fn loinc(code: &str) -> Concept {
        Concept::parse(Kind::Observation, System::Loinc, code).unwrap()
    }

    fn grid(code: &str, unit: &str, x: &str) -> (i128, bool) {
        let conversion = conversion(loinc(code), unit).unwrap();
        conversion.to_grid(Decimal::parse(x).unwrap()).unwrap()
    }

    #[test]
    fn the_table_is_in_order_and_of_real_codes() {
        assert!(TABLE.windows(2).all(|w| w[0].0 < w[1].0));
        for (code, unit, also) in TABLE {
            let text = format!("{}-{}", code / 10, code % 10);
            assert_eq!(Code::parse(System::Loinc, &text).map(Code::bits), Ok(code), "{text}");
            assert!(
                also.iter()
                    .all(|(u, c)| u != &unit && c.num > 0 && c.den > 0 && c.offset_den > 0)
            );
            let mut spellings: std::vec::Vec<_> = also.iter().map(|(u, _)| *u).collect();
            spellings.sort_unstable();
            spellings.dedup();
            assert_eq!(spellings.len(), also.len(), "{text}");
        }
    }

    #[test]
    fn known_conversions() {
        assert_eq!(grid("4548-4", "%", "7.0"), (7_000_000, false));
        assert_eq!(grid("29463-7", "[lb_av]", "1"), (453_592, true));
        assert_eq!(grid("29463-7", "[lb_av]", "100000000"), (45_359_237_000_000, false));
        assert_eq!(grid("8302-2", "[in_i]", "70"), (177_800_000, false));
        assert_eq!(grid("8331-1", "[degF]", "212"), (100_000_000, false));
        assert_eq!(grid("8331-1", "[degF]", "-40"), (-40_000_000, false));
        assert_eq!(grid("8331-1", "[degF]", "98.6"), (37_000_000, false));
        assert_eq!(grid("8331-1", "K", "0"), (-273_150_000, false));
        assert_eq!(grid("8480-6", "kPa", "133.322"), (1_000_000_000, false));
        assert_eq!(grid("1742-6", "ukat/L", "1"), (60_000_000, false));
        assert_eq!(grid("1742-6", "nkat/L", "1000"), (60_000_000, false));
        assert_eq!(grid("26464-8", "K/uL", "12.5"), (12_500_000, false));
        assert_eq!(grid("789-8", "/uL", "4500000"), (4_500_000, false));
        assert_eq!(grid("2339-0", "g/L", "1.26"), (126_000_000, false));
        assert_eq!(grid("20570-8", "L/L", "0.45"), (45_000_000, false));
    }

    #[test]
    fn what_does_not_convert_exactly_is_refused() {
        for (code, unit) in [
            ("33914-3", "mL/min"),
            ("4548-4", "mmol/mol"),
            ("2339-0", "mmol/L"),
            ("8480-6", "mmHg"),
            ("29463-7", "KG"),
            ("29463-7", ""),
        ] {
            assert_eq!(conversion(loinc(code), unit), None, "{code} {unit}");
        }
        assert_eq!(canonical_unit(loinc("72166-2")), None);
        let weight = Code::parse(System::Loinc, "29463-7").unwrap();
        assert_eq!(
            canonical_unit(Concept::new(Kind::Procedure, System::Loinc, weight)),
            None
        );
        assert_eq!(
            canonical_unit(Concept::new(Kind::Observation, System::Cvx, weight)),
            None
        );
        assert_eq!(
            accepted_units(loinc("33914-3")).collect::<std::vec::Vec<_>>(),
            ["mL/min/{1.73_m2}"]
        );
    }

    #[test]
    fn decimals_are_read_as_written() {
        let same = |a: &str, b: &str| assert_eq!(Decimal::parse(a).unwrap(), Decimal::parse(b).unwrap());
        same("7", "7.000");
        same("70", "7e1");
        same("0.07", "7E-2");
        same("-0.0", "0");
        same("-7.50", "-75e-1");
        assert_eq!(Decimal::integer(-70), Decimal::parse("-70").unwrap());
        assert_eq!(Decimal::integer(0), Decimal::parse("0").unwrap());
        for bad in [
            "",
            "-",
            "+7",
            "07",
            "7.",
            ".7",
            "7e",
            "7e+",
            "7 ",
            " 7",
            "1_0",
            "0x7",
            "NaN",
            "7,0",
            "--7",
            "7e0401",
            "7e401",
            "1234567890123456789012345678901",
            "٧",
        ] {
            assert_eq!(Decimal::parse(bad), None, "{bad}");
        }
        assert!(Decimal::parse("6.8000000000000000000000000000000000000").is_some());
        assert!(Decimal::parse("0.000000000000000000000000000000000000001").is_some());
    }

    #[test]
    fn exponents_are_read_as_written_to_their_limit() {
        for (text, exponent) in [
            ("1e2", 2),
            ("1E+2", 2),
            ("1e-2", -2),
            ("1e0002", 2),
            ("1e400", 400),
            ("1e-400", -400),
        ] {
            assert_eq!(Decimal::parse(text).map(|x| x.exponent), Some(exponent), "{text}");
        }
        for text in [
            "1e401",
            "1e-401",
            "1e99999999999",
            "1e",
            "1e+",
            "1e+-2",
            "1e--2",
            "1e2x",
            "1e 2",
        ] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }

    #[test]
    fn flooring_is_exact_and_downwards() {
        let grid = |x: &str| Conversion::IDENTITY.to_grid(Decimal::parse(x).unwrap());
        assert_eq!(grid("6.99999999999999999"), Some((6_999_999, true)));
        assert_eq!(grid("7.0000001"), Some((7_000_000, true)));
        assert_eq!(grid("-7.0000001"), Some((-7_000_001, true)));
        assert_eq!(grid("1e-20"), Some((0, true)));
        assert_eq!(grid("-1e-20"), Some((-1, true)));
        assert_eq!(grid("1e60"), None);
        assert_eq!(grid("1e-60"), None);
        assert_eq!(Conversion::IDENTITY.to_value(Decimal::parse("1e30").unwrap()), None);
        assert_eq!(
            Conversion::IDENTITY.to_value(Decimal::parse("7").unwrap()),
            Value::quantity(7_000_000, false)
        );
    }
}
