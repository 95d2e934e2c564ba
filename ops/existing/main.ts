/**
 * `npm run existing -- [--namespace linkerd] CLUSTER[=CONTEXT] …`: reads the Linkerd that clusters have and prints the
 * settings of the stack file that adopt it. No key is read into them; exit code 2 if something could not be read.
 */
import { parseArgs } from "node:util";
import { inParallel, openClusters } from "../../live/cluster";
import { Unreadable } from "../../live/outputs";
import { runProgram } from "../../live/program";
import { readExisting } from "./read";
import { adoptSettings } from "./settings";

const USAGE = "npm run existing -- [--namespace linkerd] CLUSTER[=CONTEXT] …";

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { namespace: { type: "string", default: "linkerd" } },
  });
  if (positionals.length === 0) throw new Unreadable(`Name the clusters to read.\n${USAGE}`);
  const contexts = positionals.map((argument) => {
    const [, name = argument, context = argument] = /^([^=]+)=(.+)$/.exec(argument) ?? [];
    return [name, { context }] as const;
  });
  const clusters = await openClusters(Object.fromEntries(contexts), undefined);
  const found = await inParallel([...clusters.values()], 4, (one) => readExisting(one, values.namespace));
  process.stdout.write(adoptSettings(found));
  return 0;
}

runProgram(main, 2);
