import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { parse, stringify } from "yaml";
import { isMap, map } from "../../../fleet/config/json";
import { planFleet } from "../../../fleet/plan";
import { WHOLE } from "../../../fleet/stacks/plan";
import { openFleet } from "../../../live/fleet";
import { readStackFile } from "../../../live/stackFile";
import { expiring } from "../../../ops/expiry/expiry";
import { linkedGateways } from "../../../ops/gateways/gateways";
import { judge } from "../../../ops/verify/judge";
import { readFleet } from "../../../ops/verify/read";
import { ApiServer } from "../../../testing/apiServer";
import { LiveFleet, meshStackFile } from "../../../testing/liveFleet";

const CLUSTERS = { one: ["us", "eu"], two: ["apac"] } as const;
type Stack = keyof typeof CLUSTERS;

let folder: string;
let server: ApiServer;
let fleet: LiveFleet;
let unreachable: string | undefined;

const file = (name: string) => join(folder, name);
const stackFile = (stack: Stack) => file(`Pulumi.${stack}.yaml`);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "linkerd-fleet-verify-"));
  const { config } = meshStackFile(Object.values(CLUSTERS).flat());
  const clusters = config["linkerd-fleet:clusters"];
  for (const [stack, names] of Object.entries(CLUSTERS)) {
    for (const name of names) clusters[name] = Object.assign({ stack }, clusters[name]);
  }
  const trust = { ...config["linkerd-fleet:trust"], stack: "one" };
  for (const stack of ["one", "two"] as const)
    writeFileSync(stackFile(stack), stringify({ config: { ...config, "linkerd-fleet:trust": trust } }));
  fleet = await LiveFleet.of(planFleet(read("one")));
  server = await ApiServer.start((asked) =>
    unreachable !== undefined && asked.path.startsWith(`/${unreachable}/`)
      ? { status: 500, body: { message: "etcd is gone" } }
      : fleet.answer(asked),
  );
  writeFileSync(file("kubeconfig"), server.kubeconfig(Object.values(CLUSTERS).flat()));
  vi.stubEnv("KUBECONFIG", file("kubeconfig"));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await server.close();
  rmSync(folder, { recursive: true });
});

function read(stack: Stack) {
  const { config, problems } = readStackFile(stackFile(stack));
  if (problems) throw new Error(JSON.stringify(problems));
  return config;
}

/** The engine keeps maps in the order of their keys. */
function inEngineOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inEngineOrder);
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, inEngineOrder(value[key])]),
  );
}

/** As `npx fleet verify` in one stack, of whose links some are pending. */
async function look(
  stack: Stack,
  pending: (source: string, target: string) => boolean = () => false,
  config?: string,
) {
  const plan = planFleet(read(stack), {
    ...WHOLE,
    self: stack,
    blocker: ({ source, target }) => (pending(source, target) ? "is not deployed yet" : undefined),
  });
  writeFileSync(file("outputs.json"), JSON.stringify(inEngineOrder(fleet.outputs(plan))));
  const opened = await openFleet({ config: config ?? stackFile(stack), outputs: file("outputs.json") });
  return readFleet(opened.plan, opened.outputs, opened.clusters);
}

async function findings(...asked: Parameters<typeof look>) {
  return judge(await look(...asked)).flatMap(({ subject, findings }) =>
    findings.map((one) => ({ ...one, said: `${one.severity} ${subject}: ${one.message}` })),
  );
}

describe("verify in one of several stacks", () => {
  it.each(["one", "two"] as const)(
    "finds stack %s well, its links into the other included",
    async (stack) => {
      expect(await findings(stack)).toEqual([]);
      const results = judge(await look(stack));
      const across = results
        // What a cluster of this stack grants a source of the other is this stack's, too.
        .filter(({ subject, check }) => / → /.test(subject) && check !== "the accesses are as planned")
        .map(({ subject }) => subject);
      expect(new Set(across)).toContain(stack === "one" ? "us → apac" : "apac → us");
      expect(across).not.toContain(stack === "one" ? "apac → us" : "us → apac");
    },
  );

  it("says of a fault at the other end which stack mends it", async () => {
    const objects = fleet.objects.get("apac") ?? [];
    const at = objects.findIndex(
      ({ metadata }) => metadata.name === "linkerd-service-mirror-remote-access-us",
    );
    const [access] = objects.splice(at, 1);
    try {
      const [found, ...more] = await findings("one");
      expect(more).toEqual([]);
      expect(found?.said).toMatch(/^error us → apac: the ServiceAccount .* of apac is missing$/);
      expect(found?.remedy).toMatch(/; for what is wrong in apac, in its stack two first$/);
    } finally {
      if (access) objects.splice(at, 0, access);
    }
  });

  it("says which stack renews an issuer: the one with the anchors", async () => {
    const remedies = async (stack: Stack) => {
      const view = await look(stack);
      const [{ ends } = { ends: new Date() }] = expiring(view, view.members).items.filter(
        ({ kind }) => kind === "issuer",
      );
      const found = judge({ ...view, now: new Date(ends.getTime() - 1) }).flatMap((of) => of.findings);
      return found.filter(({ message }) => message.startsWith("the issuer expires")).map((one) => one.remedy);
    };
    expect(new Set(await remedies("one"))).toEqual(
      new Set(["`pulumi up --refresh --continue-on-error` renews it"]),
    );
    expect(await remedies("two")).toEqual([
      "`pulumi up --refresh --continue-on-error` in the stack one renews it, then the same here",
    ]);
    const view = await look("two");
    const issuers = expiring(view, view.members).items.filter(({ kind }) => kind === "issuer");
    expect(issuers.map(({ renewal }) => renewal)).toEqual(["`pulumi up` in the stack one, then in this one"]);
  });

  it.each(["one", "two"] as const)(
    "compares the ports of a federated service's members in both stacks (asked in %s)",
    async (stack) => {
      const objects = fleet.objects.get("apac") ?? [];
      const at = objects.findIndex(
        (object) => object.collection === "/api/v1/services" && object.metadata.name === "checkout",
      );
      const [before] = objects.slice(at, at + 1);
      if (!before) throw new Error("apac has no checkout");
      objects[at] = { ...before, spec: { selector: {}, ports: [{ name: "http", port: 8080 }] } };
      try {
        const found = (await findings(stack)).filter(({ said }) => said.includes("ports"));
        expect(found.map(({ said }) => said)).toEqual([
          "error shop/checkout: its members have different ports (http 8080/TCP in apac; http 80/TCP in eu, us)",
        ]);
      } finally {
        objects[at] = before;
      }
    },
  );

  it("goes on with its own ends while the other stack's cluster does not answer", async () => {
    unreachable = "apac";
    const said = (await findings("one")).map(({ said }) => said);
    unreachable = undefined;
    const kept = said.filter((line) => line.includes("whether it is alive is not known"));
    expect(kept).toHaveLength(2);
    const others = said.filter((line) => !kept.includes(line));
    expect(new Set(others)).toEqual(
      new Set(["us", "eu"].map((source) => `unknown ${source} → apac: etcd is gone`)),
    );
    expect(others).toHaveLength(6);
  });

  it("names the links that wait for another stack, and looks for nothing of them", async () => {
    const warnings = (await findings("two", (_, target) => target === "eu")).filter(
      ({ severity, runbook }) => severity === "warning" && runbook === "pending",
    );
    expect(warnings.map(({ said }) => said)).toEqual([
      "warning apac → eu: the link is pending: it waits for the stack one",
    ]);
  });

  it("takes links that wait, of whatever names, for deployed as the stack file says", async () => {
    const stacks = (await findings("two", (_, target) => target === "eu")).filter(({ said }) =>
      said.includes("differs from the last deployment"),
    );
    expect(stacks).toEqual([]);
  });

  it("tells an upgrade that waits in the stack file of the charts, and not of each link to the cluster", async () => {
    const [name = ""] = CLUSTERS.one;
    const content = map(parse(readFileSync(stackFile("one"), "utf8")));
    const { "linkerd-fleet:clusters": given, ...config } = map(content.config);
    const clusters = {
      ...map(given),
      [name]: { ...map(map(given)[name]), linkerd: { version: "2026.9.1" } },
    };
    mkdirSync(file("upgraded"));
    writeFileSync(
      file("upgraded/Pulumi.one.yaml"),
      stringify({ config: { ...config, "linkerd-fleet:clusters": clusters } }),
    );
    const found = await findings("one", undefined, file("upgraded/Pulumi.one.yaml"));
    const charts = ["linkerd-crds", "linkerd-control-plane", "linkerd-multicluster"];
    expect(found.map(({ said }) => said)).toEqual([
      ...charts.map(
        (chart) => `error ${name}: the Helm release ${chart} is at version 2026.8.3, planned is 2026.9.1`,
      ),
      "warning stack: the stack file differs from the last deployment in its clusters",
    ]);
  });

  it("lists the gateways of the other stack", async () => {
    const { plan, members } = await look("two");
    expect(linkedGateways(plan, members).map(({ target, services }) => [target, services])).toEqual([
      ["eu", ["bi/reports"]],
      ["us", ["bi/reports"]],
    ]);
  });
});
