#!/usr/bin/env python3
"""Build the two archives of this directory from the full data: same input, same bytes.

    make_subset.py SYNTHEA_502 IMMUNIZATIONS_2023

Each argument is the full .tar.xz or a directory that it was unpacked to. Documents are copied byte
for byte; only the choice of patients, the file names (the Patient.id instead of a name) and the
archive's metadata (no owner, time zero, sorted) are made here.
"""

import io
import json
import lzma
import sys
import tarfile
from pathlib import Path

HERE = Path(__file__).resolve().parent

# Patient.id: why it is here. "But" names what alone keeps the patient out of a trial.
SYNTHEA = {
    "b4a36fff-6981-496a-a0d3-b274dd4b363a": "T2, T3",
    "bae2bf00-eca1-47fb-bb43-272f8de1449c": "T2, T3; HbA1c in range",
    "b218cee9-019d-47a4-b161-e97c0fd6f736": "T1, T2, T3; I1 privately insured",
    "9eb43ac3-7c1e-4e25-94cd-4b2c43f7234e": "T1, T2, T3; I1 only by items before the window",
    "d483a480-4a42-428c-bf9b-fdbaddf78e21": "T2, T3; HbA1c in range",
    "7f445dad-0907-4a3e-81a5-ad75ecdff752": "T2, T3; HbA1c in range; I1 privately insured",
    "5db1e775-33a3-47fb-8954-d97cd43e8074": "T2, T3; pregnancies, all over",
    "948e608d-e408-4788-8cf2-8157c49c2940": "T1, T2, T3; unequal simultaneous eGFR, but not the latest",
    "186ff984-f437-4817-8d35-0997a8b7f405": "T1, T2, T3; former smoker",
    "acc12451-4ef0-414b-b072-48e780a90874": "T2, T3; T1 but for BMI; more than 16 items in one benefit",
    "2ec622d5-095b-44d4-9cb2-c0e7e451cd74": "eGFR contested: 83.9 mL/min/{1.73_m2} and 65.0 mL/min at one instant",
    "bd6f9f37-7295-4cd6-b212-134afcef1253": "T2 but for eGFR: 37.2 mL/min/{1.73_m2} and 82.3 mL/min at one instant",
    "3552e945-2598-4993-b617-4133ab2ed914": "T1 but for BMI above 40; prediabetes; old HbA1c, eGFR, influenza",
    "71a8a403-9ec4-4677-96f6-5a1f53c89da0": "T1 and T3 but for age above 75; malignancy over for more than 1,826 days",
    "34b6332c-71a9-46ad-9d30-17443d77dbd9": "two HPV doses; BMI between 24.5 and 25; once never, last not never smoker",
    "fa470b46-b649-4f03-a9e5-c2e3f483524c": "T3 but for an allergy; I1 privately insured",
    "d00b766a-f5fa-4730-a64d-e8574994f460": "T1 and T3 but for a malignancy; latest eGFR in mL/min; I1 by Medicare",
    "a92edacf-c0ab-4fc4-931f-033a8d4bf314": "pregnant; BMI too old; I1 by Medicaid",
    "9e2f7a3b-94df-4b3d-bee2-360881649fa5": "deceased; valueString observations",
    "ec6a274e-5090-45c9-b153-e40418f6fa3d": "deceased with diabetes and warfarin; I1 dual eligible; a LOINC code labelled SNOMED",
    "7a671e2f-aa13-4cad-9ecc-577dfdfb1bdb": "MMR and varicella; one HPV dose; T3 but for age",
    "1299e4b5-bed9-4574-9233-ddfeb48d5c42": "T1 and T3 but for a pregnancy",
    "365d73bb-4e5f-4f7d-8aa0-a5f46289b915": "17 years old",
    "bb7fb8e1-1a76-4328-92ea-3852f34846e6": "T3; an inactive allergy; a pregnancy that is over",
    "148f10e1-2182-4297-ac1f-39bb9eca6f1a": "T2 but for eGFR: none on record",
    "9da7d8c2-daef-4722-832e-dcf495d13a4e": "T1; T2 but for diabetes; T3 but for Td; an infarction or stroke in 1988",
    "0e61c3ad-d11e-4080-a6aa-cac89cae4e37": "T1, T3; T2 but for eGFR below 45, the reading before it above",
    "c36d05b1-36eb-4faa-809e-832002f431a7": "T3 but for warfarin; I1 privately insured",
    "bb9a9324-aefe-4ff7-9535-ec6795de8aaa": "T3 but deceased; a LOINC code labelled SNOMED",
    "689892bd-dcbe-41fc-8651-38a1d0893854": "T1, T3; a procedure of I1 in the window, but uninsured",
}

IMMUNIZATIONS = {
    "7bc002fa-dc52-17d6-1563-fd8901826f7d": "I2: 21 days, an hour less on the clock (summer time ends)",
    "525b6c4d-e6c2-bde9-5ad5-697e5b246755": "I2: 21 days, an hour more on the clock, another day in UTC",
    "01707a0c-9619-ccba-695a-b270744d76c2": "I2: 28 days; a fish allergy",
    "cbc86e51-9eca-3855-76ec-c058f72c5761": "I2; latex and bee venom, and an allergy coded in RxNorm only",
    "1b43dee1-07c3-05af-f50b-f288e36c4468": "I2; no such allergy, but one coded in RxNorm only: absence cannot be shown",
    "55279643-10e6-8422-3ea0-48993334b03e": "I2; a minor; latex and bee venom",
    "41a749f0-5256-eb1a-994f-6680cc815ea2": "I2 by the last dose of the set, 2022-10-16",
    "6808d051-b198-499b-1699-f502c331c9ae": "I2; deceased",
    "577451a9-4afd-ed9b-7da6-7722b8ebda03": "one dose (212)",
    "ddcffdeb-076e-e5e0-6c22-9b16d3dee93d": "no dose",
    "c6d3310b-4c07-43ea-637c-2f6a981e25db": "no dose; peanut and bee venom",
    "01332066-fca8-cce4-d9b7-75b7fd1e2004": "no dose; deceased; one immunization in all",
}


def files(path):
    """{name in the archive: bytes}, from a directory or a .tar.xz."""
    path = Path(path)
    if path.is_dir():
        return {str(p.relative_to(path)): p.read_bytes() for p in sorted(path.rglob("*json"))}
    with tarfile.open(path, "r:xz") as archive:
        return {m.name: archive.extractfile(m).read() for m in archive if m.isfile()}


def bundles(path):
    chosen = {}
    for data in files(path).values():
        patient = json.loads(data)["entry"][0]["resource"]
        if patient["id"] in SYNTHEA:
            chosen[f"synthea/{patient['id']}.json"] = data
    return chosen


def lines(path):
    """The NDJSON files, cut down to the chosen patients' lines, in their order."""
    chosen = {}
    for name, data in files(path).items():
        kept = []
        for line in data.splitlines(keepends=True):
            resource = json.loads(line)
            owner = resource.get("patient", {}).get("reference", "").removeprefix("Patient/") or resource["id"]
            if owner in IMMUNIZATIONS:
                kept.append(line)
        chosen[Path(name).name] = b"".join(kept)
    return chosen


def write(path, members):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in sorted(members.items()):
            header = tarfile.TarInfo(name)
            header.size, header.mode, header.mtime = len(data), 0o644, 0
            archive.addfile(header, io.BytesIO(data))
    path.write_bytes(lzma.compress(raw.getvalue(), preset=9 | lzma.PRESET_EXTREME))
    print(f"{path.name}: {len(members)} files, {path.stat().st_size} bytes")


def main(arguments):
    if len(arguments) != 2:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    chosen, kept = bundles(arguments[0]), lines(arguments[1])
    patients = kept["Patient.000.ndjson"].count(b"\n")
    if len(chosen) != len(SYNTHEA) or patients != len(IMMUNIZATIONS):
        print(f"expected {len(SYNTHEA)} bundles and {len(IMMUNIZATIONS)} patients, "
              f"found {len(chosen)} and {patients}: are these the full archives?", file=sys.stderr)
        return 1
    write(HERE / "synthea-30.tar.xz", chosen)
    write(HERE / "immunizations-2023-12.tar.xz", kept)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
