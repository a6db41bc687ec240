// A municipality among others: boxes for the areas and groups that it belongs to, and points for municipalities that the
// reader chooses. Never a ranking: boxes are in a fixed order, points in alphabetical order.
// Does not belong here: computing distributions (fte_distribution), or choosing the sets to compare with (peers.py).
(() => {
  "use strict";
  const site = window.IS248;
  const { say, text, number, sign, h } = site;
  const MOST = 5;
  const ANCHOR = "peers";
  const KEY = "compare";
  const GROUP = "target_group";
  const ROW = 34;
  const NARROW = 560;
  const [LOW, FIRST, MEDIAN, THIRD, HIGH] = [0, 1, 2, 3, 4];
  const QUARTILES = ["peers_lowest", "peers_first", "peers_median", "peers_third", "peers_highest"];
  let shared = null;

  const told = (flag, said = []) => [
    ...(flag && flag !== "A" && flag !== site.NO_ROW ? [say(site.flagOf(flag).label)] : []), ...said.map(say),
  ];

  // The address has the reader's choices, as for other figures.
  const asked = () => {
    const { anchor, values } = site.address.parsed();
    return anchor === ANCHOR ? values : {};
  };

  // The numbers of the boxes and points, as rows that can be saved.
  const long = (rows, group) => site.tables.tidy(rows.flatMap((row) => row.points || [row]).map((row) => [
    ["label", text("name"), row.label],
    ["label", text("peers_group"), group],
    ["label", text("year"), String(shared.year)],
    ["label", text("measure"), text("fte_per_10000")],
    ["number", text("value"), row.box ? null : row.point],
    ...QUARTILES.map((name, place) => ["number", text(name), hasBox(row) ? row.box[place] : null]),
    ["number", text("peers_known"), row.box ? row.known : null],
    ["number", text("peers_all"), row.box ? row.all : null],
    ["label", text("status"), row.flag === site.NO_ROW ? "" : say(site.flagOf(row.flag).label)],
    ["label", text("remarks"), site.inOneLine(row.said.map(say))],
  ]));
  const chosen = (own) => [...new Set((asked()[KEY] || "").split(","))]
    .filter((code) => code !== own && site.municipalities.known.has(code)).slice(0, MOST);
  const keep = (codes, group) => {
    const pairs = [`${GROUP}=${group}`, ...(codes.length ? [`${KEY}=${codes.join(",")}`] : [])];
    try { history.replaceState(null, "", `#${[ANCHOR, ...pairs].join(";")}`); } catch { /* A browser may refuse that to pages from a folder. */ }
  };

  // A set is an area or group with a distribution, or a list of municipalities.
  const rowsOf = (one, codes, group) => {
    const point = (code, name, own) => {
      const [value = null, flag = "O", said = []] = (shared.rates[code] || {})[group] || [];
      return { label: name, point: value, flag, said, own };
    };
    const boxes = one.sets.map((unit) => {
      const [values = [], known = null, all = null, flag = "O", said = []] = shared.units[unit].of[group] || [];
      return { label: say(shared.units[unit].label), box: values, known, all, flag, said };
    });
    const named = (all) => all.map((code) => [code, site.municipalities.known.get(code).name]).sort((a, b) => a[1].localeCompare(b[1], "nb"))
      .map(([code, name]) => point(code, name, false));
    // Neighbours on the map are too few for a distribution, and too many for a line each.
    const points = named(one.near);
    const near = { label: text("peers_near"), points, known: points.filter((each) => each.point !== null).length, all: points.length, flag: "A", said: [] };
    return [point(one.code, one.name, true), ...boxes, ...(points.length ? [near] : []), ...named(codes)];
  };

  const counted = (row) => (row.known === null || row.known === undefined ? "" : ` ${text("peers_counted", { known: number(row.known), all: number(row.all) })}`);
  const hasBox = (row) => row.box && row.box.length && row.box[MEDIAN] !== null;
  const shown = (row) => {
    if (row.points) return counted(row).trim();
    if (row.box) return (hasBox(row) ? number(row.box[MEDIAN], 1) : say(site.flagOf(row.flag).label).toLowerCase()) + counted(row);
    const status = row.point !== null && row.flag !== "A" && row.flag !== site.NO_ROW ? ` ${row.flag}` : "";
    return (row.point === null ? sign(row.flag) : number(row.point, 1)) + status;
  };
  const inWords = (row) => {
    if (row.points) return text("peers_near_list", { list: row.points.map((each) => `${each.label} ${shown(each)}`).join(", ") });
    if (!hasBox(row)) return text("peers_point", { label: row.label, value: shown(row) });
    const [low, first, median, third, high] = row.box.map((value) => number(value, 1));
    return text("peers_box", { label: row.label, low, first, median, third, high }).replace(/\.$/, `${counted(row)}.`);
  };

  const draw = (host, rows) => {
    host.replaceChildren();
    const width = Math.max(260, host.clientWidth);
    const isNarrow = width < NARROW;
    const left = isNarrow ? 6 : Math.min(230, width * 0.28);
    const right = isNarrow ? 10 : Math.min(250, width * 0.28);
    const row = isNarrow ? ROW + 16 : ROW;
    const top = 6;
    const bottom = top + row * rows.length;
    const values = rows.flatMap((each) => [each.point, ...(each.box || []), ...(each.points || []).map((one) => one.point)]).filter((value) => value !== null && value !== undefined);
    const x = d3.scaleLinear().domain([0, Math.max(1, d3.max(values) || 1)]).nice(5).range([left, width - right]);
    const svg = d3.select(host).append("svg").attr("viewBox", `0 0 ${width} ${bottom + 24}`).attr("width", width).attr("height", bottom + 24)
      .attr("aria-hidden", "true").attr("class", "lines peers");
    const grid = svg.append("g").attr("class", "grid");
    for (const tick of x.ticks(isNarrow ? 4 : 6)) {
      grid.append("line").attr("x1", x(tick)).attr("x2", x(tick)).attr("y1", top).attr("y2", bottom).attr("class", tick === 0 ? "zero" : null);
      grid.append("text").attr("x", x(tick)).attr("y", bottom + 16).attr("text-anchor", "middle").text(number(tick));
    }
    const own = rows[0].point;
    if (own !== null) svg.append("line").attr("class", "own-line").attr("x1", x(own)).attr("x2", x(own)).attr("y1", top).attr("y2", bottom);
    rows.forEach((each, place) => {
      const group = svg.append("g").attr("transform", `translate(0,${top + place * row})`).attr("class", each.own ? "peer own" : "peer");
      const middle = row - ROW / 2;
      const label = group.append("text").attr("class", "peer-name").attr("x", isNarrow ? left : left - 10).attr("y", isNarrow ? 13 : middle)
        .attr("dy", isNarrow ? 0 : ".35em").attr("text-anchor", isNarrow ? "start" : "end");
      label.text(each.label);
      // A name that does not fit is shortened; the table has the full name.
      const room = isNarrow ? width * 0.62 : left - 14;
      for (let size = each.label.length - 1; size > 4 && label.node().getComputedTextLength() > room; size -= 1) label.text(`${each.label.slice(0, size)}…`);
      // The reason for a missing box is shown in its place, if there is room for text.
      const why = each.box && !hasBox(each);
      group.append("text").attr("class", "peer-value").attr("x", why ? left + 8 : isNarrow ? width - 4 : width - right + 14)
        .attr("y", isNarrow && !why ? 13 : middle).attr("dy", isNarrow && !why ? 0 : ".35em")
        .attr("text-anchor", isNarrow && !why ? "end" : "start").text(shown(each));
      if (hasBox(each)) {
        const at = each.box.map(x);
        group.append("line").attr("class", "whisker").attr("x1", at[LOW]).attr("x2", at[HIGH]).attr("y1", middle).attr("y2", middle);
        for (const end of [at[LOW], at[HIGH]]) group.append("line").attr("class", "whisker").attr("x1", end).attr("x2", end).attr("y1", middle - 5).attr("y2", middle + 5);
        group.append("rect").attr("class", "box").attr("x", at[FIRST]).attr("width", Math.max(1, at[THIRD] - at[FIRST])).attr("y", middle - 9).attr("height", 18);
        group.append("line").attr("class", "median").attr("x1", at[MEDIAN]).attr("x2", at[MEDIAN]).attr("y1", middle - 9).attr("y2", middle + 9);
      } else if (each.points) {
        for (const one of each.points.filter((other) => other.point !== null)) {
          group.append("circle").attr("class", one.flag === "A" ? "point near" : "point near open").attr("cx", x(one.point)).attr("cy", middle).attr("r", 4.5)
            .append("title").text(`${one.label} ${shown(one)}`);
        }
      } else if (!each.box && each.point !== null) {
        group.append("circle").attr("class", each.flag === "A" ? "point" : "point open").attr("cx", x(each.point)).attr("cy", middle).attr("r", each.own ? 6 : 5);
        if (each.said.length) group.append("circle").attr("class", "noted").attr("cx", x(each.point)).attr("cy", middle).attr("r", each.own ? 9 : 8);
      }
    });
  };

  // Draws the figure on the page of a municipality.
  const make = (host, one) => {
    let codes = chosen(one.code);
    const groups = Object.entries(shared.groups).filter(([group]) => (shared.rates[one.code] || {})[group] || one.sets.some((unit) => shared.units[unit].of[group]));
    const caption = h("span", {});
    const select = h("select", { name: GROUP });
    const unit = h("p", { class: "unit" });
    const summary = h("p", { class: "vh", id: "peers-summary" });
    const key = h("div", { class: "keys" });
    const plot = h("div", { class: "plot", role: "img", "aria-labelledby": "peers-summary" });
    const beside = h("p", { class: "summary" });
    const remarks = h("div", { class: "bases" });
    const list = h("ul", { class: "chosen", hidden: true });
    const list_title = h("p", { class: "chosen-title", hidden: true });
    const label = h("label", { for: "peer" });
    const form = h("form", { class: "finder small", role: "search" }, label,
      h("div", { class: "row" }, h("input", { id: "peer", type: "search", autocomplete: "off", spellcheck: "false", "aria-describedby": "peer-said" })),
      h("p", { class: "said-of-search", id: "peer-said", role: "status" }), h("ul", { class: "hits" }));
    host.replaceChildren(h("div", { class: "fields" }, h("label", {}, caption, select)), unit, key, plot, summary, beside, remarks, list_title, list, form);

    const rows = () => rowsOf(one, codes, select.value);
    const update = () => {
      const all = rows();
      draw(plot, all);
      const points = all.flatMap((row) => row.points || [row]).filter((row) => !row.box && row.point !== null);
      key.replaceChildren(...[
        site.charts.marksKey(points.map((row) => row.flag)), points.some((row) => row.said.length) ? site.charts.notedKey(true) : null,
      ].filter(Boolean));
      unit.textContent = `${text("fte_per_10000")}, ${shared.year}`;
      summary.textContent = all.filter((row) => !row.points).map(inWords).join(" ");
      // A remark on several sets is shown once.
      const said = d3.group(all.flatMap((row) => row.points || [row]).filter((row) => !row.box || hasBox(row)), (row) => site.inOneLine(told(row.flag, row.said)));
      said.delete("");
      const near = all.find((row) => row.points);
      beside.textContent = near ? inWords(near) : "";
      remarks.replaceChildren(...(said.size ? [h("p", {}, text("remarks")), h("ul", {}, [...said].map(([words, of]) =>
        h("li", {}, `${of.map((row) => row.label).join(", ")}: ${words}`)))] : []));
      list_title.hidden = list.hidden = !codes.length;
      list_title.textContent = text("peers_chosen");
      const named = codes.map((code) => [code, site.municipalities.known.get(code)]).sort((a, b) => a[1].name.localeCompare(b[1].name, "nb"));
      list.replaceChildren(...named.map(([code, each]) => {
        const button = h("button", { type: "button", "aria-label": text("peers_remove", { name: each.name }) }, "×");
        button.addEventListener("click", () => { put(codes.filter((other) => other !== code)); find.tell(text("peers_removed", { name: each.name })); find.field.focus(); });
        const row = all.find((other) => !other.box && !other.points && !other.own && other.label === each.name);
        return h("li", {}, h("a", { href: `${code}.html` }, each.name), ` ${row ? shown(row) : ""} `, button);
      }));
    };
    const section = host.closest("section");
    const named = (code) => shared.groups[code].map(String);
    const citable = site.standing({
      element: section,
      get config() {
        const title = [0, 1].map((place) => site.known.texts.peers_title[place]);
        return { id: ANCHOR, file: one.code, kind: ANCHOR, title, measures: [{ name: "fte_per_10000" }], asked: codes.length ? { [KEY]: codes.join(",") } : {} };
      },
      get summary() { return summary; },
      get name() { return `${one.name}: ${text("peers_title")}`; },
      get offered() { return [{ name: GROUP, title: site.known.texts.peers_group, codes: groups.map(([group]) => group) }]; },
      get state() { return { [GROUP]: select.value, time: String(shared.year) }; },
      shown: { unit: site.known.texts.fte_per_10000 },
      label: (_, code) => say(named(code)),
      long: () => long(rows(), say(named(select.value))),
      still: (place) => {
        const drawn = h("div", { class: "plot" });
        place.append(h("p", { class: "unit" }, unit.textContent), drawn, h("p", { class: "source" }, beside.textContent));
        draw(drawn, rows());
      },
    });
    const put = (next) => { codes = next; keep(codes, select.value); update(); };
    const add = (code, hit) => {
      const { name } = hit;
      if (code === one.code || codes.includes(code)) { find.clear(); find.tell(text("peers_again", { name })); return; }
      if (codes.length >= MOST) { find.tell(text("peers_full", { count: MOST })); return; }
      put([...codes, code]);
      find.clear();
      find.tell(text("peers_added", { name }));
      find.field.focus();
    };
    const words = () => {
      caption.textContent = text("peers_group");
      label.textContent = text("peers_choose");
      const before = select.value || asked()[GROUP];
      select.replaceChildren(...groups.map(([group, ...names]) => h("option", { value: group, selected: group === before }, say(names[0]))));
      update();
    };
    const find = site.finder(form, {
      item: (hit) => {
        const button = h("button", { type: "button" }, hit.name);
        button.addEventListener("click", () => add(hit.code, hit));
        return button;
      },
      take: add,
    });
    words();
    select.addEventListener("change", () => put(codes));
    document.addEventListener("languagechosen", words);
    const follow = () => {
      const { anchor, values } = site.address.parsed();
      if (anchor !== ANCHOR || !Object.keys(values).length) return;
      codes = chosen(one.code);
      if (groups.some(([group]) => group === values[GROUP])) select.value = values[GROUP];
      update();
    };
    window.addEventListener("hashchange", follow);
    follow();
    section.append(site.actions(citable));
    site.address.follow(citable);
    window.addEventListener("beforeprint", update);
    window.addEventListener("afterprint", update);
    let width = plot.clientWidth;
    new ResizeObserver(() => { if (width !== plot.clientWidth) { width = plot.clientWidth; draw(plot, rows()); } }).observe(host);
  };

  site.peers = (all) => { shared = all; site.peers.shared = all; };
  site.makePeers = make;
})();
