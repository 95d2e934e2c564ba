import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { report } from "../../ops/report/markdown";
import { readPreview } from "../../ops/report/preview";
import { type StackConfig, TestLab } from "./harness";
import { follow, readDocument } from "./runbook";

/** The part of a report that a reviewer sees at once, with the picture: no change of a mere resource changes it. */
function told(text: string): string {
  return text.slice(0, text.indexOf("<details><summary>All "));
}

let lab: TestLab;
beforeAll(async () => {
  lab = await TestLab.pair();
  lab.edit((config) => {
    for (const service of config["linkerd-fleet:services"]) service.in = ["us", "eu"];
  });
  await lab.bringUp();
  // The cluster that one change adds is there, as a reviewer's kubeconfig has it.
  const before = readFileSync(lab.lab.stackFile);
  lab.edit(addLatam);
  await lab.start();
  writeFileSync(lab.lab.stackFile, before);
});
afterAll(() => lab?.remove());

/** The dev fleet's one federated service. */
function federated(config: StackConfig) {
  const service = config["linkerd-fleet:services"].find(({ mode }) => mode === "federated");
  if (!service) throw new Error("Pulumi.dev.yaml has no federated service");
  return service;
}

function addLatam(config: StackConfig): void {
  config["linkerd-fleet:clusters"].latam = {
    context: "latam",
    region: "latam",
    network: "lab",
    apiServer: lab.apiServer(2),
    podNetworks: ["10.4.0.0/16"],
  };
}

const CHANGES: [name: string, change: (config: StackConfig) => void][] = [
  [
    "add-cluster",
    (config) => {
      addLatam(config);
      federated(config).in.push("latam");
    },
  ],
  ["widen-grant", (config) => federated(config).allow?.push({ serviceAccount: "batch", namespace: "shop" })],
  [
    "rotate-access",
    (config) => {
      config["linkerd-fleet:access"] = { generations: [{ target: "eu", source: "us", generation: 2 }] };
    },
  ],
  [
    "drain-cluster",
    (config) => Object.assign(config["linkerd-fleet:clusters"].eu ?? {}, { state: "draining" }),
  ],
  [
    "change-guards",
    (config) => {
      config["linkerd-fleet:admission"] = "off";
      config["linkerd-fleet:linkerd"] = {
        ...(config["linkerd-fleet:linkerd"] as object),
        defaultInboundPolicy: "all-authenticated",
      };
      config["linkerd-fleet:trust"] = {
        anchors: [
          { id: "2026", state: "active" },
          { id: "2027", state: "staged" },
        ],
      };
      Object.assign(config["linkerd-fleet:clusters"].us ?? {}, {
        gateway: { type: "loadBalancer", allowedNetworks: ["0.0.0.0/0"] },
      });
    },
  ],
];

describe("the report of the engine's own preview", () => {
  it.each(CHANGES)("tells %s in under 25 lines before the folded part", async (name, change) => {
    const before = readFileSync(lab.lab.stackFile);
    lab.edit(change);
    const { stdout } = await lab.pulumi("preview", "--json");
    writeFileSync(lab.lab.stackFile, before);
    const text = report(readPreview(stdout), "dev");
    await expect(told(text)).toMatchFileSnapshot(`../golden/report-${name}.md`);
    expect(text.slice(0, text.indexOf("<details")).split("\n").length).toBeLessThan(25);
  });
});

it("the commands of docs/pictures.md draw the fleet, and a preview's change of it", async () => {
  lab.edit((config) => federated(config).allow?.push({ serviceAccount: "batch", namespace: "shop" }));
  for (const step of readDocument("docs/pictures.md")) {
    const ran = await follow(lab, step);
    expect(ran.code, ran.stderr).toBe(0);
  }
  const read = (name: string) => readFileSync(join(lab.lab.project, name), "utf8");
  expect(read("fleet.svg")).not.toContain("~ shop/checkout");
  expect(read("fleet.html")).toContain(read("fleet.svg"));
  expect(read("change.svg").match(/~ shop\/checkout \(federated\) ← batch\.shop, web\.shop/g)).toHaveLength(
    2,
  );
});

it("the rules of the policy pack that fire are told from the engine's stream of events", async () => {
  lab.edit((config) => Object.assign(federated(config), { allow: [], allowAnyMeshed: true }));
  const ran = await lab.shell(
    "PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true pulumi preview --json --policy-pack policy/run > events.json ||\n" +
      "  echo refused >&2\n" +
      "npx fleet report --fail-on risky events.json",
  );
  expect(ran.code, ran.stdout + ran.stderr).toBe(1);
  expect(ran.stderr).toContain("refused");
  expect(ran.stdout).toMatch(/^- no-any-identity: .+ \(the engine refuses it\)$/m);
});
