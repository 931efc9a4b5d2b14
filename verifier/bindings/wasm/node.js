// Where Node finds the module: beside this file.

import { readFile } from "node:fs/promises";
import { findModule } from "./verifier.js";

findModule(async () => WebAssembly.compile(await readFile(new URL("medproof.wasm", import.meta.url))));

export { RefusedError, Verifier } from "./verifier.js";
