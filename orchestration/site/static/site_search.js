// The search of the whole site: municipalities by name, and subjects, questions, tables and the method by their words.
// Does not belong here: matching names of municipalities, and folding letters (search.js).
(() => {
  "use strict";
  const site = window.IS248;
  const { say, text, h } = site;
  const { folded, prepare, find } = window.IS248SEARCH;
  const MOST = 40;
  const form = document.getElementById("searching");
  const field = document.getElementById("words");
  const said = document.getElementById("said");
  const host = document.getElementById("found");
  const HEADINGS = { subjects: "subjects_found", questions: "questions_found", tables: "tables_found", method: "method_found" };
  let places = [];
  let known = {};
  site.municipalities = (all) => { places = prepare(all); };

  const wordsOf = (labels) => folded(labels.join(" ")).split(" ");
  const SHORT = 3;
  // Inflectional endings are ignored.
  const stem = (word) => (word.length > 5 ? word.replace(/(?:ene|ens|ets|er|en|et|e|s|t)$/, "") : word);
  const begins = (words, wanted) => words.some((word) => word.startsWith(wanted));

  // Null if a word is missing; otherwise the lower the better: words in the title rank before words in the text.
  const rank = (entry, wanted) => {
    let sum = 0;
    for (const word of wanted) {
      if (entry.title.includes(word)) continue;
      if (begins(entry.title, word)) sum += 1;
      else if (begins(entry.title, stem(word))) sum += 2;
      else if (word.length >= SHORT && begins(entry.words, stem(word))) sum += 10;
      else return null;
    }
    return sum;
  };

  const list = (title, items, more) => (items.length ? h("section", { class: "found" }, h("h2", {}, title), h("ul", {}, items),
    more ? h("p", { class: "note" }, text("more_found", { count: more })) : null) : null);

  const show = () => {
    const query = field.value.trim();
    if (!query) { said.textContent = ""; host.replaceChildren(); return; }
    const wanted = folded(query).split(" ").filter(Boolean);
    const { hits } = find(query, places);
    const sections = [list(text("municipalities_found"), hits.slice(0, MOST).map((hit) => h("li", {},
      h("a", { href: `kommune/${hit.code}.html` }, hit.name), h("small", {}, ` ${hit.code}${hit.county ? `, ${hit.county}` : ""}`))), Math.max(0, hits.length - MOST))];
    let count = hits.length;
    for (const [kind, entries] of Object.entries(known)) {
      const found = entries.map((entry, place) => [rank(entry, wanted), place, entry]).filter(([at]) => at !== null)
        .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
      count += found.length;
      sections.push(list(text(HEADINGS[kind]), found.slice(0, MOST).map(([, , entry]) => h("li", {}, h("a", { href: entry.address }, say(entry.label)))), Math.max(0, found.length - MOST)));
    }
    host.replaceChildren(...sections.filter(Boolean));
    said.textContent = count ? text("search_hits", { count, words: query }) : text("search_none", { words: query });
  };

  site.searchable = (all) => {
    known = Object.fromEntries(Object.entries(all).map(([kind, entries]) => [kind, entries.map(([label, address, words]) =>
      ({ label, address, title: wordsOf(label), words: wordsOf(words) }))]));
    field.value = new URLSearchParams(location.search).get("q") || "";
    form.hidden = false;
    show();
    if (!field.value) field.focus();
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const address = new URL(location.href);
    address.searchParams.set("q", field.value.trim());
    try { history.replaceState(null, "", address); } catch { /* The hits stand all the same. */ }
    show();
  });
  field.addEventListener("input", show);
  document.addEventListener("languagechosen", show);
})();
