// Drawing: lines with D3, bars as HTML boxes. Each chart is drawn into an element and can mark one of its places.
// Does not belong here: which figures to draw (figures.js). Colours come from the style sheet: --c1, --s1 and so on.
(() => {
  "use strict";
  const { say, text, number, sign, flagOf, h, NO_ROW } = window.IS248;
  const MARKS = [d3.symbolCircle, d3.symbolSquare, d3.symbolTriangle, d3.symbolDiamond, d3.symbolStar, d3.symbolCross, d3.symbolWye];
  const COLOURS = 7;
  const colour = (place) => `var(--c${(place % COLOURS) + 1})`;
  const LINE_HEIGHT = 15;
  const OPEN = { I: "carried", E: "estimated", P: "uncertain", U: "uncertain" };

  const measuring = document.createElement("canvas").getContext("2d");
  const widthOf = (words, size, weight = 400) => {
    measuring.font = `${weight} ${size}px ${getComputedStyle(document.body).fontFamily}`;
    return measuring.measureText(words).width;
  };
  const wrapped = (words, size, limit, most) => {
    const lines = [""];
    for (const word of words.split(" ")) {
      const longer = lines[lines.length - 1] ? `${lines[lines.length - 1]} ${word}` : word;
      if (widthOf(longer, size, 600) <= limit || !lines[lines.length - 1]) lines[lines.length - 1] = longer;
      else lines.push(word);
    }
    if (lines.length <= most) return lines;
    const kept = lines.slice(0, most);
    kept[most - 1] += " …";
    return kept;
  };

  // Years grouped into stretches that a line may join; as in breaks.py.
  const stretches = (points, apart) => {
    const joined = [];
    let before = null;
    for (const point of points) {
      if (before && point.year - before.year === 1 && !apart.includes(point.year)) joined[joined.length - 1].push(point);
      else joined.push([point]);
      before = point;
    }
    return joined;
  };

  // The mark of a point: filled; open if carried forward; open with a dot if estimated, with a dash if provisional or of low reliability.
  const mark = (group, shape, size, flag, fill) => {
    const open = OPEN[flag];
    group.append("path")
      .attr("d", d3.symbol(MARKS[shape % MARKS.length], open ? size * 1.5 : size)())
      .attr("class", open ? `mark open ${open}` : "mark")
      .style("fill", open ? "var(--paper)" : fill)
      .style("stroke", fill);
    if (open === "estimated") group.append("circle").attr("r", 1.4).style("fill", fill);
    if (open === "uncertain") group.append("path").attr("d", "M-2 0h4").style("stroke", fill);
  };

  // A ring around a point that has a note, or whose coverage is incomplete.
  const ring = (group, size, fill) => {
    group.append("circle").attr("class", "noted").attr("r", Math.sqrt(size) * 1.15).style("stroke", fill);
  };

  // Positions of labels at the ends of lines: as close to the line's end as possible, without overlaps.
  const spread = (labels, top, bottom) => {
    labels.sort((a, b) => a.wanted - b.wanted);
    let edge = top;
    for (const label of labels) {
      label.y = Math.max(edge, label.wanted - label.height / 2);
      edge = label.y + label.height + 3;
    }
    let limit = bottom;
    for (const label of [...labels].reverse()) {
      label.y = Math.min(label.y, limit - label.height);
      limit = label.y - 3;
    }
  };

  const breaksByYear = (breaks) => [...d3.group(breaks, (each) => each.year)].sort((a, b) => a[0] - b[0]);

  // The breaks between the first and the last year of a figure, numbered by year; picture, list and table use the same numbers.
  const numbered = (breaks, times) => {
    const [first, last] = d3.extent(times, Number);
    const within = breaks.filter(({ year }) => first < year && year <= last);
    return breaksByYear(within).flatMap(([, found], place) => found.map((each) => ({ ...each, number: place + 1 })));
  };

  // Lines over years. options: lines, years, breaks, apart, unit, decimals, height, labels, domain, small.
  const lines = (host, options) => {
    const width = Math.max(200, host.clientWidth);
    const { years, small } = options;
    const all = options.lines.flatMap((line) => line.points.map((point) => point.value));
    const labelled = options.labels && width > 620;
    const right = labelled ? Math.min(250, width * 0.27) : 14;
    const found = breaksByYear(options.breaks).filter(([year]) => year > years[0] && year <= years[years.length - 1]);
    const y = d3.scaleLinear().domain(options.domain || [Math.min(0, d3.min(all)), Math.max(0, d3.max(all)) || (d3.min(all) < 0 ? 0 : 1)]).nice(small ? 3 : 5);
    const ticks = y.ticks(small ? 3 : 5);
    const digits = Math.max(0, ...ticks.map((tick) => (String(tick).split(".")[1] || "").length));
    const left = 8 + Math.max(...ticks.map((tick) => widthOf(number(tick, digits), small ? 11 : 12)));
    const margin = { top: small ? (found.length ? 18 : 8) : found.length ? 30 : 12, right, bottom: small ? 20 : 26, left };
    const height = options.height;
    const x = d3.scaleLinear().domain([years[0] - 0.3, years[years.length - 1] + 0.3]).range([margin.left, width - margin.right]);
    y.range([height - margin.bottom, margin.top]);

    const svg = d3.select(host).append("svg")
      .attr("viewBox", `0 0 ${width} ${height}`).attr("width", width).attr("height", height)
      .attr("aria-hidden", "true").attr("class", small ? "lines small" : "lines");
    const grid = svg.append("g").attr("class", "grid");
    for (const tick of ticks) {
      grid.append("line").attr("x1", margin.left).attr("x2", width - margin.right).attr("y1", y(tick)).attr("y2", y(tick))
        .attr("class", tick === 0 ? "zero" : null);
      grid.append("text").attr("x", margin.left - 6).attr("y", y(tick)).attr("dy", ".32em").attr("text-anchor", "end")
        .text(number(tick, digits));
    }
    const room = (x(years[years.length - 1]) - x(years[0])) / Math.max(1, years[years.length - 1] - years[0]);
    const step = Math.max(1, Math.ceil((small ? 40 : 44) / Math.max(room, 1)));
    const shown = d3.range(years[years.length - 1], years[0] - 1, -step);
    for (const year of small ? [years[0], years[years.length - 1]].filter((each, place, list) => list.indexOf(each) === place) : shown) {
      grid.append("text").attr("x", x(year)).attr("y", height - margin.bottom + (small ? 14 : 18)).attr("text-anchor", "middle").text(year);
    }

    // A break is drawn between its year and the year before.
    found.forEach(([year, reasons], place) => {
      const hard = reasons.some((each) => !each.comparable);
      const at = x(year - 0.5);
      const group = svg.append("g").attr("class", hard ? "break hard" : "break soft");
      group.append("line").attr("x1", at).attr("x2", at).attr("y1", small ? margin.top - 2 : margin.top - 10).attr("y2", height - margin.bottom);
      if (small) {
        group.append("text").attr("class", "number").attr("x", at).attr("y", margin.top - 4).text(reasons[0].number);
        return;
      }
      group.append("circle").attr("cx", at).attr("cy", margin.top - 18).attr("r", 8.5);
      group.append("text").attr("class", "number").attr("x", at).attr("y", margin.top - 18).attr("dy", ".35em").text(reasons[0].number);
      const next = found[place + 1] ? x(found[place + 1][0] - 0.5) - 12 : width - margin.right;
      const kinds = [...new Set(reasons.map((each) => say(each.kind)))].join(", ");
      if (widthOf(kinds, 12, 600) < next - at - 18) {
        group.append("text").attr("class", "kind").attr("x", at + 13).attr("y", margin.top - 18).attr("dy", ".35em").text(kinds);
      }
    });

    const cursor = svg.append("line").attr("class", "cursor").attr("y1", margin.top).attr("y2", height - margin.bottom).attr("visibility", "hidden");
    const path = d3.line().x((point) => x(point.year)).y((point) => y(point.value));
    for (const line of options.lines) {
      const group = svg.append("g").attr("class", line.quiet ? "line quiet" : "line");
      for (const stretch of stretches(line.points, [...options.apart, ...(line.apart || [])])) {
        if (stretch.length > 1) group.append("path").attr("class", "path").attr("d", path(stretch)).style("stroke", line.colour);
      }
      for (const point of line.quiet ? [] : line.points) {
        const place = group.append("g").attr("transform", `translate(${x(point.year)},${y(point.value)})`);
        if (point.noted) ring(place, small ? 16 : 34, line.colour);
        mark(place, line.shape, small ? 16 : 34, point.flag, line.colour);
      }
    }
    if (labelled) {
      const labels = options.lines.filter((line) => line.points.length).map((line) => {
        const words = wrapped(line.label, 13, right - 30, 3);
        const last = line.points[line.points.length - 1];
        return { line, words, wanted: y(last.value), height: words.length * LINE_HEIGHT };
      });
      spread(labels, margin.top - 6, height - margin.bottom + 8);
      const edge = width - margin.right;
      for (const label of labels) {
        const middle = label.y + label.height / 2;
        const last = label.line.points[label.line.points.length - 1];
        svg.append("path").attr("class", "leader").style("stroke", label.line.colour)
          .attr("d", `M${x(last.year) + 7} ${label.wanted}L${edge + 8} ${middle}L${edge + 13} ${middle}`);
        label.words.forEach((words, place) => {
          svg.append("text").attr("class", "name").style("fill", label.line.colour).attr("x", edge + 18)
            .attr("y", label.y + LINE_HEIGHT * (place + 0.75)).text(words);
        });
      }
    }
    return {
      labelled,
      mark: (year) => cursor.attr("visibility", year === null ? "hidden" : "visible").attr("x1", x(year || 0)).attr("x2", x(year || 0)),
      near: (pixels) => {
        const wanted = x.invert(pixels);
        return d3.least(years, (year) => Math.abs(year - wanted));
      },
      at: (year) => x(year),
    };
  };

  // The base of a row's shares.
  const behind = (whole) => (whole === null || whole === undefined ? null : h("small", { class: "n" }, ` ${text("n_is", { n: number(whole) })}`));

  // Horizontal bars. rows: label, value, flag, compare, key, reference; a value may be an interval.
  // If a second number is compared, both are at the end of the row.
  const bars = (host, { rows, decimals, compared = null, reference }) => {
    const values = rows.flatMap((row) => [row.value, row.compare, row.high]).filter((value) => value !== null && value !== undefined);
    const low = Math.min(0, ...values);
    const high = Math.max(0, ...values, 1e-9);
    const span = high - low;
    const at = (value) => (100 * (value - low)) / span;
    const pairs = compared !== null && rows.some((row) => row.compare !== null && row.compare !== undefined);
    const list = h("ol", { class: pairs ? "bars pairs" : rows.some((row) => row.high !== undefined) ? "bars intervals" : "bars" });
    const marks = [];
    for (const row of rows) {
      const track = h("span", { class: "track" });
      const field = h("span", { class: "field" });
      track.append(field);
      if (low < 0) field.append(h("i", { class: "origin", style: `left:${at(0)}%` }));
      if (reference !== null && reference !== undefined) field.append(h("i", { class: "reference", style: `left:${at(reference)}%` }));
      let end = 0;
      let words = sign(row.flag);
      if (row.value !== null) {
        const from = at(Math.min(0, row.value));
        const to = at(Math.max(0, row.value));
        field.append(h("i", { class: row.flag in OPEN ? "bar open" : "bar", style: `left:${from}%;width:${to - from}%` }));
        words = number(row.value, decimals);
        end = to;
        if (row.high !== undefined && row.high !== null && row.high !== row.value) {
          field.append(h("i", { class: "bar between", style: `left:${to}%;width:${at(row.high) - to}%` }));
          words = `${number(row.value, decimals)}–${number(row.high, decimals)}`;
          end = at(row.high);
        }
      }
      if (row.compare !== null && row.compare !== undefined) {
        field.append(h("i", { class: "diamond", style: `left:${at(row.compare)}%` }));
      }
      const status = row.flag !== NO_ROW && row.value !== null && row.flag !== "A" ? row.flag : "";
      const note = status || row.noted ? h("sup", {}, status, row.noted ? "*" : "") : null;
      if (pairs) {
        track.append(h("span", { class: "both" }, h("b", {}, words, note),
          h("span", {}, row.compare === null || row.compare === undefined ? "" : number(row.compare, compared))));
      } else field.append(h("span", { class: "number", style: `left:${end}%` }, words, note));
      const name = h("span", { class: "label" }, row.label, behind(row.whole));
      const item = h("li", { class: row.reference ? "whole" : row.own ? "own" : null }, name, track);
      list.append(item);
      marks.push(item);
    }
    host.append(list);
    return { items: marks, mark: (place) => marks.forEach((item, each) => item.classList.toggle("marked", each === place)) };
  };

  // Bars that add up to a hundred percent. rows: label, parts (label, value, colour, dark), flag.
  const stack = (host, { rows, decimals, full }) => {
    // Beside the labels, or below them on a narrow screen.
    const room = host.clientWidth > 560 ? host.clientWidth - 256 : host.clientWidth;
    const list = h("ol", { class: "bars stacked" });
    const marks = [];
    for (const row of rows) {
      const sum = d3.sum(row.parts, (part) => part.value || 0);
      const whole = full && sum > 0 ? Math.max(full, sum) : sum;
      const track = h("span", { class: "track" });
      if (!whole) track.append(h("span", { class: "absent" }, sign(row.flag)));
      for (const part of row.parts) {
        if (!part.value || !whole) continue;
        const width = (100 * part.value) / whole;
        track.append(h("i", { class: `part ${part.dark ? "dark" : "light"}`, style: `width:${width}%;background:${part.colour}` },
          (width / 100) * room > 26 ? number(part.value, part.value >= 10 ? Math.min(decimals, 0) : decimals) : ""));
      }
      const item = h("li", { class: row.reference ? "whole" : null }, h("span", { class: "label" }, row.label, behind(row.whole), row.noted ? h("sup", {}, "*") : null), track);
      list.append(item);
      marks.push(item);
    }
    host.append(list);
    return { items: marks, mark: (place) => marks.forEach((item, each) => item.classList.toggle("marked", each === place)) };
  };

  // The meanings of the marks of points that occur.
  const marksKey = (flags) => {
    const names = [...new Set([...flags].map((flag) => OPEN[flag]).filter(Boolean))];
    if (!names.length) return null;
    return h("ul", { class: "key marks" }, names.map((name) => {
      const svg = d3.create("svg").attr("width", 14).attr("height", 14).attr("viewBox", "-7 -7 14 14").attr("aria-hidden", "true");
      mark(svg.append("g"), 0, 34, { carried: "I", estimated: "E", uncertain: "U" }[name], "var(--ink)");
      return h("li", {}, svg.node(), text(name));
    }));
  };

  // The meaning of the ring of a point, or of the star of a bar.
  const notedKey = (isRing) => {
    if (!isRing) return h("ul", { class: "key marks" }, h("li", {}, h("b", {}, "*"), text("noted")));
    const svg = d3.create("svg").attr("width", 16).attr("height", 16).attr("viewBox", "-8 -8 16 16").attr("aria-hidden", "true");
    ring(svg.append("g"), 34, "var(--ink)");
    mark(svg.append("g"), 0, 34, "A", "var(--ink)");
    return h("ul", { class: "key marks" }, h("li", {}, svg.node(), text("noted")));
  };

  // The meanings of the signs for missing numbers.
  const signsKey = (flags) => {
    const met = [...new Set(flags)].filter((flag) => flag !== NO_ROW);
    return met.length ? h("ul", { class: "key marks" }, met.map((flag) => h("li", {}, h("b", {}, sign(flag)), say(flagOf(flag).label)))) : null;
  };

  const linesKey = (shown) => h("ul", { class: "key" }, shown.map((line) => {
    const svg = d3.create("svg").attr("width", 24).attr("height", 14).attr("viewBox", "-12 -7 24 14").attr("aria-hidden", "true");
    svg.append("path").attr("d", "M-12 0h24").style("stroke", line.colour).style("stroke-width", 2);
    mark(svg.append("g"), line.shape, 40, "A", line.colour);
    return h("li", {}, svg.node(), line.label);
  }));

  const partsKey = (parts) => h("ul", { class: "key" }, parts.map((part) => h("li", {}, h("i", { style: `background:${part.colour}`, "aria-hidden": "true" }), part.label)));

  // Shades from one end of a scale to the other; dark ones have white text. Answers without content are grey.
  const shades = (count, twoSided) => {
    const ramps = twoSided
      ? { 1: [1], 2: [1, 5], 3: [1, 3, 5], 4: [1, 2, 4, 5], 5: [1, 2, 3, 4, 5] }
      : { 1: [1], 2: [1, 7], 3: [1, 7, 9], 4: [1, 6, 7, 9], 5: [1, 6, 7, 8, 9] };
    const ramp = ramps[count] || null;
    return d3.range(count).map((place) => (ramp
      ? { colour: `var(--s${ramp[place]})`, dark: [1, 5, 6].includes(ramp[place]) }
      : { colour: colour(place), dark: true }));
  };

  Object.assign(window.IS248, { charts: { lines, bars, stack, marksKey, notedKey, signsKey, linesKey, partsKey, colour, shades, breaksByYear, numbered } });
})();
