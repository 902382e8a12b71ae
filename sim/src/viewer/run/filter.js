// Which events does somebody want to see?

class Filter {
  constructor(run) {
    this.run = run;
    this.query = "";
    this.hidden = new Set();
    // Events that tell something: what stepping comes to, and what lists hold.
    this.told = new Uint8Array(run.count);
    this.isNoted = new Uint8Array(run.count);
    for (const event of run.notes.event) this.isNoted[event] = 1;
    this.apply();
  }

  get isActive() {
    return this.query !== "";
  }

  setQuery(query) {
    this.query = query.trim();
    this.apply();
  }

  toggle(kind) {
    if (!this.hidden.delete(kind)) this.hidden.add(kind);
    this.apply();
  }

  // Whether a message is drawn.
  shows(message) {
    const { kind, event } = this.run.messages;
    return !this.hidden.has(kind[message]) && (!this.isActive || this.told[event[message]] === 1);
  }

  apply() {
    const { run } = this;
    const tests = this.query.toLowerCase().split(/\s+/).filter(Boolean).map((word) => this.test(word));
    this.matches = 0;
    for (let event = 0; event < run.count; event++) {
      const message = run.messageOf[event];
      const isTold = (message >= 0 && !this.hidden.has(run.messages.kind[message])) || this.isNoted[event] || event === run.failedAt;
      this.told[event] = isTold && tests.every((test) => test(event, message)) ? 1 : 0;
      this.matches += this.told[event];
    }
  }

  test(word) {
    const { run } = this;
    if (word.startsWith("-") && word.length > 1) {
      const test = this.test(word.slice(1));
      return (event, message) => !test(event, message);
    }
    const isNamed = (site, name) => run.siteName(site).toLowerCase() === name;
    const [field, name] = word.split(":");
    if (name) {
      const { from, to, kind } = run.messages;
      if (field === "at") return (event) => isNamed(run.site[event], name);
      if (field === "from") return (_, message) => message >= 0 && isNamed(from[message], name);
      if (field === "to") return (_, message) => message >= 0 && isNamed(to[message], name);
      if (field === "is") {
        const number = MESSAGE_KINDS.findIndex((known) => known.name === name);
        if (number >= 0) return (_, message) => message >= 0 && kind[message] === number;
        return (event) => run.head.kinds[run.kind[event]] === name || run.notesOf(event).some((note) => note.topic === name);
      }
    }
    return (event) => run.wordsOf(event).toLowerCase().includes(word);
  }

  // The nearest told event before or after another that is wanted, if there is one.
  next(event, step, isWanted = () => true) {
    for (let row = event + step; row >= 0 && row < this.told.length; row += step) {
      if (this.told[row] && isWanted(row)) return row;
    }
    return -1;
  }
}
