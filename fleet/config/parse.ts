import { orderProblems, type Problem } from "../problems";
import { type FleetConfig, fleetConfig } from "./fleetConfig";
import { explain, problemsOf } from "./messages";
import { type RawConfig, type Readable, readConfig } from "./readable";
import { accessesWithoutLink, accessRules } from "./rules/access";
import { certManagerRules } from "./rules/certManager";
import { chartRules } from "./rules/charts";
import { clusterRules } from "./rules/clusters";
import { lastMembers, lostTargets } from "./rules/evacuation";
import { exportRules, unreachedExports } from "./rules/exports";
import { grantRouteRules } from "./rules/grantRoutes";
import { grantRules } from "./rules/grants";
import { issuerRules } from "./rules/issuers";
import { nameRules } from "./rules/names";
import { closedProbes } from "./rules/probes";
import { referenceRules } from "./rules/references";
import { inlineSecrets, secretRules } from "./rules/secrets";
import { stackRules } from "./rules/stacks";
import { topologyRules } from "./rules/topology";
import { trafficRules, unansweredTraffic } from "./rules/traffic";
import { trustRules } from "./rules/trust";

export type { RawConfig } from "./readable";

/** A valid configuration, or everything that is wrong with it. */
export type Parsed =
  | { readonly config: FleetConfig; readonly problems?: undefined }
  | { readonly config?: undefined; readonly problems: readonly Problem[] };

/** What no schema can say, because it is about several places at once. */
const RULES: readonly ((fleet: Readable) => Problem[])[] = [
  secretRules,
  referenceRules,
  clusterRules,
  stackRules,
  topologyRules,
  nameRules,
  accessRules,
  exportRules,
  grantRules,
  grantRouteRules,
  trafficRules,
  lastMembers,
  trustRules,
  issuerRules,
  certManagerRules,
  chartRules,
];

/** Reads the stack file and judges all of it. Pure: no clock, no files, no network. */
export function parseFleetConfig(raw: RawConfig): Parsed {
  const sections = Object.keys(fleetConfig.shape).filter((key) => Object.hasOwn(raw.values, key));
  const whole = fleetConfig.safeParse(Object.fromEntries(sections.map((key) => [key, raw.values[key]])), {
    error: explain,
  });
  const readable = readConfig(raw);
  const shape = [...(raw.problems ?? []), ...problemsOf(whole), ...readable.problems];
  const rules = RULES.flatMap((rule) => rule(readable)).filter(({ path }) => !within(path, shape));
  const problems = [...shape, ...rules];
  const linksKnown = !problems.some(({ path }) => /^topology(\.(kind|hub|links|bridges)\b|$)/.test(path));
  const rest = [
    ...inlineSecrets(raw),
    ...(linksKnown
      ? [
          ...unreachedExports(readable),
          ...accessesWithoutLink(readable),
          ...unansweredTraffic(readable),
          ...lostTargets(readable),
          ...closedProbes(readable),
        ]
      : []),
  ];
  problems.push(...rest.filter(({ path }) => !within(path, problems)));
  if (whole.success && problems.length === 0) return { config: whole.data };
  return { problems: orderProblems(problems) };
}

/** One mistake is told once: what does not even have its shape is not judged further. */
function within(path: string, told: readonly Problem[]): boolean {
  return told.some(
    (other) => path === other.path || path.startsWith(`${other.path}.`) || path.startsWith(`${other.path}[`),
  );
}
