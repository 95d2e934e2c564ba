import { describe, expect, it } from "vitest";
import { skippedPortNotes } from "../../../fleet/grants/notes";
import { planFleet } from "../../../fleet/plan";
import { checkout, type PodChange, planOf, pod, service, told } from "../../../testing/coverage";
import { cluster, fleetOf } from "../../../testing/fleets";

describe("pods that no Server protects", () => {
  const plan = planOf(checkout);
  const of = (name: string, change: PodChange) => pod(name, undefined, change);

  it("are told, with the reason", () => {
    const pods = [
      of("a", { proxy: false }),
      of("b", { proxy: false }),
      of("c", { hostNetwork: true }),
      of("d", { annotations: { "config.linkerd.io/skip-inbound-ports": "8000-8100" } }),
      of("e", { annotations: { "config.linkerd.io/skip-inbound-ports": "22" } }),
    ];
    expect(told(plan, { services: [service(["http"])], pods })).toEqual([
      expect.stringMatching(
        /^unproxied ports: no grant protects the pods a, b .* it has no proxy: everybody may/,
      ),
      expect.stringMatching(/^unproxied ports: no grant protects the pod c .* in the host's network/),
      expect.stringMatching(
        /^unproxied ports: no grant protects the pod d .* port 8080 is one that it keeps/,
      ),
    ]);
  });

  it("are told where a port has not the name that `ports` has", () => {
    const pods = [pod("a", [{ name: "web", containerPort: 8080 }])];
    expect(told(plan, { services: [service([8080])], pods })).toEqual([
      expect.stringMatching(/^undeclared ports opens: .* port 8080 /),
      expect.stringMatching(/^renamed ports: no port of the pod a .* is called http/),
    ]);
  });
});

describe("a port that the chart's own settings keep from proxies", () => {
  const notes = (ports: number[], proxyInit?: object) =>
    skippedPortNotes(
      planFleet(
        fleetOf(
          { us: cluster("us") },
          {
            services: [checkout, { ...checkout, name: "stock", ports }],
            linkerd: {
              version: "2026.8.3",
              charts: { controlPlane: { values: proxyInit ? { proxyInit } : {} } },
            },
          },
        ),
      ),
    );

  it("is told, as nobody closes it", () => {
    const told = [
      expect.stringMatching(/^services\[1\]\.ports: no grant protects port 4567 of shop\/stock in us/),
    ];
    expect(notes([4567, 8080])).toEqual(told);
    // Other values of the same section leave it as it is.
    expect(notes([4567], { skipSubnets: "192.0.2.0/24" })).toEqual(told);
    expect(notes([8080])).toEqual([]);
    expect(notes([4567], { ignoreInboundPorts: "25" })).toEqual([]);
    expect(notes([25], { ignoreInboundPorts: "20-30" })).toHaveLength(1);
    expect(notes([25], { ignoreInboundPorts: ["25"] })).toEqual([]);
  });
});
