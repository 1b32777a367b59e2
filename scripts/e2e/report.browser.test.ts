import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hostileReport } from "../../simulator/report/hostile-report.test-kit.ts";
import { plotsOf } from "../../simulator/report/plots.ts";
import { toHtml } from "../../simulator/report/to-html.ts";
import { findOnPath } from "./find-on-path.test-kit.ts";

const browserPath = findOnPath(["chromium", "chromium-browser", "google-chrome"]);

/** Fewer marks than this are no picture: axes alone. */
const LEAST_MARKS = 3;

describe.skipIf(!browserPath)("the report in a browser (npm run test:browser installs one)", () => {
  let browser: Browser;
  let page: Page;
  let folder: string;
  let names: string[];
  const said: string[] = [];
  const asked: string[] = [];

  beforeAll(async () => {
    const report = await hostileReport();
    names = plotsOf(report).map(({ name }) => name);
    folder = mkdtempSync(join(tmpdir(), "subforge-report-"));
    const file = join(folder, "index.html");
    writeFileSync(file, toHtml(report));
    // The page is our own and nothing it shows may run: inside a container there is no sandbox to have.
    browser = await chromium.launch({ executablePath: browserPath!, args: ["--no-sandbox"] });
    page = await browser.newPage({ viewport: { width: 1_000, height: 900 } });
    page.on("console", (message) => said.push(message.text()));
    page.on("pageerror", (error) => said.push(String(error)));
    page.on("request", (request) => asked.push(request.url()));
    await page.goto(pathToFileURL(file).href);
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("has drawn every plot: marks, and pixels that are not its background", async () => {
    expect(names.length).toBeGreaterThanOrEqual(5);
    for (const name of names) {
      const plot = page.locator(`#${name} svg`);
      expect(await plot.locator("path, rect, circle, line, polygon").count(), name).toBeGreaterThan(
        LEAST_MARKS,
      );
      const picture = await plot.screenshot();
      expect(await countColours(browser, picture), name).toBeGreaterThan(LEAST_MARKS);
    }
  });

  it("shows names as text: none of them became markup, ran, or asked for anything", async () => {
    expect(await page.locator("img, script, iframe, object, link").count()).toBe(0);
    expect(await page.title()).toContain("<img");
    expect(await page.locator("body").textContent()).toContain("<img src=x");
    expect(said).toEqual([]);
    expect(asked).toHaveLength(1); // itself
  });

  it("fits a narrow screen, and is legible in the dark", async () => {
    await page.setViewportSize({ width: 380, height: 800 });
    const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
    expect(overflow).toBeLessThanOrEqual(0);
    const background = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
    const light = await background();
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await background()).not.toBe(light);
  });
});

/** Different colours in a picture, counted by the browser that took it, on a page of its own. */
async function countColours(browser: Browser, png: Buffer): Promise<number> {
  const canvas = await browser.newPage();
  try {
    return (await canvas.evaluate(`(async () => {
      const bytes = Uint8Array.from(atob("${png.toString("base64")}"), (c) => c.charCodeAt(0));
      const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
      const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
      context.drawImage(image, 0, 0);
      const { data } = context.getImageData(0, 0, image.width, image.height);
      return new Set(new Uint32Array(data.buffer)).size;
    })()`)) as number;
  } finally {
    await canvas.close();
  }
}
