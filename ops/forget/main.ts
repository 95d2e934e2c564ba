/**
 * `npm run forget -- CLUSTER [--stack NAME] [--yes]`: takes everything of a cluster that is gone for good out of the
 * state, so that the next `pulumi up` need not delete it there. Refuses a cluster that answers. Exit code 2 if it refuses.
 */
import { parseArgs } from "node:util";
import { z } from "zod";
import { Unreadable } from "../../live/outputs";
import { runProgram } from "../../live/program";
import { openProvider } from "../recover/clusters";
import { confirmed, exportState, importState, requireSame } from "../recover/engine";
import { providersIn } from "../recover/state";
import { forget, resourcesOf } from "./forget";

const USAGE = "npm run forget -- CLUSTER [--stack NAME] [--yes]";

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { stack: { type: "string" }, yes: { type: "boolean" } },
  });
  const [name, ...more] = positionals;
  if (name === undefined || more.length > 0) throw new Unreadable(`Name one cluster.\n${USAGE}`);
  const { stack } = values;
  const state = await exportState(stack);
  const resources = resourcesOf(state, name);
  if (resources.length === 0) throw new Unreadable(`The state holds nothing of a cluster "${name}".`);
  if ((state.deployment.pending_operations ?? []).length > 0) {
    throw new Unreadable("The last update was interrupted: run `npm run recover` first.");
  }
  const providers = [...providersIn(await exportState(stack, true)).values()];
  const provider = providers.find(({ cluster }) => cluster === name);
  if (!provider) throw new Unreadable(`The state holds no provider of ${name}.`);
  const answer = await openProvider(provider).get("/version", z.unknown());
  if (answer.state !== "failed" || answer.why !== "unreachable") {
    throw new Unreadable(
      `${name} answers. Set its \`state: draining\`, deploy, see that \`npm run drained\` is content, then take it out of ` +
        "the stack file: that removes what is in it, too. Nothing was changed.",
    );
  }
  console.log(
    `${name} does not answer (${answer.message}). The state forgets ${resources.length} resources of it; whatever is ` +
      "still in it stays there.",
  );
  if (!(await confirmed(values.yes))) return 2;
  await requireSame(stack, state);
  await importState(stack, forget(state, name));
  console.log(
    `Forgotten. Now take ${name} out of the stack file, and run \`pulumi up --continue-on-error\`.`,
  );
  return 0;
}

runProgram(main, 2);
