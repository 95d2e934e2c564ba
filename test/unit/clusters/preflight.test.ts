import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { preflight } from "../../../components/preflight";
import { formatProblems } from "../../../fleet/config/problems";
import type { Plan } from "../../../fleet/plan";
import type { RotationStep } from "../../../fleet/transition/ready";
import { ApiServer, type Asked, type Reply } from "../../../testing/apiServer";
import { certificate, type Pair } from "../../../testing/authority";
import { meshPlan } from "../../../testing/fleets";

let folder: string;
let server: ApiServer | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "linkerd-fleet-preflight-"));
  vi.stubEnv("HOME", folder);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
  await server?.close();
  server = undefined;
});

/** KUBECONFIG with these contexts, of a server that answers 404. */
async function haveContexts(...contexts: string[]): Promise<string> {
  server = await ApiServer.start(() => undefined);
  const content = server.kubeconfig(contexts);
  writeFileSync(join(folder, "kubeconfig"), content);
  vi.stubEnv("KUBECONFIG", join(folder, "kubeconfig"));
  return content;
}

const prometheus = { namespace: "monitoring", serviceAccount: "prometheus" };
const observed = meshPlan(2, { observability: { prometheus } });

/** Before the first deployment. `ofC002`: the kubeconfig that is stored for it. */
const firstLook = (plan: Plan, isPreview: boolean, ofC002?: string) =>
  preflight(plan, ({ name }) => (name === "c002" ? ofC002 : undefined), {
    ...{ isPreview, last: {}, rotation: undefined },
  });

describe("before the first resource", () => {
  it.each([["preview", true] as const, ["up", false] as const])(
    "a context that the kubeconfig does not have stops %s, with those that it has",
    async (_, isPreview) => {
      await haveContexts("c001", "c002-admin");
      const { refusal } = await firstLook(meshPlan(2), isPreview);
      const problem = {
        path: "clusters.c002.context",
        problem: 'cannot be used: the kubeconfig has no context "c002"; it has "c001", "c002-admin"',
        fix: "name a context that your kubeconfig has, or set KUBECONFIG to the files that have it",
      };
      expect(refusal).toBe(formatProblems([problem], "The clusters do not fit the stack file"));
    },
  );

  it("a file that the kubeconfig names and is not there stops the run", async () => {
    const content = await haveContexts("c001", "c002");
    writeFileSync(join(folder, "kubeconfig"), content.replace("token: admin-of-c002", "tokenFile: missing"));
    const { refusal } = await firstLook(meshPlan(2), false);
    expect(refusal).toMatch(/^ {2}clusters\.c002\.context\n.*missing, which cannot be read/m);
    expect(refusal).not.toContain("c001.context");
  });

  it("a preview without any kubeconfig says what it did not check, and up stops", async () => {
    vi.stubEnv("KUBECONFIG", join(folder, "missing"));
    const preview = await firstLook(observed, true);
    expect(preview.refusal).toBeUndefined();
    expect(preview.warnings).toEqual([expect.stringMatching(/^There is no kubeconfig.* c001, c002;/)]);
    const { refusal } = await firstLook(observed, false);
    expect(refusal?.match(/clusters\..*/g)).toEqual(["clusters.c001.context", "clusters.c002.context"]);
  });

  it("a kubeconfig that the program gives is used in its current context, with none on the machine", async () => {
    const content = await haveContexts("admin");
    vi.stubEnv("KUBECONFIG", join(folder, "missing"));
    const named = content.replace(/^current-context:.*\n/m, "");
    const given = (current: string) => () => `${named}current-context: ${current}\n`;
    const options = { isPreview: true, last: {}, rotation: undefined, inCurrentContext: () => true };
    const { refusal, warnings } = await preflight(observed, given("admin"), options);
    expect(warnings).toEqual([]);
    expect(refusal?.match(/\S+ has no .*/g)).toEqual([
      expect.stringMatching(/^c001 has no PodMonitor/),
      expect.stringMatching(/^c002 has no PodMonitor/),
    ]);
    expect((await preflight(observed, given("mars"), options)).refusal).toContain("clusters.c001.kubeconfig");
  });

  describe("a cluster that does not answer", () => {
    const deadEnd = (server: string) =>
      JSON.stringify({
        clusters: [{ name: "c002", cluster: { server } }],
        users: [{ name: "me", user: { token: "t" } }],
        contexts: [{ name: "c002", context: { cluster: "c002", user: "me" } }],
      });

    it.each([
      ["preview", true, /The preview shows its changes from the state/] as const,
      ["up", false, /Its resources fail in this update/] as const,
    ])("is named by %s once, with its context, and the others are checked", async (_, isPreview, outlook) => {
      await haveContexts("c001");
      const { refusal, warnings } = await firstLook(observed, isPreview, deadEnd("https://127.0.0.1:1"));
      expect(refusal?.match(/\S+ has no .*/g)).toEqual([expect.stringMatching(/^c001 has no PodMonitor/)]);
      expect(warnings).toEqual([
        expect.stringMatching(
          /^The cluster "c002" is unreachable \(context "c002"\): .*ECONNREFUSED.*unreachable\.md/,
        ),
      ]);
      expect(warnings[0]).toMatch(outlook);
    });

    it("since the update began is named afterwards, by its context too, and one that never did is not again", async () => {
      await haveContexts("c001");
      const { warnings, stopped } = await firstLook(meshPlan(2), false, deadEnd("https://127.0.0.1:1"));
      expect(warnings).toEqual([expect.stringMatching(/^The cluster "c002" is unreachable/)]);
      expect(await stopped()).toEqual([]);
      await server?.close();
      expect(await stopped()).toEqual([
        expect.stringMatching(
          /^The cluster "c001" is unreachable \(context "c001"\): .*It answered when this update began.*fleet recover/,
        ),
      ]);
      server = undefined;
    });

    it("is named where nothing is asked of it, and where it takes the connection and says nothing", async () => {
      await haveContexts("c001");
      const mute = createServer().listen(0, "127.0.0.1");
      await once(mute, "listening");
      const { port } = mute.address() as AddressInfo;
      const { refusal, warnings } = await firstLook(meshPlan(2), true, deadEnd(`http://127.0.0.1:${port}`));
      mute.close();
      expect(refusal).toBeUndefined();
      expect(warnings).toEqual([
        expect.stringMatching(/^The cluster "c002" is unreachable .*no answer within 5 s/),
      ]);
    });
  });
});

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
    server = await ApiServer.start((question) => {
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
    writeFileSync(join(folder, "kubeconfig"), server.kubeconfig(["c001", "c002"]));
    vi.stubEnv("KUBECONFIG", join(folder, "kubeconfig"));
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
    vi.stubEnv("KUBECONFIG", join(folder, "missing"));
    const { refusal, warnings } = await look(step(), true);
    expect(refusal).toBeUndefined();
    expect(warnings).toContain(
      "Whether the pods of c001, c002 are ready for this step was not checked; `pulumi up` does",
    );
  });
});

describe("before workloads restart", () => {
  const plan = meshPlan(2, { restart: { workloads: [{ namespace: "shop", selector: "app=web" }] } });
  const bundle = "bundle of the cluster";
  const pod = (name: string, of: string, owner?: string) => ({
    metadata: {
      ...{ namespace: "shop", name, labels: { "linkerd.io/control-plane-ns": "linkerd" } },
      annotations: { "linkerd.io/trust-root-sha256": createHash("sha256").update(of).digest("hex") },
      ...(owner === undefined
        ? {}
        : { ownerReferences: [{ kind: "StatefulSet", name: owner, controller: true }] }),
    },
    spec: { containers: [{ name: "linkerd-proxy" }] },
  });
  const set = (name: string) => ({
    metadata: { namespace: "shop", name },
    spec: { template: { metadata: {} } },
    status: { updatedReplicas: 1, readyReplicas: 1 },
  });

  let asked: string[];
  async function haveClusters(other: (asked: Asked) => Reply = () => undefined): Promise<void> {
    asked = [];
    server = await ApiServer.start((question) => {
      const { path, query } = question;
      asked.push(`${path}?${query}`);
      const special = other(question);
      if (special !== undefined) return special;
      if (path.endsWith("/version")) return { body: {} };
      if (path.endsWith("/linkerd-identity-trust-roots"))
        return { body: { data: { "ca-bundle.crt": bundle } } };
      if (path === "/c001/api/v1/pods") {
        const items = [pod("db-0", "another", "db"), pod("new-0", bundle, "new")];
        return { body: { metadata: {}, items } };
      }
      const items = path === "/c001/apis/apps/v1/namespaces/shop/statefulsets" ? [set("db"), set("new")] : [];
      return { body: { metadata: {}, items } };
    });
    writeFileSync(join(folder, "kubeconfig"), server.kubeconfig(["c001", "c002"]));
    vi.stubEnv("KUBECONFIG", join(folder, "kubeconfig"));
  }

  const restarts = (of: Plan) =>
    of.clusters.map(({ restart }) => restart.rolling?.restarts.map(({ name }) => name));

  it("those that are selected are read, and those with an old bundle are planned", async () => {
    await haveClusters();
    const { plan: next, notes, refusal } = await firstLook(plan, true);
    expect(refusal).toBeUndefined();
    expect(restarts(next)).toEqual([["db"], []]);
    expect(notes).toEqual([
      "c001: 1 workload restarts, at most 1 at once: StatefulSet shop/db (trust bundle)",
    ]);
    expect(asked).toContain(
      "/c001/apis/apps/v1/namespaces/shop/daemonsets?labelSelector=app%3Dweb&limit=500",
    );
    expect(asked.join()).not.toContain("secrets");
  });

  it("a fleet that selects none is not asked", async () => {
    await haveClusters();
    await firstLook(meshPlan(2), true);
    expect(asked.join()).not.toMatch(/pods|statefulsets/);
  });

  it("a cluster that does not answer, or lets nobody list pods, holds up no other", async () => {
    await haveClusters(({ path }) =>
      path === "/c002/api/v1/pods" ? { status: 403, body: { message: "pods is forbidden" } } : undefined,
    );
    const { plan: next, warnings, refusal } = await firstLook(plan, false);
    expect(refusal).toBeUndefined();
    expect(restarts(next)).toEqual([["db"], []]);
    expect(warnings).toEqual([expect.stringMatching(/^c002: .* was not read: pods is forbidden/)]);
    await server?.close();
    await haveClusters(({ path }) => (path.startsWith("/c002/") ? "hang" : undefined));
    const silent = await firstLook(plan, false);
    expect(restarts(silent.plan)).toEqual([["db"], []]);
    expect(silent.warnings).toContainEqual(expect.stringMatching(/^c002: .* was not read\. None restarts/));
  });
});
