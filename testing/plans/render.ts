import * as pulumi from "@pulumi/pulumi";
import { Document, isMap, isSeq, visit } from "yaml";
import { formatProblems } from "../../fleet/config/problems";
import { planFleet } from "../../fleet/plan";
import { withDefaultAccrual } from "../../fleet/traffic/defaults";
import { readStackFile } from "../../live/stackFile";
import { isSecretInput, PLANTED, type Registered, runUnderMocks } from "../mocks";
import { plannedFleet } from "../plannedFleet";
import { compact, type Told } from "./compact";

/** The widest map or list that is written in one line. */
const WIDTH = 120;

/**
 * Every resource of a stack file's fleet, as the program registers it: no cluster and no credentials are needed. What
 * a provider would compute is made up and the same each time; secrets are masked. Components stand before their
 * children.
 */
export async function renderPlan(stackFile: string): Promise<string> {
  const { config, problems } = readStackFile(stackFile);
  if (problems) throw new Error(`${stackFile}: ${formatProblems(problems)}`);
  const plan = withDefaultAccrual(planFleet(config), []);
  const secret = (key: string) => pulumi.secret(`${PLANTED.privateKey} of ${key}`);
  const resources = await runUnderMocks(() => void plannedFleet({ plan, secret }));
  // The separator sorts before every character of a name, so that children follow their component at once.
  const path = ({ parents, name, type }: Registered) => `${[...parents, name].join("\0")}\0\0${type}`;
  const ordered = resources.sort((a, b) => (path(a) < path(b) ? -1 : 1));
  const names = [...plan.clusters, ...plan.neighbours].map(({ name }) => name);
  const document = new Document(compact(ordered.map(describe), names), { aliasDuplicateObjects: false });
  visit(document, {
    Collection: (key, node) => {
      const short = JSON.stringify(node.toJS(document)).length < WIDTH;
      const alike = isMap(node) && node.has("like") && !node.has("but");
      if (key !== null && (isMap(node) || isSeq(node)) && (short || alike)) node.flow = true;
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

/** What a reviewer needs of one resource; what is not said is the default. */
function describe({ type, name, parents, provider, protect, dependsOn, inputs }: Registered): Told {
  // An object's type holds both.
  const { apiVersion, kind, ...rest } = inputs;
  const told = type.startsWith("kubernetes:") ? rest : inputs;
  return {
    name,
    type,
    ...(parents.length > 0 && { parent: parents.at(-1) }),
    ...(provider !== undefined && { provider }),
    ...(protect && { protect }),
    ...(dependsOn.length > 0 && { dependsOn }),
    ...(Object.keys(told).length > 0 && { inputs: masked(told) }),
  };
}

/** With keys in one order, and nothing that is secret. */
function masked(value: unknown): unknown {
  if (isSecretInput(value)) return "[secret]";
  if (Array.isArray(value)) return value.map(masked);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, item]): [string, unknown] => [key, masked(item)]);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
