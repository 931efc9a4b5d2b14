import type { Explanation, Verified } from "./answer.js";
import type { VerifierSettings } from "./settings.js";

export type { Explanation, Verified, VerifierSettings };

/** JSON or a binary message, as it was received. */
export type Bytes = string | Uint8Array | ArrayBuffer;

/** What does not change from one answer to the next. */
export interface Trusted {
  /** JSON of type `medproof/verifier-settings`, or the object that it says. */
  settings: Bytes | VerifierSettings;
  /** JSON of type `medproof/trust-bundle`, byte for byte as its signer gave it. */
  bundle: Bytes;
  /** The module, or its bytes, where it should not be looked for beside the package's files. */
  wasm?: WebAssembly.Module | Uint8Array<ArrayBuffer> | ArrayBuffer;
}

/** A question, and what was presented as its answer. */
export interface Asked {
  /** Your own request, byte for byte as you signed it. */
  request: Bytes;
  /** The claim that you asked about: JSON in any spelling. */
  claim: Bytes;
  /** What was presented: 321 bytes, or canonical JSON. */
  presentation: Bytes;
  /** Now, in seconds since 1970; the machine's clock where it is absent. */
  now?: number | bigint;
}

/** Nothing was verified. */
export class RefusedError extends Error {
  private constructor();
  /** Stable, and the same in every language: `presentation.proof`, `root.unknown`, … */
  readonly code: string;
}

/** A verifier of one audience under one trust bundle. */
export class Verifier {
  private constructor();
  /**
   * Reads settings and a trust bundle.
   * @throws {RefusedError} where one of them is not good.
   */
  static open(trusted: Trusted): Promise<Verifier>;
  /**
   * What a presentation shows. Whether its nullifier was used before in its scope, your own store must say.
   * @throws {RefusedError} where it does not show what was asked.
   */
  verify(asked: Asked): Verified;
  /** As `verify`: the answer as JSON text, `{"verified":{…}}` or `{"refused":{"code":…,"message":…}}`. */
  answer(asked: Asked): string;
  /**
   * A claim in plain words.
   * @throws {RefusedError} where it is none.
   */
  explain(claim: Bytes): Explanation;
  /** Gives the memory back; so does forgetting the verifier. */
  close(): void;
  /** As `close`, where the language has `using`. */
  [Symbol.dispose](): void;
}
