import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { isAlive } from "../../../lab/processes";
import { allProcesses } from "../../../live/processes";
import { endAndAwait, endPrograms, leftPrograms, outlivingPlugins } from "../../../ops/recover/processes";
import {
  exported,
  type Interruption,
  interruptedIn,
  markInterrupted,
  settle,
  unsettledIn,
} from "../../../ops/recover/state";

const urn = (name: string) => `urn:pulumi:dev::linkerd-fleet::t::${name}`;
const provider = `${urn("eu")}::id`;
const secret = {
  urn: urn("token"),
  type: "kubernetes:core/v1:Secret",
  custom: true,
  provider,
  inputs: { apiVersion: "v1", kind: "Secret", metadata: { name: "token-x", namespace: "linkerd" } },
};
const release = {
  urn: urn("release"),
  type: "kubernetes:helm.sh/v3:Release",
  custom: true,
  provider,
  inputs: { name: "linkerd-crds", namespace: "linkerd" },
};
const patch = { ...secret, urn: urn("patch"), type: "kubernetes:core/v1:ServicePatch" };
const key = { urn: urn("key"), type: "tls:index/privateKey:PrivateKey", inputs: {} };

const state = (resources: object[], pending: [string, object][]) =>
  exported.parse({
    version: 3,
    deployment: {
      secrets_providers: { type: "passphrase" },
      resources,
      pending_operations: pending.map(([type, resource]) => ({ type, resource })),
    },
  });
const found = (finding: Interruption, ...of: { urn: string }[]) =>
  new Map(of.map((resource) => [resource.urn, finding]));

describe("an interrupted state", () => {
  const before = state(
    [key],
    [
      ["creating", secret],
      ["creating", release],
      ["creating", patch],
      ["creating", { ...key, urn: urn("other") }],
      ["deleting", { ...secret, urn: urn("old") }],
    ],
  );
  const marked = markInterrupted(before);

  it("is recognized where an earlier version marked it", () => {
    const now = "`npx fleet recover`";
    const earlier = exported.parse(JSON.parse(JSON.stringify(marked).replaceAll(now, "`npm run recover`")));
    expect(JSON.stringify(marked)).toContain(now);
    expect(unsettledIn(earlier)).toEqual(unsettledIn(marked));
  });

  it("is in doubt about what may have been created in a cluster, and about nothing else", () => {
    expect(interruptedIn(before)).toHaveLength(5);
    expect(unsettledIn(marked)).toEqual([
      {
        is: "object",
        urn: secret.urn,
        provider,
        apiVersion: "v1",
        kind: "Secret",
        namespace: "linkerd",
        name: "token-x",
      },
      { is: "release", urn: release.urn, provider, known: false, namespace: "linkerd", name: "linkerd-crds" },
    ]);
  });

  it("keeps its doubts in the state when a cluster does not answer, also over another recovery", () => {
    const unknown = found({ found: "unknown", why: "no answer" }, secret, release);
    const again = markInterrupted(settle(marked, unknown));
    expect(again).toEqual(marked);
    expect(again.deployment).not.toHaveProperty("pending_operations");
    expect(again.deployment.secrets_providers).toEqual({ type: "passphrase" });
  });

  it("takes over an object that is there, under the manager that owns its fields, to be updated by the next `up`", () => {
    const { deployment } = settle(marked, found({ found: "object", manager: "pulumi-kubernetes-1" }, secret));
    const taken = deployment.resources?.find((resource) => resource.urn === secret.urn);
    expect(taken).toMatchObject({
      id: "linkerd/token-x",
      outputs: {
        __fieldManager: "pulumi-kubernetes-1",
        // Without it the provider deletes the object and makes another.
        __inputs: secret.inputs,
        __initialApiVersion: "v1",
      },
    });
    expect(taken?.initErrors).toHaveLength(1);
    expect(unsettledIn({ deployment }).map((one) => one.urn)).toEqual([release.urn]);
  });

  it("forgets what is not there, and a release that Helm is made to forget", () => {
    const findings = new Map([
      ...found({ found: "nothing" }, secret),
      ...found({ found: "records", records: ["r"], status: "pending-install" }, release),
    ]);
    expect(settle(marked, findings).deployment.resources).toEqual([key]);
  });
});

describe("an interrupted upgrade", () => {
  const deployed = { ...release, id: "linkerd/linkerd-crds", outputs: { status: { status: "deployed" } } };
  const marked = markInterrupted(state([deployed], [["updating", deployed]]));

  it("is a doubt about a release that the state knows, and stays known whatever Helm says", () => {
    expect(unsettledIn(marked)).toMatchObject([{ is: "release", known: true }]);
    for (const finding of [
      { found: "nothing" },
      { found: "records", records: ["r"], status: "pending-upgrade" },
    ] as const) {
      const settled = settle(marked, found(finding, release));
      expect(settled.deployment.resources).toMatchObject([deployed]);
      expect(unsettledIn(settled)).toEqual([]);
    }
  });
});

describe("an interrupted replacement", () => {
  const old = {
    ...secret,
    id: "linkerd/token-old",
    inputs: { ...secret.inputs, metadata: { name: "token-old" } },
  };
  const marked = markInterrupted(state([old], [["creating", secret]]));

  it("leaves the old object to be deleted after the new one", () => {
    const { deployment } = settle(marked, found({ found: "object", manager: undefined }, secret));
    expect(deployment.resources).toMatchObject([
      { id: "linkerd/token-old", delete: true },
      { id: "linkerd/token-x" },
    ]);
  });

  it("keeps the old object when the new one was not created", () => {
    const { deployment } = settle(marked, found({ found: "nothing" }, secret));
    expect(deployment.resources).toMatchObject([{ id: "linkerd/token-old", delete: false }]);
  });
});

describe("the program of an engine that was killed", () => {
  /** A language host without an engine, that runs a program of a folder. */
  async function host(folder: string): Promise<{ host: ChildProcess; pids: number[] }> {
    const program = `["-e", "setInterval(() => {}, 1000)", "--", "--pwd", "${folder}", "index.ts"]`;
    const script = `console.log(require("node:child_process").spawn(process.execPath, ${program}).pid)`;
    const host = spawn(process.execPath, ["-e", script], { argv0: "pulumi-language-nodejs" });
    const [pid] = await once(host.stdout, "data");
    return { host, pids: [host.pid ?? 0, Number(pid)] };
  }

  it("is found and ended with its host, those of other folders are not", async () => {
    const [ours, others] = await Promise.all([
      host(join(__dirname, "..", "..", "..")),
      host("/another/folder"),
    ]);
    try {
      const left = await leftPrograms();
      expect(left).toEqual(expect.arrayContaining(ours.pids));
      for (const pid of others.pids) expect(left).not.toContain(pid);
      const ended = once(ours.host, "exit");
      await endPrograms();
      await ended;
      await expect.poll(() => ours.pids.filter(isAlive)).toEqual([]);
      expect(others.pids.filter(isAlive)).toEqual(others.pids);
    } finally {
      for (const pid of [...ours.pids, ...others.pids]) if (isAlive(pid)) process.kill(pid, "SIGKILL");
    }
  });
});

describe("a plugin of the killed engine", () => {
  const plugin = (shell: readonly string[], cwd = process.cwd()) =>
    spawn("bash", ["-c", `exec -a /plugins/pulumi-resource-kubernetes ${shell.join(" ")}`], { cwd });

  it("is of this project: those of other projects are nobody's to end", async () => {
    const elsewhere = realpathSync(mkdtempSync(join(tmpdir(), "linkerd-fleet-other-")));
    writeFileSync(join(elsewhere, "Pulumi.yaml"), "name: other\n");
    const all = [plugin(["sleep", "60"]), plugin(["sleep", "60"], elsewhere)];
    const [ours, other] = all.map(({ pid = 0 }) => pid);
    try {
      await expect.poll(() => outlivingPlugins(0)).toContain(ours);
      expect(await outlivingPlugins(0)).not.toContain(other);
    } finally {
      for (const one of all) one.kill("SIGKILL");
      rmSync(elsewhere, { recursive: true });
    }
  });

  it("is found while it still is at work, and is gone when it was ended", async () => {
    const left = plugin(["sleep", "60"]);
    try {
      await expect.poll(() => outlivingPlugins(0)).toContain(left.pid);
      await endAndAwait([left.pid ?? 0]);
      expect(await outlivingPlugins(0)).not.toContain(left.pid);
    } finally {
      left.kill("SIGKILL");
    }
  });

  it("is waited for: one that ends by itself is no finding", async () => {
    const left = plugin(["sleep", "1.5"]);
    await expect.poll(() => outlivingPlugins(0)).toContain(left.pid);
    expect(await outlivingPlugins(20)).not.toContain(left.pid);
  });

  it("is nobody's to end while its engine lives", async () => {
    const engine = spawn("bash", [
      "-c",
      "exec -a /bin/pulumi bash -c 'bash -c \"exec -a /plugins/pulumi-resource-kubernetes sleep 59.5\" & wait'",
    ]);
    try {
      const running = () =>
        allProcesses().then((all) => all.filter(({ parent }) => parent === engine.pid).map(({ pid }) => pid));
      await expect.poll(async () => (await running()).length).toBe(1);
      const [child] = await running();
      expect(await outlivingPlugins(0)).not.toContain(child);
      await endAndAwait([child ?? 0]);
    } finally {
      engine.kill("SIGKILL");
    }
  });
});
