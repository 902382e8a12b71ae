// How does it look what sites sent each other? Lines from when and where it was written to when and where it arrived.

// Where on a line, and on which side of it, a label is tried.
const LABEL_PLACES = [[0.5, 1], [0.3, 1], [0.7, 1], [0.5, -1], [0.3, -1], [0.7, -1]];

class Messages {
  constructor(picture) {
    this.picture = picture;
  }

  *visible(view) {
    const { run, filter } = this.picture;
    const { event, sentAt, rows } = run.messages;
    const first = firstAfter(event, firstAfter(run.at, view.from - 1) - 1);
    for (let row = first; row < rows; row++) {
      // None that arrives later was written before the view ends.
      if (run.at[event[row]] - run.longest > view.to) return;
      if (sentAt[row] <= view.to && filter.shows(row)) yield row;
    }
  }

  // Where a line begins and ends, off the lanes.
  line(view, row) {
    const { run, y } = this.picture;
    const { from, to, sentAt, event } = run.messages;
    let [y1, y2] = [y[from[row]], y[to[row]]];
    const down = Math.sign(y2 - y1);
    y1 += down * this.edge(from[row]);
    y2 -= down * this.edge(to[row]);
    return { x1: view.x(sentAt[row]), y1, x2: view.x(run.at[event[row]]), y2, row };
  }

  edge(site) {
    return site < this.picture.run.hosts ? 10 : 1;
  }

  draw(view, selection) {
    const { context, palette, run } = this.picture;
    const styles = [
      { colour: palette.stream, width: 1, alpha: 0.8 },
      { colour: palette.stream, width: 2.5, alpha: 0.45 },
      { colour: palette.sync, width: 1.4, alpha: 0.9 },
      { colour: palette.client, width: 1, alpha: 0.4 },
      { colour: palette.client, width: 1, alpha: 0.6 },
      { colour: palette.sync, width: 1.2, alpha: 0.7 },
    ];
    const groups = styles.map(() => []);
    const { kind, from, to, sentAt, event } = run.messages;
    const past = selection.isPastShown ? selection.past : null;
    const faded = [];
    // Lines of a kind between two sites that begin and end in the same pixels are one.
    const drawn = new Float64Array(run.sites.length ** 2 * MESSAGE_KINDS.length * 2).fill(NaN);
    let count = 0;
    for (const row of this.visible(view)) {
      if (to[row] < 0) continue;
      count++;
      const isInPast = !past || past.has(event[row]);
      const path = ((from[row] * run.sites.length + to[row]) * MESSAGE_KINDS.length + kind[row]) * 2 + isInPast;
      const pixels = Math.round(view.x(sentAt[row])) * 65536 + Math.round(view.x(run.at[event[row]]));
      if (drawn[path] === pixels) continue;
      drawn[path] = pixels;
      (isInPast ? groups[kind[row]] : faded).push(this.line(view, row));
    }
    // The more there are, the quieter they get.
    const density = Math.min(1, Math.sqrt(400 / Math.max(1, count)));
    this.stroke(faded, { colour: palette.stream, width: 1, alpha: 0.13 * Math.max(0.5, density) });
    for (const number of [ACK, CLIENT, STREAM, SNAPSHOT, OPERATOR, SYNC]) {
      const style = styles[number];
      const dense = number === SYNC || number === OPERATOR ? Math.max(0.5, density) : Math.max(0.2, density);
      this.stroke(groups[number], { ...style, alpha: style.alpha * dense });
    }
    if (count <= ARROWS_MAX) for (const number of groups.keys()) this.drawHeads(groups[number], styles[number]);
    if (count <= LABELS_MAX) this.labelMessages(groups.flat());
    this.drawLost(view);
    context.globalAlpha = 1;
  }

  stroke(lines, { colour, width, alpha }) {
    const { context } = this.picture;
    if (!lines.length) return;
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.globalAlpha = alpha;
    context.beginPath();
    for (const { x1, y1, x2, y2 } of lines) {
      context.moveTo(x1, y1);
      context.lineTo(x2, y2);
    }
    context.stroke();
    context.globalAlpha = 1;
  }

  drawHeads(lines, { colour, alpha }) {
    const { context } = this.picture;
    context.fillStyle = colour;
    context.globalAlpha = alpha;
    context.beginPath();
    for (const { x1, y1, x2, y2 } of lines) {
      const angle = Math.atan2(y2 - y1, x2 - x1);
      context.moveTo(x2, y2);
      for (const turn of [-0.35, 0.35]) context.lineTo(x2 - 7 * Math.cos(angle + turn), y2 - 7 * Math.sin(angle + turn));
      context.closePath();
    }
    context.fill();
    context.globalAlpha = 1;
  }

  // What is said, beside its line where there is room; first what decides who follows whom, and from where.
  labelMessages(lines) {
    const { context, palette, run, y, right } = this.picture;
    // Lanes and the names above them are not written over.
    const boxes = Array.from({ length: run.hosts }, (_, host) => ({ left: LEFT, right, top: y[host] - 22, bottom: y[host] + 12 }));
    context.font = MONO_FONT;
    context.textAlign = "left";
    context.textBaseline = "middle";
    const textOf = ({ row }) => run.texts[run.messages.text[row]].replace(/^\*\d+ /, "").replace(/\b([0-9a-f]{5})[0-9a-f]{35}\b/g, "$1…");
    const matters = (line) => /^(PSYNC|\+FULLRESYNC|\+CONTINUE|REPLICAOF|FAILOVER|WAIT)/.test(textOf(line));
    for (const line of lines.toSorted((a, b) => matters(b) - matters(a) || a.x2 - b.x2)) {
      const { x1, y1, x2, y2 } = line;
      const text = textOf(line);
      const words = text.length > 34 ? `${text.slice(0, 33)}…` : text;
      const width = context.measureText(words).width + 6;
      for (const [part, side] of LABEL_PLACES) {
        const middle = y1 + (y2 - y1) * part;
        const left = x1 + (x2 - x1) * part + (side > 0 ? 5 : -5 - width);
        const box = { left, right: left + width, top: middle - 6, bottom: middle + 6 };
        const meets = (other) => box.left < other.right && other.left < box.right && box.top < other.bottom && other.top < box.bottom;
        if (left < LEFT || box.right > this.picture.right || boxes.some(meets)) continue;
        boxes.push(box);
        context.globalAlpha = 0.86;
        context.fillStyle = palette.card;
        context.fillRect(left, box.top, width, 12);
        context.globalAlpha = 1;
        context.fillStyle = palette.ink;
        context.fillText(words, left + 3, middle);
        break;
      }
    }
  }

  // What never arrived goes half of its way.
  drawLost(view) {
    const { context, palette, run } = this.picture;
    const { lost } = run;
    context.strokeStyle = palette.fault;
    context.lineWidth = 1;
    context.beginPath();
    context.globalAlpha = 0.75;
    const first = firstAfter(lost.event, firstAfter(run.at, view.from - 1) - 1);
    const latest = new Map();
    for (let row = first; row < lost.rows && run.at[lost.event[row]] <= view.to; row++) {
      const path = lost.from[row] * run.sites.length + lost.to[row];
      if (view.x(run.at[lost.event[row]]) - (latest.get(path) ?? -Infinity) < 4) continue;
      latest.set(path, view.x(run.at[lost.event[row]]));
      const [y1, y2] = [this.picture.y[lost.from[row]], this.picture.y[lost.to[row]]];
      if (Number.isNaN(y1) || Number.isNaN(y2)) continue;
      const down = Math.sign(y2 - y1);
      const [x, start] = [view.x(run.at[lost.event[row]]), y1 + down * this.edge(lost.from[row])];
      const end = start + down * Math.min(16, Math.abs(y2 - y1) / 3);
      context.moveTo(x, start);
      context.lineTo(x + 3, end);
      context.moveTo(x, end - 2.5);
      context.lineTo(x + 6, end + 2.5);
      context.moveTo(x + 6, end - 2.5);
      context.lineTo(x, end + 2.5);
    }
    context.stroke();
    context.globalAlpha = 1;
  }
}
