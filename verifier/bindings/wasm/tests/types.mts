// What TypeScript accepts of the package, and what it does not: an error that does not come is one.

import { RefusedError, Verifier, type Explanation, type Verified } from "medproof-verifier";

export async function accepted(bytes: Uint8Array): Promise<string> {
  const ledger = { chain_id: 1, registry: "0x" };
  const settings = { audience: "", bundle_signer: "", ledger, type: "medproof/verifier-settings", version: 1 } as const;
  const verifier = await Verifier.open({ settings, bundle: bytes });
  const verified: Verified = verifier.verify({ request: "", claim: bytes, presentation: bytes, now: 1n });
  const shown: Explanation = verified.shown;
  const epoch: number = verified.epoch;
  const caveat: string | null | undefined = shown.clauses[0]?.criteria[0]?.caveat;
  return `${epoch}${caveat}${verifier.explain(bytes).title}`;
}

export async function notAccepted(verifier: Verifier, error: unknown): Promise<void> {
  // @ts-expect-error: no bundle.
  await Verifier.open({ settings: "" });
  // @ts-expect-error: no type, no version.
  await Verifier.open({ settings: { audience: "" }, bundle: "" });
  // @ts-expect-error: opened, not made.
  new Verifier();
  // @ts-expect-error: no presentation.
  verifier.verify({ request: "", claim: "" });
  // @ts-expect-error: a claim as an object.
  verifier.explain({});
  // @ts-expect-error: codes are not written.
  if (error instanceof RefusedError) error.code = "";
  // @ts-expect-error: no such field.
  verifier.verify({ request: "", claim: "", presentation: "" }).name;
}
