import type { ReportViolation, ResourceValidationPolicy, StackValidationPolicy } from "@pulumi/policy";
import { JudgedFleet } from "./fleet";
import { type Applied, applyProfile, type Level, type Profile, profileSchema } from "./profile";
import { resourceOf } from "./resource";
import { type FleetRule, NONE, type Rule } from "./rule";
import { FLEET_RULES, RESOURCE_RULES } from "./rules";
import { reportViolation, type Violation } from "./sdk";

/**
 * The two policies of the pack: one for what a resource shows by itself, judged before it is created or changed; one
 * for what only all of them show, judged in one pass at the end. A policy for each rule would decode every resource
 * once for each rule. `preset`: what the engine's own configuration is laid over.
 */
export function policiesOf(preset?: Profile): [ResourceValidationPolicy, StackValidationPolicy] {
  const rulesOf = new Map<string, ReturnType<typeof applyProfile<(typeof RESOURCE_RULES)[number]>>>();
  return [
    {
      name: "resources",
      ...levelOf(preset?.resources),
      description: "What one resource can break by itself",
      configSchema: profileSchema(RESOURCE_RULES),
      validateResource: (args, report) => {
        const said = { ...preset?.resources.rules, ...args.getConfig<Said>().rules };
        const key = JSON.stringify(said);
        const rules = rulesOf.get(key) ?? applyProfile(RESOURCE_RULES, said);
        rulesOf.set(key, rules);
        const concerned = rules.filter(({ rule }) => rule.types.test(args.type));
        if (concerned.length === 0) return;
        const resource = resourceOf(args);
        for (const one of concerned) {
          for (const problem of one.rule.judge(resource, one.settings)) violate(report, one, problem);
        }
      },
    },
    {
      name: "fleet",
      ...levelOf(preset?.fleet),
      description: "What only the whole fleet shows",
      configSchema: profileSchema(FLEET_RULES),
      validateStack: (args, report) => {
        const said = { ...preset?.fleet.rules, ...args.getConfig<Said>().rules };
        judgeFleet(args.resources, applyProfile(FLEET_RULES, said), report);
      },
    },
  ];
}

function levelOf(said: Profile["fleet"] | undefined): { readonly enforcementLevel?: Level } {
  return said?.enforcementLevel === undefined ? {} : { enforcementLevel: said.enforcementLevel };
}

/** What the engine has checked by the schema. */
interface Said {
  readonly rules?: Profile["fleet"]["rules"];
}

function judgeFleet(
  judged: readonly Parameters<typeof resourceOf>[0][],
  rules: readonly Applied<FleetRule>[],
  report: ReportViolation,
): void {
  const unknown = new Set<string>();
  const waits: [rule: string, places: readonly string[]][] = [];
  const settle = ({ name }: Rule): void => {
    if (unknown.size > 0) waits.push([name, [...unknown]]);
    unknown.clear();
  };
  const fleet = new JudgedFleet(judged.map((resource) => resourceOf(resource, (what) => unknown.add(what))));
  for (const one of rules) {
    for (const { problem, of } of one.rule.judge(fleet, one.settings)) violate(report, one, problem, of?.urn);
    settle(one.rule);
  }
  // They were judged one by one before; here only for what they could not know.
  for (const { rule, settings } of applyProfile(RESOURCE_RULES, {})) {
    for (const resource of fleet.ofType(rule.types)) Array.from(rule.judge(resource, settings));
    settle(rule);
  }
  if (waits.length > 0) violate(report, WAITS, `Not known in this preview:\n${waits.map(tell).join("\n")}`);
}

const WAITS: Applied<Rule> = {
  rule: {
    name: "waits-for-up",
    description: "What a preview does not know yet is judged by `pulumi up`",
    severity: "low",
    remediation: "Nothing to do: `pulumi up` judges it.",
    settings: NONE,
    *judge() {},
  },
  settings: {},
  level: "advisory",
};

/** How many places are named for each rule; the others are counted. */
const MOST = 3;

function tell([rule, places]: [rule: string, places: readonly string[]]): string {
  const rest = places.length > MOST ? ` and ${places.length - MOST} more` : "";
  return `  ${rule}: ${places.slice(0, MOST).join(", ")}${rest}`;
}

function violate(
  report: ReportViolation,
  { rule, level }: Applied<Rule>,
  problem: string,
  urn?: string,
): void {
  const violation: Violation = {
    name: rule.name,
    message: `${problem}\n${rule.remediation}`,
    description: rule.description,
    severity: rule.severity,
    ...(level === undefined ? {} : { enforcementLevel: level }),
    ...(urn === undefined ? {} : { urn }),
  };
  reportViolation(report, violation);
}
