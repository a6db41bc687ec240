// Figures with choices: fields, chart, tooltip, summary and table. The initial choices follow the same rules as in figures.py.
// Does not belong here: drawing (charts.js), cubes and words (core.js).
(() => {
  "use strict";
  const site = window.IS248;
  const { say, text, number, sign, flagOf, h, inOneLine, moved, NO_ROW, charts } = site;
  const UNIT = "unit";
  const TIME = "time";
  const MEASURE = "measure";
  const LABELLED = 8;
  const SAYS_NOTHING = ["dont_know", "dont_know_or_not_relevant", "no_experience_last_year"];
  // Answers that are the last to be chosen by default.
  const LAST = ["other", ...SAYS_NOTHING];

  // Small letters are reasons for a missing figure.
  const isReason = (flag) => flag !== NO_ROW && flag === flag.toLowerCase();

  // Years as 2007–2013, 2015.
  const spans = (years) => {
    const runs = [];
    for (const year of [...years].sort((a, b) => a - b)) {
      const last = runs[runs.length - 1];
      if (last && year === last[1] + 1) last[1] = year;
      else runs.push([year, year]);
    }
    return runs.map(([first, last]) => (first === last ? String(first) : `${first}–${last}`)).join(", ");
  };

  class Figure {
    // A still figure is drawn once, in the state of another one.
    constructor(element, config, still = null) {
      this.element = element;
      this.config = config;
      this.cube = site.cubes[config.cube];
      this.breaks = charts.numbered(config.breaks, this.cube.dimensions.time);
      this.drawn = element.querySelector(".drawn");
      this.state = { ...config.at, ...config.start };
      this.wanted = { ...this.state, ...(still ? still.wanted : site.address.asked(this)) };
      this.measure = still ? still.measure : this.asked();
      this.sorted = this.askedOrder();
      this.fields = h("div", { class: "fields" });
      this.unit = h("p", { class: "unit" });
      this.key = h("div", { class: "keys" });
      this.plot = h("div", { class: "plot", tabindex: "0", role: "group" });
      this.spoken = h("p", { class: "vh", "aria-live": "polite" });
      this.summary = h("p", { class: "summary", id: `${element.id}-summary` });
      this.tip = h("div", { class: "tip", hidden: true, "aria-hidden": "true" });
      this.plot.setAttribute("aria-describedby", this.summary.id);
      this.drawn.replaceChildren(this.fields, this.unit, this.key, this.plot, this.spoken, this.summary);
      this.render();
      if (still) return;
      this.listen();
      site.address.follow(this);
      element.append(site.actions(this));
      new ResizeObserver(() => {
        if (this.width !== this.plot.clientWidth) this.draw();
      }).observe(this.drawn);
      document.addEventListener("languagechosen", () => this.render());
      window.addEventListener("beforeprint", () => this.draw());
    }

    // The figure's name outside its page: its subject, its title, and the part that it shows.
    get name() {
      const { of, title, part } = this.config;
      return [of, title, part].filter(Boolean).map(say).join(": ");
    }

    // The index of the measure that the address asks for.
    asked() {
      return Math.max(0, this.config.measures.findIndex((measure) => measure.name === this.wanted[MEASURE]));
    }

    // The column by which the address sorts a table: its index, with a minus for descending order.
    askedOrder() {
      const found = /^(\d+)(-?)$/.exec((this.config.sortable && this.wanted.sort) || "");
      return found ? { at: Number(found[1]), down: found[2] === "-" } : null;
    }

    // Today's areas, or those of the year if there are no figures for today's.
    get basis() {
      return (this.cube.dimensions[UNIT] || []).some((unit) => unit.startsWith("current.")) ? "current" : "reported";
    }

    // The codes of a dimension that the figure may show.
    allowed(name, state = this.state) {
      const { only, without, levels, kind, across } = this.config;
      let codes = this.cube.dimensions[name].filter((code) =>
        (!only[name] || only[name].includes(code)) && !(without[name] || []).includes(code));
      if (name === UNIT) {
        const basis = state.basis || this.basis;
        codes = codes.filter((code) => {
          const [of, level] = code.split(".");
          return of === basis && (state.level ? level === state.level : levels.includes(level));
        });
      }
      if (name === "answer" && name === across) {
        const { unions } = site.known;
        const members = new Set(codes.flatMap((code) => unions[code] || []));
        codes = codes.filter((code) => (kind === "stack" ? !(code in unions) : !members.has(code)));
      }
      return codes;
    }

    spans(state) {
      return Object.keys(this.cube.dimensions).map((name) => [name, state[name] !== undefined ? [state[name]] : this.allowed(name, state)]);
    }

    some(state, test) {
      const spans = this.spans(state);
      const at = {};
      const walk = (depth) => {
        if (depth === spans.length) return test(at);
        const [name, codes] = spans[depth];
        return codes.some((code) => { at[name] = code; return walk(depth + 1); });
      };
      return walk(0);
    }

    get names() { return this.config.measures.map((measure) => measure.name); }

    hasData(fixed, state = this.state) {
      const known = { ...state, ...fixed };
      const names = known.measure ? [known.measure] : this.names;
      return this.some(known, (at) => names.some((name) => this.cube.value(name, at) !== null));
    }

    options(name, state) {
      if (name !== "level" && name !== "basis") return this.allowed(name, state);
      const units = this.cube.dimensions[UNIT].map((unit) => unit.split("."));
      if (name === "basis") return [...new Set(units.map((unit) => unit[0]))].sort();
      return [...new Set(units.filter((unit) => (!state.basis || unit[0] === state.basis) && unit[1] !== "country").map((unit) => unit[1]))]
        .filter((level) => this.config.levels.includes(level));
    }

    // Keeps the reader's choices as far as there are figures for them.
    choose() {
      const state = { ...this.config.at };
      this.offered = [];
      for (const [name, ...title] of this.config.choose) {
        const all = this.options(name, state);
        const known = all.filter((code) => this.hasData({ [name]: code }, state));
        // Choose a level even if every area is confidential: areas of several levels must not be listed together.
        const codes = name === "level" && !known.length ? all : known;
        const ordered = name === TIME ? [...codes].reverse() : name === "answer" ? [...codes.filter((code) => !LAST.includes(code)), ...codes.filter((code) => LAST.includes(code))] : codes;
        // A table built by the reader starts with totals.
        const usual = this.config.kind === "table" && codes.includes("total") ? "total" : ordered[0];
        const first = codes.includes(this.wanted[name]) ? this.wanted[name] : usual;
        if (first !== undefined) state[name] = first;
        this.offered.push({ name, title, codes: ordered });
      }
      for (const name of Object.keys(this.cube.dimensions)) {
        if (name === this.config.across || name === this.config.rows || name === TIME || state[name] !== undefined) continue;
        const codes = this.allowed(name, state);
        state[name] = ["total", "all"].find((code) => codes.includes(code)) || codes[0];
      }
      this.state = state;
    }

    label(name, code) {
      if (name === MEASURE) return say(this.config.measures.find((measure) => measure.name === code).title);
      if (name === "level") return say(site.known.levels[code] || [code]);
      if (name === "basis") return say(site.known.bases[code] || [code]);
      if (name === "indicator") return say((this.config.indicators || {})[code] || [code]);
      return say(this.cube.label(name, code));
    }

    codes(name) {
      if (name === MEASURE) return this.names;
      if (name === TIME) return this.allowed(TIME).filter((code) => this.hasData({ time: code }));
      // The country is separate from the other areas, before or after them.
      return this.allowed(name).filter((code) => (name !== UNIT || code !== this.country)
        && this.some({ ...this.state, [name]: code }, (at) => ![NO_ROW, "M"].includes(this.cube.flag(at)))
        && (name === UNIT || name === "item" || this.hasData({ [name]: code })));
    }

    // Rows are ranked, unless they have an order of their own.
    get ordered() { return this.config.ordered || site.known.orderedLevels.includes(this.state.level); }

    get shown() { return this.config.measures[this.measure] || this.config.measures[0]; }

    cell(measure, fixed) {
      const at = { ...this.state, ...fixed };
      const value = this.cube.value(measure.name, at);
      const n = this.cube.raw.shareOf ? this.cube.value("n_answer", at) : null;
      const whole = n === null ? null : this.cube.value(this.cube.raw.shareOf, at);
      const flag = this.cube.flag(at);
      // A reason for absence refers to the main measure; another measure that has a value must not show it.
      const found = { value: value === null ? null : value / measure.divide, flag: value !== null && isReason(flag) ? "A" : flag, n, whole, ...this.beside(at) };
      return { ...found, noted: found.value !== null && (found.covered !== null || found.notes.length > 0 || found.moved.length > 0) };
    }

    // Remarks beside a figure: how many answered, coverage, notes, boundaries that moved.
    beside(at) {
      const answers = this.cube.raw.shareOf ? this.cube.value("n_answered", at) : null;
      const units = answers === null ? null : this.cube.value("n_units", at);
      const percent = this.cube.value("coverage", at);
      return {
        answered: units !== null && answers < units ? text("answered", { n: number(answers), whole: number(units) }) : null,
        covered: percent === null ? null : text("covered", { share: number(percent, 1) }),
        notes: this.cube.remarks(at).map(say),
        moved: moved(at.unit, at.time),
      };
    }

    // The country comes first if rows are areas.
    get country() {
      if (this.config.rows !== UNIT && this.config.across !== UNIT) return null;
      const code = `${this.state.basis || this.basis}.country.0`;
      return this.cube.places.unit.has(code) && this.hasData({ unit: code }) ? code : null;
    }

    render() {
      this.choose();
      this.renderFields();
      this.draw();
      site.tables.render(this);
    }

    renderFields() {
      const focused = document.activeElement && this.fields.contains(document.activeElement) ? document.activeElement.name : null;
      const fields = this.offered.filter((offer) => offer.codes.length > 1).map((offer) => {
        const select = h("select", { name: offer.name });
        const option = (code) => h("option", { value: code, selected: code === this.state[offer.name] }, this.label(offer.name, code));
        if (offer.name === UNIT) {
          for (const [level, codes] of d3.group(offer.codes, (code) => code.split(".")[1])) {
            if (codes.length === 1) select.append(option(codes[0]));
            else select.append(h("optgroup", { label: say(site.known.levels[level] || [level]) }, codes.map(option)));
          }
        } else select.append(...offer.codes.map(option));
        select.addEventListener("change", () => { this.wanted[offer.name] = select.value; this.render(); site.address.keep(this); });
        return h("label", {}, h("span", {}, say(offer.title)), select);
      });
      if (this.config.measures.length > 1 && this.config.across !== MEASURE && this.config.kind !== "interval") {
        const select = h("select", { name: MEASURE }, this.config.measures.map((measure, place) =>
          h("option", { value: place, selected: place === this.measure }, say(measure.title))));
        select.addEventListener("change", () => { this.measure = Number(select.value); this.render(); site.address.keep(this); });
        fields.unshift(h("label", {}, h("span", {}, text("measure")), select));
      }
      this.fields.replaceChildren(...fields);
      if (focused) this.fields.querySelector(`[name=${focused}]`)?.focus();
    }

    draw() {
      this.mark(null);
      this.width = this.plot.clientWidth;
      this.plot.replaceChildren();
      this.key.replaceChildren();
      this.unit.textContent = say(this.shown.unit) + (this.state.time ? `, ${this.state.time}` : "");
      this.plot.setAttribute("aria-label", `${say(this.config.title)}. ${text("chart")}`);
      this.places = [];
      const { kind } = this.config;
      if (kind === "series") this.drawLines();
      else if (kind === "panels") this.drawPanels();
      else if (kind === "stack") this.drawStack();
      else if (kind === "table") this.drawNothing();
      else this.drawBars();
      this.plot.append(this.tip);
    }

    // A table built by the reader has no chart.
    drawNothing() {
      this.plot.hidden = true;
      this.element.querySelector("details.data").open = true;
      this.summary.textContent = "";
    }

    nothing() {
      this.plot.append(h("p", { class: "note" }, text("no_data")));
      this.summary.textContent = "";
    }

    lines() {
      const { across } = this.config;
      const codes = across ? this.codes(across) : [""];
      return codes.map((code, place) => {
        const measure = across === MEASURE ? this.config.measures.find((each) => each.name === code) : this.shown;
        const fixed = across && across !== MEASURE ? { [across]: code } : {};
        const points = this.cube.dimensions.time
          .map((time) => ({ year: Number(time), ...this.cell(measure, { ...fixed, time }) }));
        return {
          code,
          label: across ? this.label(across, code) : say(measure.title),
          colour: code === "total" ? "var(--ink)" : charts.colour(place),
          shape: place,
          all: points,
          points: points.filter((point) => point.value !== null),
          decimals: measure.decimals,
          apart: (this.config.apartOf || {})[code] || [],
        };
      }).filter((line) => line.points.length);
    }

    get years() {
      const years = this.cube.dimensions.time.map(Number);
      return d3.range(Math.min(...years), Math.max(...years) + 1);
    }

    drawLines() {
      const lines = this.lines();
      if (!lines.length) { this.nothing(); return; }
      const asked = lines.flatMap((line) => line.points.map((point) => point.year));
      const years = d3.range(d3.min(asked), d3.max(asked) + 1);
      if (years.length === 1) { this.drawYear(lines, years[0]); return; }
      if (lines.length > LABELLED) { this.drawPanels(true); return; }
      const chart = charts.lines(this.plot, {
        lines, years, breaks: this.breaks, apart: this.config.apart,
        height: this.width > 620 ? 400 : 300, labels: lines.length > 1 && lines.length <= LABELLED,
      });
      if (lines.length > 1 && !chart.labelled) this.key.append(charts.linesKey(lines));
      this.keyMarks(lines.flatMap((line) => line.points.map((point) => point.flag)), [], lines.flatMap((line) => line.points), true);
      this.follow([chart], years, lines);
      this.tell(lines);
    }

    // With a single year there is no development to show: draw bars.
    drawYear(lines, year) {
      const rows = lines.map((line) => ({ ...line.points[0], label: line.label, decimals: line.decimals }));
      const chart = charts.bars(this.plot, { rows, decimals: rows[0].decimals, reference: null });
      this.unit.textContent = `${say(this.shown.unit)}, ${year}`;
      this.keyMarks([], [], rows);
      this.items(chart, rows, (row) => [[String(year), this.written(row, row.decimals), null, this.aside(row)]]);
      this.summary.textContent = "";
    }

    drawPanels(alike = this.config.sharedScale) {
      const lines = this.lines();
      if (!lines.length) { this.nothing(); return; }
      const asked = lines.flatMap((line) => line.points.map((point) => point.year));
      const years = d3.range(d3.min(asked), d3.max(asked) + 1);
      let country = null;
      if (this.country) {
        const points = this.cube.dimensions.time.map((time) => ({ year: Number(time), ...this.cell(this.shown, { unit: this.country, time }) }));
        country = { points: points.filter((point) => point.value !== null), colour: "var(--quiet)", shape: 0, quiet: true };
      }
      const top = d3.max([...lines, ...(country ? [country] : [])], (line) => d3.max(line.points, (point) => point.value));
      const grid = h("div", { class: "panels" });
      this.plot.append(grid);
      const hosts = lines.map((line) => {
        const host = h("div", { class: "host" });
        grid.append(h("div", { class: "panel" }, h("p", {}, line.label), host));
        return host;
      });
      const found = lines.map((line, place) => charts.lines(hosts[place], {
        lines: [...(country ? [country] : []), { ...line, colour: charts.colour(0), shape: 0 }], years,
        breaks: this.breaks, apart: this.config.apart, height: 150, small: true,
        domain: alike ? [0, top] : null,
      }));
      this.key.append(h("p", { class: "scale" }, text(alike ? (country ? "panel_shared" : "panel_alike") : "panel_own")));
      this.keyMarks(lines.flatMap((line) => line.points.map((point) => point.flag)), [], lines.flatMap((line) => line.points), true);
      this.follow(found, years, lines);
      this.tell(lines);
    }

    keyMarks(flags, absent = [], points = [], isRing = false) {
      const noted = points.some((point) => point.noted) ? charts.notedKey(isRing) : null;
      for (const key of [charts.marksKey(new Set(flags)), noted, charts.signsKey(absent)]) if (key) this.key.append(key);
    }

    // The letters after numbers, with their meanings.
    keyLetters(rows) {
      const met = [...new Set(rows.filter((row) => row.value !== null && row.flag !== "A" && row.flag !== NO_ROW).map((row) => row.flag))].sort();
      if (met.length) this.key.append(h("ul", { class: "key marks" }, met.map((flag) => h("li", {}, h("b", {}, flag), say(flagOf(flag).label)))));
    }

    // A place in a line chart is a year.
    follow(found, years, lines) {
      const at = years.filter((year) => lines.some((line) => line.all.some((point) => point.year === year)));
      this.places = at.map((year) => ({
        title: String(year),
        lines: lines.map((line) => ({ line, point: line.all.find((point) => point.year === year) }))
          .filter(({ point }) => point && point.flag !== NO_ROW)
          .map(({ line, point }) => [line.label, this.written(point, line.decimals), line.colour, this.aside(point)]),
        notes: [
          ...this.breaks.filter((each) => each.year === year && year > years[0]).map((each) => `${text("break", { number: each.number, year })}: ${say(each.kind)}. ${say(each.text)}`),
          ...this.basesOf([String(year)]),
        ],
        mark: () => found.forEach((chart) => chart.mark(year)),
        x: found.length === 1 ? found[0].at(year) : null,
      }));
      this.clear = () => found.forEach((chart) => chart.mark(null));
      this.plot.querySelectorAll("svg").forEach((svg, place) => {
        const point = (event) => {
          const box = svg.getBoundingClientRect();
          const year = found[place].near((event.clientX - box.left) * (svg.viewBox.baseVal.width / box.width));
          const index = at.indexOf(year);
          if (index >= 0) this.mark(index, found.length > 1 ? event : null);
        };
        svg.addEventListener("pointermove", point);
        svg.addEventListener("pointerdown", point);
      });
    }

    rows() {
      const name = this.config.rows;
      const codes = this.codes(name);
      return this.country ? [this.country, ...codes] : codes;
    }

    drawBars() {
      const { rows: name, kind, compare } = this.config;
      const { ordered } = this;
      const isInterval = kind === "interval";
      const other = isInterval ? this.config.measures[1] : compare;
      let rows = this.rows().map((code) => {
        const own = this.cell(this.shown, { [name]: code });
        const second = other ? this.cell(other, { [name]: code }) : null;
        const row = { code, label: this.label(name, code), ...own, reference: code === this.country };
        if (isInterval && second && second.value !== null && own.value !== null) {
          row.low = Math.min(own.value, second.value);
          row.high = Math.max(own.value, second.value);
          row.value = row.low;
        } else row.compare = second ? second.value : null;
        return row;
      });
      if (!rows.some((row) => row.value !== null)) { this.nothing(); return; }
      if (!ordered) {
        const rank = (row) => (row.reference ? -Infinity : row.value === null ? Infinity : -row.value);
        rows = rows.map((row, place) => [row, place]).sort((a, b) => rank(a[0]) - rank(b[0]) || a[1] - b[1]).map(([row]) => row);
      }
      const decimals = isInterval ? 0 : this.shown.decimals;
      const reference = rows.find((row) => row.reference);
      const chart = charts.bars(this.plot, { rows, decimals, compared: compare ? compare.decimals : null, reference: reference ? reference.value : null });
      if (compare && rows.some((row) => row.compare !== null)) {
        this.key.append(h("ul", { class: "key" },
          h("li", {}, h("i", { class: "bar-key", "aria-hidden": "true" }), say(this.shown.title)),
          h("li", {}, h("i", { class: "diamond-key", "aria-hidden": "true" }), say(compare.title))));
      }
      this.keyMarks([], rows.filter((row) => row.value === null).map((row) => row.flag), rows);
      this.keyLetters(rows);
      this.items(chart, rows, (row) => [
        [say(this.shown.title), isInterval && row.high !== undefined ? text("interval", { low: number(row.low, 0), high: number(row.high, 0) }) : this.written(row, decimals), null, this.aside(row)],
        ...(compare && row.compare !== null ? [[say(compare.title), number(row.compare, compare.decimals), null, ""]] : []),
      ]);
      const ranked = rows.filter((row) => row.value !== null && !row.reference);
      const first = d3.greatest(ranked, (row) => row.value);
      const last = d3.least(ranked, (row) => row.value);
      this.summary.textContent = ranked.length < 2 || isInterval || ordered ? "" : text("highest", {
        first: first.label, a: number(first.value, decimals), last: last.label, b: number(last.value, decimals),
      });
    }

    drawStack() {
      const { rows: name, across } = this.config;
      const codes = this.codes(across);
      const saying = codes.filter((code) => !SAYS_NOTHING.includes(code));
      const shades = charts.shades(saying.length, ["answer", MEASURE].includes(across));
      const parts = codes.map((code) => ({
        code, label: this.label(across, code),
        ...(saying.includes(code) ? shades[saying.indexOf(code)] : { colour: "var(--s0)", dark: false }),
      }));
      const rows = this.rows().map((code) => ({
        code, label: this.label(name, code), reference: code === this.country,
        parts: parts.map((part) => {
          const measure = across === MEASURE ? this.config.measures.find((each) => each.name === part.code) : this.shown;
          return { ...part, ...this.cell(measure, { [name]: code, ...(across === MEASURE ? {} : { [across]: part.code }) }) };
        }),
      })).map((row) => ({
        ...row, flag: (row.parts.find((part) => part.value === null) || row.parts[0]).flag, noted: row.parts.some((part) => part.noted),
        whole: row.parts.every((part) => part.whole === row.parts[0].whole) ? row.parts[0].whole : null,
      }));
      if (!rows.some((row) => row.parts.some((part) => part.value !== null))) { this.nothing(); return; }
      const decimals = this.shown.decimals;
      // Shares are drawn out of a hundred; the rest did not answer.
      const full = this.cube.raw.shareOf ? 100 : null;
      const chart = charts.stack(this.plot, { rows, decimals, full });
      this.key.append(charts.partsKey(parts));
      this.keyMarks([], rows.filter((row) => !row.parts.some((part) => part.value)).map((row) => row.flag), rows);
      this.items(chart, rows, (row) => row.parts.map((part) => [part.label, this.written(part, decimals), part.colour, this.aside(part)]));
      this.summary.textContent = "";
    }

    // A place in a bar chart is a row.
    items(chart, rows, told) {
      const notes = (row) => this.basesOf([this.config.rows === TIME ? row.code : this.state.time || String(row.year)]);
      this.places = rows.map((row, place) => ({ title: row.label, lines: told(row), notes: notes(row), mark: () => chart.mark(place), item: chart.items[place] }));
      this.clear = () => chart.mark(-1);
      chart.items.forEach((item, place) => {
        item.addEventListener("pointermove", (event) => this.mark(place, event));
        item.addEventListener("pointerdown", (event) => this.mark(place, event));
      });
    }

    written(point, decimals) {
      return point.value === null ? sign(point.flag) : number(point.value, decimals);
    }

    // The base of shares and the unit set, together for the years that have the same.
    basesOf(times) {
      const found = new Map();
      for (const time of times) {
        const bases = this.cube.bases(time);
        if (!bases) continue;
        const key = JSON.stringify(bases);
        if (!found.has(key)) found.set(key, { bases, years: [] });
        found.get(key).years.push(Number(time));
      }
      return [...found.values()].map(({ bases, years }) => text("share_is_of", {
        years: spans(years), base: bases[0] ? say(bases[0]) : "–", units: bases[1] ? say(bases[1]) : "–",
      }));
    }

    // Remarks on a number: how many units, coverage, notes and status.
    aside(point) {
      const parts = [];
      if (point.n !== null && point.n !== undefined && point.value !== null) parts.push(text("of", { n: number(point.n), whole: number(point.whole) }));
      if (point.flag !== "A" && point.flag !== NO_ROW) parts.push(say(flagOf(point.flag).label).toLowerCase());
      if (point.answered) parts.push(point.answered);
      if (point.flag !== NO_ROW && point.value !== null) parts.push(...[point.covered, ...point.notes, ...point.moved].filter(Boolean));
      return inOneLine(parts);
    }

    // The first and the last number of each line, but never numbers from two sides of a break that allows no comparison.
    tell(lines) {
      const apart = new Set();
      const sentences = lines.map((line) => {
        const last = line.points[line.points.length - 1];
        const hard = this.breaks.filter((each) => !each.comparable && each.year > line.points[0].year && each.year <= last.year).map((each) => each.year);
        const since = Math.max(line.points[0].year, ...hard);
        const first = line.points.find((point) => point.year >= since);
        if (hard.length) apart.add(since);
        return text(first === last ? "only" : "from_to", {
          name: line.label, first: number(first.value, line.decimals), from: first.year, last: number(last.value, line.decimals), to: last.year,
        });
      });
      const notes = [...apart].sort().map((year) => text("not_before", { year }));
      this.summary.textContent = lines.length > LABELLED ? "" : [...sentences, ...notes].join(" ");
    }

    listen() {
      this.plot.addEventListener("keydown", (event) => {
        const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
        const last = this.places.length - 1;
        let place = null;
        if (event.key in steps) place = this.marked === null || this.marked === undefined ? (steps[event.key] > 0 ? 0 : last) : this.marked + steps[event.key];
        else if (event.key === "Home") place = 0;
        else if (event.key === "End") place = last;
        else if (event.key === "Escape") { this.mark(null); return; }
        if (place === null || last < 0) return;
        event.preventDefault();
        this.mark(Math.max(0, Math.min(last, place)), null, true);
      });
      this.plot.addEventListener("pointerleave", () => this.mark(null));
      this.plot.addEventListener("blur", () => this.mark(null));
    }

    // Marks a place and shows its numbers; null removes both.
    mark(place, event = null, aloud = false) {
      this.marked = place;
      if (place === null) {
        this.tip.hidden = true;
        if (this.clear) this.clear();
        return;
      }
      const found = this.places[place];
      found.mark();
      const told = found.lines.length ? found.lines : [[text("no_data"), "", null, ""]];
      // Remarks that apply to every line are shown once.
      const shared = told.length > 1 && told.every(([, , , aside]) => aside === told[0][3]) ? told[0][3] : "";
      this.tip.replaceChildren(
        h("b", {}, found.title),
        h("ul", {}, told.map(([label, value, colour, aside]) => h("li", {},
          colour ? h("i", { style: `background:${colour}` }) : null, h("span", {}, label), h("strong", {}, value), aside && !shared ? h("small", {}, aside) : null))),
        shared ? h("p", {}, shared) : "",
        ...found.notes.map((note) => h("p", {}, note)));
      this.tip.hidden = false;
      const box = this.plot.getBoundingClientRect();
      const size = this.tip.getBoundingClientRect();
      let left = event ? event.clientX - box.left + 16 : found.x === null || found.x === undefined ? box.width / 2 : found.x + 14;
      let top = event ? event.clientY - box.top + 16 : found.item ? found.item.offsetTop + found.item.offsetHeight : 36;
      if (left + size.width > box.width) left = Math.max(0, (event ? event.clientX - box.left : found.x || 0) - size.width - 14);
      if (event && box.top + top + size.height > window.innerHeight) top = Math.max(0, event.clientY - box.top - size.height - 12);
      this.tip.style.left = `${Math.min(left, Math.max(0, box.width - size.width))}px`;
      this.tip.style.top = `${top}px`;
      if (aloud) this.spoken.textContent = `${found.title}: ${told.map(([label, value, , aside]) => `${label} ${value}${aside ? ` (${aside})` : ""}`).join("; ")}. ${found.notes.join(" ")}`;
    }
  }

  // Kinds with a separate script (map.js), which also starts the figures of its kind on a page.
  const kinds = {};

  // Makes a figure that is not on the page yet, from its configuration and a loaded cube.
  const make = (config, { heading = "h2", source = null } = {}) => {
    const element = h("figure", { class: "figure", id: `figure-${config.id}` },
      h("figcaption", {}, h(heading, {}, say(config.title))),
      h("div", { class: "drawn" }));
    const years = charts.breaksByYear(charts.numbered(config.breaks, site.cubes[config.cube].dimensions.time));
    const list = h("div", { class: "breaks" });
    const words = () => {
      element.querySelector("figcaption").firstChild.textContent = say(config.title);
      list.replaceChildren(h("p", { class: "breaks-title" }, text("breaks_of")), h("ol", {}, years.map(([year, found]) => h("li", { "data-number": found[0].number },
        h("b", {}, String(year)), found.some((each) => !each.comparable) ? ` – ${text("break_hard").replace(/^.*: /, "")}` : "",
        h("ul", {}, found.map((each) => h("li", {}, h("span", { class: "kind" }, `${say(each.kind)}: `), say(each.text))))))));
      element.querySelector("summary").textContent = text("show_table");
    };
    // Breaks matter if the figure shows several years.
    if (years.length && (["series", "panels", "map"].includes(config.kind) || [config.rows, config.across].includes(TIME))) element.append(list);
    element.append(h("details", { class: "data" }, h("summary", {}), h("div", { class: "table" })));
    if (source) element.append(source);
    words();
    document.addEventListener("languagechosen", words);
    return { element, start: () => new (kinds[config.kind] || Figure)(element, config) };
  };

  Object.assign(site, { Figure, kinds, makeFigure: make });

  for (const element of document.querySelectorAll("figure.figure")) {
    const config = JSON.parse(element.querySelector("script[type='application/json']").textContent);
    if (site.cubes[config.cube] && config.kind !== "map") new Figure(element, config);
  }
  // Drawing the figures has moved the content below them, so scroll to the anchor again.
  const named = location.hash.length > 1 && !location.hash.includes(";") ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
  if (named) requestAnimationFrame(() => named.scrollIntoView());
})();
