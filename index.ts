// First: an older Node.js does not get through the others.
import "./components/nodeVersion";
import "./components/compileCache";

import { Fleet } from "./components/fleet";
import { disableSdkStackTraces, silenceSdkDebugMessages } from "./components/sdk";

silenceSdkDebugMessages();

export = async () => {
  disableSdkStackTraces();
  const fleet = await Fleet.create("fleet");
  return fleet.outputs;
};
