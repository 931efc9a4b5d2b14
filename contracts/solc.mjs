#!/usr/bin/env node
// The pinned solc as a command, for forge, which would otherwise download one.

import { readFileSync } from "node:fs";
import { compiler } from "./compiler.mjs";

const solc = compiler();
if (process.argv.includes("--version")) {
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}`);
} else if (process.argv.includes("--standard-json")) {
  // The input has the sources: paths that are allowed or included are of no use here.
  process.stdout.write(solc.compile(readFileSync(0, "utf8")));
} else {
  console.error("only --version and --standard-json are understood");
  process.exit(1);
}
