/**
 * The kubernetes stand-in without an API server: each title says what the official plugin (4.34.2) does, and so does
 * the stand-in. What needs a server is in `test/lab/standins.test.ts`.
 */
import { describe, expect, it } from "vitest";
import { project } from "../../../lab/plugins/kubernetes/fields";
import { plain, redact, UNKNOWN } from "../../../lab/plugins/values";
import { EngineDouble, secret } from "../../../testing/standins";

const kubeconfig = (server: string, user = {}) =>
  JSON.stringify({
    "current-context": "c",
    clusters: [{ name: "c", cluster: { server } }],
    contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
    users: [{ name: "u", user }],
  });
// Nothing listens on port 1.
const dead = kubeconfig("https://127.0.0.1:1");
const config = {
  kubeconfig: secret(dead),
  clusterIdentifier: "prod-eu",
  kubeClientSettings: '{"timeout":1}',
};
const mutable = { ...config, enableSecretMutable: "true", enableConfigMapMutable: "true" };

const named = (kind: string, rest = {}) => ({
  apiVersion: "v1",
  kind,
  metadata: { name: "x", namespace: "n" },
  ...rest,
});
const held = (inputs: ReturnType<typeof named>) => ({
  id: "n/x",
  inputs,
  outputs: { ...inputs, status: {} },
});
const CONFIGMAP = "kubernetes:core/v1:ConfigMap";
const SECRET = "kubernetes:core/v1:Secret";
const RELEASE = "kubernetes:helm.sh/v3:Release";

describe("diff", () => {
  it("finds no change, and asks no server, when the inputs are the same", async () => {
    const inputs = named("ConfigMap", { data: { a: "1" } });
    expect(await EngineDouble.kubernetes(config).diff(CONFIGMAP, held(inputs), inputs)).toEqual([]);
  });

  it("updates labels in place, by paths that quote what is not a word", async () => {
    const inputs = named("ConfigMap");
    const news = { ...inputs, metadata: { ...inputs.metadata, labels: { "a.b/c": "1" } } };
    const old = { ...inputs, metadata: { ...inputs.metadata, labels: { "a.b/c": "0" } } };
    expect(await EngineDouble.kubernetes(config).diff(CONFIGMAP, held(old), news)).toEqual([
      'metadata.labels["a.b/c"]',
    ]);
  });

  it.each(["name", "namespace"])(
    "replaces when metadata.%s changes, and makes the new one first",
    async (key) => {
      const inputs = named("ConfigMap");
      const news = { ...inputs, metadata: { ...inputs.metadata, [key]: "other" } };
      expect(await EngineDouble.kubernetes(config).diff(CONFIGMAP, held(inputs), news)).toEqual([
        `!metadata.${key}`,
      ]);
    },
  );

  it.each([
    ["Secret", SECRET],
    ["ConfigMap", CONFIGMAP],
  ])(
    "replaces a %s whose data changes, deleting a fixed name first, unless the provider says it is mutable",
    async (kind, type) => {
      const old = held(named(kind, { data: { a: "b2xk" } }));
      const news = named(kind, { data: { a: "bmV3" } });
      expect(await EngineDouble.kubernetes(config).diff(type, old, news)).toEqual([
        "!data.a",
        "delete first",
      ]);
      expect(await EngineDouble.kubernetes(mutable).diff(type, old, news)).toEqual(["data.a"]);
    },
  );

  it("replaces a mutable ConfigMap that is itself marked immutable", async () => {
    const old = held(named("ConfigMap", { immutable: true, data: { a: "1" } }));
    const news = named("ConfigMap", { immutable: true, data: { a: "2" } });
    expect(await EngineDouble.kubernetes(mutable).diff(CONFIGMAP, old, news)).toContain("!data.a");
  });

  it.each([
    [
      "kubernetes:core/v1:Secret",
      { ...named("Secret"), type: "a" },
      { ...named("Secret"), type: "b" },
      "!type",
    ],
    [
      "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding",
      {
        ...named("ClusterRoleBinding", { roleRef: { name: "a" } }),
        apiVersion: "rbac.authorization.k8s.io/v1",
      },
      {
        ...named("ClusterRoleBinding", { roleRef: { name: "b" } }),
        apiVersion: "rbac.authorization.k8s.io/v1",
      },
      "!roleRef.name",
    ],
    [
      "kubernetes:apps/v1:Deployment",
      { ...named("Deployment", { spec: { selector: { matchLabels: { a: "1" } } } }), apiVersion: "apps/v1" },
      { ...named("Deployment", { spec: { selector: { matchLabels: { a: "2" } } } }), apiVersion: "apps/v1" },
      "!spec.selector.matchLabels.a",
    ],
  ])("replaces %s when a field changes that no API server changes", async (type, old, news, path) => {
    expect(await EngineDouble.kubernetes(mutable).diff(type, held(old), news)).toContain(path);
  });

  it("updates a Patch in place whatever it patches, unless it names another object", async () => {
    const engine = EngineDouble.kubernetes(config);
    const old = held(named("ConfigMap", { data: { a: "1" } }));
    expect(
      await engine.diff("kubernetes:core/v1:ConfigMapPatch", old, named("ConfigMap", { data: { a: "2" } })),
    ).toEqual(["data.a"]);
  });

  it("takes an unknown for a change", async () => {
    const old = held(named("ConfigMap", { data: { a: "1" } }));
    expect(
      await EngineDouble.kubernetes(mutable).diff(
        CONFIGMAP,
        old,
        named("ConfigMap", { data: { a: UNKNOWN } }),
      ),
    ).toEqual(["data.a"]);
  });

  it("upgrades a Release in place for any option, and replaces it only for another name or namespace", async () => {
    const inputs = { name: "r", namespace: "n", chart: "./c", version: "1.0.0", values: { a: 1 } };
    const engine = EngineDouble.kubernetes(config);
    const old = { id: "n/r", inputs, outputs: inputs };
    expect(await engine.diff(RELEASE, old, { ...inputs, version: "1.0.1", values: { a: 2 } })).toEqual([
      "values.a",
      "version",
    ]);
    expect(await engine.diff(RELEASE, old, { ...inputs, namespace: "m" })).toEqual(["!namespace"]);
  });
});

describe("provider", () => {
  const other = kubeconfig("https://127.0.0.1:2");
  it("never replaces while clusterIdentifier stays, whatever the kubeconfig says", async () => {
    const engine = EngineDouble.kubernetes(config);
    const [olds, news] = [
      { kubeconfig: dead, clusterIdentifier: "a" },
      { kubeconfig: other, clusterIdentifier: "a" },
    ];
    expect(await engine.diffConfig(olds, news)).toEqual([]);
    expect(await engine.diffConfig(olds, { kubeconfig: UNKNOWN, clusterIdentifier: "a" })).toEqual([]);
  });

  it("replaces when clusterIdentifier changes, or without one when the active cluster does", async () => {
    const engine = EngineDouble.kubernetes(config);
    expect(await engine.diffConfig({ clusterIdentifier: "a" }, { clusterIdentifier: "b" })).toEqual([
      "clusterIdentifier",
    ]);
    expect(await engine.diffConfig({ kubeconfig: dead }, { kubeconfig: other })).toEqual(["kubeconfig"]);
    expect(
      await engine.diffConfig(
        { kubeconfig: dead },
        { kubeconfig: kubeconfig("https://127.0.0.1:1", { token: "t" }) },
      ),
    ).toEqual([]);
    expect(
      await engine.diffConfig({ kubeconfig: dead }, { kubeconfig: dead, clusterIdentifier: "b" }),
    ).toEqual([]);
  });

  it("fails over a kubeconfig that is no YAML, without a word of it", async () => {
    const diff = EngineDouble.kubernetes(config).diffConfig(
      { kubeconfig: dead },
      { kubeconfig: "{ token: [" },
    );
    await expect(diff).rejects.toThrow(/^failed to parse kubeconfig$/);
  });

  it("previews creates and updates of a cluster that cannot be reached", async () => {
    const engine = EngineDouble.kubernetes(config);
    const created = await engine.create(CONFIGMAP, named("ConfigMap", { data: { a: "1" } }), {
      preview: true,
    });
    expect(created.outputs).toMatchObject({
      data: { a: "1" },
      metadata: { name: "x", uid: UNKNOWN },
      status: UNKNOWN,
    });
    const old = held(named("Service", { spec: { type: "LoadBalancer" } }));
    const state = {
      ...old,
      outputs: { ...old.outputs, status: { loadBalancer: { ingress: [{ ip: "10.0.0.1" }] } } },
    };
    const updated = await engine.update(
      "kubernetes:core/v1:Service",
      state,
      named("Service", { spec: { type: "LoadBalancer", ports: [] } }),
      true,
    );
    expect(updated.outputs.status).toEqual({ loadBalancer: { ingress: [{ ip: "10.0.0.1" }] } });
    const release = await engine.create(
      RELEASE,
      { name: "r", namespace: "n", chart: "c" },
      { preview: true },
    );
    expect(release.outputs.status).toBe(UNKNOWN);
  });

  it("fails every change and every read of an unreachable cluster, naming the cluster and its server", async () => {
    const engine = EngineDouble.kubernetes(config);
    const message = /"prod-eu" is unreachable \(https:\/\/127\.0\.0\.1:1\)/;
    const state = held(named("ConfigMap"));
    await expect(engine.create(CONFIGMAP, named("ConfigMap"))).rejects.toThrow(message);
    await expect(engine.update(CONFIGMAP, state, named("ConfigMap", { data: {} }))).rejects.toThrow(message);
    await expect(engine.delete(CONFIGMAP, state)).rejects.toThrow(message);
    await expect(engine.read(CONFIGMAP, "n/x", state)).rejects.toThrow(message);
    await expect(engine.create(RELEASE, { name: "r", namespace: "n", chart: "c" })).rejects.toThrow(message);
  });

  it("with skipUpdateUnreachable keeps the old inputs of what it cannot reach, and the state on refresh", async () => {
    const engine = EngineDouble.kubernetes({ ...config, skipUpdateUnreachable: "true" });
    const state = held(named("ConfigMap", { data: { a: "1" } }));
    expect(await engine.check(CONFIGMAP, named("ConfigMap", { data: { a: "2" } }), state.inputs)).toEqual(
      state.inputs,
    );
    expect(await engine.read(CONFIGMAP, "n/x", state)).toEqual(state);
    await expect(engine.create(CONFIGMAP, named("ConfigMap"))).rejects.toThrow("unreachable");
  });

  it("with deleteUnreachable drops objects of a cluster that is gone, but not a Release", async () => {
    const engine = EngineDouble.kubernetes({ ...config, deleteUnreachable: "true" });
    await engine.delete(CONFIGMAP, held(named("ConfigMap")));
    expect(await engine.read(CONFIGMAP, "n/x", held(named("ConfigMap")))).toBeUndefined();
    const inputs = { name: "r", namespace: "n", chart: "c" };
    await expect(engine.delete(RELEASE, { id: "n/r", inputs, outputs: inputs })).rejects.toThrow(
      "unreachable",
    );
  });
});

describe("inputs", () => {
  it("keeps secret what is secret, leaf by leaf, in the checked inputs and in the outputs", async () => {
    const engine = EngineDouble.kubernetes(config);
    const values = { plain: "a", list: [{ key: secret("hidden-value") }] };
    const { inputs, outputs } = await engine.create(
      RELEASE,
      { name: "r", namespace: "n", chart: "c", values },
      { preview: true },
    );
    expect(inputs.values).toEqual(values);
    expect(outputs.values).toEqual(values);
  });

  it("lets no message repeat a secret, as it is or as JSON writes it, nor the rest of a longer one", () => {
    plain({
      list: [secret("-----BEGIN KEY-----\nabc"), secret({ short: "abcdefgh", long: "abcdefghijkl" })],
    });
    const message = 'bad value "-----BEGIN KEY-----\\nabc", -----BEGIN KEY-----\nabc, abcdefghijkl, abcdefgh';
    expect(redact(message)).toBe('bad value "[secret]", [secret], [secret], [secret]');
  });

  it("draws a name where none is given, and keeps it", async () => {
    const engine = EngineDouble.kubernetes(config);
    const unnamed = { apiVersion: "v1", kind: "ConfigMap" };
    const first = await engine.check(CONFIGMAP, unnamed);
    expect(first).toMatchObject({
      metadata: {
        name: expect.stringMatching(/^res-[0-9a-f]{8}$/),
        annotations: { "pulumi.com/autonamed": "true" },
      },
    });
    expect(await engine.check(CONFIGMAP, unnamed, first)).toEqual(first);
  });

  it("refuses a Patch that names no object", async () => {
    await expect(
      EngineDouble.kubernetes(config).check("kubernetes:core/v1:ServicePatch", {
        apiVersion: "v1",
        kind: "Service",
      }),
    ).rejects.toThrow("name");
  });
});

describe("a refresh", () => {
  it("takes over the live values of the fields that the inputs set, and of no others", () => {
    const inputs = { spec: { replicas: 1, ports: [{ port: 80 }], gone: "x" }, stringData: { a: "1" } };
    const live = {
      spec: { replicas: 3, ports: [{ port: 80, nodePort: 30000 }], added: true },
      data: { a: "Mg==", b: "" },
    };
    expect(project(inputs, live)).toEqual({
      spec: { replicas: 3, ports: [{ port: 80 }] },
      stringData: { a: "2" },
    });
  });
});

describe("what the stand-in lacks, unlike the official plugin, is a clear error:", () => {
  const engine = EngineDouble.kubernetes(config);
  it("a type of resource", async () => {
    await expect(engine.check("kubernetes:yaml:ConfigGroup", {})).rejects.toThrow(
      "kubernetes:yaml:ConfigGroup is not in the lab's stand-in",
    );
  });

  it("an option of a Release", async () => {
    await expect(engine.check(RELEASE, { chart: "c", postrender: "p" })).rejects.toThrow(
      "no option 'postrender'",
    );
  });

  it("a provider argument", async () => {
    await expect(
      EngineDouble.kubernetes({ ...config, renderYamlToDirectory: "d" }).check(CONFIGMAP, named("ConfigMap")),
    ).rejects.toThrow("renderYamlToDirectory");
  });

  it("a kubeconfig that logs in by a program", async () => {
    const engine = EngineDouble.kubernetes({
      kubeconfig: kubeconfig("https://127.0.0.1:1", { exec: { command: "aws" } }),
    });
    await expect(engine.create(CONFIGMAP, named("ConfigMap"))).rejects.toThrow("logs in by 'exec'");
  });
});
