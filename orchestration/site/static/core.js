// Figures and texts of the pages: the scripts in data/ register cubes here, and the figures read them.
// Does not belong here: drawing (charts.js) and the reader's choices (figures.js).
(() => {
  "use strict";
  const NO_ROW = " ";
  const cubes = {};
  const questions = {};
  let words = { texts: {}, flags: {}, levels: {}, bases: {}, unions: {}, orderedLevels: [], moved: {} };

  const english = () => document.documentElement.lang === "en";
  // A label is a pair of texts, or one text if both languages have the same.
  // Numbers are not broken between thousands.
  const say = (label) => {
    if (!label) return "";
    return english() && label[1] !== undefined ? label[1] : String(label[0]).replace(/(?<!\d)(\d{1,3}) (?=\d{3}(?!\d))/g, "$1\u202f");
  };
  const text = (name, values = {}) =>
    say(words.texts[name] || [name]).replace(/\{(\w+)\}/g, (whole, key) => (key in values ? values[key] : whole));

  // Rounds the decimal representation half up, as in formats.py.
  const rounded = (value, decimals) => Number(`${Math.round(Number(`${Math.abs(value)}e${decimals}`))}e-${decimals}`);
  const number = (value, decimals = 0) => {
    if (value === null || value === undefined) return "–";
    const small = Math.abs(value) < 1e-6 ? 0 : value;
    const digits = rounded(small, decimals);
    const [whole, part] = digits.toFixed(decimals).split(".");
    const grouped = whole.replace(/\B(?=(\d{3})+$)/g, english() ? "," : "\u202f");
    return (small < 0 && digits > 0 ? "−" : "") + grouped + (part ? (english() ? "." : ",") + part : "");
  };

  const flagOf = (flag) => words.flags[flag] || { label: [""], sign: "" };
  // The sign for a missing number.
  const sign = (flag) => (flag === NO_ROW ? "" : flagOf(flag).sign || "..");

  const unpacked = (runs) => {
    const flags = [];
    for (const [, flag, count] of runs.matchAll(/(\D)(\d*)/g)) for (let i = Number(count || 1); i > 0; i -= 1) flags.push(flag);
    return flags;
  };

  // Values separated by commas; value*n is a value repeated n times.
  const counted = (list) => list.split(",").flatMap((each) => {
    const [value, count] = each.split("*");
    return count ? Array(Number(count)).fill(value) : [value];
  });

  class Cube {
    constructor(raw) {
      this.dimensions = raw.dimensions;
      this.labels = raw.labels;
      this.raw = raw;
      this.values = {};
      this.places = {};
      for (const [name, codes] of Object.entries(raw.dimensions)) {
        this.places[name] = new Map(codes.map((code, place) => [code, place]));
      }
    }

    place(over, at) {
      let place = 0;
      for (const name of over) {
        const found = this.places[name].get(at[name]);
        if (found === undefined) return -1;
        place = place * this.dimensions[name].length + found;
      }
      return place;
    }

    value(measure, at) {
      if (measure === "share" && this.raw.shareOf) {
        const count = this.value("n_answer", at);
        const whole = this.value(this.raw.shareOf, at);
        return count === null || !whole ? null : (100 * count) / whole;
      }
      const kept = this.raw.measures[measure];
      if (!kept) return null;
      this.values[measure] ||= counted(kept.values);
      const found = this.values[measure][this.place(kept.over, at)];
      return found ? Number(found) : null;
    }

    flag(at) {
      this.flags ||= unpacked(this.raw.flags.values);
      return this.flags[this.place(this.raw.flags.over, at)] || NO_ROW;
    }

    // The notes of a cell, as labels.
    remarks(at) {
      const kept = this.raw.notes;
      if (!kept) return [];
      this.notes ||= counted(kept.values);
      const found = this.notes[this.place(kept.over, at)];
      return found ? kept.said[Number(found)] : [];
    }

    // The base of the shares of a year, and the unit set.
    bases(time) { return (this.raw.bases || {})[time] || null; }

    label(dimension, code) {
      return (this.labels[dimension] || {})[code] || [code];
    }
  }

  // Joins several remarks; all except the first begin with a small letter; as in remarks.py.
  const inOneLine = (parts) => parts.map((part, place) => (place ? part.charAt(0).toLowerCase() + part.slice(1) : part))
    .map((part, place) => (place < parts.length - 1 ? part.replace(/\.$/, "") : part)).join("; ");

  // For an area of the year: the remark that its boundaries moved.
  const moved = (unit, year) => {
    const [basis, ...area] = (unit || "").split(".");
    if (basis !== "reported") return [];
    return (words.moved[area.join(".")] || []).filter(([each]) => String(each) === String(year))
      .map(([each, ...how]) => text("moved", { year: each, how: say(how) }));
  };

  // Loads a script in data/ when it is needed; this also works from a folder, where browsers do not allow fetch.
  const loads = {};
  const load = (file) => (loads[file] ||= new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = `${document.documentElement.dataset.root || ""}data/${file}`;
    script.onload = done;
    script.onerror = () => { delete loads[file]; failed(new Error(file)); };
    document.head.append(script);
  }));

  // A new element: h("p", { class: "note" }, "text", child, ...).
  const h = (name, attributes = {}, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value === true) element.setAttribute(key, "");
      else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value);
    }
    element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
    return element;
  };

  // Escapes a text for XML, which allows no control characters except tabs and line breaks.
  const xml = (value) => String(value).replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign])
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, "");

  window.IS248 = {
    NO_ROW, cubes, questions, rounded, xml, inOneLine, moved, say, text, number, sign, flagOf, load, h, english,
    get known() { return words; },
    add: (name, raw) => { cubes[name] = new Cube(raw); },
    question: (facts) => { questions[facts.id] = facts; },
    words: (all) => { words = all; },
  };
})();
