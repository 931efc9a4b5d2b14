// What the page does: files come in, and once all are there, the answer is shown.

import { RefusedError, Verifier } from "./verifier.js";
import { FileProblem, SLOTS, recognise } from "./files.js";
import { element, refusedView, slotView, verifiedView } from "./view.js";

const at = (id) => document.getElementById(id);
const files = new Map();

function unspelt(base64) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
  const letters = atob(base64);
  const bytes = new Uint8Array(letters.length);
  for (let place = 0; place < bytes.length; place += 1) bytes[place] = letters.charCodeAt(place);
  return bytes;
}

// Compiled while it is unpacked.
function moduleOf(text) {
  const { readable, writable } = new DecompressionStream("gzip");
  const writer = writable.getWriter();
  // What fails here fails for who reads.
  writer.write(unspelt(text)).catch(() => {});
  writer.close().catch(() => {});
  return WebAssembly.compileStreaming(new Response(readable, { headers: { "content-type": "application/wasm" } }));
}

const prepared = moduleOf(at("module").textContent);

// What the verifier itself says of bytes that are no JSON: which line, which column.
async function syntaxOf(bytes) {
  try {
    await Verifier.open({ settings: bytes, bundle: "", wasm: await prepared });
  } catch (error) {
    if (error instanceof RefusedError) return error.message.replace(/^settings: /, "");
    throw error;
  }
  return "expected JSON in UTF-8";
}

async function take(list) {
  const problems = [];
  for (const file of list) {
    try {
      const bytes = new Uint8Array(await file.arrayBuffer());
      files.set(await recognise(file.name, bytes, syntaxOf), { name: file.name, bytes });
    } catch (error) {
      if (!(error instanceof FileProblem)) throw error;
      problems.push(error.message);
    }
  }
  at("problems").replaceChildren(...problems.map((problem) => element("li", {}, problem)));
  await show();
}

function moment() {
  const value = at("moment").value;
  const seconds = value ? Math.floor(Date.parse(`${value}Z`) / 1000) : Math.floor(Date.now() / 1000);
  return Number.isSafeInteger(seconds) && seconds >= 0 ? seconds : 0;
}

// The claim stands in the request, which names it by its digest and is signed.
function claimOf(request) {
  const { claim } = JSON.parse(new TextDecoder().decode(request));
  return JSON.stringify(claim ?? null);
}

async function answer() {
  const part = (kind) => files.get(kind).bytes;
  const request = part("request");
  const asked = { request, claim: claimOf(request), presentation: part("presentation"), now: moment() };
  let verifier;
  try {
    verifier = await Verifier.open({ settings: part("settings"), bundle: part("bundle"), wasm: await prepared });
    return { verified: verifier.verify(asked) };
  } catch (refused) {
    if (!(refused instanceof RefusedError)) throw refused;
    return { refused, asked: verifier && explained(verifier, asked.claim) };
  } finally {
    verifier?.close();
  }
}

function explained(verifier, claim) {
  try {
    return verifier.explain(claim);
  } catch {
    return undefined;
  }
}

// Of several that are under way the last one counts.
let turn = 0;

async function show() {
  const mine = ++turn;
  at("slots").replaceChildren(...SLOTS.map((slot) => slotView(slot, files.get(slot.kind))));
  at("clear").hidden = files.size === 0;
  const missing = SLOTS.filter(({ kind }) => !files.has(kind)).map(({ title }) => title.toLowerCase());
  if (missing.length > 0) {
    at("answer").replaceChildren();
    at("announce").textContent = files.size > 0 ? `Still missing: ${missing.join(", ")}.` : "";
    return;
  }
  const found = await answer();
  if (mine !== turn) return;
  const parts = found.verified ? verifiedView(found.verified) : refusedView(found.refused, found.asked);
  at("answer").replaceChildren(...parts.filter(Boolean));
  at("announce").textContent = `${at("answer").querySelector(".kicker").textContent}: ${at("answer").querySelector("h2").textContent}.`;
  // Once it is laid out: to ask where it is now would have that done twice.
  requestAnimationFrame(() => at("answer").querySelector(".verdict")?.scrollIntoView({ block: "nearest" }));
}

function clear() {
  files.clear();
  at("problems").replaceChildren();
  at("moment").value = "";
  at("chooser").focus();
  return show();
}

function example() {
  const { base } = JSON.parse(at("example").textContent);
  const hex = base.presentation.hex.match(/../g).map((digits) => parseInt(digits, 16));
  for (const kind of ["settings", "bundle", "request"]) {
    files.set(kind, { name: `${kind}.json (example)`, bytes: new TextEncoder().encode(base[kind]) });
  }
  files.set("presentation", { name: "presentation.bin (example)", bytes: Uint8Array.from(hex) });
  at("problems").replaceChildren();
  at("moment").value = new Date(base.now * 1000).toISOString().slice(0, 19);
  return show();
}

// What goes wrong unforeseen is said where it is seen.
function guarded(does) {
  return async (...given) => {
    try {
      await does(...given);
    } catch (error) {
      at("problems").replaceChildren(element("li", {}, `This page failed: ${error.message}`));
    }
  };
}

at("chooser").addEventListener("change", guarded(async ({ target }) => {
  const list = [...target.files];
  // The same file may be chosen again, once it was mended.
  target.value = "";
  await take(list);
}));
at("try").addEventListener("click", guarded(example));
at("clear").addEventListener("click", guarded(clear));
at("moment").addEventListener("change", guarded(show));
// The browser takes longer to make such a field than to unpack the verifier, and few need it.
(globalThis.requestIdleCallback ?? setTimeout)(() => (at("moment").type = "datetime-local"));
at("present").addEventListener("click", guarded(() => {
  at("moment").value = "";
  return show();
}));

let over = 0;
const mark = (change) => at("drop").classList.toggle("over", (over = Math.max(0, over + change)) > 0);
addEventListener("dragenter", () => mark(1));
addEventListener("dragleave", () => mark(-1));
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", guarded((event) => {
  event.preventDefault();
  mark(-over);
  return take([...event.dataTransfer.files]);
}));

guarded(show)();
