import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { PLAN_SCHEMA } from "../../../fleet/outputs/schema";
import { inParallel, type LiveCluster, openCluster, openClusters } from "../../../live/cluster";
import { parseOutputs, readOutputs } from "../../../live/outputs";
import { ApiServer, type Asked, type Reply } from "../../../testing/apiServer";

const named = z.object({ metadata: z.object({ name: z.string() }) });
const object = (name: string) => ({ metadata: { name } });
const cluster = {
  apiServer: "https://api.eu.example.com",
  trustDomain: "cluster.local",
  clusterDomain: "cluster.local",
  controlPlaneNamespace: "linkerd",
  wave: 0,
  ha: false,
  charts: { crds: "1", controlPlane: "1", multicluster: "1" },
};

let folder: string;
let server: ApiServer;
let asked: Asked[];

/** Opens clusters through a kubeconfig of contexts that all lead to one server of the test. */
async function open(
  answer: (asked: Asked) => Reply,
  contexts: readonly string[] = ["eu"],
): Promise<LiveCluster> {
  asked = [];
  server = await ApiServer.start((question) => {
    asked.push(question);
    return answer(question);
  });
  const kubeconfig = join(folder, "kubeconfig");
  writeFileSync(kubeconfig, server.kubeconfig(contexts));
  vi.stubEnv("KUBECONFIG", kubeconfig);
  const clusters = await openClusters({ eu: { ...cluster, context: "eu" } }, undefined);
  const eu = clusters.get("eu");
  if (!eu) throw new Error("eu was not opened");
  return eu;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "linkerd-fleet-live-"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
  await server?.close();
});

describe("reading a cluster", () => {
  it("gives an object, and says when there is none", async () => {
    const eu = await open(({ path }) => (path === "/eu/api/v1/x/a" ? { body: object("a") } : undefined));
    expect(await eu.get("/api/v1/x/a", named)).toEqual({ state: "found", value: object("a") });
    expect(await eu.get("/api/v1/x/b", named)).toEqual({ state: "missing" });
    expect(asked[0]).toMatchObject({ method: "GET", authorization: "Bearer admin-of-eu" });
  });

  it("gives all items of a list, however many pages there are", async () => {
    const eu = await open(({ query }) =>
      query.get("continue") === "2nd"
        ? { body: { metadata: {}, items: [object("c")] } }
        : { body: { metadata: { continue: "2nd" }, items: [object("a"), object("b")] } },
    );
    const read = await eu.list("/api/v1/x?labelSelector=l", named);
    expect(read).toEqual({ state: "found", value: [object("a"), object("b"), object("c")] });
    expect(asked.map(({ query }) => query.get("labelSelector"))).toEqual(["l", "l"]);
  });

  it("tells a refusal from a cluster that does not answer", async () => {
    const eu = await open(() => ({ status: 403, body: { message: "secrets is forbidden" } }));
    const denied = { state: "failed", why: "denied", message: "secrets is forbidden" };
    expect(await eu.get("/api/v1/secrets", named)).toEqual(denied);
    await server.close();
    expect(await eu.get("/api/v1/secrets", named)).toMatchObject({ state: "failed", why: "unreachable" });
  });

  it("asks a busy API server again after the time that it names, and gives up where that is too long", async () => {
    const busy = (seconds: string) => ({
      status: 429,
      headers: { "retry-after": seconds },
      body: { message: "storage is (re)initializing" },
    });
    let turns = 0;
    const eu = await open(({ path }) => {
      if (path.endsWith("/later")) return busy("60");
      turns += 1;
      return turns % 2 === 1 ? busy("0") : { body: object("a") };
    });
    const found = { state: "found", value: object("a") };
    expect(await eu.get("/api/v1/x/a", named)).toEqual(found);
    expect(await eu.merge("/api/v1/x/a", { spec: {} })).toEqual(found);
    expect(asked.map(({ method }) => method)).toEqual(["GET", "GET", "PATCH", "PATCH"]);
    expect(asked[3]?.body).toBe(asked[2]?.body);
    const given = { state: "failed", why: "other", message: "storage is (re)initializing" };
    expect(await eu.get("/api/v1/x/later", named)).toEqual(given);
  });

  it("does not take an answer of another form for an object", async () => {
    const eu = await open(() => ({ body: { kind: "Odd" } }));
    expect(await eu.get("/api/v1/x", named)).toEqual({
      state: "failed",
      why: "other",
      message: "/api/v1/x has an unexpected form (metadata)",
    });
  });

  it("asks what a token may do with that token and no other credential", async () => {
    const status = { incomplete: false, resourceRules: [{ verbs: ["get"], resources: ["pods"] }] };
    const eu = await open(() => ({ status: 201, body: { status } }));
    const read = await eu.rulesOf("t0", "linkerd");
    expect(read).toMatchObject({ state: "found", value: { resourceRules: [{ resources: ["pods"] }] } });
    expect(asked[0]).toMatchObject({
      method: "POST",
      path: "/eu/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
      authorization: "Bearer t0",
      body: '{"spec":{"namespace":"linkerd"}}',
    });
  });

  it("says which context is missing", async () => {
    const eu = await open(() => undefined, ["us"]);
    expect(await eu.get("/version", named)).toEqual({
      state: "failed",
      why: "unreachable",
      message: 'the kubeconfig has no context "eu"; it has "us"',
    });
  });
});

describe("the kubeconfig of a cluster", () => {
  it("comes from the stack's secret where the plan names one", async () => {
    await open(() => ({ body: object("a") }));
    vi.stubEnv("KUBECONFIG", "");
    const program = `#!/bin/sh\n[ "$*" = "config get linkerd-fleet:kc --non-interactive --color=never --stack prod" ] && cat <<'END'\n${server.kubeconfig(["x", "eu"])}END\n`;
    writeFileSync(join(folder, "pulumi"), program, { mode: 0o755 });
    vi.stubEnv("PATH", `${folder}:${process.env.PATH}`);
    const clusters = await openClusters({ eu: { ...cluster, kubeconfig: "kc", context: "eu" } }, "prod");
    expect(await clusters.get("eu")?.get("/api", named)).toEqual({ state: "found", value: object("a") });
  });

  it("comes from another stack's output where the plan names one", async () => {
    await open(() => ({ body: object("a") }));
    vi.stubEnv("KUBECONFIG", "");
    const args =
      "stack output kubeconfig --show-secrets --non-interactive --color=never --stack acme/infra/eu";
    const program = `#!/bin/sh\n[ "$*" = "${args}" ] && cat <<'END'\n${server.kubeconfig(["eu"])}END\n`;
    writeFileSync(join(folder, "pulumi"), program, { mode: 0o755 });
    vi.stubEnv("PATH", `${folder}:${process.env.PATH}`);
    const kubeconfig = { stack: "acme/infra/eu", output: "kubeconfig" };
    const clusters = await openClusters({ eu: { ...cluster, kubeconfig, context: "eu" } }, "prod");
    expect(await clusters.get("eu")?.get("/api", named)).toEqual({ state: "found", value: object("a") });
  });

  it("that the stack does not give makes every read of that cluster say so", async () => {
    writeFileSync(join(folder, "pulumi"), "#!/bin/sh\necho no such key >&2; exit 1\n", { mode: 0o755 });
    vi.stubEnv("PATH", `${folder}:${process.env.PATH}`);
    const clusters = await openClusters({ eu: { ...cluster, kubeconfig: "kc" } }, undefined);
    expect(await clusters.get("eu")?.get("/api", named)).toEqual({
      state: "failed",
      why: "unreachable",
      message: "pulumi config get linkerd-fleet:kc: no such key",
    });
  });
});

describe("a kubeconfig that cannot be used", () => {
  const secret = "planted-token";
  const entry = (name: string) => [{ name, token: secret }];
  it.each([
    ["is no YAML", `{ token: "${secret}`, "cannot be read as YAML"],
    ["is something else", `token: ${secret}`, "is no kubeconfig: it lists no clusters or no contexts"],
    [
      "lacks the context",
      JSON.stringify({ clusters: entry("a"), contexts: entry("a") }),
      'has no context "eu"; it has "a"',
    ],
  ])("because it %s is told by every read, and not quoted", async (_, content, words) => {
    const read = await openCluster("eu", "eu", { state: "found", value: content }).get("/api", named);
    expect(read).toEqual({ state: "failed", why: "unreachable", message: `its kubeconfig ${words}` });
  });

  it("of whoever runs the program is not quoted either", async () => {
    const file = join(folder, "kubeconfig");
    writeFileSync(file, `{ token: "${secret}`);
    vi.stubEnv("KUBECONFIG", file);
    const read = await openCluster("eu", "eu", undefined).get("/api", named);
    expect(read).toMatchObject({
      state: "failed",
      message: expect.stringMatching(/^the kubeconfig \S+ cannot be read as YAML$/),
    });
    expect(JSON.stringify(read)).not.toContain(secret);
  });
});

describe("the outputs of the stack", () => {
  const outputs = {
    plan: { schema: PLAN_SCHEMA, anchors: [], clusters: { eu: cluster } },
    clusters: { eu: { version: "2026.8.3", gateway: { type: "loadBalancer", address: "192.0.2.1" } } },
    links: [],
    services: [],
    trustBundle: "",
  };

  it("are read from a file", async () => {
    const file = join(folder, "outputs.json");
    writeFileSync(file, JSON.stringify(outputs));
    expect((await readOutputs({ file })).plan.clusters).toEqual({ eu: cluster });
  });

  it.each([
    ["cut short", '{"plan":', "are not JSON"],
    ["of a stack without a fleet", "{}", "run `pulumi up` first"],
    ["of another version", JSON.stringify({ plan: { schema: 1 } }), "have schema 1, this version reads"],
    ["damaged", JSON.stringify({ ...outputs, links: 1 }), "not whole (links)"],
  ])("%s are refused with words", (_, json, words) => {
    expect(() => parseOutputs(json)).toThrow(words);
  });

  it("are refused with one line where the CLI is too old, whatever it says itself", async () => {
    const program =
      '#!/bin/sh\n[ "$1" = version ] && { echo v3.68.0; exit 0; }\necho unknown flag >&2; exit 1\n';
    writeFileSync(join(folder, "pulumi"), program, { mode: 0o755 });
    vi.stubEnv("PATH", `${folder}:${process.env.PATH}`);
    await expect(readOutputs({ stack: "prod" })).rejects.toThrow(
      "This program needs the Pulumi CLI 3.276.0 or later, and `pulumi` on PATH is 3.68.0.",
    );
  });

  it("are refused with the words of the engine where there is no stack", async () => {
    writeFileSync(join(folder, "pulumi"), "#!/bin/sh\necho no stack named prod >&2; exit 255\n", {
      mode: 0o755,
    });
    vi.stubEnv("PATH", `${folder}:${process.env.PATH}`);
    await expect(readOutputs({ stack: "prod" })).rejects.toThrow("no stack named prod");
  });
});

it("parallel work keeps its order and its limit", async () => {
  let busy = 0;
  let most = 0;
  const results = await inParallel([30, 1, 20, 5, 0], 2, async (ms) => {
    busy += 1;
    most = Math.max(most, busy);
    await new Promise((resolve) => setTimeout(resolve, ms));
    busy -= 1;
    return ms;
  });
  expect(results).toEqual([30, 1, 20, 5, 0]);
  expect(most).toBe(2);
});
