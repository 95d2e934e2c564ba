import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { withLock } from "../../../lab/toolchain/lock";

let folder: string;
let lock: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "lock-"));
  lock = path.join(folder, "toolchain.lock");
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const hold = (pid: number, lastSeen = new Date()) => {
  fs.mkdirSync(lock, { recursive: true });
  fs.writeFileSync(path.join(lock, String(pid)), "");
  fs.utimesSync(path.join(lock, String(pid)), lastSeen, lastSeen);
};
const endedProcess = () => spawnSync("true").pid;

describe("the lock of the tool chain's cache", () => {
  test("lets one caller in at a time, tells the others who holds it, and leaves nothing behind", async () => {
    let inside = 0;
    let most = 0;
    const told: number[] = [];
    const enter = () =>
      withLock(
        lock,
        (pid) => told.push(pid),
        async () => {
          most = Math.max(most, ++inside);
          await sleep(20);
          inside--;
        },
      );
    await Promise.all(Array.from({ length: 5 }, enter));
    expect(most).toBe(1);
    expect(told).toEqual([process.pid, process.pid, process.pid, process.pid]);
    expect(fs.readdirSync(folder)).toEqual(["toolchain.lock"]);
    expect(fs.readdirSync(lock)).toEqual([]);
  });

  test("is given back when the work fails", async () => {
    const fail = withLock(
      lock,
      () => {},
      () => Promise.reject(new Error("no disk space")),
    );
    await expect(fail).rejects.toThrow("no disk space");
    expect(
      await withLock(
        lock,
        () => {},
        async () => "in",
      ),
    ).toBe("in");
  });

  test("of a process that has ended is broken without a wait", async () => {
    hold(endedProcess());
    const told: number[] = [];
    expect(
      await withLock(
        lock,
        (pid) => told.push(pid),
        async () => "in",
      ),
    ).toBe("in");
    expect(told).toEqual([]);
  });

  test("of a process that has ended is broken by one of many, and the others queue behind it", async () => {
    hold(endedProcess());
    let inside = 0;
    let most = 0;
    const enter = () =>
      withLock(
        lock,
        () => {},
        async () => {
          most = Math.max(most, ++inside);
          await sleep(5);
          inside--;
        },
      );
    await Promise.all(Array.from({ length: 4 }, enter));
    expect(most).toBe(1);
  });

  test("of a process id that another program uses since is broken once its holder has fallen silent", async () => {
    hold(process.ppid, new Date(Date.now() - 10 * 60_000));
    expect(
      await withLock(
        lock,
        () => {},
        async () => "in",
      ),
    ).toBe("in");
  });

  test("of a living process is waited for", async () => {
    hold(process.ppid);
    const told: number[] = [];
    const waiting = withLock(
      lock,
      (pid) => told.push(pid),
      async () => "in",
    );
    await sleep(300);
    expect(told).toEqual([process.ppid]);
    fs.rmSync(path.join(lock, String(process.ppid)));
    expect(await waiting).toBe("in");
  });
});
