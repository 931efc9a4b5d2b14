// node conformance.mjs FILE: the answer to each vector of a file of the form of tests/vectors/v1/verification.json, a line each.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { RefusedError, Verifier } from "medproof-verifier";
import { partsOf } from "./parts.mjs";

let opened = { settings: undefined, bundle: undefined, verifier: undefined, refused: undefined };

// One that was opened for the vector before serves this one, where its parts are the same.
async function open(settings, bundle) {
  if (opened.settings?.equals(settings) && opened.bundle.equals(bundle)) return opened;
  opened.verifier?.close();
  opened = { settings, bundle };
  try {
    opened.verifier = await Verifier.open({ settings, bundle });
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    opened.refused = JSON.stringify({ refused: { code: error.code, message: error.message } });
  }
  return opened;
}

// A time that is no safe integer was rounded by JSON.parse.
const timeOf = (now) => (Number.isSafeInteger(now) ? now : BigInt(now));

export async function answer({ settings, bundle, request, claim, presentation, now }) {
  const { verifier, refused } = await open(settings, bundle);
  return refused ?? verifier.answer({ request, claim, presentation, now: timeOf(now) });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { base, vectors } = JSON.parse(readFileSync(process.argv[2], "utf8"));
  for (const vector of vectors) console.log(await answer(partsOf(vector, base)));
}
