// Every vector is answered as it says, by the package as it is installed.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { answer } from "../conformance.mjs";
import { partsOf } from "../parts.mjs";

const { base, vectors } = JSON.parse(readFileSync(process.env.MEDPROOF_VECTORS, "utf8"));

test("every vector is answered as it says", async () => {
  const wrong = [];
  for (const vector of vectors) {
    const { refused } = JSON.parse(await answer(partsOf(vector, base)));
    const found = refused?.code ?? "ok";
    if (found !== vector.expect) wrong.push(`${vector.name}: expected ${vector.expect}, found ${found}`);
  }
  assert.deepEqual(wrong, []);
  assert.ok(vectors.length >= 200);
});
