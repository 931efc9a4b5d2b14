// node sizes.mjs WASM [COUNT]: what a module's bytes are, by its names: sections, crates, and the largest functions. What was inlined counts
// where it is now.

import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const [file, count = "40"] = process.argv.slice(2);
const bytes = readFileSync(file);
const SECTIONS = ["custom", "types", "imports", "functions", "tables", "memories", "globals", "exports", "start", "elements", "code", "data", "data count"];

// The first that a name contains. Rust's mangling has identifiers after their lengths, and crates before all else.
const CRATES = [
  "medproof_claims", "medproof_messages", "medproof_verifier", "medproof_statement", "medproof_", "serde_json", "serde_core", "ark_", "taceo_",
  "ed25519_compact", "sha2", "dlmalloc", "compiler_builtins", "alloc", "core", "std",
];

let at = 8;
function number() {
  let [value, shift, byte] = [0, 0, 0];
  do {
    byte = bytes[at++];
    value += (byte & 127) * 2 ** shift;
    shift += 7;
  } while (byte & 128);
  return value;
}
const text = () => {
  const length = number();
  return bytes.toString("utf8", at, (at += length));
};
const list = (read) => Array.from({ length: number() }, read);
const body = () => {
  const length = number();
  return bytes.subarray(at, (at += length));
};

const sections = [];
const names = new Map();
let functions = [];
while (at < bytes.length) {
  const kind = bytes[at++];
  const end = number() + at;
  const section = { name: SECTIONS[kind], bytes: bytes.subarray(at, end) };
  if (kind === 0) section.name = text();
  if (kind === 2) throw new Error("expected a module without imports, as the verifier's is");
  if (kind === 10) functions = list(body);
  if (section.name === "name") {
    while (at < end) {
      const [part, stop] = [bytes[at++], number() + at];
      if (part === 1) list(() => names.set(number(), text()));
      at = stop;
    }
  }
  at = end;
  sections.push(section);
}

// Identifiers alone, without what tells crates of one name apart.
function readable(name) {
  const found = [];
  let rest = name.replace(/Cs[0-9A-Za-z]+?_(?=\d)/g, "");
  for (let match; (match = rest.match(/\d+/)); ) {
    const start = match.index + match[0].length + (rest[match.index + match[0].length] === "_" ? 1 : 0);
    const word = rest.slice(start, start + Number(match[0]));
    if (/^[A-Za-z_]\w+$/.test(word)) found.push(word);
    rest = rest.slice(/^[A-Za-z_]\w+$/.test(word) ? start + word.length : match.index + match[0].length);
  }
  return found.length > 0 ? found.slice(0, 9).join("::") : name;
}

const named = functions.map((code, place) => ({ code, name: names.get(place) ?? `function ${place}` }));
const crates = new Map();
for (const { code, name } of named) {
  const crate = CRATES.find((crate) => name.includes(crate)) ?? "other";
  crates.set(crate, [...(crates.get(crate) ?? []), code]);
}
const kB = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
const row = (name, parts) => {
  const all = Buffer.concat(parts);
  return { name, length: all.length, line: `| ${name} | ${kB(all.length)} | ${kB(gzipSync(all, { level: 9 }).length)} |` };
};
const table = (head, rows) => {
  console.log(`\n| ${head} | bytes | by itself after gzip |\n|---|---|---|`);
  for (const { line } of rows.sort((a, b) => b.length - a.length)) console.log(line);
};
table("Section", sections.map(({ name, bytes }) => row(name, [bytes])));
table("Functions of", [...crates].map(([crate, codes]) => row(crate, codes)));
console.log("");
for (const { code, name } of named.sort((a, b) => b.code.length - a.code.length).slice(0, Number(count))) {
  console.log(`${String(code.length).padStart(7)} ${readable(name)}`);
}
