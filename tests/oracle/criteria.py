#!/usr/bin/env python3
"""Evaluate the criteria and trials straight over FHIR JSON, without facts, keys, slots or trees.

This is an oracle for the Rust implementation, so it shares nothing with it: every criterion is a
predicate in three-valued terms. A resource *surely* meets a condition, *possibly* meets it, or
surely does not. What must be present counts the sure ones; what must be absent refuses the
possible ones; the latest reading must be one that no other reading can contest.

    criteria.py bundles PATH [--json]         criteria 1-17, T1-T3, I1 over a directory, file or .tar.xz
    criteria.py immunizations PATH [--json]   I2 and an allergy criterion over Bulk Data NDJSON
    criteria.py compare BUNDLES NDJSON        counts beside those that the data's README states
    criteria.py expected BUNDLES NDJSON [-o F] the truth table, as sorted lists of Patient.id
    criteria.py patients BUNDLES NDJSON [-o F] the truth table, patient by patient
    criteria.py check FILE BUNDLES NDJSON     recompute a truth table; exit 1 on any difference

Standard library only. README.md beside this file states each criterion and the reading of each rule.
"""

import argparse
import json
import re
import sys
import tarfile
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path

INDEX_DATE = date(2021, 4, 1)
IMMUNIZATION_DATE = date(2023, 4, 1)

SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
CVX = "http://hl7.org/fhir/sid/cvx"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
UCUM = "http://unitsofmeasure.org"

CODE_SHAPE = {
    SNOMED: re.compile(r"[0-9]{6,18}"),
    RXNORM: re.compile(r"[0-9]{1,8}"),
    CVX: re.compile(r"[0-9]{2,3}"),
    LOINC: re.compile(r"[0-9]{1,6}-[0-9]"),
}

MALIGNANCY = {
    "109838007", "126906006", "254637007", "254632001", "363406005", "93761005",
    "254837009", "424132000", "94260004", "162573006", "67811000119102", "92691004",
}
PREGNANCY = {"72892002", "79586000"}
INFARCTION_OR_STROKE = {"22298006", "230690007"}
ALLERGENS = {"91935009", "424213003", "300916003"}
COVID_DOSES = {"207", "208", "212"}
# The newer export codes an allergy by its substance: bee venom, latex, peanut.
ALLERGEN_SUBSTANCES = {"288328004", "111088007", "762952008"}

# I1: procedures that an insurer would ask about. README.md says how they were chosen.
COVERED_PROCEDURES = {"73761001", "127783003", "23426006", "180325003", "76601001"}
COVERED_WINDOW = 1095
# Coverage.type.text to a class of the Source of Payment Typology; 81 (self-pay) is no coverage.
COVERAGE_CLASS = {"medicare": "1", "dual_eligible": "14", "medicaid": "2", "private": "5", "no_insurance": "81"}
INSURED = {"1", "14", "2", "5"}


# --- Reading ---------------------------------------------------------------------------------

def documents(path):
    """Every JSON document under a directory, in a .tar.xz, or in one file: bundles and NDJSON lines."""
    path = Path(path)
    if path.is_dir():
        for name in sorted(path.rglob("*.*json")):
            yield from split(name.name, name.read_text("utf-8"))
    elif path.name.endswith(".tar.xz"):
        with tarfile.open(path, "r:xz") as archive:
            for member in archive:
                if member.isfile() and member.name.endswith("json"):
                    yield from split(member.name, archive.extractfile(member).read().decode("utf-8"))
    else:
        yield from split(path.name, path.read_text("utf-8"))


def split(name, text):
    pieces = text.splitlines() if name.endswith(".ndjson") else [text]
    for piece in pieces:
        if piece.strip():
            yield json.loads(piece, parse_float=Decimal, parse_int=Decimal)


def charts_of_bundles(path):
    """{Patient.id: resources}, one bundle a patient."""
    charts = {}
    for bundle in documents(path):
        resources = [entry["resource"] for entry in bundle["entry"]]
        (patient,) = [r for r in resources if r["resourceType"] == "Patient"]
        if patient["id"] in charts:
            raise SystemExit(f"patient {patient['id']} has two bundles; expected one")
        charts[patient["id"]] = resources
    return charts


def charts_of_ndjson(path):
    """{Patient.id: resources}, joined by the patient reference."""
    charts, rest = {}, []
    for resource in documents(path):
        if resource["resourceType"] == "Patient":
            charts[resource["id"]] = [resource]
        else:
            rest.append(resource)
    for resource in rest:
        charts[resource["patient"]["reference"].removeprefix("Patient/")].append(resource)
    return charts


# --- Time ------------------------------------------------------------------------------------

class Span:
    """A written date or date-time: the days and the instants that it allows, ends included."""

    def __init__(self, text):
        self.first, self.last = days_allowed(text)
        if "T" in text:
            self.opens = self.closes = datetime.fromisoformat(text.replace("Z", "+00:00"))
        else:
            self.opens = datetime.combine(self.first, time.min, timezone.utc)
            self.closes = datetime.combine(self.last, time.max, timezone.utc)

    def surely_in(self, low, high):
        return low <= self.first and self.last <= high

    def possibly_in(self, low, high):
        return self.first <= high and self.last >= low

    def overlaps(self, other):
        return self.opens <= other.closes and other.opens <= self.closes


def days_allowed(text):
    """The first and last calendar day that a written date allows, in its own offset."""
    numbers = [int(n) for n in text[:10].split("-")]
    if len(numbers) == 1:
        return date(numbers[0], 1, 1), date(numbers[0], 12, 31)
    if len(numbers) == 2:
        following = date(numbers[0] + numbers[1] // 12, numbers[1] % 12 + 1, 1)
        return date(*numbers, 1), following - timedelta(days=1)
    return date(*numbers), date(*numbers)


def years_before(day, years):
    """The same calendar day, so many years earlier (29 February becomes 28 February)."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


# --- What a resource says --------------------------------------------------------------------

def codes(concept, system):
    return {c.get("code") for c in (concept or {}).get("coding", []) if c.get("system") == system}


def first_code(concept):
    return next((c.get("code") for c in (concept or {}).get("coding", [])), None)


def usable(concept, system):
    return any(CODE_SHAPE[system].fullmatch(code or "") for code in codes(concept, system))


def left_out(resource):
    """Entered in error, not done, refuted: such a resource says nothing."""
    said = {resource.get("status"), first_code(resource.get("verificationStatus"))}
    return bool(said & {"entered-in-error", "not-done", "refuted"})


def trusted(resource):
    """Whether status and verification leave no doubt that the resource means what it says."""
    kind = resource["resourceType"]
    if "modifierExtension" in resource or "implicitRules" in resource:
        return False
    if kind in ("Condition", "AllergyIntolerance"):
        return (first_code(resource.get("verificationStatus")) == "confirmed"
                and first_code(resource.get("clinicalStatus")) is not None)
    if kind == "Observation":
        return resource.get("status") in ("final", "amended", "corrected")
    if kind == "Immunization":
        return resource.get("status") == "completed"
    if kind == "MedicationRequest":
        return (resource.get("status") in ("active", "stopped", "completed")
                and resource.get("intent") in ("order", "original-order", "reflex-order", "filler-order",
                                               "instance-order")
                and not resource.get("doNotPerform"))
    if kind == "ExplanationOfBenefit":
        return resource.get("status") == "active" and resource.get("outcome") == "complete"
    return True


DATE_ELEMENTS = {
    "Condition": ("onsetDateTime", "recordedDate"),
    "AllergyIntolerance": ("onsetDateTime", "recordedDate"),
    "Observation": ("effectiveDateTime",),
    "Immunization": ("occurrenceDateTime",),
    "MedicationRequest": ("authoredOn",),
}
CODE_ELEMENTS = {
    "Condition": "code",
    "AllergyIntolerance": "code",
    "Observation": "code",
    "Immunization": "vaccineCode",
    "MedicationRequest": "medicationCodeableConcept",
}


def when(resource):
    for element in DATE_ELEMENTS[resource["resourceType"]]:
        if element in resource:
            return Span(resource[element])
    return None


def open_on(resource, day):
    """True: surely open on the day; False: surely over; None: unknown."""
    start = when(resource)
    if start is None or not trusted(resource):
        return None
    if resource["resourceType"] == "MedicationRequest":
        going_on, ended = resource["status"] == "active", None
    else:
        going_on = first_code(resource["clinicalStatus"]) in ("active", "recurrence", "relapse")
        ended = resource.get("abatementDateTime")
    if going_on and ended:
        return None  # contradictory
    if start.first > day:
        return False
    if start.last > day:
        return None
    if going_on:
        return True
    if not ended or Span(ended).first != Span(ended).last:
        return False  # over, on a day that is not known: by now, as the chart was issued by now
    if not start.last <= Span(ended).first <= day:
        return None  # over, but at a day before it began or still to come: contradictory
    return Span(ended).first == day


class Chart:
    """One patient's resources, asked one question at a time."""

    def __init__(self, resources, as_of):
        self.as_of = as_of
        self.patient = next(r for r in resources if r["resourceType"] == "Patient")
        self.resources = [r for r in resources if not left_out(r)]

    def of(self, kind, system, wanted):
        for r in self.resources:
            if r["resourceType"] == kind and codes(r.get(CODE_ELEMENTS[kind]), system) & wanted:
                yield r

    def back(self, days):
        return self.as_of - timedelta(days=days)

    def living(self):
        """Certainly not known to be dead: neither a date nor a true flag is written."""
        return "deceasedDateTime" not in self.patient and not self.patient.get("deceasedBoolean", False)

    def covers(self, kind, system):
        """Every resource of the kind has a usable code of the system, so absence means something."""
        return all(usable(r.get(CODE_ELEMENTS[kind]), system)
                   for r in self.resources if r["resourceType"] == kind)

    def aged(self, low, high):
        born = Span(self.patient["birthDate"])
        after, latest = years_before(self.as_of, high + 1), years_before(self.as_of, low)
        return born.surely_in(after + timedelta(days=1), latest)

    def active(self, kind, system, wanted):
        return any(open_on(r, self.as_of) is True for r in self.of(kind, system, wanted))

    def possibly_active(self, kind, system, wanted):
        return any(open_on(r, self.as_of) is not False for r in self.of(kind, system, wanted))

    def dated(self, kind, system, wanted, low):
        """The resources surely dated from `low` to the index date."""
        return [r for r in self.of(kind, system, wanted)
                if trusted(r) and when(r) and when(r).surely_in(low, self.as_of)]

    def possibly_dated(self, kind, system, wanted, low):
        return any(when(r) is None or when(r).possibly_in(low, self.as_of) for r in self.of(kind, system, wanted))

    def readings(self, code):
        """Observations and components with the LOINC code: (span, resource id, observation, holder of value)."""
        for r in self.resources:
            if r["resourceType"] != "Observation":
                continue
            for holder in [r, *r.get("component", [])]:
                if code in codes(holder["code"], LOINC):
                    yield when(r), r["id"], r, holder

    def latest(self, code, days, read):
        """The value of the last reading, if it is sure, recent and uncontested; else None."""
        readings = [(span, name, read(holder) if trusted(r) else None)
                    for span, name, r, holder in self.readings(code)]
        if any(span is None for span, _, _ in readings):
            return None
        readings.sort(key=lambda x: (x[0].last, x[0].opens, x[1]))
        if not readings or readings[-1][2] is None:
            return None
        span, _, value = readings[-1]
        if any(other.overlaps(span) and v != value for other, _, v in readings):
            return None
        return value if span.surely_in(self.back(days), self.as_of) else None


def quantity(unit):
    """A reader of quantities in exactly this UCUM unit: no conversion, no guess."""
    def read(holder):
        q = holder.get("valueQuantity", {})
        if q.get("system") != UCUM or q.get("code") != unit or "comparator" in q:
            return None
        return q.get("value")
    return read


def coded(system):
    def read(holder):
        found = codes(holder.get("valueCodeableConcept"), system)
        return found.pop() if len(found) == 1 else None
    return read


def within(value, low, high=None):
    return value is not None and Decimal(low) <= value and (high is None or value <= Decimal(high))


# --- Criteria ----------------------------------------------------------------------------------

def criteria(chart):
    """{name: bool}: present criteria, and for 12 to 16 also `noN`, certain absence with its coverage."""
    c = chart
    systolic = quantity("mm[Hg]")
    raised = [name for span, name, r, holder in c.readings("8480-6")
              if trusted(r) and span.surely_in(c.back(1095), c.as_of) and within(systolic(holder), 130)]
    condition = ("Condition", SNOMED)
    hypertension = c.of(*condition, {"38341003"})
    vaccinated = lambda code, low=date.min: len(c.dated("Immunization", CVX, code, low))

    t = {
        "living": c.living(),
        "1": c.aged(18, 75),
        "2": c.active(*condition, {"44054006"}),
        "3": within(c.latest("4548-4", 365, quantity("%")), "7.0", "10.5"),
        "4": within(c.latest("33914-3", 365, quantity("mL/min/{1.73_m2}")), 45),
        "5": within(c.latest("39156-5", 730, quantity("kg/m2")), 25, 40),
        "6": any(open_on(r, c.as_of) is True and when(r).last <= c.back(90) for r in hypertension),
        "7": len(set(raised)) >= 2,
        "8": vaccinated({"113", "115"}, c.back(3653)) >= 1,
        "9": vaccinated({"140"}, c.back(365)) >= 1,
        "10": vaccinated({"62"}) >= 2,
        "11": vaccinated({"03"}) >= 1 and vaccinated({"21"}) >= 1,
        "12": c.active(*condition, MALIGNANCY) or bool(c.dated(*condition, MALIGNANCY, c.back(1826))),
        "13": c.active("MedicationRequest", RXNORM, {"855332"}),
        "14": c.active(*condition, PREGNANCY),
        "15": bool(c.dated(*condition, INFARCTION_OR_STROKE, c.back(180))),
        "15-ever": bool(c.dated(*condition, INFARCTION_OR_STROKE, date.min)),
        "16": c.active("AllergyIntolerance", SNOMED, ALLERGENS),
        "17": c.latest("72166-2", 10**5, coded(SNOMED)) == "266919005",
    }
    snomed_conditions = c.covers(*condition)
    t |= {
        "no12": snomed_conditions and not c.possibly_active(*condition, MALIGNANCY)
                and not c.possibly_dated(*condition, MALIGNANCY, c.back(1826)),
        "no13": c.covers("MedicationRequest", RXNORM)
                and not c.possibly_active("MedicationRequest", RXNORM, {"855332"}),
        "no14": snomed_conditions and not c.possibly_active(*condition, PREGNANCY),
        "no15": snomed_conditions and not c.possibly_dated(*condition, INFARCTION_OR_STROKE, c.back(180)),
        "no15-ever": snomed_conditions and not c.possibly_dated(*condition, INFARCTION_OR_STROKE, date.min),
        "no16": c.covers("AllergyIntolerance", SNOMED)
                and not c.possibly_active("AllergyIntolerance", SNOMED, ALLERGENS),
    }
    cleared = t["living"] and t["no12"] and t["no13"] and t["no14"] and t["no15"]
    t["T1"] = cleared and t["1"] and t["6"] and t["5"]
    t["T2"] = cleared and t["1"] and t["2"] and t["4"]
    t["T3"] = cleared and t["1"] and t["8"] and t["9"] and t["no16"]
    t["I1"] = covered_procedure(c)
    return t


def covered_procedure(chart):
    """I1: an item for one of the procedures, serviced in the window, billed under an insured class."""
    for benefit in chart.resources:
        if benefit["resourceType"] != "ExplanationOfBenefit" or not trusted(benefit):
            continue
        if coverage_class(benefit) not in INSURED:
            continue
        for item in benefit["item"]:
            if codes(item["productOrService"], SNOMED) & COVERED_PROCEDURES:
                serviced = Span(item["servicedPeriod"]["start"])
                if serviced.surely_in(chart.back(COVERED_WINDOW), chart.as_of):
                    return True
    return False


def coverage_class(benefit):
    """The class of the one coverage that a benefit names, or None where that is not certain."""
    if len(benefit.get("insurance", [])) != 1:
        return None
    reference = benefit["insurance"][0]["coverage"].get("reference", "")
    for held in benefit.get("contained", []):
        if held["resourceType"] == "Coverage" and reference == "#" + held["id"] and held.get("status") == "active":
            return COVERAGE_CLASS.get(held.get("type", {}).get("text"))
    return None


def immunization_criteria(chart):
    """I2, by the days written and by the instants, and an allergy criterion that some charts cannot clear."""
    doses = [when(r) for r in chart.dated("Immunization", CVX, COVID_DOSES, date.min)]
    apart = timedelta(days=21)
    return {
        "living": chart.living(),
        "I2": any(later.first - earlier.last >= apart for earlier in doses for later in doses),
        "I2-instant": any(later.opens - earlier.closes >= apart for earlier in doses for later in doses),
        "allergy": chart.active("AllergyIntolerance", SNOMED, ALLERGEN_SUBSTANCES),
        "noallergy": chart.covers("AllergyIntolerance", SNOMED)
                     and not chart.possibly_active("AllergyIntolerance", SNOMED, ALLERGEN_SUBSTANCES),
    }


# --- Tables --------------------------------------------------------------------------------------

README_COUNTS = {
    "living": 408, "1": 299, "2": 21, "3": 4, "4": 60, "5": 268, "6": 93, "7": 86, "8": 363, "9": 305,
    "10": 56, "11": 52, "12": 6, "13": 14, "14": 15, "15": 0, "15-ever": 13, "16": 26, "17": 309,
    "T1": 59, "T2": 17, "T3": 176,
}
# Stated over all patients of the 2023 set, the deceased included.
README_COUNTS_OF_ALL = {"I2": 69, "I2-instant": 69}


def evaluate_bundles(path, as_of=INDEX_DATE):
    return {name: criteria(Chart(rs, as_of)) for name, rs in sorted(charts_of_bundles(path).items())}


def evaluate_immunizations(path, as_of=IMMUNIZATION_DATE):
    return {name: immunization_criteria(Chart(rs, as_of)) for name, rs in sorted(charts_of_ndjson(path).items())}


def totals(table):
    """{criterion: {all, living}}: how many patients match, and how many of those are living."""
    names = next(iter(table.values())).keys() if table else ()
    return {n: {"all": sum(row[n] for row in table.values()),
                "living": sum(row[n] and row["living"] for row in table.values())} for n in names}


def matching(table):
    names = next(iter(table.values())).keys() if table else ()
    return {n: sorted(p for p, row in table.items() if row[n]) for n in names}


def truth_table(bundles, ndjson, by_patient):
    sections = {
        "synthea": (INDEX_DATE, evaluate_bundles(bundles)),
        "immunizations": (IMMUNIZATION_DATE, evaluate_immunizations(ndjson)),
    }
    document = {"form": "patients" if by_patient else "criteria"}
    for section, (as_of, table) in sections.items():
        document[section] = {
            "as_of": as_of.isoformat(),
            "patients": len(table),
            "living": {n: c["living"] for n, c in totals(table).items()},
            "matches": table if by_patient else matching(table),
        }
    return document


def render(document):
    """JSON with one line an entry of `matches`, so that a change of one patient is one changed line."""
    lines = ["{", f' "form": {json.dumps(document["form"])},']
    sections = [s for s in document if s != "form"]
    for section in sections:
        body = document[section]
        lines.append(f" {json.dumps(section)}: {{")
        lines += [f"  {json.dumps(k)}: {json.dumps(body[k])}," for k in ("as_of", "patients", "living")]
        lines.append('  "matches": {')
        entries = [f"   {json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in body["matches"].items()]
        lines += [",\n".join(entries), "  }", " }" + ("," if section != sections[-1] else "")]
    return "\n".join(lines + ["}"]) + "\n"


def differences(expected, found, path=""):
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in sorted(expected.keys() | found.keys()):
            yield from differences(expected.get(key), found.get(key), f"{path}/{key}")
    elif isinstance(expected, list) and isinstance(found, list):
        yield from (f"{path}: expected {x}, not found" for x in sorted(set(expected) - set(found)))
        yield from (f"{path}: found {x}, not expected" for x in sorted(set(found) - set(expected)))
    elif expected != found:
        yield f"{path}: expected {expected}, found {found}"


def compare(bundles, ndjson):
    found = totals(evaluate_bundles(bundles))
    found |= {n: c for n, c in totals(evaluate_immunizations(ndjson)).items() if n != "living"}
    print(f"{'criterion':12}{'all':>6}{'living':>8}  README")
    differ = 0
    for name, count in found.items():
        stated, column = README_COUNTS.get(name), "living"
        if name in README_COUNTS_OF_ALL:
            stated, column = README_COUNTS_OF_ALL[name], "all"
        wrong = stated is not None and stated != count[column]
        differ += wrong
        remark = "-" if stated is None else f"{stated} ({column}){' DIFFERS' if wrong else ''}"
        print(f"{name:12}{count['all']:6}{count['living']:8}  {remark}")
    return 1 if differ else 0


def show(table, as_json):
    if as_json:
        print(json.dumps({"patients": table, "totals": totals(table)}, indent=1))
    else:
        print(f"{'criterion':12}{'all':>6}{'living':>8}")
        for name, count in totals(table).items():
            print(f"{name:12}{count['all']:6}{count['living']:8}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb in ("bundles", "immunizations"):
        p = verbs.add_parser(verb)
        p.add_argument("path")
        p.add_argument("--json", action="store_true")
        p.add_argument("--as-of", type=date.fromisoformat)
    for verb in ("compare", "expected", "patients", "check"):
        p = verbs.add_parser(verb)
        if verb == "check":
            p.add_argument("file")
        p.add_argument("bundles")
        p.add_argument("ndjson")
        if verb in ("expected", "patients"):
            p.add_argument("-o", "--output")
    a = parser.parse_args()

    if a.verb == "bundles":
        show(evaluate_bundles(a.path, a.as_of or INDEX_DATE), a.json)
    elif a.verb == "immunizations":
        show(evaluate_immunizations(a.path, a.as_of or IMMUNIZATION_DATE), a.json)
    elif a.verb == "compare":
        return compare(a.bundles, a.ndjson)
    elif a.verb == "check":
        expected = json.loads(Path(a.file).read_text("utf-8"))
        found = truth_table(a.bundles, a.ndjson, by_patient=expected["form"] == "patients")
        wrong = list(differences(expected, json.loads(render(found))))
        print("\n".join(wrong) if wrong else f"as expected: {a.file}")
        return 1 if wrong else 0
    else:
        text = render(truth_table(a.bundles, a.ndjson, by_patient=a.verb == "patients"))
        Path(a.output).write_text(text, "utf-8") if a.output else sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
