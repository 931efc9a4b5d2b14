// snarkjs, as `cargo xtask bench-peers` asks for it: `node peer.mjs ZKEY WTNS THREADS` reads both once
// and says `ready MS`; each line `prove FILE` writes a proof and is answered with `proved MS`.
import { readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import { createInterface } from "node:readline";

const [zkeyFile, wtnsFile, threads] = process.argv.slice(2);
// Its workers are as many as the machine has cores: here as many as asked for.
const cores = os.cpus();
os.cpus = () => cores.slice(0, Number(threads));
const { groth16 } = await import("snarkjs");

const start = performance.now();
const zkey = { type: "mem", data: new Uint8Array(readFileSync(zkeyFile)) };
console.log(`ready ${performance.now() - start} it takes the key apart anew for each proof`);
const wtns = { type: "mem", data: new Uint8Array(readFileSync(wtnsFile)) };

for await (const line of createInterface({ input: process.stdin })) {
  const [word, file] = line.split(/ (.*)/s);
  if (word !== "prove" || !file) throw new Error("expected: prove FILE");
  const start = performance.now();
  const { proof } = await groth16.prove(zkey, wtns, undefined, { singleThread: threads === "1" });
  const took = performance.now() - start;
  writeFileSync(file, JSON.stringify(proof));
  console.log(`proved ${took}`);
}
process.exit(0);
