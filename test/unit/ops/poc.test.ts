import { beforeAll, describe, expect, it } from "vitest";
import { ownValues } from "../../../fleet/config/fleetFile";
import { parseFleetConfig } from "../../../fleet/config/parse";
import { type Plan, planFleet } from "../../../fleet/plan";
import { parseOutputs } from "../../../live/outputs";
import { judgeGrant } from "../../../ops/poc/gates";
import { readFleet } from "../../../ops/verify/read";
import { LiveFleet, meshStackFile } from "../../../testing/liveFleet";
import type { Stored } from "../../../testing/stored";

const WEB = "web.shop.serviceaccount.identity.linkerd.cluster.local";
const STRANGER = "stranger.poc.serviceaccount.identity.linkerd.cluster.local";

function planOf(): Plan {
  const { config } = parseFleetConfig({
    values: ownValues(meshStackFile(["us", "eu"]).config),
    secretKeys: new Set(),
  });
  if (!config) throw new Error("no stack file");
  return planFleet(config);
}

let fleet: LiveFleet;
beforeAll(async () => {
  fleet = await LiveFleet.of(planOf());
});

/** Gate 3 on the fleet with other objects in `eu`. */
async function gate(change: (objects: Stored[]) => Stored[] = (objects) => objects, refuse?: string) {
  const objects = fleet.objects.get("eu") ?? [];
  const before = [...objects];
  objects.splice(0, objects.length, ...change(before));
  const outputs = parseOutputs(JSON.stringify(fleet.outputs()));
  const state = await readFleet(fleet.plan, outputs, fleet.clusters());
  objects.splice(0, objects.length, ...before);
  return judgeGrant(state, refuse);
}

const isServer = ({ collection, metadata }: Stored) =>
  collection.endsWith("/servers") && metadata.name === "fleet.checkout.http";

describe("gate 3 of a proof of concept", () => {
  it("passes where whom a grant names is let in and another identity is refused, by which objects", async () => {
    const { passed, evidence } = await gate();
    expect(evidence).toEqual([
      "shop/checkout in eu, port http, at each of its pods (1)",
      expect.stringMatching(
        `^${WEB} of us is let in: .*AuthorizationPolicy shop/fleet.checkout.http.callers`,
      ),
      expect.stringMatching(
        `^${STRANGER} of us is refused: no authorization is for it \\(Server shop/fleet.checkout.http`,
      ),
    ]);
    expect(passed).toBe(true);
  });

  it("fails for an identity that is named, and where the Server is another one's or gone", async () => {
    expect((await gate(undefined, WEB)).passed).toBe(false);
    expect((await gate((objects) => objects.filter((one) => !isServer(one)))).passed).toBe(false);
    const older: Stored = {
      collection: "/apis/policy.linkerd.io/v1beta3/servers",
      metadata: { name: "theirs", namespace: "shop", creationTimestamp: "2020-01-01T00:00:00Z" },
      spec: { podSelector: {}, port: "http", accessPolicy: "all-unauthenticated" },
    };
    const { passed, evidence } = await gate((objects) => [...objects, older]);
    expect(passed).toBe(false);
    expect(evidence.at(-1)).toMatch(/is let in: accessPolicy of the Server shop\/theirs/);
  });

  it("fails where whom a grant names is refused, and where no pod decides", async () => {
    const denied = await gate((objects) =>
      objects.filter(({ metadata }) => metadata.name !== "fleet.checkout.http.callers"),
    );
    expect(denied.passed).toBe(false);
    const empty = await gate((objects) => objects.filter(({ collection }) => collection !== "/api/v1/pods"));
    expect(empty.evidence).toEqual(["shop/checkout in eu has no pod, and only pods decide who reaches them"]);
    expect(empty.passed).toBe(false);
  });
});
