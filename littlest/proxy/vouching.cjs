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
const ALONE = 24 * 3600; // seconds: while the hub does not answer, younger passes count without its word

class Vouching {
  // `findHub` returns the hub's own address and the path of its API, `token` is the secret of hub and proxy.
  constructor(findHub, token) {
    this.findHub = findHub;
    this.token = token;
    this.known = new Map();
    this.isAsking = false;
    setInterval(() => this.askAgain(), AGAIN).unref();
  }

  // Returns what to watch connections with when the hub lets the bearer in, undefined when not.
  async admit(key, question) {
    const entry = this.known.get(key) ?? { question, connections: new Set(), isVouchedFor: false };
    this.known.set(key, entry);
    entry.used = Date.now();
    if (!entry.isVouchedFor) {
      const patience = question.token ? PATIENCE_WITH_TOKENS : PATIENCE;
      entry.asking ??= this.askFirst(key, entry, patience).finally(() => (entry.asking = undefined));
      await entry.asking;
    }
    if (entry.isVouchedFor || this.known.get(key) !== entry) return entry.isVouchedFor ? entry : undefined;
    // the hub did not answer: the next question settles it
    entry.isVouchedFor = Date.now() / 1000 - question.issued < ALONE;
    if (!entry.isVouchedFor) this.known.delete(key);
    return entry.isVouchedFor ? entry : undefined;
  }

  // Ends a connection when the hub no longer vouches for what let it in.
  watch(entry, connection) {
    if (connection.destroyed) return;
    entry.connections.add(connection);
    connection.once("close", () => entry.connections.delete(connection));
  }

  async askAgain() {
    const asked = [];
    for (const [key, entry] of this.known) {
      const idle = entry.connections.size ? 0 : Date.now() - entry.used;
      if (idle > FORGET) this.known.delete(key);
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
    for (;;) {
      await this.ask([entry], Math.max(PAUSE, end - Date.now()));
      if (entry.isVouchedFor || this.known.get(key) !== entry || Date.now() + PAUSE > end) return;
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
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
    for (const [key, other] of this.known) if (other === entry) this.known.delete(key);
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

module.exports = Vouching;
