// The search field for municipalities, with its list of hits; on the page of all municipalities, a hit opens its page.
// Does not belong here: matching names (search.js).
(() => {
  "use strict";
  const site = window.IS248;
  const { text, h } = site;
  const { prepare, find } = window.IS248SEARCH;
  const MOST = 12;
  let entries = [];

  // The name by which it was found, if it differs from the name shown.
  const foundBy = ({ by, name, code }) => {
    if (by.name === name || by.name === code) return "";
    const year = by.year === null ? "" : String(by.year);
    if (by.kind === "former") return text("hit_former", { name: by.name, year });
    if (by.kind === "later") return text("hit_later", { name: by.name, year });
    return name.startsWith(by.name) ? "" : text("hit_own", { name: by.name });
  };

  // A form with a field, a status and a list. options: item(hit) makes the clickable element of a hit; take(code) is
  // called if the match is certain and the reader presses Enter.
  const finder = (form, { item, take }) => {
    const field = form.querySelector("input");
    const status = form.querySelector("[role=status]");
    const list = form.querySelector(".hits");
    let found = { hits: [], sure: null };

    const tell = (words) => { status.textContent = words; };
    const clear = () => { field.value = ""; found = { hits: [], sure: null }; list.replaceChildren(); tell(""); };
    const show = () => {
      const words = field.value.trim();
      if (!words) { clear(); return; }
      found = find(words, entries);
      const { hits, sure } = found;
      list.replaceChildren(...hits.slice(0, MOST).map((hit) => {
        const how = foundBy(hit);
        return h("li", {}, item(hit), h("small", {}, ` ${hit.code}${hit.county ? `, ${hit.county}` : ""}${how ? ` – ${how}` : ""}`));
      }), ...(hits.length > MOST ? [h("li", {}, h("small", {}, text("hits_more", { count: hits.length - MOST })))] : []));
      const meant = hits.find((hit) => hit.code === sure);
      if (!hits.length) tell(text("hit_none", { words }));
      else if (hits.length === 1) tell(text("hit", { words }));
      else tell(`${text("hits_several", { count: hits.length, words })}${meant ? ` ${text("hit_sure", { name: meant.name })}` : ""}`);
    };

    const links = () => [...list.querySelectorAll("a, button")];
    const step = (from, by) => {
      const all = links();
      const next = all.indexOf(from) + by;
      if (next < 0) field.focus();
      else if (next < all.length) all[next].focus();
    };
    form.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        step(document.activeElement, event.key === "ArrowDown" ? 1 : -1);
      } else if (event.key === "Escape") { clear(); field.focus(); }
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      show();
      if (found.sure) take(found.sure, found.hits.find((hit) => hit.code === found.sure));
    });
    field.addEventListener("input", show);
    document.addEventListener("languagechosen", show);
    form.hidden = false;
    // A browser may restore the content of the field.
    show();
    return { field, clear, tell, ask: (words) => { field.value = words; show(); return found; } };
  };

  const address = (code) => `kommune/${code}.html`;
  site.finder = finder;
  site.municipalities = (all) => {
    entries = prepare(all);
    site.municipalities.known = new Map(all.map((each) => [each.code, each]));
    const form = document.getElementById("find");
    if (!form) return;
    const { ask, field } = finder(form, {
      item: (hit) => h("a", { href: address(hit.code) }, hit.name),
      // Follow the link, so that the language is passed on.
      take: (code) => form.querySelector(`a[href="${address(code)}"]`).click(),
    });
    // Old addresses: the page of a municipality used to be this page with its code.
    const lead = () => {
      const code = decodeURIComponent(location.hash.slice(1));
      if (!code) return;
      const { sure } = ask(code);
      if (sure) location.replace(`${address(sure)}${location.search}`);
      else field.focus();
    };
    window.addEventListener("hashchange", lead);
    lead();
  };
})();
