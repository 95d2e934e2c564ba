import * as pulumi from "@pulumi/pulumi";
import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { type CrossStackParts, crossStackOutputsOf } from "../../../components/stacks/crossStack";
import type { FleetConfig } from "../../../fleet/config/fleetConfig";
import { parseFleetConfig } from "../../../fleet/config/parse";
import { type Plan, planFleet } from "../../../fleet/plan";
import { type CrossStackOutputs, readCrossStack } from "../../../fleet/stacks/crossStack";
import { missingTrust } from "../../../fleet/stacks/issuers";
import { stackContext } from "../../../fleet/stacks/plan";
import { configOf, fleetInputs } from "../../../testing/arbitraries";
import { certificate } from "../../../testing/authority";
import { disguises } from "../../../testing/disguises";
import { cluster, fleetOf } from "../../../testing/fleets";
import { soundFleet } from "../../../testing/mistakes/sound";
import { isSecretInput, PLANTED, type Registered, runUnderMocks } from "../../../testing/mocks";
import { plannedFleet } from "../../../testing/plannedFleet";
import { crossStackOutputsIn, deploy, split } from "../../../testing/stacks";

const named = (stack: string) => `acme/fleet/${stack}`;

/** The stack `trust` has a cluster of its own, `hq`. */
const shared = (more: Record<string, unknown> = {}) =>
  fleetOf(
    {
      hq: cluster("hq", { stack: "trust" }),
      us: cluster("us", { stack: "prod-us" }),
      mx: cluster("mx", { stack: "prod-us" }),
      eu: cluster("eu", { stack: "acme/fleet/prod-eu", trustDomain: "eu.example.com" }),
    },
    {
      trust: { stack: "trust", anchors: [{ id: "2026", state: "active" }] },
      topology: { kind: "mesh" },
      ...more,
    },
  );
const planOf = (config: FleetConfig, stack: string, crossStack = new Map<string, CrossStackOutputs>()) =>
  planFleet(config, stackContext(named(stack), config, crossStack));

describe("the issuers of a fleet of several stacks", () => {
  it("are signed by the stack of the anchors, each once, whatever the clusters and stacks", () => {
    const stacks = fc.array(fc.constantFrom("trust", "a", "b"), { minLength: 20, maxLength: 20 });
    fc.assert(
      fc.property(fleetInputs(), stacks, (input, of) => {
        const whole = configOf(input);
        const names = Object.keys(whole.clusters);
        const config = split({ ...whole, trust: { ...whole.trust, stack: "trust" } }, (name) =>
          String(of[names.indexOf(name) % of.length]),
        );
        const plans = deploy(config, ["trust", "a", "b"]);
        const signed = plans.get("trust")?.othersIssuers.map((issuer) => issuer.cluster);
        const others = names.filter((name) => {
          const { stack, issuer } = config.clusters[name] ?? {};
          return stack !== "trust" && issuer === undefined;
        });
        expect(signed).toEqual(others.sort());
        for (const stack of ["a", "b"]) expect(plans.get(stack)?.othersIssuers).toEqual([]);
      }),
    );
  });

  it("carry what their cluster says of them", () => {
    const config = shared();
    config.clusters.us = { ...(config.clusters.us ?? never()), generations: { issuer: 3, webhooks: 1 } };
    expect(planOf(config, "trust").othersIssuers).toEqual([
      { cluster: "eu", trustDomain: "eu.example.com", generation: 1 },
      { cluster: "mx", trustDomain: "cluster.local", generation: 1 },
      { cluster: "us", trustDomain: "cluster.local", generation: 3 },
    ]);
  });

  it("are not signed where cert-manager does, and none is waited for", async () => {
    const { pem } = await certificate({ host: "root", ca: true });
    const anchor = { id: "2026", state: "active", certificate: pem, clusterIssuer: "root" };
    const config = shared({ trust: { stack: "trust", provider: "cert-manager", anchors: [anchor] } });
    const trust = planOf(config, "trust");
    expect(trust.othersIssuers).toEqual([]);
    expect(
      missingTrust(config, named("prod-us"), new Map([["trust", crossStackOutputsIn(trust)]])),
    ).toBeUndefined();
  });

  it("are nobody's in a fleet of one stack, and when all stacks are looked at", () => {
    const one = fleetOf({ us: cluster("us") });
    expect(planOf(one, "dev").othersIssuers).toEqual([]);
    expect(planFleet(shared()).othersIssuers).toEqual([]);
  });
});

describe("a stack whose issuers another one signs", () => {
  const config = shared();
  const outputs = crossStackOutputsIn(planOf(config, "trust"));
  const told = (given: CrossStackOutputs | undefined, of = config, stack = "prod-us") =>
    missingTrust(of, named(stack), new Map(given && [["trust", given]]));
  const UP = "run `pulumi up` in the stack trust (trust.stack) first";

  it("is deployed when the anchors and its issuers are there; the stack that signs waits for nobody", () => {
    expect(told(outputs)).toBeUndefined();
    expect(told(undefined, config, "trust")).toBeUndefined();
  });

  it("is told what to deploy first while an anchor or an issuer is missing", () => {
    expect(told(undefined)).toBe(
      `The trust anchor 2026 is not there yet: ${UP}, which makes the anchors for all others. Nothing was changed.`,
    );
    const { us: _, ...issuers } = outputs.issuers;
    expect(told({ ...outputs, issuers })).toBe(
      `The issuer of us is not signed yet: ${UP}, which signs the issuers for all others. Nothing was changed.`,
    );
    expect(told({ ...outputs, issuers: {} })).toContain("The issuer of mx, us is not signed yet");
  });

  it("waits for the issuers of another anchor or generation", () => {
    const anchors = [
      { id: "2026", state: "retiring" },
      { id: "2027", state: "active" },
    ];
    const next = shared({ trust: { stack: "trust", anchors } });
    const both = { ...outputs, anchors: { ...outputs.anchors, "2027": { certificatePem: "cert" } } };
    expect(told(both, next)).toContain("The issuer of mx, us is not signed yet");
    expect(told(crossStackOutputsIn(planOf(next, "trust")), next)).toBeUndefined();
    const rotated = shared();
    rotated.clusters.us = { ...(rotated.clusters.us ?? never()), generations: { issuer: 2, webhooks: 1 } };
    expect(told(outputs, rotated)).toContain("The issuer of us is not signed yet");
    expect(told(crossStackOutputsIn(planOf(rotated, "trust")), rotated)).toBeUndefined();
  });

  it("reads no root key from the outputs of an older version, and waits for the newer one's", () => {
    const { issuers: _, ...rest } = outputs;
    const old = { ...rest, anchors: { "2026": { certificatePem: "cert", privateKeyPem: "root key" } } };
    const read = readCrossStack({ handover: old }).crossStackOutputs;
    expect(JSON.stringify(read)).not.toContain("root key");
    expect(told(read)).toContain("The issuer of mx, us is not signed yet");
  });
});

describe("the root key", () => {
  const STACKS = ["trust", "prod-us", "prod-eu"];
  const ROOT = `${PLANTED.privateKey} trust-2026-key`;
  const registered = new Map<string, Registered[]>();
  const outputs = new Map<string, unknown>();
  const plans = new Map<string, Plan>();

  const run = async (plan: Plan, crossStack: ReadonlyMap<string, CrossStackOutputs>) => {
    let parts: CrossStackParts | undefined;
    const resources = await runUnderMocks(() => {
      parts = plannedFleet({ plan, crossStack, secret: (key) => pulumi.secret(key) }).crossStackParts;
    });
    return { resources, parts: parts ?? never() };
  };

  beforeAll(async () => {
    const config = shared();
    const crossStack = new Map<string, CrossStackOutputs>();
    for (const stack of STACKS) {
      const plan = planOf(config, stack, crossStack);
      const { resources, parts } = await run(plan, crossStack);
      const output = (await crossStackOutputsOf(plan, parts, {})) ?? never();
      expect(await pulumi.isSecret(output)).toBe(true);
      const value = await new Promise<unknown>((resolve) => output.apply(resolve));
      const { crossStackOutputs = never() } = readCrossStack({ handover: value });
      crossStack.set(stack === "prod-eu" ? named(stack) : stack, crossStackOutputs);
      registered.set(stack, resources);
      outputs.set(stack, value);
      plans.set(stack, plan);
    }
  }, 120_000);

  const holders = (parts: ReadonlyMap<string, unknown>, text: string) =>
    [...parts].filter(([, part]) => disguises(text).some((one) => JSON.stringify(part).includes(one)));

  it("is an input of resources in the stack of the anchors only, and in no output", () => {
    expect(holders(registered, ROOT).map(([stack]) => stack)).toEqual(["trust"]);
    expect(holders(outputs, ROOT)).toEqual([]);
  });

  it("signs there, and a cluster of another stack gets the issuer as a secret", () => {
    const us = registered.get("prod-us") ?? [];
    expect(us.filter(({ type }) => type === "linkerd-fleet:trust:Issuer")).toEqual([]);
    const secrets = us.filter(({ inputs }) => nameOf(inputs) === "linkerd-identity-issuer");
    const data = secrets.map(({ provider, inputs }) => {
      const data = isSecretInput(inputs.data) ? inputs.data.value : never();
      return [provider, Buffer.from(String(Object(data)["tls.key"]), "base64").toString()];
    });
    expect(data).toEqual([
      ["mx", `${PLANTED.privateKey} mx-issuer-key`],
      ["us", `${PLANTED.privateKey} us-issuer-key`],
    ]);
  });

  it("is with an issuer of each cluster of the others in the stack of the anchors, its own included", () => {
    const issuers = (registered.get("trust") ?? []).filter(
      ({ type }) => type === "linkerd-fleet:trust:Issuer",
    );
    expect(issuers.map(({ name, parents }) => `${parents.at(-1)}/${name}`).sort()).toEqual([
      "hq/hq-issuer",
      "trust/eu-issuer",
      "trust/mx-issuer",
      "trust/us-issuer",
    ]);
  });

  it("leaves a stack that signed for itself with no other change than the issuer's resources", async () => {
    const { trust: before, ...plan } = plans.get("prod-us") ?? never();
    const { from: _, ...own } = before;
    const urns = (all: readonly Registered[]) => all.map(({ types, name }) => `${types.join("$")}::${name}`);
    const crossStack = new Map([[named("prod-eu"), crossStackOutputsIn(planOf(shared(), "prod-eu"))]]);
    const alone = urns((await run({ ...plan, links: [], trust: own }, crossStack)).resources);
    const now = new Set(urns(registered.get("prod-us") ?? []));
    const gone = alone.filter((urn) => !now.has(urn));
    const anchor = gone.filter((urn) => urn.includes("TrustAnchor"));
    expect(anchor.length).toBe(3);
    expect(
      gone
        .filter((urn) => !anchor.includes(urn))
        .map((urn) => urn.split("::").at(-1))
        .sort(),
    ).toEqual(
      ["mx", "us"].flatMap((name) =>
        ["", "-certificate", "-key", "-request"].map((part) => `${name}-issuer${part}`),
      ),
    );
  });
});

describe("anchors that are given to a fleet of several stacks", () => {
  it("need a stack that signs for all: else each would hold the root key", async () => {
    const { pem } = await certificate({ host: "root", ca: true });
    const problems = (change: (trust: Record<string, unknown>) => void) => {
      const fleet = soundFleet();
      for (const of of Object.values<Record<string, unknown>>(fleet.clusters)) of.stack = "prod";
      const trust: Record<string, unknown> = {
        anchors: [{ id: "2026", state: "active", certificate: pem, privateKey: { secret: "root" } }],
      };
      change(trust);
      const values = { ...fleet, trust };
      const parsed = parseFleetConfig({ values, secretKeys: new Set(), stack: named("prod") });
      return (parsed.problems ?? []).filter(({ path }) => path === "trust.stack");
    };
    expect(problems(() => {})).toMatchObject([
      { problem: expect.stringContaining("every stack would sign") },
    ]);
    expect(problems((trust) => (trust.stack = "prod"))).toEqual([]);
    expect(problems((trust) => (trust.provider = "cert-manager"))).toEqual([]);
  });
});

function nameOf(inputs: Registered["inputs"]): unknown {
  return Object(inputs.metadata).name;
}

function never(): never {
  throw new Error("the test has none");
}
