// How does one move about? The view, the chosen event, keys, pointer, address.

const MARGIN = 0.02;
const SPAN_MIN = 40;
const BEFORE_FAILURE = 2e6;
const STEP_FACTOR = 1.6;

class Page {
  constructor(run) {
    this.run = run;
    this.filter = new Filter(run);
    this.palette = new Palette(colourHistories(run));
    const canvas = document.querySelector("#picture canvas");
    this.picture = new Picture(canvas, document.getElementById("overview"), run, this.filter, this.palette);
    this.selection = { event: -1, at: null, past: null, isPastShown: true };
    this.panel = new Panel(run, this.filter, this.palette, (event) => this.choose(event, true));
    this.view = this.wholeView();
    this.describe();
    drawLegend(run, this.palette, this.filter, this.panel, () => this.filtered());
    this.goWhereTheAddressSays() || this.begin();
    this.listen();
    this.resize();
  }

  describe() {
    const { head } = this.run;
    const at = (id) => document.getElementById(id);
    at("title").textContent = head.title;
    const [violation] = head.violations;
    at("verdict").textContent = violation ? `✕ ${violation.property.replaceAll("_", "-")} is broken at ${clock(violation.at_us)}` : "✓ all properties held";
    at("verdict").classList.toggle("broken", Boolean(violation));
    const defects = head.defects.length ? `, with the defect ${head.defects.join(", ")}` : "";
    const emptied = [...new Set(this.picture.lanes.emptied.map(({ site }) => this.run.siteName(site)))].toSorted();
    if (emptied.length) at("facts").append(element("b", { class: "alarm" }, `Emptied by a synchronisation: ${emptied.join(", ")}. `));
    at("facts").append(`${this.run.count.toLocaleString("en")} events in ${clock(this.run.end - this.run.start, 1e4)}${defects}. Again: `, element("code", {}, head.command));
    at("failure").hidden = this.run.failedAt < 0;
    const title = `${head.title}: lanes of ${this.run.hosts} nodes over time`;
    at("picture").setAttribute("aria-label", title);
  }

  wholeView() {
    const { start, end } = this.run;
    return new View(start - (end - start) * MARGIN, end + (end - start) * MARGIN);
  }

  // The last seconds before the failure, or all.
  begin() {
    if (this.run.failedAt < 0) return;
    this.select(this.run.failedAt);
    const at = this.run.at[this.run.failedAt];
    const from = at - this.run.start < 2 * BEFORE_FAILURE ? this.run.start : at - BEFORE_FAILURE;
    this.view = new View(from - (at - from) * MARGIN, at + (at - from) * 0.06 + SPAN_MIN);
  }

  // #t=from-to&e=event&q=filter
  goWhereTheAddressSays() {
    const wanted = new URLSearchParams(location.hash.slice(1));
    const [from, to] = (wanted.get("t") ?? "").split("-").map((at) => Number(at) * 1e6);
    const query = wanted.get("q") ?? "";
    document.getElementById("filter").value = query;
    this.filter.setQuery(query);
    const event = Number(wanted.get("e") ?? NaN) - this.run.head.first_event;
    const isEvent = Number.isInteger(event) && event >= 0 && event < this.run.count;
    this.select(isEvent ? event : -1);
    if (to > from) this.view = new View(from, to);
    else if (isEvent) this.reveal(event);
    return to > from || isEvent;
  }

  noteAddress() {
    // Within another page it has no address of its own.
    if (location.protocol === "about:") return;
    const { from, to } = this.view;
    const parts = new URLSearchParams({ t: `${(from / 1e6).toFixed(6)}-${(to / 1e6).toFixed(6)}`.replace(/^-[\d.]+/, "0") });
    if (this.selection.event >= 0) parts.set("e", this.run.number(this.selection.event));
    if (this.filter.isActive) parts.set("q", this.filter.query);
    this.address = `#${parts}`;
    clearTimeout(this.addressTimer);
    this.addressTimer = setTimeout(() => history.replaceState(null, "", this.address), 250);
  }

  select(event) {
    const { selection, run } = this;
    selection.event = event;
    selection.at = event < 0 ? null : run.at[event];
    selection.past = event < 0 ? null : run.causalPast(event);
  }

  choose(event, isRevealed) {
    this.select(event);
    if (event >= 0) {
      if (isRevealed) this.reveal(event);
      const number = `Event ${this.run.number(event)} at ${clock(this.run.at[event])}`;
      document.getElementById("announce").textContent = `${number}: ${this.run.wordsOf(event)}`;
    }
    this.panelIsStale = true;
    this.redraw();
  }

  // Moves the view so that an event can be seen.
  reveal(event) {
    const at = this.run.at[event];
    const { from, to } = this.view;
    const margin = (to - from) * 0.06;
    if (at < from + margin) this.setView(at - (to - from) * 0.3, at + (to - from) * 0.7);
    else if (at > to - margin) this.setView(at - (to - from) * 0.7, at + (to - from) * 0.3);
  }

  step(direction, isSameSite) {
    const { run, selection } = this;
    const start = selection.event >= 0 ? selection.event : firstAfter(run.at, (this.view.from + this.view.to) / 2) - 1;
    const site = run.site[selection.event];
    const event = this.filter.next(start, direction, (row) => !isSameSite || run.site[row] === site);
    if (event >= 0) this.choose(event, true);
  }

  setView(from, to) {
    const whole = this.wholeView();
    let span = Math.min(Math.max(to - from, SPAN_MIN), whole.to - whole.from);
    if (span !== to - from) {
      const middle = (from + to) / 2;
      from = middle - span / 2;
    }
    from = Math.min(Math.max(from, whole.from), whole.to - span);
    this.view.from = from;
    this.view.to = from + span;
    this.panelIsStale ||= this.selection.at === null;
    this.redraw();
  }

  // Goes there in some steps, so that the eye can follow.
  glide(from, to) {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return this.setView(from, to);
    const [start, end] = [this.view.from, this.view.to];
    const begun = performance.now();
    const move = (now) => {
      const part = Math.min(1, Math.max(0, (now - begun) / 160));
      const eased = 1 - (1 - part) ** 3;
      this.setView(start + (from - start) * eased, end + (to - end) * eased);
      this.gliding = part < 1 ? requestAnimationFrame(move) : 0;
    };
    cancelAnimationFrame(this.gliding);
    this.gliding = requestAnimationFrame(move);
  }

  zoom(factor, at = null) {
    const { from, to } = this.view;
    const chosen = this.selection.at;
    const middle = at ?? (chosen !== null && chosen >= from && chosen <= to ? chosen : (from + to) / 2);
    const [left, right] = [middle - (middle - from) / factor, middle + (to - middle) / factor];
    if (at === null) this.glide(left, right);
    else this.setView(left, right);
  }

  pan(part) {
    const { from, to } = this.view;
    this.glide(from + (to - from) * part, to + (to - from) * part);
  }

  showWhole() {
    const { from, to } = this.wholeView();
    this.glide(from, to);
  }

  showFailure() {
    if (this.run.failedAt < 0) return;
    this.begin();
    this.choose(this.run.failedAt, false);
  }

  showPast(isShown) {
    this.selection.isPastShown = isShown;
    document.getElementById("past").setAttribute("aria-pressed", String(isShown));
    this.redraw();
  }

  filtered() {
    document.getElementById("matches").textContent = this.filter.isActive ? `${this.filter.matches.toLocaleString("en")} events` : "";
    this.panelIsStale = true;
    this.redraw();
  }

  switchTheme() {
    switchTheme();
    this.recolour();
  }

  recolour() {
    this.palette.refresh();
    this.redraw();
  }

  resize() {
    const box = document.getElementById("picture");
    const above = box.getBoundingClientRect().top + scrollY;
    const isNarrow = innerWidth <= 1020;
    const legend = document.getElementById("legend").offsetHeight;
    this.picture.resize(box.clientWidth, Math.max(isNarrow ? 520 : 420, innerHeight - above - legend - 26));
    this.panelIsStale = true;
    this.draw();
  }

  redraw() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.frame = 0;
    this.picture.draw(this.view, this.selection);
    if (this.panelIsStale) this.panel.show(this.selection, Math.min(this.view.to, this.run.end));
    this.panelIsStale = false;
    this.noteAddress();
  }

  listen() {
    const at = (id) => document.getElementById(id);
    const clicks = {
      back: () => this.step(-1),
      forth: () => this.step(1),
      closer: () => this.zoom(STEP_FACTOR),
      farther: () => this.zoom(1 / STEP_FACTOR),
      whole: () => this.showWhole(),
      failure: () => this.showFailure(),
      past: () => this.showPast(!this.selection.isPastShown),
      theme: () => this.switchTheme(),
      "help-button": () => at("help").showModal(),
    };
    for (const [id, act] of Object.entries(clicks)) at(id).addEventListener("click", act);
    at("filter").addEventListener("input", () => {
      this.filter.setQuery(at("filter").value);
      this.filtered();
    });
    document.addEventListener("keydown", (event) => this.onKey(event));
    addEventListener("hashchange", () => {
      if (location.hash === this.address) return;
      this.goWhereTheAddressSays();
      this.filtered();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.recolour());
    new ResizeObserver(() => at("picture").clientWidth !== this.picture.width && this.resize()).observe(at("stage"));
    addEventListener("resize", () => this.resize());
    addEventListener("beforeprint", () => this.resize());
    addEventListener("afterprint", () => this.resize());
    matchMedia("print").addEventListener("change", () => this.recolour());
    this.listenToPointer(at("picture"), at("tip"), at("scrub"));
    this.listenToOverview(at("overview"));
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const input = document.getElementById("filter");
    if (event.target === input) {
      if (event.key === "Escape" || event.key === "Enter") document.getElementById("picture").focus();
      if (event.key !== "Escape" || !input.value) return;
      input.value = "";
      this.filter.setQuery("");
      this.filtered();
      return;
    }
    const keys = {
      ArrowLeft: () => this.step(-1, event.shiftKey),
      ArrowRight: () => this.step(1, event.shiftKey),
      Home: () => this.choose(this.filter.next(-1, 1), true),
      End: () => this.choose(this.filter.next(this.run.count, -1), true),
      PageUp: () => this.pan(-0.8),
      PageDown: () => this.pan(0.8),
      "+": () => this.zoom(STEP_FACTOR),
      "=": () => this.zoom(STEP_FACTOR),
      "-": () => this.zoom(1 / STEP_FACTOR),
      0: () => this.showWhole(),
      f: () => this.showFailure(),
      c: () => this.showPast(!this.selection.isPastShown),
      t: () => this.switchTheme(),
      "/": () => input.select(),
      "?": () => document.getElementById("help").showModal(),
      Escape: () => this.choose(-1),
    };
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  listenToPointer(box, tip, scrub) {
    const place = (event) => {
      const { left, top } = box.getBoundingClientRect();
      return [event.clientX - left - box.clientLeft, event.clientY - top - box.clientTop];
    };
    let drag = null;
    box.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      drag = { x: event.clientX, from: this.view.from, to: this.view.to, isMoved: false };
      box.setPointerCapture(event.pointerId);
    });
    box.addEventListener("pointermove", (event) => {
      if (!drag) {
        this.point(box, tip, ...place(event));
        return this.scrub(scrub, place(event)[0]);
      }
      const moved = event.clientX - drag.x;
      drag.isMoved ||= Math.abs(moved) > 3;
      if (!drag.isMoved) return;
      box.classList.add("dragged");
      tip.hidden = true;
      scrub.hidden = true;
      const shift = (moved / this.view.width) * (drag.to - drag.from);
      this.setView(drag.from - shift, drag.to - shift);
    });
    box.addEventListener("pointerup", (event) => {
      if (drag && !drag.isMoved) this.choose(this.picture.eventAt(this.view, ...place(event)), false);
      drag = null;
      box.classList.remove("dragged");
    });
    box.addEventListener("pointercancel", () => (drag = null));
    box.addEventListener("pointerleave", () => {
      tip.hidden = true;
      this.scrub(scrub, -1);
    });
    box.addEventListener("dblclick", (event) => this.zoom(STEP_FACTOR ** 2, this.view.time(place(event)[0])));
    box.addEventListener("wheel", (event) => {
      event.preventDefault();
      const unit = event.deltaMode === 1 ? 30 : 1;
      const isSideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
      const span = this.view.to - this.view.from;
      if (isSideways) {
        const shift = (((event.deltaX || event.deltaY) * unit) / this.view.width) * span;
        this.setView(this.view.from + shift, this.view.to + shift);
      } else {
        this.zoom(Math.exp(-event.deltaY * unit * 0.0016), this.view.time(place(event)[0]));
      }
    }, { passive: false });
  }

  // Shows the nodes as they were when the pointer is; where it is left of all, as they were at the event.
  scrub(line, x) {
    const isOn = x >= LEFT && x <= this.picture.right;
    const wasOn = !line.hidden;
    line.hidden = !isOn;
    line.style.left = `${Math.round(x)}px`;
    if (!isOn) {
      this.panelIsStale ||= wasOn;
      if (wasOn) this.redraw();
      return;
    }
    cancelAnimationFrame(this.scrubbing);
    this.scrubbing = requestAnimationFrame(() => {
      const at = Math.max(this.run.start, Math.min(this.view.time(x), this.run.end));
      if (!line.hidden) this.panel.showNodes(this.panel.latest(at), at, -1);
    });
  }

  // Tells what the pointer is on.
  point(box, tip, x, y) {
    const event = this.picture.eventAt(this.view, x, y);
    const fault = event < 0 && this.picture.faults.at(this.view, x, y);
    box.classList.toggle("pointing", event >= 0);
    tip.hidden = event < 0 && !fault;
    if (tip.hidden) return;
    const words = fault ? `${clock(fault.at)}  ${fault.words}` : `${clock(this.run.at[event])}  ${this.run.wordsOf(event)}`;
    tip.textContent = words.length > 240 ? `${words.slice(0, 240)} …` : words;
    tip.style.left = `${Math.max(4, Math.min(x + 14, box.clientWidth - tip.offsetWidth - 4))}px`;
    tip.style.top = `${y + 18 + tip.offsetHeight > box.clientHeight ? y - tip.offsetHeight - 10 : y + 18}px`;
  }

  // The window of time is drawn, moved, or put where one clicks.
  listenToOverview(overview) {
    const time = (event) => {
      const { left } = overview.getBoundingClientRect();
      const { start, end } = this.run;
      return start + ((event.clientX - left - overview.clientLeft - LEFT) / this.view.width) * (end - start);
    };
    let grip = null;
    const move = (event) => {
      const span = this.view.to - this.view.from;
      this.setView(time(event) - grip, time(event) - grip + span);
    };
    overview.addEventListener("pointerdown", (event) => {
      const at = time(event);
      const { from, to } = this.view;
      grip = at >= from && at <= to ? at - from : (to - from) / 2;
      overview.setPointerCapture(event.pointerId);
      move(event);
    });
    overview.addEventListener("pointermove", (event) => grip !== null && move(event));
    for (const end of ["pointerup", "pointercancel"]) overview.addEventListener(end, () => (grip = null));
  }
}

async function main() {
  try {
    const run = new Run(await readData("run", 1));
    new Page(run);
    document.body.dataset.opened = performance.now().toFixed(0);
  } catch (error) {
    complain(error);
  }
}

main();
