import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deploymentOf } from "../../fleet/outputs/deployed";
import { describeServices } from "../../fleet/outputs/describe";
import { planFleet } from "../../fleet/plan";
import { configOf, type FleetInput } from "../../testing/arbitraries";
import { LoneProject } from "../../testing/loneProject";

const NAMES = ["us", "eu", "apac"];

/** The sections of the fleet that was deployed last; no cluster answers, and none has to. */
interface Fleet {
  linkerd: { version: string; source: string };
  trust: { anchors: { id: string; state: "active" | "staged" | "retiring" }[] };
  clusters: Record<string, { context: string; network: string; apiServer: string; state?: "draining" }>;
  topology: { kind: "mesh" } | { kind: "hub"; hub: string };
  services?: NonNullable<FleetInput["services"]>;
  allowUnsafe?: NonNullable<FleetInput["allowUnsafe"]>;
}

let project: LoneProject;
beforeAll(async () => {
  project = await LoneProject.create();
  project.nameClusters(NAMES);
  await project.must("stack", "init", "dev");
});
afterAll(() => project?.remove());

function fleet(change: (fleet: Fleet) => void = () => {}): Fleet {
  const deployed: Fleet = {
    linkerd: { version: "2026.8.3", source: project.tools.charts },
    trust: { anchors: [{ id: "2026", state: "active" }] },
    clusters: Object.fromEntries(
      NAMES.map((name) => [
        name,
        { context: name, network: "lab", apiServer: `https://${name}.example.com` },
      ]),
    ),
    topology: { kind: "mesh" },
  };
  change(deployed);
  return deployed;
}

/** Leaves the stack as a deployment of that fleet would: its outputs, and a resource that could be lost. */
async function deployed(last: Fleet): Promise<void> {
  const plan = planFleet(configOf(last));
  const stack = "urn:pulumi:dev::linkerd-fleet::pulumi:pulumi:Stack::linkerd-fleet-dev";
  const resources = [
    {
      urn: stack,
      custom: false,
      type: "pulumi:pulumi:Stack",
      outputs: { deployed: deploymentOf(plan), services: describeServices(plan) },
    },
    // Belongs to the engine, which reads the outputs with it.
    {
      urn: "urn:pulumi:dev::linkerd-fleet::pulumi:providers:pulumi::default",
      custom: true,
      id: "ee3d2ab4-8b7a-4d4f-9f05-0c9ee1fbf2a8",
      type: "pulumi:providers:pulumi",
    },
    {
      urn: "urn:pulumi:dev::linkerd-fleet::linkerd-fleet:test:Marker::marker",
      custom: false,
      type: "linkerd-fleet:test:Marker",
      parent: stack,
    },
  ];
  const file = join(project.folder, "deployment.json");
  writeFileSync(file, JSON.stringify({ version: 3, deployment: { resources } }));
  await project.must("stack", "import", "--file", file);
}

async function run(command: "preview" | "up", next: Fleet): Promise<{ code: number; output: string }> {
  const config = Object.entries(next).map(([section, value]) => [`linkerd-fleet:${section}`, value]);
  project.configure(Object.fromEntries(config));
  const flags = command === "up" ? ["--yes", "--skip-preview", "--continue-on-error"] : [];
  const { code, stdout, stderr } = await project.pulumi(command, ...flags);
  return { code, output: stdout + stderr };
}

/** All resources of the state, without the lines of code that the engine notes beside them. */
async function state(): Promise<unknown> {
  const { stdout } = await project.must("stack", "export");
  const { deployment } = JSON.parse(stdout) as { deployment: { resources: Record<string, unknown>[] } };
  return deployment.resources.map(({ sourcePosition, stackTrace, ...resource }) => resource);
}

const REFUSED: [rule: string, change: (fleet: Fleet) => void, what: string, path: string][] = [
  [
    "drop-signing-anchor",
    (fleet) => (fleet.trust.anchors = [{ id: "2027", state: "active" }]),
    "trust anchor 2026",
    "add the new anchor as `staged`",
  ],
  [
    "rename-cluster",
    ({ clusters }) => {
      if (clusters.eu) clusters.europe = clusters.eu;
      delete clusters.eu;
    },
    "cluster eu, now europe",
    "keep the name",
  ],
  [
    "remove-undrained-link",
    (fleet) => (fleet.topology = { kind: "hub", hub: "us" }),
    "link apac → eu; link eu → apac",
    "`state: draining`, deploy",
  ],
  [
    "remove-undrained-cluster",
    ({ clusters }) => delete clusters.eu,
    "cluster eu",
    "set its `state: draining`, deploy",
  ],
];

describe("an unsafe step", () => {
  let before: unknown;
  beforeAll(async () => {
    await deployed(fleet());
    before = await state();
  });

  it.each(REFUSED)("is refused in preview: %s", async (rule, change, what, path) => {
    const { code, output } = await run("preview", fleet(change));
    expect(code).not.toBe(0);
    expect(output).toContain(`${rule}: ${what}\n`);
    expect(output).toContain(path);
    expect(output).not.toMatch(/^\s+at .*\d+:\d+\)?$/m);
  });

  it("is refused by up, which deletes nothing and leaves the state as it was", async () => {
    const { code, output } = await run(
      "up",
      fleet((next) => {
        for (const [, change] of REFUSED) change(next);
      }),
    );
    expect(code).not.toBe(0);
    expect(output).toContain("drop-signing-anchor: trust anchor 2026\n");
    expect(JSON.stringify(before)).toContain("test:Marker::marker");
    expect(await state()).toEqual(before);
  });

  it("passes with allowUnsafe, and the preview says so", async () => {
    const { code, output } = await run(
      "preview",
      fleet((next) => {
        delete next.clusters.eu;
        next.allowUnsafe = ["remove-undrained-cluster"];
      }),
    );
    expect(output).toContain("warning: allowUnsafe lets this pass remove-undrained-cluster: cluster eu");
    expect(code).toBe(0);
  });
});

it("a preview says whom a new service keeps out, and does not say it again", async () => {
  await deployed(fleet());
  const closed = fleet((next) => {
    const of = { name: "checkout", namespace: "shop", in: ["us"], ports: [8080] };
    next.services = [{ ...of, mode: "gateway", local: "none" }];
  });
  const kept =
    /Service shop\/checkout of us: (nobody from another cluster may call it|its `local` cuts off)/g;
  // The engine shows a message as it comes, and again at the end.
  expect(new Set((await run("preview", closed)).output.match(kept)).size).toBe(2);
  await deployed(closed);
  expect((await run("preview", closed)).output).not.toMatch(kept);
});

describe("a safe step", () => {
  it("passes: the same cluster goes after it was drained", async () => {
    await deployed(
      fleet(({ clusters }) => {
        if (clusters.eu) clusters.eu.state = "draining";
      }),
    );
    const { code, output } = await run(
      "preview",
      fleet(({ clusters }) => delete clusters.eu),
    );
    expect(output).not.toContain("remove-undrained");
    expect(code).toBe(0);
  });

  it("a first deployment passes, and says that there is nothing to compare with", async () => {
    await deployed(fleet());
    const file = join(project.folder, "empty.json");
    writeFileSync(file, JSON.stringify({ version: 3, deployment: {} }));
    await project.must("stack", "import", "--file", file);
    const { code, output } = await run("preview", fleet());
    expect(output).toContain("nothing to compare with");
    expect(code).toBe(0);
  });
});

it("a deployment that fails half-way is not the last one: the next step is judged from what every cluster has", async () => {
  await deployed(fleet());
  const { code } = await run(
    "up",
    fleet(({ trust }) => trust.anchors.push({ id: "2027", state: "staged" })),
  );
  expect(code).not.toBe(0);
  expect(JSON.stringify(await state())).toContain("trust-2027-certificate");
  const next = fleet(({ trust }) => {
    trust.anchors = [
      { id: "2026", state: "retiring" },
      { id: "2027", state: "active" },
    ];
  });
  expect((await run("preview", next)).output).toContain("switch-anchor-early: trust anchor 2027");
});
