// What a reader can do with a figure in its current state: save picture and numbers, link, embed and cite it.
// Does not belong here: the content of files (files.js, picture.js), addresses (address.js).
(() => {
  "use strict";
  const site = window.IS248;
  const { say, text, h } = site;

  // Name of a file: the figure, the choices, and the snapshot.
  const nameOf = (figure, kind) => {
    const chosen = figure.offered.filter((offer) => offer.codes.length > 1).map((offer) => figure.state[offer.name]);
    const measure = figure.config.measures.length > 1 && figure.shown.name ? [figure.shown.name] : [];
    const parts = ["is248", figure.config.anchor || figure.config.file || "", figure.config.id, ...measure, ...chosen, site.address.snapshot()].filter(Boolean);
    return `${parts.join("_").replace(/[^\w.-]+/g, "-").slice(0, 120)}.${kind}`;
  };

  const about = (figure) => {
    const { release } = site.known;
    const notes = [...figure.basesOf(figure.state.time ? [figure.state.time] : figure.codes("time"))];
    return [
      [text("figure_is"), figure.name],
      ...site.tables.chosen(figure),
      [text("unit_of_measure"), say(figure.shown.unit)],
      ...notes.map((note, place) => [place ? "" : text("bases"), note]),
      ...[...figure.element.querySelectorAll(".caution")].map((each) => [text("notice_is"), each.innerText]),
      ...figure.breaks.map((each, place) => [place ? "" : text("breaks_of"), `${each.number}. ${each.year}: ${say(each.kind)}. ${say(each.text)}`]),
      [text("source_is"), `${say(release.publisher)}, ${say(release.title)}`],
      [text("day_is"), release.day ? say(release.day) : text("published_unknown")],
      [text("snapshot"), site.address.snapshot() || text("snapshot_unknown")],
      [text("licence_is"), release.licence],
      [text("link"), site.address.sharedLinkOf(figure)],
      [text("cite"), site.address.cited(figure)],
      ...(release.notice ? [[text("notice_is"), say(release.notice)]] : []),
    ];
  };

  // A CSV file is passed on alone, and has no other place for the notice on all figures.
  const lines = (figure) => {
    const { columns, rows } = site.tables.rowsOf(figure);
    const { notice } = site.known.release;
    if (!notice) return { columns, rows };
    const [first] = say(notice).split(/(?<=\.)\s/);
    return { columns: [...columns, { title: text("notice_is"), kind: "text" }], rows: rows.map((row) => [...row, first]) };
  };

  const make = (figure) => {
    const box = h("textarea", { readonly: true, rows: "3", "aria-label": text("link") });
    const copied = h("span", { role: "status" });
    const panel = h("div", { class: "share", hidden: true }, box);
    const copy = h("button", { type: "button" });
    panel.append(h("p", {}, copy, " ", copied));
    copy.addEventListener("click", async () => {
      box.select();
      try { await navigator.clipboard.writeText(box.value); } catch { document.execCommand("copy"); }
      copied.textContent = text("copied");
    });
    let open = null;
    const texts = {
      link: () => site.address.linkOf(figure),
      embed: () => `<iframe src="${site.address.linkOf(figure, true).replaceAll("&", "&amp;")}" title="${figure.name.replaceAll('"', "&quot;")}" width="100%" height="${Math.ceil(figure.element.offsetHeight) + 40}" style="border:0" loading="lazy"></iframe>`,
      cite: () => site.address.cited(figure),
    };
    const buttons = {
      svg: () => site.picture.save(figure, nameOf(figure, "svg"), "svg"),
      png: () => site.picture.save(figure, nameOf(figure, "png"), "png"),
      csv: () => site.files.save(nameOf(figure, "csv"), [site.files.csv(lines(figure))], "text/csv;charset=utf-8"),
      xlsx: () => site.files.save(nameOf(figure, "xlsx"), site.files.xlsx(site.tables.rowsOf(figure), about(figure)), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    };
    const list = h("div", { class: "actions" });
    const toggles = {};
    const show = (name) => {
      open = open === name ? null : name;
      panel.hidden = open === null;
      for (const [each, toggle] of Object.entries(toggles)) toggle.setAttribute("aria-expanded", String(each === open));
      copied.textContent = "";
      if (open) { box.value = texts[open](); box.setAttribute("aria-label", text(open)); }
    };
    const words = () => {
      const button = (name, title, act) => {
        const made = h("button", { type: "button", "data-action": name }, title);
        made.addEventListener("click", act);
        return made;
      };
      for (const name of Object.keys(texts)) {
        if (name === "embed" && figure.long && figure.config.kind === "table") continue;
        toggles[name] = button(name, text(name), () => show(name));
        toggles[name].setAttribute("aria-expanded", "false");
      }
      list.replaceChildren(
        // A table has no picture.
        ...(figure.config.kind === "table" ? [] : [h("span", {}, text("save_picture")), ...["svg", "png"].map((name) => button(name, name.toUpperCase(), buttons[name]))]),
        h("span", {}, text("save_numbers")), button("csv", "CSV", buttons.csv), button("xlsx", "Excel", buttons.xlsx),
        ...Object.values(toggles));
      copy.textContent = text("copy");
      open = null;
      panel.hidden = true;
    };
    words();
    document.addEventListener("languagechosen", words);
    return h("div", { class: "doing" }, list, panel);
  };

  // Makes an object that is not a figure of a cube usable like one (save, link, cite): it supplies its own rows, and has no choices.
  const standing = (own) => Object.defineProperties({
    offered: [], state: {}, wanted: {}, breaks: [], sorted: null, measure: 0,
    label: () => "", basesOf: () => [], codes: () => [], asked: () => 0, render: () => {},
  }, Object.getOwnPropertyDescriptors(own));

  Object.assign(site, { actions: make, standing });
})();
