import { chmodSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { documented } from "./faultTable";
import { CLUSTERS, change, healedBy, isApplied, lab, lockHolder, recover, said, UP, up } from "./faultyFleet";

/** Faults of where the state is kept. They need the fleet of the other faults, and no lab of their own. */
export function stateFaults(): void {
  it("two `up` at once: the second is refused, the first is not disturbed", async () => {
    const label = change();
    const first = up();
    await expect.poll(lockHolder, { timeout: 60_000, interval: 20 }).toBeDefined();
    const engine = lockHolder() ?? 0;
    // Held still, so that the first is at work for as long as the others need.
    process.kill(engine, "SIGSTOP");
    const [second, healing] = await Promise.all([up(), recover()]).finally(() =>
      process.kill(engine, "SIGCONT"),
    );
    expect(second.code).not.toBe(0);
    expect(healing.code).toBe(3);
    expect(healing.stderr).toContain(`pulumi is at work on this stack (process ${engine})`);
    expect((await first).code).toBe(0);
    for (const cluster of CLUSTERS) expect(await isApplied(label, cluster)).toBe(true);
    documented({
      fault: "two `up` at once",
      code: second.code,
      says: said(second, /the stack is currently locked/),
      others: "applied",
      healed: "waiting for the first",
      ...(await healedBy([])),
    });
  });

  it("a state folder that cannot be written stops `up` before it changes anything", async () => {
    const label = change();
    const folders = readdirSync(lab.lab.state, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name));
    for (const folder of folders) chmodSync(folder, 0o555);
    // The superuser of a container may write anywhere: it gives that right up.
    const drop =
      process.getuid?.() === 0 ? "setpriv --bounding-set=-dac_override --inh-caps=-dac_override " : "";
    const ran = await lab.shell(`${drop}pulumi ${UP.join(" ")}`);
    for (const folder of folders) chmodSync(folder, 0o755);
    expect(ran.code).not.toBe(0);
    for (const cluster of CLUSTERS) expect(await isApplied(label, cluster)).toBe(false);
    documented({
      fault: "the state folder is read-only",
      code: ran.code,
      says: said(ran, /permission denied/),
      others: "none to apply",
      healed: "`up`",
      ...(await healedBy([up])),
    });
  });

  it("a full disk stops `up` before it changes anything", async () => {
    const label = change();
    const real = join(lab.folder, "real-state");
    mkdirSync(real);
    const { state } = lab.lab;
    // A small disk in a mount namespace of its own, which ends with the command: nothing is left to unmount.
    const onFullDisk = [
      `mount --bind ${state} ${real}`,
      `mount -t tmpfs -o size=64m tmpfs ${state}`,
      `cp -a ${real}/. ${state}/`,
      `head -c 64M /dev/zero > ${state}/filler || true`,
      `pulumi ${UP.join(" ")} || code=$?`,
      `rm ${state}/filler`,
      `cp -a ${state}/. ${real}/`,
      `exit $\{code:-0}`,
    ];
    const own = process.getuid?.() === 0 ? "unshare --mount" : "unshare --mount --map-root-user";
    const ran = await lab.shell(`${own} bash -euc '${onFullDisk.join("\n")}'`);
    expect(ran.code).not.toBe(0);
    for (const cluster of CLUSTERS) expect(await isApplied(label, cluster)).toBe(false);
    const healing = await recover();
    expect(healing.code).toBe(3);
    expect(healing.stderr).toContain("A lock of the stack is cut short, as a full disk leaves it.");
    documented({
      fault: "the disk of the state folder is full",
      code: ran.code,
      says: said(ran, /no space left on device/),
      others: "none to apply",
      healed: "`pulumi cancel` (a lock was cut short; `npx fleet recover` says so), `up`",
      ...(await healedBy([() => lab.pulumi("cancel", "--yes"), up])),
    });
  });
}
