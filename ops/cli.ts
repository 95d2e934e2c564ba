import yargs, { type Argv } from "yargs";
import { wordsOf } from "../live/program";
import { version } from "../package.json";
import { ENDINGS, type Ending } from "./endings";
import { changesOf, exitCodes, usageOf, wrongUsage } from "./usage";
import type { Verb } from "./verb";
import { VERBS } from "./verbs";

/** In the list of verbs: the help of the verb says what it changes. */
const CHANGES = "[changes]";

/** Wrong usage: told with the verb's name, and without a stack trace. */
class UsageError extends Error {}

/** Ends this process as the verb does that its arguments name. */
export async function main(): Promise<void> {
  process.exitCode = ENDINGS[await fleet(process.argv.slice(2))].code;
}

/** Runs one verb, or prints help. Whatever goes wrong is told on standard error, in words. */
export async function fleet(args: readonly string[]): Promise<Ending> {
  let chosen: { verb: Verb; given: unknown } | undefined;
  const parser = parserOf((verb, given) => {
    chosen = { verb, given };
  });
  try {
    await parser.parseAsync(args);
    if (chosen === undefined) return "well";
    const { run } = await chosen.verb.load();
    return await run(chosen.given);
  } catch (error) {
    console.error(error instanceof UsageError ? wrongUsage(error.message, args) : wordsOf(error));
    return "notBegun";
  }
}

function parserOf(choose: (verb: Verb, given: unknown) => void): Argv {
  const parser = yargs()
    .scriptName("fleet")
    .usage(
      "$0 <verb>\n\nReads, judges and mends the fleet of a stack. `fleet <verb> --help` has options and examples.",
    )
    .locale("en")
    .updateStrings({ "Commands:": "Verbs:" })
    .wrap(110)
    .version(version)
    .parserConfiguration({ "camel-case-expansion": false })
    .epilogue(`Verbs marked ${CHANGES} change a stack or clusters; the others only read.\n\n${exitCodes()}`)
    .demandCommand(1, "Name a verb.")
    .strict()
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? new UsageError(message);
    });
  for (const [group, verbs] of Map.groupBy(VERBS, ({ name }) => name.split(" ").slice(0, -1).join(" "))) {
    if (group === "") for (const verb of verbs) add(parser, verb, choose);
    else {
      const changes = verbs.find((verb) => verb.changes)?.changes ?? false;
      parser.command(group, marked(`Verbs of the ${group}`, changes), (inner) => {
        for (const verb of verbs) add(inner, verb, choose);
        return inner.demandCommand(1, "Name a verb.");
      });
    }
  }
  return parser.completion("completion", "Print a script that completes verbs and options in bash or zsh");
}

function marked(summary: string, changes: Verb["changes"]): string {
  return changes === false ? summary : `${CHANGES} ${summary}`;
}

function add(parser: Argv, verb: Verb, choose: (verb: Verb, given: unknown) => void): void {
  const { name, summary, changes, takes, positionals = {}, options, examples, endings } = verb;
  const words = [name.split(" ").at(-1), takes].filter(Boolean).join(" ");
  parser.command(
    words,
    marked(summary, changes),
    (inner: Argv) => {
      for (const line of [usageOf(verb), `\n${summary}.`, changesOf(verb)]) inner.usage(line);
      for (const [key, of] of Object.entries(positionals)) inner.positional(key, of);
      return inner
        .options(options)
        .version(false)
        .example(examples.map(([command, what]): [string, string] => [command, what]))
        .epilogue(exitCodes(endings));
    },
    (given) => choose(verb, given),
  );
}
