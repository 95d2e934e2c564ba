/**
 * `npm run verify` and the other scripts of before there was `fleet`, with their old exit codes. They stay for one
 * release: delete this file and its scripts with version 0.2.
 */
import { fleet } from "./cli";
import { ENDINGS, type Ending } from "./endings";

interface OldScript {
  readonly verb: string;
  /** Exit codes that differ from the table. */
  readonly codes?: Readonly<Partial<Record<Ending, number>>>;
}

const COULD_NOT_BEGIN_WAS_2 = { notBegun: 2 } as const;

export const OLD_SCRIPTS: Readonly<Record<string, OldScript>> = {
  verify: { verb: "verify" },
  gateways: { verb: "gateways" },
  services: { verb: "services" },
  expiry: { verb: "expiry" },
  poc: { verb: "poc" },
  graph: { verb: "graph", codes: COULD_NOT_BEGIN_WAS_2 },
  report: { verb: "report", codes: { attention: 3, notBegun: 2 } },
  rotation: { verb: "rotation", codes: COULD_NOT_BEGIN_WAS_2 },
  rollout: { verb: "rollout", codes: { broken: 1, notBegun: 2 } },
  recover: { verb: "recover", codes: COULD_NOT_BEGIN_WAS_2 },
  drained: { verb: "drain", codes: COULD_NOT_BEGIN_WAS_2 },
  existing: { verb: "adopt", codes: COULD_NOT_BEGIN_WAS_2 },
  forget: { verb: "state remove-cluster", codes: COULD_NOT_BEGIN_WAS_2 },
};

/** Runs an old script; its exit code. */
export async function runOld(script: string, args: readonly string[]): Promise<number> {
  const old = OLD_SCRIPTS[script];
  if (old === undefined) throw new Error(`There is no old script ${script}.`);
  console.error(
    `\`npm run ${script}\` goes away: use \`npx fleet ${old.verb}\` (its exit codes: docs/commands.md).`,
  );
  const ending = await fleet([...old.verb.split(" "), ...args]);
  return old.codes?.[ending] ?? ENDINGS[ending].code;
}

if (process.argv[1] === __filename) {
  const [script = "", ...args] = process.argv.slice(2);
  void runOld(script, args).then((code) => {
    process.exitCode = code;
  });
}
