// Written by types.mjs from verifier/schema/answer-v1.schema.json.

/** A presentation that was checked. */
export interface Verified {
  /** For which day. */
  as_of: string;
  /** As of which block roots and revocations were read. */
  block: {
    hash: string;
    number: number;
    /** The block's. Seconds since 1970. */
    time: number;
  };
  /** What was shown. */
  claim_id: string;
  /** By which the holder can revoke the consent: watch the ledger for it. */
  consent_handle: string;
  /** Whether anybody can forge proofs under the key: then this is evidence of nothing. */
  development: boolean;
  /** The number of the issuer's root. */
  epoch: number;
  /** Whose chart it is, by the ledger. */
  issuer: string;
  /** With which key it was checked. */
  key_id: string;
  /** The request's: a request that one answer was enough for is done with. */
  nonce: string;
  /** The same for all answers of a holder in the scope, and for nobody else's: keep the pair, and refuse a second one. */
  nullifier: string;
  /** The registry that the record is in. */
  registry_root: string;
  /** The request's terms. */
  request: {
    /** Who asked. */
    audience: string;
    /** Where the answer went. */
    endpoint: string;
    /** Until when it could be answered. Seconds since 1970. */
    expires_at: number;
    ledger: {
      chain_id: number;
      registry: string;
    };
    /** Why it was asked: codes of HL7 v3 ActReason. */
    purpose: "TREAT" | "HRESCH" | "HPAYMT" | "PUBHLTH" | "HOPERAT" | "ETREAT";
    /** When it was made. Seconds since 1970. */
    requested_at: number;
    /** Within what no holder answers twice. */
    scope_label: string;
  };
  /** Of the request that it answers. */
  request_digest: string;
  /** Within what the nullifier must not come twice. */
  scope: string;
  /** The claim in plain words. */
  shown: Explanation;
  /** About whom it was asked. */
  subject: string | null;
  /** By which size of circuit. */
  tier: "XS" | "S" | "M" | "L";
  /** When it was checked. Seconds since 1970. */
  verified_at: number;
}

/** The claim in plain words. */
export interface Explanation {
  /** What holds: all of these. */
  clauses: Array<{
    criteria: Array<{
      /** What absence means here, where it is absence that is shown. */
      caveat: string | null;
      /** The author's name for it. */
      label: string | null;
      /** Where it stands, as a JSON pointer into the claim's normal form. */
      path: string;
      /** One sentence. */
      sentence: string;
    }>;
    /** The author's name for it. */
    label: string | null;
    /** How many must hold, where there are several. */
    rule: string | null;
  }>;
  /** What it is for, in the author's words. */
  description: string | null;
  /** What the asker learns from a proof. */
  learned: Array<string>;
  /** What a proof does not show. */
  not_shown: Array<string>;
  /** What was asked of the record itself. */
  record: Array<string>;
  /** What the claim is called. */
  title: string;
}
