import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { repository } from "../../lab/env";
import { TestLab } from "./harness";

/**
 * The enterprise channel from a folder of charts, as where there is no internet: the lab's charts under the names and
 * with the values of Buoyant's (docs "Installing BEL with Helm"), which cannot be had here.
 */

const VERSION = "2.19.0";
const REGISTRY = "mirror.example.com/linkerd";
const LICENSE = "planted-license-0123456789";
const PULL = JSON.stringify({ auths: { "mirror.example.com": { auth: "planted-auth" } } });

let lab: TestLab;

function enterpriseChart(name: string): void {
  const folder = join(lab.folder, "charts", `linkerd-enterprise-${name}`);
  cpSync(join(repository, "lab", "charts", `linkerd-${name}`), folder, { recursive: true });
  const file = join(folder, "Chart.yaml");
  const chart = parse(readFileSync(file, "utf8"));
  writeFileSync(file, stringify({ ...chart, name: `linkerd-enterprise-${name}`, version: VERSION }));
  if (name !== "control-plane") return;
  const path = join(folder, "values.schema.json");
  const schema = JSON.parse(readFileSync(path, "utf8"));
  Object.assign(schema.properties, {
    license: { type: ["string", "null"] },
    licenseSecret: { type: ["string", "null"] },
  });
  writeFileSync(path, JSON.stringify(schema));
}

async function store(key: string, value: string): Promise<void> {
  const ran = await lab.pulumi("config", "set", "--secret", `linkerd-fleet:${key}`, value);
  expect(ran.code, ran.stderr).toBe(0);
}

beforeAll(async () => {
  lab = await TestLab.create({ us: {} });
  lab.edit((config) => {
    config["linkerd-fleet:services"] = [];
  });
  await lab.start();
  for (const name of ["crds", "control-plane", "multicluster"]) enterpriseChart(name);
  await store("license", LICENSE);
  await store("registry", PULL);
  lab.edit((config) => {
    config["linkerd-fleet:linkerd"] = {
      ...{ channel: "enterprise", version: VERSION, source: join(lab.folder, "charts") },
      license: { secret: "license" },
      images: { registry: REGISTRY, pullSecret: { secret: "registry" } },
    };
  });
  const ran = await lab.pulumi("up", "--yes", "--skip-preview", "--continue-on-error");
  expect(ran.code, ran.stdout + ran.stderr).toBe(0);
});
afterAll(() => lab?.remove());

async function read(...object: string[]): Promise<Record<string, unknown>> {
  return JSON.parse(await lab.kubectl("us", "get", ...object, "-o=json"));
}

const encoded = (text: string) => Buffer.from(text).toString("base64");

it("comes up from its own charts, and the next preview is empty", async () => {
  const listed = await lab.shell("helm --kube-context us list -A -o json");
  const releases = JSON.parse(listed.stdout) as { chart: string; status: string }[];
  expect(releases.map(({ chart, status }) => `${chart} ${status}`).sort()).toEqual(
    ["control-plane", "crds", "multicluster"].map((name) => `linkerd-enterprise-${name}-${VERSION} deployed`),
  );
  expect(await lab.preview()).toEqual([]);
});

it("has its license in a Secret, and in no release", async () => {
  expect(await read("secret", "buoyant-license", "-n=linkerd")).toMatchObject({
    type: "Opaque",
    data: { license: encoded(LICENSE) },
  });
  for (const [release, namespace] of [
    ["linkerd-control-plane", "linkerd"],
    ["linkerd-multicluster", "linkerd-multicluster"],
  ]) {
    const all = await lab.shell(`helm --kube-context us get all ${release} -n ${namespace}`);
    expect(all.code, all.stderr).toBe(0);
    expect(all.stdout).not.toContain(LICENSE);
    expect(all.stdout).not.toContain(encoded(LICENSE));
  }
  expect(lab.stateFile()).not.toContain(LICENSE);
});

it("pulls from the private mirror: each ServiceAccount with the pull secret, each image by its name", async () => {
  const pullSecret = [{ name: "linkerd-fleet-registry" }];
  for (const namespace of ["linkerd", "linkerd-multicluster"]) {
    expect(await read("secret", "linkerd-fleet-registry", `-n=${namespace}`)).toMatchObject({
      type: "kubernetes.io/dockerconfigjson",
      data: { ".dockerconfigjson": encoded(PULL) },
    });
    const { items } = (await read(
      "serviceaccounts",
      `-n=${namespace}`,
      "-l=app.kubernetes.io/managed-by=Helm",
    )) as {
      items: { imagePullSecrets?: object[] }[];
    };
    expect(items.length).toBeGreaterThan(0);
    expect(items.map(({ imagePullSecrets }) => imagePullSecrets)).toEqual(items.map(() => pullSecret));
  }
  // The lab's pods run nothing; what the official ones would run stands in the values.
  const values = async (release: string, namespace: string) =>
    JSON.parse(
      (await lab.shell(`helm --kube-context us get values ${release} -n ${namespace} -o json`)).stdout,
    );
  expect(await values("linkerd-control-plane", "linkerd")).toMatchObject({
    controllerImage: `${REGISTRY}/controller`,
    proxy: { image: { name: `${REGISTRY}/proxy` } },
    debugContainer: { image: { name: `${REGISTRY}/debug` } },
    licenseSecret: "buoyant-license",
  });
  expect(await values("linkerd-multicluster", "linkerd-multicluster")).toMatchObject({
    controllerDefaults: { image: { name: `${REGISTRY}/controller` } },
    localServiceMirror: { image: { name: `${REGISTRY}/controller` } },
  });
});
