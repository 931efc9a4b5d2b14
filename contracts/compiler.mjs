// npm's solc, of the version that package.json pins.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));

export const pinned = JSON.parse(readFileSync(join(here, "package.json"), "utf8")).devDependencies.solc;

/** The compiler, or a word on how to get it. */
export function compiler() {
  let solc;
  try {
    solc = createRequire(import.meta.url)("solc");
  } catch {
    throw new Error(`solc ${pinned} is not installed: run \`npm ci\` in contracts/`);
  }
  if (!solc.version().startsWith(`${pinned}+`)) {
    throw new Error(`expected solc ${pinned}, found ${solc.version()}: run \`npm ci\` in contracts/`);
  }
  return solc;
}
