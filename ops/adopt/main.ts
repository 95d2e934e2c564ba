import { inParallel, openClusters } from "../../live/cluster";
import { countProgress } from "../../live/progress";
import type { Ending } from "../endings";
import { readExisting } from "./read";
import { adoptedSettings, adoptSettings } from "./settings";

export interface AdoptOptions {
  /** `NAME` or `NAME=CONTEXT`. */
  readonly cluster: readonly string[];
  readonly namespace: string;
  readonly json: boolean;
}

export async function run({ cluster: named, namespace, json }: AdoptOptions): Promise<Ending> {
  const contexts = named.map((argument) => {
    const [, name = argument, context = argument] = /^([^=]+)=(.+)$/.exec(argument) ?? [];
    return [name, { context }] as const;
  });
  const clusters = await openClusters(Object.fromEntries(contexts), undefined);
  const done = countProgress(clusters.keys());
  const found = await inParallel([...clusters.values()], 4, async (one) => {
    const existing = await readExisting(one, namespace);
    done(one.name);
    return existing;
  });
  process.stdout.write(json ? `${JSON.stringify(adoptedSettings(found))}\n` : adoptSettings(found));
  return "well";
}
