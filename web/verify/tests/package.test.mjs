// The npm package in a browser, as a static server gives it that knows nothing of WebAssembly.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { base, start } from "./chromium.mjs";

const FILES = new URL("../../../verifier/bindings/wasm/", import.meta.url);

let browser;
let server;
let withoutModule = false;
before(async () => {
  server = createServer(async ({ url }, response) => {
    const name = url.slice(1);
    if (name === "") return response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>Package</title>");
    if (!["browser.js", "verifier.js", "medproof.wasm"].includes(name) || (withoutModule && name === "medproof.wasm")) {
      return response.writeHead(404).end();
    }
    const type = name.endsWith(".js") ? "text/javascript" : "application/octet-stream";
    response.writeHead(200, { "content-type": type }).end(await readFile(new URL(name, FILES)));
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  browser = await start();
});
after(async () => {
  await browser.close();
  server.close();
});

// Imports the package in a page, verifies the vectors' good presentation, and another.
async function inPage() {
  const page = await browser.context.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const found = await page.evaluate(async (base) => {
    const { RefusedError, Verifier } = await import("/browser.js");
    const presentation = Uint8Array.from(base.presentation.hex.match(/../g), (digits) => parseInt(digits, 16));
    try {
      const verifier = await Verifier.open(base);
      const { shown } = verifier.verify({ ...base, presentation });
      // The last bit of the registry's root.
      presentation[192] ^= 1;
      verifier.verify({ ...base, presentation });
      return { shown, isRefused: false };
    } catch (error) {
      return { isRefused: error instanceof RefusedError, code: error.code, message: error.message };
    }
  }, base);
  await page.close();
  return found;
}

test("the package verifies in a browser, and refuses", async () => {
  const { isRefused, code } = await inPage();
  assert.deepEqual({ isRefused, code }, { isRefused: true, code: "presentation.proof" });
});

test("a module that is not there is missed by its address", async () => {
  withoutModule = true;
  try {
    const { isRefused, message } = await inPage();
    assert.equal(isRefused, false);
    assert.match(message, /^expected the verifier's module at http:\/\/127\.0\.0\.1:\d+\/medproof\.wasm, found status 404/);
  } finally {
    withoutModule = false;
  }
});
