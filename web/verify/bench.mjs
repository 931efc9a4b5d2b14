// node bench.mjs: how soon package and page have their first answer, and how long a verification takes in Chromium after that.

import { createServer } from "node:http";
import { gzipSync } from "node:zlib";
import { readFileSync } from "node:fs";
import { open, start, base } from "./tests/chromium.mjs";

const PACKAGE = new URL("../../verifier/bindings/wasm/", import.meta.url);
const COLD = 12;
// Until a browser has started, whose own work is not the page's.
const SETTLED = 2000;
const WARM = 300;

const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
const row = (name, times) => {
  const sorted = [...times].sort((a, b) => a - b);
  return [name, ...[0.1, 0.5, 0.9].map((q) => `${quantile(sorted, q).toFixed(1)} ms`)];
};

const settled = () => new Promise((done) => setTimeout(done, SETTLED));

// From nothing: a browser without a cache for each, from the start of the navigation until the answer stands in the page, and until the
// frame after that.
async function cold() {
  const [answered, painted] = [[], []];
  for (let run = 0; run < COLD; run += 1) {
    const { context, close } = await start();
    await context.addInitScript(() => {
      addEventListener("DOMContentLoaded", () => {
        new MutationObserver(() => {
          if (globalThis.answered || !document.querySelector(".verdict")) return;
          globalThis.answered = performance.now();
          requestAnimationFrame(() => setTimeout(() => (globalThis.painted = performance.now())));
        }).observe(document.body, { childList: true, subtree: true });
        document.getElementById("try").click();
      });
    });
    await settled();
    const { page } = await open(context);
    await page.waitForFunction(() => globalThis.painted);
    const times = await page.evaluate(() => [globalThis.answered, globalThis.painted]);
    answered.push(times[0]);
    painted.push(times[1]);
    await close();
  }
  return { answered, painted };
}

// The package as a partner's site has it: a server's files, compressed, in a browser without a cache for each. From the first byte that is
// asked for until the first answer: script, module, compiling, settings, bundle and a verification.
async function loaded() {
  const { origin, stop } = await serve();
  const times = [];
  for (let run = 0; run < COLD; run += 1) {
    const { context, close } = await start();
    const page = await context.newPage();
    await page.goto(origin);
    await settled();
    const time = await page.evaluate(async ({ base }) => {
      const presentation = Uint8Array.from(base.presentation.hex.match(/../g), (digits) => parseInt(digits, 16));
      const start = performance.now();
      const { Verifier } = await import("./browser.js");
      const verifier = await Verifier.open(base);
      verifier.verify({ ...base, presentation });
      return performance.now() - start;
    }, { base });
    times.push(time);
    await close();
  }
  await stop();
  return times;
}

const TYPES = { html: "text/html", js: "text/javascript", wasm: "application/wasm" };

// On loopback, and only what the package has.
async function serve() {
  const files = new Map([["/", ["html", gzipSync("<!doctype html><title>A partner's page</title>")]]]);
  for (const name of ["browser.js", "verifier.js", "medproof.wasm"]) {
    files.set(`/${name}`, [name.split(".").pop(), gzipSync(readFileSync(new URL(name, PACKAGE)), { level: 9 })]);
  }
  const server = createServer(({ url }, response) => {
    const [kind, bytes] = files.get(url) ?? [];
    response.writeHead(bytes ? 200 : 404, { "content-type": TYPES[kind] ?? "text/plain", "content-encoding": bytes ? "gzip" : "identity" });
    response.end(bytes);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const stop = () => {
    server.closeAllConnections();
    return new Promise((done) => server.close(done));
  };
  return { origin: `http://127.0.0.1:${server.address().port}/`, stop };
}

// The package's own way into the module, in a page of its own, once the engine has its best code.
async function warm(wasm) {
  const { context, close } = await start();
  const page = await context.newPage();
  const core = readFileSync(new URL("verifier.js", PACKAGE), "utf8").replace(/^export /gm, "");
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

const wasm = readFileSync(new URL("medproof.wasm", PACKAGE));
const page = readFileSync(process.env.MEDPROOF_PAGE);
const size = (bytes) => [`${(bytes.length / 1000).toFixed(1)} kB`, `${(gzipSync(bytes, { level: 9 }).length / 1000).toFixed(1)} kB`];
const { compile, opening, times } = await warm(wasm);
const { answered, painted } = await cold();
const tables = [
  [["Size", "as it is", "after gzip"], ["medproof.wasm", ...size(wasm)], ["the page, one file", ...size(page)]],
  [
    ["In Chromium", "10 %", "median", "90 %"],
    row("from a cold load of the package to its first answer", await loaded()),
    row("from a cold start of the page to its first answer", answered),
    row("until that is painted", painted),
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
