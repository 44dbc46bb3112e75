/** The configuration of nginx for experiments and benchmarks: one process. */

/** What is served, and where. */
export interface NginxOptions {
  /** A folder for nginx alone, for its temporary files and its PID. */
  folder: string;
  port: number;
  /** Further directives of the `http` block. */
  http?: string;
  /** Directives of the `server` block. */
  server: string;
}

/** Directives by which nginx answers as `ktcp http` does without `--dir`. */
export const NGINX_HELLO = `location / { default_type text/plain; return 200 "Hello World!\\n"; }`;

/**
 * The configuration of an nginx in the foreground: one process, no access log, no limit on requests
 * per connection; otherwise as distributions configure it.
 */
export function nginxConfig({ folder, port, http = "", server }: NginxOptions): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${folder}/${name};`);
  return `daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log stderr crit;
events { worker_connections 4096; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000000;
  keepalive_timeout 60s;
  ${temporary.join("\n  ")}
  ${http}
  server {
    listen 127.0.0.1:${port} backlog=1024;
    ${server}
  }
}
`;
}
