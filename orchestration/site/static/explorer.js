// All questions: one is chosen, its figures are loaded, and the three figures that every question has are made.
(() => {
  "use strict";
  const site = window.IS248;
  const { say, text, load, h, questions, makeFigure } = site;
  const root = document.getElementById("explorer");
  const config = JSON.parse(root.querySelector("script").textContent);
  const select = document.getElementById("question");
  const chosen = document.getElementById("chosen");
  const known = new Set(config.questions.map(([id]) => id));
  let current = null;

  const fill = () => {
    const named = [...config.questions].sort((a, b) => say(a.slice(1)).localeCompare(say(b.slice(1)), document.documentElement.lang));
    select.replaceChildren(...named.map(([id, ...title]) => h("option", { value: id, selected: id === current }, say(title))));
  };

  const facts = (question) => h("div", { class: "facts" },
    h("dl", {}, question.facts.filter(Boolean).map(([name, value]) => h("div", {}, h("dt", {}, say(name)), h("dd", {}, say(value))))),
    question.wordings.length ? h("ul", { class: "wordings", lang: "nb" }, question.wordings.map(([words, years]) => h("li", {}, `«${words}» `, h("small", {}, years)))) : null);

  const show = async (id) => {
    if (!known.has(id)) return;
    current = id;
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
    const made = config.figures.filter((figure) => figure.id !== (question.parts ? "boxes" : "year")).map((figure) => makeFigure(
      { ...figure, anchor: id, of: question.title, cube: `indicator/${id}`, breaks: question.breaks, apart: question.apart }, { heading: "h3", source: source() }));
    chosen.replaceChildren(heading, about, ...made.map((each) => each.element));
    for (const each of made) each.start();
  };

  const asked = () => site.address.parsed().anchor;
  select.addEventListener("change", () => { location.hash = select.value; });
  window.addEventListener("hashchange", () => { if (asked() !== current) show(asked()); });
  document.addEventListener("languagechosen", fill);
  root.querySelector(".chooser").hidden = false;
  show(known.has(asked()) ? asked() : config.questions[0][0]);
})();
