import { ACCESSES } from "./accesses";
import { GATEWAYS } from "./gateways";
import { MIRRORS } from "./mirrors";
import type { Planted } from "./objects";
import { PODS } from "./pods";
import { POLICIES } from "./policies";
import { ROUTES } from "./routes";
import { SERVERS } from "./servers";
import { SERVICES } from "./services";

/** What is done to a fleet behind the program's back, and what `verify` has to say of each. */
export const PLANTED: readonly Planted[] = [
  ...SERVERS,
  ...POLICIES,
  ...ROUTES,
  ...PODS,
  ...SERVICES,
  ...MIRRORS,
  ...GATEWAYS,
  ...ACCESSES,
];
