import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { deploymentOf } from "../../../fleet/outputs/deployed";
import { type Plan, planFleet } from "../../../fleet/plan";
import { judgeTransition } from "../../../fleet/transition/judge";
import { adoptSettings } from "../../../ops/adopt/settings";
import { selfSigned } from "../../../testing/certificates";
import { cluster, fleetOf } from "../../../testing/fleets";
import { runUnderMocks } from "../../../testing/mocks";
import { plannedFleet } from "../../../testing/plannedFleet";

const anchor = selfSigned({ curve: "P-256" });
const issuer = selfSigned({ curve: "P-256" }, { signer: anchor });
const existing = { id: "existing", state: "retiring", certificate: anchor.pem };
const ours = { id: "2026", state: "active" };
const given = { issuer: { certificate: issuer.pem, privateKey: { secret: "issuer-us" } } };

function planOf(us: Record<string, unknown>, anchors: readonly object[] = [ours, existing]): Plan {
  return planFleet(fleetOf({ us: cluster("us", us), eu: cluster("eu") }, { trust: { anchors } }));
}

function deploy(plan: Plan) {
  return runUnderMocks(() => void plannedFleet({ plan, secret: (key) => pulumi.secret(`KEY ${key}`) }));
}

describe("an adopted cluster", () => {
  it("takes over what exists, and its neighbour does not", async () => {
    const all = await deploy(planOf({ adopt: true, ...given }));
    const named = (name: string) => all.find((resource) => resource.name === name)?.inputs;
    expect(named("us")).toMatchObject({ upsertExistingObjects: "true", enablePatchForce: "true" });
    expect(named("eu")).not.toHaveProperty("upsertExistingObjects");
  });

  it("has no installation taken back that was made over what ran before", async () => {
    const all = await deploy(planOf({ adopt: { releases: ["crds"] }, ...given }));
    const release = (name: string) => all.find((resource) => resource.name === name)?.inputs;
    expect(release("us-linkerd-crds")).toMatchObject({ atomic: true });
    expect(release("us-linkerd-release")).toMatchObject({ takeOwnership: true });
    expect(release("us-linkerd-release")).not.toHaveProperty("atomic");
  });

  it("keeps its issuer as long as it is given, and makes none", async () => {
    const all = await deploy(planOf(given));
    const secret = all.find((resource) => resource.name === "us-linkerd-issuer");
    expect(JSON.stringify(secret?.inputs)).toContain(Buffer.from(issuer.pem).toString("base64"));
    expect(JSON.stringify(secret?.inputs)).toContain(Buffer.from(anchor.pem).toString("base64"));
    const made = all.filter(({ type }) => type === "linkerd-fleet:trust:Issuer");
    expect(made.map(({ name }) => name)).toEqual(["eu-issuer"]);
  });
});

describe("the anchor of a kept issuer", () => {
  const refused = (last: Plan, next: Plan) =>
    judgeTransition(deploymentOf(last), deploymentOf(next)).map(({ rule, what }) => `${rule}: ${what}`);

  it("does not go together with the issuer", () => {
    expect(refused(planOf(given), planOf({}, [ours]))).toEqual([
      "drop-signing-anchor: trust anchor existing",
    ]);
  });

  it("goes after it", () => {
    expect(refused(planOf(given), planOf({}))).toEqual([]);
    expect(refused(planOf({}), planOf({}, [ours]))).toEqual([]);
  });
});

describe("npx fleet adopt", () => {
  const found = {
    cluster: "us",
    anchors: [anchor.pem],
    issuer: issuer.pem,
    clusterDomain: "cluster.local",
    trustDomain: "us.example.com",
    releases: {
      "linkerd-crds": { release: "linkerd-crds", version: "1.8.0" },
      "linkerd-control-plane": { release: "mesh", version: "2026.8.3" },
    },
    accesses: [],
    links: ["eu"],
  };

  it("says which charts are releases, under which name, and one anchor once", () => {
    const printed = adoptSettings([found, { ...found, cluster: "eu", anchors: [anchor.pem, issuer.pem] }]);
    expect(printed).toContain("releases:\n        - crds\n        - controlPlane\n");
    expect(printed).toContain("controlPlane:\n          release: mesh\n");
    expect(printed).toContain("trustDomain: us.example.com");
    expect(printed.match(/id: existing.*/g)).toEqual(["id: existing-us", "id: existing-eu-2"]);
  });
});
