// Figures and words of the pages: cubes are registered here by the scripts in data/, and read here by the figures.
// Does not belong here: drawing (charts.js) and what the reader chooses (figures.js).
(() => {
  "use strict";
  const NO_ROW = " ";
  const cubes = {};
  const questions = {};
  let words = { texts: {}, flags: {}, levels: {}, bases: {}, unions: {}, orderedLevels: [], moved: {} };

  const english = () => document.documentElement.lang === "en";
  // A label is a pair of texts, or one text where both languages have the same.
  // Thousands are kept together on a line.
  const say = (label) => {
    if (!label) return "";
    return english() && label[1] !== undefined ? label[1] : String(label[0]).replace(/(?<!\d)(\d{1,3}) (?=\d{3}(?!\d))/g, "$1\u202f");
  };
  const text = (name, values = {}) =>
    say(words.texts[name] || [name]).replace(/\{(\w+)\}/g, (whole, key) => (key in values ? values[key] : whole));

  // Rounds half up as the number is written in decimals, like formats.py.
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
  // What stands where there is no number.
  const sign = (flag) => (flag === NO_ROW ? "" : flagOf(flag).sign || "..");

  const unpacked = (runs) => {
    const flags = [];
    for (const [, flag, count] of runs.matchAll(/(\D)(\d*)/g)) for (let i = Number(count || 1); i > 0; i -= 1) flags.push(flag);
    return flags;
  };

  // Values with commas between them; one with a star stands as often as the number behind the star says.
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

    // What is said of a cell: its notes, as labels.
    remarks(at) {
      const kept = this.raw.notes;
      if (!kept) return [];
      this.notes ||= counted(kept.values);
      const found = this.notes[this.place(kept.over, at)];
      return found ? kept.said[Number(found)] : [];
    }

    // What the shares of a year are of, and which units are counted.
    bases(time) { return (this.raw.bases || {})[time] || null; }

    label(dimension, code) {
      return (this.labels[dimension] || {})[code] || [code];
    }
  }

  // Several remarks as one text: the first begins as it does, the others with a small letter; like remarks.py.
  const inOneLine = (parts) => parts.map((part, place) => (place ? part.charAt(0).toLowerCase() + part.slice(1) : part))
    .map((part, place) => (place < parts.length - 1 ? part.replace(/\.$/, "") : part)).join("; ");

  // Of an area as it was: that its boundaries are other ones than in the year before.
  const moved = (unit, year) => {
    const [basis, ...area] = (unit || "").split(".");
    if (basis !== "reported") return [];
    return (words.moved[area.join(".")] || []).filter(([each]) => String(each) === String(year))
      .map(([each, ...how]) => text("moved", { year: each, how: say(how) }));
  };

  // A script in data/ that is loaded when it is needed; works from a folder, where nothing else may be fetched.
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

  // A text as it stands in XML, which has no other control characters than tabs and line breaks.
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
