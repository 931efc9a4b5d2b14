// node size.mjs BYTES: how large the module is; fails where it has more than BYTES after gzip.

import { readFileSync } from "node:fs";
import { brotliCompressSync, gzipSync } from "node:zlib";

const most = Number(process.argv[2]);
const module = readFileSync(new URL("medproof.wasm", import.meta.url));
const gzip = gzipSync(module, { level: 9 }).length;
const kB = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
console.log(`medproof.wasm: ${kB(module.length)}, ${kB(gzip)} after gzip, ${kB(brotliCompressSync(module).length)} after Brotli`);
if (!(gzip <= most)) {
  console.error(`expected at most ${kB(most)} after gzip: look for what grew, or raise the bound in xtask/src/wasm.rs`);
  process.exit(1);
}
