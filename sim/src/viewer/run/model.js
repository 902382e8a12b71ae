// What happened? Events by their row, in order of time; messages, notes and what is known of nodes refer to them.

const MESSAGE_KINDS = [
  { name: "stream", words: "replication stream" },
  { name: "snapshot", words: "snapshots" },
  { name: "sync", words: "handshakes and PSYNC" },
  { name: "ack", words: "acknowledgements" },
  { name: "client", words: "clients" },
  { name: "operator", words: "operator" },
];
const [STREAM, SNAPSHOT, SYNC, ACK, CLIENT, OPERATOR] = MESSAGE_KINDS.keys();
const LINK_WORDS = ["", "no link", "handshake", "synchronising"];
const LINK_TRANSFER = 3;
const LINK_ONLINE = 4;

// What a node is, as the camera packs it.
function stateOf(number) {
  const bit = (at) => Math.floor(number / 2 ** at) % 2 === 1;
  const link = Math.floor(number / 32);
  return { isUp: bit(0), isReady: bit(1), isLoading: bit(2), isMaster: bit(3), hasLog: bit(4), link };
}

class Run {
  constructor(columns) {
    const head = columns.head;
    Object.assign(this, { head, sites: head.sites, histories: head.histories });
    this.faults = head.faults.toSorted((a, b) => a.at - b.at);
    this.texts = columns.lines("texts");
    this.at = columns.steps("event.at");
    this.count = this.at.length;
    this.kind = columns.numbers("event.kind");
    this.site = columns.numbers("event.site").map((site) => site - 1);
    this.hosts = this.sites.filter((site) => site.kind === "host").length;
    this.failedAt = head.failed_at ?? -1;
    this.start = this.at[0];
    this.end = Math.max(head.end_us, this.at[this.count - 1], this.start + 1);
    this.readSeries(columns);
    this.readMessages(columns);
    this.readNotes(columns);
    this.words = new Map();
    this.check();
  }

  readMessages(columns) {
    const event = columns.steps("message.event");
    const from = columns.numbers("message.from");
    const sentBefore = columns.numbers("message.sent");
    const took = columns.numbers("message.took");
    const text = columns.steps("message.text");
    const rows = event.length;
    const sent = new Int32Array(rows);
    const sentAt = new Float64Array(rows);
    const to = new Int16Array(rows);
    this.messageOf = new Int32Array(this.count).fill(-1);
    for (let row = 0; row < rows; row++) {
      sent[row] = sentBefore[row] ? event[row] - sentBefore[row] + 1 : -1;
      sentAt[row] = this.at[event[row]] - took[row];
      to[row] = this.site[event[row]];
      this.messageOf[event[row]] = row;
    }
    const [bytes, link] = [columns.numbers("message.bytes"), columns.steps("message.link")];
    this.messages = { rows, event, from, to, sent, sentAt, text, bytes, link, kind: new Uint8Array(rows) };
    for (let row = 0; row < rows; row++) this.messages.kind[row] = this.kindOfMessage(row);
    this.longest = took.reduce((longest, time) => Math.max(longest, time), 0);
    // By the event in which they were written.
    this.bySent = Int32Array.from(sent.keys()).filter((row) => sent[row] >= 0).sort((a, b) => sent[a] - sent[b]);
    const names = ["from", "to", "bytes", "link", "text"].map((name) => [name, columns.numbers(`lost.${name}`)]);
    this.lost = { event: columns.steps("lost.event"), ...Object.fromEntries(names) };
    this.lost.rows = this.lost.event.length;
  }

  kindOfMessage(row) {
    const { from, to, text, event } = this.messages;
    if (to[row] < 0) return STREAM;
    const kinds = [this.sites[from[row]].kind, this.sites[to[row]].kind];
    if (kinds.includes("client")) return CLIENT;
    if (kinds.includes("operator") || kinds.includes("controller")) return OPERATOR;
    const words = this.texts[text[row]];
    if (/^(\*\d+ PSYNC |\+FULLRESYNC |\+CONTINUE)/.test(words)) return SYNC;
    if (/^(\*\d+ REPLCONF (ACK|GETACK) |\(newline\))/.test(words)) return ACK;
    if (/^(\*\d+ (REPLCONF|AUTH) |\+(PONG|OK)|[-:])/.test(words)) return SYNC;
    const { link } = stateOf(this.value(to[row], "state", event[row] - 1));
    return link === LINK_TRANSFER ? SNAPSHOT : link === LINK_ONLINE || /^\*/.test(words) ? STREAM : SYNC;
  }

  readNotes(columns) {
    this.notes = { event: columns.steps("note.event"), topic: columns.numbers("note.topic"), text: columns.steps("note.text") };
  }

  readSeries(columns) {
    const event = columns.steps("series.event");
    const value = columns.steps("series.value");
    this.series = Array.from({ length: this.hosts }, () => ({}));
    let row = 0;
    for (const { host, metric, rows } of this.head.metrics) {
      const rowsOf = (column) => column.subarray(row, row + rows);
      this.series[host][metric] = { event: rowsOf(event), value: rowsOf(value), at: rowsOf(event).map((event) => this.at[event]) };
      row += rows;
    }
    this.spans = this.series.map((series) => this.spansOf(series));
  }

  // A node's life in pieces in which it is the same thing in the same history.
  spansOf({ state, history }) {
    if (!state) return [];
    const spans = [];
    const put = (event, packed, history) => {
      const last = spans.at(-1);
      if (last?.packed === packed && last.history === history) return;
      if (last) Object.assign(last, { until: this.at[event], untilEvent: event });
      spans.push({ event, untilEvent: this.count, from: this.at[event], until: this.end, packed, history, ...stateOf(packed) });
    };
    let [s, h] = [0, 0];
    let [packed, named] = [0, -1];
    while (s < state.event.length || h < (history?.event.length ?? 0)) {
      const event = Math.min(state.event[s] ?? Infinity, history?.event[h] ?? Infinity);
      if (state.event[s] === event) packed = state.value[s++];
      if (history?.event[h] === event) named = history.value[h++];
      put(event, packed, named);
    }
    return spans;
  }

  // What must be so for the rest to make sense.
  check() {
    const wrong = (what) => {
      throw new DataError(`${UNREADABLE}: ${what}`);
    };
    const { event, from, text } = this.messages;
    if (!this.count) wrong("there are no events");
    if (this.kind.length !== this.count || this.site.length !== this.count) wrong("events have not all that they need");
    if (this.site.some((site) => site >= this.sites.length)) wrong("an event is at a site that is not there");
    if (event.some((row) => row >= this.count) || from.some((site) => site >= this.sites.length)) wrong("a message has no ends");
    if (text.some((row) => row >= this.texts.length)) wrong("a message has no text");
    if (this.failedAt >= this.count) wrong("the failure is after the end");
  }

  number(event) {
    return this.head.first_event + event;
  }

  siteName(site) {
    return site < 0 ? "world" : this.sites[site].name;
  }

  historyName(history) {
    return this.histories[history]?.id.slice(0, 5) ?? "none";
  }

  // What is known of a node after an event; zero before anything is.
  value(host, metric, event) {
    const series = this.series[host]?.[metric];
    const row = series ? firstAfter(series.event, event) - 1 : -1;
    return row < 0 ? 0 : series.value[row];
  }

  // What an event changed at its node, by name: from and to.
  changes(event) {
    const changes = [];
    for (const [host, series] of this.series.entries()) {
      for (const [metric, { event: events, value }] of Object.entries(series)) {
        const row = firstAfter(events, event) - 1;
        if (row >= 0 && events[row] === event) changes.push({ host, metric, from: row ? value[row - 1] : 0, to: value[row] });
      }
    }
    return changes;
  }

  notesOf(event) {
    const { event: events, topic, text } = this.notes;
    const notes = [];
    for (let row = firstAfter(events, event - 1); events[row] === event; row++) {
      notes.push({ topic: this.head.topics[topic[row]], text: this.texts[text[row]] });
    }
    return notes;
  }

  // Messages that were written in an event and have arrived.
  sentIn(event) {
    const { sent } = this.messages;
    let [low, high] = [0, this.bySent.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sent[this.bySent[middle]] < event) low = middle + 1;
      else high = middle;
    }
    const rows = [];
    while (low < this.bySent.length && sent[this.bySent[low]] === event) rows.push(this.bySent[low++]);
    return rows;
  }

  lostOf(event) {
    const rows = [];
    for (let row = firstAfter(this.lost.event, event - 1); this.lost.event[row] === event; row++) rows.push(row);
    return rows;
  }

  // An event in a line.
  wordsOf(event) {
    let words = this.words.get(event);
    if (words === undefined) {
      const message = this.messageOf[event];
      const parts = this.notesOf(event).map((note) => note.text);
      if (event === this.failedAt) parts.sort((a, b) => b.startsWith("VIOLATION") - a.startsWith("VIOLATION"));
      else if (message >= 0) parts.unshift(this.messageWords(message));
      words = parts.join("; ") || this.head.kinds[this.kind[event]];
      this.words.set(event, words);
    }
    return words;
  }

  messageWords(row) {
    const { from, to, text } = this.messages;
    return `${this.siteName(from[row])} → ${this.siteName(to[row])}  ${this.texts[text[row]]}`;
  }

  // The last event of each site that can have led to an event; a site of which nothing can has none. Everything a site did before is in it, too.
  causalPast(event) {
    const last = new Int32Array(this.sites.length).fill(-1);
    let count = 0;
    if (this.site[event] >= 0) last[this.site[event]] = event;
    for (let row = event; row >= 0; row--) {
      const site = this.site[row];
      if (row !== event && (site < 0 || row > last[site])) continue;
      count++;
      const message = this.messageOf[row];
      if (message < 0) continue;
      const from = this.messages.from[message];
      last[from] = Math.max(last[from], this.messages.sent[message]);
    }
    return { event, last, count, has: (row) => row === event || (this.site[row] >= 0 && row <= last[this.site[row]]) };
  }
}

// The first place in sorted numbers that is more than this one.
function firstAfter(numbers, number) {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle] <= number) low = middle + 1;
    else high = middle;
  }
  return low;
}
