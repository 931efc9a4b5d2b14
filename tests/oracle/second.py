#!/usr/bin/env python3
"""T2, I1 and I2 a second time: SQL over the raw JSON, with Julian days for dates.

Written apart from criteria.py and sharing none of its code: the bundles go as text into SQLite,
which takes them apart itself. Each claim is one query.

    second.py BUNDLES NDJSON [--json]       the matches of each query
    second.py BUNDLES NDJSON --against FILE compare with a truth table in `criteria` form; exit 1 on a difference

A path is a directory or a .tar.xz. Standard library only (SQLite 3.38 or newer).
"""

import json
import lzma
import os
import sqlite3
import sys
import tarfile

SETUP = """
create table bundle (body text);
create table line (body text);
create table resource (kind text, id text, owner text, body text);
create table malignancy (code text primary key);
create table covered (code text primary key);
create table day (name text primary key, n integer);  -- Julian day numbers, at noon of the day written
"""

SPLIT = """
insert into resource
select e.value ->> '$.resource.resourceType',
       e.value ->> '$.resource.id',
       b.body ->> '$.entry[0].resource.id',
       e.value -> '$.resource'
  from bundle b, json_each(b.body, '$.entry') e
 where e.value ->> '$.resource.resourceType' in
       ('Patient', 'Condition', 'Observation', 'MedicationRequest', 'ExplanationOfBenefit');
insert into resource
select body ->> '$.resourceType', body ->> '$.id',
       coalesce(replace(body ->> '$.patient.reference', 'Patient/', ''), body ->> '$.id'), body
  from line;
create index by_kind on resource (kind, owner);
"""

# The day written, as an integer: the offset is cut off, not applied.
DAY = "cast(julianday(substr({0}, 1, 10)) + 0.5 as integer)"


def day(expression):
    return DAY.format(expression)


CONDITION = f"""
create temp table condition as
select owner,
       c.value ->> '$.code' as code,
       {day("body ->> '$.onsetDateTime'")} as onset,
       case when body ->> '$.clinicalStatus.coding[0].code' in ('active', 'recurrence', 'relapse') then 9999999
            else {day("body ->> '$.abatementDateTime'")} end as until
  from resource, json_each(body, '$.code.coding') c
 where kind = 'Condition'
   and body ->> '$.verificationStatus.coding[0].code' = 'confirmed'
   and c.value ->> '$.system' = 'http://snomed.info/sct';
-- Whoever has a condition that is not confirmed, or without a SNOMED code, has no proof of absence.
create temp table doubtful as
select distinct owner from resource
 where kind = 'Condition'
   and (body ->> '$.verificationStatus.coding[0].code' is not 'confirmed'
        or body ->> '$.clinicalStatus.coding[0].code' is null
        or not exists (select 1 from json_each(body, '$.code.coding') c
                        where c.value ->> '$.system' = 'http://snomed.info/sct'
                          and c.value ->> '$.code' not glob '*[^0-9]*'
                          and length(c.value ->> '$.code') between 6 and 18))
 union
select distinct owner from resource
 where kind = 'MedicationRequest'
   and (body ->> '$.status' not in ('active', 'stopped', 'completed')
        or not exists (select 1 from json_each(body, '$.medicationCodeableConcept.coding') c
                        where c.value ->> '$.system' = 'http://www.nlm.nih.gov/research/umls/rxnorm'
                          and c.value ->> '$.code' not glob '*[^0-9]*'));
create temp table egfr as
select owner, julianday(body ->> '$.effectiveDateTime') as instant,
       {day("body ->> '$.effectiveDateTime'")} as written,
       case when body ->> '$.valueQuantity.code' = 'mL/min/{{1.73_m2}}' and body ->> '$.status' = 'final'
            then body ->> '$.valueQuantity.value' end as value
  from resource
 where kind = 'Observation' and body ->> '$.code.coding[0].code' = '33914-3';
"""

QUERIES = {
    "T2": """
select p.owner
  from resource p, day t
 where p.kind = 'Patient' and t.name = 'trial'
   and p.body ->> '$.deceasedDateTime' is null and coalesce(p.body ->> '$.deceasedBoolean', 0) = 0
   -- completed years: the difference of the years, less one while the birthday is still to come
   and (select 2021 - substr(b, 1, 4) - ('04-01' < substr(b, 6)) from (select p.body ->> '$.birthDate' as b))
       between 18 and 75
   and exists (select 1 from condition c where c.owner = p.owner and c.code = '44054006'
                  and c.onset <= t.n and c.until >= t.n)
   -- the last instant has one value only, in the right unit, recent and high enough
   and (select count(distinct value) = 1 and count(value) = count(*)
               and min(value) >= 45 and min(written) >= t.n - 365 and max(written) <= t.n
          from egfr e where e.owner = p.owner
           and e.instant = (select max(instant) from egfr x where x.owner = p.owner))
   and p.owner not in (select owner from doubtful)
   and not exists (select 1 from condition c join malignancy using (code) where c.owner = p.owner
                      and (c.until >= t.n or c.onset between t.n - 1826 and t.n))
   and not exists (select 1 from condition c where c.owner = p.owner
                      and c.code in ('72892002', '79586000') and c.until >= t.n)
   and not exists (select 1 from condition c where c.owner = p.owner
                      and c.code in ('22298006', '230690007') and c.onset between t.n - 180 and t.n)
   and not exists (select 1 from resource m, json_each(m.body, '$.medicationCodeableConcept.coding') c
                    where m.kind = 'MedicationRequest' and m.owner = p.owner
                      and c.value ->> '$.code' = '855332' and m.body ->> '$.status' = 'active')
 order by 1""",
    "I1": f"""
select distinct b.owner
  from resource b, day t, json_each(b.body, '$.item') i, json_each(i.value, '$.productOrService.coding') c,
       json_each(b.body, '$.contained') held
 where b.kind = 'ExplanationOfBenefit' and t.name = 'trial'
   and b.body ->> '$.status' = 'active' and b.body ->> '$.outcome' = 'complete'
   and c.value ->> '$.system' = 'http://snomed.info/sct'
   and c.value ->> '$.code' in (select code from covered)
   and {day("i.value ->> '$.servicedPeriod.start'")} between t.n - 1095 and t.n
   and held.value ->> '$.resourceType' = 'Coverage'
   and '#' || (held.value ->> '$.id') = b.body ->> '$.insurance[0].coverage.reference'
   and held.value ->> '$.type.text' in ('medicare', 'medicaid', 'dual_eligible', 'private')
 order by 1""",
    "I2": f"""
select a.owner
  from resource a join resource b on a.owner = b.owner join day t on t.name = 'doses'
 where a.kind = 'Immunization' and b.kind = 'Immunization'
   and a.body ->> '$.status' = 'completed' and b.body ->> '$.status' = 'completed'
   and exists (select 1 from json_each(a.body, '$.vaccineCode.coding') c where c.value ->> '$.code' in ('207', '208', '212'))
   and exists (select 1 from json_each(b.body, '$.vaccineCode.coding') c where c.value ->> '$.code' in ('207', '208', '212'))
   and {day("b.body ->> '$.occurrenceDateTime'")} - {day("a.body ->> '$.occurrenceDateTime'")} >= 21
   and {day("b.body ->> '$.occurrenceDateTime'")} <= t.n
 group by a.owner order by 1""",
    "I2-instant": """
select owner
  from (select owner, min(julianday(body ->> '$.occurrenceDateTime')) as a, max(julianday(body ->> '$.occurrenceDateTime')) as b
          from resource, day t
         where kind = 'Immunization' and t.name = 'doses' and body ->> '$.status' = 'completed'
           and body ->> '$.vaccineCode.coding[0].code' in ('207', '208', '212')
           and julianday(body ->> '$.occurrenceDateTime') < t.n + 0.5
         group by owner)
 where round((b - a) * 86400) >= 21 * 86400 order by 1""",
}


def texts(path):
    """(file name, text) of every file in a directory tree or an archive."""
    if os.path.isdir(path):
        for folder, _, names in os.walk(path):
            for name in names:
                with open(os.path.join(folder, name), encoding="utf-8") as f:
                    yield name, f.read()
        return
    with lzma.open(path) as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            if member.isfile():
                yield member.name, archive.extractfile(member).read().decode("utf-8")


def load(bundles, ndjson):
    db = sqlite3.connect(":memory:")
    db.executescript(SETUP)
    db.executemany("insert into bundle values (?)", ((t,) for n, t in texts(bundles) if n.endswith(".json")))
    db.executemany("insert into line values (?)",
                   ((l,) for n, t in texts(ndjson) if n.endswith(".ndjson") for l in t.split("\n") if l))
    db.executemany("insert into malignancy values (?)", [(c,) for c in (
        "109838007 126906006 254637007 254632001 363406005 93761005 254837009 424132000 94260004 "
        "162573006 67811000119102 92691004").split()])
    db.executemany("insert into covered values (?)",
                   [(c,) for c in "73761001 127783003 23426006 180325003 76601001".split()])
    for name, written in (("trial", "2021-04-01"), ("doses", "2023-04-01")):
        db.execute(f"insert into day select ?, {day('?')}", (name, written))
    db.executescript(SPLIT)
    db.executescript(CONDITION)
    return db


def main(arguments):
    if len(arguments) < 2:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    db = load(arguments[0], arguments[1])
    found = {name: [row[0] for row in db.execute(query)] for name, query in QUERIES.items()}
    if "--against" in arguments:
        with open(arguments[arguments.index("--against") + 1], encoding="utf-8") as f:
            table = json.load(f)
        expected = table["synthea"]["matches"] | table["immunizations"]["matches"]
        wrong = [n for n in found if found[n] != expected[n]]
        for name in found:
            print(f"{name:12}{len(found[name]):6}{len(expected[name]):6}{'  DIFFERS' if name in wrong else ''}")
        return 1 if wrong else 0
    if "--json" in arguments:
        print(json.dumps(found, indent=1))
    else:
        for name, owners in found.items():
            print(f"{name:12}{len(owners):6}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
