// Words, without a browser.

import assert from "node:assert/strict";
import { test } from "node:test";
import { dayOf, timeOf } from "../words.js";

test("days and times are written as British English has them", () => {
  const DAY = { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" };
  const TIME = { ...DAY, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
  const [days, times] = [DAY, TIME].map((form) => new Intl.DateTimeFormat("en-GB", form));
  for (let seconds = 0; seconds < 2 ** 40; seconds += 86_400 * 9973 + 12_347) {
    const date = new Date(seconds * 1000);
    assert.equal(timeOf(seconds), `${times.format(date)} UTC`);
    if (date.getUTCFullYear() < 10_000) assert.equal(dayOf(date.toISOString().slice(0, 10)), days.format(date));
  }
  assert.equal(dayOf("1850-01-01"), "1 January 1850");
  assert.equal(timeOf(1_617_299_999), "1 April 2021 at 17:59:59 UTC");
});
