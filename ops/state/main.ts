import { z } from "zod";
import { Unreadable } from "../../live/outputs";
import type { Ending } from "../endings";
import { openProvider } from "../recover/clusters";
import { confirmed, exportState, importState, requireSame } from "../recover/engine";
import { providersIn } from "../recover/state";
import { forget, resourcesOf } from "./forget";

export interface RemoveClusterOptions {
  readonly cluster: string;
  readonly stack?: string | undefined;
  readonly yes: boolean;
}

export async function run({ cluster: name, stack, yes }: RemoveClusterOptions): Promise<Ending> {
  const state = await exportState(stack);
  const resources = resourcesOf(state, name);
  if (resources.length === 0) throw new Unreadable(`The state holds nothing of a cluster "${name}".`);
  if ((state.deployment.pending_operations ?? []).length > 0) {
    throw new Unreadable("The last update was interrupted: run `npx fleet recover` first.");
  }
  const providers = [...providersIn(await exportState(stack, true)).values()];
  const provider = providers.find(({ cluster }) => cluster === name);
  if (!provider) throw new Unreadable(`The state holds no provider of ${name}.`);
  const answer = await openProvider(provider).get("/version", z.unknown());
  if (answer.state !== "failed" || answer.why !== "unreachable") {
    throw new Unreadable(
      `${name} answers. Set its \`state: draining\`, deploy, wait until \`npx fleet drain\` ends with 0, then remove it from ` +
        "the stack file: that also removes what is in the cluster. Nothing was changed.",
    );
  }
  console.log(
    `${name} does not answer (${answer.message}). ${resources.length} resources of it leave the state; whatever is ` +
      "still in the cluster stays there.",
  );
  if (!(await confirmed(yes))) return "notBegun";
  await requireSame(stack, state);
  await importState(stack, forget(state, name));
  console.log(`Removed. Now remove ${name} from the stack file, and run \`pulumi up --continue-on-error\`.`);
  return "well";
}
