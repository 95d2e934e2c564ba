import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ChartRepository } from "./chartRepository";
import { TestLab } from "./harness";
import { exactly, follow, followAll, readCommands, readRunbook } from "./runbook";

let lab: TestLab;
let repository: ChartRepository;
beforeAll(async () => {
  lab = await TestLab.create();
  await lab.start();
  repository = await ChartRepository.serve(lab);
  await repository.publish("2026.8.3");
  lab.edit((config) => {
    config["linkerd-fleet:linkerd"] = { version: "2026.8.3", source: repository.url };
  });
  const first = await lab.cli();
  expect(first.code, first.stderr).toBe(0);
});
afterAll(async () => {
  repository?.close();
  await lab?.remove();
});

const [judged, all] = exactly(2, readCommands("docs/poc.md"));
const upgrade = readRunbook("upgrade");

it("the proof of concept says what it was not told how to try", async () => {
  const { stdout } = await followAll(lab, [judged]);
  expect(stdout.match(/^(PASSED|NOT TRIED|FAILED) +\d/gm)).toEqual([
    "PASSED  1",
    "NOT TRIED  2",
    "PASSED  3",
    "NOT TRIED  4",
  ]);
});

it("gate 3 fails for an identity that a grant names", async () => {
  const web = "web.shop.serviceaccount.identity.linkerd.cluster.local";
  const ran = await lab.shell(`npx fleet poc --refuse ${web}`);
  expect(ran.code).toBe(2);
  expect(ran.stdout).toMatch(/^FAILED {2}3/m);
});

it("the proof of concept passes its four gates, with the first step of the upgrade", async () => {
  await repository.publish("2026.9.1");
  await followAll(lab, upgrade.slice(0, 1));
  const ran = await follow(lab, all);
  console.log(ran.stdout);
  expect(ran.code, ran.stdout + ran.stderr).toBe(0);
  expect(ran.stdout.match(/^PASSED {2}\d/gm)).toEqual([1, 2, 3, 4].map((gate) => `PASSED  ${gate}`));
  expect(ran.stdout).toMatch(/verify: apac: .*ECONNREFUSED/);
  expect(ran.stdout).toMatch(/web\.shop\.\S+ of \w+ is let in: AuthorizationPolicy shop\/fleet\.checkout/);
  expect(ran.stdout).toMatch(/^ {2}recover: Interrupted: .*apac/m);
  expect(ran.stdout).toContain("apac/linkerd-control-plane: 2026.8.3 → 2026.9.1, revision ");
});

it("the runbook of the upgrade goes on through the other clusters, and leaves nothing to do", async () => {
  await followAll(lab, upgrade.slice(1));
});

it("the commands of docs/verify.md work as written", async () => {
  await followAll(lab, readCommands("docs/verify.md"));
});

it("the commands of docs/governance.md refuse what production must not have, as written", async () => {
  const [preview, exported] = exactly(2, readCommands("docs/governance.md"));
  const ran = await follow(lab, preview);
  expect(ran.code).not.toBe(0);
  expect(ran.stdout).toMatch(/\[mandatory\].* gateway-networks /);
  const state = await follow(lab, exported);
  expect(state.stdout).toMatch(/\[mandatory\] gateway-networks /);
  expect(state.code).toBe(1);
});

it("a deployed state keeps what its profile asks for, and what cannot be read is not taken for kept", async () => {
  const policy = (...args: string[]) => lab.shell(["npm run --silent policy --", ...args].join(" "));
  const dev = JSON.parse(readFileSync(join(lab.lab.project, "policy/profiles/dev.json"), "utf8"));
  Object.assign(dev.resources.rules, { "chart-source": { allowed: [repository.url] } });
  writeFileSync(join(lab.lab.project, "profile.json"), JSON.stringify(dev));
  expect((await lab.shell("pulumi stack export > state.json")).code).toBe(0);
  const kept = await policy("--profile profile.json state.json");
  expect(kept.stdout).not.toContain("[mandatory]");
  expect(kept.code, kept.stdout + kept.stderr).toBe(0);
  for (const unreadable of ["nothing.json", "--profile state.json state.json"]) {
    const ran = await policy(unreadable);
    expect(ran.code, ran.stdout + ran.stderr).toBe(2);
    expect(ran.stderr).not.toMatch(/^\s+at /m);
  }
});

it("the command of lab/README.md brings an Emissary into a cluster", async () => {
  await followAll(lab, readCommands("lab/README.md"));
  expect(await lab.kubectl("eu", "get", "service", "-n=emissary", "-o=name")).toContain("emissary-ingress");
});

it("the commands of docs/versions.md and of the README work as written", async () => {
  writeFileSync(join(lab.lab.project, "config.json"), "{}");
  writeFileSync(join(lab.lab.project, "prod-us.kubeconfig"), "{}");
  const [, up, shell, init, secret, report] = exactly(7, readCommands("README.md"));
  await followAll(lab, [up, shell, report, init, secret, ...readCommands("docs/versions.md")]);
  expect(readFileSync(join(lab.lab.project, "Pulumi.prod.yaml"), "utf8")).toContain("encryptionsalt");
});
