import { X509Certificate } from "node:crypto";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { chainsTo } from "../../fleet/trust/certificates";
import { certificate, type Pair } from "../../testing/authority";
import { TestLab } from "./harness";
import { followAll, readRunbook } from "./runbook";

/** The runbook for certificates that have expired. The lab's own anchor has not: the steps do not depend on it. */
const steps = readRunbook("expired");

let lab: TestLab;
beforeAll(async () => {
  lab = await TestLab.create();
  await lab.bringUp();
  vi.stubEnv("KUBECONFIG", lab.lab.kubeconfig);
});
afterAll(() => lab?.remove());

async function issuerOf(cluster: string): Promise<X509Certificate> {
  const path = "-o=jsonpath={.data.tls\\.crt}";
  const base64 = await lab.kubectl(cluster, "get", "secret/linkerd-identity-issuer", "-n=linkerd", path);
  return new X509Certificate(Buffer.from(base64, "base64"));
}

it("a new anchor signs at once where the rule is allowed by name, and the old one goes when all have restarted", async () => {
  const { stdout } = await followAll(lab, steps.slice(0, 3));
  expect(stdout).toContain("Ready: remove 2026 from trust.anchors");
  await followAll(lab, steps.slice(3, 5));
  const bundle = (await lab.pulumi("stack", "output", "trustBundle")).stdout;
  for (const cluster of ["us", "eu", "apac"]) {
    expect(chainsTo(await issuerOf(cluster), new X509Certificate(bundle)), cluster).toBe(true);
  }
  expect(await lab.preview()).toEqual([]);
});

it("an issuer that is given and has expired makes way for one of the active anchor", async () => {
  const day = 86_400_000;
  const ended = { from: new Date(Date.now() - 400 * day), to: new Date(Date.now() - day) };
  const existing: Pair = await certificate({ host: "existing.linkerd.cluster.local", ca: true });
  const given = await certificate({ host: "identity.linkerd.cluster.local", ca: true, ...ended }, existing);
  const set = await lab.shell(
    `pulumi config set --secret linkerd-fleet:issuer-us <<'END'\n${given.key}\nEND`,
  );
  expect(set.code, set.stderr).toBe(0);
  lab.edit((config) => {
    config["linkerd-fleet:trust"] = {
      anchors: [
        { id: "2027", state: "active" },
        { id: "existing", state: "retiring", certificate: existing.pem },
      ],
    };
    Object.assign(config["linkerd-fleet:clusters"].us ?? {}, {
      issuer: { certificate: given.pem, privateKey: { secret: "issuer-us" } },
    });
  });
  const up = await lab.pulumi("up", "--yes", "--skip-preview");
  expect(up.stdout + up.stderr).toContain("clusters.us.issuer.certificate expired on");
  expect(up.code, up.stderr).toBe(0);
  expect((await issuerOf("us")).validToDate.getTime()).toBeLessThan(Date.now());

  await followAll(lab, steps.slice(5));
  expect((await issuerOf("us")).validToDate.getTime()).toBeGreaterThan(Date.now());
  expect(await lab.preview()).toEqual([]);
});
