/** Other programs that ktcp, its labs and its benchmarks use where they are installed. */
import { delimiter, join } from "node:path";

/** A program. */
export interface Tool {
  name: string;
  /** What is done with it. */
  use: string;
  /** Where it is; null when it is not installed. */
  path: string | null;
  /** What to type to install it; empty when it is there, or no package manager is known. */
  fix: string;
}

/** Package managers, in the order in which they are looked for, and how each installs. */
const MANAGERS = {
  "apt-get": "sudo apt-get install",
  "dnf": "sudo dnf install",
  "apk": "sudo apk add",
  "pacman": "sudo pacman -S",
  "brew": "brew install",
};

type Manager = keyof typeof MANAGERS;

interface KnownTool {
  name: string;
  use: string;
  /** Where the package has another name than the tool. */
  packages?: Partial<Record<Manager, string>>;
}

const TOOLS: readonly KnownTool[] = [
  { name: "wrk", use: "compared with htstress" },
  {
    name: "ab",
    use: "compared with htstress",
    packages: {
      "apt-get": "apache2-utils",
      "dnf": "httpd-tools",
      "apk": "apache2-utils",
      "pacman": "apache",
      "brew": "httpd",
    },
  },
  { name: "nginx", use: "compared with ktcp http, also by 'ktcp lab keepalive'" },
  { name: "strace", use: "counts the system calls of servers in labs" },
  { name: "cc", use: "compiles servers for 'ktcp lab --target-c'", packages: namedAlike("gcc") },
  { name: "gnuplot", use: "draws what 'ktcp bench --gnuplot' writes" },
];

function namedAlike(name: string): Record<Manager, string> {
  return { "apt-get": name, "dnf": name, "apk": name, "pacman": name, "brew": name };
}

/** Where daemons are installed: Debian leaves these folders out of a user's PATH. */
const SYSTEM_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** Looks for all tools. */
export function findTools(find: (name: string) => string | null = inPath): Tool[] {
  const manager = (Object.keys(MANAGERS) as Manager[]).find((name) => find(name) !== null);
  return TOOLS.map(({ name, use, packages }) => {
    const path = find(name);
    const fix = path !== null || manager === undefined
      ? ""
      : `${MANAGERS[manager]} ${packages?.[manager] ?? name}`;
    return { name, use, path, fix };
  });
}

/** The program that a shell would run as `name`, or one that root would; null when there is none. */
function inPath(name: string): string | null {
  const folders = [...(Deno.env.get("PATH") ?? "").split(delimiter), ...SYSTEM_FOLDERS];
  return folders.filter(Boolean).map((folder) => join(folder, name)).find(isProgram) ?? null;
}

function isProgram(path: string): boolean {
  try {
    const { isFile, mode } = Deno.statSync(path);
    return isFile && (mode === null || (mode & 0o111) !== 0);
  } catch {
    return false;
  }
}
