// News come from a file beside the pages, so that the pages themselves do not depend on the previous snapshot.
(() => {
  "use strict";
  const section = document.getElementById("whats-new");
  const changes = window.IS248_CHANGES;
  const show = () => {
    const sentences = (changes.summary || {})[document.documentElement.lang] || [];
    section.hidden = !sentences.length;
    section.querySelector(".news").replaceChildren(...sentences.map((sentence) => {
      const item = document.createElement("li");
      item.textContent = sentence;
      return item;
    }));
  };
  if (section && changes) {
    show();
    document.addEventListener("languagechosen", show);
  }
})();
