import { beforeAll, describe, expect, it } from "vitest";
import { ownValues } from "../../../fleet/config/fleetFile";
import { isMap } from "../../../fleet/config/json";
import { parseFleetConfig } from "../../../fleet/config/parse";
import { planFleet } from "../../../fleet/plan";
import { parseOutputs } from "../../../live/outputs";
import { judge, type Result } from "../../../ops/verify/judge";
import { readFleet } from "../../../ops/verify/read";
import { LiveFleet, meshStackFile } from "../../../testing/liveFleet";
import { PLANTED } from "../../../testing/planted/all";
import type { Applied, Planted } from "../../../testing/planted/objects";
import type { Stored } from "../../../testing/stored";

let fleet: LiveFleet;
beforeAll(async () => {
  const { config } = parseFleetConfig({
    values: ownValues(meshStackFile(["us", "eu"]).config),
    secretKeys: new Set(),
  });
  if (!config) throw new Error("no stack file");
  fleet = await LiveFleet.of(planFleet(config));
});

/** Where the API has objects of the kinds that are planted. */
const RESOURCES: Readonly<Record<string, string>> = {
  ...{
    Pod: "pods",
    Secret: "secrets",
    Service: "services",
    Namespace: "namespaces",
    ClusterRoleBinding: "clusterrolebindings",
    RoleBinding: "rolebindings",
  },
  ...{ Server: "servers", ServerAuthorization: "serverauthorizations", HTTPRoute: "httproutes" },
  ...{
    GRPCRoute: "grpcroutes",
    AuthorizationPolicy: "authorizationpolicies",
    EndpointSlice: "endpointslices",
    Endpoints: "endpoints",
  },
  ...{ MeshTLSAuthentication: "meshtlsauthentications", NetworkAuthentication: "networkauthentications" },
};

function collection({ apiVersion, kind }: Pick<Applied, "apiVersion" | "kind">): string {
  return `${apiVersion.includes("/") ? "/apis" : "/api"}/${apiVersion}/${RESOURCES[kind]}`;
}

/** A JSON merge patch (RFC 7386). */
function merged(base: unknown, change: unknown): unknown {
  if (!isMap(change)) return change;
  const known = isMap(base) ? base : {};
  return {
    ...known,
    ...Object.fromEntries(Object.entries(change).map(([key, of]) => [key, merged(known[key], of)])),
  };
}

async function verify({
  create = [],
  edit = [],
  older,
}: Pick<Planted, "create" | "edit" | "older">): Promise<Result[]> {
  const objects = fleet.objects.get("eu") ?? [];
  const before = [...objects];
  const creationTimestamp = older ? "2020-01-01T00:00:00Z" : "2026-12-01T00:00:00Z";
  for (const object of create) {
    const { apiVersion: _, kind: __, ...rest } = object;
    objects.push({
      ...rest,
      collection: collection(object),
      metadata: { ...object.metadata, creationTimestamp },
    });
  }
  for (const { of, change } of edit) {
    const at = objects.findIndex(
      (one) =>
        one.collection === collection(of) &&
        one.metadata.name === of.metadata.name &&
        one.metadata.namespace === of.metadata.namespace,
    );
    // The namespaces of others are not among these objects.
    if (at >= 0) objects[at] = merged(objects[at], change) as Stored;
    else if (of.kind !== "Namespace") throw new Error(`no ${of.kind} ${of.metadata.name}`);
  }
  try {
    return judge(
      await readFleet(fleet.plan, parseOutputs(JSON.stringify(fleet.outputs())), fleet.clusters()),
    );
  } finally {
    objects.splice(0, objects.length, ...before);
  }
}

const said = (results: readonly Result[]) =>
  results.flatMap(({ subject, findings }) => findings.map(({ message }) => `${subject}: ${message}`));

describe("what somebody plants in a cluster", () => {
  it("is nothing at first, and all is well", async () => {
    expect(said(await verify({}))).toEqual([]);
  });

  it("is of thirty kinds and more", () => {
    expect(PLANTED.filter(({ found }) => found instanceof RegExp).length).toBeGreaterThan(30);
    expect(new Set(PLANTED.map(({ what }) => what)).size).toBe(PLANTED.length);
  });

  const named = PLANTED.flatMap(({ found, ...rest }) =>
    found instanceof RegExp ? [{ ...rest, found }] : [],
  );
  it.each(named)("$what: verify names it, with a remedy", async ({ found, ...planted }) => {
    const results = await verify(planted);
    expect(said(results)).toContainEqual(expect.stringMatching(found));
    for (const { findings } of results) for (const { remedy } of findings) expect(remedy).not.toBe("");
  });

  const harmless = PLANTED.flatMap(({ found, ...rest }) =>
    found instanceof RegExp ? [] : [{ ...rest, ...found }],
  );
  it.each(harmless)("$what: verify says nothing, because $harmless", async (planted) => {
    expect(said(await verify(planted))).toEqual([]);
  });
});
