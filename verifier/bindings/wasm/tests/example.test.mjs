// The README's example is example.mjs, and says what the README says that it says.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { NAMES, partsOf } from "../parts.mjs";

const { base } = JSON.parse(readFileSync(process.env.MEDPROOF_VECTORS, "utf8"));
const here = (file) => new URL(`../${file}`, import.meta.url);

test("the example runs, and the README shows it with what it prints", () => {
  const folder = mkdtempSync(join(tmpdir(), "medproof-"));
  try {
    const parts = partsOf({}, base);
    for (const name of NAMES) {
      writeFileSync(join(folder, `${name}.${name === "presentation" ? "bin" : "json"}`), parts[name]);
    }
    const printed = execFileSync(process.execPath, [here("example.mjs").pathname], { cwd: folder, encoding: "utf8" });
    const readme = readFileSync(here("README.md"), "utf8");
    assert.ok(readme.includes(readFileSync(here("example.mjs"), "utf8")), "README.md has another example");
    assert.ok(readme.includes(printed), `README.md has another answer than\n${printed}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
