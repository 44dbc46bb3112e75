/** Runs the npm package as a user who has only Node. */
import { type Check, isVersion, needs, output, serves } from "./check.ts";

/** Variables without which a machine may not reach its registry. */
const NETWORK = ["NODE_EXTRA_CA_CERTS", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"];

/** The environment of a new user of the machine. */
function newUser(home: string): Record<string, string> {
  const network = NETWORK.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  });
  return { HOME: home, PATH: "/usr/local/bin:/usr/bin:/bin", ...Object.fromEntries(network) };
}

export const npx: Check = {
  name: "npx",
  async run({ file, folder }) {
    await needs("npx");
    const [home, site] = ["home", "site"].map((name) => `${folder}/${name}`);
    for (const path of [home, site]) Deno.mkdirSync(path);
    Deno.writeTextFileSync(`${site}/index.html`, "served\n");
    const options = { cwd: site, clearEnv: true, env: newUser(home) };
    // A relative path: npx takes an absolute one for a program.
    Deno.copyFileSync(file(".tgz"), `${folder}/ktcp.tgz`);
    const ktcp = ["npx", "--yes", "../ktcp.tgz"];
    const version = isVersion(await output([...ktcp, "--version"], options));
    const server = [...ktcp, "http", "--dir", ".", "--port", "0"];
    // Ctrl-C goes to all processes of the terminal's foreground group; kill(1) to npx alone, which
    // ends by it at once.
    await serves(server, { ...options, signal: "SIGINT", isGroup: true, code: 130 });
    await serves(server, { ...options, signal: "SIGTERM", code: 143 });
    return version;
  },
};

export const npmPublish: Check = {
  name: "npm publish --dry-run",
  async run({ file, folder }) {
    await needs("npm");
    return await output(["npm", "publish", "--dry-run", file(".tgz")], { cwd: folder });
  },
};
