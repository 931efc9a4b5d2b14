// Compiles src/*.sol with the pinned solc and writes one artifact a contract to artifacts/.
// With --check it writes nothing and fails if a checked-in artifact differs from a fresh one.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compiler, pinned } from "./compiler.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const deployable = [
  "Governance",
  "RecordRegistry",
  "KeyRegistry",
  "ConsentRegistry",
  "DisclosureRegistry",
  "LogRegistry",
];

// EIP-170, and what private networks without PUSH0 and MCOPY still run.
const CODE_LIMIT = 24_576;
const EVM_VERSION = "london";

function compile() {
  const sources = Object.fromEntries(
    readdirSync(join(here, "src"))
      .filter((name) => name.endsWith(".sol"))
      .sort()
      .map((name) => [name, { content: readFileSync(join(here, "src", name), "utf8") }]),
  );
  const input = {
    language: "Solidity",
    sources,
    settings: {
      evmVersion: EVM_VERSION,
      viaIR: true,
      optimizer: { enabled: true, runs: 1_000_000 },
      // The same source gives the same bytes wherever it is compiled.
      metadata: { appendCBOR: false, bytecodeHash: "none" },
      outputSelection: { "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"] } },
    },
  };
  const output = JSON.parse(compiler().compile(JSON.stringify(input)));
  const problems = output.errors ?? [];
  if (problems.length > 0) {
    throw new Error(problems.map((problem) => problem.formattedMessage).join("\n"));
  }
  return output.contracts;
}

function artifacts() {
  const contracts = compile();
  return deployable.map((name) => {
    const { abi, evm } = contracts[`${name}.sol`][name];
    const size = evm.deployedBytecode.object.length / 2;
    if (size > CODE_LIMIT) {
      throw new Error(`${name}: ${size} bytes of code, at most ${CODE_LIMIT} can be deployed`);
    }
    const artifact = {
      contractName: name,
      compiler: `solc ${pinned}, ${EVM_VERSION}`,
      abi,
      bytecode: `0x${evm.bytecode.object}`,
      deployedBytecode: `0x${evm.deployedBytecode.object}`,
    };
    return { file: `${name}.json`, size, text: `${JSON.stringify(artifact, null, 1)}\n` };
  });
}

function check(built, folder) {
  const expected = built.map(({ file }) => file).sort();
  const found = readdirSync(folder).sort();
  const different = built
    .filter(({ file, text }) => !found.includes(file) || readFileSync(join(folder, file), "utf8") !== text)
    .map(({ file }) => file);
  const extra = found.filter((file) => !expected.includes(file));
  if (different.length > 0 || extra.length > 0) {
    const names = [...different, ...extra].join(", ");
    throw new Error(`artifacts differ from the sources: ${names}. Run \`node contracts/build.mjs\` and commit`);
  }
}

function main() {
  const folder = join(here, "artifacts");
  const built = artifacts();
  mkdirSync(folder, { recursive: true });
  if (process.argv.includes("--check")) {
    check(built, folder);
    console.log(`artifacts match the sources (${built.length} contracts, solc ${pinned})`);
    return;
  }
  for (const stale of readdirSync(folder)) rmSync(join(folder, stale));
  for (const { file, text } of built) writeFileSync(join(folder, file), text);
  for (const { file, size } of built) console.log(`${file}: ${size} bytes of code`);
}

try {
  main();
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
