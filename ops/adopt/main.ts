import { inParallel, openClusters } from "../../live/cluster";
import { countProgress } from "../../live/progress";
import type { Ending } from "../endings";
import { markForHelm } from "./mark";
import { readExisting } from "./read";
import { adoptedSettings, adoptSettings } from "./settings";

export interface AdoptOptions {
  /** `NAME` or `NAME=CONTEXT`. */
  readonly cluster: readonly string[];
  readonly namespace: string;
  readonly mark: boolean;
  readonly json: boolean;
}

export async function run({ cluster: named, namespace, mark, json }: AdoptOptions): Promise<Ending> {
  const contexts = named.map((argument) => {
    const [, name = argument, context = argument] = /^([^=]+)=(.+)$/.exec(argument) ?? [];
    return [name, { context }] as const;
  });
  const clusters = await openClusters(Object.fromEntries(contexts), undefined);
  if (mark) {
    const marked = await inParallel([...clusters.values()], 4, async (one) => {
      const counts = await markForHelm(one, await readExisting(one, namespace), namespace);
      return [one.name, counts] as const;
    });
    process.stdout.write(
      json ? `${JSON.stringify(Object.fromEntries(marked))}\n` : marked.map(inWords).join(""),
    );
    return "well";
  }
  const done = countProgress(clusters.keys());
  const found = await inParallel([...clusters.values()], 4, async (one) => {
    const existing = await readExisting(one, namespace);
    done(one.name);
    return existing;
  });
  process.stdout.write(json ? `${JSON.stringify(adoptedSettings(found))}\n` : adoptSettings(found));
  return "well";
}

function inWords([cluster, counts]: readonly [string, Readonly<Record<string, number>>]): string {
  const releases = Object.entries(counts).sort();
  if (releases.length === 0) return `${cluster}: nothing to mark\n`;
  return releases
    .map(([release, count]) => `${cluster}: ${count} objects marked for the release ${release}\n`)
    .join("");
}
