// What do the parts of the picture share? Fonts, measures, the window of time, brushes.

const FONT = "12px system-ui, 'Segoe UI', 'Helvetica Neue', 'DejaVu Sans', sans-serif";
const BOLD_FONT = `600 ${FONT}`;
const SMALL_FONT = FONT.replace("12px", "10.5px");
const MONO_FONT = "10px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace";
const LEFT = 116;
const RIGHT = 46;
const AXIS_HEIGHT = 24;
const EDGE = 3;
const FAULT_HEIGHT = 16;
const FAULT_ROWS_MAX = 5;
const PLOT_HEIGHTS = [54, 70];
const LABELS_MAX = 60;
const ARROWS_MAX = 500;

// A window of time on a width.
class View {
  constructor(from, to) {
    Object.assign(this, { from, to, left: LEFT, width: 1 });
  }

  x(at) {
    return this.left + ((at - this.from) / (this.to - this.from)) * this.width;
  }

  time(x) {
    return this.from + ((x - this.left) / this.width) * (this.to - this.from);
  }
}

// A time with as many digits as a step needs.
function clock(at, step = 1) {
  const digits = Math.min(6, Math.max(0, 6 - Math.floor(Math.log10(Math.max(1, step)) + 1e-9)));
  return `${(at / 1e6).toFixed(digits)} s`;
}

function duration(us) {
  if (us < 1000) return `${us} µs`;
  if (us < 1e6) return `${(us / 1000).toFixed(us < 1e4 ? 2 : us < 1e5 ? 1 : 0)} ms`;
  return `${(us / 1e6).toFixed(us < 1e7 ? 2 : 1)} s`;
}

function distanceTo({ x1, y1, x2, y2 }, x, y) {
  const length = (x2 - x1) ** 2 + (y2 - y1) ** 2;
  const part = length ? Math.max(0, Math.min(1, ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / length)) : 0;
  return Math.hypot(x - x1 - part * (x2 - x1), y - y1 - part * (y2 - y1));
}

function fit(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

function rounded(context, x, y, width, height, radius) {
  context.beginPath();
  context.roundRect(x, y, width, height, radius);
}

function diamond(context, x, y, size) {
  context.beginPath();
  context.moveTo(x, y - size);
  context.lineTo(x + size, y);
  context.lineTo(x, y + size);
  context.lineTo(x - size, y);
  context.closePath();
}
