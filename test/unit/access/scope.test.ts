import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { accessObjects, accessRoles, bindingName } from "../../../fleet/access/objects";
import { ACCESS_ROLES, SCOPES } from "../../../fleet/access/role";
import { accessName } from "../../../fleet/config/names";
import { linkObjects } from "../../../fleet/links/objects";
import { outputsSchema } from "../../../fleet/outputs/schema";
import { planFleet } from "../../../fleet/plan";
import { judge } from "../../../ops/verify/judge";
import { readFleet } from "../../../ops/verify/read";
import { configOf, fleetInputs } from "../../../testing/arbitraries";
import { clusterNames } from "../../../testing/clusterArbitraries";
import { LiveFleet, meshStackFile } from "../../../testing/liveFleet";

describe("what a source reads of a target", () => {
  it("is its pods where flat or federated services cross, and else its Services only, whatever the fleet", () => {
    fc.assert(
      fc.property(fleetInputs(), (input) => {
        const plan = planFleet(configOf(input));
        for (const link of plan.links) {
          const access = plan.accesses.find(
            (one) => one.source === link.source && one.target === link.target,
          );
          const direct = link.modes.includes("flat") || link.modes.includes("federated");
          expect(access?.scope).toBe(direct ? "pods" : "services");
          const target = [...plan.clusters, ...plan.neighbours].find(({ name }) => name === link.target);
          if (!access || !target) throw new Error("a link without its access or its target");
          const rights = accessRoles([access]).flatMap((role) =>
            role.kind === "ClusterRole" ? role.rules : [],
          );
          expect(rights.some(({ resources }) => resources.includes("pods"))).toBe(direct);
          const secrets = linkObjects(link, target, {
            namespaces: { controlPlane: "linkerd", multicluster: "linkerd-multicluster" },
            ...{ kubeconfig: "", gatewayAddress: "", generation: 1 },
          }).filter(({ kind }) => kind === "Secret");
          expect(secrets.map(({ metadata }) => metadata.namespace)).toEqual(
            direct ? ["linkerd", "linkerd-multicluster"] : ["linkerd-multicluster"],
          );
        }
      }),
      { numRuns: 50 },
    );
  });

  it("is bound under names that no two accesses of a target share", () => {
    fc.assert(
      fc.property(clusterNames({ minLength: 2, maxLength: 6 }), (names) => {
        const bindings = names.flatMap((name) => SCOPES.map((scope) => bindingName(accessName(name), scope)));
        expect(new Set(bindings).size).toBe(bindings.length);
      }),
    );
  });

  it("changes by one more binding, so that the old one goes when the new one is there", () => {
    const bindings = SCOPES.map((scope) => {
      const access = { source: "us", serviceAccount: accessName("us"), scope, tokens: [1] };
      const inputs = { namespace: "linkerd-multicluster", role: ACCESS_ROLES[scope].name, tokenName: String };
      return accessObjects(access, inputs).find(({ kind }) => kind === "ClusterRoleBinding");
    });
    for (const part of ["id", "metadata"] as const)
      expect(bindings[0]?.[part]).not.toEqual(bindings[1]?.[part]);
  });
});

describe("verify, of a fleet in which gateway services cross only", () => {
  let fleet: LiveFleet;
  beforeAll(async () => {
    const { config } = meshStackFile(["us", "eu"]);
    const clusters = Object.entries(config["linkerd-fleet:clusters"]);
    fleet = await LiveFleet.of(
      planFleet(
        configOf({
          linkerd: config["linkerd-fleet:linkerd"],
          trust: { anchors: [{ id: "2026", state: "active" }] },
          topology: { kind: "mesh" },
          clusters: Object.fromEntries(clusters.map(([name, { network: _, ...of }]) => [name, of])),
          services: [
            {
              name: "reports",
              namespace: "bi",
              mode: "gateway",
              in: ["us", "eu"],
              ports: ["http"],
              allowGateway: true,
            },
          ],
        }),
      ),
    );
  });

  async function verify(): Promise<string[]> {
    const { plan } = fleet;
    const opened = fleet.clusters();
    const outputs = outputsSchema.parse(fleet.outputs());
    return judge(await readFleet(plan, outputs, opened)).flatMap(({ subject, findings }) =>
      findings.map(({ message }) => `${subject}: ${message}`),
    );
  }

  it("finds it as planned, and names credentials that its destination controllers need not have", async () => {
    expect(await verify()).toEqual([]);
    const objects = fleet.objects.get("us") ?? [];
    const mirror = objects.find(({ metadata }) => metadata.name === "cluster-credentials-eu");
    if (!mirror) throw new Error("no credentials");
    objects.push({ ...mirror, metadata: { ...mirror.metadata, namespace: "linkerd" } });
    expect(await verify()).toEqual([
      "us: the credentials Secret linkerd/cluster-credentials-eu is not planned",
    ]);
    objects.pop();
  });
});
