import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { isMap } from "../../fleet/config/json";
import { openFleet } from "../../live/fleet";
import type { Row } from "../../ops/access/print";
import { judge } from "../../ops/verify/judge";
import { readFleet } from "../../ops/verify/read";
import { meshStackFile } from "../../testing/liveFleet";
import { PLANTED } from "../../testing/planted/all";
import type { Applied, Planted } from "../../testing/planted/objects";
import { Hands, type Manifest, type ObjectId, type Undo } from "./hands";
import { TestLab } from "./harness";

let lab: TestLab;
let hands: Hands;

beforeAll(async () => {
  lab = await TestLab.create({ us: {}, eu: {} });
  const { config } = meshStackFile(["us", "eu"]);
  lab.edit((stack) => {
    stack["linkerd-fleet:services"] = config["linkerd-fleet:services"].map((service) => ({
      ...service,
      in: [...service.in],
    }));
    // The API servers would refuse some of it.
    stack["linkerd-fleet:admission"] = "off";
  });
  await lab.bringUp();
  vi.stubEnv("KUBECONFIG", lab.lab.kubeconfig);
  hands = new Hands(lab);
});
afterAll(() => lab?.remove());

interface Overview {
  readonly rows: Row[];
  readonly differences: unknown[];
}

describe("fleet access on API servers", () => {
  it("prints who reaches each exported port, and on the fleet as made that is what is declared", async () => {
    const ran = await lab.shell("npx fleet access --json");
    expect(ran.stderr).toBe("");
    const { rows, differences } = JSON.parse(ran.stdout) as Overview;
    expect(differences).toEqual([]);
    expect(rows.map(({ cluster, service, port }) => `${cluster} ${service}:${port}`).sort()).toEqual([
      ...["eu bi/reports:http", "eu shop/checkout:http", "us bi/reports:http", "us shop/checkout:http"],
    ]);
    for (const { declared, reached } of rows) expect(reached).toEqual(declared);
    expect((await lab.shell("npx fleet access")).stdout).toContain("4 ports, 0 differences");
  });

  const CASES = PLANTED.map((planted) => ({
    ...planted,
    outcome:
      planted.refused !== undefined
        ? "is refused"
        : planted.found instanceof RegExp
          ? "is named"
          : `is harmless: ${planted.found.harmless}`,
  }));
  it.each(CASES)("$what $outcome", async ({ found, refused, ...planted }) => {
    if (refused !== undefined) return expect(plant(planted)).rejects.toThrow(refused);
    const undo = await plant(planted);
    try {
      const expected = found instanceof RegExp ? expect.arrayContaining([expect.stringMatching(found)]) : [];
      expect(await verify()).toEqual(expected);
    } finally {
      await undo();
    }
    // A deleted pod takes a moment.
    await vi.waitFor(async () => expect(await verify()).toEqual([]), { timeout: 20_000, interval: 1_000 });
  });
});

async function verify(): Promise<string[]> {
  const outputs = `${lab.folder}/outputs.json`;
  await lab.shell(`pulumi stack output --json > ${outputs}`);
  const opened = await openFleet({ config: lab.lab.stackFile, outputs });
  const fleet = await readFleet(opened.plan, opened.outputs, opened.clusters, { asInjected: true });
  return judge(fleet).flatMap(({ subject, findings }) =>
    findings.filter(({ severity }) => severity !== "unknown").map(({ message }) => `${subject}: ${message}`),
  );
}

const OURS: ObjectId = "policy.linkerd.io/v1beta3 Server shop/fleet.checkout.http";
const GATEWAYS: ObjectId = "policy.linkerd.io/v1beta3 Server linkerd-multicluster/linkerd-gateway";
/** Times of creation are of whole seconds. */
const SECOND_MS = 1100;

/** An API server says itself when an object was created: to be older, it comes before the other is made again. */
async function plant({
  create = [],
  edit = [],
  older,
}: Pick<Planted, "create" | "edit" | "older">): Promise<Undo> {
  const undo: Undo[] = [];
  const undone = async () => {
    for (const one of undo.reverse()) await one();
  };
  try {
    const before = older ? await Promise.all([OURS, GATEWAYS].map((id) => hands.remove("eu", id))) : [];
    for (const object of create) {
      const { apiVersion, kind, status: _, ...rest } = object;
      undo.push(await hands.create("eu", idOf({ apiVersion, kind, metadata: rest.metadata }), rest));
    }
    if (older) await sleep(SECOND_MS);
    for (const again of before) await again();
    for (const { of, change } of edit) {
      undo.push(await hands.edit("eu", idOf(of), (live) => merge(live, change)));
    }
  } catch (refused) {
    await undone();
    throw refused;
  }
  return undone;
}

function idOf({ apiVersion, kind, metadata }: Pick<Applied, "apiVersion" | "kind" | "metadata">): ObjectId {
  const { name, namespace } = metadata;
  return `${apiVersion} ${kind} ${namespace === undefined ? name : `${namespace}/${name}`}`;
}

/** A JSON merge patch (RFC 7386) of what is there. */
function merge(live: Manifest, change: object): void {
  for (const [key, value] of Object.entries(change)) {
    if (isMap(value) && isMap(live[key])) merge(live[key], value);
    else live[key] = value;
  }
}
