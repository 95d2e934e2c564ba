import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { labEnv } from "../../lab/env";
import { type Ran, run } from "../../lab/run";
import type { TestLab } from "./harness";

/** A Secret's values, decoded. */
export async function secretData(
  lab: TestLab,
  cluster: string,
  namespace: string,
  name: string,
): Promise<Record<string, string>> {
  const secret = JSON.parse(
    await lab.kubectl(cluster, "get", "secret", name, "-n", namespace, "-o", "json"),
  ) as {
    data: Record<string, string>;
  };
  return Object.fromEntries(
    Object.entries(secret.data).map(([key, value]) => [key, Buffer.from(value, "base64").toString("utf8")]),
  );
}

/** kubectl with nothing but the credentials that `source` holds for `target`. */
export async function asSource(
  lab: TestLab,
  source: string,
  target: string,
  namespace: string,
  args: string[],
): Promise<Ran> {
  const { kubeconfig } = await secretData(lab, source, namespace, `cluster-credentials-${target}`);
  const folder = join(lab.folder, "credentials");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, `${source}-${target}-${namespace}`);
  writeFileSync(file, kubeconfig ?? "", { mode: 0o600 });
  return run(lab.tools.bin.kubectl, args, { env: { ...labEnv(lab.lab, lab.tools), KUBECONFIG: file } });
}
