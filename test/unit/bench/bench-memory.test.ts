import { describe, expect, it } from "vitest";
import { plugin } from "../../../bench/memory/plugin";
import { isProps, type Props } from "../../../lab/standins/values";
import { EngineDouble } from "../../../testing/standins";

const cluster = () => new EngineDouble(plugin);
const SECRET = "kubernetes:core/v1:Secret";
const RELEASE = "kubernetes:helm.sh/v3:Release";
const LINK = "kubernetes:multicluster.linkerd.io/v1alpha3:Link";

const token: Props = {
  apiVersion: "v1",
  kind: "Secret",
  type: "kubernetes.io/service-account-token",
  metadata: { name: "token", namespace: "linkerd-multicluster" },
};
const link: Props = {
  apiVersion: "multicluster.linkerd.io/v1alpha3",
  kind: "Link",
  metadata: { name: "eu", namespace: "linkerd-multicluster" },
  spec: { targetClusterName: "eu" },
};
const release: Props = {
  name: "linkerd-crds",
  namespace: "linkerd",
  chart: "linkerd-crds",
  values: { a: 1 },
};

describe("the plugin that the bench measures with", () => {
  it("finds nothing to change in what it made, with no API server", async () => {
    const engine = cluster();
    for (const [type, inputs] of [
      [SECRET, token],
      [LINK, link],
      [RELEASE, release],
    ] as const) {
      const held = await engine.create(type, inputs);
      expect(await engine.diff(type, held, await engine.check(type, inputs))).toEqual([]);
    }
  });

  it("finds what differs, replaces what is another object, and updates what it holds", async () => {
    const engine = cluster();
    const held = await engine.create(LINK, link);
    const changed = { ...link, spec: { targetClusterName: "apac" } };
    expect(await engine.diff(LINK, held, changed)).toEqual(["spec.targetClusterName"]);
    const updated = await engine.update(LINK, held, changed);
    expect(updated.outputs.spec).toEqual({ targetClusterName: "apac" });
    const uid = ({ metadata }: Props) => (isProps(metadata) ? metadata.uid : undefined);
    expect(uid(updated.outputs)).toBe(uid(held.outputs));
    expect(await engine.read(LINK, updated)).toEqual(updated);
    const other = { ...link, metadata: { name: "apac", namespace: "linkerd-multicluster" } };
    expect(await engine.diff(LINK, held, other)).toEqual(["!metadata.name"]);
  });

  it("answers what the program reads: tokens, addresses of load balancers, revisions", async () => {
    const engine = cluster();
    const { outputs } = await engine.create(SECRET, token);
    expect(JSON.stringify(outputs.data)).toContain("ca.crt");
    const patch = {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "linkerd-gateway", namespace: "x" },
    };
    const service = await engine.create("kubernetes:core/v1:ServicePatch", patch);
    expect(service.outputs.status).toEqual({ loadBalancer: { ingress: [{ ip: "192.0.2.1" }] } });
    const held = await engine.create(RELEASE, release);
    const upgraded = await engine.update(RELEASE, held, { ...release, values: { a: 2 } });
    expect(upgraded.outputs.status).toMatchObject({ revision: 2, status: "deployed" });
  });
});
