// Chooses the language to show. Runs before the content is painted, so that nothing flickers.
// Without this script, the two radio buttons still switch the language through the style sheet.
(() => {
  "use strict";
  const KEY = "is248-language";
  const buttons = [...document.querySelectorAll("input[name=language]")];

  // Some browsers refuse storage for pages opened from a folder.
  const remembered = () => { try { return localStorage.getItem(KEY); } catch { return null; } };
  const remember = (language) => { try { localStorage.setItem(KEY, language); return true; } catch { return false; } };

  const show = (language) => {
    document.documentElement.lang = language;
    for (const button of buttons) button.checked = button.value === language;
    const title = document.querySelector("title");
    if (title.dataset[language]) document.title = title.dataset[language];
    for (const field of document.querySelectorAll("[data-nb][placeholder]")) field.placeholder = field.dataset[language];
    for (const about of document.querySelectorAll("meta[data-nb]")) about.content = about.dataset[language];
    document.dispatchEvent(new Event("languagechosen"));
  };

  const asked = () => new URLSearchParams(location.search).get("lang");
  const known = (language) => language === "nb" || language === "en";
  let isKept = true;
  const wanted = [asked(), remembered()].find(known);
  if (wanted) show(wanted);
  for (const button of buttons) {
    button.addEventListener("change", () => {
      isKept = remember(button.value);
      // If the address has a language, keep it equal to the one shown.
      if (known(asked())) {
        const address = new URL(location.href);
        address.searchParams.set("lang", button.value);
        try { history.replaceState(null, "", address); } catch { /* links still say it */ }
      }
      show(button.value);
    });
  }

  // Links to other pages include the language if it cannot be stored, or if this page's address has it.
  const carry = (event) => {
    const link = event.target.closest ? event.target.closest("a[href]") : null;
    if (!link || (isKept && !known(asked())) || link.getAttribute("href").startsWith("#")) return;
    if (link.protocol !== location.protocol || link.host !== location.host || !/\.html$|\/$/.test(link.pathname)) return;
    const address = new URL(link.href);
    address.searchParams.set("lang", document.documentElement.lang);
    link.href = address.href;
  };
  // The search form leads to another page, as a link does.
  document.addEventListener("submit", (event) => {
    if (!event.target.classList.contains("site-search") || (isKept && !known(asked()))) return;
    const said = document.createElement("input");
    Object.assign(said, { type: "hidden", name: "lang", value: document.documentElement.lang });
    event.target.append(said);
  });
  // Before a link is followed by pointer, keyboard or menu.
  for (const kind of ["pointerdown", "click", "contextmenu"]) document.addEventListener(kind, carry, true);
})();
