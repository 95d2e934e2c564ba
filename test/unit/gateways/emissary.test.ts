import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, it } from "vitest";
import { requiredApis } from "../../../fleet/clusters/requirements";
import { accountMismatch, withoutAddress } from "../../../fleet/gateways/plan";
import { type Plan, planFleet } from "../../../fleet/plan";
import { cluster, fleetOf } from "../../../testing/fleets";
import { type Registered, runUnderMocks } from "../../../testing/mocks";
import { plannedFleet } from "../../../testing/plannedFleet";

const SERVICES = [
  { name: "web", namespace: "shop", mode: "gateway", in: ["b"], ports: ["http"], allowGateway: true },
];

/** Clusters a and b; b's gateway is an Emissary with these settings. */
function planOf(gateway: Record<string, unknown>): Plan {
  const clusters = { a: cluster("a"), b: cluster("b", { gateway: { type: "emissary", ...gateway } }) };
  return planFleet(fleetOf(clusters, { services: SERVICES }));
}

function deploy(gateway: Record<string, unknown>, options?: { preview: boolean }): Promise<Registered[]> {
  const plan = planOf(gateway);
  return runUnderMocks(() => void plannedFleet({ plan, secret: (key) => pulumi.secret(key) }), options);
}

function inputsOf(all: readonly Registered[], name: string): Record<string, unknown> {
  const found = all.find((resource) => resource.name === name);
  if (!found) throw new Error(`no resource named ${name}`);
  return found.inputs;
}

const identity = "emissary-ingress.emissary.serviceaccount.identity.linkerd.cluster.local";

describe("an Emissary as the gateway", () => {
  let all: Registered[];
  beforeAll(async () => {
    all = await deploy({});
  });

  it("gets a proxy that acts as a gateway, takes only identities there and leaves the public ports alone", () => {
    expect(inputsOf(all, "b-emissary-deployment").spec).toEqual({
      template: {
        metadata: {
          annotations: {
            "linkerd.io/inject": "enabled",
            "config.linkerd.io/enable-gateway": "true",
            "config.linkerd.io/proxy-additional-env": JSON.stringify([
              { name: "LINKERD2_PROXY_INBOUND_GATEWAY_SUFFIXES", value: "web.shop.svc.cluster.local." },
            ]),
            "config.linkerd.io/proxy-require-identity-inbound-ports": "4143",
            "config.linkerd.io/skip-inbound-ports": "8080,8443",
          },
        },
      },
    });
  });

  it("shows its two ports and who it is on its Service, once the policies are there", () => {
    const service = all.find(({ name }) => name === "b-multicluster-gateway");
    expect(service?.inputs).toMatchObject({
      metadata: {
        name: "emissary-ingress",
        namespace: "emissary",
        annotations: {
          "mirror.linkerd.io/gateway-identity": identity,
          "mirror.linkerd.io/multicluster-gateway": "true",
          "mirror.linkerd.io/probe-path": "/ready",
          "mirror.linkerd.io/probe-period": "3",
        },
      },
    });
    const ports = all.find(({ name }) => name === "b-multicluster-gateway-ports");
    expect(ports?.inputs).toMatchObject({
      metadata: { name: "emissary-ingress", namespace: "emissary" },
      spec: {
        ports: [
          { name: "mc-gateway", port: 4143, targetPort: 4143 },
          { name: "mc-probe", port: 4191, targetPort: 4191 },
        ],
      },
    });
    for (const patch of [service, ports])
      expect(patch?.dependsOn).toEqual(
        expect.arrayContaining(["b-emissary-linkerd-proxy", "b-emissary-linkerd-admin"]),
      );
  });

  // The provider compares lists by position: the Service's own ports come first, so each `up` would write these
  // again.
  it("writes its ports once, by a patch in which nothing else is that could change", async () => {
    const fixed = await deploy({ address: "1.2.3.4" });
    const [ports, others] = [all, fixed].map((registered) =>
      registered.find(({ name }) => name === "b-multicluster-gateway-ports"),
    );
    expect(ports?.ignoreChanges).toEqual(["spec"]);
    expect(others?.inputs).toEqual(ports?.inputs);
  });

  it("is patched in a name of its own, so that exporting its Service takes nothing back", () => {
    for (const name of ["b-emissary-deployment", "b-multicluster-gateway"]) {
      expect(inputsOf(all, name)).toHaveProperty(
        ["metadata", "annotations", "pulumi.com/patchFieldManager"],
        "linkerd-fleet-gateway",
      );
    }
  });

  it("closes its gateway and admin ports but to the meshed pods of the linked clusters", () => {
    for (const port of ["linkerd-proxy", "linkerd-admin"]) {
      expect(inputsOf(all, `b-emissary-${port}`).spec).toMatchObject({
        podSelector: { matchLabels: { app: "emissary-ingress" } },
        port,
        accessPolicy: "deny",
      });
    }
    expect(inputsOf(all, "b-emissary-identities").spec).toEqual({
      identities: ["*.identity.linkerd.cluster.local"],
    });
    expect(inputsOf(all, "b-emissary-callers").spec).toMatchObject({
      targetRef: { kind: "Server", name: "fleet.gateway" },
      requiredAuthenticationRefs: [{ kind: "MeshTLSAuthentication" }, { kind: "NetworkAuthentication" }],
    });
  });

  it("is who the links expect and whom gateway services let in; the chart makes no gateway beside it", () => {
    expect(inputsOf(all, "a-to-b-link").spec).toMatchObject({
      gatewayAddress: "192.0.2.1,b-multicluster-gateway.example.com",
      gatewayPort: "4143",
      gatewayIdentity: identity,
      probeSpec: { path: "/ready", port: "4191" },
    });
    expect(inputsOf(all, "b-shop-web-grant-http-identities").spec).toEqual({ identities: [identity] });
    expect(inputsOf(all, "b-multicluster-release")).toHaveProperty("values.gateway", { enabled: false });
    expect(all.filter(({ type }) => type.includes("getambassador.io"))).toEqual([]);
  });

  it("makes a Module, Hosts and Mappings where asked for", async () => {
    const asked = await deploy({
      module: { diagnostics: { enabled: false } },
      hosts: [{ name: "shop", hostname: "shop.example.com", tlsSecret: "shop-tls" }],
      mappings: [{ name: "web", prefix: "/", service: "web-federated.shop:80" }],
    });
    expect(inputsOf(asked, "b-emissary-module")).toMatchObject({
      metadata: { name: "ambassador", namespace: "emissary" },
      spec: { config: { diagnostics: { enabled: false } } },
    });
    expect(inputsOf(asked, "b-emissary-host-shop").spec).toEqual({
      hostname: "shop.example.com",
      tlsSecret: { name: "shop-tls" },
      requestPolicy: { insecure: { action: "Redirect" } },
    });
    expect(inputsOf(asked, "b-emissary-mapping-web").spec).toEqual({
      hostname: "*",
      prefix: "/",
      service: "web-federated.shop:80",
    });
  });

  it("can be previewed before anything of it is known", async () => {
    const preview = await deploy({}, { preview: true });
    expect(preview.map(({ name }) => name).sort()).toEqual(all.map(({ name }) => name).sort());
  });

  it("stands before the chart's own gateway goes, so that a refused patch takes no gateway away", () => {
    const dependencies = (name: string) => all.find((resource) => resource.name === name)?.dependsOn;
    expect(dependencies("b-multicluster-release")).toContain("b-multicluster-gateway");
    expect(dependencies("a-multicluster-release")).not.toContain("a-multicluster-gateway");
    expect(dependencies("a-multicluster-gateway")).toEqual(["a-multicluster-release"]);
  });

  const { gateway: planned } = planOf({}).clusters[1] ?? {};
  const config = planned?.enabled && planned.kind === "emissary" ? planned.config : undefined;

  it("is refused where its Deployment runs as another ServiceAccount than the links would expect", () => {
    expect(config && accountMismatch("b", config, "emissary-ingress")).toBeUndefined();
    expect(config && accountMismatch("b", config, undefined)).toBe(
      "The Deployment emissary/emissary-ingress of b runs as the ServiceAccount default: write it as " +
        "`serviceAccount` in clusters.b.gateway, or every link would expect another identity.",
    );
  });

  it("is refused where its Service gets no address and the stack file has none", () => {
    expect(config && withoutAddress("b", config, "LoadBalancer")).toBeUndefined();
    expect(config && withoutAddress("b", config, "NodePort")).toBe(
      "The Service emissary/emissary-ingress of b is a NodePort: write how the other clusters reach it as `address` " +
        "(with `port` and `probePort`) in clusters.b.gateway.",
    );
  });

  it("needs those of Emissary's kinds that the stack file asks for, and of none if it asks for none", () => {
    const host = { name: "shop", hostname: "shop.example.com" };
    const mapping = { name: "web", prefix: "/", service: "web.shop:80" };
    expect(requiredApis(planOf({}))).toEqual([]);
    expect(requiredApis(planOf({ hosts: [host] }))).toMatchObject([{ kinds: ["Host"] }]);
    expect(requiredApis(planOf({ module: {}, hosts: [host], mappings: [mapping] }))).toEqual([
      {
        cluster: "b",
        groupVersion: "getambassador.io/v3alpha1",
        kinds: ["Module", "Host", "Mapping"],
        path: "clusters.b.gateway",
        fix: "install Emissary-ingress 2 or later in b, or remove module, hosts and mappings",
      },
    ]);
  });
});
