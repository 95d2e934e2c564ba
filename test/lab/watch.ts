import { setTimeout as sleep } from "node:timers/promises";
import type { TestLab } from "./harness";

/**
 * What must outlive every rotation, by cluster and name: the uids of Links, namespaces, and Helm's first releases.
 */
export async function lastingObjects(
  lab: TestLab,
  clusters: readonly string[],
): Promise<Record<string, string>> {
  const all = await Promise.all(
    clusters.map(async (name) => {
      const read = await lab.kubectl(
        name,
        ...["get", "links,namespaces,deployments", "-A"],
        "-o=jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.uid}{.metadata.creationTimestamp}\n{end}",
      );
      const releases = await lab.kubectl(
        name,
        ...["get", "secrets", "-A", "-l=owner=helm,version=1"],
        "-o=jsonpath={range .items[*]}{.metadata.name} {.metadata.uid}\n{end}",
      );
      return `${read}${releases}`
        .trim()
        .split("\n")
        .map((line) => `${name} ${line}`);
    }),
  );
  return Object.fromEntries(all.flat().map((line) => [line.slice(0, line.lastIndexOf(" ")), line]));
}

/** Runs `work`, and `sample` again and again until it ends. */
export async function during<S>(work: () => Promise<unknown>, sample: () => Promise<S>): Promise<S[]> {
  const samples: S[] = [];
  let done = false;
  const sampling = (async () => {
    while (!done) {
      samples.push(await sample());
      await sleep(50);
    }
  })();
  await work().finally(() => {
    done = true;
  });
  await sampling;
  return samples;
}
