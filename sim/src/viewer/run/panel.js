// What is told beside the picture: the nodes at an instant, an event, what led to it, its neighbours. All texts come from the run and are set as text.

const LISTED_BEFORE = 7;
const LISTED_AFTER = 7;
const CAUSES_LISTED = 6;
const METRIC_WORDS = { offset: "offset", keys: "keys", output: "output buffers", log: "replication log", snapshot: "snapshot buffers", replicas: "replicas online" };

class Panel {
  constructor(run, filter, palette, choose) {
    Object.assign(this, { run, filter, palette, choose });
    this.parts = Object.fromEntries(["nodes", "event", "causes", "list"].map((id) => [id, document.getElementById(id)]));
    document.querySelector("#plan pre").textContent = `${run.head.verdict}\n\n${run.head.plan}`;
  }

  // All about an event; if there is none, about a time.
  show(selection, at) {
    const event = selection.event >= 0 ? selection.event : this.latest(at);
    this.showNodes(event, selection.at ?? at, selection.event);
    this.showEvent(selection.event);
    this.showCauses(selection);
    this.showList(event, selection.event);
  }

  // The last event that was over at a time.
  latest(at) {
    return Math.max(0, firstAfter(this.run.at, at) - 1);
  }

  swatch(history) {
    const colour = this.palette.colours.of(history);
    const parent = this.run.histories[history]?.parent;
    const style = `background:var(--${colour ? `history-${colour.number}` : "nowhere"})`;
    const isBranch = parent && this.palette.colours.of(parent[0]);
    return element("span", {
      class: isBranch ? "swatch branch" : "swatch",
      style: isBranch ? `${style};border-color:var(--history-${this.palette.colours.of(parent[0]).number})` : style,
    });
  }

  showNodes(event, at, selected) {
    const { run } = this;
    const heads = ["", "", "history", "offset", "keys", "held"];
    const rows = run.spans.map((_, host) => {
      const state = stateOf(run.value(host, "state", event));
      const history = run.value(host, "history", event);
      const isHere = selected >= 0 && run.site[selected] === host;
      const name = element("td", {}, element("b", {}, run.siteName(host)));
      if (!state.isUp) {
        return element("tr", { class: isHere ? "here" : "" }, name, element("td", { class: "soft", colspan: heads.length - 1 }, "down"));
      }
      const isNowhere = !state.isMaster && !state.hasLog;
      const role = state.isMaster ? "master" : "replica";
      const what = state.isLoading ? `${role}, loading` : state.isMaster || state.link === LINK_ONLINE ? role : `${role}, ${LINK_WORDS[state.link]}`;
      const held = ["output", "log", "snapshot"].reduce((sum, metric) => sum + run.value(host, metric, event), 0);
      const named = isNowhere ? ["none"] : [this.swatch(history), " ", element("span", { class: "mono" }, run.historyName(history))];
      const cells = [named, [run.value(host, "offset", event).toLocaleString("en")], [run.value(host, "keys", event).toLocaleString("en")], [amount(held, true)]];
      return element("tr", { class: isHere ? "here" : "" }, name, element("td", {}, what), ...cells.map((cell) => element("td", {}, ...cell)));
    });
    const table = element("table", {}, element("tr", {}, ...heads.map((head) => element("th", { scope: "col" }, head))), ...rows);
    this.parts.nodes.replaceChildren(element("h2", {}, `Nodes at ${clock(at)}`), table);
  }

  showEvent(event) {
    const { run } = this;
    if (event < 0) {
      const hint = element("p", { class: "soft" }, "Click on a line or a lane, or step with ← and →.");
      this.parts.event.replaceChildren(element("h2", {}, "No event"), hint);
      return;
    }
    const message = run.messageOf[event];
    const kind = run.head.kinds[run.kind[event]];
    const where = run.site[event] < 0 ? "" : ` at ${run.siteName(run.site[event])}`;
    const title = element("h2", {}, `Event ${run.number(event)}: ${kind}${where}, ${clock(run.at[event])}`);
    const body = [];
    if (event === run.failedAt) {
      const { property, role, node, explanation } = run.head.violations[0];
      const whose = node ? ` by ${role} ${node}` : "";
      body.push(element("p", { class: "broken" }, element("b", {}, `${property.replaceAll("_", "-")} is broken${whose}: `), explanation));
    }
    if (message >= 0) body.push(element("p", { class: "what mono" }, run.messageWords(message)));
    const notes = run.notesOf(event).filter((note) => !note.text.startsWith("VIOLATION"));
    body.push(...notes.map((note) => element("p", {}, note.text)));
    const list = element("dl");
    const row = (term, ...contents) => list.append(element("dt", {}, term), element("dd", {}, ...contents));
    if (message >= 0) this.addMessage(message, row);
    for (const { host, metric, from, to } of run.changes(event)) {
      const words = METRIC_WORDS[metric];
      if (words) row(`${run.siteName(host)} ${words}`, `${from.toLocaleString("en")} → ${to.toLocaleString("en")}`);
      if (metric === "history") row(`${run.siteName(host)} history`, this.swatch(to), " ", element("span", { class: "mono", title: run.histories[to].id }, `${run.histories[to].id.slice(0, 16)}…`));
    }
    for (const sent of run.sentIn(event)) {
      const { to, bytes, event: arrival } = run.messages;
      row("writes", this.link(arrival[sent], `to ${run.siteName(to[sent])}, ${bytes[sent]} bytes, there at ${clock(run.at[arrival[sent]])}`));
    }
    for (const lost of run.lostOf(event)) {
      row("writes", `to ${run.siteName(run.lost.to[lost])}, ${run.lost.bytes[lost]} bytes that do not arrive: ${run.texts[run.lost.text[lost]]}`);
    }
    this.parts.event.replaceChildren(title, ...body, list);
  }

  addMessage(message, row) {
    const { run } = this;
    const { bytes, link, sent, sentAt, event, kind } = run.messages;
    row("kind", MESSAGE_KINDS[kind[message]].words);
    row("bytes", `${bytes[message].toLocaleString("en")}, by connection ${link[message]}`);
    const took = `${duration(run.at[event[message]] - sentAt[message])} before`;
    row("written", sent[message] < 0 ? took : this.link(sent[message], `by event ${run.number(sent[message])}, ${took}`));
  }

  link(event, words) {
    return element("button", { class: "plain", onclick: () => this.choose(event) }, words);
  }

  showCauses({ event, past }) {
    const { run } = this;
    if (!past) {
      this.parts.causes.replaceChildren();
      return;
    }
    const share = (100 * past.count) / (event + 1);
    const summary = `${past.count.toLocaleString("en")} of the ${(event + 1).toLocaleString("en")} events so far can have led here (${share.toFixed(share < 10 ? 1 : 0)} %). The latest:`;
    const latest = [];
    for (let row = this.filter.next(event, -1, past.has); row >= 0 && latest.length < CAUSES_LISTED; row = this.filter.next(row, -1, past.has)) {
      latest.unshift(row);
    }
    const list = element("ol", {}, ...latest.map((row) => element("li", {}, this.entry(row))));
    this.parts.causes.replaceChildren(element("h2", {}, "Causal past"), element("p", { class: "soft" }, summary), list);
  }

  showList(event, selected) {
    const rows = [event];
    for (let row = event; rows.length <= LISTED_BEFORE && row >= 0; ) {
      row = this.filter.next(row, -1);
      if (row >= 0) rows.unshift(row);
    }
    for (let row = event, left = LISTED_AFTER; left > 0 && row >= 0; left--) {
      row = this.filter.next(row, 1);
      if (row >= 0) rows.push(row);
    }
    const shown = rows.filter((row) => row === selected || this.filter.told[row]);
    const list = element("ol", {}, ...shown.map((row) => element("li", {}, this.entry(row, row === selected))));
    this.parts.list.replaceChildren(element("h2", {}, "Events nearby"), list);
  }

  entry(event, isCurrent = false) {
    const { run } = this;
    const button = this.link(event, "");
    if (isCurrent) button.setAttribute("aria-current", "true");
    const message = run.messageOf[event];
    const isMessage = message >= 0 && event !== run.failedAt;
    const where = isMessage ? `${run.siteName(run.messages.from[message])} → ${run.siteName(run.site[event])}` : run.siteName(run.site[event]);
    const words = isMessage ? run.texts[run.messages.text[message]] : run.wordsOf(event);
    button.title = run.wordsOf(event);
    button.append(
      element("span", { class: "time" }, (run.at[event] / 1e6).toFixed(6)),
      element("span", {}, where),
      element("span", {}, words),
    );
    return button;
  }
}

// The meaning of colours and lines; kinds of messages can be switched off.
function drawLegend(run, palette, filter, panel, changed) {
  const legend = document.getElementById("legend");
  const histories = palette.colours.named.map((history) => {
    const { id, owner, parent } = run.histories[history];
    const begun = owner ? `by ${run.siteName(owner[0])}${owner[1] > 1 ? `, life ${owner[1]}` : ""}` : "from before";
    const branch = parent ? `, from ${run.historyName(parent[0])} at ${parent[1].toLocaleString("en")}` : "";
    return element("span", { class: "item", title: id }, panel.swatch(history), element("span", { class: "mono" }, run.historyName(history)), element("span", { class: "soft" }, begun + branch));
  });
  const counts = MESSAGE_KINDS.map(() => 0);
  for (const kind of run.messages.kind) counts[kind]++;
  const kinds = MESSAGE_KINDS.flatMap(({ words }, kind) => {
    if (!counts[kind]) return [];
    const button = element("button", { "aria-pressed": String(!filter.hidden.has(kind)), title: "Show or hide" }, strokeOf(kind), `${words} ${counts[kind].toLocaleString("en")}`);
    button.addEventListener("click", () => {
      filter.toggle(kind);
      button.setAttribute("aria-pressed", String(!filter.hidden.has(kind)));
      changed();
    });
    return [button];
  });
  legend.replaceChildren(element("div", { class: "row" }, ...histories), element("div", { class: "row", role: "group", "aria-label": "Messages" }, ...kinds));
}

function strokeOf(kind) {
  const colour = kind === SYNC || kind === OPERATOR ? "sync" : kind === STREAM || kind === SNAPSHOT ? "stream" : "client";
  return element("span", { class: "stroke", style: `border-color:var(--${colour});border-top-width:${kind === SNAPSHOT ? 4 : kind === SYNC ? 2 : 1}px` });
}
