import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { ExecCredentials } from "../../../live/execPlugin";

const folder = mkdtempSync(join(tmpdir(), "linkerd-fleet-exec-"));
afterAll(() => rmSync(folder, { recursive: true }));

const V1 = "client.authentication.k8s.io/v1";
const plugin = (script: string) =>
  new ExecCredentials(
    { apiVersion: V1, command: "sh", args: ["-c", script], interactiveMode: "Never" },
    { server: "https://us.example.com" },
  );

describe("a kubeconfig's exec plugin", () => {
  it("runs once for all requests that find its credentials expired", async () => {
    const status = { token: "t", expirationTimestamp: "2020-01-01T00:00:00Z" };
    const answer = JSON.stringify({ apiVersion: V1, kind: "ExecCredential", status });
    const runs = join(folder, "runs");
    const credentials = plugin(`echo run >> ${runs}; echo '${answer}'`);
    await Promise.all(Array.from({ length: 6 }, () => credentials.get()));
    // The first time for all, and once more because what it gave had expired.
    expect(readFileSync(runs, "utf8").trim().split("\n")).toHaveLength(2);
  });

  it("that crashes is not said to be slow", async () => {
    await expect(plugin("kill -SEGV $$").get()).rejects.toThrow(/was ended by SIGSEGV/);
  });
});
