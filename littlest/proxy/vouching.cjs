// What the hub says of the passes and tokens that are in use. It vouches for each before its first use in this process,
// and then again every few seconds, so that a logout, a removal or a lost right ends what is open.
"use strict";

const http = require("node:http");

const AGAIN = 3 * 1000; // milliseconds between two questions about what is in use
const IN_USE = 15 * 1000; // so long after its last request something is in use; its next use then asks first
const FORGET = 600 * 1000;
const PATIENCE = 2 * 1000; // for the first answer about a pass: a hub that restarts leaves requests waiting
const PATIENCE_WITH_TOKENS = 60 * 1000; // nothing but the hub's word counts for a token
const PAUSE = 100;
const MOST_AT_ONCE = 500; // questions; the hub takes at most 1 MiB
const MOST = 20000; // passes and tokens that are remembered
const MOST_OF_ONE = 100; // passes of one visitor, or tokens for one server
const MOST_WAITING = 200; // tokens about which the hub has not answered yet: anybody may make them up
const ALONE = 24 * 3600; // seconds: while the hub does not answer, younger passes count without its word

class Vouching {
  // `findHub` returns the hub's own address and the path of its API, `token` is the secret of hub and proxy.
  constructor(findHub, token) {
    this.findHub = findHub;
    this.token = token;
    this.known = new Map(); // by their keys, those that were used last at the end
    this.groups = new Map(); // of one visitor, or for one server: the same entries, in the same order
    this.waiting = 0;
    this.isAsking = false;
    setInterval(() => this.askAgain(), AGAIN).unref();
  }

  // Returns what to watch connections with when the hub lets the bearer in, undefined when not.
  async admit(key, question) {
    if (!this.known.has(key) && !question.visitor && this.waiting >= MOST_WAITING) return undefined;
    const entry = this.use(key, question);
    if (!entry.isVouchedFor) {
      const patience = question.token ? PATIENCE_WITH_TOKENS : PATIENCE;
      entry.asking ??= this.askFirst(key, entry, patience);
      await entry.asking;
      if (entry.isVouchedFor) this.use(key, question);
    }
    if (entry.isVouchedFor || this.known.get(key) !== entry) return entry.isVouchedFor ? entry : undefined;
    // the hub did not answer: the next question settles it
    entry.isVouchedFor = Date.now() / 1000 - question.issued < ALONE;
    if (!entry.isVouchedFor) this.forget(entry);
    return entry.isVouchedFor ? entry : undefined;
  }

  // Returns what is remembered of a pass or token. Of too many, the one that was not used for longest is forgotten: the
  // hub is asked again at its next use.
  use(key, question) {
    const group = question.visitor ? `visitor ${question.visitor}` : `server ${question.user}/${question.server}`;
    const entry = this.known.get(key) ?? { key, group, question, connections: new Set(), isVouchedFor: false };
    this.forget(entry);
    this.known.set(key, entry);
    entry.used = Date.now();
    // the hub signed each pass; a token that anybody made up must not take the place of another one
    if (question.visitor || entry.isVouchedFor) {
      if (!this.groups.has(group)) this.groups.set(group, new Set());
      const entries = this.groups.get(group).add(entry);
      if (entries.size > MOST_OF_ONE) this.end(findIdle(entries, entry));
    }
    if (this.known.size > MOST) this.end(findIdle(this.known.values(), entry));
    return entry;
  }

  forget(entry) {
    const group = this.groups.get(entry.group);
    this.known.delete(entry.key);
    group?.delete(entry);
    if (group?.size === 0) this.groups.delete(entry.group);
  }

  // Ends a connection when the hub no longer vouches for what let it in.
  watch(entry, connection) {
    if (connection.destroyed) return;
    entry.connections.add(connection);
    connection.once("close", () => entry.connections.delete(connection));
  }

  async askAgain() {
    const asked = [];
    for (const entry of this.known.values()) {
      const idle = entry.connections.size ? 0 : Date.now() - entry.used;
      if (idle > FORGET) this.forget(entry);
      else if (idle > IN_USE) entry.isVouchedFor = false;
      else if (entry.isVouchedFor) asked.push(entry);
    }
    if (!asked.length || this.isAsking) return;
    this.isAsking = true;
    try {
      for (let first = 0; first < asked.length; first += MOST_AT_ONCE) {
        await this.ask(asked.slice(first, first + MOST_AT_ONCE), 10 * PATIENCE);
      }
    } finally {
      this.isAsking = false;
    }
  }

  // Asks until there is an answer: the hub may end while it has the question.
  async askFirst(key, entry, patience) {
    const end = Date.now() + patience;
    const waits = entry.question.visitor ? 0 : 1;
    this.waiting += waits;
    for (;;) {
      await this.ask([entry], Math.max(PAUSE, end - Date.now()));
      if (entry.isVouchedFor || this.known.get(key) !== entry || Date.now() + PAUSE > end) break;
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
    this.waiting -= waits;
    entry.asking = undefined;
  }

  // Asks about all at once; without an answer nothing changes.
  async ask(entries, patience) {
    const answers = await this.post(entries.map((entry) => entry.question), patience).catch(() => []);
    entries.forEach((entry, number) => {
      if (answers[number] === true) entry.isVouchedFor = true;
      if (answers[number] === false) this.end(entry);
    });
  }

  end(entry) {
    entry.isVouchedFor = false;
    this.forget(entry);
    for (const connection of entry.connections) connection.destroy();
  }

  post(questions, patience) {
    return new Promise((resolve, reject) => {
      const { address, path } = this.findHub();
      const headers = { Authorization: `token ${this.token}`, "Content-Type": "application/json" };
      const options = { method: "POST", headers, agent: false, timeout: patience };
      const request = http.request(new URL(path, address), options, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (part) => (text += part));
        response.on("error", reject);
        response.on("end", () => {
          try {
            const answers = response.statusCode === 200 ? JSON.parse(text) : [];
            resolve(Array.isArray(answers) ? answers : []);
          } catch (error) {
            reject(error);
          }
        });
      });
      request.on("timeout", () => request.destroy(new Error("no answer")));
      request.on("error", reject);
      request.end(JSON.stringify(questions));
    });
  }
}

// The first entry without an open connection; the very first where the first hundred have one.
function findIdle(entries, except) {
  const looked = [];
  for (const entry of entries) {
    if (entry === except) continue;
    if (!entry.connections.size) return entry;
    if (looked.push(entry) === MOST_OF_ONE) break;
  }
  return looked[0];
}

module.exports = Vouching;
