// How is a study shown? One heat map for each combination of the factors that are neither its rows nor its columns, of one measure at a time. Its cells are buttons in a table, so that
// everybody can read the numbers; each leads to an example.

const FACTORS = ["persistence", "supervisor_us", "detector", "guard", "shape", "load"];
const FACTOR_NAMES = { supervisor_us: "supervisor" };

// From light to dark by equal steps of lightness, after cividis.
const SCALE = [[253, 234, 155], [203, 186, 105], [155, 147, 117], [111, 112, 119], [64, 80, 108], [0, 32, 77]];

const percent = (share) => `${Math.round(share * 100)} %`;
const number = (value) => value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 1 : 0 });
const interval = (low, high, show) => ` [${show(low)} … ${show(high)}]`;
const aShare = (name, field) => ({ name, field, value: (cell) => cell[field]?.share ?? null, top: () => 1, show: percent });
const aMean = (name, field, unit = "") => ({
  name, field, unit, value: (cell) => cell[field]?.mean ?? null, show: (value) => number(Math.max(0, value)) + unit,
  top: (cells) => Math.max(...cells.map((cell) => cell[field]?.mean ?? 0)),
});
const MEASURES = [
  aShare("total loss", "total_loss"),
  aShare("partial loss", "partial_loss"),
  aShare("master empty", "master_empty"),
  aMean("lost writes", "lost_writes"),
  aMean("gone for good", "unrecoverable"),
  aMean("wiped", "wiped_replicas"),
  aMean("no writes", "without_writes_s", " s"),
  aShare("held off", "held_off"),
  aShare("falsely", "falsely_held_off"),
];

function colourOf(part) {
  const place = Math.min(1, Math.max(0, part)) * (SCALE.length - 1);
  const [from, to] = [SCALE[Math.floor(place)], SCALE[Math.ceil(place)]];
  const rgb = from.map((value, at) => Math.round(value + (to[at] - value) * (place % 1)));
  const light = (0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2]) / 255;
  return { background: `rgb(${rgb.join(" ")})`, ink: light > 0.45 ? "#101418" : "#ffffff" };
}

class StudyPage {
  constructor(head) {
    Object.assign(this, head);
    this.cells = this.report.cells;
    this.measure = MEASURES[0];
    this.values = new Map(FACTORS.map((factor) => [factor, [...new Set(this.cells.map((cell) => cell[factor]))]]));
    const varying = FACTORS.filter((factor) => this.values.get(factor).length > 1);
    this.rows = varying.includes("persistence") ? "persistence" : (varying[0] ?? FACTORS[0]);
    this.columns = varying.includes("guard") ? "guard" : (varying.find((factor) => factor !== this.rows) ?? FACTORS[1]);
    this.describe();
    this.offer();
    this.tabulate();
    this.draw();
    this.goWhereTheAddressSays();
    addEventListener("hashchange", () => this.goWhereTheAddressSays());
  }

  describe() {
    const { report } = this;
    const at = (id) => document.getElementById(id);
    at("facts").append(`${this.cells.length} cells, ${report.runs.toLocaleString("en")} runs in each. Again: `, element("code", {}, report.command));
    for (const risk of report.risks ?? []) at("risks").append(element("li", {}, risk));
    at("risks").hidden = !report.risks?.length;
    for (const [name, meaning] of this.legend) at("legend").append(element("dt", {}, name), element("dd", {}, meaning));
    const signed = (mean, scale = 1) => {
      const show = (value) => (value * scale > 0 ? "+" : "") + (value * scale).toFixed(1);
      return mean ? show(mean.mean) + interval(mean.low, mean.high, show) : "–";
    };
    for (const { guard, pairs, ...against } of report.against_allow) {
      const words = `Guard ${guard} against allow, in ${pairs.toLocaleString("en")} pairs of the same accidents: total loss ${signed(against.total_loss, 100)} points,`
        + ` lost writes ${signed(against.lost_writes)}, gone for good ${signed(against.unrecoverable)}, without writes ${signed(against.without_writes_s)} s.`;
      at("policies").append(element("p", {}, words));
    }
  }

  // The controls.
  offer() {
    const at = (id) => document.getElementById(id);
    for (const axis of ["rows", "columns"]) {
      const select = at(axis);
      for (const factor of FACTORS) select.append(element("option", { value: factor }, FACTOR_NAMES[factor] ?? factor));
      select.addEventListener("change", () => {
        const other = axis === "rows" ? "columns" : "rows";
        if (this[other] === select.value) this[other] = this[axis];
        this[axis] = select.value;
        this.draw();
      });
    }
    for (const measure of MEASURES) {
      const choose = () => {
        this.measure = measure;
        this.draw();
      };
      at("measures").append(element("button", { onclick: choose }, measure.name));
    }
    at("theme").addEventListener("click", () => {
      switchTheme();
      this.frame?.contentDocument?.documentElement.setAttribute("data-theme", document.documentElement.dataset.theme);
    });
  }

  draw() {
    const at = (id) => document.getElementById(id);
    at("rows").value = this.rows;
    at("columns").value = this.columns;
    for (const button of at("measures").children) button.setAttribute("aria-pressed", String(button.textContent === this.measure.name));
    const meaning = this.legend.find(([name]) => name === this.measure.name)?.[1] ?? "";
    at("meaning").replaceChildren(element("b", {}, this.measure.name), `: ${meaning}.`);
    this.top = this.measure.top(this.cells) || 1;
    const bar = element("i");
    bar.style.background = `linear-gradient(to right, ${[0, 0.2, 0.4, 0.6, 0.8, 1].map((part) => colourOf(part).background).join(", ")})`;
    at("scale").replaceChildren(this.measure.show(0), bar, this.measure.show(this.top));
    at("maps").replaceChildren(...this.panels().map((panel) => this.map(panel)));
  }

  // The combinations of all other factors that there are.
  panels() {
    const others = FACTORS.filter((factor) => factor !== this.rows && factor !== this.columns);
    const panels = new Map();
    for (const cell of this.cells) {
      const key = others.map((factor) => cell[factor]).join("/");
      if (!panels.has(key)) {
        const told = others.filter((factor) => this.values.get(factor).length > 1);
        const words = told.map((factor) => `${FACTOR_NAMES[factor] ?? factor} ${cell[factor]}`).join(", ");
        panels.set(key, { words: words || others.map((factor) => cell[factor]).join(", "), cells: [] });
      }
      panels.get(key).cells.push(cell);
    }
    return [...panels.values()];
  }

  map({ words, cells }) {
    const has = (factor) => this.values.get(factor).filter((value) => cells.some((cell) => cell[factor] === value));
    const columns = has(this.columns);
    const heading = element("tr", {}, element("td"), ...columns.map((value) => element("th", { scope: "col" }, value)));
    const rows = has(this.rows).map((row) => element("tr", {},
      element("th", { scope: "row" }, row),
      ...columns.map((column) => element("td", {}, this.button(cells.find((cell) => cell[this.rows] === row && cell[this.columns] === column)))),
    ));
    const table = element("table", {}, element("caption", {}, words), element("thead", {}, heading), element("tbody", {}, ...rows));
    return element("div", { class: "map" }, table);
  }

  button(cell) {
    if (!cell) return "";
    const value = this.measure.value(cell);
    const shown = value === null ? "–" : this.measure.show(value);
    const whole = `${cell.name}: ${this.measure.name} ${this.words(cell, this.measure)}`;
    const button = element("button", { onclick: () => this.choose(cell), title: whole, "aria-label": whole, "data-cell": cell.name }, shown);
    const { background, ink } = colourOf(value === null ? 0 : value / this.top);
    if (value !== null) Object.assign(button.style, { background, color: ink });
    if (cell === this.chosen) button.setAttribute("aria-current", "true");
    return button;
  }

  // A number with its interval.
  words(cell, { field, show }) {
    const told = cell[field];
    if (!told) return "–";
    const value = told.share ?? told.mean;
    const quantiles = field === "without_writes_s" ? `, median ${show(cell.without_writes_quantiles_s.median)}, 95 % within ${show(cell.without_writes_quantiles_s.p95)}` : "";
    return show(value) + interval(told.low, told.high, show) + quantiles;
  }

  tabulate() {
    const heading = element("tr", {}, element("th", { scope: "col" }, FACTORS.map((factor) => FACTOR_NAMES[factor] ?? factor).join("/")),
      ...MEASURES.map(({ name }) => element("th", { scope: "col" }, name)), element("th", { scope: "col" }, "example"));
    const rows = this.cells.map((cell) => element("tr", {},
      element("th", { scope: "row" }, element("button", { class: "plain", onclick: () => this.choose(cell) }, cell.name)),
      ...MEASURES.map((measure) => element("td", {}, this.words(cell, measure))),
      element("td", {}, `seed ${cell.example.seed}: ${cell.example.what.replaceAll("_", " ")}`),
    ));
    document.getElementById("numbers").append(element("thead", {}, heading), element("tbody", {}, ...rows));
  }

  choose(cell) {
    if (location.hash !== `#${cell.name}`) history.replaceState(null, "", `#${cell.name}`);
    this.chosen = cell;
    this.draw();
    const box = document.getElementById("cell");
    const facts = element("dl");
    for (const measure of MEASURES) facts.append(element("dt", {}, measure.name), element("dd", {}, this.words(cell, measure)));
    const { seed, what } = cell.example;
    const config = / --config \S+/.exec(this.report.command)?.[0] ?? "";
    const again = `cargo sim hazard${config} --example ${cell.name} --seed ${seed}`;
    box.replaceChildren(element("h2", {}, cell.name), facts,
      element("p", {}, `An example, seed ${seed} (${what.replaceAll("_", " ")}): `, element("code", {}, again)), this.example(cell));
    box.hidden = false;
    box.scrollIntoView({ block: "start" });
    box.focus({ preventScroll: true });
  }

  // The page about a run, within this one.
  example(cell) {
    const film = this.films[cell.name];
    if (!film) return element("p", { class: "soft" }, "There was no room for its film on this page: the command tells it, and --html with it shows it.");
    const [before, after] = this.template.split("<!--film-->");
    this.frame = element("iframe", { title: `What happens in seed ${cell.example.seed} of ${cell.name}` });
    this.frame.srcdoc = before + film + after;
    const theme = document.documentElement.dataset.theme;
    if (theme) this.frame.addEventListener("load", (event) => (event.target.contentDocument.documentElement.dataset.theme = theme));
    return this.frame;
  }

  // #cell
  goWhereTheAddressSays() {
    const name = decodeURIComponent(location.hash.slice(1));
    const cell = this.cells.find((each) => each.name === name);
    if (cell && cell !== this.chosen) this.choose(cell);
  }
}

async function main() {
  try {
    const { head } = await readData("study", 1);
    new StudyPage(head);
    document.body.dataset.opened = performance.now().toFixed(0);
  } catch (error) {
    complain(error);
  }
}

main();
