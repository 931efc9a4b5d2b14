//! Reads a claim from JSON: every key known, every type as expected.

use crate::FORM;
use crate::error::{ClaimError, Problem, Refusal};
use crate::json::{Json, child};
use crate::spec::{
    Absent, Age, Bound, ClaimSpec, Clause, CodeGroup, Codes, Coding, Criterion, Group, Has, Latest, Lower, Members,
    NamedSet, Number, Period, Rule, Sex, Test, Upper, Wanted, When,
};
use crate::suggest::nearest;
use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use medproof_statement::concept::{Kind, System};
use medproof_statement::day::Day;
use medproof_statement::tier::Tier;

type Read<T> = Result<T, ClaimError>;

/// Characters of a title or a label at most.
const SHORT: usize = 200;
/// Characters of a description at most.
const LONG: usize = 4_000;

/// What makes a text look like another: a patient reads it before consenting.
pub(crate) fn misleads(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// A value and where it stands.
#[derive(Clone)]
struct At<'a> {
    json: &'a Json,
    path: String,
}

/// An object whose keys are all known.
struct Fields<'a> {
    path: String,
    members: &'a [(String, Json)],
}

impl<'a> At<'a> {
    fn fail<T>(&self, problem: impl Into<Problem>) -> Read<T> {
        Err(problem.into().at(&self.path))
    }

    fn wrong<T>(&self, expected: &'static str) -> Read<T> {
        let found = self.json.kind();
        self.fail(Problem::WrongType { expected, found })
    }

    fn out_of_range<T>(&self, expected: &'static str, found: impl ToString) -> Read<T> {
        let found = found.to_string();
        self.fail(Problem::OutOfRange { expected, found })
    }

    fn string(&self, expected: &'static str) -> Read<&'a str> {
        match self.json {
            Json::String(s) => Ok(s),
            _ => self.wrong(expected),
        }
    }

    // Words for people: some, not too many, and no control characters but line ends.
    fn words(&self, longest: usize) -> Read<String> {
        self.said(self.string("a string")?, longest)
    }

    fn said(&self, text: &str, longest: usize) -> Read<String> {
        let length = text.chars().count();
        if length == 0 || text.trim().len() != text.len() {
            return self.out_of_range("words without white space at either end", format!("{text:?}"));
        }
        let lines = longest == LONG;
        if length > longest || text.chars().any(|c| misleads(c) && !(lines && c == '\n')) {
            return self.out_of_range(
                "at most 200 characters in one line (4000 in the lines of a description), none of them control \
                 characters, invisible or turning the direction of writing",
                format!("{length} characters"),
            );
        }
        Ok(text.to_owned())
    }

    fn boolean(&self) -> Read<bool> {
        match self.json {
            Json::Bool(b) => Ok(*b),
            _ => self.wrong("true or false"),
        }
    }

    fn integer(&self, least: u32, most: u32, expected: &'static str) -> Read<u32> {
        let Json::Number(text) = self.json else {
            return self.wrong(expected);
        };
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        match text.parse::<u32>() {
            Ok(n) if digits && (least..=most).contains(&n) => Ok(n),
            _ => self.out_of_range(expected, text),
        }
    }

    fn number(&self) -> Read<Number> {
        let (Json::Number(text) | Json::String(text)) = self.json else {
            return self.wrong("a number, as a string or as it is");
        };
        match Number::parse(text) {
            Some(number) => Ok(number),
            None => self.out_of_range("a decimal number of at most 30 digits", text),
        }
    }

    fn day(&self) -> Read<Day> {
        let text = self.string("a date as in \"2021-04-01\"")?;
        match parse_day(text) {
            Some(day) => Ok(day),
            None => self.out_of_range("a date from 1850-01-01 as in 2021-04-01", text),
        }
    }

    fn array(&self, expected: &'static str) -> Read<Vec<At<'a>>> {
        let Json::Array(items) = self.json else {
            return self.wrong(expected);
        };
        if items.is_empty() {
            return self.out_of_range("at least one", "none");
        }
        let items = items.iter().enumerate();
        Ok(items
            .map(|(i, json)| At {
                json,
                path: format!("{}/{i}", self.path),
            })
            .collect())
    }

    fn members(&self, expected: &'static str) -> Read<Vec<(&'a str, At<'a>)>> {
        let Json::Object(members) = self.json else {
            return self.wrong(expected);
        };
        let at = |(key, json): &'a (String, Json)| {
            let path = child(&self.path, key);
            (key.as_str(), At { json, path })
        };
        Ok(members.iter().map(at).collect())
    }

    fn fields(&self, expected: &'static str, known: &[&str]) -> Read<Fields<'a>> {
        let Json::Object(members) = self.json else {
            return self.wrong(expected);
        };
        if let Some((key, _)) = members.iter().find(|(key, _)| !known.contains(&key.as_str())) {
            return self.fail(Problem::UnknownKey {
                key: key.clone(),
                expected: known.join(", "),
                suggestion: nearest(key, known.iter().copied()).map(ToOwned::to_owned),
            });
        }
        Ok(Fields {
            path: self.path.clone(),
            members,
        })
    }

    fn name<T: Copy>(&self, what: &'static str, all: &[T], name_of: fn(T) -> &'static str) -> Read<T> {
        let found = self.string("a name, as a string")?;
        if let Some(one) = all.iter().find(|one| name_of(**one) == found) {
            return Ok(*one);
        }
        let names: Vec<&str> = all.iter().map(|one| name_of(*one)).collect();
        self.fail(Problem::UnknownName {
            what,
            found: found.to_owned(),
            suggestion: nearest(found, names.iter().copied()).map(ToOwned::to_owned),
            expected: names.join(", "),
        })
    }
}

impl<'a> Fields<'a> {
    fn get(&self, key: &str) -> Option<At<'a>> {
        let (_, json) = self.members.iter().find(|(k, _)| k == key)?;
        let path = child(&self.path, key);
        Some(At { json, path })
    }

    fn has(&self, key: &str) -> bool {
        self.members.iter().any(|(k, _)| k == key)
    }

    fn need(&self, key: &'static str) -> Read<At<'a>> {
        self.get(key).ok_or(Problem::Missing { expected: key }.at(&self.path))
    }

    fn fail<T>(&self, problem: impl Into<Problem>) -> Read<T> {
        Err(problem.into().at(&self.path))
    }

    fn label(&self) -> Read<Option<String>> {
        self.get("label").map(|at| at.words(SHORT)).transpose()
    }
}

fn parse_day(text: &str) -> Option<Day> {
    let bytes = text.as_bytes();
    let shape = bytes.len() == 10
        && bytes.iter().enumerate().all(|(i, b)| match i {
            4 | 7 => *b == b'-',
            _ => b.is_ascii_digit(),
        });
    shape.then_some(())?;
    Day::from_civil(
        text[..4].parse().ok()?,
        text[5..7].parse().ok()?,
        text[8..].parse().ok()?,
    )
}

/// The spec in a JSON value. What the parts mean together is checked afterwards.
pub(crate) fn claim(json: &Json) -> Read<ClaimSpec> {
    let whole = At {
        json,
        path: String::new(),
    };
    let known = [
        "form",
        "title",
        "description",
        "issued_within",
        "tier",
        "code_sets",
        "clauses",
    ];
    let fields = whole.fields("a claim, which is an object", &known)?;
    let form = fields.need("form")?;
    if form.string("\"medproof-claim/1\"")? != FORM {
        return form.out_of_range(FORM, form.string("a string")?);
    }
    let tiers = |at: At<'_>| at.name("tier", &Tier::ALL, Tier::name);
    Ok(ClaimSpec {
        title: fields.need("title")?.words(SHORT)?,
        description: fields.get("description").map(|at| at.words(LONG)).transpose()?,
        issued_within: fields.get("issued_within").map(|at| period(&at)).transpose()?,
        tier: fields.get("tier").map(tiers).transpose()?,
        code_sets: fields
            .get("code_sets")
            .map_or(Ok(BTreeMap::new()), |at| code_sets(&at))?,
        clauses: {
            let clauses = fields.need("clauses")?.array("an array of clauses")?;
            clauses.iter().map(clause).collect::<Read<_>>()?
        },
    })
}

fn code_sets(at: &At<'_>) -> Read<BTreeMap<String, NamedSet>> {
    let sets = at.members("an object: a code set under each name")?;
    sets.into_iter()
        .map(|(name, set)| {
            // A name is shown to people, and stands in the path of all that is inside.
            let name = at.said(name, SHORT)?;
            let at = set;
            let fields = at.fields(
                "a code set, which is an object",
                &["title", "source", "version", "codes"],
            )?;
            let set = NamedSet {
                title: fields.get("title").map(|at| at.words(SHORT)).transpose()?,
                source: fields.need("source")?.words(SHORT)?,
                version: fields.need("version")?.words(SHORT)?,
                codes: {
                    let codes = fields.need("codes")?;
                    code_groups(&codes, false)?
                },
            };
            Ok((name, set))
        })
        .collect()
}

const CRITERIA: [&str; 6] = ["age", "sex", "not_deceased", "has", "latest", "none"];
const ONE_TEST: &str = "one of: age, sex, not_deceased, has, latest, none";

fn clause(at: &At<'_>) -> Read<Clause> {
    let keys = at.members("a clause, which is an object")?;
    let is = |key: &str| keys.iter().any(|(k, _)| *k == key);
    if !(is("all") || is("any") || is("at_least") || is("of")) {
        return criterion(at).map(Into::into);
    }
    let fields = at.fields("a clause", &["label", "all", "any", "at_least", "of"])?;
    let (rule, of) = match (
        fields.get("all"),
        fields.get("any"),
        fields.get("at_least"),
        fields.get("of"),
    ) {
        (Some(of), None, None, None) => (Rule::All, of),
        (None, Some(of), None, None) => (Rule::Any, of),
        (None, None, Some(n), Some(of)) => {
            let n = n.integer(1, 16, "how many must hold, 1 to 16")?;
            (Rule::AtLeast(u8::try_from(n).unwrap_or(u8::MAX)), of)
        }
        (None, None, ..) => {
            return fields.fail(Problem::Missing {
                expected: "`at_least` and `of` together",
            });
        }
        _ => {
            return fields.fail(Problem::Conflict {
                why: "expected one of `all`, `any`, `at_least` with `of`",
            });
        }
    };
    let of = of.array("an array of criteria")?;
    Ok(Clause::Group(Group {
        label: fields.label()?,
        rule,
        of: of.iter().map(criterion).collect::<Read<_>>()?,
    }))
}

fn criterion(at: &At<'_>) -> Read<Criterion> {
    for (key, _) in at.members("a criterion, which is an object")? {
        match key {
            "not" => return at.fail(Refusal::NegatedCriterion),
            "all" | "any" | "at_least" | "of" => return at.fail(Refusal::NestedGroup),
            _ => {}
        }
    }
    let known = ["label", "age", "sex", "not_deceased", "has", "latest", "none"];
    let fields = at.fields("a criterion", &known)?;
    let mut tests = CRITERIA.iter().filter_map(|key| fields.get(key).map(|at| (*key, at)));
    let Some((key, test)) = tests.next() else {
        return fields.fail(Problem::Missing { expected: ONE_TEST });
    };
    if tests.next().is_some() {
        let why = "expected one test in a criterion; write each as a clause of its own";
        return fields.fail(Problem::Conflict { why });
    }
    let test = match key {
        "age" => Test::Age(age(&test)?),
        "sex" => Test::Sex(test.name("sex", &Sex::ALL, Sex::name)?),
        "not_deceased" if test.boolean()? => Test::NotDeceased,
        "not_deceased" => return test.out_of_range("true", "false"),
        "has" => Test::Has(has(&test)?),
        "latest" => Test::Latest(latest(&test)?),
        _ => Test::None(absent(&test)?),
    };
    Ok(Criterion {
        label: fields.label()?,
        test,
    })
}

fn age(at: &At<'_>) -> Read<Age> {
    let fields = at.fields("an object with at_least, at_most or both", &["at_least", "at_most"])?;
    let years = |at: At<'_>| {
        let n = at.integer(0, 150, "completed years, 0 to 150")?;
        Ok(u16::try_from(n).unwrap_or(u16::MAX))
    };
    Ok(Age {
        at_least: fields.get("at_least").map(years).transpose()?,
        at_most: fields.get("at_most").map(years).transpose()?,
    })
}

const FACTS: [&str; 9] = [
    "kind",
    "codes",
    "within",
    "from",
    "at_least_ago",
    "to",
    "active",
    "active_or_within",
    "value",
];

fn has(at: &At<'_>) -> Read<Has> {
    let known: Vec<&str> = FACTS.into_iter().chain(["count", "min_gap_days"]).collect();
    let fields = at.fields("an object", &known)?;
    let count = |at: At<'_>| at.integer(1, 255, "how many, 1 to 255");
    let gap = |at: At<'_>| at.integer(1, 65_535, "days, 1 to 65535");
    Ok(Has {
        kind: kind(&fields)?,
        codes: codes(&fields)?,
        when: when(&fields)?,
        value: fields.get("value").map(|at| wanted(&at)).transpose()?,
        count: fields.get("count").map_or(Ok(1), count)?.try_into().unwrap_or(u8::MAX),
        min_gap_days: fields
            .get("min_gap_days")
            .map_or(Ok(0), gap)?
            .try_into()
            .unwrap_or(u16::MAX),
    })
}

fn absent(at: &At<'_>) -> Read<Absent> {
    let fields = at.fields("an object", &FACTS)?;
    Ok(Absent {
        kind: kind(&fields)?,
        codes: codes(&fields)?,
        when: when(&fields)?,
        value: fields.get("value").map(|at| wanted(&at)).transpose()?,
    })
}

fn latest(at: &At<'_>) -> Read<Latest> {
    for (key, at) in at.members("an object")? {
        if let Some(key) = ["at_least_ago", "to", "active", "active_or_within"]
            .iter()
            .find(|k| **k == key)
        {
            return at.fail(Refusal::LatestWith { key });
        }
    }
    let fields = at.fields("an object", &["kind", "codes", "within", "from", "value"])?;
    Ok(Latest {
        kind: kind(&fields)?,
        codes: codes(&fields)?,
        since: lower(&fields)?,
        value: wanted(&fields.need("value")?)?,
    })
}

fn kind(fields: &Fields<'_>) -> Read<Kind> {
    fields.need("kind")?.name("kind", &Kind::ALL, Kind::name)
}

fn codes(fields: &Fields<'_>) -> Read<Codes> {
    let at = fields.need("codes")?;
    match at.json {
        Json::String(all) if all == "all" => Ok(Codes::All),
        _ => code_groups(&at, true).map(Codes::Groups),
    }
}

fn code_groups(at: &At<'_>, sets: bool) -> Read<Vec<CodeGroup>> {
    match at.json {
        Json::Array(_) => at.array("codes")?.iter().map(|at| code_group(at, sets)).collect(),
        _ => Ok(vec![code_group(at, sets)?]),
    }
}

fn code_group(at: &At<'_>, sets: bool) -> Read<CodeGroup> {
    let of_system = ["system", "any_of", "code", "prefix", "from", "to", "all", "display"];
    let known: Vec<&str> = of_system.into_iter().chain(sets.then_some("set")).collect();
    let fields = at.fields("codes: an object, an array of objects, or \"all\"", &known)?;
    if let Some(set) = fields.get("set") {
        if of_system.iter().any(|key| fields.has(key)) {
            let why = "`set` stands alone: the set says which system its codes are of";
            return fields.fail(Problem::Conflict { why });
        }
        return set
            .string("the name of a code set")
            .map(|name| CodeGroup::Set(name.to_owned()));
    }
    let system = system(&fields)?;
    let display = fields.get("display").map(|at| at.words(SHORT)).transpose()?;
    let given: Vec<&str> = ["any_of", "code", "prefix", "from", "all"]
        .into_iter()
        .filter(|key| fields.has(key))
        .collect();
    let [form] = given[..] else {
        let why = "expected exactly one of `any_of`, `code`, `prefix`, `from` with `to`, or `all`";
        return fields.fail(Problem::Conflict { why });
    };
    if fields.has("to") != (form == "from") {
        let why = "`from` and `to` belong together";
        return fields.fail(Problem::Conflict { why });
    }
    if display.is_some() && matches!(form, "any_of" | "all") {
        let why = "`display` belongs to one code, prefix or interval; write it beside each code of `any_of`";
        return fields.fail(Problem::Conflict { why });
    }
    let text = |key: &'static str| Ok(fields.need(key)?.string("a code, as a string in quotes")?.to_owned());
    let members = match form {
        "any_of" => Members::Listed(coding_list(&fields.need("any_of")?)?),
        "code" => Members::Listed(vec![Coding {
            code: text("code")?,
            display,
        }]),
        "prefix" => Members::Prefix(Coding {
            code: text("prefix")?,
            display,
        }),
        "from" => Members::Range {
            from: text("from")?,
            to: text("to")?,
            display,
        },
        _ => {
            let all = fields.need("all")?;
            if !all.boolean()? {
                return all.out_of_range("true", "false");
            }
            Members::All
        }
    };
    Ok(CodeGroup::In(system, members))
}

fn system(fields: &Fields<'_>) -> Read<System> {
    fields.need("system")?.name("code system", &System::ALL, System::name)
}

fn coding_list(at: &At<'_>) -> Read<Vec<Coding>> {
    at.array("an array of codes")?.iter().map(coding).collect()
}

fn coding(at: &At<'_>) -> Read<Coding> {
    match at.json {
        Json::String(code) => Ok(Coding::bare(code)),
        Json::Object(_) => {
            let fields = at.fields("a code", &["code", "display"])?;
            Ok(Coding {
                code: fields.need("code")?.string("a code, as a string in quotes")?.to_owned(),
                display: fields.get("display").map(|at| at.words(SHORT)).transpose()?,
            })
        }
        _ => at.wrong("a code, as a string in quotes or an object with `code` and `display`"),
    }
}

fn lower(fields: &Fields<'_>) -> Read<Option<Lower>> {
    match (fields.get("within"), fields.get("from")) {
        (Some(within), None) => Ok(Some(Lower::Within(period(&within)?))),
        (None, Some(from)) => Ok(Some(Lower::From(from.day()?))),
        (None, None) => Ok(None),
        _ => fields.fail(Problem::Conflict {
            why: "`within` and `from` both give the window's first day; expected one of them",
        }),
    }
}

fn upper(fields: &Fields<'_>) -> Read<Option<Upper>> {
    match (fields.get("at_least_ago"), fields.get("to")) {
        (Some(ago), None) => Ok(Some(Upper::AtLeastAgo(period(&ago)?))),
        (None, Some(to)) => Ok(Some(Upper::To(to.day()?))),
        (None, None) => Ok(None),
        _ => fields.fail(Problem::Conflict {
            why: "`at_least_ago` and `to` both give the window's last day; expected one of them",
        }),
    }
}

fn when(fields: &Fields<'_>) -> Read<When> {
    let Some(either) = fields.get("active_or_within") else {
        return Ok(When::Window {
            from: lower(fields)?,
            to: upper(fields)?,
            active: fields.get("active").map_or(Ok(false), |at| match at.boolean()? {
                true => Ok(true),
                false => at.out_of_range("true, or the key left out", "false"),
            })?,
        });
    };
    if ["within", "from", "at_least_ago", "to", "active"]
        .iter()
        .any(|key| fields.has(key))
    {
        let why = "`active_or_within` is a window of its own; expected no other key about time beside it";
        return fields.fail(Problem::Conflict { why });
    }
    period(&either).map(When::ActiveOrWithin)
}

fn period(at: &At<'_>) -> Read<Period> {
    let fields = at.fields(
        "a period: an object with years, months or days",
        &["years", "months", "days"],
    )?;
    if fields.members.is_empty() {
        return at.fail(Problem::Missing {
            expected: "years, months or days",
        });
    }
    let read = |key: &str, most: u32, expected: &'static str| {
        fields.get(key).map_or(Ok(0), |at| at.integer(0, most, expected))
    };
    let small = |n: u32| u16::try_from(n).unwrap_or(u16::MAX);
    Ok(Period {
        years: small(read("years", 200, "years, 0 to 200")?),
        months: small(read("months", 2_400, "months, 0 to 2400")?),
        days: read("days", 100_000, "days, 0 to 100000")?,
    })
}

fn wanted(at: &At<'_>) -> Read<Wanted> {
    for (key, _) in at.members("a value, which is an object")? {
        if matches!(key, "not" | "none" | "not_equal") {
            return at.fail(Refusal::NegatedValue);
        }
    }
    let known = [
        "unit",
        "at_least",
        "more_than",
        "at_most",
        "less_than",
        "system",
        "code",
        "display",
        "any_of",
        "boolean",
        "pseudonym",
    ];
    let fields = at.fields("a value", &known)?;
    let (value, allowed): (Wanted, &[&str]) = if let Some(unit) = fields.get("unit") {
        let allowed = ["unit", "at_least", "more_than", "at_most", "less_than"];
        (quantity(&fields, &unit)?, &allowed.clone())
    } else if fields.has("system") {
        (coded(&fields)?, &["system", "code", "display", "any_of"])
    } else if let Some(boolean) = fields.get("boolean") {
        (Wanted::Boolean(boolean.boolean()?), &["boolean"])
    } else if let Some(pseudonym) = fields.get("pseudonym") {
        (Wanted::Pseudonym(hex64(&pseudonym)?), &["pseudonym"])
    } else {
        return fields.fail(Problem::Missing {
            expected: "`unit` with a range, `system` with `code` or `any_of`, `boolean`, or `pseudonym`",
        });
    };
    if fields.members.iter().any(|(key, _)| !allowed.contains(&key.as_str())) {
        let why = "expected one form of value: a quantity with its unit, codes of a system, `boolean` or `pseudonym`";
        return fields.fail(Problem::Conflict { why });
    }
    Ok(value)
}

fn quantity(fields: &Fields<'_>, unit: &At<'_>) -> Read<Wanted> {
    let bound = |inclusive: &str, exclusive: &str, why: &'static str| {
        let bound = |at: At<'_>, inclusive| at.number().map(|limit| Some(Bound { limit, inclusive }));
        match (fields.get(inclusive), fields.get(exclusive)) {
            (Some(at), None) => bound(at, true),
            (None, Some(at)) => bound(at, false),
            (None, None) => Ok(None),
            _ => fields.fail(Problem::Conflict { why }),
        }
    };
    let lower = bound("at_least", "more_than", "expected one of `at_least` and `more_than`")?;
    let upper = bound("at_most", "less_than", "expected one of `at_most` and `less_than`")?;
    if lower.is_none() && upper.is_none() {
        return fields.fail(Problem::Missing {
            expected: "at_least, more_than, at_most or less_than",
        });
    }
    Ok(Wanted::Quantity {
        unit: unit.string("a UCUM unit, as a string")?.to_owned(),
        lower,
        upper,
    })
}

fn coded(fields: &Fields<'_>) -> Read<Wanted> {
    let any_of = match (fields.get("code"), fields.get("any_of")) {
        (Some(code), None) => vec![Coding {
            code: code.string("a code, as a string in quotes")?.to_owned(),
            display: fields.get("display").map(|at| at.words(SHORT)).transpose()?,
        }],
        (None, Some(any_of)) if !fields.has("display") => coding_list(&any_of)?,
        _ => {
            return fields.fail(Problem::Conflict {
                why: "expected `code` (with `display` if you like) or `any_of`",
            });
        }
    };
    Ok(Wanted::Coded {
        system: system(fields)?,
        any_of,
    })
}

fn hex64(at: &At<'_>) -> Read<u64> {
    let text = at.string("16 hexadecimal digits, as a string")?;
    let shape = text.len() == 16 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    match u64::from_str_radix(text, 16) {
        Ok(bits) if shape => Ok(bits),
        _ => at.out_of_range("16 hexadecimal digits in lower case", text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_has_one_shape() {
        assert_eq!(parse_day("2021-04-01"), Day::from_civil(2021, 4, 1));
        assert!(parse_day("1850-01-01").is_some() && parse_day("2024-02-29").is_some());
        for other in [
            "2021/04/01",
            "2021-04/01",
            "2021-4-01",
            "2021-04-1",
            "2021-04-001",
            "12021-04-01",
            "+021-04-01",
            "2021-+4-01",
            "2021-04-+1",
            "2021-04-01 ",
            "20210401",
            "2021-04-0é",
            "2023-02-29",
            "2021-13-01",
            "",
        ] {
            assert_eq!(parse_day(other), None, "{other:?}");
        }
    }
}
