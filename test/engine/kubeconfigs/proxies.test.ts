/** Servers and proxies, of a kubeconfig and of the environment, as kubectl and our programs reach them. No row differs. */
import { base64, bearer, config, readSideBySide, servers, token, trusted } from "../../../testing/sideBySide";

readSideBySide({
  "a server without a scheme": () => ({
    files: { kubeconfig: config({ server: `127.0.0.1:${servers.ports.plain}` }, token) },
    asked: {},
  }),
  "proxy-url of the cluster": () => ({
    files: {
      kubeconfig: config(trusted({ "proxy-url": `http://u:p@127.0.0.1:${servers.ports.proxy}` }), token),
    },
    asked: { ...bearer, proxies: [`connect 127.0.0.1:${servers.ports.secure} as Basic ${base64("u:p")}`] },
  }),
  "proxy-url, to a name that only the proxy knows": () => ({
    files: {
      kubeconfig: config(
        trusted({
          server: "https://api.example.test",
          "proxy-url": `http://127.0.0.1:${servers.ports.proxy}`,
        }),
        token,
      ),
    },
    asked: { ...bearer, serverName: "api.example.test", proxies: ["connect api.example.test:443 as nobody"] },
  }),
  "proxy-url of a SOCKS proxy": () => ({
    files: {
      kubeconfig: config(
        trusted({
          server: "https://api.example.test",
          "proxy-url": `socks5://127.0.0.1:${servers.ports.socks}`,
        }),
        token,
      ),
    },
    asked: { ...bearer, serverName: "api.example.test", proxies: ["socks api.example.test:443"] },
  }),
  "proxy-url that is no URL of a proxy": () => ({
    files: { kubeconfig: config(trusted({ "proxy-url": "ftp://127.0.0.1" }), token) },
    asked: undefined,
    told: /proxy-url/,
  }),
  "a proxy that refuses, with a 404": () => ({
    files: {
      kubeconfig: config(trusted({ "proxy-url": `http://127.0.0.1:${servers.ports.refusing}` }), token),
    },
    asked: undefined,
    told: /the proxy answers 404/,
  }),
  HTTPS_PROXY: () => ({
    files: { kubeconfig: config(trusted({ server: "https://api.example.test:6443" }), token) },
    env: { HTTPS_PROXY: `http://127.0.0.1:${servers.ports.proxy}`, NO_PROXY: "example.org,10.0.0.0/8" },
    asked: {
      ...bearer,
      serverName: "api.example.test",
      proxies: ["connect api.example.test:6443 as nobody"],
    },
  }),
  "https_proxy without a scheme": () => ({
    files: { kubeconfig: config(trusted({ server: "https://api.example.test" }), token) },
    env: { https_proxy: `127.0.0.1:${servers.ports.proxy}` },
    asked: { ...bearer, serverName: "api.example.test", proxies: ["connect api.example.test:443 as nobody"] },
  }),
  "HTTPS_PROXY, and a server of this machine": () => ({
    files: { kubeconfig: config(trusted(), token) },
    env: { HTTPS_PROXY: "http://127.0.0.1:1" },
    asked: bearer,
  }),
  "HTTPS_PROXY, and NO_PROXY with the server's domain": () => ({
    files: { kubeconfig: config(trusted({ server: "https://api.example.test" }), token) },
    env: { HTTPS_PROXY: `http://127.0.0.1:${servers.ports.proxy}`, NO_PROXY: ".example.test" },
    asked: undefined,
    told: /ENOTFOUND|EAI_AGAIN/,
  }),
  "HTTPS_PROXY, and a proxy-url that wins": () => ({
    files: {
      kubeconfig: config(trusted({ "proxy-url": `socks5://127.0.0.1:${servers.ports.socks}` }), token),
    },
    env: { HTTPS_PROXY: "http://127.0.0.1:1", NO_PROXY: "*" },
    asked: { ...bearer, proxies: [`socks 127.0.0.1:${servers.ports.secure}`] },
  }),
  "HTTP_PROXY, and a plain server": () => ({
    files: { kubeconfig: config({ server: "http://api.example.test" }, token) },
    env: { HTTP_PROXY: `http://127.0.0.1:${servers.ports.proxy}`, HTTPS_PROXY: "http://127.0.0.1:1" },
    asked: { proxies: ["http api.example.test as nobody"] },
  }),
});
