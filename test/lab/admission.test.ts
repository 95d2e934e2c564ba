import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { labEnv } from "../../lab/env";
import { type Ran, run } from "../../lab/run";
import { TestLab } from "./harness";

const STACK_FILE = "Pulumi.dev.yaml (linkerd-fleet:";
/** Has every right in the cluster, except over admission policies. */
const EDITOR = "editor";
/** Has every right in the cluster. */
const ADMINISTRATOR = "administrator";
/** Of the lab's own kubeconfig. */
const DEPLOYER = "user:kwok-admin";

let lab: TestLab;
beforeAll(async () => {
  lab = await TestLab.create({ eu: {}, us: {} });
  lab.edit((config) => {
    for (const service of config["linkerd-fleet:services"]) service.in = ["eu"];
    config["linkerd-fleet:admission"] = "enforce";
  });
  await lab.bringUp();
  const rule = (apiGroups: string[], resources = ["*"]) => ({ apiGroups, resources, verbs: ["*"] });
  const groups = [
    ...["", "apps", "discovery.k8s.io", "rbac.authorization.k8s.io", "gateway.networking.k8s.io"],
    ...["policy.linkerd.io", "multicluster.linkerd.io"],
  ];
  await apply({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name: EDITOR },
    rules: [rule(groups)],
  });
  await lab.kubectl(
    "eu",
    "create",
    "clusterrolebinding",
    EDITOR,
    `--clusterrole=${EDITOR}`,
    `--user=${EDITOR}`,
  );
  await lab.kubectl(
    "eu",
    "create",
    "clusterrolebinding",
    ADMINISTRATOR,
    "--clusterrole=cluster-admin",
    `--user=${ADMINISTRATOR}`,
  );
});
afterAll(() => lab?.remove());

/** kubectl in eu, as another user if one is named. */
function kubectl(user: string | undefined, ...args: string[]): Promise<Ran> {
  const as = user === undefined ? [] : [`--as=${user}`];
  return run(lab.tools.bin.kubectl, ["--context=eu", ...as, ...args], { env: labEnv(lab.lab, lab.tools) });
}

function apply(object: object, user?: string): Promise<Ran> {
  const file = join(lab.folder, "object.yaml");
  writeFileSync(file, stringify(object));
  return kubectl(user, "apply", "-f", file);
}

async function refused(attempt: Promise<Ran>, section: string): Promise<void> {
  const ran = await attempt;
  expect(ran.stderr).toContain(`${STACK_FILE}${section})`);
  expect(ran.stderr).toContain("ValidatingAdmissionPolicy 'linkerd-fleet-");
  expect(ran.code).not.toBe(0);
}

async function passes(attempt: Promise<Ran>): Promise<void> {
  expect(await attempt).toMatchObject({ stderr: "", code: 0 });
}

const link = (name: string) => ({
  apiVersion: "multicluster.linkerd.io/v1alpha3",
  kind: "Link",
  metadata: { name, namespace: "linkerd-multicluster" },
  spec: { targetClusterName: name, clusterCredentialsSecret: `cluster-credentials-${name}` },
});
const credentials = (name: string, namespace: string) => [
  ...["create", "secret", "generic", `cluster-credentials-${name}`, `--namespace=${namespace}`],
  ...["--type=mirror.linkerd.io/remote-kubeconfig", "--from-literal=kubeconfig=x"],
];
const widened = '{"spec":{"identities":["*"]}}';
const editGrant = [
  ...["patch", "meshtlsauthentication", "fleet.checkout.http.callers", "--namespace=shop"],
  ...["--type=merge", `--patch=${widened}`],
];

function allow(...serviceAccounts: string[]): void {
  lab.edit((config) => {
    for (const service of config["linkerd-fleet:services"]) {
      service.allow = serviceAccounts.map((serviceAccount) => ({ serviceAccount, namespace: "shop" }));
    }
  });
}

const up = () => lab.pulumi("up", "--yes", "--skip-preview", "--continue-on-error");

describe("with admission: enforce", () => {
  it.each([undefined, EDITOR, ADMINISTRATOR])(
    "an undeclared Link is refused, and its credentials (%s)",
    async (user) => {
      await refused(apply(link("stray"), user), "topology");
      await refused(kubectl(user, ...credentials("stray", "linkerd")), "topology");
      await refused(kubectl(user, ...credentials("stray", "linkerd-multicluster")), "topology");
    },
  );

  it("a declared Link is changed by nobody else, and made again by an operator only", async () => {
    const moved = '{"spec":{"gatewayAddress":"203.0.113.1"}}';
    const patch = [
      "patch",
      "link",
      "us",
      "--namespace=linkerd-multicluster",
      "--type=merge",
      `--patch=${moved}`,
    ];
    await refused(kubectl(EDITOR, ...patch), "topology");
    await passes(kubectl(ADMINISTRATOR, ...patch, "--dry-run=server"));
    for (const namespace of ["linkerd", "linkerd-multicluster"]) {
      const note = ["annotate", "secret", "cluster-credentials-us", `--namespace=${namespace}`, "note=x"];
      await refused(kubectl(EDITOR, ...note), "topology");
      await passes(kubectl(ADMINISTRATOR, ...note, "--dry-run=server"));
    }
  });

  it.each([undefined, EDITOR, ADMINISTRATOR])("an undeclared export label is refused (%s)", async (user) => {
    const label = (service: string, namespace: string, value: string) =>
      kubectl(user, "label", "service", service, `--namespace=${namespace}`, "--overwrite", value);
    await refused(label("reports", "bi", "mirror.linkerd.io/exported=true"), "services");
    await refused(label("reports", "bi", "mirror.linkerd.io/federated=member"), "services");
    await refused(label("checkout", "shop", "mirror.linkerd.io/exported=remote-discovery"), "services");
    // Without it first: a label that a Service has is not looked up.
    await passes(label("checkout", "shop", "mirror.linkerd.io/federated-"));
    await passes(label("checkout", "shop", "mirror.linkerd.io/federated=member"));
    await passes(label("reports", "bi", "team=reports"));
    const cluster = ["create", "service", "clusterip", "stray", "--namespace=bi", "--tcp=80"];
    await passes(kubectl(user, ...cluster, "--dry-run=server"));
  });

  it.each([undefined, EDITOR, ADMINISTRATOR])(
    "a hand-edited grant or access role is refused (%s)",
    async (user) => {
      await refused(kubectl(user, ...editGrant), "services");
      // Labels by which another's policy would select it, and an owner that is gone, with which it would go as well.
      const owner = { apiVersion: "v1", kind: "ConfigMap", name: "gone", uid: "gone" };
      for (const metadata of [{ labels: { tier: "front" } }, { ownerReferences: [owner] }]) {
        const patch = ["patch", "server", "fleet.checkout.http", "--namespace=shop", "--type=merge"];
        await refused(kubectl(user, ...patch, `--patch=${JSON.stringify({ metadata })}`), "services");
      }
      const authorization = (name: string, targetRef: object) => ({
        apiVersion: "policy.linkerd.io/v1alpha1",
        kind: "AuthorizationPolicy",
        metadata: { name, namespace: "shop" },
        spec: { targetRef: { group: "policy.linkerd.io", ...targetRef }, requiredAuthenticationRefs: [] },
      });
      const opened = authorization("stray", { kind: "Server", name: "fleet.checkout.http" });
      await refused(apply(opened, user), "services");
      // As Linkerd reads it, the same reference; its CRD takes it.
      const lowercase = authorization("stray", { kind: "server", name: "fleet.checkout.http" });
      await refused(apply(lowercase, user), "services");
      const routed = authorization("stray", { kind: "HTTPRoute", name: "fleet.checkout.http.any.00000000" });
      await refused(apply(routed, user), "services");
      await refused(
        apply(authorization("stray", { group: "", kind: "Namespace", name: "shop" }), user),
        "services",
      );
      await passes(apply(authorization("own", { kind: "Server", name: "own" }), user));
      await passes(apply(authorization("own", { kind: "server", name: "own" }), user));

      const authorized = (name: string, matchLabels: object) => ({
        apiVersion: "policy.linkerd.io/v1beta1",
        kind: "ServerAuthorization",
        metadata: { name, namespace: "shop" },
        spec: { server: { selector: { matchLabels } }, client: { unauthenticated: true } },
      });
      await refused(apply(authorized("stray", { "linkerd-fleet/service": "checkout" }), user), "services");
      await passes(apply(authorized("own", { app: "own" }), user));
      const route = (name: string, apiVersion: string, kind: string, server: string) => ({
        apiVersion,
        kind,
        metadata: { name, namespace: "shop" },
        spec: { parentRefs: [{ group: "policy.linkerd.io", kind: "Server", name: server }] },
      });
      for (const [apiVersion, kind] of [
        ["policy.linkerd.io/v1beta3", "HTTPRoute"],
        ["gateway.networking.k8s.io/v1", "HTTPRoute"],
        ["gateway.networking.k8s.io/v1", "GRPCRoute"],
      ] as const) {
        await refused(apply(route("stray", apiVersion, kind, "fleet.checkout.http"), user), "services");
        await passes(apply(route("own", apiVersion, kind, "own"), user));
      }

      const rule =
        '[{"op":"add","path":"/rules/-","value":{"apiGroups":[""],"resources":["nodes"],"verbs":["get"]}}]';
      const role = ["patch", "clusterrole", "linkerd-fleet-remote-access", "--type=json", `--patch=${rule}`];
      await refused(kubectl(user, ...role), "topology");
      const binding = ["create", "clusterrolebinding", "stray", "--clusterrole=linkerd-fleet-remote-access"];
      await refused(kubectl(user, ...binding, "--user=stray"), "topology");
    },
  );

  it.each([undefined, EDITOR, ADMINISTRATOR])(
    "what says that it comes from another cluster is warned of (%s)",
    async (user) => {
      const forged = {
        apiVersion: "v1",
        kind: "Service",
        metadata: {
          ...{ name: "forged", namespace: "shop" },
          labels: {
            "multicluster.linkerd.io/remote-discovery": "us",
            "multicluster.linkerd.io/remote-service": "secrets",
          },
        },
        spec: { ports: [{ port: 80 }] },
      };
      const slice = {
        apiVersion: "discovery.k8s.io/v1",
        kind: "EndpointSlice",
        metadata: {
          ...{ name: "forged", namespace: "shop", labels: { "kubernetes.io/service-name": "forged" } },
          annotations: { "mirror.linkerd.io/remote-svc-fq-name": "secrets.bi.svc.cluster.local" },
        },
        addressType: "IPv4",
        endpoints: [{ addresses: ["198.51.100.1"] }],
        ports: [{ port: 4143 }],
      };
      for (const object of [forged, slice]) {
        const applied = await apply(object, user);
        expect(applied).toMatchObject({ code: 0, stderr: expect.stringContaining(`${STACK_FILE}topology)`) });
        expect(applied.stderr).toContain("linkerd-fleet-mirrors");
      }
      expect((await kubectl(user, "delete", "service/forged", "endpointslice/forged", "-n=shop")).code).toBe(
        0,
      );
    },
  );

  it("only an operator removes a grant or an access", async () => {
    const server = ["delete", "server", "fleet.checkout.http", "--namespace=shop", "--dry-run=server"];
    const role = ["delete", "clusterrole", "linkerd-fleet-remote-access", "--dry-run=server"];
    await refused(kubectl(EDITOR, ...server), "services");
    await refused(kubectl(EDITOR, ...role), "topology");
    expect((await kubectl(ADMINISTRATOR, ...server)).code).toBe(0);
    expect((await kubectl(ADMINISTRATOR, ...role)).code).toBe(0);
  });

  it("controllers go on: status of a Link, mirror Services, the contents of a namespace that goes", async () => {
    const as = "system:serviceaccount:linkerd-multicluster:controller-us";
    await lab.kubectl(
      "eu",
      "create",
      "clusterrolebinding",
      "mirror",
      `--clusterrole=${EDITOR}`,
      `--user=${as}`,
    );
    const status = '{"status":{"mirrorServices":[]}}';
    const patch = ["patch", "link", "us", "--namespace=linkerd-multicluster", "--subresource=status"];
    expect(await kubectl(as, ...patch, "--type=merge", `--patch=${status}`)).toMatchObject({ code: 0 });
    const mirror = {
      apiVersion: "v1",
      kind: "Service",
      metadata: {
        name: "checkout-us",
        namespace: "shop",
        labels: { "mirror.linkerd.io/mirrored-service": "true" },
      },
      spec: { ports: [{ port: 80 }] },
    };
    await passes(apply(mirror, as));
    const collector = "system:serviceaccount:kube-system:namespace-controller";
    await lab.kubectl(
      "eu",
      "create",
      "clusterrolebinding",
      "gone",
      `--clusterrole=${EDITOR}`,
      `--user=${collector}`,
    );
    const server = ["delete", "server", "fleet.checkout.http", "--namespace=shop", "--dry-run=server"];
    expect(await kubectl(collector, ...server)).toMatchObject({ code: 0 });
  });

  it("a declared change previews and passes, and leaves nothing to do", async () => {
    allow("web", "batch");
    lab.edit((config) => {
      for (const service of config["linkerd-fleet:services"]) service.in = ["eu", "us"];
    });
    expect((await lab.preview()).map(({ op }) => op)).toContain("create");
    expect(await up()).toMatchObject({ stderr: "", code: 0 });
    expect(await lab.pulumi("refresh", "--yes", "--skip-preview")).toMatchObject({ stderr: "", code: 0 });
    expect(await lab.preview()).toEqual([]);
  });
});

describe("a fleet is not locked out", () => {
  const operators = (...names: string[]) =>
    lab.edit((config) => {
      config["linkerd-fleet:operators"] = names;
    });

  it("when another identity is to deploy it: only those that are named may", async () => {
    operators(DEPLOYER, `user:${ADMINISTRATOR}`);
    expect(await up()).toMatchObject({ stderr: "", code: 0 });
    await refused(apply(link("us"), EDITOR), "topology");
    allow("web");
    expect(await up()).toMatchObject({ stderr: "", code: 0 });
  });

  it("when the stack file names somebody else: it says so, and the right name is enough", async () => {
    operators("user:nobody");
    expect(await up()).toMatchObject({ stderr: "", code: 0 });
    allow("web", "batch");
    const wrong = await up();
    expect(wrong.code).not.toBe(0);
    expect(wrong.stdout + wrong.stderr).toContain(`${STACK_FILE}services)`);

    operators(DEPLOYER);
    await up();
    expect(await up()).toMatchObject({ stderr: "", code: 0 });
    expect(await lab.preview()).toEqual([]);
    await refused(kubectl(ADMINISTRATOR, ...editGrant), "services");
  });

  it("when admission is turned down, even with the wrong operators", async () => {
    operators("user:nobody");
    expect(await up()).toMatchObject({ stderr: "", code: 0 });
    lab.edit((config) => {
      config["linkerd-fleet:admission"] = "warn";
    });
    expect(await up()).toMatchObject({ stderr: "", code: 0 });
    // An API server learns of a changed binding about a second later.
    await expect
      .poll(() => apply(link("stray"), EDITOR), { timeout: 15_000 })
      .toMatchObject({
        code: 0,
        stderr: expect.stringContaining(`${STACK_FILE}topology)`),
      });
    lab.edit((config) => {
      config["linkerd-fleet:admission"] = "off";
    });
    expect(await up()).toMatchObject({ stderr: "", code: 0 });
    const left = await lab.kubectl(
      "eu",
      "get",
      "validatingadmissionpolicies,validatingadmissionpolicybindings",
    );
    expect(left).not.toContain("linkerd-fleet");
    await passes(kubectl(EDITOR, "delete", "link", "stray", "--namespace=linkerd-multicluster"));
  });

  it("when it is taken down under enforce", async () => {
    lab.edit((config) => {
      config["linkerd-fleet:admission"] = "enforce";
    });
    operators(DEPLOYER);
    expect(await up()).toMatchObject({ stderr: "", code: 0 });
    expect((await lab.pulumi("state", "unprotect", "--all", "--yes")).code).toBe(0);
    expect(await lab.pulumi("destroy", "--yes", "--skip-preview", "--continue-on-error")).toMatchObject({
      stderr: "",
      code: 0,
    });
    const left = await lab.kubectl("eu", "get", "validatingadmissionpolicies,clusterroles", "-o=name");
    expect(left).not.toContain("linkerd-fleet");
  });
});
