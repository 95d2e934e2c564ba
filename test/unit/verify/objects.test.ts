import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { isMap } from "../../../fleet/config/json";
import { collectionOf, KIND_NAMES } from "../../../fleet/objects/kinds";
import { manifestOf } from "../../../fleet/objects/object";
import { type Plan, planFleet } from "../../../fleet/plan";
import { parseOutputs } from "../../../live/outputs";
import { readStackFile } from "../../../live/stackFile";
import { deviations, type Wanted } from "../../../ops/verify/compare";
import { judge } from "../../../ops/verify/judge";
import { namedObjects, objectKey } from "../../../ops/verify/objects";
import { readFleet } from "../../../ops/verify/read";
import { wantedObjects } from "../../../ops/verify/wanted";
import { everyKindStackFile } from "../../../testing/everyKind";
import { LiveFleet } from "../../../testing/liveFleet";
import { runUnderMocks } from "../../../testing/mocks";
import { plannedFleet } from "../../../testing/plannedFleet";
import { STACK_FILES } from "../../../testing/plans/files";
import type { Stored } from "../../../testing/stored";

const PROVIDERS = ["own", "cert-manager"] as const;

function planOf(file: string): Plan {
  const { config, problems } = readStackFile(file);
  if (problems) throw new Error(JSON.stringify(problems));
  return planFleet(config);
}

const every = Object.fromEntries(
  PROVIDERS.map((provider) => {
    const folder = mkdtempSync(join(tmpdir(), "linkerd-fleet-every-"));
    const file = join(folder, "stack.yaml");
    writeFileSync(file, stringify(everyKindStackFile(provider)));
    const plan = planOf(file);
    rmSync(folder, { recursive: true });
    return [provider, plan];
  }),
) as Record<(typeof PROVIDERS)[number], Plan>;

/** What `verify` says is wrong. */
async function wrong(fleet: LiveFleet): Promise<string[]> {
  const outputs = parseOutputs(JSON.stringify(fleet.outputs()));
  const results = judge(await readFleet(fleet.plan, outputs, fleet.clusters()));
  return results.flatMap(({ subject, findings }) =>
    findings.map(({ severity, message }) => `${severity} ${subject}: ${message}`),
  );
}

/** `<apiVersion> <kind> <namespace>/<name>`; a drawn name is that of a test. */
function idOf(object: {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: unknown; readonly namespace?: unknown };
}): string {
  const { name, namespace } = object.metadata;
  const drawn = typeof name === "string" ? name.replace(/-(abc123|drawn\d+)$/, "-drawn") : "drawn";
  return `${object.apiVersion} ${object.kind} ${namespace === undefined ? "" : String(namespace)}/${drawn}`;
}

describe("what the program makes is what verify looks at", () => {
  const plans: [string, () => Plan][] = [
    ...STACK_FILES.map((file): [string, () => Plan] => [file, () => planOf(file)]),
    ...PROVIDERS.map((provider): [string, () => Plan] => [provider, () => every[provider]]),
  ];
  it.each(plans)("in %s", async (_, read) => {
    const plan = read();
    const secret = (key: string) => pulumi.secret(key);
    const resources = await runUnderMocks(() => void plannedFleet({ plan, secret }));
    for (const cluster of plan.clusters) {
      const rendered = resources
        .filter(({ type, provider }) => provider === cluster.name && !type.endsWith(":Release"))
        .map(({ inputs }) => idOf(inputs as Parameters<typeof idOf>[0]));
      const listed = namedObjects(plan, cluster).flatMap(({ objects }) => objects);
      const rotated = plan.links.some((link) => link.source === cluster.name && isRotated(plan, link));
      const wanted = listed
        .filter(({ id }) => rotated || id !== "destination-restart")
        .map((object) => idOf(object).replace("linkerd-multicluster/drawn", tokenOf(object)));
      expect(rendered.sort()).toEqual(wanted.sort());
    }
  });
});

function isRotated({ accesses }: Plan, link: { readonly source: string; readonly target: string }): boolean {
  return accesses.some(
    (one) => one.source === link.source && one.target === link.target && one.generation !== 1,
  );
}

/** The name of a token but for its drawn end. */
function tokenOf({
  metadata,
}: {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
}) {
  return `linkerd-multicluster/${metadata.annotations?.["kubernetes.io/service-account.name"]}-drawn`;
}

describe.each(PROVIDERS)("in a fleet of every kind (certificates: %s)", (provider) => {
  let fleet: LiveFleet;
  beforeAll(async () => {
    fleet = await LiveFleet.of(every[provider]);
  });

  it("all is well when it is as planned", async () => {
    expect(await wrong(fleet)).toEqual([]);
  });

  /** The first object of each kind of each concept: what they are for may make a difference. */
  const wanted = () => {
    const all = every[provider].clusters.flatMap((cluster) =>
      namedObjects(every[provider], cluster).flatMap(({ concept, objects }) =>
        objects.map((object) => ({ cluster: cluster.name, object, kind: `${concept} ${object.kind}` })),
      ),
    );
    const kinds = Map.groupBy(
      all
        // Only us has rotated.
        .filter(({ cluster, object }) => object.id !== "destination-restart" || cluster === "us")
        // Nothing else differs.
        .filter(({ kind }) => provider === "own" || kind.startsWith("trust ")),
      ({ kind }) => kind,
    );
    return [...kinds.values()].flatMap(([first]) => first ?? []);
  };

  /** Plants faults in objects, and tells which nobody named. */
  async function unnamed(plant: (live: Stored, object: Wanted) => readonly (Stored | undefined)[]) {
    const silent: string[] = [];
    for (const { cluster, object } of wanted()) {
      const objects = fleet.objects.get(cluster) ?? [];
      const at = objects.findIndex((one) => matches(one, object));
      const [before] = objects.slice(at, at + 1);
      if (!before || at < 0) throw new Error(`${cluster} has no ${idOf(object)}`);
      for (const after of plant(before, object)) {
        objects.splice(at, 1, ...(after ? [after] : []));
        const said = await wrong(fleet);
        if (!said.some((line) => names(line, object)))
          silent.push(`${cluster}: ${idOf(object)} ${JSON.stringify(after)}`);
        objects.splice(at, after ? 1 : 0, before);
      }
    }
    return silent;
  }

  it("a deleted object of each kind is named", { timeout: 120_000 }, async () => {
    expect(await unnamed(() => [undefined])).toEqual([]);
  });

  it("an edited object of each kind is named", { timeout: 120_000 }, async () => {
    expect(await unnamed((live, object) => edits(live, object).slice(-1))).toEqual([]);
  });

  it("each field that the fleet writes is compared, in every object", async () => {
    const outputs = parseOutputs(JSON.stringify(fleet.outputs()));
    const state = await readFleet(fleet.plan, outputs, fleet.clusters());
    let compared = 0;
    for (const member of state.members.values()) {
      for (const group of wantedObjects(state, member)) {
        for (const object of group.objects) {
          const read = state.objects.get(member.cluster.name)?.get(objectKey(group, object));
          if (read?.state !== "found") throw new Error(`no ${idOf(object)}`);
          expect(deviations(object, read.value), idOf(object)).toEqual([]);
          for (const edited of edits(read.value, object)) {
            expect(deviations(object, edited), `${idOf(object)} ${JSON.stringify(edited)}`).not.toEqual([]);
            compared += 1;
          }
        }
      }
    }
    expect(compared).toBeGreaterThan(500);
  });
});

/** Of a token, whose name is drawn, the kind; likewise of a gateway's Service. */
function names(line: string, { kind, metadata }: Wanted): boolean {
  return line.startsWith("error ") && (line.includes(String(metadata.name)) || line.includes(kind));
}

function matches(stored: Stored, object: Wanted): boolean {
  const same = { apiVersion: object.apiVersion, kind: object.kind, metadata: stored.metadata };
  const token = tokenOf(object);
  const id = idOf(object).replace("linkerd-multicluster/drawn", token);
  return stored.collection === collectionOf(object) && idOf(same) === id;
}

/** One for each label, annotation and other field that the fleet writes: as somebody might change it. */
function edits<T extends Readonly<Record<string, unknown>> & { readonly metadata: Stored["metadata"] }>(
  live: T,
  object: Wanted,
): T[] {
  const { apiVersion: _, kind: __, metadata, ...fields } = manifestOf(object);
  const inMetadata = (["labels", "annotations"] as const).flatMap((part) =>
    Object.keys(metadata[part] ?? {})
      .filter((key) => !key.startsWith("pulumi.com/"))
      .map((key) => ({
        ...live,
        metadata: { ...live.metadata, [part]: { ...live.metadata[part], [key]: "edited" } },
      })),
  );
  const inFields = Object.keys(fields).flatMap((field) =>
    changed(live[field], (fields as Record<string, unknown>)[field]).map((value) => ({
      ...live,
      [field]: value,
    })),
  );
  return [...inMetadata, ...inFields];
}

/** The value with each of the planned leaves another one, and each of the planned lists empty. */
function changed(value: unknown, planned: unknown): unknown[] {
  if (isMap(planned) && isMap(value)) {
    return Object.keys(planned).flatMap((key) =>
      changed(value[key], planned[key]).map((item) => ({ ...value, [key]: item })),
    );
  }
  if (Array.isArray(value)) return [[]];
  if (typeof planned === "symbol") return [undefined];
  return [typeof value === "boolean" ? !value : typeof value === "number" ? value + 1 : "edited"];
}

it("every kind that the program knows is made by these fleets", () => {
  const made = PROVIDERS.flatMap((provider) =>
    every[provider].clusters.flatMap((cluster) =>
      namedObjects(every[provider], cluster).flatMap(({ objects }) =>
        objects.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`),
      ),
    ),
  );
  // Which of these are patched is read from the clusters, and whether they are up to date is judged by their pods.
  const selected = ["apps/v1 StatefulSet", "apps/v1 DaemonSet"];
  expect([...new Set([...made, ...selected])].sort()).toEqual([...KIND_NAMES].sort());
});
