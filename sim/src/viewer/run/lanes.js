// How does a node look over time? A band in the colour of its history, with what happened to it.

class Lanes {
  constructor(picture) {
    this.picture = picture;
    this.emptied = this.findEmptied();
  }

  // Notes that a node has lost all of its data to a synchronisation. One that loads others in their place has not.
  findEmptied() {
    const { run } = this.picture;
    const found = [];
    for (const [row, event] of run.notes.event.entries()) {
      const words = /^(\S+) had (\d+) keys and has none now/.exec(run.texts[run.notes.text[row]]);
      const site = words ? run.sites.findIndex((site) => site.name === words[1]) : -1;
      const loaded = run.spans[site]?.find((span) => span.untilEvent > event && !span.isLoading);
      const isEmpty = loaded && run.value(site, "keys", Math.max(event, loaded.event)) === 0;
      if (isEmpty) found.push({ event, site, keys: Number(words[2]) });
    }
    return found;
  }

  drawGround() {
    const { context, palette, run, y, right, lanesBottom, width } = this.picture;
    context.fillStyle = palette.band;
    for (let host = 0; host < run.hosts; host++) context.fillRect(LEFT, Math.round(y[host]) - 11, right - LEFT, 22);
    context.fillStyle = palette.line;
    for (let site = run.hosts; site < run.sites.length; site++) {
      if (!Number.isNaN(y[site])) context.fillRect(LEFT, Math.round(y[site]), right - LEFT, 1);
    }
    context.fillRect(0, Math.round(lanesBottom), width, 1);
  }

  name() {
    const { context, palette, run, y } = this.picture;
    context.textAlign = "left";
    context.textBaseline = "middle";
    for (const site of run.sites.keys()) {
      if (Number.isNaN(y[site])) continue;
      context.font = site < run.hosts ? BOLD_FONT : SMALL_FONT;
      context.fillStyle = site < run.hosts ? palette.ink : palette.soft;
      context.fillText(run.sites[site].name, 12, y[site]);
    }
  }

  draw(view, selection) {
    for (let host = 0; host < this.picture.run.hosts; host++) this.drawOne(host, view, selection);
    this.drawMarks(view);
  }

  drawOne(host, view, selection) {
    const { context, palette, run } = this.picture;
    const y = Math.round(this.picture.y[host]);
    const spans = run.spans[host];
    context.globalAlpha = 1;
    let labelled = -Infinity;
    let covered = -Infinity;
    for (const [place, span] of spans.entries()) {
      if (span.until < view.from) continue;
      if (span.from > view.to) break;
      const left = Math.max(LEFT - 2, view.x(span.from));
      const right = Math.min(this.picture.right + 2, view.x(span.until));
      if (right - covered < 0.4) continue;
      covered = right;
      this.drawSpan(span, left, Math.max(right, left + 1), y);
      const before = spans[place - 1];
      if (!span.isUp && before?.isUp) this.crosses(view.x(span.from), y);
      const isNamed = span.isUp && (span.isMaster || span.hasLog) && (before?.history !== span.history || !before.isUp || left < LEFT);
      if (isNamed && left - labelled > 44 && this.roomOf(spans, place, view) > 40) {
        this.nameHistory(span, Math.max(left, LEFT), y);
        labelled = Math.max(left, LEFT);
      }
    }
    this.drawPauses(host, view, y);
    if (selection.past && selection.isPastShown) this.fade(host, view, selection.past, y);
    this.drawNoteTicks(host, view, y);
  }

  // How long a history is seen from here on.
  roomOf(spans, place, view) {
    let until = spans[place].until;
    for (let next = place + 1; next < spans.length && spans[next].isUp && spans[next].history === spans[place].history; next++) {
      until = spans[next].until;
    }
    return Math.min(this.picture.right, view.x(until)) - Math.max(LEFT, view.x(spans[place].from));
  }

  drawSpan(span, left, right, y) {
    const { context, palette, run } = this.picture;
    if (!span.isUp) {
      context.fillStyle = palette.faint;
      for (let x = Math.ceil(left / 5) * 5; x < right; x += 5) context.fillRect(x, y, 2, 1);
      return;
    }
    const height = span.isMaster ? 16 : 9;
    const top = y - height / 2;
    const isNowhere = !span.isMaster && !span.hasLog;
    const colour = isNowhere ? palette.nowhere : palette.history(span.history);
    const isShared = palette.colours.of(span.history)?.isShared;
    const isIdle = !span.isReady || (!span.isMaster && span.link !== LINK_ONLINE);
    context.fillStyle = colour;
    if (span.isLoading || span.link === LINK_TRANSFER) context.fillStyle = palette.stripes(context, colour, palette.card);
    else if (isShared && !isNowhere) context.fillStyle = palette.stripes(context, palette.card, colour);
    else if (isIdle) context.globalAlpha = 0.38;
    context.fillRect(left, top, right - left, height);
    context.globalAlpha = 1;
    if (isIdle || isNowhere) {
      context.fillStyle = colour;
      context.fillRect(left, top, right - left, 1);
      context.fillRect(left, top + height - 1, right - left, 1);
    }
    const parent = run.histories[span.history]?.parent;
    if (parent && !isNowhere) {
      context.fillStyle = palette.card;
      context.fillRect(left, top + height, right - left, 1);
      context.fillStyle = palette.history(parent[0]);
      context.fillRect(left, top + height + 1, right - left, 3);
    }
  }

  nameHistory(span, x, y) {
    const { context, palette, run } = this.picture;
    context.font = MONO_FONT;
    context.textAlign = "left";
    context.textBaseline = "alphabetic";
    const words = run.historyName(span.history);
    context.fillStyle = palette.card;
    context.globalAlpha = 0.85;
    context.fillRect(x, y - 21, context.measureText(words).width + 5, 11);
    context.globalAlpha = 1;
    context.fillStyle = palette.ink;
    context.fillText(words, x + 2, y - 12);
  }

  crosses(x, y) {
    const { context, palette } = this.picture;
    context.strokeStyle = palette.ink;
    context.lineWidth = 2;
    context.beginPath();
    context.moveTo(x - 5, y - 5);
    context.lineTo(x + 5, y + 5);
    context.moveTo(x + 5, y - 5);
    context.lineTo(x - 5, y + 5);
    context.stroke();
  }

  drawPauses(host, view, y) {
    const { context, palette, run } = this.picture;
    for (const fault of run.faults) {
      const isStill = fault.kind === "pause" || (fault.kind === undefined && / stands still /.test(fault.words));
      if (!isStill || fault.hosts[0] !== host) continue;
      // Who is killed meanwhile comes back and stands still no more.
      const end = run.spans[host].find((span) => !span.isUp && span.from > fault.at);
      const until = Math.min(fault.until, end?.from ?? Infinity);
      context.fillStyle = palette.stripes(context, palette.ink, "transparent");
      context.globalAlpha = 0.55;
      context.fillRect(view.x(fault.at), y - 8, view.x(until) - view.x(fault.at), 16);
      context.globalAlpha = 1;
    }
  }

  // What happened here too late to have had a part in the event.
  fade(host, view, past, y) {
    const { context, palette, run } = this.picture;
    const last = past.last[host];
    const x = last < 0 ? LEFT : Math.max(LEFT, view.x(run.at[last]));
    if (x >= this.picture.right) return;
    context.fillStyle = palette.card;
    context.globalAlpha = 0.62;
    context.fillRect(x + 1, y - 22, this.picture.right - x, 36);
    context.globalAlpha = 1;
  }

  drawNoteTicks(host, view, y) {
    const { context, palette, run } = this.picture;
    const { event } = run.notes;
    context.fillStyle = palette.soft;
    let last = -Infinity;
    for (let row = firstAfter(event, firstAfter(run.at, view.from - 1) - 1); row < event.length; row++) {
      const at = run.at[event[row]];
      if (at > view.to) break;
      if (run.site[event[row]] !== host || !this.picture.filter.told[event[row]]) continue;
      const x = view.x(at);
      if (x - last < 3) continue;
      last = x;
      context.fillRect(x - 1, y + 14, 2, 3);
    }
  }

  // Nodes that have lost all that they had.
  drawMarks(view) {
    const { context, palette, run } = this.picture;
    context.font = SMALL_FONT;
    context.textAlign = "left";
    context.textBaseline = "middle";
    for (const { event, site, keys } of this.emptied) {
      const [x, y] = [view.x(run.at[event]), this.picture.y[site]];
      if (x < LEFT - 80 || x > this.picture.right) continue;
      context.strokeStyle = palette.danger;
      context.lineWidth = 2;
      context.fillStyle = palette.card;
      context.beginPath();
      context.arc(x, y, 6, 0, 7);
      context.fill();
      context.moveTo(x - 6, y + 6);
      context.lineTo(x + 6, y - 6);
      context.stroke();
      const words = `${keys} ${keys === 1 ? "key" : "keys"} → 0`;
      const width = context.measureText(words).width;
      const left = Math.min(x + 8, this.picture.right - width - 4);
      context.globalAlpha = 0.86;
      context.fillStyle = palette.card;
      context.fillRect(left - 3, y + 14, width + 6, 13);
      context.globalAlpha = 1;
      context.fillStyle = palette.danger;
      context.fillText(words, left, y + 20);
    }
  }
}
