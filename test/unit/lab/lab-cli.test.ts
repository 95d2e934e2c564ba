import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { labEnv, openLab, repository } from "../../../lab/env";
import { listenerOn, processesOf } from "../../../lab/processes";
import { run } from "../../../lab/run";
import type { Toolchain } from "../../../lab/toolchain";
import { withLock } from "../../../lab/toolchain/lock";

vi.setConfig({ testTimeout: 30_000 });

let folder: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lab-cli-"));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

test("down after a crash ends the lab's programs and removes its folder, and touches nothing else", async () => {
  const root = join(folder, "lab");
  const ours = await startAs(
    join(root, "kwok", "clusters", "us", "bin", "etcd"),
    `--data-dir=${root}/kwok/clusters/us/etcd`,
  );
  const editor = await startAs(join(folder, "bin", "vim"), `${root}/kubeconfig`);
  const otherLab = await startAs(join(folder, "lab2", "bin", "etcd"), `--data-dir=${folder}/lab2/etcd`);
  writeFileSync(join(root, "kwok", "clusters", "us", "half-written"), "");

  const down = await lab(root, "down");

  expect(down.stdout).toContain(`Removed the lab in ${root}`);
  expect(down.code).toBe(0);
  expect(existsSync(root)).toBe(false);
  await vi.waitFor(() => expect(ours.signalCode).toBe("SIGKILL"));
  expect([editor.exitCode, otherLab.exitCode]).toEqual([null, null]);
  expect(existsSync(join(folder, "lab2", "bin", "etcd"))).toBe(true);
});

test("down leaves what somebody else put into the lab's folder", async () => {
  const root = join(folder, "lab");
  mkdirSync(join(root, "kwok"), { recursive: true });
  writeFileSync(join(root, "notes.txt"), "mine");
  const down = await lab(root, "down");
  expect(down.stdout).toContain("notes.txt in it is not the lab's");
  expect(readdirSync(root)).toEqual(["notes.txt"]);
});

test("a second command says that another one is at work, and does nothing", async () => {
  const root = join(folder, "lab");
  mkdirSync(root);
  writeFileSync(join(root, "kubeconfig"), "kept");
  const refused = await withLock(
    join(root, "lock"),
    () => undefined,
    () => lab(root, "down"),
  );
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain(`Another command is at work on this lab (process ${process.pid})`);
  expect(refused.stderr).not.toContain("    at ");
  expect(readFileSync(join(root, "kubeconfig"), "utf8")).toBe("kept");
});

test("commands that need a lab say how to make one", async () => {
  const root = join(folder, "lab");
  for (const args of [["shell"], ["stop", "us"], ["logs", "us"]]) {
    const refused = await lab(root, ...args);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("There is no lab yet: run `npm run lab` first.");
  }
  expect((await lab(root, "down")).stdout).toContain("There is no lab to remove.");
  expect(existsSync(root)).toBe(false);
});

test("who holds a port is found by its number", async () => {
  const script = `const s = require("net").createServer().listen(0, "127.0.0.1", () => console.log(s.address().port))`;
  const child = spawn(process.execPath, ["-e", script]);
  children.push(child);
  const [text] = (await once(child.stdout, "data")) as [Buffer];
  const port = Number(text.toString());
  expect(listenerOn(port)?.pid).toBe(child.pid);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(listenerOn(port)).toBeUndefined();
});

test("the caller's Pulumi account, backend and kubeconfig never reach the lab", () => {
  const mine = {
    PULUMI_ACCESS_TOKEN: "pul-1",
    PULUMI_BACKEND_URL: "s3://mine",
    KUBECONFIG: "/mine",
    HELM_CACHE_HOME: "/h",
  };
  const before = { ...process.env };
  Object.assign(process.env, mine);
  try {
    const at = openLab({ LINKERD_FLEET_LAB: folder });
    const env = labEnv(at, { binDir: "/bin", pulumiHome: "/home" } as Toolchain);
    expect(env.PULUMI_ACCESS_TOKEN).toBeUndefined();
    expect(env.PULUMI_BACKEND_URL).toBe(`file://${folder}/state`);
    expect(env.KUBECONFIG).toBe(`${folder}/kubeconfig`);
    expect(env.HELM_CACHE_HOME?.startsWith(folder)).toBe(true);
  } finally {
    process.env = before;
  }
});

function lab(root: string, ...args: string[]) {
  const env = { ...process.env, LINKERD_FLEET_LAB: root };
  return run(process.execPath, [join(repository, "node_modules/tsx/dist/cli.mjs"), "lab/cli.ts", ...args], {
    cwd: repository,
    env,
  });
}

/** Starts a process whose program has this path, and which works on `argument`. */
async function startAs(program: string, argument: string): Promise<ChildProcess> {
  mkdirSync(join(program, ".."), { recursive: true });
  symlinkSync(process.execPath, program);
  const child = spawn(program, ["-e", "console.log(1); setInterval(() => {}, 1000)", "--", argument], {
    detached: true,
  });
  children.push(child);
  await once(child.stdout, "data");
  return child;
}

test("a process is the lab's by its program and its path, not by one of them alone", async () => {
  const root = join(folder, "lab");
  const ours = await startAs(join(root, "us", "bin", "etcd"), `--data-dir=${root}/us/etcd`);
  await startAs(join(root, "us", "bin", "tail"), `${root}/us/logs`);
  expect(processesOf(join(root, "us")).map(({ pid }) => pid)).toEqual([ours.pid]);
  expect(processesOf(join(root, "u"))).toEqual([]);
});
