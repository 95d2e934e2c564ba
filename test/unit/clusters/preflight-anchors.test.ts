import { createHash } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { preflight } from "../../../components/preflight";
import type { RotationStep } from "../../../fleet/transition/ready";
import type { Asked, Reply } from "../../../testing/apiServer";
import { certificate, type Pair } from "../../../testing/authority";
import { meshPlan } from "../../../testing/fleets";
import { machine } from "../../../testing/machine";

const here = machine();

describe("before a trust anchor moves", () => {
  let anchor: Pair;
  let issuer: Pair;
  beforeAll(async () => {
    anchor = await certificate({ host: "root.linkerd.cluster.local", ca: true });
    const from = new Date(Date.now() - 1000 * 3_600_000);
    issuer = await certificate({ host: "identity.linkerd.cluster.local", ca: true, from }, anchor);
  });

  const step = (gone: readonly string[] = []): RotationStep => ({
    need: { trusted: ["b"], gone, whole: false },
    anchors: [{ id: "b", pem: anchor.pem }],
    clusters: { c001: "linkerd", c002: "linkerd" },
    allowUnsafe: [],
  });
  const written = (key: string, at: Date) => ({
    managedFields: [
      { manager: "other", time: new Date().toISOString(), fieldsV1: { "f:metadata": {} } },
      { manager: "pulumi", time: at.toISOString(), fieldsV1: { "f:data": { [`f:${key}`]: {} } } },
    ],
  });
  const pod = (name: string, bundle: string, component = {}) => ({
    metadata: {
      ...{ namespace: "linkerd", name, labels: component },
      annotations: { "linkerd.io/trust-root-sha256": createHash("sha256").update(bundle).digest("hex") },
    },
    spec: { containers: [{ name: "linkerd-proxy" }] },
    status: { phase: "Running", startTime: new Date(Date.now() - 50 * 3_600_000).toISOString() },
  });
  const control = () => pod("identity", anchor.pem, { "linkerd.io/control-plane-component": "identity" });

  let asked: string[];
  /** Two clusters whose pods are ready, but for what a test says otherwise. */
  async function haveClusters(other: (asked: Asked) => Reply = () => undefined): Promise<void> {
    asked = [];
    await here.haveContexts(["c001", "c002"], (question) => {
      const { path, query } = question;
      asked.push(path);
      const special = other(question);
      if (special !== undefined) return special;
      if (path.endsWith("/version")) return { body: {} };
      if (path.endsWith("/configmaps/linkerd-identity-trust-roots")) {
        const metadata = written("ca-bundle.crt", new Date(Date.now() - 7_200_000));
        return { body: { metadata, data: { "ca-bundle.crt": anchor.pem } } };
      }
      if (path.endsWith("/secrets/linkerd-identity-issuer")) {
        const metadata = written("tls.crt", new Date(Date.now() - 3_600_000));
        return { body: { metadata, data: { "tls.crt": Buffer.from(issuer.pem).toString("base64") } } };
      }
      if (
        path.endsWith("/api/v1/pods") &&
        query.get("labelSelector") === "linkerd.io/control-plane-ns=linkerd"
      ) {
        return { body: { metadata: {}, items: [control()] } };
      }
      return undefined;
    });
  }
  const deployed = { version: "2026.8.3", gateway: { type: "loadBalancer" } };
  const last = { clusters: { c001: deployed, c002: deployed } };
  const look = (rotation?: RotationStep, isPreview = false) =>
    preflight(meshPlan(2), () => undefined, { isPreview, last, rotation });

  it("nothing is asked where none does", async () => {
    await haveClusters();
    expect(await look()).toMatchObject({ notes: [], refusal: undefined });
    expect(
      asked.filter((path) => !/\/version$|\/\w+routes\.gateway\.networking\.k8s\.io$/.test(path)),
    ).toEqual([]);
  });

  it("a cluster that the program cannot ask is not ready, and is not asked", async () => {
    await haveClusters();
    const unseen = new Map([["c002", "its kubeconfig is in a provider"]]);
    const up = { isPreview: false, last, rotation: step(), unseen };
    const { refusal, plan } = await preflight(meshPlan(2), () => undefined, up);
    expect(refusal).toContain("rotate-before-ready: c002: ");
    expect(refusal).toContain("its kubeconfig is in a provider");
    expect(refusal).not.toContain("c001: ");
    expect(asked.filter((path) => path.startsWith("/c002"))).toEqual([]);
    expect(plan.clusters.map(({ name }) => name)).toEqual(["c001", "c002"]);
  });

  it("an anchor that begins to sign: bundles and pods are asked, and no Secret", async () => {
    await haveClusters();
    const { notes, refusal } = await look(step());
    expect(refusal).toBeUndefined();
    expect(notes).toEqual(["All 2 meshed pods of c001, c002 are ready for this step"]);
    expect(asked.join()).not.toContain("secrets");
  });

  it("an anchor that goes: pods that started before the cluster was given its issuer are told", async () => {
    await haveClusters();
    const { refusal } = await look({ ...step(["a"]), anchors: [...(step().anchors ?? [])] });
    expect(refusal).toMatch(
      /c001: 1 of 1 pods \(Pod linkerd\/identity 1 of 1\) may have an identity of the issuer before, 1 h 0 min after/,
    );
  });

  it("pods on the second page count", async () => {
    await haveClusters(({ path, query }) => {
      if (path !== "/c002/api/v1/pods") return undefined;
      return query.has("continue")
        ? { body: { metadata: {}, items: [pod("web", "another")] } }
        : { body: { metadata: { continue: "next" }, items: [control()] } };
    });
    expect((await look(step())).refusal).toMatch(
      /rotate-before-ready: c002: 1 of 2 pods \(Pod linkerd\/web 1 of 1\) started with another bundle, 2 h 0 min after/,
    );
  });

  it.each([
    ["pods that it may not list", (path: string) => path === "/c002/api/v1/pods", "pods is forbidden"],
    [
      "a bundle that it may not read",
      (path: string) => path.startsWith("/c002/api/v1/namespaces/linkerd/config"),
      "pods is forbidden",
    ],
  ])("%s are not known, and hold it back", async (_, isDenied, message) => {
    await haveClusters(({ path }) => (isDenied(path) ? { status: 403, body: { message } } : undefined));
    const { refusal } = await look(step(), true);
    expect(refusal).toContain(`rotate-before-ready: c002: it cannot be read: ${message}`);
    expect(refusal).not.toContain("The clusters do not fit");
  });

  it("a cluster that does not answer holds it back, with no second wait", async () => {
    await haveClusters(({ path }) => (path.startsWith("/c002/") ? "hang" : undefined));
    const { refusal, warnings } = await look(step());
    expect(warnings).toEqual([expect.stringMatching(/^The cluster "c002" is unreachable/)]);
    expect(refusal).toContain("rotate-before-ready: c002: it cannot be read: no answer within 5 s");
    expect(asked.filter((path) => path.startsWith("/c002/"))).toEqual(["/c002/version"]);
  });

  it("a preview without any kubeconfig says that it did not look", async () => {
    here.withoutKubeconfig();
    const { refusal, warnings } = await look(step(), true);
    expect(refusal).toBeUndefined();
    expect(warnings).toContain(
      "Whether the pods of c001, c002 are ready for this step was not checked; `pulumi up` does",
    );
  });
});
