/** A rule as it stands in a role, or as a cluster says what a token may do. */
export interface Rule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[] | undefined;
}

/** What every authenticated user may do, by the role `system:basic-user`: ask about himself. */
const EVERYBODY = /^create self\w+\.(authorization|authentication)\.k8s\.io$/;

/** One line for each single right, such as `get configmaps/linkerd-config` or `list replicasets.apps`. */
function rightsOf(rules: readonly Rule[]): Set<string> {
  const rights = rules.flatMap(({ verbs, apiGroups, resources, resourceNames = [] }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.flatMap((verb) => {
          const right = `${verb} ${resource}${group === "" ? "" : `.${group}`}`;
          return resourceNames.length === 0 ? [right] : resourceNames.map((name) => `${right}/${name}`);
        }),
      ),
    ),
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
