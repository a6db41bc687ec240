// Searching a table: rows that do not have every word are hidden. The field itself appears only where it works.
(() => {
  "use strict";
  const field = document.getElementById("filter");
  const table = document.getElementById("explained");
  if (!field || !table) return;
  field.parentElement.hidden = false;
  const rows = [...table.tBodies[0].rows];
  // A name that stays on one line has a hyphen that nobody types.
  const texts = rows.map((row) => row.textContent.replaceAll("\u2011", "-").toLowerCase());
  field.addEventListener("input", () => {
    const wanted = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    rows.forEach((row, place) => { row.hidden = !wanted.every((word) => texts[place].includes(word)); });
    document.getElementById("nothing").hidden = rows.some((row) => !row.hidden);
  });
})();
