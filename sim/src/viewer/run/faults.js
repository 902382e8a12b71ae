// How do faults look? Bars on top, in rows, and washes between the lanes that they are about.

class Faults {
  constructor(picture) {
    this.picture = picture;
    this.place();
  }

  // Faults that overlap in time get rows of their own.
  place() {
    const ends = [];
    this.rows = 0;
    const margin = (this.picture.run.end - this.picture.run.start) / 60;
    for (const fault of this.picture.run.faults) {
      let row = ends.findIndex((end) => end <= fault.at);
      if (row < 0) row = Math.min(ends.length, FAULT_ROWS_MAX - 1);
      ends[row] = Math.max(ends[row] ?? 0, fault.until + margin);
      fault.row = row;
      this.rows = Math.max(this.rows, row + 1);
    }
  }

  drawWashes(view) {
    const { context, palette } = this.picture;
    context.fillStyle = palette.faultWash;
    context.globalAlpha = 0.55;
    for (const fault of this.picture.run.faults) {
      const [left, right] = [view.x(fault.at), view.x(fault.until)];
      if (right - left < 1) continue;
      const lanes = fault.hosts.map((host) => this.picture.y[host]).filter((y) => !Number.isNaN(y));
      const [top, bottom] = [Math.min(...lanes) - 14, Math.max(...lanes) + 14];
      context.fillRect(left, top, right - left, bottom - top);
    }
    context.globalAlpha = 1;
  }

  draw(view) {
    const { context, palette } = this.picture;
    context.font = SMALL_FONT;
    context.textBaseline = "middle";
    context.textAlign = "left";
    const taken = [];
    for (const fault of this.picture.run.faults) {
      const left = Math.max(LEFT - 4, view.x(fault.at));
      const right = Math.min(this.picture.right + 4, view.x(fault.until));
      const top = AXIS_HEIGHT + fault.row * FAULT_HEIGHT;
      if (right < LEFT || left > this.picture.right) continue;
      context.fillStyle = palette.fault;
      if (right - left < 3) diamond(context, left, top + 7, 4.5);
      else rounded(context, left, top + 2, right - left, FAULT_HEIGHT - 5, 3);
      context.fill();
      const words = fault.words.replace(/ for \d[\d.]*s.*$/, "");
      const size = context.measureText(words).width;
      const isInside = size < right - left - 10;
      const start = isInside ? left + 6 : Math.max(left, right) + 6;
      const end = this.startOfNext(fault, view);
      if (!isInside && (start + size > end || (taken[fault.row] ?? 0) > start)) continue;
      taken[fault.row] = start + size;
      context.fillStyle = isInside ? palette.card : palette.soft;
      context.fillText(words, start, top + 7.5);
    }
  }

  // Where the next fault of the same row begins.
  startOfNext(fault, view) {
    const next = this.picture.run.faults.find((other) => other.row === fault.row && other.at > fault.at);
    return next ? view.x(next.at) - 6 : this.picture.right;
  }

  at(view, x, y) {
    const row = Math.floor((y - AXIS_HEIGHT) / FAULT_HEIGHT);
    return this.picture.run.faults.find((fault) => fault.row === row && x >= view.x(fault.at) - 6 && x <= view.x(fault.until) + 6);
  }
}
