import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { openFleet } from "../../../live/fleet";
import { expiring } from "../../../ops/expiry/expiry";
import { CHECKS, judge, worst } from "../../../ops/verify/judge";
import { readFleet } from "../../../ops/verify/read";
import type { Stored } from "../../../testing/stored";
import { said, VerifiedFleet } from "../../../testing/verifiedFleet";

const fleet = new VerifiedFleet();

/** For what is left, for its probes, and for some callers. */
function routesOf(cluster: string): string[] {
  return fleet
    .objects(cluster)
    .filter(({ collection }) => collection.endsWith("v1beta3/httproutes"))
    .map(({ metadata }) => metadata.name);
}

describe("a fleet whose clusters were adopted", () => {
  // `linkerd install` makes the issuer's Secret of no type of its own, and a Secret's type never changes.
  it("is well with an issuer of the type Opaque, whose end is watched", () =>
    fleet.with(
      "us",
      "/api/v1/secrets",
      "linkerd-identity-issuer",
      (issuer) => ({ ...issuer, type: "Opaque" }),
      async () => {
        expect(said(await fleet.verify())).toEqual([]);
        const { plan, outputs, clusters } = await openFleet(fleet.options());
        const { members } = await readFleet(plan, outputs, clusters);
        const { items } = expiring({ plan, outputs }, members);
        const issuers = items.filter(({ kind }) => kind === "issuer").map(({ cluster }) => cluster);
        expect(issuers.sort()).toEqual(["eu", "us"]);
      },
    ));
});

describe("a fleet whose Helm releases lack the empty lists of their values", () => {
  it("is well: some versions of the provider drop them", () =>
    fleet.with(
      "us",
      "/api/v1/secrets",
      "sh.helm.release.v1.linkerd-multicluster.v1",
      (secret) => {
        const { release } = z.object({ release: z.string() }).parse(secret.data);
        const packed = Buffer.from(Buffer.from(release, "base64").toString(), "base64");
        const content = JSON.parse(gunzipSync(packed).toString());
        expect(content.config.gateway.loadBalancerSourceRanges).toEqual([]);
        delete content.config.gateway.loadBalancerSourceRanges;
        const again = Buffer.from(gzipSync(JSON.stringify(content)).toString("base64")).toString("base64");
        return { ...secret, data: { release: again } };
      },
      async () => expect(said(await fleet.verify())).toEqual([]),
    ));
});

describe("a fleet whose service mirrors are at work", () => {
  it("is well in every respect", async () => {
    const results = await fleet.verify();
    expect(said(results)).toEqual([]);
    const asked = new Set(results.map(({ check }) => check));
    // This fleet has nothing that these are about.
    expect(CHECKS.map(({ name }) => name).filter((name) => !asked.has(name))).toEqual([
      "namespaces and restarts are as planned",
      "requests are divided as planned",
      "metrics, alerts and dashboards are as planned",
    ]);
  });

  it("is not, when one of them left its Lease to run out", () =>
    fleet.with(
      "us",
      "/apis/coordination.k8s.io/v1/leases",
      "service-mirror-write-eu",
      (lease) => ({ ...lease, spec: { leaseDurationSeconds: 30, renewTime: "2026-01-01T00:00:00Z" } }),
      async () => {
        expect(said(await fleet.verify())).toEqual([
          "error us → eu: it has not renewed its Lease since 2026-01-01T00:00:00Z",
        ]);
      },
    ));

  // Its service mirror was restarted meanwhile: a real one then keeps the address (linkerd2
  // `cluster_watcher.go:241`).
  it("is not, when a gateway has no pod although its mirror services have its address", () =>
    fleet.with(
      "eu",
      "/apis/apps/v1/deployments",
      "linkerd-gateway",
      (gateway) => ({ ...gateway, status: { availableReplicas: 0 } }),
      async () => {
        expect(said(await fleet.verify())).toEqual([
          "error eu: 0 of 1 pods of the Deployment linkerd-gateway are available",
          expect.stringMatching(
            /^error us → eu: no pod of the gateway of eu is available, although mirror services/,
          ),
        ]);
      },
    ));

  it("is not, when a link's credentials expect the certificate of another name", () =>
    fleet.with(
      "us",
      "/api/v1/secrets",
      "cluster-credentials-eu",
      (secret) => {
        const { kubeconfig } = z.object({ kubeconfig: z.string() }).parse(secret.data);
        const config = JSON.parse(Buffer.from(kubeconfig, "base64").toString("utf8"));
        config.clusters[0].cluster["tls-server-name"] = "other.example.com";
        return { ...secret, data: { kubeconfig: Buffer.from(JSON.stringify(config)).toString("base64") } };
      },
      async () => {
        expect(said(await fleet.verify())).toEqual([
          expect.stringMatching(/^error us → eu: .* expects a certificate for other\.example\.com$/),
        ]);
      },
    ));

  it("is not, when a mirror belongs to a service that its target does not declare", () =>
    fleet.with(
      "us",
      "/api/v1/services",
      "reports-eu",
      (mirror) => ({ ...mirror, metadata: { ...mirror.metadata, name: "secrets-eu" } }),
      async () => {
        expect(said(await fleet.verify())).toEqual([
          "error us: the Service bi/secrets-eu mirrors a service that eu does not declare",
        ]);
      },
    ));

  it("is not, when somebody's route, or policy for a route, decides who may call", () => {
    const [, probes] = routesOf("us");
    const stray = (spec: object) => (own: Stored) => ({
      ...own,
      metadata: { ...own.metadata, name: "own" },
      spec,
    });
    return fleet.with(
      "us",
      "/apis/policy.linkerd.io/v1alpha1/authorizationpolicies",
      `${probes}.probes`,
      stray({ targetRef: { kind: "HTTPRoute", name: probes }, requiredAuthenticationRefs: [] }),
      () =>
        fleet.with(
          "us",
          "/apis/policy.linkerd.io/v1beta3/httproutes",
          `${probes}`,
          stray({
            parentRefs: [{ group: "policy.linkerd.io", kind: "Server", name: "fleet.checkout.http" }],
            rules: [{ matches: [{ path: { type: "Exact", value: "/ready" } }] }],
          }),
          async () => {
            const [policy, route, effect, ...more] = said(await fleet.verify());
            expect(more).toEqual([]);
            expect(policy).toBe(
              `error shop/checkout in us: the AuthorizationPolicy ${probes}.probes is missing`,
            );
            expect(route).toBe(`error shop/checkout in us: the HTTPRoute ${probes} is missing`);
            expect(effect).toMatch(/port http keeps out .*\(GET \/ready\): .*HTTPRoute shop\/own/);
          },
        ),
    );
  });

  it("is not, when a federated service has a member that nobody declared", () =>
    fleet.with(
      "us",
      "/api/v1/services",
      "reports-eu",
      (mirror) => ({
        ...mirror,
        metadata: {
          name: "checkout-federated",
          namespace: "shop",
          labels: { "mirror.linkerd.io/mirrored-service": "true" },
          annotations: { "multicluster.linkerd.io/remote-discovery": "checkout@eu,cart@eu" },
        },
      }),
      async () => {
        expect(said(await fleet.verify())).toEqual([
          "error us: the Service shop/checkout-federated has members that are not declared: cart@eu",
        ]);
      },
    ));
});

describe("a Gateway API from a file of the project", () => {
  async function findings(version: string): Promise<string[]> {
    const { plan, outputs, clusters } = await openFleet(fleet.options());
    const gatewayApi = { version: "1.2.1", file: "./gateway-api" };
    const pinned = plan.clusters.map((one) =>
      one.name === "us" ? { ...one, install: { ...one.install, gatewayApi } } : one,
    );
    const annotations = { "gateway.networking.k8s.io/bundle-version": version };
    fleet.instead = ({ path }) =>
      path.includes("/customresourcedefinitions/")
        ? { body: { metadata: { name: "httproutes.gateway.networking.k8s.io", annotations } } }
        : "as planned";
    const results = judge(await readFleet({ ...plan, clusters: pinned }, outputs, clusters));
    fleet.instead = () => "as planned";
    return said(results).filter((line) => line.includes("Gateway API"));
  }

  it("is told where the cluster has another version", async () => {
    expect(await findings("v1.1.1")).toEqual([
      "error us: it has version 1.1.1 of the Gateway API instead of 1.2.1",
    ]);
    expect(await findings("v1.2.1")).toEqual([]);
  });
});

describe("what could not be read", () => {
  it("is not known where it is denied, and says what could not be read", async () => {
    fleet.instead = ({ path }) =>
      path.startsWith("/us/api/v1/namespaces/linkerd/secrets")
        ? { status: 403, body: { message: "secrets is forbidden" } }
        : "as planned";
    const results = await fleet.verify();
    fleet.instead = () => "as planned";
    expect(new Set(said(results).map((line) => line.replace(/ .*: you/, " you")))).toEqual(
      new Set(["unknown you may not read this: secrets is forbidden"]),
    );
    expect(worst(results.map(({ outcome }) => outcome))).toBe("unknown");
  });

  it("says which destination controllers may have lost a cluster that does not answer", async () => {
    const objects = fleet.objects("us");
    objects.push({
      collection: "/api/v1/pods",
      metadata: {
        ...{ name: "linkerd-destination-x", namespace: "linkerd" },
        labels: { "linkerd.io/control-plane-component": "destination" },
      },
      spec: { containers: [] },
      status: { phase: "Running", startTime: "2026-11-01T00:00:00Z" },
    });
    try {
      const { plan, outputs, clusters } = await openFleet(fleet.options());
      const away = { state: "failed", why: "unreachable", message: "no answer" } as const;
      const eu = clusters.get("eu");
      if (!eu) throw new Error("no eu");
      const dead = { ...eu, get: async () => away, list: async () => away, rulesOf: async () => away };
      const results = judge(await readFleet(plan, outputs, new Map([...clusters, ["eu", dead]])));
      const warned = said(results).filter((line) => line.startsWith("warning"));
      expect(warned).toEqual([
        expect.stringMatching(
          /^warning us → eu: a destination controller .* \(.*linkerd-destination-x started at 2026-11-01T00:00:00Z\)$/,
        ),
      ]);
      expect(said(results).filter((line) => line.startsWith("error"))).toEqual(["error eu: no answer"]);
    } finally {
      objects.pop();
    }
    expect(said(await fleet.verify())).toEqual([]);
  });

  it("is one failure where a cluster does not answer; the other's own checks go on", async () => {
    fleet.instead = ({ path }) =>
      path.startsWith("/eu/") ? { status: 500, body: { message: "etcd is gone" } } : "as planned";
    const results = await fleet.verify();
    fleet.instead = () => "as planned";
    expect(said(results).filter((line) => line.startsWith("error"))).toEqual(["error eu: etcd is gone"]);
    const ofUs = results.filter(({ subject }) => subject === "us").map(({ outcome }) => outcome);
    expect(new Set(ofUs)).toEqual(new Set(["ok"]));
  });
});
