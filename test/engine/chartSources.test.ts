/** The engine's own provider asks for charts where they are, as who a stack file or `helm registry login` says. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import { repository } from "../../lab/env";
import { run } from "../../lab/run";
import { ChartServer } from "../../testing/chartServer";
import { LoneProject } from "../../testing/loneProject";
import { TestAuthority } from "../../testing/recordingServer";

const VERSION = "2026.8.3";
const USER = "fleet";
const PASSWORD = "PLANTED:pass";
const basic = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString("base64")}`;

let project: LoneProject;
let charts: ChartServer;
beforeAll(async () => {
  project = await LoneProject.create();
  project.nameClusters(["eu"]);
  const folder = join(project.folder, "repository");
  mkdirSync(folder);
  const authority = await TestAuthority.create();
  writeFileSync(join(project.folder, "roots.pem"), authority.certificate);
  charts = await ChartServer.start(
    folder,
    await authority.issue("charts", ["127.0.0.1"]),
    `${USER}:${PASSWORD}`,
  );
  const { helm } = project.tools.bin;
  for (const chart of ["crds", "control-plane", "multicluster"]) {
    const source = join(repository, "lab", "charts", `linkerd-${chart}`);
    const ran = await run(helm, ["package", "--version", VERSION, "-d", folder, source]);
    expect(ran.code, ran.stderr).toBe(0);
  }
  const ran = await run(helm, ["repo", "index", folder]);
  expect(ran.code, ran.stderr).toBe(0);
});
afterEach(() => vi.unstubAllEnvs());
afterAll(async () => {
  await charts?.close();
  project?.remove();
});

/** What the engine's provider asks in a preview, and what is said. */
async function preview(source: string | object): Promise<{ code: number; output: string; asked: string[] }> {
  vi.stubEnv("SSL_CERT_FILE", join(project.folder, "roots.pem"));
  await project.newStack({
    "linkerd-fleet:linkerd": { version: VERSION, source },
    "linkerd-fleet:trust": { anchors: [{ id: "2026", state: "active" }] },
    "linkerd-fleet:clusters": { eu: { context: "eu", network: "lab", apiServer: "https://eu.example.com" } },
    "linkerd-fleet:topology": { kind: "mesh" },
  });
  if (typeof source === "object")
    await project.must("config", "set", "--secret", "linkerd-fleet:charts", PASSWORD);
  charts.take();
  const { code, stdout, stderr } = await project.pulumi("preview");
  const asked = charts.take().map(({ path, authorization }) => `${authorization ?? "nobody"} ${path}`);
  expect(stdout + stderr).not.toContain(PASSWORD);
  return { code, output: stdout + stderr, asked };
}

/** `helm registry login`, as it leaves it. */
function logIn(): void {
  const folder = join(project.folder, "cache", "helm-config", "registry");
  mkdirSync(folder, { recursive: true });
  const auth = Buffer.from(`${USER}:${PASSWORD}`).toString("base64");
  writeFileSync(join(folder, "config.json"), JSON.stringify({ auths: { [charts.host]: { auth } } }));
}

const password = { username: USER, password: { secret: "charts" } };
const manifest = `/v2/charts/linkerd-crds/manifests/${VERSION}`;

it("user and password of the stack file, for a repository", async () => {
  const { code, output, asked } = await preview({ url: `https://${charts.host}`, ...password });
  expect(code, output).toBe(0);
  expect(asked).toContain(`${basic} /linkerd-crds-${VERSION}.tgz`);
  expect(asked.filter((line) => !line.startsWith(basic))).toEqual([]);
});

it("user and password of the stack file, for an OCI registry, where the plugin is of 4.27.0 or later", async () => {
  // The one that the lab builds from its Go module is older: it asks as nobody.
  const isBuilt = project.tools.parts.some(
    ({ name, origin }) => name === "plugin kubernetes" && origin !== "official",
  );
  const { code, output, asked } = await preview({ url: `oci://${charts.host}/charts`, ...password });
  expect(code === 0, output).toBe(!isBuilt);
  expect(asked).toContain(`${isBuilt ? "nobody" : basic} ${manifest}`);
});

it("the login of `helm registry login`, for an OCI registry", async () => {
  logIn();
  const { code, output, asked } = await preview(`OCI://${charts.host}/charts`);
  expect(code, output).toBe(0);
  expect(asked).toContain(`${basic} ${manifest}`);
});
