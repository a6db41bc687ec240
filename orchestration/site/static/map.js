// Maps: areas in classes, with the same classes for all years, one year at a time. A figure of kind "map" has areas as rows.
// Does not belong here: the shapes of areas (shapes.js), choices and the table (figures.js).
(() => {
  "use strict";
  const site = window.IS248;
  const { say, text, rounded, number, sign, flagOf, h, inOneLine, NO_ROW, charts, kinds, Figure } = site;
  const CLASSES = 5;
  // Which of the five shades are used if there are fewer classes.
  const SHADES = { 1: [3], 2: [2, 4], 3: [1, 3, 5], 4: [1, 2, 4, 5], 5: [1, 2, 3, 4, 5] };
  // The lines of hatchings, and the size of their tile in pixels; each reason for a missing number has its own hatching.
  const TILE = 7;
  const HATCHES = ["M-1,1L1,-1M0,7L7,0M6,8L8,6", "M-1,6L1,8M0,0L7,7M6,-1L8,1", "M0,3.5H7", "M3.5,0V7", "M0,3.5H7M3.5,0V7"];
  const MUNICIPALITY = "municipality";
  const SIDE = 16;
  // Choices that only maps have: the area to follow, the classes, and the visible part.
  const OWN = ["area", "spread", "extent"];
  const svg = (name, attributes = {}, ...children) => {
    const element = d3.create(`svg:${name}`).node();
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };

  // Class limits with about equally many values in each class: the lower ends of all but the first. Values are used as displayed.
  const cutsOf = (values, decimals) => {
    const sorted = values.map((value) => rounded(value, decimals)).sort(d3.ascending);
    const cuts = d3.range(1, CLASSES).map((place) => rounded(d3.quantileSorted(sorted, place / CLASSES), decimals));
    return { low: sorted[0], high: sorted.at(-1), cuts: [...new Set(cuts)].filter((cut) => cut > sorted[0]) };
  };
  const classOf = (classes, value, decimals) => d3.bisectRight(classes.cuts, rounded(value, decimals));
  const shade = (classes, place) => `var(--m${SHADES[classes.cuts.length + 1][place]})`;

  // The area in the direction of an arrow key: the nearest that is not far to the side.
  const STEPS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
  const beside = (places, from, key) => {
    const [dx, dy] = STEPS[key];
    const far = ({ middle }) => {
      const [x, y] = [middle[0] - from.middle[0], middle[1] - from.middle[1]];
      const along = x * dx + y * dy;
      return along <= 0 ? Infinity : along + 2.5 * Math.abs(x * dy - y * dx);
    };
    const found = d3.leastIndex(places, (a, b) => far(a) - far(b));
    return far(places[found]) === Infinity ? null : found;
  };

  class MapFigure extends Figure {
    // Set up the elements of a map before its first drawing; also for a still map.
    prepare() {
      this.element.classList.add("mapped");
      this.timeline = h("div", { class: "years" });
      this.unit.before(this.timeline);
    }

    choose() {
      if (!this.timeline) this.prepare();
      super.choose();
      const known = {
        area: this.units.includes(this.wanted.area),
        spread: this.wanted.spread === "year",
        extent: this.level === MUNICIPALITY && this.wanted.extent in (site.shapes ? site.shapes.raw.frame.names : {}),
      };
      const chosen = Object.fromEntries(OWN.filter((name) => known[name]).map((name) => [name, this.wanted[name]]));
      Object.assign(this.state, chosen);
      // The address includes these too.
      this.config.asked = chosen;
    }

    // Stores one of the map's own choices, or removes it if it is empty.
    set(name, value) {
      if (value) this.wanted[name] = value;
      else delete this.wanted[name];
      this.render();
      site.address.keep(this);
    }

    get level() { return this.state.level || this.config.levels[0]; }

    get followed() { return this.state.area || null; }

    get extent() { return this.state.extent || ""; }

    get spread() { return this.state.spread || "all"; }

    get measuredYears() { return (this.offered.find((offer) => offer.name === "time") || { codes: [] }).codes.slice().reverse(); }

    // All areas of the level, with or without a number.
    get units() { return this.allowed("unit").filter((unit) => unit !== this.country); }

    listen() {
      this.plot.addEventListener("keydown", (event) => {
        let place = null;
        if (event.key in STEPS) place = this.marked === null || this.marked === undefined ? 0 : beside(this.places, this.places[this.marked], event.key);
        else if (event.key === "Home") place = 0;
        else if (event.key === "End") place = this.places.length - 1;
        else if (event.key === "Escape") { this.track(null); return; } else return;
        event.preventDefault();
        if (place !== null && place >= 0 && this.places.length) this.mark(place, null, true);
      });
      for (const kind of ["pointermove", "pointerdown"]) {
        this.plot.addEventListener(kind, (event) => {
          const place = event.target.dataset ? event.target.dataset.place : undefined;
          if (place !== undefined) this.mark(Number(place), event);
          else this.rest();
        });
      }
      for (const kind of ["pointerleave", "blur"]) this.plot.addEventListener(kind, () => this.rest());
    }

    // Marks the area that the reader follows through the years, if any.
    rest(aloud = false) {
      const place = this.followed === null ? -1 : this.places.findIndex((each) => each.unit === this.followed);
      this.mark(place < 0 ? null : place, null, aloud && place >= 0);
    }

    track(unit) {
      const place = this.places.find((each) => each.unit === unit);
      if (place && !place.inView) delete this.wanted.extent;
      this.set("area", unit);
      this.rest(true);
    }

    // The slider replaces the list of years; another list leads to each area.
    renderFields() {
      const focused = this.fields.contains(document.activeElement) ? document.activeElement.name : null;
      super.renderFields();
      this.fields.querySelector("select[name=time]")?.closest("label").remove();
      const units = this.units.map((unit) => [unit, this.label("unit", unit)]).sort((a, b) => a[1].localeCompare(b[1], "nb"));
      const option = ([value, label], chosen) => h("option", { value, selected: value === chosen }, label);
      const field = (name, title, options, chosen, act) => {
        const select = h("select", { name }, options.map((each) => option(each, chosen)));
        select.addEventListener("change", () => act(select.value));
        this.fields.append(h("label", {}, h("span", {}, title), select));
      };
      field("area", text("map_go"), [["", text("map_all")], ...units], this.followed || "", (unit) => this.track(unit));
      if (this.measuredYears.length > 1) {
        const spreads = [["", text("map_spread_all")], ["year", text("map_spread_year")]];
        field("spread", text("map_spread"), spreads, this.spread, (spread) => this.set("spread", spread));
      }
      if (this.level === MUNICIPALITY && site.shapes) {
        const parts = [["", text("country")], ...Object.entries(site.shapes.raw.frame.names)];
        field("extent", text("map_extent"), parts, this.extent, (extent) => this.set("extent", extent));
      }
      if (focused) this.fields.querySelector(`[name=${focused}]`)?.focus();
    }

    // What lies between two successive measured years: breaks with their numbers in the list below, years without a
    // measurement, and years that must not be compared although no break explains it.
    between(from, to) {
      const lies = (year) => year > Number(from) && year <= Number(to);
      const found = charts.breaksByYear(this.breaks).filter(([year]) => lies(year))
        .map(([year, reasons]) => ({ year, reasons, number: reasons[0].number, hard: reasons.some((each) => !each.comparable) }));
      const apart = this.config.apart.filter((year) => lies(year) && !found.some((each) => each.hard));
      return { found, apart, missing: d3.range(Number(from) + 1, Number(to)) };
    }

    drawYears() {
      const codes = this.measuredYears;
      const place = codes.indexOf(this.state.time);
      const shown = `${codes.join()} ${document.documentElement.lang} ${JSON.stringify(this.breaks)}`;
      if (this.yearsShown !== shown) {
        this.yearsShown = shown;
        const title = say(this.offered.find((offer) => offer.name === "time").title);
        this.slider = h("input", { type: "range", min: 0, max: codes.length - 1, step: 1, "aria-label": title });
        this.slider.addEventListener("input", () => this.move(this.measuredYears[Number(this.slider.value)]));
        this.chosenYear = h("b", {});
        this.crossed = h("div", { class: "crossed", "aria-live": "polite" });
        this.ticks = h("ol", { class: "ticks", "aria-hidden": "true" }, codes.map((code, each) => {
          const { found, apart, missing } = each ? this.between(codes[each - 1], code) : { found: [], apart: [], missing: [] };
          return h("li", {}, found.length || apart.length || missing.length ? h("span", { class: "walls" },
            found.map((one) => h("b", { class: one.hard ? "hard" : "soft" }, String(one.number))),
            apart.length && !found.length ? h("b", { class: "hard" }, "×") : null,
            missing.length && !found.length && !apart.length ? h("b", { class: "gap" }, "–") : null) : null, h("span", { class: "year" }, code));
        }));
        this.timeline.replaceChildren(h("p", { class: "year-now" }, title, " ", this.chosenYear), this.slider, this.ticks, this.crossed);
        this.timeline.style.setProperty("--count", codes.length);
      }
      this.timeline.hidden = codes.length < 2;
      this.slider.value = place;
      this.slider.setAttribute("aria-valuetext", this.state.time || "");
      this.chosenYear.textContent = this.state.time || "";
      const every = Math.max(1, Math.ceil((codes.length * 40) / Math.max(1, this.timeline.clientWidth || this.width)));
      [...this.ticks.children].forEach((tick, each) => {
        tick.classList.toggle("now", each === place);
        tick.classList.toggle("named", (codes.length - 1 - each) % every === 0);
      });
    }

    // Moves from one year to another: breaks and gaps that are crossed are shown at the slider until the next step.
    move(time) {
      const codes = this.measuredYears;
      const before = this.state.time;
      const [low, high] = d3.sort([before, time]);
      const crossed = codes.slice(1).map((code, place) => [codes[place], code])
        .filter(([from, to]) => from >= low && to <= high).map(([from, to]) => this.between(from, to));
      const said = crossed.flatMap(({ found, apart, missing }) => [
        ...found.map((one) => h("li", {}, h("b", { class: one.hard ? "hard" : "soft" }, String(one.number)), h("span", {},
          `${text("break", { number: one.number, year: one.year })}. ${text(one.hard ? "map_hard" : "map_soft")} `, one.reasons.map((each) => `${say(each.kind)}: ${say(each.text)} `)))),
        ...apart.map((year) => h("li", {}, h("b", { class: "hard" }, "×"), h("span", {}, text("map_apart", { year })))),
        ...(missing.length ? [h("li", {}, h("b", { class: "gap" }, "–"), h("span", {}, text("map_missing", { years: missing.join(", ") })))] : []),
      ]);
      this.crossed.replaceChildren(...(said.length ? [h("p", {}, text("map_step", { from: before, to: time })), h("ul", {}, said)] : []));
      this.set("time", time);
      this.rest(true);
    }

    // The classes for the current choices: over all years, so that years are comparable, unless the reader chose a single year.
    classes() {
      const { time, area, spread, extent, ...kept } = this.state;
      const times = this.spread === "all" ? this.cube.dimensions.time : [time];
      const key = JSON.stringify([kept, this.measure, times]);
      if (this.classesOf !== key) {
        const values = this.units.flatMap((unit) => times.map((each) => this.cube.value(this.shown.name, { ...kept, unit, time: each })));
        const found = values.filter((value) => value !== null).map((value) => value / this.shown.divide);
        this.known = found.length ? cutsOf(found, this.shown.decimals) : null;
        this.classesOf = key;
      }
      return this.known;
    }

    draw() {
      // Restore the mark on the area that has the keyboard focus.
      const stood = this.marked !== null && this.marked !== undefined && document.activeElement === this.plot ? this.places[this.marked].unit : null;
      this.mark(null);
      this.width = this.plot.clientWidth;
      this.plot.replaceChildren();
      this.key.replaceChildren();
      this.places = [];
      this.unit.textContent = say(this.shown.unit) + (this.state.time ? `, ${this.state.time}` : "");
      this.plot.setAttribute("aria-label", `${say(this.config.title)}. ${text("map_chart")}`);
      const classes = this.classes();
      if (!classes || !site.shapes || !site.shapes.has(this.level)) { this.timeline.hidden = true; this.nothing(); return; }
      this.drawYears();
      const { decimals } = this.shown;
      const absent = new Map();
      const areas = this.units.map((unit) => {
        const cell = this.cell(this.shown, { unit });
        // The hatching of a missing number depends on the reason.
        if (cell.value === null && !absent.has(cell.flag)) absent.set(cell.flag, absent.size);
        return { unit, code: unit.split(".").slice(2).join("."), label: this.label("unit", unit), cell,
          class: cell.value === null ? null : classOf(classes, cell.value, decimals) };
      });
      this.drawMap(areas, classes, absent);
      this.drawKey(areas, classes, absent);
      this.count(areas.map((each) => each.cell.value).filter((value) => value !== null), areas.length);
      this.plot.append(this.tip);
      if (stood !== null) this.mark(this.places.findIndex((place) => place.unit === stood));
      else this.rest();
    }

    fill(area, classes, absent) {
      return area.class === null ? `url(#${this.element.id}-hatch-${absent.get(area.cell.flag)})` : shade(classes, area.class);
    }

    // The visible part, with a margin: the whole country, or one of the larger areas.
    view(shapes) {
      const found = this.extent ? shapes.level(shapes.raw.frame.level).get(this.extent) : null;
      const [left, right, top, bottom] = found ? found.box : [0, shapes.width, 0, shapes.height];
      const margin = (found ? 0.04 : 0.006) * Math.max(right - left, bottom - top);
      return [left - margin, top - margin, right - left + 2 * margin, bottom - top + 2 * margin];
    }

    drawMap(areas, classes, absent) {
      const { shapes } = site;
      const [x, y, width, height] = this.view(shapes);
      // Pixels per unit of the map; the height is limited for narrow extents.
      const scale = Math.min(Math.max(200, this.width) / width, 780 / height);
      const map = svg("svg", { viewBox: `${x} ${y} ${width} ${height}`, width: width * scale, height: height * scale, "aria-hidden": "true", class: "map" });
      const patterns = svg("defs");
      for (const name of [...absent.values(), "divided"]) patterns.append(this.hatch(name, 1 / scale));
      map.append(patterns);
      const known = shapes.level(this.level);
      const shown = svg("g");
      const dots = svg("g", { class: "dots" });
      for (const [code, parts] of Object.entries(shapes.raw.divided[this.level] || {})) {
        const of = svg("path", { d: shapes.area([code]).path, fill: `url(#${this.element.id}-hatch-divided)` });
        of.append(svg("title", {}, this.dividedText(code, parts)));
        shown.append(of);
      }
      const squares = areas.filter((area) => !known.has(area.code));
      for (const area of areas) {
        const square = squares.indexOf(area);
        const at = [x, y + (30 + square * (SIDE + 10)) / scale];
        const side = SIDE / scale;
        const d = square < 0 ? known.get(area.code).path : `M${at}h${side}v${side}h${-side}Z`;
        const middle = square < 0 ? known.get(area.code).middle : [at[0] + side / 2, at[1] + side / 2];
        const place = this.places.length;
        shown.append(svg("path", { d, fill: this.fill(area, classes, absent), "data-place": place, class: area.class === null ? "absent" : "area" }));
        if (square >= 0) shown.append(this.words(area.label, at[0] + (SIDE + 6) / scale, middle[1], scale));
        if (this.isMarked(area.cell)) dots.append(svg("circle", { cx: middle[0], cy: middle[1], r: 3 / scale }));
        this.places.push(this.placeOf(area, classes, middle, d, [x, y, width, height], scale));
      }
      if (squares.length) shown.append(this.words(text("map_no_ground"), x, y + 14 / scale, scale));
      map.append(shown);
      if (this.level === MUNICIPALITY) map.append(svg("path", { class: "frame", d: shapes.frame(shapes.raw.frame.level) }));
      const halo = svg("path", { class: "halo" });
      const outline = svg("path", { class: "outline" });
      map.append(dots, halo, outline);
      this.outline = (d) => { halo.setAttribute("d", d); outline.setAttribute("d", d); };
      this.clear = () => this.outline("");
      this.plot.append(map);
    }

    words(words, left, middle, scale) {
      return svg("text", { x: left, y: middle, dy: ".35em", "font-size": 12 / scale }, words);
    }

    hatch(name, size) {
      const tile = TILE * size;
      const lines = name === "divided" ? svg("circle", { cx: 3.5, cy: 3.5, r: 1.2, class: "dot" }) : svg("path", { d: HATCHES[name % HATCHES.length] });
      return svg("pattern", { id: `${this.element.id}-hatch-${name}`, width: tile, height: tile, patternUnits: "userSpaceOnUse", class: "hatch" },
        svg("g", { transform: `scale(${size})` }, svg("rect", { width: TILE, height: TILE }), lines));
    }

    // A number with a special status or a note has a dot.
    isMarked(cell) { return cell.value !== null && (cell.noted || cell.flag !== "A"); }

    placeOf(area, classes, middle, d, [x, y, width, height], scale) {
      const { cell } = area;
      const left = (middle[0] - x) * scale;
      const top = (middle[1] - y) * scale;
      const reason = cell.flag === NO_ROW ? text("no_data") : say(flagOf(cell.flag).label);
      return {
        unit: area.unit, title: area.label, middle, inView: left >= 0 && top >= 0 && left <= width * scale && top <= height * scale,
        lines: [cell.value === null ? [reason, sign(cell.flag), null, inOneLine(cell.notes)]
          : [this.state.time || "", number(cell.value, this.shown.decimals), shade(classes, area.class), this.aside(cell)]],
        notes: this.basesOf(this.state.time ? [this.state.time] : []),
        mark: () => this.outline(d), x: left, item: { offsetTop: top, offsetHeight: 10 },
      };
    }

    dividedText(code, parts) {
      const unit = (area) => this.label("unit", `${this.state.basis || "current"}.${this.level}.${area}`);
      return text("map_divided", { name: site.shapes.raw.names[code] || code, areas: parts.map(unit).join(", ") });
    }

    swatch(fill, name = "area") {
      return svg("svg", { width: 22, height: 14, "aria-hidden": "true" }, svg("rect", { x: 0.5, y: 0.5, width: 21, height: 13, fill, class: name }));
    }

    drawKey(areas, classes, absent) {
      const { decimals } = this.shown;
      const ends = [classes.low, ...classes.cuts];
      const step = 10 ** -decimals;
      const shown = ends.map((low, place) => {
        const high = place + 1 < ends.length ? rounded(ends[place + 1] - step, decimals) : classes.high;
        return h("li", {}, this.swatch(shade(classes, place)), low === high ? number(low, decimals) : `${number(low, decimals)}–${number(high, decimals)}`);
      });
      this.key.append(h("ol", { class: "key classes" }, shown));
      if (classes.cuts.length) this.key.append(h("p", { class: "scale" }, text(this.spread === "all" ? "map_classes" : "map_classes_year", { count: shown.length, year: this.state.time || "" })));
      const marks = [...absent].map(([flag, place]) => h("li", {}, this.hatched(place), h("span", {}, sign(flag) ? h("b", {}, `${sign(flag)} `) : null, flag === NO_ROW ? text("no_data") : say(flagOf(flag).label))));
      for (const [code, parts] of Object.entries(site.shapes.raw.divided[this.level] || {})) marks.push(h("li", {}, this.hatched("divided"), h("span", {}, this.dividedText(code, parts))));
      const noted = areas.filter((area) => this.isMarked(area.cell));
      if (noted.length) {
        const statuses = [...new Set(noted.map((area) => area.cell.flag))].filter((flag) => flag !== "A").sort().map((flag) => say(flagOf(flag).label).toLowerCase());
        marks.push(h("li", {}, svg("svg", { width: 22, height: 14, "aria-hidden": "true", class: "dots" }, svg("circle", { cx: 11, cy: 7, r: 3 })),
          h("span", {}, [text("map_noted"), statuses.length ? ` (${statuses.join("; ")})` : ""])));
      }
      if (marks.length) this.key.append(h("ul", { class: "key column" }, marks));
      this.key.append(h("p", { class: "scale" }, text("map_basis", { year: site.shapes.raw.year, source: site.shapes.raw.attribution })));
    }

    // Patterns of a map use its own units; the legend needs patterns in pixels.
    hatched(name) {
      const found = this.swatch("none", "absent");
      const id = `${this.element.id}-key-${name}`;
      const pattern = this.hatch(name, 1);
      pattern.id = id;
      found.prepend(svg("defs", {}, pattern));
      found.querySelector("rect.absent").setAttribute("fill", `url(#${id})`);
      return found;
    }

    count(values, whole) {
      const { decimals } = this.shown;
      const sorted = d3.sort(values);
      const parts = [text("map_count", { year: this.state.time || "", n: number(values.length), whole: number(whole) })];
      if (values.length > 3) parts.push(text("map_half", { low: number(d3.quantileSorted(sorted, 0.25), decimals), high: number(d3.quantileSorted(sorted, 0.75), decimals) }));
      if (this.country) {
        const { value } = this.cell(this.shown, { unit: this.country });
        if (value !== null) parts.push(text("map_country", { value: number(value, decimals) }));
      }
      this.summary.textContent = parts.join(" ");
    }
  }

  kinds.map = MapFigure;
  for (const element of document.querySelectorAll("figure.figure")) {
    const config = JSON.parse(element.querySelector("script[type='application/json']").textContent);
    if (site.cubes[config.cube] && config.kind === "map") new MapFigure(element, config);
  }
})();
