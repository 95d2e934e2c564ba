import { execFileSync } from "node:child_process";
import { cpSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { stringify } from "yaml";
import { z } from "zod";
import { TestLab } from "./harness";
import { exactly, follow, followAll, readRunbook } from "./runbook";

const [toFile, checkAndUp, toExisting, up, install, handOver] = exactly(6, readRunbook("gateway-api"));

let lab: TestLab;
let before: Readonly<Record<string, string>>;
beforeAll(async () => {
  lab = await TestLab.create({ us: {}, eu: {} });
  lab.edit((config) => {
    config["linkerd-fleet:services"] = [];
  });
  await lab.bringUp();
  const route = join(lab.folder, "route.yaml");
  writeFileSync(
    route,
    stringify({
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "HTTPRoute",
      metadata: { name: "theirs", namespace: "default" },
      spec: { rules: [{ backendRefs: [{ name: "web", port: 80 }] }] },
    }),
  );
  for (const cluster of ["us", "eu"]) await lab.kubectl(cluster, "apply", "-f", route);
  before = { us: await identities("us"), eu: await identities("eu") };
  // The same files as a release's, before they are put into one.
  const downloaded = execFileSync("go", ["mod", "download", "-json", "sigs.k8s.io/gateway-api@v1.2.1"], {
    cwd: tmpdir(),
    encoding: "utf8",
  });
  const { Dir } = z.object({ Dir: z.string() }).parse(JSON.parse(downloaded));
  cpSync(join(Dir, "config", "crd", "experimental"), join(lab.lab.project, "gateway-api"), {
    recursive: true,
    filter: (path) => !path.endsWith("kustomization.yaml"),
  });
});
afterAll(() => lab?.remove());

/** What would be others if a CRD had gone and come back. */
async function identities(cluster: string): Promise<string> {
  const uids = "-o=jsonpath={range .items[*]}{.metadata.name}={.metadata.uid} {end}";
  const crds = await lab.kubectl(
    cluster,
    ...["get", "crd", uids, ...CRDS.map((name) => `${name}.gateway.networking.k8s.io`)],
  );
  return (
    crds + (await lab.kubectl(cluster, "get", "httproutes.gateway.networking.k8s.io", "-n=default", uids))
  );
}

const CRDS = ["httproutes", "grpcroutes", "tlsroutes", "tcproutes"];

async function versions(cluster: string): Promise<string[]> {
  const crds = z
    .object({
      items: z.array(z.object({ metadata: z.object({ annotations: z.record(z.string(), z.string()) }) })),
    })
    .parse(
      JSON.parse(
        await lab.kubectl(
          cluster,
          ...["get", "crd", "-o=json", ...CRDS.map((name) => `${name}.gateway.networking.k8s.io`)],
        ),
      ),
    );
  return crds.items.map(
    ({ metadata }) => metadata.annotations["gateway.networking.k8s.io/bundle-version"] ?? "none",
  );
}

/** The lab's program runs in the repository, and its stack file is elsewhere. */
function inProject(cluster = "us"): void {
  lab.edit((config) => {
    Object.assign(config["linkerd-fleet:clusters"][cluster] ?? {}, {
      linkerd: { gatewayApi: { version: "1.2.1", file: join(lab.lab.project, "gateway-api") } },
    });
  });
}

it("CRDs of the chart pass to a file of the project, and neither they nor the routes go", async () => {
  expect(await versions("us")).toEqual(["v1.1.1", "v1.1.1", "v1.1.1", "v1.1.1"]);
  await follow(lab, toFile);
  inProject();
  await followAll(lab, [checkAndUp]);
  expect(await versions("us")).toEqual(["v1.2.1", "v1.2.1", "v1.2.1", "v1.2.1"]);
  expect(await identities("us")).toBe(before.us);
  expect(await lab.preview()).toEqual([]);
});

it("they do not go back to the chart's", async () => {
  lab.edit((config) => {
    delete config["linkerd-fleet:clusters"].us?.linkerd;
  });
  const ran = await lab.pulumi("preview");
  expect(ran.code).not.toBe(0);
  expect(ran.stdout + ran.stderr).toContain("newer than what `bundled` installs");
  inProject();
});

it("CRDs of the chart pass to somebody else, who may hand them over", async () => {
  await followAll(lab, [toExisting, up]);
  expect(await versions("eu")).toEqual(["v1.1.1", "v1.1.1", "v1.1.1", "v1.1.1"]);
  expect((await lab.pulumi("preview")).stdout).toContain("eu has version 1.1.1 of the Gateway API");
  await followAll(lab, [install]);
  const crds = CRDS.map((kind) => `${kind}.gateway.networking.k8s.io`);
  // As if somebody else had made them from the start.
  await lab.kubectl("eu", "annotate", "crd", ...crds, "meta.helm.sh/release-name-");
  inProject("eu");
  const refused = await lab.pulumi("preview");
  expect(refused.code).not.toBe(0);
  expect(refused.stdout + refused.stderr).toContain("hand it over");
  await followAll(lab, [handOver]);
  expect((await lab.preview()).map(({ op, name }) => `${op} ${name}`).sort()).toEqual(
    [...CRDS].sort().map((kind) => `create eu-linkerd-gateway-api-${kind}`),
  );
  await followAll(lab, [toExisting]);
  expect(await versions("eu")).toEqual(["v1.2.1", "v1.2.1", "v1.2.1", "v1.2.1"]);
  expect(await identities("eu")).toBe(before.eu);
  expect(await lab.preview()).toEqual([]);
});

it("from a file to `existing`, they stay", async () => {
  lab.edit((config) => {
    const { us } = config["linkerd-fleet:clusters"];
    if (us) us.linkerd = { gatewayApi: "existing" };
  });
  await followAll(lab, [up]);
  expect(await versions("us")).toEqual(["v1.2.1", "v1.2.1", "v1.2.1", "v1.2.1"]);
  expect(await identities("us")).toBe(before.us);
  expect(await lab.preview()).toEqual([]);
});
