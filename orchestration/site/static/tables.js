// The table under a figure, and the same cells as rows that can be downloaded.
// Does not belong here: the cells of a figure and its choices (figures.js), files (files.js).
(() => {
  "use strict";
  const site = window.IS248;
  const { say, text, number, sign, flagOf, h, inOneLine, NO_ROW } = site;
  const UNIT = "unit";
  const TIME = "time";
  const MEASURE = "measure";
  const COUNTRY = "country";
  // In a table of at most this many columns, a remark names its columns; in a wider one it becomes a footnote of their figures.
  const NAMED_COLUMNS = 3;

  // The cells for the current choices, in the order and with the columns of figures.py.
  const grid = (figure) => {
    const { rows: rowName, across, kind, compare, measures } = figure.config;
    const { ordered, shown } = figure;
    const name = rowName || TIME;
    let columns;
    if (across === MEASURE || kind === "interval") columns = measures.map((measure) => ({ label: say(measure.title), fixed: {}, measure }));
    else if (across) columns = figure.codes(across).map((code) => ({ code, label: figure.label(across, code), fixed: { [across]: code }, measure: shown }));
    else columns = [shown, ...(compare ? [compare] : [])].map((measure) => ({ label: say(measure.title), fixed: {}, measure }));
    const row = (code) => ({
      code,
      label: figure.label(name, code),
      cells: columns.map((column) => ({ ...figure.cell(column.measure, { [name]: code, ...column.fixed }), decimals: column.measure.decimals })),
    });
    let rows = figure.codes(name).map(row);
    if (kind === "bars" && !ordered && name !== TIME) {
      const rank = (each) => (each.cells[0].value === null ? Infinity : -each.cells[0].value);
      rows = rows.map((each, place) => [each, place]).sort((a, b) => rank(a[0]) - rank(b[0]) || a[1] - b[1]).map(([each]) => each);
    }
    if (figure.sorted && figure.sorted.at < columns.length) {
      const { at, down } = figure.sorted;
      const rank = (each) => (each.cells[at].value === null ? Infinity : (down ? -1 : 1) * each.cells[at].value);
      rows = rows.map((each, place) => [each, place]).sort((a, b) => rank(a[0]) - rank(b[0]) || a[1] - b[1]).map(([each]) => each);
    }
    if (name === UNIT && figure.country) rows.unshift(row(figure.country));
    return { name, columns, rows };
  };

  // The base of a row's shares, if it is the same in all columns of every row.
  const wholes = (rows) => {
    const found = rows.map((row) => [...new Set(row.cells.filter((cell) => cell.value !== null && cell.whole !== null).map((cell) => cell.whole))]);
    return found.some((each) => each.length) && found.every((each) => each.length < 2) ? found.map((each) => (each.length ? each[0] : null)) : null;
  };

  // Remarks on the figures of a row, as in figures.py: on the row, naming columns if they do not apply to all, or on
  // single cells if there are too many columns to name.
  const saidOf = (row, columns) => {
    const there = row.cells.map((cell, place) => [cell, place]).filter(([cell]) => cell.flag !== NO_ROW);
    const said = [];
    const ofCells = [];
    const one = (each) => (each === null ? [] : [each]);
    for (const told of [(cell) => one(cell.answered), (cell) => one(cell.covered), (cell) => cell.notes]) {
      const found = new Map();
      for (const [cell, place] of there) for (const each of told(cell)) found.set(each, [...(found.get(each) || []), place]);
      for (const [words, places] of found) {
        if (places.length === there.length) said.push(words);
        else if (columns.length > NAMED_COLUMNS) ofCells.push([words, places]);
        else said.push(`${words} (${places.map((place) => columns[place].label).join(", ")})`);
      }
    }
    return { said: [...said, ...(row.cells.length ? row.cells[0].moved : [])], ofCells };
  };

  // The breaks between a year and the one before, in one text; empty if rows are not years.
  const breakOf = (figure, name, code) => {
    const found = name === TIME ? figure.breaks.filter((each) => String(each.year) === code) : [];
    if (!found.length) return "";
    return text("break_before", { number: found[0].number, kinds: [...new Set(found.map((each) => say(each.kind)))].join(", ") });
  };

  // Years and areas are stated even if there is only one; an area's level follows its name, as areas of several levels can share a name.
  const labelOf = (figure, name) => {
    const code = figure.state[name];
    const level = name === UNIT ? code.split(".")[1] : "";
    const label = figure.label(name, code);
    return level && level !== COUNTRY ? `${label} (${say(site.known.levels[level] || [level]).toLowerCase()})` : label;
  };
  const chosen = (figure) => figure.offered.filter((offer) => offer.codes.length > 1 || ([TIME, UNIT].includes(offer.name) && offer.codes.length))
    .map((offer) => [say(offer.title), figure.labelOf ? figure.labelOf(offer.name) : labelOf(figure, offer.name)]);

  // The table for the current choices, as figures.py makes it.
  const render = (figure) => {
    const host = figure.element.querySelector(".table");
    if (!host) return;
    const { name, columns, rows } = grid(figure);
    const met = new Map();
    const numbers = new Map();
    const counts = wholes(rows);
    const said = rows.map((row) => {
      const { said: ofRow, ofCells } = saidOf(row, columns);
      for (const [words, places] of ofCells) {
        if (!numbers.has(words)) numbers.set(words, numbers.size + 1);
        for (const place of places) row.cells[place].marks = [...(row.cells[place].marks || []), numbers.get(words)].sort((a, b) => a - b);
      }
      return [...ofRow, ...[breakOf(figure, name, row.code)].filter(Boolean)];
    });
    const isSaid = said.some((each) => each.length);
    const written = (cell) => {
      if (cell.flag !== "A" && cell.flag !== NO_ROW) met.set(cell.flag, cell.value === null ? sign(cell.flag) : cell.flag);
      const behind = [...(cell.value !== null && cell.flag !== "A" && cell.flag !== NO_ROW ? [cell.flag] : []), ...(cell.marks || [])].join(" ");
      const of = !counts && cell.value !== null && cell.whole !== null ? h("small", { class: "n" }, ` (${number(cell.whole)})`) : null;
      return h("td", { class: "r" }, figure.written(cell, cell.decimals), behind ? h("sup", {}, behind) : null, of);
    };
    const body = rows.map((row, place) => h("tr", {}, h("th", { scope: "row" }, row.label), row.cells.map(written),
      counts ? h("td", { class: "r" }, counts[place] === null ? "" : number(counts[place])) : null,
      isSaid ? h("td", { class: "said" }, inOneLine(said[place])) : null));
    const id = `${figure.element.id}-caption`;
    // Clicks cycle through largest first, smallest first, and the order of the codes.
    const sorting = (place) => {
      const { sorted } = figure;
      const button = h("button", { type: "button", class: "sort" }, columns[place].label);
      button.addEventListener("click", () => {
        figure.sorted = !sorted || sorted.at !== place ? { at: place, down: true } : sorted.down ? { at: place, down: false } : null;
        render(figure);
        site.address.keep(figure);
        host.querySelectorAll("button.sort")[place].focus();
      });
      return button;
    };
    const orderOf = (place) => (figure.sorted && figure.sorted.at === place ? (figure.sorted.down ? "descending" : "ascending") : null);
    const heads = [...columns.map((column, place) => h("th", { scope: "col", class: "r", "aria-sort": orderOf(place) }, figure.config.sortable ? sorting(place) : column.label)), counts ? h("th", { scope: "col", class: "r" }, text("units_n")) : null, isSaid ? h("th", { scope: "col" }, text("remarks")) : null];
    const isOf = !counts && rows.some((row) => row.cells.some((cell) => cell.value !== null && cell.whole !== null));
    host.replaceChildren(
      h("div", { class: "scroll", role: "region", tabindex: "0", "aria-labelledby": id },
        h("table", {},
          h("caption", { id }, `${[say(figure.config.title), ...chosen(figure).map((pair) => pair.join(": "))].join(" · ")} (${say(figure.shown.unit)}${isOf ? `, ${text("units_behind")}` : ""})`),
          h("thead", {}, h("tr", {}, h("th", { scope: "col" }, say(figure.config.rowsName)), heads)),
          h("tbody", {}, body))));
    if (met.size) {
      host.append(h("p", { class: "signs" }, [...met].sort().map(([flag, shown]) => h("span", {}, h("b", {}, shown), ` ${say(flagOf(flag).label)} `))));
    }
    if (numbers.size) host.append(h("ol", { class: "signs footnotes" }, [...numbers.keys()].map((words) => h("li", {}, words))));
    const bases = figure.basesOf(figure.state.time ? [figure.state.time] : figure.codes(TIME));
    if (bases.length) host.append(h("div", { class: "bases" }, h("p", {}, text("bases")), h("ul", {}, bases.map((each) => h("li", {}, each)))));
  };

  // Turns rows of kind, title and value into columns; columns that are empty in every row are left out.
  const tidy = (made) => {
    const kept = made.length ? made[0].map((_, at) => at).filter((at) => made[0][at][1] && made.some((row) => row[at][2] !== "" && row[at][2] !== null)) : [];
    return {
      columns: kept.map((at) => ({ kind: made[0][at][0], title: made[0][at][1] })),
      rows: made.map((row) => kept.map((at) => row[at][2])),
    };
  };

  // The cells as rows with one number each and everything known about it; empty columns are left out.
  const long = (figure) => {
    const { name, columns, rows } = grid(figure);
    const { across, rowsName, acrossName } = figure.config;
    const isAcross = across && across !== MEASURE;
    const fixed = chosen(figure).filter(([title]) => title !== say(rowsName));
    const made = rows.flatMap((row) => columns.map((column, place) => {
      const cell = row.cells[place];
      if (cell.flag === NO_ROW && cell.value === null) return null;
      const time = name === TIME ? row.code : column.fixed[TIME] || figure.state[TIME];
      const bases = time ? figure.cube.bases(time) : null;
      return [
        ["label", say(rowsName), row.label],
        ["code", text("unit_code"), name === UNIT ? row.code.split(".").slice(2).join(".") : ""],
        ["label", isAcross ? say(acrossName) : "", isAcross ? column.label : ""],
        ...fixed.map(([title, label]) => ["label", title, label]),
        ["label", text("measure"), say(column.measure.title)],
        ["label", text("unit_of_measure"), say(column.measure.unit)],
        ["number", text("value"), cell.value === null ? null : site.rounded(cell.value, 6)],
        ["label", text("status"), cell.flag === NO_ROW ? "" : say(flagOf(cell.flag).label)],
        ["number", text("units_with_answer"), cell.value === null ? null : cell.n],
        ["number", text("units_n"), cell.value === null ? null : cell.whole],
        ["label", text("share_base"), bases && cell.whole !== null ? bases.filter(Boolean).map(say).join(". ") : ""],
        ["label", text("remarks"), inOneLine([cell.answered, cell.covered, ...cell.notes, ...cell.moved].filter(Boolean))],
        ["label", text("break_column"), breakOf(figure, name, row.code)],
      ];
    })).filter(Boolean);
    return tidy(made);
  };

  Object.assign(site, { tables: { render, long, tidy, chosen, rowsOf: (figure) => (figure.long ? figure.long() : long(figure)) } });
})();
