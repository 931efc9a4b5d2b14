// Where browsers find the module: beside this file, whatever media type its server gives it.

import { findModule } from "./verifier.js";

findModule(async () => {
  const url = new URL("medproof.wasm", import.meta.url);
  const response = await fetch(url);
  if (!response.ok) {
    throw new Error(`expected the verifier's module at ${url}, found status ${response.status}: serve it there, or give it to Verifier.open as \`wasm\``);
  }
  // Compiled while it arrives.
  return WebAssembly.compileStreaming(new Response(response.body, { headers: { "content-type": "application/wasm" } }));
});

export { RefusedError, Verifier } from "./verifier.js";
