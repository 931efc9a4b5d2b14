// What JavaScript adds to the verifier: kinds of bytes, errors, closing, and what happens where there is no memory.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { RefusedError, Verifier } from "medproof-verifier";
import { partsOf } from "../parts.mjs";

const { base } = JSON.parse(readFileSync(process.env.MEDPROOF_VECTORS, "utf8"));
const good = partsOf({}, base);
const { request, claim, presentation, now } = good;

const open = (changes) => Verifier.open({ ...good, ...changes });
const ask = (verifier, changes) => verifier.verify({ ...good, ...changes });

test("a good presentation is verified, whatever kind of bytes its parts are", async () => {
  const bare = (bytes) => bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const kinds = [String, (bytes) => bytes, (bytes) => new Uint8Array(bytes), bare, (bytes) => new DataView(bare(bytes))];
  for (const kind of kinds) {
    const verifier = await open({ settings: kind(good.settings), bundle: kind(good.bundle) });
    const verified = ask(verifier, { request: kind(request), claim: kind(claim) });
    assert.equal(verified.shown.title, "Adult");
    assert.equal(verified.issuer, "0x1111111111111111111111111111111111111111");
    assert.equal(verified.block.number, 77);
    assert.equal(verified.verified_at, now);
  }
});

test("a view is read where it begins and as far as it goes", async () => {
  const around = new Uint8Array(presentation.length + 9);
  around.set(presentation, 4);
  const verifier = await open();
  assert.equal(ask(verifier, { presentation: around.subarray(4, 4 + presentation.length) }).as_of, "2021-04-01");
  assert.throws(() => ask(verifier, { presentation: around }), { code: "presentation.version" });
});

test("settings may be the object that they say", async () => {
  const settings = JSON.parse(good.settings);
  assert.equal(ask(await open({ settings })).tier, "S");
  await assert.rejects(open({ settings: { ...settings, colour: "red" } }), { name: "RefusedError", code: "json.form" });
});

test("times are numbers or bigints of whole seconds, and the clock's where none is given", async () => {
  const verifier = await open();
  assert.equal(ask(verifier, { now: BigInt(now) }).verified_at, now);
  assert.throws(() => ask(verifier, { now: 2n ** 64n - 1n }), { code: "now" });
  for (const none of [-1, 0.5, NaN, 2 ** 53, -1n, 2n ** 64n, "1617300060", null]) {
    assert.throws(() => ask(verifier, { now: none }), TypeError, String(none));
  }
  // The request expired in 2021.
  assert.throws(() => verifier.verify({ request, claim, presentation }), { code: "request.expired" });
});

test("a refusal is an error with a code", async () => {
  const verifier = await open();
  const refused = assert.throws.bind(assert, () => ask(verifier, { presentation: "" }));
  refused(RefusedError);
  refused({ name: "RefusedError", code: "presentation.length", message: /expected/ });
  await assert.rejects(open({ bundle: "{}" }), (error) => error instanceof RefusedError && error.code === "json.form");
  // The same one answers on.
  assert.equal(ask(verifier).tier, "S");
});

test("what is no bytes is a mistake of the program", async () => {
  const verifier = await open();
  for (const none of [undefined, null, 7, {}, [1, 2]]) {
    await assert.rejects(open({ bundle: none }), { name: "TypeError", message: /^bundle: expected a string or bytes/ });
    assert.throws(() => ask(verifier, { claim: none }), { name: "TypeError", message: /^claim: expected a string or bytes/ });
  }
});

test("answers are JSON text, refusals too", async () => {
  const verifier = await open();
  assert.match(verifier.answer(good), /^\{"verified":\{"as_of":"2021-04-01",/);
  assert.match(verifier.answer({ ...good, claim: "" }), /^\{"refused":\{"code":"claim","message":"claim: /);
});

test("a claim is explained in words", async () => {
  const verifier = await open();
  const { title, clauses } = verifier.explain(claim);
  assert.equal(title, "Adult");
  assert.equal(clauses.length, 1);
  assert.throws(() => verifier.explain("{}"), { name: "RefusedError", code: "claim" });
});

test("several are open at once, and a closed one says so", async () => {
  const [one, other] = await Promise.all([open(), open({ settings: { ...JSON.parse(good.settings), issuers: [] } })]);
  assert.equal(ask(one).tier, "S");
  assert.throws(() => ask(other), { code: "issuer.not_accepted" });
  one.close();
  assert.throws(() => ask(one), /closed/);
  assert.throws(() => ask(other), { code: "issuer.not_accepted" });
  if (Symbol.dispose) {
    other[Symbol.dispose]();
    assert.throws(() => ask(other), /closed/);
  }
});

test("the module may be brought along, as bytes or compiled", async () => {
  const bytes = await readFile(new URL(import.meta.resolve("medproof-verifier/medproof.wasm")));
  assert.equal(ask(await open({ wasm: bytes })).tier, "S");
  assert.equal(ask(await open({ wasm: await WebAssembly.compile(bytes) })).tier, "S");
});

// A module of the same names that opens and then stops:
// (module (memory (export "memory") 1)
//   (func (export "medproof_input") (param i32 i32) (result i32) i32.const 8)
//   (func (export "medproof_open")) (func (export "medproof_verify") (param i64) unreachable)
//   (func (export "medproof_answer") (result i32) i32.const 0) (func (export "medproof_answer_length") (result i32) i32.const 0))
const STOPS = Buffer.from(
  "AGFzbQEAAAABEgRgAAF/YAJ/fwF/YAAAYAF+AAMGBQECAwAABQMBAAEHaAYGbWVtb3J5AgAObWVkcHJvb2ZfaW5wdXQAAA1tZWRwcm9vZl9vcGVuAAEPbWVkcHJvb2ZfdmVyaWZ5AAIPbWVkcHJvb2ZfYW5zd2VyAAMWbWVkcHJvb2ZfYW5zd2VyX2xlbmd0aAAEChcFBABBCAsCAAsDAAALBABBAAsEAEEACw==",
  "base64",
);

test("a verifier that stopped says so, is closed, and takes no other with it", async () => {
  const [stopping, other] = await Promise.all([open({ settings: "", bundle: "", wasm: STOPS }), open()]);
  assert.throws(() => ask(stopping), (error) => /stopped/.test(error.message) && error.cause instanceof WebAssembly.RuntimeError);
  assert.throws(() => ask(stopping), /closed/);
  assert.equal(ask(other).tier, "S");
});

test("what is larger than any message is not copied; what is only too large is refused by name", async () => {
  const verifier = await open();
  assert.throws(() => ask(verifier, { presentation: new Uint8Array(2 ** 28 + 1) }), RangeError);
  assert.throws(() => ask(verifier, { request: new Uint8Array(2 ** 28) }), { code: "json.too_large" });
  assert.equal(ask(verifier).tier, "S");
});

test("the module exports what it needs to, asks for nothing, and believes no length", async () => {
  const bytes = await readFile(new URL(import.meta.resolve("medproof-verifier/medproof.wasm")));
  const module = await WebAssembly.compile(bytes);
  assert.deepEqual(WebAssembly.Module.imports(module), []);
  const names = WebAssembly.Module.exports(module).map(({ name }) => name).filter((name) => !name.startsWith("__"));
  const own = ["answer", "answer_length", "explain", "input", "open", "verify"];
  assert.deepEqual(names.sort(), [...own.map((name) => `medproof_${name}`), "memory"]);
  const { exports } = await WebAssembly.instantiate(module);
  for (const length of [-1, 0x80000000]) assert.equal(exports.medproof_input(1, length), 0);
  for (const part of [5, -1]) assert.equal(exports.medproof_input(part, 1), 0);
  exports.medproof_verify(0n);
  assert.equal(exports.medproof_answer_length(), 0);
  assert.notEqual(exports.medproof_input(1, 0), 0);
});
