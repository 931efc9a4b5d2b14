// That every refusal of src/ has a name, and that every name is expected in a test of test/.
// A test that expects one fails where the contract does not refuse by it.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));

// require, assert, and revert but for one with a name; in assembly, revert but for passing on what was answered.
const NAMELESS = /\brequire\s*\(|\bassert\s*\(|\brevert\s*(;|\(\s*(\)|"|0\b))|\binvalid\s*\(/;
const DECLARED = /^\s*error (\w+)\(/gm;
const EXPECTED = /vm\.expectRevert\(\s*abi\.encodeWithSelector\(\s*(\w+)\.(\w+)\.selector/g;

function sources(folder) {
  return readdirSync(join(here, folder))
    .filter((name) => name.endsWith(".sol"))
    .sort()
    .map((name) => ({ name, text: readFileSync(join(here, folder, name), "utf8").replace(/\/\/.*/g, "") }));
}

const contracts = sources("src");
const nameless = contracts.flatMap(({ name, text }) =>
  text.split("\n").flatMap((line, i) => (NAMELESS.test(line) ? [`src/${name}:${i + 1}: ${line.trim()}`] : [])),
);
const declared = contracts.flatMap(({ name, text }) =>
  [...text.matchAll(DECLARED)].map(([, error]) => `${name.replace(".sol", "")}.${error}`),
);
const expected = new Set(
  sources("test").flatMap(({ text }) => [...text.matchAll(EXPECTED)].map(([, contract, error]) => `${contract}.${error}`)),
);
const untested = declared.filter((error) => !expected.has(error));

for (const line of nameless) console.error(`a refusal without a name: ${line}`);
for (const error of untested) console.error(`no test expects ${error}`);
if (declared.length === 0) console.error("no errors found: this check reads the sources wrongly");
if (nameless.length > 0 || untested.length > 0 || declared.length === 0) process.exit(1);
console.log(`${declared.length} named errors, each expected by a test; no refusal without a name`);
