// Storage backend for configurable-http-proxy (--storage-backend): the routes in memory, and in a file, so that a
// restarted proxy knows every user's server at once instead of waiting for the hub to tell it again.
//
// The file is $STATE_DIRECTORY/routes.json (systemd sets that from StateDirectory=); it is replaced by a rename, so a
// crash leaves the old routes or the new ones, never half of them.
"use strict";

const fs = require("node:fs");
const path = require("node:path");

// configurable-http-proxy logs that it cannot listen and then lives on, deaf: end instead, so that systemd sees it.
process.on("uncaughtException", (error) => {
  if (error.syscall === "listen") {
    console.error(`The proxy cannot listen on ${error.address || ""}${error.port ? ":" + error.port : ""}: ${error.code}`);
    process.exit(1);
  }
});

const SAVE_ACTIVITY_EVERY = 60 * 1000; // milliseconds

class FileStore {
  constructor(options) {
    if (!process.env.STATE_DIRECTORY) {
      throw new Error("STATE_DIRECTORY is not set: it names the directory of routes.json");
    }
    FileStore.current = this; // gate.cjs and limits.cjs ask it where a request goes
    this.log = options.log;
    this.file = path.join(process.env.STATE_DIRECTORY, "routes.json");
    this.routes = new Map();
    this.read();
    this.activityUnsaved = false;
    setInterval(() => this.activityUnsaved && this.write(), SAVE_ACTIVITY_EVERY).unref();
    process.on("exit", () => this.activityUnsaved && this.write());
  }

  read() {
    try {
      for (const [prefix, data] of Object.entries(JSON.parse(fs.readFileSync(this.file, "utf8")))) {
        if (typeof data.target !== "string") throw new Error(`no target for ${prefix}`);
        if (data.last_activity) data.last_activity = new Date(data.last_activity);
        this.routes.set(prefix, data);
      }
    } catch (error) {
      this.routes.clear(); // the hub will tell them all again
      if (error.code !== "ENOENT") this.log.error(`${this.file} is not usable, starting without it: ${error.message}`);
    }
  }

  write() {
    const temporary = `${this.file}.new`;
    try {
      const descriptor = fs.openSync(temporary, "w", 0o600);
      try {
        fs.writeFileSync(descriptor, JSON.stringify(Object.fromEntries(this.routes)));
        fs.fsyncSync(descriptor);
      } finally {
        fs.closeSync(descriptor);
      }
      fs.renameSync(temporary, this.file);
      this.activityUnsaved = false;
    } catch (error) {
      // a full disk must not stop the proxy: the routes are in memory
      this.log.error(`${this.file} cannot be written: ${error.message}`);
    }
  }

  cleanPath(prefix) {
    const clean = prefix.startsWith("/") ? prefix : "/" + prefix;
    return clean.length > 1 && clean.endsWith("/") ? clean.slice(0, -1) : clean;
  }

  // The route whose prefix shares the most leading segments with the path.
  async getTarget(requested) {
    return this.find(requested);
  }

  find(requested) {
    const segments = requested.replace(/^\/+|\/+$/g, "").split("/");
    for (let count = segments.length; count >= 0; count--) {
      const prefix = "/" + segments.slice(0, count).join("/");
      const data = this.routes.get(prefix);
      if (data) return { prefix, data };
    }
    return undefined;
  }

  async get(prefix) {
    return this.routes.get(this.cleanPath(prefix));
  }

  async getAll() {
    return Object.fromEntries(this.routes);
  }

  async add(prefix, data) {
    this.routes.set(this.cleanPath(prefix), data);
    this.write();
  }

  // called at each request, with its time
  async update(prefix, data) {
    const route = this.routes.get(this.cleanPath(prefix));
    if (!route) return;
    Object.assign(route, data);
    this.activityUnsaved = true;
  }

  async remove(prefix) {
    const clean = this.cleanPath(prefix);
    const route = this.routes.get(clean);
    if (this.routes.delete(clean)) this.write();
    return route;
  }
}

module.exports = FileStore;
