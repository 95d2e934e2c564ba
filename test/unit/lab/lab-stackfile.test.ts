import { createDecipheriv, pbkdf2Sync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { loadBalancerAddress } from "../../../lab/clusters";
import { labPassphrase, openLab, repository } from "../../../lab/env";
import { clusterPorts, readStackFile } from "../../../lab/stackfile";

const folder = mkdtempSync(join(tmpdir(), "lab-stackfile-"));
afterAll(() => rmSync(folder, { recursive: true }));

function stackFile(clusters: unknown): string {
  const path = join(folder, "Pulumi.dev.yaml");
  writeFileSync(
    path,
    typeof clusters === "string" ? clusters : stringify({ config: { "linkerd-fleet:clusters": clusters } }),
  );
  return path;
}

describe("the stack file decides the lab's clusters", () => {
  test("a cluster's port is that of its apiServer, its context falls back to its name", () => {
    const path = stackFile({
      us: { context: "lab-us", apiServer: "https://127.0.0.1:17641" },
      eu: { apiServer: "https://localhost:17642" },
    });
    expect(readStackFile(path)).toEqual([
      { name: "us", context: "lab-us", apiServer: "https://127.0.0.1:17641", port: 17641 },
      { name: "eu", context: "eu", apiServer: "https://localhost:17642", port: 17642 },
    ]);
  });

  test("the committed stack file can be started", () => {
    const clusters = readStackFile(openLab({}).stackFile);
    expect(clusters.length).toBeGreaterThanOrEqual(3);
  });

  test("all problems are told at once, each with what to write", () => {
    const path = stackFile({
      us: { apiServer: "https://127.0.0.1:17641" },
      far: { apiServer: "https://api.example.com" },
      none: { region: "x" },
      Upper: { apiServer: "https://127.0.0.1:17650" },
      twin: { apiServer: "https://localhost:17641" },
      close: { apiServer: "https://127.0.0.1:18641" },
    });
    const message = messageOf(() => readStackFile(path));
    expect(message).toContain('far: apiServer is "https://api.example.com"');
    expect(message).toContain("none: apiServer is missing");
    expect(message).toContain('write apiServer: "https://127.0.0.1:18642"');
    expect(message).toContain("Upper: not a DNS label");
    expect(message).toContain("twin: its API server on port 17641 needs port 17641 too, which us has");
    expect(message).toContain("close: its API server on port 18641 needs port 18641 too, which us has");
  });

  test("broken YAML, no cluster and no file are told with the file's name", () => {
    expect(messageOf(() => readStackFile(stackFile("config: [")))).toContain(
      "Pulumi.dev.yaml is not valid YAML",
    );
    expect(messageOf(() => readStackFile(stackFile({})))).toContain("Pulumi.dev.yaml names no cluster");
    expect(messageOf(() => readStackFile(join(folder, "Pulumi.no.yaml")))).toContain(
      "Pulumi.no.yaml is missing",
    );
  });

  test("clusters on neighbouring ports never share a port, and their load balancers no address", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1024, max: 59_000 }),
        fc.integer({ min: 1, max: 999 }),
        (port, distance) => {
          const ports = [port, port + distance].flatMap((first) => Object.values(clusterPorts(first)));
          expect(new Set(ports).size).toBe(12);
          expect(Math.max(...ports)).toBeLessThan(65_536);
          expect(loadBalancerAddress(port)).not.toBe(loadBalancerAddress(port + distance));
          expect(loadBalancerAddress(port)).toMatch(/^198\.18\.\d{1,3}\.\d{1,3}$/);
        },
      ),
    );
  });
});

test("the committed salt belongs to the lab's passphrase, so that pulumi never writes to the stack file", () => {
  const file = readFileSync(join(repository, "Pulumi.dev.yaml"), "utf8");
  const [, salt = "", , nonce = "", encrypted = ""] =
    /^encryptionsalt: (.*)$/m.exec(file)?.[1]?.split(":") ?? [];
  const key = pbkdf2Sync(labPassphrase, Buffer.from(salt, "base64"), 1_000_000, 32, "sha256");
  const data = Buffer.from(encrypted, "base64");
  const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(nonce, "base64"));
  decipher.setAuthTag(data.subarray(-16));
  expect(decipher.update(data.subarray(0, -16), undefined, "utf8") + decipher.final("utf8")).toBe("pulumi");
});

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof Error) return error.message;
  }
  throw new Error("nothing was refused");
}
