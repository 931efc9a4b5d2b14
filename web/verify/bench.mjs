// node bench.mjs: how soon the page has its first answer, and how long a verification takes in Chromium after that.

import { gzipSync } from "node:zlib";
import { readFileSync } from "node:fs";
import { open, start, base } from "./tests/chromium.mjs";

const COLD = 12;
const WARM = 300;

const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
const row = (name, times) => {
  const sorted = [...times].sort((a, b) => a - b);
  return [name, ...[0.1, 0.5, 0.9].map((q) => `${quantile(sorted, q).toFixed(1)} ms`)];
};

// From nothing: a browser without a cache for each, from the start of the navigation until the answer stands in the page.
async function cold() {
  const times = [];
  for (let run = 0; run < COLD; run += 1) {
    const { context, close } = await start();
    await context.addInitScript(() => {
      addEventListener("DOMContentLoaded", () => {
        new MutationObserver(() => {
          if (document.querySelector(".verdict")) globalThis.answered ??= performance.now();
        }).observe(document.body, { childList: true, subtree: true });
        document.getElementById("try").click();
      });
    });
    const { page } = await open(context);
    await page.waitForFunction(() => globalThis.answered);
    times.push(await page.evaluate(() => globalThis.answered));
    await close();
  }
  return times;
}

// The package's own way into the module, in a page of its own, once the engine has its best code.
async function warm(wasm) {
  const { context, close } = await start();
  const page = await context.newPage();
  const core = readFileSync(new URL("../../verifier/bindings/wasm/verifier.js", import.meta.url), "utf8").replace(/^export /gm, "");
  const found = await page.evaluate(
    async ({ core, wasm, base, runs }) => {
      const { Verifier } = new Function(`${core}; return { Verifier }`)();
      const bytes = Uint8Array.from(atob(wasm), (letter) => letter.charCodeAt(0));
      const clock = async (does) => {
        const start = performance.now();
        const value = await does();
        return [performance.now() - start, value];
      };
      const presentation = Uint8Array.from(base.presentation.hex.match(/../g), (digits) => parseInt(digits, 16));
      const [compile, module] = await clock(() => WebAssembly.compile(bytes));
      const [opening, verifier] = await clock(() => Verifier.open({ ...base, wasm: module }));
      const times = [];
      for (let run = 0; run < runs; run += 1) {
        times.push((await clock(() => verifier.verify({ ...base, presentation })))[0]);
        await new Promise((done) => setTimeout(done));
      }
      return { compile, opening, times };
    },
    { core, wasm: wasm.toString("base64"), base, runs: WARM },
  );
  await close();
  return found;
}

const wasm = readFileSync(new URL("../../verifier/bindings/wasm/medproof.wasm", import.meta.url));
const page = readFileSync(process.env.MEDPROOF_PAGE);
const size = (bytes) => [`${(bytes.length / 1000).toFixed(1)} kB`, `${(gzipSync(bytes, { level: 9 }).length / 1000).toFixed(1)} kB`];
const { compile, opening, times } = await warm(wasm);
const tables = [
  [["Size", "as it is", "after gzip"], ["medproof.wasm", ...size(wasm)], ["the page, one file", ...size(page)]],
  [
    ["In Chromium", "10 %", "median", "90 %"],
    row("from a cold start of the page to its first answer", await cold()),
    row("the first verification, key prepared", times.slice(0, 1)),
    row("a verification, after 100", times.slice(100)),
    row("opening settings and bundle", [opening]),
    row("compiling the module", [compile]),
  ],
];
for (const [head, ...rows] of tables) {
  console.log(`\n| ${head.join(" | ")} |\n|${head.map(() => "---").join("|")}|`);
  for (const cells of rows) console.log(`| ${cells.join(" | ")} |`);
}
