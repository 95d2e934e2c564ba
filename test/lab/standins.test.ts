/**
 * The kubernetes stand-in against a real API server and the real helm: each title says what the official plugin
 * (4.34.2) does, and so does the stand-in. What needs no server is in `test/unit/standins-kubernetes.test.ts`.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import {
  clusterFolder,
  ensureCluster,
  kubectl,
  removeCluster,
  stopCluster,
  writeKubeconfig,
} from "../../lab/clusters";
import { openLab } from "../../lab/env";
import type { Props } from "../../lab/plugins/values";
import { field, UNKNOWN } from "../../lab/plugins/values";
import { ensureToolchain, type Toolchain } from "../../lab/toolchain";
import { EngineDouble, type Held, keptOf, secret } from "../../testing/standins";
import { freePorts } from "./harness";

const folder = mkdtempSync(join(tmpdir(), "linkerd-fleet-standins-"));
const lab = openLab({ LINKERD_FLEET_LAB: join(folder, "lab") });
let tools: Toolchain;
let cluster: Parameters<typeof kubectl>[2];
let kubeconfig: string;
let engine: EngineDouble;

const CONFIGMAP = "kubernetes:core/v1:ConfigMap";
const SECRET = "kubernetes:core/v1:Secret";
const SERVICE = "kubernetes:core/v1:Service";
const DEPLOYMENT = "kubernetes:apps/v1:Deployment";
const RELEASE = "kubernetes:helm.sh/v3:Release";
const LINK = "kubernetes:example.io/v1:Link";
const NAMESPACE = "shop";

const withConfig = (config: Props = {}) =>
  EngineDouble.kubernetes({
    kubeconfig: secret(kubeconfig),
    clusterIdentifier: "prod-eu",
    enableSecretMutable: "true",
    enableConfigMapMutable: "true",
    kubeClientSettings: '{"timeout":5}',
    ...config,
  });
const named = (kind: string, name: string, rest: Props = {}, metadata: Props = {}): Props => ({
  apiVersion: "v1",
  kind,
  metadata: { name, namespace: NAMESPACE, ...metadata },
  ...rest,
});
const deployment = (name: string, replicas = 1, annotations = {}): Props => ({
  ...named("Deployment", name, {}, { annotations }),
  apiVersion: "apps/v1",
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: "c", image: "i" }] } },
  },
});
const kube = (...args: string[]) => kubectl(lab, tools, cluster, ["--namespace", NAMESPACE, ...args]);
const live = async (kind: string, name: string): Promise<Props> =>
  JSON.parse(await kube("get", kind, name, "-o", "json"));

/** Changes a ConfigMap as another program would, one that this one does not know. */
const writeAs = (manager: string, name: string, data: Props) =>
  kube("patch", "configmap", name, `--field-manager=${manager}`, "--patch", JSON.stringify({ data }));

beforeAll(async () => {
  tools = await ensureToolchain({ log: (line) => console.log(line) });
  // What the stand-in writes for helm goes to the test's own folder, where a left file is seen.
  mkdirSync(join(folder, "tmp"));
  process.env.TMPDIR = join(folder, "tmp");
  process.env.LINKERD_FLEET_HELM = tools.bin.helm;
  mkdirSync(lab.root, { recursive: true });
  const port = await freePorts();
  cluster = { name: "standins", context: "standins", apiServer: `https://127.0.0.1:${port}`, port };
  await ensureCluster(lab, tools, cluster);
  writeKubeconfig(lab, [cluster]);
  kubeconfig = readFileSync(lab.kubeconfig, "utf8");
  engine = withConfig();
  await engine.create("kubernetes:core/v1:Namespace", {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: NAMESPACE },
  });
});

afterAll(async () => {
  if (cluster) await removeCluster(lab, cluster.name);
  rmSync(folder, { recursive: true, force: true });
});

describe("objects", () => {
  it("creates, updates, reads and deletes an object of any kind, with its live state as outputs", async () => {
    let held = await engine.create(CONFIGMAP, named("ConfigMap", "all", { data: { a: "1", b: "2" } }));
    expect(held.id).toBe("shop/all");
    expect(field(held.outputs, "metadata", "uid")).toMatch(/-/);
    held = await engine.update(CONFIGMAP, held, named("ConfigMap", "all", { data: { a: "3" } }));
    expect((await live("configmap", "all")).data).toEqual({ a: "3" });
    await engine.delete(CONFIGMAP, held);
    expect(await engine.read(CONFIGMAP, "shop/all", held)).toBeUndefined();
    await engine.delete(CONFIGMAP, held);
  });

  it("refuses to create what exists, says what to do, and changes nothing", async () => {
    await kube("create", "configmap", "taken", "--from-literal=a=theirs");
    const inputs = named("ConfigMap", "taken", { data: { a: "ours" } });
    await expect(engine.create(CONFIGMAP, inputs)).rejects.toThrow(
      /"taken" already exists[\s\S]*upsertExistingObjects/,
    );
    expect((await live("configmap", "taken")).data).toEqual({ a: "theirs" });
  });

  it("takes over what exists with upsertExistingObjects, keeping the object", async () => {
    await kube("create", "namespace", "adopted");
    const before = await live("namespace", "adopted");
    const adopting = withConfig({ upsertExistingObjects: "true" });
    const inputs = {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "adopted", labels: { ours: "yes" } },
    };
    const held = await adopting.create("kubernetes:core/v1:Namespace", inputs);
    expect(field(held.outputs, "metadata", "uid")).toBe(field(before, "metadata", "uid"));
    expect(field(await live("namespace", "adopted"), "metadata", "labels", "ours")).toBe("yes");
  });

  it("takes over field by field: another value of somebody else's is in the way without enablePatchForce", async () => {
    await kube("create", "configmap", "contested", "--from-literal=a=theirs", "--from-literal=b=theirs");
    const inputs = named("ConfigMap", "contested", { data: { a: "ours" } });
    const adopting = withConfig({ upsertExistingObjects: "true" });
    // A preview always forces, so that it cannot tell.
    await adopting.create(CONFIGMAP, inputs, { preview: true });
    await expect(adopting.create(CONFIGMAP, inputs)).rejects.toThrow('conflict with "kubectl-create"');
    const forcing = withConfig({ upsertExistingObjects: "true", enablePatchForce: "true" });
    await forcing.create(CONFIGMAP, inputs);
    expect((await live("configmap", "contested")).data).toEqual({ a: "ours", b: "theirs" });
  });

  it("previews a takeover by a dry run, but for what cannot be changed in place", async () => {
    await kube("create", "secret", "generic", "typed", "--from-literal=a=1");
    const adopting = withConfig({ upsertExistingObjects: "true", enablePatchForce: "true" });
    const tls = named("Secret", "typed", { type: "kubernetes.io/tls" });
    await adopting.create(SECRET, tls, { preview: true });
    await expect(adopting.create(SECRET, tls)).rejects.toThrow("field is immutable");
    const invalid = named("Secret", "typed", { data: { "not a key": "eA==" } });
    await expect(adopting.create(SECRET, invalid, { preview: true })).rejects.toThrow("not a key");
  });

  it("takes over at the next update what kubectl wrote, so that what is not in the inputs goes", async () => {
    await kube("create", "configmap", "kubectls", "--from-literal=a=1", "--from-literal=b=1");
    await writeAs("helm", "kubectls", { c: "1" });
    const inputs = named("ConfigMap", "kubectls", { data: { a: "2" } });
    const adopting = withConfig({ upsertExistingObjects: "true", enablePatchForce: "true" });
    const held = await adopting.create(CONFIGMAP, inputs);
    expect((await live("configmap", "kubectls")).data).toEqual({ a: "2", b: "1", c: "1" });
    await engine.update(CONFIGMAP, held, named("ConfigMap", "kubectls", { data: { a: "3" } }));
    expect((await live("configmap", "kubectls")).data).toEqual({ a: "3", c: "1" });
  });

  it("leaves fields to others that they own, and takes them only with pulumi.com/patchForce", async () => {
    const inputs = named("ConfigMap", "owned", { data: { a: "1" } });
    const held = await engine.create(CONFIGMAP, inputs);
    await writeAs("helm", "owned", { a: "theirs", b: "theirs" });
    const news = named("ConfigMap", "owned", { data: { a: "2" } });
    await expect(engine.update(CONFIGMAP, held, news)).rejects.toThrow(
      /conflict with "helm"[\s\S]*patchForce/,
    );
    await engine.update(
      CONFIGMAP,
      held,
      named("ConfigMap", "owned", { data: { a: "2" } }, { annotations: { "pulumi.com/patchForce": "true" } }),
    );
    expect((await live("configmap", "owned")).data).toEqual({ a: "2", b: "theirs" });
  });

  it("finds drift of the fields that the inputs set, and of no others", async () => {
    const held = await engine.create(CONFIGMAP, named("ConfigMap", "drift", { data: { a: "1" } }));
    await kube("patch", "configmap", "drift", "--patch", '{"data":{"a":"9","b":"2"}}');
    const refreshed = await engine.read(CONFIGMAP, held.id, held);
    expect(refreshed?.inputs.data).toEqual({ a: "9" });
    expect(refreshed?.outputs.data).toEqual({ a: "9", b: "2" });
  });

  it("imports by its id", async () => {
    await kube("create", "configmap", "found", "--from-literal=a=1");
    const imported = await engine.read(CONFIGMAP, "shop/found");
    expect(imported?.inputs).toEqual(named("ConfigMap", "found", { data: { a: "1" } }));
  });

  it("waits for a custom resource whose CRD comes later", async () => {
    const crd = {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: "links.example.io" },
      spec: {
        group: "example.io",
        scope: "Namespaced",
        names: { plural: "links", kind: "Link" },
        versions: [
          {
            name: "v1",
            served: true,
            storage: true,
            schema: {
              openAPIV3Schema: {
                type: "object",
                properties: { spec: { type: "object", properties: { to: { type: "string" } } } },
              },
            },
          },
        ],
      },
    };
    const link = { ...named("Link", "l", { spec: { to: "a" } }), apiVersion: "example.io/v1" };
    const early = engine.create(LINK, link);
    await engine.create("kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", crd);
    expect((await early).id).toBe("shop/l");
  });

  it("previews by a dry run, so that what the API server would refuse is found before anything changes", async () => {
    const good = { ...named("Link", "dry", { spec: { to: "a" } }), apiVersion: "example.io/v1" };
    const wrong = { ...good, spec: { to: 1 } };
    await expect(engine.create(LINK, wrong, { preview: true })).rejects.toThrow("spec.to");
    const held = await engine.create(LINK, good);
    await expect(engine.update(LINK, held, wrong, true)).rejects.toThrow("spec.to");
    expect((await engine.update(LINK, held, { ...good, spec: { to: "b" } }, true)).outputs.spec).toEqual({
      to: "b",
    });
    expect((await live("links.example.io", "dry")).spec).toEqual({ to: "a" });
    await expect(
      engine.create(CONFIGMAP, named("ConfigMap", "x", {}, { namespace: "not-there-yet" }), {
        preview: true,
      }),
    ).resolves.toMatchObject({ id: "" });
  });

  it("keeps the data of a Secret secret, and out of messages", async () => {
    const held = await engine.create(
      SECRET,
      named("Secret", "s", { stringData: { password: "correct-horse" } }),
    );
    expect(held.outputs.data).toEqual(secret({ password: Buffer.from("correct-horse").toString("base64") }));
    const bad = named("Secret", "bad", { data: { "not a key": "eA==" }, type: secret("correct-horse") });
    await expect(engine.create(SECRET, bad)).rejects.not.toThrow("correct-horse");
  });
});

describe("waits", () => {
  it("waits for the token of a service account, and gives it as an output", async () => {
    await engine.create("kubernetes:core/v1:ServiceAccount", named("ServiceAccount", "sa"));
    const annotations = {
      "kubernetes.io/service-account.name": "sa",
      "pulumi.com/waitFor": "jsonpath={.data.token}",
    };
    const token = named(
      "Secret",
      "sa-token",
      { type: "kubernetes.io/service-account-token" },
      { annotations },
    );
    const preview = await engine.create(SECRET, token, { preview: true });
    expect(preview.outputs.data).toEqual(secret(UNKNOWN));
    const held = await engine.create(SECRET, token);
    expect(JSON.stringify(held.outputs.data)).toContain('"token":');
  });

  it("waits for a LoadBalancer's address", async () => {
    const spec = { type: "LoadBalancer", ports: [{ port: 80 }] };
    const held = await engine.create(SERVICE, named("Service", "lb", { spec }));
    expect(field(held.outputs, "status", "loadBalancer", "ingress")).toHaveLength(1);
  });

  it("waits for a Deployment's rollout, at create and at update", async () => {
    let held = await engine.create(DEPLOYMENT, deployment("rolled"));
    expect(field(held.outputs, "status", "availableReplicas")).toBe(1);
    held = await engine.update(DEPLOYMENT, held, deployment("rolled", 2));
    expect(field(held.outputs, "status", "availableReplicas")).toBe(2);
  });

  it("does not wait with pulumi.com/skipAwait", async () => {
    const annotations = { "pulumi.com/skipAwait": "true" };
    const spec = { type: "LoadBalancer", loadBalancerClass: "none.example/none", ports: [{ port: 80 }] };
    const held = await engine.create(SERVICE, named("Service", "pending", { spec }, { annotations }));
    expect(held.id).toBe("shop/pending");
  });

  it("waits for every condition of a list, and keeps what did not become ready in time, with the reason", async () => {
    const waitFor = JSON.stringify(["condition=Available", "jsonpath={.status.readyReplicas}=1"]);
    const both = await engine.create(DEPLOYMENT, deployment("both", 1, { "pulumi.com/waitFor": waitFor }));
    expect(field(both.outputs, "status", "readyReplicas")).toBe(1);
    const never = named(
      "ConfigMap",
      "never",
      {},
      { annotations: { "pulumi.com/waitFor": "jsonpath={.data.x}=1", "pulumi.com/timeoutSeconds": "1" } },
    );
    const failed = await engine.create(CONFIGMAP, never).catch((error) => error);
    expect(failed.message).toMatch(/"shop\/never" was written, but is not ready: timed out after 1 s/);
    expect(keptOf(failed)).toMatchObject({ id: "shop/never", outputs: { kind: "ConfigMap" } });
  });
});

describe("patches", () => {
  const PATCH = "kubernetes:core/v1:ServicePatch";
  const manager = { "pulumi.com/patchFieldManager": "fleet" };
  const patch = (annotations: Props) =>
    named("Service", "theirs", {}, { annotations: { ...manager, ...annotations } });

  it("adds fields to somebody else's object, gives the whole object as outputs, and takes only them back", async () => {
    await kube("create", "service", "loadbalancer", "theirs", "--tcp=80");
    const before = await live("service", "theirs");
    let held = await engine.create(PATCH, patch({ mark: "1", other: "1" }));
    expect(field(held.outputs, "status", "loadBalancer", "ingress")).toHaveLength(1);
    held = await engine.update(PATCH, held, patch({ mark: "2" }));
    expect(field(await live("service", "theirs"), "metadata", "annotations")).toEqual({
      ...manager,
      mark: "2",
    });
    await engine.delete(PATCH, held);
    const after = await live("service", "theirs");
    expect(after.spec).toEqual(before.spec);
    expect(field(after, "metadata", "annotations")).toBeUndefined();
  });

  it("keeps a field manager of its own in the state where none is given", async () => {
    const inputs = named("ConfigMap", "taken", {}, { labels: { patched: "yes" } });
    const held = await engine.create("kubernetes:core/v1:ConfigMapPatch", inputs);
    expect(held.outputs.__fieldManager).toMatch(/^pulumi-kubernetes-/);
    await engine.delete("kubernetes:core/v1:ConfigMapPatch", held);
    expect(field(await live("configmap", "taken"), "metadata", "labels")).toBeUndefined();
  });

  it("refuses to patch what does not exist", async () => {
    await expect(engine.create(PATCH, named("Service", "nobody"))).rejects.toThrow(
      /"shop\/nobody" does not exist/,
    );
  });
});

describe("Release", () => {
  const chart = join(folder, "tiny");
  const release = (name: string, values: Props, rest: Props = {}): Props => ({
    name,
    namespace: NAMESPACE,
    chart,
    version: "1.2.3",
    values,
    timeout: 60,
    ...rest,
  });
  let held: Held;

  beforeAll(() => {
    mkdirSync(join(chart, "templates"), { recursive: true });
    writeFileSync(join(chart, "Chart.yaml"), 'apiVersion: v2\nname: tiny\nversion: 1.2.3\nappVersion: "9"\n');
    const template = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "{{ .Release.Name }}" },
      spec: {
        replicas: 1,
        selector: { matchLabels: { app: "tiny" } },
        template: {
          metadata: { labels: { app: "tiny" } },
          spec: {
            schedulerName: '{{ .Values.scheduler | default "default-scheduler" }}',
            containers: [{ name: "c", image: "i" }],
          },
        },
      },
    };
    writeFileSync(join(chart, "templates", "d.yaml"), stringify(template));
  });

  it("installs, waits for the workloads, and tells the status and the objects", async () => {
    held = await engine.create(RELEASE, release("tiny", { replicas: 1, password: secret("correct-horse") }));
    expect(held.id).toBe("shop/tiny");
    expect(held.outputs.status).toEqual({
      name: "tiny",
      namespace: NAMESPACE,
      chart: "tiny",
      version: "1.2.3",
      appVersion: "9",
      revision: 1,
      status: "deployed",
    });
    expect(held.outputs.resourceNames).toEqual({ "Deployment.apps/apps/v1": ["shop/tiny"] });
    expect(field(await live("deployment", "tiny"), "status", "availableReplicas")).toBe(1);
    expect(held.outputs.values).toEqual({ replicas: 1, password: secret("correct-horse") });
  });

  it("upgrades in place, and finds drift of the values", async () => {
    held = await engine.update(RELEASE, held, release("tiny", { replicas: 2 }));
    expect(field(held.outputs, "status", "revision")).toBe(2);
    const same = await engine.read(RELEASE, held.id, held);
    expect(same).toEqual(held);
    const refreshed = await engine.read(RELEASE, held.id, {
      ...held,
      inputs: { ...held.inputs, values: { replicas: 5 } },
    });
    expect(refreshed?.inputs.values).toEqual({ replicas: 2 });
  });

  it("refuses a name that is in use, and imports it by namespace/name", async () => {
    await expect(engine.create(RELEASE, release("tiny", { replicas: 1 }))).rejects.toThrow(
      "cannot re-use a name that is still in use",
    );
    const imported = await engine.read(RELEASE, "shop/tiny");
    expect(imported?.inputs).toMatchObject({
      name: "tiny",
      namespace: NAMESPACE,
      chart: "tiny",
      version: "1.2.3",
      values: { replicas: 2 },
    });
  });

  it("leaves nothing of a failed atomic install, and keeps any other as failed, to be upgraded the next time", async () => {
    // Nobody schedules its pod, so it never becomes available.
    const broken = { timeout: 3 };
    const values = { replicas: 1, scheduler: "nobody" };
    await expect(
      engine.create(RELEASE, release("atomic", values, { ...broken, atomic: true })),
    ).rejects.toThrow();
    expect(await engine.read(RELEASE, "shop/atomic")).toBeUndefined();
    const failed = await engine.create(RELEASE, release("kept", values, broken)).catch((error) => error);
    expect(keptOf(failed)).toMatchObject({ id: "shop/kept", outputs: { status: { status: "failed" } } });
    const inputs = release("kept", { replicas: 1 });
    const mended = await engine.update(RELEASE, { id: "shop/kept", inputs, outputs: inputs }, inputs);
    expect(field(mended.outputs, "status", "status")).toBe("deployed");
  });

  it("uninstalls, and is content if it is gone", async () => {
    await engine.delete(RELEASE, held);
    await engine.delete(RELEASE, held);
    expect(await engine.read(RELEASE, held.id, held)).toBeUndefined();
  });

  it("leaves no kubeconfig and no values behind on disk", () => {
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith("linkerd-fleet-release-"))).toEqual([]);
  });
});

it("fails what it is doing, and only then, when the cluster stops answering", async () => {
  const held = await engine.create(CONFIGMAP, named("ConfigMap", "last", { data: { a: "1" } }));
  await stopCluster(lab, cluster.name);
  expect(await engine.diff(CONFIGMAP, held, held.inputs)).toEqual([]);
  await expect(
    engine.update(CONFIGMAP, held, named("ConfigMap", "last", { data: { a: "2" } })),
  ).rejects.toThrow('"prod-eu" is unreachable');
  expect(readdirSync(clusterFolder(lab, cluster.name)).length).toBeGreaterThan(0);
});
