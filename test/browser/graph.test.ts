import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { html } from "../../ops/graph/html";
import { draw, type Picture } from "../../ops/graph/picture";
import { meshView } from "../../testing/pictures";
import { launchChromium } from "./chromium";

let browser: Browser;
let folder: string;
beforeAll(async () => {
  browser = await launchChromium();
  folder = mkdtempSync(join(tmpdir(), "linkerd-fleet-page-"));
});
afterAll(async () => {
  await browser?.close();
  if (folder) rmSync(folder, { recursive: true });
});

/** The page as a person opens it, and everything it complains of or asks the network for. */
async function open(picture: Picture): Promise<{ page: Page; trouble: string[] }> {
  const file = join(folder, "fleet.html");
  writeFileSync(file, html(picture));
  const page = await browser.newPage();
  const trouble: string[] = [];
  page.on("console", (message) => trouble.push(message.text()));
  page.on("pageerror", (error) => trouble.push(error.message));
  page.on("request", (request) => {
    if (request.url() !== pathToFileURL(file).href) trouble.push(request.url());
  });
  await page.goto(pathToFileURL(file).href);
  return { page, trouble };
}

/** Titles of the boxes that are not faded. */
function clear(page: Page): Promise<string[]> {
  return page.locator(".box:not(.faded) .title").allTextContents();
}

type Place = NonNullable<Awaited<ReturnType<Locator["boundingBox"]>>>;

async function placesOf(of: Locator): Promise<Place[]> {
  const places = await Promise.all((await of.all()).map((one) => one.boundingBox()));
  return places.flatMap((place) => place ?? []);
}

function isWithin(a: Place, b: Place): boolean {
  return a.x >= b.x && a.y >= b.y && a.x + a.width <= b.x + b.width && a.y + a.height <= b.y + b.height;
}

function meet(a: Place, b: Place): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

describe("the page of a fleet", () => {
  it("shows only what a chosen service crosses, and everything again", async () => {
    const { page, trouble } = await open(draw(meshView(3, 3)));
    expect(await clear(page)).toEqual(["c001", "c002", "c003"]);

    await page.getByRole("combobox", { name: "Service" }).selectOption("ops/logs");
    expect(await clear(page)).toEqual(["c001"]);
    expect(await page.locator(".line:not(.faded)").count()).toBe(2);
    expect(await page.locator(".line.faded").count()).toBe(1);
    expect(await page.locator(".service:not(.faded)").allTextContents()).toEqual([
      "ops/logs (gateway) ← the gateway",
    ]);

    await page.getByRole("combobox", { name: "Service" }).selectOption("all");
    expect(await clear(page)).toEqual(["c001", "c002", "c003"]);
    expect(trouble).toEqual([]);
  });

  it("tells all of a cluster and of a link that one points at or comes to by the keyboard", async () => {
    const { page, trouble } = await open(draw(meshView(3, 3)));
    const details = page.locator("aside");
    const hint = await details.textContent();

    await page.locator(".box", { hasText: "c001" }).hover();
    expect(await details.textContent()).toContain(
      "linkerd-gateway.linkerd-multicluster.serviceaccount.identity",
    );
    await page.mouse.move(0, 0);
    expect(await details.textContent()).toBe(hint);

    await page.locator(".line").first().focus();
    expect(await details.textContent()).toMatch(/c001 → c002\nc002 → c001\n.*gateway.*, active/);
    expect(trouble).toEqual([]);
  });

  it.each<[string, Picture]>([
    ["3 clusters", draw(meshView(3, 3))],
    ["12 clusters of 4 regions", draw(meshView(12, 4))],
    ["100 clusters of 10 regions", draw(meshView(100, 10))],
    ["the 101st cluster being added", draw(meshView(101, 10), meshView(100, 10))],
  ])("can be read with %s: every text is inside its box, and none covers another", async (_, picture) => {
    const { page, trouble } = await open(picture);
    const boxes = await page.locator(".box").all();
    for (const box of boxes) {
      const [frame] = await placesOf(box.locator("rect"));
      for (const text of await placesOf(box.locator("text")))
        expect(frame && isWithin(text, frame)).toBe(true);
    }
    const texts = await placesOf(page.locator("svg text"));
    expect(texts.length).toBeGreaterThan(2 * boxes.length);
    expect(texts.filter((one, at) => texts.slice(at + 1).some((other) => meet(one, other)))).toEqual([]);
    expect(trouble).toEqual([]);
    await page.close();
  });
});
