// Written by types.mjs from verifier/schema/verifier-settings-v1.schema.json.

/** What a verifier insists on, written by people: any spelling of JSON is read. */
export interface VerifierSettings {
  /** Whose requests the answers must answer: your DID. */
  audience: string;
  /** Whose trust bundles are believed. */
  bundle_signer: string;
  /** Whether keys that anybody can forge proofs with are good enough: for trying out alone. */
  development?: boolean;
  /** For how many seconds after being superseded a root is accepted. */
  grace?: number;
  /** Whose charts are believed: addresses. All whom the ledger admits, where the list is absent. */
  issuers?: Array<string>;
  /** The ledger that is trusted. */
  ledger: {
    chain_id: number;
    registry: string;
  };
  /** From how many seconds after its last publication an issuer counts as silent. */
  max_age?: number;
  type: "medproof/verifier-settings";
  version: 1;
}
