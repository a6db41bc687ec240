// The page of all questions: loads the data of the chosen question and makes its figures.
(() => {
  "use strict";
  const site = window.IS248;
  const { say, text, load, h, questions, cubes, makeFigure } = site;
  const { folded } = window.IS248SEARCH;
  const root = document.getElementById("explorer");
  const config = JSON.parse(root.querySelector("script").textContent);
  const select = document.getElementById("question");
  const field = document.getElementById("filter");
  const hits = document.getElementById("hits");
  const chosen = document.getElementById("chosen");
  const known = new Set(config.groups.flatMap(([, own]) => own.map(([id]) => id)));
  let current = null;

  // Every search word must be the beginning of a word of the question or its heading, or be its code.
  const isHit = (wanted, told) => wanted.every((word) => told.some((each) => each.startsWith(word)));
  const wordsOf = (title, [id, , nb, en]) => folded([id, nb, en, ...title].join(" ")).split(" ");

  const fill = () => {
    const wanted = folded(field.value).split(" ").filter(Boolean);
    const groups = config.groups.map(([title, own]) => [title, own.filter((each) => isHit(wanted, wordsOf(title, each)))]).filter(([, own]) => own.length);
    const count = groups.reduce((sum, [, own]) => sum + own.length, 0);
    select.replaceChildren(
      ...(wanted.length ? [h("option", { value: "", selected: true }, count ? text("hits", { count }) : text("no_match"))] : []),
      ...groups.map(([title, own]) => h("optgroup", { label: say(title) }, own.map(([id, years, ...label]) =>
        h("option", { value: id, selected: !wanted.length && id === current }, `${say(label)} (${years})`)))));
    hits.hidden = !wanted.length;
    hits.textContent = count ? text("hits", { count }) : text("no_match_here");
  };

  const facts = (question) => h("div", { class: "facts" },
    h("dl", {}, question.facts.filter(Boolean).map(([name, value]) => h("div", {}, h("dt", {}, say(name)), h("dd", {}, say(value))))),
    question.wordings.length ? h("ul", { class: "wordings", lang: "nb" }, question.wordings.map(([words, years]) => h("li", {}, `«${words}» `, h("small", {}, years)))) : null);

  const show = async (id) => {
    if (!known.has(id)) return;
    current = id;
    field.value = "";
    fill();
    chosen.replaceChildren(h("p", { class: "note" }, text("loading")));
    try {
      await load(`indicator/${id}.js`);
    } catch {
      chosen.replaceChildren(h("p", { class: "note" }, text("load_failed")));
      return;
    }
    if (current !== id) return;
    const question = questions[id];
    const heading = h("h2", {}, say(question.title));
    const about = h("div", {}, facts(question));
    document.addEventListener("languagechosen", () => { heading.textContent = say(question.title); about.replaceChildren(facts(question)); });
    const source = () => h("p", { class: "source" }, text("data_behind"), " ",
      h("a", { href: `../jsonstat/indicator_shares/${id}.json` }, "JSON-stat"), ", ", h("a", { href: "../csv/indicator_shares.csv" }, "CSV"));
    // With a single year there is no development to show; the figure of one year has all numbers.
    const isSeries = cubes[`indicator/${id}`].dimensions.time.length > 1;
    const hasAreas = cubes[`indicator/${id}`].dimensions.unit.some((unit) => unit.split(".")[1] !== "country");
    const left = new Set([...(hasAreas ? [] : ["areas", "map"]), question.parts ? "boxes" : "year", ...(isSeries ? [] : ["time"])]);
    const made = config.figures.filter((figure) => !left.has(figure.id)).map((figure) => makeFigure(
      { ...figure, anchor: id, of: question.title, cube: `indicator/${id}`, breaks: question.breaks, apart: question.apart }, { heading: "h3", source: source() }));
    chosen.replaceChildren(heading, about, ...made.map((each) => each.element));
    for (const each of made) each.start();
  };

  const asked = () => site.address.parsed().anchor;
  field.addEventListener("input", fill);
  select.addEventListener("change", () => { if (select.value) location.hash = select.value; });
  window.addEventListener("hashchange", () => { if (asked() !== current) show(asked()); });
  document.addEventListener("languagechosen", fill);
  root.querySelector(".chooser").hidden = false;
  show(known.has(asked()) ? asked() : config.first);
})();
