// What do nodes have, over time? Three small plots under the lanes: the position in the history, keys, and bytes that are held for others.

const PLOTS = [
  { title: "Offset", metrics: ["offset"], isBytes: false, fromZero: false },
  { title: "Keys", metrics: ["keys"], isBytes: false, fromZero: true },
  { title: "Buffers", metrics: ["output", "log", "snapshot"], isBytes: true, fromZero: true },
];
const BYTE_UNITS = ["B", "kB", "MB", "GB"];

// A series that is the sum of others of the same node.
function sumOf(run, host, metrics) {
  const all = metrics.map((metric) => run.series[host][metric]).filter(Boolean);
  if (all.length < 2) return all[0] ?? { event: [], at: [], value: [] };
  const places = all.map(() => 0);
  const sum = { event: [], at: [], value: [] };
  for (;;) {
    const event = Math.min(...all.map((series, i) => series.event[places[i]] ?? Infinity));
    if (event === Infinity) return sum;
    let value = 0;
    for (const [i, series] of all.entries()) {
      if (series.event[places[i]] === event) places[i]++;
      if (places[i]) value += series.value[places[i] - 1];
    }
    sum.event.push(event);
    sum.at.push(run.at[event]);
    sum.value.push(value);
  }
}

function amount(value, isBytes) {
  if (!isBytes) return value.toLocaleString("en");
  let unit = 0;
  while (value >= 1000 && unit < BYTE_UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit && value < 100 ? value.toFixed(1) : Math.round(value)} ${BYTE_UNITS[unit]}`;
}

class Plots {
  constructor(run) {
    this.run = run;
    this.all = PLOTS.map((plot) => ({
      ...plot,
      series: Array.from({ length: run.hosts }, (_, host) => sumOf(run, host, plot.metrics)),
    }));
  }

  draw(context, palette, view, box, rowHeight) {
    for (const [number, plot] of this.all.entries()) {
      const top = box.top + number * rowHeight;
      this.drawOne(context, palette, view, plot, { ...box, top: top + 12, bottom: top + rowHeight - 8 });
    }
  }

  // The runs of each node that lie in the view, in pieces between changes of its history, each with the rows of the series that belong to it.
  *pieces(plot, view) {
    for (const [host, series] of plot.series.entries()) {
      for (const span of this.run.spans[host]) {
        if (!span.isUp || span.until < view.from || span.from > view.to) continue;
        const begin = Math.max(0, firstAfter(series.event, span.event) - 1);
        const end = firstAfter(series.event, span.untilEvent - 1);
        const first = Math.max(begin, firstAfter(series.at, view.from) - 1);
        const last = Math.min(end, firstAfter(series.at, view.to));
        yield { host, span, series, begin, first, last: Math.max(last, Math.min(first + 1, end)) };
      }
    }
  }

  drawOne(context, palette, view, plot, box) {
    let [low, high] = [Infinity, -Infinity];
    for (const { series, first, last } of this.pieces(plot, view)) {
      for (let row = first; row < last; row++) {
        if (series.value[row] < low) low = series.value[row];
        if (series.value[row] > high) high = series.value[row];
      }
    }
    if (high < 0) [low, high] = [0, 0];
    if (plot.fromZero) low = 0;
    const y = (value) => (high === low ? box.bottom : box.bottom - ((value - low) / (high - low)) * (box.bottom - box.top));
    this.drawFrame(context, palette, plot, box, low, high);
    const ends = [];
    context.lineJoin = "round";
    for (const { host, span, series, begin, first, last } of this.pieces(plot, view)) {
      context.strokeStyle = span.isMaster || span.hasLog ? palette.history(span.history) : palette.nowhere;
      context.lineWidth = span.isMaster ? 2.5 : 1.25;
      context.beginPath();
      const start = Math.max(box.left, view.x(span.from));
      // From where the node was before, if it went on.
      const isContinued = begin > 0 && series.event[begin] === span.event && this.wasUpBefore(host, span);
      let [x, height] = [start, y(series.value[isContinued && first === begin ? begin - 1 : first] ?? 0)];
      context.moveTo(x, height);
      for (let row = first; row < last; row++) {
        const at = Math.max(start, view.x(series.at[row]));
        const next = y(series.value[row]);
        if (at - x < 0.5 && Math.abs(next - height) < 0.5) continue;
        context.lineTo(at, height);
        context.lineTo(at, next);
        [x, height] = [at, next];
      }
      const end = Math.min(box.right, view.x(span.until));
      context.lineTo(end, height);
      context.stroke();
      if (end >= box.right - 1 || span === this.run.spans[host].at(-1)) ends.push({ host, height, end });
    }
    this.nameEnds(context, palette, ends);
  }

  wasUpBefore(host, span) {
    const spans = this.run.spans[host];
    return Boolean(spans[spans.indexOf(span) - 1]?.isUp);
  }

  drawFrame(context, palette, plot, box, low, high) {
    context.strokeStyle = palette.line;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(box.left, Math.round(box.bottom) + 0.5);
    context.lineTo(box.right, Math.round(box.bottom) + 0.5);
    context.stroke();
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.fillStyle = palette.ink;
    context.font = FONT;
    context.fillText(plot.title, 12, (box.top + box.bottom) / 2);
    context.fillStyle = palette.soft;
    context.font = SMALL_FONT;
    context.textAlign = "right";
    context.fillText(amount(high, plot.isBytes), box.left - 8, box.top + 1);
    if (high !== low) context.fillText(amount(low, plot.isBytes), box.left - 8, box.bottom - 2);
  }

  // The names of nodes at the right ends of their lines; those at the same height share one place.
  nameEnds(context, palette, ends) {
    const groups = [];
    for (const end of ends.toSorted((a, b) => a.height - b.height)) {
      const last = groups.at(-1);
      if (last && end.height - last.height < 11) last.names.push(this.run.siteName(end.host));
      else groups.push({ height: end.height, end: end.end, names: [this.run.siteName(end.host)] });
    }
    context.font = SMALL_FONT;
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.fillStyle = palette.soft;
    for (const { names, height, end } of groups) {
      context.fillText(names.length > 3 ? `${names[0]}…${names.at(-1)}` : names.join(" "), end + 5, height);
    }
  }
}
