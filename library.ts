/** The library: a fleet in a program of yours. See docs/library.md. */
// First: an older Node.js does not get through the others.
import "./components/nodeVersion";

export {
  type ClusterSettings,
  Fleet,
  type FleetArgs,
  type FleetOutputs,
  type FleetSettings,
} from "./components/fleet";
export { silenceSdkDebugMessages } from "./components/sdk";
