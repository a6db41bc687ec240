// A table built by the reader: the table, its rows and columns, and the years; the rest is chosen as in a figure.
// Nothing is summed here: a table shows cells of one level of areas, one kind of areas, and one code of each other dimension.
(() => {
  "use strict";
  const site = window.IS248;
  const { say, text, load, h, cubes, questions } = site;
  const root = document.getElementById("builder");
  const config = JSON.parse(root.querySelector("script").textContent);
  const form = document.getElementById("layout");
  const host = document.getElementById("built");
  const MEASURE = "measure";
  const TIME = "time";
  const UNIT = "unit";
  const LAST = [3, 5, 10];
  let layout = null;
  let figure = null;

  const described = (name) => {
    if (!name.startsWith("indicator/")) return config.tables.find((table) => table.cube === name) || null;
    const id = name.slice("indicator/".length);
    const facts = questions[id];
    return facts ? { ...config.question, title: facts.title, breaks: facts.breaks, apart: facts.apart } : null;
  };
  const isKnown = (name) => config.tables.some((table) => table.cube === name)
    || config.groups.some(([, own]) => own.some(([id]) => `indicator/${id}` === name));

  // Candidates for rows and columns: dimensions with several codes, and the measures if there are several.
  const axes = (cube, table) => [
    ...Object.keys(cube.dimensions).filter((name) => cube.dimensions[name].length > 1),
    ...(table.measures.length > 1 ? [MEASURE] : []),
  ];
  const titleOf = (table, name) => (name === MEASURE ? text("measure") : say(table.heads[name] || [name]));

  // By default, years in rows, and the table's first own dimension in columns.
  const usual = (cube, table) => {
    const all = axes(cube, table);
    const rows = all.includes(TIME) ? TIME : all[0];
    const own = all.filter((name) => name !== rows && ![UNIT, MEASURE].includes(name));
    const most = own.sort((a, b) => cube.dimensions[b].length - cube.dimensions[a].length)[0];
    return { rows, across: most || (all.includes(MEASURE) && rows !== MEASURE ? MEASURE : all.find((name) => name !== rows)) || "" };
  };

  const yearsOf = (cube) => {
    const all = cube.dimensions[TIME];
    if (layout.years === "range") return all.filter((year) => year >= layout.from && year <= layout.to);
    const last = Number(layout.years);
    return last ? all.slice(-last) : all;
  };

  const described_by = (cube, table) => {
    const { rows, across } = layout;
    const areas = rows === UNIT || across === UNIT;
    const names = Object.keys(cube.dimensions).filter((name) => ![rows, across].includes(name) && (name !== UNIT || !areas));
    const choose = [...(areas ? ["level", "basis"] : []), ...names.filter((name) => name !== TIME), ...names.filter((name) => name === TIME)];
    return {
      ...table, cube: layout.cube, anchor: layout.cube, sortable: true,
      rows, across, rowsName: table.heads[rows] || [rows], acrossName: table.heads[across] || [across],
      choose: choose.map((name) => [name, ...(table.heads[name] || [name])]),
      at: {}, without: {}, only: { [TIME]: yearsOf(cube) }, ordered: true, compare: null,
      asked: { rows, across, ...(layout.years ? { years: layout.years } : {}), ...(layout.years === "range" ? { from: layout.from, to: layout.to } : {}) },
    };
  };

  const select = (name, title, options, value, act) => {
    const made = h("select", { name });
    made.append(...options(value));
    made.addEventListener("change", () => act(made.value));
    return h("label", {}, h("span", {}, title), made);
  };
  const option = (value, title, chosen) => h("option", { value, selected: value === chosen }, title);

  const fields = (cube, table) => {
    const all = axes(cube, table);
    const time = cube.dimensions[TIME];
    const change = (values) => { layout = { ...layout, ...values }; rebuild(figure ? figure.wanted : {}); };
    const focused = form.contains(document.activeElement) ? document.activeElement.name : null;
    form.replaceChildren(
      select("table", text("table"), (chosen) => [
        h("optgroup", { label: text("table_figures") }, config.tables.map((each) => option(each.cube, say(each.title), chosen))),
        ...config.groups.map(([title, own]) => h("optgroup", { label: say(title) }, own.map(([id, ...label]) => option(`indicator/${id}`, say(label), chosen)))),
      ], layout.cube, (name) => start(name, {})),
      select("rows", text("rows"), (chosen) => all.map((name) => option(name, titleOf(table, name), chosen)), layout.rows,
        (name) => change(name === layout.across ? { rows: name, across: layout.rows } : { rows: name })),
      select("across", text("columns"), (chosen) => all.map((name) => option(name, titleOf(table, name), chosen)), layout.across,
        (name) => change(name === layout.rows ? { across: name, rows: layout.across } : { across: name })),
      ...(time.length > 1 && [layout.rows, layout.across].includes(TIME) ? [
        select("years", text("years"), (chosen) => [
          option("", text("all_years"), chosen),
          ...LAST.filter((count) => count < time.length).map((count) => option(String(count), text("last_years", { count }), chosen)),
          option("range", text("from_year_to_year"), chosen),
        ], layout.years, (years) => change({ years, from: layout.from || time[0], to: layout.to || time[time.length - 1] })),
        ...(layout.years === "range" ? [
          select("from", text("from_year"), (chosen) => time.map((year) => option(year, year, chosen)), layout.from, (from) => change({ from, to: from > layout.to ? from : layout.to })),
          select("to", text("to_year"), (chosen) => time.map((year) => option(year, year, chosen)), layout.to, (to) => change({ to, from: to < layout.from ? to : layout.from })),
        ] : []),
      ] : []));
    if (focused) form.querySelector(`[name=${focused}]`)?.focus();
  };

  const rebuild = (wanted) => {
    const cube = cubes[layout.cube];
    const table = described(layout.cube);
    fields(cube, table);
    const kept = Object.fromEntries(Object.entries(wanted).filter(([name]) => ![layout.rows, layout.across].includes(name)));
    const heading = document.activeElement;
    const made = site.makeFigure({ ...described_by(cube, table), start: { ...table.start, ...kept } }, {
      heading: "h2",
      source: h("p", { class: "source" }, text("builder_note")),
    });
    host.replaceChildren(made.element);
    figure = made.start();
    site.address.keep(figure);
    if (heading && heading.isConnected) heading.focus();
  };

  const start = async (name, values) => {
    if (!cubes[name] || (name.startsWith("indicator/") && !described(name))) {
      host.replaceChildren(h("p", { class: "note" }, text("loading")));
      try {
        await load(`${name}.js`);
      } catch {
        host.replaceChildren(h("p", { class: "note" }, text("load_failed")));
        return;
      }
    }
    const cube = cubes[name];
    const table = described(name);
    const all = axes(cube, table);
    const first = usual(cube, table);
    const rows = all.includes(values.rows) ? values.rows : first.rows;
    const across = all.includes(values.across) && values.across !== rows ? values.across : [first.across, first.rows].find((each) => each !== rows) || "";
    const time = cube.dimensions[TIME];
    layout = {
      cube: name, rows, across, years: values.years || "",
      from: time.includes(values.from) ? values.from : time[0], to: time.includes(values.to) ? values.to : time[time.length - 1],
    };
    rebuild(values);
  };

  const asked = () => {
    const { anchor, values } = site.address.parsed();
    return [isKnown(anchor) ? anchor : config.tables.length ? config.tables[0].cube : `indicator/${config.groups[0][1][0][0]}`, values];
  };
  window.addEventListener("hashchange", () => { const [name, values] = asked(); start(name, values); });
  document.addEventListener("languagechosen", () => { if (layout) fields(cubes[layout.cube], described(layout.cube)); });
  root.hidden = false;
  start(...asked());
})();
