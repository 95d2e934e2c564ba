import * as pulumi from "@pulumi/pulumi";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AdmissionPlan } from "../../../fleet/admission/plan";
import { admissionPolicies } from "../../../fleet/admission/policies";
import { type Plan, planFleet } from "../../../fleet/plan";
import { configOf, fleetInputs } from "../../../testing/arbitraries";
import { cluster, fleetOf, meshPlan } from "../../../testing/fleets";
import { type Registered, runUnderMocks } from "../../../testing/mocks";
import { plannedFleet } from "../../../testing/plannedFleet";

const POLICY = "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy";

function deploy(plan: Plan): Promise<Registered[]> {
  return runUnderMocks(() => void plannedFleet({ plan, secret: (key) => pulumi.secret(key) }));
}

/** Kinds and names, or labels and names, of what the program makes in one cluster and a policy is about. */
function guarded(resources: readonly Registered[], provider: string): { links: string[]; exports: string[] } {
  const own = resources.filter((resource) => resource.provider === provider);
  const meta = ({ inputs }: Registered) =>
    inputs.metadata as { name: string; namespace: string; labels?: Record<string, string> };
  const links = own
    .filter(
      ({ type, inputs }) => type.endsWith(":Link") || inputs.type === "mirror.linkerd.io/remote-kubeconfig",
    )
    .map((it) => `${it.type.split(":").at(-1)} ${meta(it).namespace}/${meta(it).name}`);
  const exports = own
    .filter(({ type }) => type === "kubernetes:core/v1:ServicePatch")
    .flatMap((it) =>
      Object.entries(meta(it).labels ?? {}).map(
        ([key, value]) => `${key}=${value} ${meta(it).namespace}/${meta(it).name}`,
      ),
    );
  return { links: links.sort(), exports: exports.sort() };
}

function declared({ links, exports }: AdmissionPlan): { links: string[]; exports: string[] } {
  const labelled = Object.entries(exports).flatMap(([label, of]) => of.map((name) => `${label} ${name}`));
  return { links: [...links].sort(), exports: labelled.sort() };
}

describe("the plan of a cluster's admission", () => {
  it("declares exactly the Links, credentials and export labels that the program makes there", async () => {
    await fc.assert(
      fc.asyncProperty(fleetInputs({ maxClusters: 3 }), async (input) => {
        const plan = planFleet(configOf(input));
        const resources = await deploy(plan);
        expect(plan.admissions.map((admission) => admission.cluster)).toEqual(
          plan.clusters.map((c) => c.name),
        );
        for (const admission of plan.admissions) {
          expect(declared(admission)).toEqual(guarded(resources, admission.cluster));
        }
      }),
      { numRuns: 4, endOnFailure: true },
    );
  });

  it("is closed unless the stack file says otherwise, for the fleet or for one cluster", () => {
    const modes = (fleet: Record<string, unknown>, eu: Record<string, unknown> = {}) =>
      planFleet(fleetOf({ us: cluster("us"), eu: cluster("eu", eu) }, fleet)).admissions.map(
        (admission) => `${admission.cluster} ${admission.mode} ${admission.operators ?? "default"}`,
      );
    expect(modes({})).toEqual(["eu enforce default", "us enforce default"]);
    expect(modes({ admission: "warn" }, { admission: "enforce" })).toEqual([
      "eu enforce default",
      "us warn default",
    ]);
    expect(modes({ operators: ["user:ci"] }, { operators: ["group:eu"] })).toEqual([
      "eu enforce group:eu",
      "us enforce user:ci",
    ]);
    expect(modes({ admission: "off" }, { admission: "warn" })).toEqual(["eu warn default"]);
  });
});

describe("the admission policies of a cluster", () => {
  const SIZE_OF_AN_EXPRESSION = 100_000;
  const plan = (more: Partial<AdmissionPlan> = {}): AdmissionPlan => ({
    cluster: "us",
    mode: "enforce",
    links: [],
    exports: {},
    namespaces: [],
    ports: {},
    ...more,
  });

  it("name the stack file in every refusal", () => {
    const messages = admissionPolicies(plan(), "Pulumi.prod.yaml").flatMap(({ validations }) =>
      validations.map(({ message }) => message),
    );
    expect(messages.length).toBeGreaterThan(3);
    for (const message of messages) expect(message).toMatch(/Pulumi\.prod\.yaml \(linkerd-fleet:\w+\)/);
  });

  it("compare kinds as Linkerd does, without regard to case", () => {
    const grants = admissionPolicies(plan({ namespaces: ["shop"] }), "x").find(
      ({ name }) => name === "linkerd-fleet-grants",
    );
    const condition = grants?.conditions["grants-of-the-fleet"] ?? "";
    const kinds = [...condition.matchAll(/kind\.orValue\(''\)(\S*) (?:in|==) (\[[^\]]*\]|'[^']*')/g)];
    expect(kinds.map(([, lowered]) => lowered)).toEqual([".lowerAscii()", ".lowerAscii()", ".lowerAscii()"]);
    for (const [, , names] of kinds) expect(names).toBe(names?.toLowerCase());
    expect(grants?.conditions.changed).toContain("metadata.?labels");
    expect(grants?.conditions.changed).toContain("metadata.?ownerReferences");
  });

  it("judge a Server of somebody else that audits, at the ports that grants are about", () => {
    const service = {
      name: "checkout",
      namespace: "shop",
      mode: "gateway",
      in: ["us"],
      ports: ["http", 9090],
    };
    const { admissions } = planFleet(
      fleetOf({ us: cluster("us"), eu: cluster("eu") }, { services: [service] }),
    );
    const condition = (of: string) => {
      const found = admissions.find((one) => one.cluster === of);
      const grants = admissionPolicies(found ?? plan(), "x").find(
        ({ name }) => name === "linkerd-fleet-grants",
      );
      return grants?.conditions["grants-of-the-fleet"] ?? "";
    };
    const audits = (ports: string) =>
      `(object.?spec.?accessPolicy.orValue('') == 'audit' && string(object.?spec.?port.orValue('')) in ${ports}[?object.metadata.namespace].orValue([]))`;
    expect(condition("us")).toContain(audits('{"shop":["9090","http"]}'));
    expect(condition("eu")).toContain(audits("{}"));
  });

  it("know everything by which Linkerd takes an object for one of another cluster", () => {
    const mirrors = admissionPolicies(plan(), "x").find(({ name }) => name === "linkerd-fleet-mirrors");
    const condition = mirrors?.conditions["of-other-clusters"] ?? "";
    for (const key of [
      ...["mirror.linkerd.io/remote-svc-fq-name", "mirror.linkerd.io/remote-gateway-identity"],
      ...["multicluster.linkerd.io/remote-discovery", "mirror.linkerd.io/mirrored-service"],
    ])
      expect(condition).toContain(key);
    expect(mirrors?.resources.flatMap(({ resources }) => resources)).toEqual([
      ...["services", "endpoints", "endpointslices"],
    ]);
  });

  it("take an operator's name as a name, whatever it holds", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^\S{1,40}$/), (name) => {
        for (const { variables } of admissionPolicies(plan({ operators: [`user:${name}`] }), "x")) {
          const [, list = ""] =
            /^request\.userInfo\.username in (\[.*\]) \|\| .* in \[\]\)$/.exec(variables.operator ?? "") ??
            [];
          expect(JSON.parse(list)).toEqual([name]);
        }
      }),
    );
  });

  it("fit into what the API server takes as one expression, in a mesh of 300 clusters", () => {
    const sizes = (of: AdmissionPlan) =>
      admissionPolicies(of, "x").flatMap(({ variables }) =>
        Object.values(variables).map((text) => text.length),
      );
    const [first] = meshPlan(300).admissions;
    expect(Math.max(...sizes(first ?? plan()))).toBeLessThan(SIZE_OF_AN_EXPRESSION);
    const services = Array.from({ length: 2000 }, (_, at) => `namespace-${at}/service-with-a-name-${at}`);
    expect(
      Math.max(...sizes(plan({ exports: { "mirror.linkerd.io/exported=true": services } }))),
    ).toBeLessThan(SIZE_OF_AN_EXPRESSION);
  });

  it.each([
    ["enforce", ["Deny"]],
    ["warn", ["Warn", "Audit"]],
  ])("are all bound to the whole cluster, in mode %s", async (admission, validationActions) => {
    const all = await deploy(planFleet(fleetOf({ us: cluster("us") }, { admission })));
    const policies = all.filter(({ type }) => type === POLICY);
    const bindings = all.filter(({ type }) => type === `${POLICY}Binding`);
    expect(policies).toHaveLength(5);
    expect(policies.map(({ inputs }) => inputs.spec)).toEqual(
      policies.map(() => expect.objectContaining({ failurePolicy: "Fail" })),
    );
    expect(bindings.map(({ inputs }) => inputs.spec)).toEqual(
      policies.map(({ inputs }) => ({
        policyName: (inputs.metadata as { name: string }).name,
        // What says that it comes from another cluster is only warned of.
        validationActions:
          (inputs.metadata as { name: string }).name === "linkerd-fleet-mirrors"
            ? ["Warn", "Audit"]
            : validationActions,
      })),
    );
  });

  it("are not there where admission is off", async () => {
    const all = await deploy(planFleet(fleetOf({ us: cluster("us") }, { admission: "off" })));
    expect(all.filter(({ type }) => /admission/i.test(type))).toEqual([]);
  });
});
