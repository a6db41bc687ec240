// The figures of one municipality, from the cubes that its page loads. The page itself has everything that needs no drawing.
// Does not belong here: its place among others (peers.js), or finding a municipality (find.js).
(() => {
  "use strict";
  const site = window.IS248;
  const { say, text, number, h, makeFigure, makePeers, cubes } = site;
  const root = document.documentElement.dataset.root || "";
  const host = document.getElementById("municipality");
  const one = JSON.parse(host.querySelector("script").textContent);
  const { figures, caution } = site.peers.shared;

  // A cube with the municipality's rate over time, and those of the county and the country.
  const rateCube = () => {
    const own = cubes[`${one.code}/fte_by_service`];
    if (!own || !cubes.rates) return null;
    const units = [
      [own, `current.municipality.${one.code}`], [cubes.rates, `current.county.${one.county}`], [cubes.rates, "current.country.0"],
    ].filter(([cube, unit]) => cube.places.unit.has(unit));
    // Other figures separate the country from the areas; here it is a line like the others.
    const line = (unit) => unit.replace(".country.", ".whole.");
    // A county may have the same name as the municipality.
    const named = (cube, unit) => (site.peers.shared.units[unit] || {}).label || cube.label("unit", unit);
    const groups = own.dimensions.target_group;
    const times = own.dimensions.time;
    const cells = units.flatMap(([cube, unit]) => groups.flatMap((group) => times.map((time) =>
      [cube, { unit, target_group: group, service_type: "total", time }])));
    const over = ["unit", "target_group", "time"];
    const measure = (name) => ({ over, values: cells.map(([cube, at]) => cube.value(name, at) ?? "").join(",") });
    site.add(`${one.code}/rates`, {
      dimensions: { unit: units.map(([, unit]) => line(unit)), target_group: groups, time: times },
      labels: { unit: Object.fromEntries(units.map(([cube, unit]) => [line(unit), named(cube, unit)])), target_group: own.labels.target_group },
      measures: { fte_per_10000: measure("fte_per_10000"), coverage: measure("coverage") },
      flags: { over, values: cells.map(([cube, at]) => cube.flag(at)).join("") },
      notes: { over, values: cells.map((_, place) => place).join(","), said: cells.map(([cube, at]) => cube.remarks(at)) },
    });
    const service = figures.fte_by_service;
    return {
      ...service, id: "rates", kind: "series", title: [0, 1].map((place) => site.known.texts.rate_time[place]), cube: `${one.code}/rates`,
      measures: service.measures.filter((each) => each.name === "fte_per_10000"), across: "unit", acrossName: site.known.texts.name, only: {}, without: {},
      choose: service.choose.filter(([name]) => name === "target_group"), start: { target_group: "total" },
      levels: ["municipality", "county", "whole"],
    };
  };

  const source = (table) => {
    const words = h("span", {});
    const fill = () => { words.textContent = `${text("data_behind")} `; };
    document.addEventListener("languagechosen", fill);
    fill();
    return h("p", { class: "source" }, words, h("a", { href: `${root}../csv/${table}.csv` }, "CSV"));
  };

  // Everything public about the municipality, as rows that can be saved: every table, year, target group and category.
  const series = () => site.tables.tidy(Object.entries(figures).filter(([table]) => cubes[`${one.code}/${table}`]).flatMap(([table, figure]) => {
    const cube = cubes[`${one.code}/${table}`];
    const { unit: units, target_group: groups, time: times } = cube.dimensions;
    const breaks = site.charts.numbered(figure.breaks, times);
    const brokenIn = (time) => [...new Set(breaks.filter((each) => String(each.year) === time).map((each) => say(each.kind)))].join(", ");
    return units.flatMap((unit) => groups.flatMap((group) => cube.dimensions[figure.across].flatMap((code) => times.flatMap((time) => {
      const at = { unit, target_group: group, [figure.across]: code, time };
      const flag = cube.flag(at);
      if (flag === site.NO_ROW) return [];
      const percent = cube.value("coverage", at);
      const said = [...(percent === null ? [] : [text("covered", { share: number(percent, 1) })]), ...cube.remarks(at).map(say)];
      return figure.measures.map((measure) => {
        const value = cube.value(measure.name, at);
        return [
          ["label", text("name"), say(cube.label("unit", unit))],
          ["code", text("unit_code"), unit.split(".").slice(2).join(".")],
          ["label", text("table"), say(figure.title)],
          ["label", text("year"), time],
          ["label", text("peers_group"), say(cube.label("target_group", group))],
          ["label", text("category"), say(cube.label(figure.across, code))],
          ["label", text("measure"), say(measure.title)],
          ["label", text("unit_of_measure"), say(measure.unit)],
          ["number", text("value"), value === null ? null : site.rounded(value / measure.divide, 6)],
          ["label", text("status"), say(site.flagOf(flag).label)],
          ["label", text("remarks"), site.inOneLine(said)],
          ["label", text("break_column"), brokenIn(time)],
        ];
      });
    }))));
  }));
  const years = document.getElementById("years");
  if (Object.keys(figures).some((table) => cubes[`${one.code}/${table}`])) {
    years.append(site.actions(site.standing({
      element: years,
      config: { id: "years", file: one.code, kind: "table", title: site.known.texts.all_series, measures: [], asked: { show: "all" } },
      get name() { return `${one.name}: ${text("all_series")}`; },
      shown: { unit: site.known.texts.fte },
      long: series,
    })));
  }

  makePeers(document.querySelector("#peers .drawn"), one);

  // Outside its page, a figure names the municipality.
  const mine = { of: [one.name], file: one.code };
  const rates = rateCube();
  const made = Object.entries(figures).filter(([table]) => cubes[`${one.code}/${table}`])
    .map(([table, figure]) => makeFigure({ ...figure, ...mine, cube: `${one.code}/${table}` }, { source: source(table) }));
  host.append(...made.map((each) => each.element));
  if (rates) {
    const { element, start } = makeFigure({ ...rates, ...mine }, { source: source("fte_by_service") });
    const words = h("p", { class: "caution" });
    const warn = () => { words.textContent = say(caution); };
    document.addEventListener("languagechosen", warn);
    warn();
    element.classList.add("essential");
    element.querySelector(".drawn").after(words);
    // The development comes before the comparison with others.
    document.getElementById("peers").before(element);
    made.unshift({ start });
  }
  for (const each of made) each.start();

  const print = h("button", { type: "button", class: "print" });
  const name = () => { print.textContent = text("print_pages"); };
  print.addEventListener("click", () => window.print());
  document.addEventListener("languagechosen", name);
  name();
  document.querySelector(".onward").append(" · ", print);
})();
