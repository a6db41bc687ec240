// Which language is shown. Runs before the content is painted, so that nothing flickers.
// Without it the two radio buttons still switch the visible language by the style sheet alone.
(() => {
  "use strict";
  const KEY = "is248-language";
  const buttons = [...document.querySelectorAll("input[name=language]")];

  // Some browsers refuse storage to pages that are opened from a folder.
  const remembered = () => { try { return localStorage.getItem(KEY); } catch { return null; } };
  const remember = (language) => { try { localStorage.setItem(KEY, language); } catch { /* not remembered, that is all */ } };

  const show = (language) => {
    document.documentElement.lang = language;
    for (const button of buttons) button.checked = button.value === language;
    const title = document.querySelector("title");
    if (title.dataset[language]) document.title = title.dataset[language];
    for (const field of document.querySelectorAll("[data-nb][placeholder]")) field.placeholder = field.dataset[language];
    document.dispatchEvent(new Event("languagechosen"));
  };

  const asked = new URLSearchParams(location.search).get("lang");
  const wanted = [asked, remembered()].find((each) => each === "nb" || each === "en");
  if (wanted) show(wanted);
  for (const button of buttons) {
    button.addEventListener("change", () => { remember(button.value); show(button.value); });
  }
})();
