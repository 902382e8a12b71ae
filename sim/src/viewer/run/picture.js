// How does a run look? Faults on top, lanes of sites over time with what they sent each other, plots of what nodes have.

class Picture {
  constructor(canvas, overview, run, filter, palette) {
    Object.assign(this, { canvas, overview, run, filter, palette });
    this.plots = new Plots(run);
    this.lanes = new Lanes(this);
    this.messages = new Messages(this);
    this.faults = new Faults(this);
    this.density = this.countDensity();
  }

  countDensity() {
    const counts = new Float64Array(600);
    const { event } = this.run.messages;
    const scale = (counts.length - 1) / (this.run.end - this.run.start);
    for (const row of event) counts[Math.floor((this.run.at[row] - this.run.start) * scale)]++;
    return counts;
  }

  // Where everything goes. Sites that neither wrote nor read have no lane.
  layOut(width, roomForHeight) {
    const { run } = this;
    const isUsed = new Uint8Array(run.sites.length);
    for (const site of run.messages.from) isUsed[site] = 1;
    for (const site of run.messages.to) if (site >= 0) isUsed[site] = 1;
    const order = [...run.sites.keys()];
    const others = order.filter((site) => site >= run.hosts && isUsed[site]);
    const faults = this.faults.rows * FAULT_HEIGHT;
    const top = AXIS_HEIGHT + faults + 14;
    const thin = others.length > 7 ? 12 : others.length > 4 ? 15 : 19;
    const room = roomForHeight - top - others.length * thin - 12;
    const [low, high] = PLOT_HEIGHTS;
    this.plotHeight = Math.min(high, Math.max(low, room / (2 * PLOTS.length)));
    const thick = Math.min(110, Math.max(40, (room - PLOTS.length * this.plotHeight) / run.hosts));
    this.y = new Float64Array(run.sites.length).fill(NaN);
    let y = top;
    for (const site of others) {
      this.y[site] = y + thin / 2;
      y += thin;
    }
    for (let host = 0; host < run.hosts; host++) {
      this.y[host] = y + thick / 2;
      y += thick;
    }
    this.lanesTop = AXIS_HEIGHT + faults;
    this.lanesBottom = y + 4;
    this.width = width;
    this.height = this.lanesBottom + PLOTS.length * this.plotHeight + 8;
  }

  resize(width, roomForHeight) {
    this.layOut(width, roomForHeight);
    this.context = fit(this.canvas, width, this.height);
    this.overviewContext = fit(this.overview, width, 38);
  }

  draw(view, selection) {
    const { context, palette } = this;
    view.left = LEFT;
    view.width = Math.max(1, this.width - LEFT - RIGHT);
    this.right = this.width - RIGHT;
    context.clearRect(0, 0, this.width, this.height);
    this.lanes.drawGround();
    this.clipped(() => {
      this.faults.drawWashes(view);
      this.drawQuiet(view);
    });
    this.drawAxis(view);
    this.clipped(() => {
      this.faults.draw(view);
      this.drawFailureLine(view);
      this.messages.draw(view, selection);
      this.lanes.draw(view, selection);
      this.drawSelection(view, selection);
      this.drawFailure(view);
    });
    this.lanes.name();
    this.plots.draw(context, palette, view, { left: LEFT, right: this.right, top: this.lanesBottom }, this.plotHeight);
    this.clipped(() => this.drawCursor(view, selection));
    this.drawOverview(view);
  }

  clipped(draw) {
    this.context.save();
    this.context.beginPath();
    this.context.rect(LEFT, 0, this.right - LEFT, this.height);
    this.context.clip();
    draw();
    this.context.restore();
  }

  drawAxis(view) {
    const { context, palette } = this;
    const raw = ((view.to - view.from) * 110) / view.width;
    const power = 10 ** Math.floor(Math.log10(Math.max(1, raw)));
    const step = Math.max(1, [1, 2, 5, 10].find((factor) => factor * power >= raw) * power);
    context.font = SMALL_FONT;
    context.textAlign = "center";
    context.textBaseline = "middle";
    for (let tick = Math.ceil(view.from / step) * step; tick <= view.to; tick += step) {
      const x = Math.round(view.x(tick));
      context.fillStyle = palette.line;
      context.fillRect(x, AXIS_HEIGHT - 5, 1, this.height - AXIS_HEIGHT);
      context.fillStyle = palette.soft;
      const words = clock(tick, step);
      const half = context.measureText(words).width / 2;
      if (x < LEFT - 4 || x > this.right + 4 || this.flagCovers(view, x, half)) continue;
      context.fillText(words, Math.min(x, this.width - half - EDGE), 10);
    }
  }

  drawQuiet(view) {
    const { context, palette, run } = this;
    if (run.head.quiet_us === null) return;
    const x = view.x(run.head.quiet_us);
    context.strokeStyle = palette.faint;
    context.setLineDash([3, 4]);
    context.beginPath();
    context.moveTo(x, AXIS_HEIGHT - 5);
    context.lineTo(x, this.height);
    context.stroke();
    context.setLineDash([]);
    context.font = SMALL_FONT;
    context.fillStyle = palette.soft;
    context.textBaseline = "alphabetic";
    // To the side of the line on which there is room.
    const words = "faults end";
    const isRoom = x + 5 + context.measureText(words).width <= this.right;
    context.textAlign = isRoom ? "left" : "right";
    context.fillText(words, isRoom ? x + 5 : x - 5, this.height - 3);
  }

  drawFailureLine(view) {
    const { context, palette, run } = this;
    if (run.failedAt < 0) return;
    const x = Math.round(view.x(run.at[run.failedAt])) + 0.5;
    context.strokeStyle = palette.danger;
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo(x, AXIS_HEIGHT - 4);
    context.lineTo(x, this.height);
    context.stroke();
  }

  // The flag with the name of the failed property lies on the axis.
  flag(view) {
    const { context, run } = this;
    const words = `✕ ${run.head.violations[0].property.replaceAll("_", "-")}`;
    context.font = BOLD_FONT;
    const width = context.measureText(words).width + 14;
    const x = view.x(run.at[run.failedAt]);
    return { words, width, left: x + width > this.right ? x - width : x };
  }

  flagCovers(view, x, half) {
    if (this.run.failedAt < 0) return false;
    const { left, width } = this.flag(view);
    this.context.font = SMALL_FONT;
    return x + half > left - EDGE && x - half < left + width + EDGE;
  }

  drawFailure(view) {
    const { context, palette, run } = this;
    if (run.failedAt < 0) return;
    const x = view.x(run.at[run.failedAt]);
    const { node } = run.head.violations[0];
    const site = run.sites.findIndex((site) => site.name === node);
    context.lineWidth = 2.5;
    context.strokeStyle = palette.danger;
    if (site >= 0) {
      context.beginPath();
      context.arc(x, this.y[site], 13, 0, 7);
      context.stroke();
    }
    const { words, width, left } = this.flag(view);
    context.font = BOLD_FONT;
    context.fillStyle = palette.danger;
    rounded(context, left, 1, width, 19, 4);
    context.fill();
    context.fillStyle = palette.card;
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.fillText(words, left + 7, 11);
  }

  drawSelection(view, selection) {
    const { context, palette, run } = this;
    if (selection.event < 0) return;
    const message = run.messageOf[selection.event];
    const lines = run.sentIn(selection.event).concat(message >= 0 ? [message] : []).map((row) => this.messages.line(view, row));
    const style = { colour: palette.focus, width: 2.5, alpha: 1 };
    this.messages.stroke(lines, style);
    this.messages.drawHeads(lines, style);
    const [x, y] = [view.x(run.at[selection.event]), this.y[run.site[selection.event]]];
    if (Number.isNaN(y ?? NaN)) return;
    context.fillStyle = palette.card;
    context.strokeStyle = palette.focus;
    context.lineWidth = 2.5;
    context.beginPath();
    context.arc(x, y, 5, 0, 7);
    context.fill();
    context.stroke();
  }

  drawCursor(view, selection) {
    const { context, palette } = this;
    if (selection.at === null) return;
    context.fillStyle = palette.focus;
    context.globalAlpha = 0.6;
    context.fillRect(Math.round(view.x(selection.at)), AXIS_HEIGHT - 5, 1, this.height);
    context.globalAlpha = 1;
  }

  drawOverview(view) {
    const { overviewContext: context, palette, run, width } = this;
    const height = 38;
    context.clearRect(0, 0, width, height);
    const x = (at) => LEFT + ((at - run.start) / (run.end - run.start)) * view.width;
    const most = Math.sqrt(this.density.reduce((most, count) => Math.max(most, count), 1));
    context.fillStyle = palette.faint;
    const bar = view.width / this.density.length;
    for (const [place, count] of this.density.entries()) {
      const size = (Math.sqrt(count) / most) * (height - 14);
      context.fillRect(LEFT + place * bar, height - 4 - size, Math.ceil(bar), size);
    }
    context.fillStyle = palette.fault;
    for (const fault of run.faults) context.fillRect(x(fault.at), 4, Math.max(2, x(fault.until) - x(fault.at)), 3);
    if (run.failedAt >= 0) {
      context.fillStyle = palette.danger;
      context.fillRect(x(run.at[run.failedAt]) - 1, 0, 2, height);
    }
    const [left, right] = [x(Math.max(view.from, run.start)), x(Math.min(view.to, run.end))];
    context.fillStyle = palette.focus;
    context.globalAlpha = 0.14;
    context.fillRect(left, 0, Math.max(2, right - left), height);
    context.globalAlpha = 0.8;
    for (const edge of [left, Math.max(right, left + 2)]) context.fillRect(edge - 1, 0, 2, height);
    context.globalAlpha = 1;
    context.font = SMALL_FONT;
    context.fillStyle = palette.soft;
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.fillText("all of it", 12, height / 2);
  }

  // The event that somebody points at, or -1: the nearest line, or the nearest thing on a lane.
  eventAt(view, x, y) {
    const { run } = this;
    if (x < LEFT || x > this.right || y < this.lanesTop || y > this.lanesBottom) return -1;
    let [best, distance] = [-1, 7];
    const lane = this.y.findIndex((at, site) => Math.abs(at - y) <= (site < run.hosts ? 12 : 6));
    if (lane >= 0) {
      const middle = firstAfter(run.at, view.time(x));
      const near = [this.filter.next(middle, -1, (row) => run.site[row] === lane), this.filter.next(middle - 1, 1, (row) => run.site[row] === lane)];
      for (const row of near) {
        const away = row < 0 ? Infinity : Math.abs(view.x(run.at[row]) - x);
        if (away < distance + 5) [best, distance] = [row, away - 5];
      }
    }
    for (const row of this.messages.visible(view)) {
      const line = this.messages.line(view, row);
      if (y < Math.min(line.y1, line.y2) - 5 || y > Math.max(line.y1, line.y2) + 5) continue;
      if (x < Math.min(line.x1, line.x2) - distance || x > Math.max(line.x1, line.x2) + distance) continue;
      const away = distanceTo(line, x, y);
      if (away < distance) [best, distance] = [run.messages.event[row], away];
    }
    return best;
  }
}
