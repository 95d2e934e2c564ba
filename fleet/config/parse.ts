import { accessesWithoutLink, accessRules } from "../access/rules";
import { clusterRules } from "../clusters/rules";
import { lastMembers, lostTargets } from "../exports/evacuationRules";
import { exportRules, unreachedExports } from "../exports/rules";
import { closedProbes } from "../gateways/probeRules";
import { auditRules } from "../grants/auditRules";
import { grantRouteRules } from "../grants/routeRules";
import { grantRules } from "../grants/rules";
import { chartRules } from "../linkerd/rules";
import { restartRules } from "../restart/rules";
import { stackRules } from "../stacks/rules";
import { topologyRules } from "../topology/rules";
import { callRules } from "../traffic/callRules";
import { trafficRules, unansweredTraffic } from "../traffic/rules";
import { certManagerRules } from "../trust/certManagerRules";
import { issuerRules } from "../trust/issuerRules";
import { trustRules } from "../trust/rules";
import { type FleetConfig, fleetConfig } from "./fleetConfig";
import { explain, problemsOf } from "./messages";
import { nameRules } from "./nameRules";
import { orderProblems, type Problem, within } from "./problems";
import { type RawConfig, type Readable, readConfig } from "./readable";
import { referenceRules } from "./referenceRules";
import { inlineSecrets, secretRules } from "./secretRules";
import { unquotedDates } from "./unquotedDates";

export type { RawConfig } from "./readable";

/** A valid configuration, or everything that is wrong with it. */
export type Parsed =
  | { readonly config: FleetConfig; readonly problems?: undefined }
  | { readonly config?: undefined; readonly problems: readonly Problem[] };

/** Rules that no schema can express, because they concern several places at once. */
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
  auditRules,
  callRules,
  trafficRules,
  lastMembers,
  trustRules,
  issuerRules,
  certManagerRules,
  restartRules,
  chartRules,
];

/** Reads the stack file and judges all of it. Pure: no clock, no files, no network. */
export function parseFleetConfig(raw: RawConfig): Parsed {
  const sections = Object.keys(fleetConfig.shape).filter((key) => Object.hasOwn(raw.values, key));
  const whole = fleetConfig.safeParse(Object.fromEntries(sections.map((key) => [key, raw.values[key]])), {
    error: explain,
  });
  const dates = unquotedDates(raw);
  const isKnown = ({ path }: Problem) => !raw.isUnread || sections.some((section) => within(path, section));
  const told = [...(raw.problems ?? []), ...dates, ...problemsOf(whole).filter(isKnown)];
  const readable = readConfig(raw, told);
  const encrypted = sections.filter((section) => raw.secretKeys.has(section));
  // What is encrypted is told as such; what is in it, nobody has read.
  const isHidden = (path: string) => encrypted.some((section) => path !== section && within(path, section));
  const shape = [...told, ...readable.problems].filter(
    (problem) =>
      dates.includes(problem) ||
      (!isTold(problem.path, dates) && !encrypted.some((section) => within(problem.path, section))),
  );
  const rules = RULES.flatMap((rule) => rule(readable)).filter(
    ({ path }) => !isTold(path, shape) && !isHidden(path),
  );
  const problems = [...shape, ...rules];
  const linksKnown = !problems.some(({ path }) => DECIDES_LINKS.test(path));
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
  problems.push(...rest.filter(({ path }) => !isTold(path, problems)));
  if (whole.success && problems.length === 0) return { config: whole.data };
  return { problems: orderProblems(problems) };
}

/** One mistake is told once: what does not even have its shape is not judged further. */
function isTold(path: string, told: readonly Problem[]): boolean {
  return told.some((other) => within(path, other.path));
}

/** Paths of the settings that decide which links exist, and which modes they can carry. */
const DECIDES_LINKS =
  /^(topology(\.(kind|hub|links|bridges)\b.*)?|clusters((\.[\w-]+|\["[^"]*"\])(\.(network|region|gateway\.type|gateway))?)?)$/;
