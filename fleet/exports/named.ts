/** By mode: the only clusters that see a service. A mode that is absent: every linked cluster does. */
export type NamedClusters<T extends string> = Readonly<Partial<Record<T, readonly string[]>>>;

/** Whether one of these clusters is meant; absent, every cluster is. */
export function isNamed(to: readonly string[] | undefined, cluster: string): boolean {
  return to?.includes(cluster) ?? true;
}

/** The modes in which a service crosses a link. */
export function crossingModes<T extends string>(
  { modes, to }: { readonly modes: readonly T[]; readonly to?: NamedClusters<T> },
  link: { readonly source: string; readonly modes: readonly string[] },
): T[] {
  return modes.filter((mode) => link.modes.includes(mode) && isNamed(to?.[mode], link.source));
}
