// The page in a real Chromium, from the disk, and the files that are given to it.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { partsOf } from "../../../verifier/bindings/wasm/parts.mjs";

export const PAGE = pathToFileURL(process.env.MEDPROOF_PAGE).href;
export const { base, vectors } = JSON.parse(readFileSync(new URL("../../../tests/vectors/v1/verification.json", import.meta.url), "utf8"));

const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A browser of its own, which leaves nothing behind. */
export async function start(options = {}) {
  const folder = mkdtempSync(join(tmpdir(), "medproof-chromium-"));
  const executablePath = process.env.MEDPROOF_CHROMIUM ?? "/usr/bin/chromium";
  const context = await chromium.launchPersistentContext(folder, { executablePath, headless: true, args: ARGUMENTS, ...options });
  const close = async () => {
    await context.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { context, close };
}

/** The page, and what it did that it must not: requests, messages of the console, errors. */
export async function open(context) {
  const page = await context.newPage();
  const noticed = [];
  page.on("request", (request) => {
    // The page itself, and its icon, which stands in it.
    if (request.url() !== PAGE && !request.url().startsWith("data:image/svg+xml,")) noticed.push(`request: ${request.url().slice(0, 200)}`);
  });
  page.on("console", (message) => noticed.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => noticed.push(`error: ${error.message}`));
  await page.goto(PAGE);
  return { page, noticed };
}

/** A vector's files as they are chosen: by names that say nothing of what they are. */
export function filesOf(vector, without = []) {
  const parts = partsOf(vector, base);
  const kinds = ["presentation", "request", "bundle", "settings"].filter((kind) => !without.includes(kind));
  const mimeType = "application/octet-stream";
  return kinds.map((kind, place) => ({ name: `file-${place}`, mimeType, buffer: parts[kind] }));
}

/** Sets the moment, then chooses files. */
export async function give(page, files, now = base.now) {
  await page.locator("#moment").evaluate((input, value) => {
    input.value = value;
  }, new Date(now * 1000).toISOString().slice(0, 19));
  await page.locator("#chooser").setInputFiles(files);
}
