import { access } from "./access/command";
import { adopt } from "./adopt/command";
import { check } from "./check/command";
import { destroy } from "./destroy/command";
import { drain } from "./drain/command";
import { expiry } from "./expiry/command";
import { gateways } from "./gateways/command";
import { graph } from "./graph/command";
import { plan } from "./plan/command";
import { poc } from "./poc/command";
import { recover } from "./recover/command";
import { report } from "./report/command";
import { rollout } from "./rollout/command";
import { rotation } from "./rotation/command";
import { services } from "./services/command";
import { removeCluster } from "./state/command";
import { tidy } from "./tidy/command";
import type { Verb } from "./verb";
import { verify } from "./verify/command";

/** Every verb of `fleet`, in the order of the help: those that only read first. To add a verb, add it here. */
export const VERBS: readonly Verb[] = [
  check,
  plan,
  graph,
  report,
  verify,
  access,
  gateways,
  services,
  expiry,
  rotation,
  drain,
  adopt,
  rollout,
  poc,
  recover,
  tidy,
  destroy,
  removeCluster,
];
