// The page, as people use it: in a real Chromium, from the disk.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { PAGE, base, filesOf, give, open, start, vectors } from "./chromium.mjs";

const AXE = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

let browser;
before(async () => {
  browser = await start();
});
after(() => browser.close());

const first = (code) => vectors.find(({ expect }) => expect === code);
const text = (page, selector) => page.locator(selector).innerText();

// Opens the page, does what is said, and holds that nothing was asked of any server and nothing was complained about.
async function visit(does, context = browser.context) {
  const { page, noticed } = await open(context);
  try {
    await does(page);
    assert.deepEqual(noticed, []);
  } finally {
    await page.close();
  }
}

async function verdict(page) {
  await page.locator(".verdict").waitFor();
  return { kicker: await text(page, ".kicker"), title: await text(page, ".verdict h2"), chain: await states(page) };
}

const states = (page) => page.locator(".chain li").evaluateAll((steps) => steps.map((step) => step.className));
const GOOD = ["good", "good", "good", "good", "good"];

test("what was proved is said in words: by whom, as of when, against which block", () =>
  visit(async (page) => {
    await give(page, filesOf({}));
    assert.deepEqual(await verdict(page), { kicker: "Proved", title: "Adult", chain: GOOD });
    const answer = await text(page, "#answer");
    const said = [
      "The patient is at least 18 completed years old, so born on or before 2003-04-01.",
      "0x1111111111111111111111111111111111111111",
      "as of 1 April 2021",
      "77, 1 April 2021 at 17:59:50 UTC",
      "trial 7: research (HRESCH)",
      "1 April 2021 at 18:01:00 UTC",
      "cannot know whether the same person has answered before",
      "0x00000000000000000000000000000000000000000000000000000000000004d2",
      "Who the patient is",
    ];
    for (const line of said) assert.ok(answer.includes(line), `${line} is not in\n${answer}`);
    assert.equal(await text(page, "#announce"), "Proved: Adult.");
  }));

test("files may come one by one, in any order, and be replaced", () =>
  visit(async (page) => {
    const files = filesOf({});
    for (const [place, file] of files.entries()) {
      assert.equal(await page.locator(".slots .missing").count(), 4 - place);
      await give(page, [file]);
      await page.locator(".slots .given").nth(place).waitFor();
    }
    assert.equal((await verdict(page)).kicker, "Proved");
    await give(page, filesOf(first("presentation.proof"), ["settings", "bundle", "request"]));
    await page.locator(".verdict.bad").waitFor();
    assert.equal((await verdict(page)).title, "The proof does not hold");
    await page.locator("#clear").click();
    assert.equal(await page.locator(".verdict").count(), 0);
    assert.equal(await page.locator(".slots .missing").count(), 4);
  }));

test("the example is a good one", () =>
  visit(async (page) => {
    await page.locator("#try").click();
    assert.deepEqual(await verdict(page), { kicker: "Proved", title: "Adult", chain: GOOD });
  }));

// A refusal of each kind, and at which of the five steps the chain breaks. What comes after was not reached.
const REFUSED = {
  "bundle.signer": "bad open open open open",
  "request.expired": "good bad open open open",
  "request.audience": "good bad open open open",
  "key.unknown": "good bad open open open",
  "key.development": "good bad open open open",
  "key.presentation": "good good bad open open",
  "presentation.policy": "good good bad open open",
  "presentation.request": "good good bad open open",
  "presentation.proof": "good good bad open open",
  // It could not be read, and so the question's terms were not compared.
  "presentation.input": "good open bad open open",
  "point.outside_subgroup": "good open bad open open",
  "ledger.view_expired": "good good good bad open",
  "ledger.paused": "good good good bad open",
  "key.revoked": "good good good bad open",
  "root.unknown": "good good good bad open",
  "issuer.suspended": "good good good bad open",
  "consent.revoked": "good good good good bad",
};

test("a refusal of each kind is said with its code, and shown where it stands", () =>
  visit(async (page) => {
    for (const [code, chain] of Object.entries(REFUSED)) {
      const vector = first(code);
      await page.locator("#clear").evaluate((button) => button.click());
      await give(page, filesOf(vector), vector.now ?? base.now);
      const found = await verdict(page);
      assert.equal(found.kicker, "Not proved", code);
      assert.equal(found.chain.join(" "), chain, code);
      assert.equal(await text(page, ".verdict .code code"), code);
      assert.match(await text(page, "#announce"), /^Not proved: ./);
    }
  }));

test("every vector that the page can be given gets its answer", () =>
  visit(async (page) => {
    // Files that are none of the four kinds any more are refused before. Claims are the request's, and never another.
    let given = 0;
    const isOther = ({ claim, expect }) => claim !== undefined || ["request.other_claim", "now"].includes(expect);
    for (const vector of vectors.filter((one) => !isOther(one) && !JSON.stringify(one).includes('"times"'))) {
      await page.locator("#clear").evaluate((button) => button.click());
      await give(page, filesOf(vector), vector.now ?? base.now);
      await page.locator(".verdict, #problems li, #announce:text('Still missing')").first().waitFor({ state: "attached" });
      if ((await page.locator(".verdict").count()) === 0) continue;
      given += 1;
      const code = (await page.locator(".verdict .code code").count()) > 0 ? await text(page, ".verdict .code code") : "ok";
      assert.equal(code, vector.expect, vector.name);
    }
    assert.ok(given >= 200, String(given));
  }));

test("a message's seconds are said as times", () =>
  visit(async (page) => {
    const vector = first("root.superseded");
    await give(page, filesOf(vector), vector.now ?? base.now);
    await verdict(page);
    assert.match(await text(page, ".verdict .facts"), /1617300060\s+1 April 2021 at 18:01:00 UTC/);
  }));

test("a development key is shouted about", async () => {
  const { page, noticed } = await open(browser.context);
  // No development key's proof is among the vectors: the answer to a good one is changed on its way to the page.
  await page.addInitScript(() => {
    const parse = JSON.parse;
    JSON.parse = (text) => {
      const value = parse(text);
      if (value?.verified) value.verified.development = true;
      return value;
    };
  });
  await page.reload();
  await give(page, filesOf({}));
  assert.equal((await verdict(page)).kicker, "Checked, under a development key");
  assert.match(await text(page, ".development"), /^Evidence of nothing\./);
  assert.equal(await page.locator(".verdict.good").count(), 0);
  assert.match(await text(page, "#announce"), /development/);
  assert.deepEqual(noticed, []);
  await page.close();
});

test("what is no such file is named, with what is wrong and where", () =>
  visit(async (page) => {
    const file = (name, content) => ({ name, mimeType: "text/plain", buffer: Buffer.from(content) });
    const cases = [
      [file("a.json", '{"type":"medproof/request",\n  "version" 1}'), /^a\.json is damaged: .*line 2, column \d+/],
      [file("b.json", '{"type":"medproof/consent","version":1}'), /^b\.json is not one of these files: .*found one of type “medproof\/consent”/],
      [file("c.json", base.claim), /^c\.json is a claim: it is not needed here/],
      [file("d.pdf", "%PDF-1.7 a letter of another kind"), /^d\.pdf is not one of these files: .*321 bytes; found 33 bytes/],
      [file("e.json", ""), /^e\.json is empty/],
      [file("f.json", "[]"), /^f\.json .*found one without a type/],
      [file("<b>g.json", "\xff{"), /^<b>g\.json is not one/],
    ];
    for (const [one, message] of cases) {
      await give(page, [one]);
      await page.locator("#problems li").filter({ hasText: one.name }).waitFor();
      assert.match(await text(page, "#problems"), message);
    }
    // One bad file does not cost the others.
    await give(page, [...filesOf({}), file("h.txt", "hello")]);
    assert.equal((await verdict(page)).kicker, "Proved");
    assert.match(await text(page, "#problems"), /^h\.txt/);
  }));

test("files are dropped anywhere", () =>
  visit(async (page) => {
    await give(page, []);
    const dropped = filesOf({}).map(({ name, buffer }) => ({ name, bytes: [...buffer] }));
    await page.evaluate((list) => {
      const transfer = new DataTransfer();
      for (const { name, bytes } of list) transfer.items.add(new File([Uint8Array.from(bytes)], name));
      const at = document.querySelector("h1");
      for (const kind of ["dragenter", "dragover", "drop"]) at.dispatchEvent(new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }));
    }, dropped);
    assert.equal((await verdict(page)).kicker, "Proved");
    assert.equal(await page.locator(".over").count(), 0);
  }));

test("the keyboard alone is enough", () =>
  visit(async (page) => {
    const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.getAttribute("aria-label") || document.activeElement.className || document.activeElement.tagName);
    const tab = async () => {
      await page.keyboard.press("Tab");
      return focused();
    };
    assert.equal(await tab(), "skip");
    assert.equal(await tab(), "chooser");
    // Keys go another way into the browser than the message by which the chooser is ours: only once the page, which gets that message
    // first, has answered, is it in place.
    const chooser = page.waitForEvent("filechooser");
    assert.equal(await focused(), "chooser");
    await page.keyboard.press("Enter");
    await (await chooser).setFiles(filesOf({}, ["request"]));
    await page.locator(".slots .given").nth(2).waitFor();
    assert.equal(await tab(), "try");
    await page.keyboard.press("Enter");
    await verdict(page);
    assert.equal(await tab(), "clear");
    assert.equal(await tab(), "SUMMARY");
    await page.keyboard.press("Enter");
    assert.equal(await tab(), "moment");
    // The parts of a date and a time, and the picker's button, are its browser's.
    for (let part = 0; (await focused()) === "moment" && part < 10; part += 1) await page.keyboard.press("Tab");
    assert.equal(await focused(), "present");
    assert.match(await tab(), /^nullifier 0x/);
    assert.equal(await tab(), "Copy nullifier");
    await page.keyboard.press("Space");
    await page.locator("button", { hasText: /Copied|Selected/ }).waitFor();
    assert.match(await tab(), /^scope 0x/);
    assert.equal(await tab(), "Copy scope");
    assert.equal(await tab(), "SUMMARY");
    await page.keyboard.press("Space");
    assert.equal(await tab(), "The answer as JSON");
    for (let back = 0; (await focused()) !== "clear" && back < 30; back += 1) await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Enter");
    assert.equal(await focused(), "chooser");
    assert.equal(await page.locator(".verdict").count(), 0);
  }));

for (const colorScheme of ["light", "dark"]) {
  for (const width of [1200, 360]) {
    test(`axe finds nothing, and nothing overflows: ${colorScheme}, ${width} pixels wide`, () =>
      visit(async (page) => {
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        await page.setViewportSize({ width, height: 800 });
        const sound = async (what) => {
          assert.deepEqual(await faults(page), [], what);
          assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, what);
        };
        await sound("empty");
        await give(page, [{ name: "no.txt", mimeType: "text/plain", buffer: Buffer.from("no") }]);
        await page.locator("#problems li").waitFor();
        await sound("a problem");
        await give(page, filesOf({}));
        await verdict(page);
        for (const closed of await page.locator("summary").all()) await closed.click();
        await sound("proved");
        await give(page, filesOf(first("root.unknown"), ["settings"]));
        await page.locator(".verdict.bad").waitFor();
        await sound("not proved");
      }));
  }
}

// By the protocol of developer tools, which the page's policy does not bind.
async function faults(page) {
  const session = await page.context().newCDPSession(page);
  const evaluate = async (expression) => {
    const { result, exceptionDetails } = await session.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true, allowUnsafeEvalBlockedByCSP: true });
    assert.equal(exceptionDetails, undefined, JSON.stringify(exceptionDetails));
    return result.value;
  };
  await evaluate(AXE);
  return evaluate("axe.run().then(({ violations }) => violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`))");
}

test("the policy holds: no connection, no other script, no markup from text", async () => {
  const { page } = await open(browser.context);
  const left = [];
  // A request that the policy stops never begins.
  page.on("request", (request) => left.push(request.url()));
  const tried = await page.evaluate(async () => {
    const violations = [];
    document.addEventListener("securitypolicyviolation", ({ effectiveDirective }) => violations.push(effectiveDirective));
    const refused = [];
    const attempt = async (name, does) => {
      try {
        await does();
      } catch {
        refused.push(name);
      }
    };
    await attempt("fetch", () => fetch("https://medproof.example/"));
    await attempt("markup", () => document.body.insertAdjacentHTML("beforeend", "<b>no</b>"));
    // Later, since what developer tools evaluate may evaluate.
    await attempt("eval", () => new Promise((done, failed) => {
      setTimeout(() => {
        try {
          done((0, eval)("1"));
        } catch (error) {
          failed(error);
        }
      });
    }));
    const script = document.createElement("script");
    await attempt("script", () => (script.text = "globalThis.ran = true"));
    script.append("globalThis.ran = true");
    await attempt("run", () => document.body.append(script));
    await new Promise((done) => setTimeout(done, 50));
    return { refused, violations, ran: globalThis.ran === true };
  });
  await page.close();
  for (const name of ["fetch", "markup", "eval", "script"]) assert.ok(tried.refused.includes(name), `${name} was not refused`);
  assert.ok(tried.violations.includes("connect-src"), tried.violations.join());
  assert.equal(tried.ran, false);
  assert.deepEqual(left, []);
});

test("the page is opened from the disk, and the browser may be offline", async () => {
  assert.match(PAGE, /^file:/);
  await browser.context.setOffline(true);
  try {
    await visit(async (page) => {
      await page.locator("#try").click();
      assert.equal((await verdict(page)).kicker, "Proved");
    });
  } finally {
    await browser.context.setOffline(false);
  }
});
