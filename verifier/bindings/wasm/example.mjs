import { readFile } from "node:fs/promises";
import { RefusedError, Verifier } from "medproof-verifier";

// What you trust: your settings, and the ledger as the bundle's signer saw it.
const verifier = await Verifier.open({
  settings: await readFile("settings.json"),
  bundle: await readFile("bundle.json"),
});

// What you asked, and what came back.
const request = await readFile("request.json");
const claim = await readFile("claim.json");
const presentation = await readFile("presentation.bin");

try {
  const verified = verifier.verify({ request, claim, presentation, now: 1617300060 });
  console.log(`${verified.shown.title}: shown by ${verified.issuer} as of ${verified.as_of}`);
  // Keep the pair, and refuse a second answer with the same: your store knows it, the proof does not.
  console.log(`one answer per holder: ${verified.scope} ${verified.nullifier}`);
} catch (error) {
  if (!(error instanceof RefusedError)) throw error;
  console.log(`not shown (${error.code}): ${error.message}`);
}
