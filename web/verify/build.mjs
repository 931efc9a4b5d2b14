// node build.mjs WASM FILE: the page as one file, which any server can serve and any disk can hold. Nothing is bundled but by putting
// modules one after another, and the policy names script and style by their digests.

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const [wasm, out] = process.argv.slice(2);
const read = (file) => readFileSync(new URL(file, import.meta.url), "utf8");

// Each after those that it imports. All in one scope: names must differ, and a name that comes twice is a syntax error.
const MODULES = ["../../verifier/bindings/wasm/verifier.js", "files.js", "words.js", "view.js", "page.js"];

function joined() {
  const script = MODULES.map((file) => read(file).replace(/^import [^;]*;\n/gm, "").replace(/^export /gm, "")).join("\n");
  const left = script.match(/^\s*(import|export)\b.*$|import\.meta/m);
  if (left) throw new Error(`not understood: ${left[0]}`);
  if (/<\/script|<!--/i.test(script)) throw new Error("the script would end where it should not");
  return script;
}

// Of the vectors' good verification, what the example needs.
function example() {
  const { base } = JSON.parse(read("../../tests/vectors/v1/verification.json"));
  return JSON.stringify({ base }).replaceAll("<", "\\u003c");
}

const digest = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

const script = joined();
const style = read("style.css");
const policy = [
  "default-src 'none'",
  `script-src ${digest(script)} 'wasm-unsafe-eval'`,
  `style-src ${digest(style)}`,
  "img-src data:",
  "connect-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");
const module = gzipSync(readFileSync(wasm), { level: 9 }).toString("base64");
const parts = { policy, style, script, module, example: example() };
const page = read("index.html").replace(/\{\{(\w+)\}\}/g, (_, name) => parts[name]);
writeFileSync(out, page);
console.log(`${out}: ${(page.length / 1000).toFixed(1)} kB, ${(gzipSync(page, { level: 9 }).length / 1000).toFixed(1)} kB after gzip`);
