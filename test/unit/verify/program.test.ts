import { execFile } from "node:child_process";
import { describe, expect, it } from "vitest";
import type { Result } from "../../../ops/verify/judge";
import { said, VerifiedFleet } from "../../../testing/verifiedFleet";

const fleet = new VerifiedFleet();

describe("the program", () => {
  /** Each run is a process of its own, on a machine that may be busy. */
  const SLOW = { timeout: 120_000 };
  interface Ended {
    readonly code: number;
    readonly stdout: string;
    readonly stderr: string;
  }
  const run = (...args: string[]) =>
    new Promise<Ended>((resolve) => {
      const program = ["ops/fleet.cjs", "verify", ...args];
      execFile(
        process.execPath,
        program,
        { env: { ...process.env, KUBECONFIG: fleet.file("kubeconfig") } },
        (error, stdout, stderr) =>
          resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr }),
      );
    });
  const of = () => ["--config", fleet.file("stack.yaml"), "--outputs", fleet.file("outputs.json")];

  it(
    "needs no Pulumi where it is given the outputs, and ends with the worst of its findings",
    SLOW,
    async () => {
      const well = await run(...of());
      expect(well).toMatchObject({ code: 0, stderr: "" });
      expect(well.stdout).toMatch(/\d+ ok, 0 failed, 0 warnings, 0 not known; 2 clusters, 2 links in/);
      await fleet.with(
        "eu",
        "/api/v1/serviceaccounts",
        "linkerd-service-mirror-remote-access-us",
        () => undefined,
        async () => {
          const ill = await run(...of(), "--json");
          expect(ill.code).toBe(2);
          const { results } = JSON.parse(ill.stdout) as { results: Result[] };
          expect(said(results)).toEqual([
            "error us → eu: the ServiceAccount linkerd-service-mirror-remote-access-us of eu is missing",
          ]);
        },
      );
    },
  );

  it("says in words why it cannot begin", SLOW, async () => {
    const missing = await run("--config", fleet.file("none.yaml"), "--outputs", fleet.file("outputs.json"));
    expect(missing).toEqual({
      code: 3,
      stdout: "",
      stderr: expect.stringContaining("name it with --config"),
    });
  });
});
