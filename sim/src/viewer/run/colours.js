// In which colour is a history, and what are the colours of the page at the moment?

const HISTORY_COLOURS = 8;

// Below this part of all time in which nodes were up, a history is one that was given up at once: a replica names its own before it hears its master's.
const LONG_ENOUGH = 0.004;

// The histories in which nodes have spent the most time have colours of their own, in order of their first appearance; the others begin again, and are hatched.
function colourHistories(run) {
  const time = new Float64Array(run.histories.length);
  for (const spans of run.spans) {
    for (const { history, from, until, isUp, isMaster, hasLog } of spans) {
      if (isUp && history >= 0 && (isMaster || hasLog)) time[history] += until - from + 1;
    }
  }
  const seen = [...time.keys()].filter((history) => time[history] > 0);
  const often = seen.toSorted((a, b) => time[b] - time[a]);
  const all = time.reduce((sum, part) => sum + part, 0);
  const isLong = (history) => time[history] >= all * LONG_ENOUGH;
  const own = often.slice(0, HISTORY_COLOURS).toSorted((a, b) => isLong(b) - isLong(a) || a - b);
  const colours = new Map(own.map((history, number) => [history, { number, isShared: false }]));
  for (const [number, history] of often.slice(HISTORY_COLOURS).entries()) {
    colours.set(history, { number: number % HISTORY_COLOURS, isShared: true });
  }
  return { of: (history) => colours.get(history), named: own.filter(isLong) };
}

// The values that custom properties have now, for the canvas.
class Palette {
  constructor(colours) {
    this.colours = colours;
    this.probe = document.createElement("span");
    this.probe.hidden = true;
    document.body.append(this.probe);
    this.refresh();
  }

  refresh() {
    const names = ["paper", "card", "ink", "soft", "faint", "line", "danger", "danger-wash", "focus", "band"];
    names.push("nowhere", "stream", "sync", "client", "fault", "fault-wash");
    for (const name of names) this[name.replace("-w", "W")] = this.resolve(name);
    this.histories = Array.from({ length: HISTORY_COLOURS }, (_, number) => this.resolve(`history-${number}`));
    this.patterns = new Map();
  }

  resolve(name) {
    this.probe.style.color = `var(--${name})`;
    return getComputedStyle(this.probe).color;
  }

  history(history) {
    const colour = this.colours.of(history);
    return colour ? this.histories[colour.number] : this.nowhere;
  }

  // Stripes of a colour on another.
  stripes(context, colour, ground) {
    const key = colour + ground;
    if (!this.patterns.has(key)) {
      const tile = new OffscreenCanvas(6, 6);
      const brush = tile.getContext("2d");
      brush.fillStyle = ground;
      brush.fillRect(0, 0, 6, 6);
      brush.strokeStyle = colour;
      brush.lineWidth = 2;
      for (const shift of [-6, 0, 6]) {
        brush.moveTo(shift - 1, 7);
        brush.lineTo(shift + 7, -1);
      }
      brush.stroke();
      this.patterns.set(key, context.createPattern(tile, "repeat"));
    }
    return this.patterns.get(key);
  }
}
