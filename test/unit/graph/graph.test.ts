import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { planFleet } from "../../../fleet/plan";
import { fleet } from "../../../ops/cli";
import { layOut, type Rect } from "../../../ops/graph/layout";
import { mermaid } from "../../../ops/graph/mermaid";
import { draw, type Picture } from "../../../ops/graph/picture";
import { svg } from "../../../ops/graph/svg";
import { type View, viewOfPlan } from "../../../ops/graph/view";
import { boxDetails, rowsOf } from "../../../ops/graph/words";
import { configOf, type FleetInput, fleetInputs } from "../../../testing/arbitraries";
import { soundFleet } from "../../../testing/mistakes/sound";
import { meshView } from "../../../testing/pictures";
import { printed } from "../../../testing/printed";

const views = (maxClusters: number) =>
  fleetInputs({ maxClusters }).map((input) => viewOfPlan(planFleet(configOf(input))));

const boxesOf = ({ groups }: Picture) => groups.flatMap(({ boxes }) => boxes);
const nameOf = ({ source, target }: { source: string; target: string }) => `${source} → ${target}`;

describe("a picture", () => {
  it("holds every cluster once, and every link between two boxes once", () => {
    fc.assert(
      fc.property(views(16), (view) => {
        const picture = draw(view);
        const boxes = boxesOf(picture);
        expect(boxes.flatMap(({ clusters }) => clusters).sort()).toEqual(Object.keys(view.clusters).sort());
        const boxOf = (cluster: string) => boxes.find(({ clusters }) => clusters.includes(cluster))?.id;
        const between = view.links.filter(({ source, target }) => boxOf(source) !== boxOf(target));
        expect(picture.lines.flatMap(({ links }) => links.map(nameOf)).sort()).toEqual(
          between.map(nameOf).sort(),
        );
        expect([...boxes, ...picture.lines].every(({ mark }) => mark === "same")).toBe(true);
      }),
    );
  });

  it("tells the service and the callers of every cluster that exports one", () => {
    fc.assert(
      fc.property(views(6), (view) => {
        const told = boxesOf(draw(view)).flatMap(({ id, services }) =>
          services.flatMap(({ service, callers }) => [service, ...callers].map((it) => `${id} ${it}`)),
        );
        const meant = view.services.flatMap(({ namespace, name, clusters, callers }) =>
          clusters.flatMap((id) => [`${namespace}/${name}`, ...callers].map((it) => `${id} ${it}`)),
        );
        expect(new Set(told)).toEqual(new Set(meant));
      }),
    );
  });

  it("names the clusters that a service is for, shows it on their links alone, and marks a change of them", () => {
    const of = (to: string[]) => {
      const input = soundFleet();
      input.services[0] = { ...input.services[0], in: ["us"], to };
      return viewOfPlan(planFleet(configOf(input as FleetInput)));
    };
    const picture = draw(of(["eu"]), of(["eu", "apac"]));
    const [us] = boxesOf(picture).filter(({ id }) => id === "us");
    expect(us && rowsOf(us).map(({ text }) => text)).toContain("~ shop/checkout (federated to eu) ← nobody");
    const crossing = draw(of(["eu"])).lines.filter(({ services }) => services.length > 0);
    expect(crossing.map(({ from, to }) => [from, to].sort())).toEqual([["eu", "us"]]);
  });

  it("marks exactly the clusters and links that come, go or change", () => {
    fc.assert(
      fc.property(views(5), views(5), (before, after) => {
        const picture = draw(after, before);
        for (const { id, mark } of boxesOf(picture)) {
          const [was, is] = [before.clusters[id], after.clusters[id]];
          if (!was || !is) expect(mark).toBe(was ? "removed" : "added");
        }
        const [was, is] = [before, after].map(({ links }) => links.map(nameOf)) as [string[], string[]];
        for (const { mark, links } of picture.lines) {
          for (const link of links.map(nameOf)) {
            if (mark === "added") expect(was).not.toContain(link);
            if (mark === "removed") expect(is).not.toContain(link);
            if (mark === "same" || mark === "changed")
              expect(was.includes(link) && is.includes(link)).toBe(true);
          }
        }
      }),
    );
  });

  it("marks a service whose callers change, and a link that drains", () => {
    const before = meshView(3, 3);
    const widened = before.services.map((it) =>
      it.name === "checkout" ? { ...it, callers: ["batch.shop.serviceaccount.identity.linkerd.x"] } : it,
    );
    const drained = before.links.map((it, at) => (at === 0 ? { ...it, state: "draining" } : it));
    const drawn = svg(draw({ ...before, services: widened, links: drained }, before));
    expect(drawn.match(/class="box changed"/g)).toHaveLength(3);
    expect(drawn).toContain(">~ shop/checkout (federated) ← batch.shop<");
    expect(drawn.match(/class="line changed draining"/g)).toHaveLength(1);
  });

  it("shows a service that is audited, and marks where that changes", () => {
    const before = meshView(3, 3);
    const [first = ""] = Object.keys(before.clusters);
    const audited = before.services.map((it) => (it.name === "checkout" ? { ...it, audited: [first] } : it));
    const picture = draw({ ...before, services: audited }, before);
    expect(
      boxesOf(picture).filter(({ services }) => services.some(({ mark }) => mark !== "same")),
    ).toMatchObject([{ clusters: [first] }]);
    expect(mermaid(picture).match(/~ shop\/checkout.*?audited: anyone else/g)).toHaveLength(1);
    expect(boxesOf(picture).flatMap(boxDetails)).toContain("  ← anyone else, audited");
    expect(mermaid(draw(before))).not.toContain("audited");
  });

  it("marks the link whose access is rotated, and only for a fleet that had generations", () => {
    const view = meshView(2, 2);
    const rotated = view.accesses.map((it, at) => (at === 0 ? { ...it, generation: 2 } : it));
    expect(mermaid(draw({ ...view, accesses: rotated }, view)).match(/"~ .*"/g)).toEqual([
      '"~ gateway, flat, federated, access rotated"',
    ]);
    expect(mermaid(draw(view, { ...view, accesses: [] }))).not.toContain("~");
  });

  it("does not take an address that a gateway was given for a change", () => {
    const view = meshView(2, 2);
    const clusters = Object.entries(view.clusters).map(([name, cluster]) => [
      name,
      { ...cluster, gateway: { ...cluster.gateway, address: "192.0.2.1" } },
    ]);
    const deployed: View = { ...view, clusters: Object.fromEntries(clusters) };
    expect(boxesOf(draw(view, deployed)).map(({ mark }) => mark)).toEqual(["same", "same"]);
  });
});

describe("a picture of many clusters", () => {
  it("folds regions, and names the cluster of a folded region that is added", () => {
    const picture = draw(meshView(101, 10), meshView(100, 10));
    expect(boxesOf(picture).map(({ title }) => title)).toEqual(
      Array.from({ length: 10 }, (_, at) => `region-${at}`),
    );
    const marked = boxesOf(picture).filter(({ mark }) => mark !== "same");
    expect(marked.map(({ title, facts }) => [title, facts])).toEqual([
      ["region-0", ["11 clusters", "110 links among them", "+ c101"]],
    ]);
  });

  it("stays small with any number of clusters and regions, and keeps the region of a change", () => {
    fc.assert(
      fc.property(fc.integer({ min: 13, max: 60 }), fc.integer({ min: 1, max: 60 }), (clusters, regions) => {
        const view = meshView(clusters, regions);
        expect(boxesOf(draw(view)).length).toBeLessThanOrEqual(24);
        const changed = boxesOf(draw(meshView(clusters + 1, regions), view)).filter(
          (it) => it.mark !== "same",
        );
        expect(changed).toHaveLength(1);
        const added = `c${String(clusters + 1).padStart(3, "0")}`;
        expect(changed[0]?.clusters).toContain(added);
        expect(changed[0]?.clusters.length).toBeLessThanOrEqual(Math.ceil((clusters + 1) / regions));
      }),
      { numRuns: 20 },
    );
  });
});

describe("the layout", () => {
  const meet = (a: Rect, b: Rect) =>
    a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
  const isWithin = (a: Rect, b: Rect) =>
    a.x >= b.x && a.y >= b.y && a.x + a.width <= b.x + b.width && a.y + a.height <= b.y + b.height;

  it("keeps boxes apart and inside, and leads every line from border to border", () => {
    fc.assert(
      fc.property(views(16), (view) => {
        const { boxes, frames, lines, width, height } = layOut(draw(view));
        boxes.forEach((box, at) => {
          expect(isWithin(box, { x: 0, y: 0, width, height })).toBe(true);
          expect(boxes.slice(at + 1).some((other) => meet(box, other))).toBe(false);
          // A box is in its own region's frame or in none.
          expect(frames.filter((frame) => meet(box, frame)).every((frame) => isWithin(box, frame))).toBe(
            true,
          );
        });
        for (const { line, path } of lines) {
          for (const [id, point] of [
            [line.from, path[0]],
            [line.to, path[2]],
          ] as const) {
            const box = boxes.find((it) => it.box.id === id);
            if (!box) throw new Error(`${id} has no box`);
            const { x, y } = point;
            const away = Math.max(box.x - x, x - box.x - box.width, box.y - y, y - box.y - box.height);
            expect(Math.abs(away)).toBeLessThanOrEqual(1);
          }
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe("free text", () => {
  it("never ends a Mermaid label nor an SVG element", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (region) => {
        const view = meshView(2, 1);
        const clusters = Object.entries(view.clusters).map(([name, it]) => [name, { ...it, region }]);
        const picture = draw({ ...view, clusters: Object.fromEntries(clusters) });
        const [, group = ""] = mermaid(picture).split("\n");
        expect(group).toMatch(/^ {2}subgraph g0\["[^"[\]{}|<>&`\n]*"\]$/);
        expect(svg(picture).match(/<\/?[a-z]+/g)).toEqual(svg(draw(view)).match(/<\/?[a-z]+/g));
      }),
    );
  });
});

describe("fleet graph", () => {
  const folder = mkdtempSync(join(tmpdir(), "linkerd-fleet-graph-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const said = printed();

  it("prints a stack file as Mermaid, and writes a page where the file is named so", async () => {
    expect(await fleet(["graph", "Pulumi.dev.yaml"])).toBe("well");
    expect(said.stdout).toMatch(/^flowchart LR\n/);
    const out = join(folder, "fleet.html");
    expect(await fleet(["graph", "Pulumi.dev.yaml", "--out", out])).toBe("well");
    expect(readFileSync(out, "utf8")).toContain(readFileSync(join("docs", "dev.svg"), "utf8"));
  });

  it.each([
    ["a file that is not there", ["missing.yaml"], "missing.yaml cannot be read"],
    [
      "a preview that was cut short",
      ["--diff", "package.json"],
      "is not the output of `pulumi preview --json`",
    ],
    ["two fleets at once", ["Pulumi.dev.yaml", "--diff", "package.json"], "One fleet at a time"],
    [
      "a picture of a kind it does not draw",
      ["Pulumi.dev.yaml", "--out", "fleet.png"],
      "none of .svg, .html",
    ],
  ])("refuses %s with words for a person", async (_, args, message) => {
    expect(await fleet(["graph", ...args])).toBe("notBegun");
    expect(said.stderr).toContain(message);
    expect(said.stderr).not.toContain("    at ");
  });
});
