import { ACCESSES } from "./accesses";
import { DEPLOYMENT } from "./deployment";
import type { Fault } from "./fault";
import { LINKS } from "./links";
import { SERVICES } from "./services";
import { TRUST } from "./trust";

/** What goes wrong in a fleet, and what `verify` says of it. */
export const FAULTS: readonly Fault[] = [...ACCESSES, ...TRUST, ...DEPLOYMENT, ...LINKS, ...SERVICES];
