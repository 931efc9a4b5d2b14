"""The oracle's own rules, on charts of the subset with one thing changed: python3 -m unittest"""

import copy
import sys
import unittest
from datetime import date
from decimal import Decimal
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import criteria as oracle  # noqa: E402

SUBSET = HERE.parent / "data" / "synthea-30.tar.xz"
ELIGIBLE = "b218cee9-019d-47a4-b161-e97c0fd6f736"  # T1, T2, T3 and I1
FORMER_PATIENT = "71a8a403-9ec4-4677-96f6-5a1f53c89da0"  # a malignancy that is long over
CONTESTED = "bd6f9f37-7295-4cd6-b212-134afcef1253"


class Changed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.charts = oracle.charts_of_bundles(SUBSET)

    def setUp(self):
        self.take(ELIGIBLE)

    def take(self, name):
        self.resources = copy.deepcopy(self.charts[name])

    def truth(self):
        return oracle.criteria(oracle.Chart(self.resources, oracle.INDEX_DATE))

    def coded(self, code):
        """The resource with this code that was dated last."""
        found = [r for r in self.resources
                 if any(c["code"] == code for e in ("code", "vaccineCode", "medicationCodeableConcept")
                        if isinstance(r.get(e), dict) for c in r[e].get("coding", []))]
        return max(found, key=lambda r: oracle.when(r).opens)

    def add(self, kind, code, **rest):
        system = oracle.RXNORM if kind == "MedicationRequest" else oracle.SNOMED
        resource = {"resourceType": kind, "id": f"added-{len(self.resources)}",
                    oracle.CODE_ELEMENTS[kind]: {"coding": [{"system": system, "code": code}]}}
        if kind in ("Condition", "AllergyIntolerance"):
            resource["verificationStatus"] = {"coding": [{"code": "confirmed"}]}
            resource["clinicalStatus"] = {"coding": [{"code": "active"}]}
            resource["recordedDate"] = "2001-01-01"
        self.resources.append(resource | rest)

    def test_unchanged(self):
        t = self.truth()
        self.assertTrue(t["T1"] and t["T2"] and t["T3"] and t["I1"])

    def test_deceased(self):
        self.resources[0]["deceasedBoolean"] = True
        self.assertFalse(self.truth()["T1"])

    def test_age_turns_on_the_birthday(self):
        for born, expected in (("2003-04-01", True), ("2003-04-02", False), ("1945-04-02", True),
                               ("1945-04-01", False), ("2003", False), ("1950", True)):
            self.resources[0]["birthDate"] = born
            self.assertEqual(self.truth()["1"], expected, born)

    def test_unconfirmed_supports_nothing_and_clears_nothing(self):
        self.coded("44054006")["verificationStatus"]["coding"][0]["code"] = "provisional"
        self.assertFalse(self.truth()["2"])
        self.add("Condition", "254637007", verificationStatus={"coding": [{"code": "provisional"}]})
        self.assertFalse(self.truth()["12"] or self.truth()["no12"])

    def test_error_and_refuted_say_nothing(self):
        self.add("Condition", "254637007", verificationStatus={"coding": [{"code": "refuted"}]})
        self.add("MedicationRequest", "855332", status="entered-in-error")
        self.assertTrue(self.truth()["no12"] and self.truth()["no13"])

    def test_contradictory_end(self):
        self.coded("44054006")["abatementDateTime"] = "2019-01-01"
        self.assertFalse(self.truth()["2"])
        self.add("Condition", "72892002", clinicalStatus={"coding": [{"code": "resolved"}]},
                 abatementDateTime="2000-01-01")
        self.assertFalse(self.truth()["14"] or self.truth()["no14"])

    def test_end_known_in_part_is_over(self):
        for end, over in (("2021", True), ("2021-04", True), ("2021-03-31", True), ("2021-04-01", False)):
            self.take(ELIGIBLE)
            self.add("Condition", "72892002", clinicalStatus={"coding": [{"code": "resolved"}]}, abatementDateTime=end)
            self.assertEqual(self.truth()["no14"], over, end)

    def test_partial_onset_may_be_in_the_window(self):
        self.add("Condition", "22298006", recordedDate="2020")
        self.assertFalse(self.truth()["15"] or self.truth()["no15"])

    def test_malignancy_over_but_recent(self):
        self.take(FORMER_PATIENT)
        self.assertTrue(self.truth()["no12"])
        for r in self.resources:
            if r["resourceType"] == "Condition" and oracle.codes(r["code"], oracle.SNOMED) & oracle.MALIGNANCY:
                r["onsetDateTime"], r["abatementDateTime"] = "2016-04-01", "2017-01-01"
        self.assertTrue(self.truth()["12"], "dated on the first day of the window")

    def test_window_ends(self):
        for day, expected in (("2020-10-03", True), ("2020-10-02", False)):
            self.take(ELIGIBLE)
            self.add("Condition", "230690007", recordedDate=day)
            self.assertEqual(self.truth()["15"], expected, day)

    def test_coverage(self):
        for kind, absent in (("Condition", ("no12", "no14", "no15")), ("MedicationRequest", ("no13",)),
                             ("AllergyIntolerance", ("no16",))):
            self.take(ELIGIBLE)
            self.add(kind, "C34", status="stopped", intent="order", authoredOn="2001-01-01")
            for name in absent:
                self.assertFalse(self.truth()[name], name)

    def test_quantity_in_doubt(self):
        for change in ({"comparator": ">"}, {"code": "mL/min"}, {"code": None}, {"system": "other"}):
            self.take(ELIGIBLE)
            self.coded("33914-3")["valueQuantity"].update(change)
            self.assertFalse(self.truth()["4"], change)

    def test_preliminary_or_modified_reading(self):
        for change in ({"status": "preliminary"}, {"modifierExtension": [{"url": "x"}]}):
            self.take(ELIGIBLE)
            self.coded("33914-3").update(change)
            self.assertFalse(self.truth()["4"], change)

    def test_contested_reading(self):
        self.take(CONTESTED)
        self.assertFalse(self.truth()["4"])
        self.take(ELIGIBLE)
        twin = copy.deepcopy(self.coded("33914-3"))
        self.resources.append(twin)
        self.assertTrue(self.truth()["4"], "an equal reading contests nothing")
        for name in ("0000", "ffff"):
            twin["id"] = name
            twin["valueQuantity"]["value"] += Decimal("0.1")
            self.assertFalse(self.truth()["4"], name)

    def test_older_partial_date_contests(self):
        twin = copy.deepcopy(self.coded("33914-3"))
        twin["effectiveDateTime"] = twin["effectiveDateTime"][:7]
        twin["valueQuantity"]["value"] = Decimal(99)
        self.resources.append(twin)
        self.assertFalse(self.truth()["4"])

    def test_bounds_are_exact(self):
        for value, expected in (("25", True), ("24.99999999999999999", False), ("40", True), ("40.00000000001", False)):
            self.coded("39156-5")["valueQuantity"]["value"] = Decimal(value)
            self.assertEqual(self.truth()["5"], expected, value)

    def test_coverage_class_in_doubt(self):
        for change in ("no_insurance", "unheard of", None):
            self.take(ELIGIBLE)
            for r in self.resources:
                for held in r.get("contained", []):
                    if held["resourceType"] == "Coverage":
                        held["type"] = {"text": change}
            self.assertFalse(self.truth()["I1"], change)


class Doses(unittest.TestCase):
    def i2(self, *occurrences, **change):
        doses = [{"resourceType": "Immunization", "id": str(n), "status": "completed", "occurrenceDateTime": when,
                  "vaccineCode": {"coding": [{"system": oracle.CVX, "code": "208"}]}} | change
                 for n, when in enumerate(occurrences)]
        chart = oracle.Chart([{"resourceType": "Patient", "id": "p"}, *doses], date(2023, 4, 1))
        return oracle.immunization_criteria(chart)["I2"]

    def test_spacing(self):
        self.assertTrue(self.i2("2021-05-01", "2021-05-22"))
        self.assertFalse(self.i2("2021-05-01", "2021-05-21"))
        self.assertFalse(self.i2("2021-05-01"))
        self.assertTrue(self.i2("2021-05-01", "2021-05-21", "2021-06-11"))

    def test_days_as_written(self):
        self.assertTrue(self.i2("2021-05-01T23:00:00-04:00", "2021-05-22T00:00:00-04:00"))

    def test_what_does_not_count(self):
        self.assertFalse(self.i2("2021-05-01", "2023-04-02"), "after the day of the claim")
        self.assertFalse(self.i2("2021-05-01", "2021-06-22", status="not-done"))
        self.assertFalse(self.i2("2021-05", "2021-05-30"), "possibly fewer days")


if __name__ == "__main__":
    unittest.main()
