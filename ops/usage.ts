import { closest } from "../fleet/config/closest";
import { ENDINGS, type Ending } from "./endings";
import type { Verb } from "./verb";
import { VERBS } from "./verbs";

/** `fleet state remove-cluster <cluster> [options]` */
export function usageOf({ name, takes }: Verb): string {
  return ["fleet", name, takes, "[options]"].filter(Boolean).join(" ");
}

export function changesOf({ changes }: Verb): string {
  return changes === false ? "It is read-only." : `It changes ${changes}.`;
}

/** The table of exit codes, in the words of a verb where it has its own. */
export function exitCodes(own: Verb["endings"] = {}): string {
  const lines = Object.entries(ENDINGS).map(
    ([ending, { code, meaning }]) => `  ${code}  ${own[ending as Ending] ?? meaning}`,
  );
  return `Exit codes:\n${lines.join("\n")}`;
}

/** What is wrong with the arguments of a command, and what was probably meant. `problem` is what yargs says. */
export function wrongUsage(problem: string, args: readonly string[]): string {
  const verb = VERBS.find(({ name }) => name.split(" ").every((word, at) => args[at] === word));
  const command = ["fleet", verb?.name].filter(Boolean).join(" ");
  return `${command}: ${inWords(problem, args, verb)}\n\`npx ${command} --help\` shows what there is.`;
}

function inWords(problem: string, args: readonly string[], verb: Verb | undefined): string {
  if (verb && problem.startsWith("Not enough non-option arguments")) return `It needs ${verb.takes}.`;
  const [, unknown] = /^Unknown (?:argument|command)s?: (.*)$/.exec(problem) ?? [];
  if (unknown === undefined) return problem;
  const options = Object.keys({ ...verb?.options, help: {} }).map((key) => `--${key}`);
  const verbs = VERBS.map(({ name }) => name);
  const told = unknown.split(", ").map((name) => {
    if (args.some((arg) => arg.split("=")[0] === `--${name}`)) return noSuch("option", `--${name}`, options);
    return verb ? `It takes no "${name}".` : noSuch("verb", name, verbs);
  });
  return told.join(" ");
}

function noSuch(kind: string, name: string, known: readonly string[]): string {
  const meant = closest(name, known);
  return `There is no ${kind} ${name}.${meant === undefined ? "" : ` Did you mean ${meant}?`}`;
}
