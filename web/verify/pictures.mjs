// node pictures.mjs FOLDER: the page as people see it, empty, with a good answer and with refusals, light and dark, wide and narrow;
// the whole page, and its top as this folder's README has it.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { filesOf, give, open, start, vectors } from "./tests/chromium.mjs";

const [folder] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });

const refused = (code) => (page) => give(page, filesOf(vectors.find(({ expect }) => expect === code)));
const DESKTOP = { viewport: { width: 1100, height: 1000 } };
const PHONE = { viewport: { width: 360, height: 1280 } };
const PICTURES = {
  empty: [DESKTOP, () => {}],
  proved: [DESKTOP, (page) => page.locator("#try").click()],
  "not-proved": [DESKTOP, refused("root.superseded")],
  "proved-phone": [PHONE, (page) => page.locator("#try").click()],
  "not-proved-phone": [PHONE, refused("presentation.proof")],
};

for (const [name, [size, does]] of Object.entries(PICTURES)) {
  for (const colorScheme of ["light", "dark"]) {
    const { context, close } = await start({ ...size, colorScheme, reducedMotion: "reduce" });
    const { page } = await open(context);
    await does(page);
    if (name !== "empty") await page.locator(".verdict").waitFor();
    await page.evaluate(() => scrollTo(0, 0));
    for (const [end, fullPage] of [["", true], ["-top", false]]) {
      const path = join(folder, `${name}-${colorScheme}${end}.png`);
      await page.screenshot({ path, fullPage });
      console.log(path);
    }
    await close();
  }
}
