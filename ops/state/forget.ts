import { nameOf, type Resource, type State } from "../recover/state";

/** The resources that stand in one cluster: those of the Kubernetes provider of its name. */
export function resourcesOf(state: State, cluster: string): Resource[] {
  return (state.deployment.resources ?? []).filter(({ provider = "" }) => {
    const urn = provider.split("::").slice(0, -1).join("::");
    return urn.includes("pulumi:providers:kubernetes::") && nameOf(urn) === cluster;
  });
}

/** The state without them, and without what the others said of depending on them. */
export function forget(state: State, cluster: string): State {
  const gone = new Set(resourcesOf(state, cluster));
  const urns = new Set([...gone].map(({ urn }) => urn));
  const known = (dependencies: readonly string[]) => dependencies.filter((urn) => !urns.has(urn));
  const resources = (state.deployment.resources ?? [])
    .filter((resource) => !gone.has(resource))
    .map(({ dependencies, propertyDependencies, ...resource }) => ({
      ...resource,
      ...(dependencies && { dependencies: known(dependencies) }),
      ...(propertyDependencies && {
        propertyDependencies: Object.fromEntries(
          Object.entries(propertyDependencies).map(([property, urns]) => [property, known(urns ?? [])]),
        ),
      }),
    }));
  return { ...state, deployment: { ...state.deployment, resources } };
}
