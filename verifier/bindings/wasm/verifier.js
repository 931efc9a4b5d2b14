// Bytes into the module's memory, one call, the answer out of it. What is right and what is wrong, the module alone says.

/** Nothing was verified: `code` is stable and the same in every language, `message` is for people. */
export class RefusedError extends Error {
  constructor({ code, message }) {
    super(message);
    this.name = "RefusedError";
    this.code = code;
  }
}

// The parts by number, as the module's `Part` has them.
const PART = { settings: 0, bundle: 1, request: 2, claim: 3, presentation: 4 };

// More than any message has. What is larger is not copied to be refused.
const MOST_BYTES = 256 * 1024 * 1024;

let find;
let found;

// By which way the module is found where the caller brings none.
export function findModule(by) {
  find = by;
}

function ownModule() {
  // One that was not found may be there the next time.
  found ??= find().catch((error) => {
    found = undefined;
    throw error;
  });
  return found;
}

async function compiled(wasm) {
  if (wasm === undefined) return ownModule();
  return wasm instanceof WebAssembly.Module ? wasm : WebAssembly.compile(wasm);
}

/** A verifier of one audience under one trust bundle. */
export class Verifier {
  // One instance of the module is one verifier; its memory goes when it goes.
  #exports;

  constructor(exports) {
    this.#exports = exports;
  }

  /** Reads settings and a trust bundle, and rejects with a `RefusedError` where one is not good. */
  static async open({ settings, bundle, wasm }) {
    const parts = { settings: bytesOf("settings", spelt(settings)), bundle: bytesOf("bundle", bundle) };
    const { exports } = await WebAssembly.instantiate(await compiled(wasm), {});
    const verifier = new Verifier(exports);
    const answer = verifier.#call(parts, (module) => module.medproof_open());
    if (answer !== "") throw new RefusedError(JSON.parse(answer).refused);
    return verifier;
  }

  /** What a presentation shows. Throws a `RefusedError` where it does not show what was asked. */
  verify(asked) {
    const { verified, refused } = JSON.parse(this.answer(asked));
    if (refused) throw new RefusedError(refused);
    return verified;
  }

  /** As `verify`: the answer as JSON text, a refusal too. */
  answer({ request, claim, presentation, now = Math.floor(Date.now() / 1000) }) {
    const parts = {
      request: bytesOf("request", request),
      claim: bytesOf("claim", claim),
      presentation: bytesOf("presentation", presentation),
    };
    const seconds = secondsOf(now);
    return this.#call(parts, (module) => module.medproof_verify(seconds));
  }

  /** A claim in plain words. Throws a `RefusedError` where it is none. */
  explain(claim) {
    const answer = this.#call({ claim: bytesOf("claim", claim) }, (module) => module.medproof_explain());
    const { shown, refused } = JSON.parse(answer);
    if (refused) throw new RefusedError(refused);
    return shown;
  }

  /** Gives the memory back; so does forgetting the verifier. */
  close() {
    this.#exports = undefined;
  }

  #call(parts, calls) {
    const module = this.#exports;
    if (module === undefined) throw new Error("the verifier is closed: open another");
    try {
      for (const [name, bytes] of Object.entries(parts)) write(module, name, bytes);
      calls(module);
      return answerOf(module);
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError)) throw error;
      // It may hold anything now.
      this.close();
      throw new Error("the verifier stopped, as it does where there is no memory left: open another", { cause: error });
    }
  }
}

if (Symbol.dispose) Verifier.prototype[Symbol.dispose] = Verifier.prototype.close;

function write(module, name, bytes) {
  const room = bytes.length <= MOST_BYTES ? module.medproof_input(PART[name], bytes.length) >>> 0 : 0;
  if (room === 0) {
    throw new RangeError(`${name}: no room for ${bytes.length} bytes: check which file this is`);
  }
  new Uint8Array(module.memory.buffer, room, bytes.length).set(bytes);
}

function answerOf(module) {
  const [at, length] = [module.medproof_answer() >>> 0, module.medproof_answer_length() >>> 0];
  return new TextDecoder().decode(new Uint8Array(module.memory.buffer, at, length));
}

// Settings are often a literal in the program.
function spelt(settings) {
  const isObject = Object.prototype.toString.call(settings) === "[object Object]";
  return isObject ? JSON.stringify(settings) : settings;
}

function bytesOf(name, value) {
  if (typeof value === "string") return new TextEncoder().encode(value);
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  throw new TypeError(`${name}: expected a string or bytes (Uint8Array, ArrayBuffer), found ${kindOf(value)}`);
}

function secondsOf(now) {
  const whole = typeof now === "bigint" || Number.isSafeInteger(now);
  if (!whole || now < 0 || now >= 2n ** 64n) {
    throw new TypeError(`now: expected whole seconds since 1970, found ${String(now)}`);
  }
  return BigInt(now);
}

function kindOf(value) {
  return value === null ? "null" : typeof value;
}
