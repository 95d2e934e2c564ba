import { z } from "zod";
import * as shapes from "../../live/shapes";

/** A rule as it stands in a role, or as a cluster says what a token may do. */
export interface Rule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[] | undefined;
  /** Paths of an API server that are no resources, such as `/metrics`. */
  readonly nonResourceURLs?: readonly string[] | undefined;
}

const rule = shapes.rule.extend({ nonResourceURLs: z.array(z.string()).default([]) });

/** The rules of a role as a cluster has it: an API server leaves out lists that are empty. */
export function readRules(found: unknown): Rule[] {
  return z.array(rule).nullish().parse(found) ?? [];
}

/** What every authenticated user may do, by the role `system:basic-user`: ask about himself. */
const EVERYBODY = /^create self\w+\.(authorization|authentication)\.k8s\.io$/;

/** One line for each single right, such as `get configmaps/linkerd-config`, `list replicasets.apps` or `get /metrics`. */
function rightsOf(rules: readonly Rule[]): Set<string> {
  const rights = rules.flatMap(
    ({ verbs, apiGroups, resources, resourceNames = [], nonResourceURLs = [] }) => [
      ...apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          verbs.flatMap((verb) => {
            const right = `${verb} ${resource}${group === "" ? "" : `.${group}`}`;
            return resourceNames.length === 0 ? [right] : resourceNames.map((name) => `${right}/${name}`);
          }),
        ),
      ),
      ...nonResourceURLs.flatMap((url) => verbs.map((verb) => `${verb} ${url}`)),
    ],
  );
  return new Set(rights.filter((right) => !EVERYBODY.test(right)));
}

/** What sets two sets of rights apart, in words; `undefined` if nothing does. */
export function compareRights(planned: readonly Rule[], found: readonly Rule[]): string | undefined {
  const [expected, actual] = [rightsOf(planned), rightsOf(found)];
  const more = [...actual].filter((right) => !expected.has(right));
  const less = [...expected].filter((right) => !actual.has(right));
  const parts = [
    ...(more.length > 0 ? [`may also ${more.join(", ")}`] : []),
    ...(less.length > 0 ? [`may not ${less.join(", ")}`] : []),
  ];
  return parts.length > 0 ? parts.join("; ") : undefined;
}
