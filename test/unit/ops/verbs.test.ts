import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { parse, stringify } from "yaml";
import { planFleet } from "../../../fleet/plan";
import { readStackFile } from "../../../live/stackFile";
import { fleet } from "../../../ops/cli";
import { ApiServer } from "../../../testing/apiServer";
import { LiveFleet, meshStackFile } from "../../../testing/liveFleet";
import { printed } from "../../../testing/printed";

/** Answers for one stack with what lies in its folder. */
const PULUMI = `#!/bin/sh
cd "$(dirname "$0")"
case "$*" in
  "stack output --json"*) exec cat outputs.json ;;
  "stack --show-name"*) echo dev ;;
  "stack export"*) exec cat state.json ;;
  "stack import"*) exec cat > imported.json ;;
esac
echo "error: not expected: $*" >&2
exit 1
`;

const CLUSTERS = ["us", "eu", "apac"];
let folder: string;
let server: ApiServer;
let live: LiveFleet;
let outputs: Record<string, unknown>;
const file = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "linkerd-fleet-verbs-"));
  writeFileSync(file("pulumi"), PULUMI);
  chmodSync(file("pulumi"), 0o755);
  writeFileSync(file("Pulumi.dev.yaml"), stringify(meshStackFile(CLUSTERS)));
  const { config, problems } = readStackFile(file("Pulumi.dev.yaml"));
  if (problems) throw new Error(JSON.stringify(problems));
  live = await LiveFleet.of(planFleet(config));
  outputs = live.outputs() as Record<string, unknown>;
  server = await ApiServer.start((asked) => live.answer(asked));
  writeFileSync(file("kubeconfig"), server.kubeconfig(CLUSTERS));
  vi.stubEnv("KUBECONFIG", file("kubeconfig"));
  vi.stubEnv("PATH", `${folder}:${process.env.PATH}`);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await server.close();
  rmSync(folder, { recursive: true });
});

const said = printed();
beforeEach(() => {
  writeFileSync(file("outputs.json"), JSON.stringify(outputs));
});

const config = () => ["--config", file("Pulumi.dev.yaml")];

describe("on a fleet that is as planned, with the outputs of the selected stack", () => {
  it.each(["verify", "gateways", "services", "expiry"])(
    "%s is well, for people and as JSON",
    async (verb) => {
      expect([await fleet([verb, ...config()]), said.stderr]).toEqual(["well", ""]);
      expect(said.stdout).toContain("┌");
      said.stdout = "";
      expect(await fleet([verb, ...config(), "--json"])).toBe("well");
      expect(Object.keys(JSON.parse(said.stdout)).length).toBeGreaterThan(1);
    },
  );

  it("rotation has nothing to do", async () => {
    expect([await fleet(["rotation"]), said.stderr]).toEqual(["well", ""]);
    expect(said.stdout).toMatch(
      /^Trust anchors: 2026 active\n {2}apac: issuer of 2026, 2 meshed pods, 100 % ready\n/,
    );
    said.stdout = "";
    expect(await fleet(["rotation", "--json"])).toBe("well");
    expect(JSON.parse(said.stdout)).toEqual({
      anchors: [{ id: "2026", state: "active" }],
      clusters: Object.fromEntries(CLUSTERS.map((name) => [name, "issuer of 2026, 2 meshed pods"])),
      percent: { us: 100, eu: 100, apac: 100 },
      blockers: [],
    });
  });

  it("rotation --watch ends at once where all are ready", async () => {
    expect([await fleet(["rotation", "--watch"]), said.stderr]).toEqual(["well", ""]);
    expect(said.stdout).toMatch(/^apac 100 % \(2 of 2 pods\), eu 100 % .*\nTrust anchors: 2026 active\n/);
  });

  it("rotation names what is not ready", async () => {
    writeFileSync(file("outputs.json"), JSON.stringify({ ...outputs, trustBundle: "" }));
    expect(await fleet(["rotation"])).toBe("attention");
    expect(said.stdout).toContain("us: its bundle is not the fleet's\n  → run `pulumi up`");
  });

  it("drain says that nothing drains, and of a link that does what is left in its source", async () => {
    expect(await fleet(["drain"])).toBe("notBegun");
    expect(said.stderr).toContain("No link is draining");
    const { links } = live.outputs() as { links: Record<string, object> };
    const draining = Object.fromEntries(
      Object.entries(links).map(([name, link]) => [name, { ...link, state: "draining" }]),
    );
    writeFileSync(file("outputs.json"), JSON.stringify({ ...outputs, links: draining }));
    expect(await fleet(["drain", "--wait", "0"])).toBe("attention");
    expect(said.stdout).toMatch(/^eu → us: eu still has .*reports-us/m);
    expect(said.stdout).toContain("Not drained.");
    said.stdout = "";
    expect(await fleet(["drain", "--wait", "0", "--json"])).toBe("attention");
    const told = JSON.parse(said.stdout);
    expect(told).toHaveLength(6);
    expect(told).toContainEqual({
      link: "us → eu",
      drained: false,
      left: expect.stringContaining("us still has"),
    });
  });

  it("adopt prints the settings, as YAML and as JSON", async () => {
    expect([await fleet(["adopt", "us", "europe=eu"]), said.stderr]).toEqual(["well", ""]);
    const settings = parse(said.stdout);
    expect(Object.keys(settings["linkerd-fleet:clusters"])).toEqual(["us", "europe"]);
    said.stdout = "";
    expect(await fleet(["adopt", "us", "europe=eu", "--json"])).toBe("well");
    expect(JSON.parse(said.stdout)).toEqual(settings);
    expect(await fleet(["adopt", "us", "--namespace", "elsewhere"])).toBe("notBegun");
    expect(said.stderr).toContain("us: Secret linkerd-identity-issuer in namespace elsewhere cannot be read");
  });

  it("graph draws what is deployed, as Mermaid and as JSON", async () => {
    expect([await fleet(["graph"]), said.stderr]).toEqual(["well", ""]);
    expect(said.stdout).toMatch(/^flowchart LR\n/);
    said.stdout = "";
    expect(await fleet(["graph", "--outputs", file("outputs.json"), "--json"])).toBe("well");
    expect(JSON.parse(said.stdout)).toMatchObject({ clusters: 3, links: 6 });
  });

  it("poc passes what needs no change, and says what was not tried", async () => {
    expect([await fleet(["poc", ...config()]), said.stderr]).toEqual(["attention", ""]);
    expect(said.stdout.match(/^(PASSED|NOT TRIED|FAILED) +\d/gm)).toEqual([
      "PASSED  1",
      "NOT TRIED  2",
      "PASSED  3",
      "NOT TRIED  4",
    ]);
    said.stdout = "";
    expect(await fleet(["poc", ...config(), "--json"])).toBe("attention");
    expect(JSON.parse(said.stdout).map(({ passed }: { passed?: boolean }) => passed)).toEqual([
      true,
      undefined,
      true,
      undefined,
    ]);
    expect(await fleet(["poc", ...config(), "--kill", "true"])).toBe("notBegun");
    expect(said.stderr).toContain("--kill and --revive go together");
  });
});

describe("state remove-cluster", () => {
  const provider = (name: string) => ({
    urn: `urn:pulumi:dev::linkerd-fleet::pulumi:providers:kubernetes::${name}`,
    type: "pulumi:providers:kubernetes",
    id: "id",
    inputs: { context: name },
  });
  const secret = (name: string) => ({
    urn: `urn:pulumi:dev::linkerd-fleet::kubernetes:core/v1:Secret::${name}-token`,
    type: "kubernetes:core/v1:Secret",
    provider: `${provider(name).urn}::id`,
  });
  beforeEach(() => {
    const resources = ["us", "gone"].flatMap((name) => [provider(name), secret(name)]);
    writeFileSync(file("state.json"), JSON.stringify({ version: 3, deployment: { resources } }));
    rmSync(file("imported.json"), { force: true });
  });

  it.each([
    ["a cluster that answers", ["us", "--yes"], "us answers."],
    ["a cluster that the state does not hold", ["eu", "--yes"], 'The state holds nothing of a cluster "eu".'],
    ["to go on without being asked", ["gone"], "Add --yes"],
  ])("refuses %s, and changes nothing", async (_, args, words) => {
    expect(await fleet(["state", "remove-cluster", ...args])).toBe("notBegun");
    expect(said.stderr).toContain(words);
    expect(existsSync(file("imported.json"))).toBe(false);
  });

  it("takes out everything of a cluster that does not answer", async () => {
    expect([await fleet(["state", "remove-cluster", "gone", "--yes"]), said.stderr]).toEqual(["well", ""]);
    const { deployment } = JSON.parse(readFileSync(file("imported.json"), "utf8"));
    expect(deployment.resources).toEqual([provider("us"), secret("us"), provider("gone")]);
  });
});

describe("rollout", () => {
  it("prints the order of the stacks, and ends with words where there is no fleet file", async () => {
    expect(await fleet(["rollout", "--file", "missing.yaml"])).toBe("notBegun");
    expect(said.stderr).toContain("missing.yaml");
    const sections = Object.entries(meshStackFile(["us", "eu"]).config).map(([key, of]) => [
      key.replace("linkerd-fleet:", ""),
      of,
    ]);
    const shared = Object.fromEntries(sections);
    shared.trust = { ...shared.trust, stack: "trust" };
    for (const [name, cluster] of Object.entries<object>(shared.clusters))
      Object.assign(cluster, { stack: name });
    writeFileSync(file("fleet.yaml"), stringify(shared));
    said.stderr = "";
    expect([await fleet(["rollout", "--file", file("fleet.yaml")]), said.stderr]).toEqual(["well", ""]);
    expect(said.stdout).toMatch(/^trust/);
    // Secrets are in the stack files: whether they are there is for each stack to say.
    const { context: _, ...us } = shared.clusters.us;
    shared.clusters.us = { ...us, kubeconfig: { secret: "kubeconfig-us" } };
    writeFileSync(file("fleet.yaml"), stringify(shared));
    expect([await fleet(["rollout", "--file", file("fleet.yaml")]), said.stderr]).toEqual(["well", ""]);
    expect(await fleet(["rollout", "--file", file("fleet.yaml"), "--operator"])).toBe("notBegun");
    expect(said.stderr).toContain("--operator needs --repository");
  });
});

describe("report", () => {
  it("prints its sections as JSON", async () => {
    writeFileSync(file("preview.json"), JSON.stringify({ steps: [] }));
    expect([await fleet(["report", file("preview.json"), "--json"]), said.stderr]).toEqual(["well", ""]);
    expect(JSON.parse(said.stdout)).toEqual({ stack: "stack", risky: false, sections: [] });
  });
});
