// One municipality: its figures are loaded when it is chosen, and stand beside its neighbours in size, its county and the country.
(() => {
  "use strict";
  const site = window.IS248;
  const { say, text, number, sign, load, h, charts, makeFigure, cubes } = site;
  const root = document.getElementById("municipality");
  const config = JSON.parse(root.querySelector("script").textContent);
  const field = document.getElementById("search");
  const form = root.querySelector("form");
  const chosen = document.getElementById("chosen");
  const names = [...document.querySelectorAll("#names option")].map((option) => option.value);
  const codeOf = (words) => {
    const wanted = words.trim().toLowerCase();
    const found = names.find((name) => name.toLowerCase() === wanted) || names.find((name) => name.toLowerCase().startsWith(wanted))
      || names.find((name) => name.toLowerCase().includes(wanted));
    return wanted && found ? found.match(/\((\w+)\)$/)[1] : null;
  };
  const GROUPS = ["total", "adults", "children"];
  const known = {};
  let current = null;
  site.municipality = (facts) => { known[facts.code] = facts; };

  const rateOf = (unit, group, year) => {
    const cube = cubes.rates;
    return cube ? cube.value("fte_per_10000", at(unit, group, year)) : null;
  };
  // Of an area of the cube of rates: the flag and what is said.
  const besideOf = (unit, group, year) => {
    const cube = cubes.rates;
    if (!cube) return { flag: "O", said: [] };
    const percent = cube.value("coverage", at(unit, group, year));
    return {
      flag: cube.flag(at(unit, group, year)),
      said: [...(percent === null ? [] : [[text("covered", { share: number(percent, 1) })]]), ...cube.remarks(at(unit, group, year))],
    };
  };
  const at = (unit, group, year) => ({ unit, target_group: group, service_type: "total", time: String(year) });
  const written = (value, decimals, flag = "O") => (value === null || value === undefined ? sign(flag) : number(value, decimals));
  // What is said beside a figure, in words: its status where it is not a normal one, whom it covers, its notes.
  const told = (flag, said = []) => [
    ...(flag && flag !== "A" && flag !== site.NO_ROW ? [say(site.flagOf(flag).label)] : []), ...said.map(say),
  ];

  const tiles = (one) => {
    const tile = (what, value, ...lines) => h("li", {}, h("span", { class: "what" }, what), h("b", {}, value),
      lines.map((line, place) => (line ? h("span", { class: place ? "line beside" : "line" }, line) : null)));
    const figure = (group) => one.figures[group] || [null, null, "O"];
    const [, , flag, said] = figure("total");
    const beside = site.inOneLine(told(flag, said));
    const country = (group) => text("country_rate", {
      country: written(rateOf("current.country.0", group, one.year), 1), county: written(rateOf(`current.county.${one.county}`, group, one.year), 1),
    });
    return h("ul", { class: "tiles" },
      tile(text("inhabitants"), written(one.population, 0), `${one.countyName}, ${one.year}`),
      tile(text("total"), written(figure("total")[0], 1, flag), text("adults_children", {
        adults: written(figure("adults")[0], 1, figure("adults")[2]), children: written(figure("children")[0], 1, figure("children")[2]),
      }), beside),
      tile(text("rate"), written(figure("total")[1], 1, flag), country("total"), beside));
  };

  // Own rate over time beside the county's and the country's, as a cube of its own.
  const rateCube = (one) => {
    const own = cubes[`${one.code}/fte_by_service`];
    if (!own || !cubes.rates) return null;
    const units = [[own, `current.municipality.${one.code}`, [one.name]], [cubes.rates, `current.county.${one.county}`, [one.countyName]], [cubes.rates, "current.country.0", cubes.rates.label("unit", "current.country.0")]]
      .filter(([cube, unit]) => cube.places.unit.has(unit));
    const groups = own.dimensions.target_group;
    const times = own.dimensions.time;
    const cells = units.flatMap(([cube, unit]) => groups.flatMap((group) => times.map((time) => [cube, { unit, target_group: group, service_type: "total", time }])));
    site.add(`${one.code}/rates`, {
      dimensions: { unit: units.map(([, unit]) => unit), target_group: groups, time: times },
      labels: { unit: Object.fromEntries(units.map(([, unit, label]) => [unit, label])), target_group: own.labels.target_group },
      measures: { fte_per_10000: { over: ["unit", "target_group", "time"], values: cells.map(([cube, place]) => cube.value("fte_per_10000", place) ?? "").join(",") },
        coverage: { over: ["unit", "target_group", "time"], values: cells.map(([cube, place]) => cube.value("coverage", place) ?? "").join(",") } },
      flags: { over: ["unit", "target_group", "time"], values: cells.map(([cube, place]) => cube.flag(place)).join("") },
      notes: { over: ["unit", "target_group", "time"], values: cells.map((_, place) => place).join(","), said: cells.map(([cube, place]) => cube.remarks(place)) },
    });
    const service = config.figures.fte_by_service;
    return {
      ...service, id: "rates", kind: "series", title: [0, 1].map((place) => site.known.texts.rate_time[place]), cube: `${one.code}/rates`,
      measures: service.measures.filter((measure) => measure.name === "fte_per_10000"), across: "unit", only: {}, without: {},
      choose: service.choose.filter(([name]) => name === "target_group"), start: { target_group: "total" },
      levels: ["municipality", "county", "country"],
    };
  };

  const neighbours = (one) => {
    const ofGroups = (figures) => ({
      rates: (group) => (figures[group] || [])[1],
      beside: (group) => ({ flag: (figures[group] || [])[2] || "O", said: (figures[group] || [])[3] || [] }),
    });
    const all = [
      { label: say(cubes.rates ? cubes.rates.label("unit", "current.country.0") : text("country")), rates: (group) => rateOf("current.country.0", group, one.year), beside: (group) => besideOf("current.country.0", group, one.year), reference: true },
      { label: one.name, ...ofGroups(one.figures), own: true, population: one.population },
      ...one.neighbours.map(([code, name, population, figures]) => ({ code, label: name, population, ...ofGroups(figures) })),
    ];
    const host = h("div", { class: "plot" });
    const remarks = h("div", { class: "bases" });
    const select = h("select", {}, GROUPS.filter((group) => config.groups[group]).map((group) => h("option", { value: group }, say(config.groups[group]))));
    const draw = () => {
      const rows = all.map((each) => ({ ...each, label: each.population ? `${each.label} (${number(each.population)})` : each.label, value: each.rates(select.value) ?? null, ...each.beside(select.value) }))
        .map((row) => ({ ...row, noted: row.value !== null && row.said.length > 0 }))
        .sort((a, b) => (b.reference ? 1 : 0) - (a.reference ? 1 : 0) || (b.value ?? -1) - (a.value ?? -1));
      host.replaceChildren();
      const reference = rows.find((row) => row.reference);
      charts.bars(host, { rows, decimals: 1, reference: reference ? reference.value : null });
      // The bars have no tooltip: what is said of them stands below.
      const said = rows.map((row) => [row.label, site.inOneLine(told(row.flag, row.said))]).filter(([, words]) => words);
      remarks.replaceChildren(...(said.length ? [h("p", {}, text("remarks")), h("ul", {}, said.map(([label, words]) => h("li", {}, `${label}: ${words}`)))] : []));
    };
    select.addEventListener("change", draw);
    draw();
    return h("figure", { class: "figure", id: "figure-neighbours" },
      h("figcaption", {}, h("h3", {}, text("neighbours", { count: one.neighbours.length }))),
      h("div", { class: "drawn" }, h("div", { class: "fields" }, h("label", {}, h("span", {}, config.figures.fte_by_service ? say(config.figures.fte_by_service.choose[0].slice(1)) : ""), select)),
        h("p", { class: "unit" }, text("neighbours_lead", { year: one.year })), host, remarks));
  };

  const breaksOf = (year) => {
    const found = (config.figures.fte_by_service || { breaks: [] }).breaks.filter((each) => each.year === year);
    const kinds = [...new Set(found.map((each) => say(each.kind)))];
    return kinds.length ? [`${text("break_column")}: ${kinds.join(", ")}`] : [];
  };

  const reported = (one) => {
    const lines = one.reported.filter((line) => line.rows.length);
    if (!lines.length) return null;
    const years = [...new Set(lines.flatMap((line) => line.rows.map((row) => row[0])))].sort((a, b) => a - b);
    // Status, notes and moved boundaries of each municipality, and the breaks of the year.
    const of = (line, words) => (lines.length > 1 ? `${line.name} ${line.code}: ${words}` : words);
    const said = new Map(years.map((year) => [year, [
      ...lines.flatMap((line) => line.rows.filter((row) => row[0] === year).map((row) => site.inOneLine(told(row[2], row[3]))).filter(Boolean).map((words) => of(line, words))),
      ...breaksOf(year),
    ]]));
    const isSaid = [...said.values()].some((each) => each.length);
    const head = (line) => [line.name, h("small", {}, ` ${line.code}${line.until ? `, ${text("until", { year: line.until })}` : ""}${line.part ? `, ${text("part")}` : ""}`)];
    return h("section", {}, h("h3", {}, text("reported")), h("p", { class: "prose" }, text("reported_lead")),
      h("div", { class: "scroll", role: "region", tabindex: "0", "aria-labelledby": "reported-caption" }, h("table", {},
        h("caption", { id: "reported-caption" }, text("total")),
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, text("year")), lines.map((line) => h("th", { scope: "col", class: "r" }, head(line))), isSaid ? h("th", { scope: "col" }, text("remarks")) : null)),
        h("tbody", {}, years.map((year) => h("tr", {}, h("th", { scope: "row" }, String(year)), lines.map((line) => {
          const row = line.rows.find((each) => each[0] === year);
          if (!row) return h("td", { class: "r" });
          const flag = row[2];
          return h("td", { class: "r" }, row[1] === null ? sign(flag) : number(row[1], 1), row[1] !== null && flag !== "A" ? h("sup", {}, flag) : null);
        }), isSaid ? h("td", { class: "said" }, site.inOneLine(said.get(year))) : null))))));
  };

  const source = (table) => h("p", { class: "source" }, text("data_behind"), " ", h("a", { href: `../csv/${table}.csv` }, "CSV"));

  // The sheet that the municipality can print, where the snapshot has it.
  const sheet = (one) => {
    const { codes, files, year } = config.sheets;
    if (!codes || !codes.includes(one.code)) return null;
    return h("p", { class: "sheet" }, text("sheet", { year }), " ",
      files.flatMap(([name, file], place) => [place ? " " : "", h("a", { href: file.replaceAll("{code}", one.code) }, name)]));
  };

  const show = async (code) => {
    if (!code || !names.some((name) => name.endsWith(`(${code})`))) return;
    current = code;
    chosen.replaceChildren(h("p", { class: "note" }, text("loading")));
    try {
      await load(`municipality/${code}.js`);
    } catch {
      chosen.replaceChildren(h("p", { class: "note" }, text("load_failed")));
      return;
    }
    if (current === code) render();
  };

  const render = () => {
    const one = known[current];
    if (!one) return;
    field.value = `${one.name} (${one.code})`;
    const made = [];
    const rates = rateCube(one);
    if (rates) made.push(makeFigure(rates, { heading: "h3", source: source("fte_by_service") }));
    for (const [table, figure] of Object.entries(config.figures)) {
      if (!cubes[`${one.code}/${table}`]) continue;
      made.push(makeFigure({ ...figure, cube: `${one.code}/${table}` }, { heading: "h3", source: source(table) }));
    }
    const elements = made.map((each) => each.element);
    elements.splice(rates ? 1 : 0, 0, neighbours(one));
    chosen.replaceChildren(...[h("h2", {}, one.name), tiles(one), sheet(one), ...elements, reported(one)].filter(Boolean));
    for (const each of made) each.start();
  };

  const asked = () => decodeURIComponent(location.hash.slice(1));
  form.hidden = false;
  field.placeholder = field.dataset[document.documentElement.lang];
  form.addEventListener("submit", (event) => { event.preventDefault(); const code = codeOf(field.value); if (code) location.hash = code; });
  field.addEventListener("change", () => { const code = codeOf(field.value); if (code) location.hash = code; });
  field.addEventListener("focus", () => field.select());
  window.addEventListener("hashchange", () => show(asked()));
  // Figures follow the language themselves; what stands between them is made anew.
  document.addEventListener("languagechosen", () => render());
  show(asked());
})();
