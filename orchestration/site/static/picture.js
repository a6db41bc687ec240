// A figure as a self-contained picture: title, choices, chart, keys, breaks, source. The figure is laid out once more,
// invisibly, in light colours and at a fixed width, and the browser's result is written as SVG: boxes, lines of text, drawings.
// Does not belong here: drawing (charts.js), saving files (files.js).
(() => {
  "use strict";
  const site = window.IS248;
  const { say, text, h, xml } = site;
  const XMLNS = "http://www.w3.org/2000/svg";
  const SCALE = 2;
  const STYLES = ["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin", "opacity", "font-size", "font-weight", "text-anchor", "visibility", "paint-order", "vector-effect"];
  const short = (value) => String(Math.round(value * 100) / 100);
  const isClear = (colour) => colour === "transparent" || /,\s*0\)$/.test(colour);

  // The figure with everything it needs outside its page.
  const laidOut = (figure) => {
    const { release } = site.known;
    const element = h("figure", { class: "figure", id: "picture" },
      h("figcaption", {}, h("h3", {}, figure.name),
        h("p", { class: "unit" }, site.tables.chosen(figure).map((pair) => pair.join(": ")).join(" · "))),
      h("div", { class: "drawn" }));
    // The picture includes the note below the figure.
    element.append(...[...figure.element.querySelectorAll(":scope > .note")].map((each) => h("p", { class: "source" }, each.innerText)));
    // The picture includes the method's caution on comparisons.
    element.append(...[...figure.element.querySelectorAll(".caution")].map((each) => each.cloneNode(true)));
    const years = site.charts.breaksByYear(figure.breaks);
    if (years.length) {
      element.append(h("div", { class: "breaks" }, h("p", { class: "breaks-title" }, text("breaks_of")), years.map(([year, found]) =>
        h("p", {}, `${found[0].number}. ${year}: ${found.map((each) => `${say(each.kind)}. ${say(each.text)}`).join(" ")}`))));
    }
    const bases = figure.basesOf(figure.state.time ? [figure.state.time] : figure.codes("time"));
    if (bases.length) element.append(h("p", { class: "source" }, `${text("bases")}. ${bases.join(" ")}`));
    element.append(h("p", { class: "source" }, `${text("source_is")}: ${say(release.publisher)}, ${say(release.title)}. `,
      `${release.day ? text("published_on", { day: say(release.day) }) : text("published_unknown")}. `,
      h("span", { class: "n" }, `${site.address.snapshot() ? text("snapshot_is", { id: site.address.snapshot() }) : text("snapshot_unknown")}.`)));
    if (release.notice) element.append(h("p", { class: "source" }, say(release.notice)));
    const host = h("div", { class: "picture light", "aria-hidden": "true" }, element);
    document.body.append(host);
    // Objects that are not figures of a cube draw themselves.
    if (figure.still) figure.still(element.querySelector(".drawn"));
    else new (site.kinds[figure.config.kind] || site.Figure)(element, figure.config, { wanted: figure.state, measure: figure.measure });
    return host;
  };

  const inlined = (drawn, box) => {
    const copy = drawn.cloneNode(true);
    const originals = [drawn, ...drawn.querySelectorAll("*")];
    [copy, ...copy.querySelectorAll("*")].forEach((node, place) => {
      const style = getComputedStyle(originals[place]);
      node.removeAttribute("class");
      node.removeAttribute("style");
      if (node !== copy && node.nodeName !== "g") for (const name of STYLES) node.setAttribute(name, style.getPropertyValue(name));
    });
    for (const [name, value] of Object.entries({ x: box.x, y: box.y, width: box.width, height: box.height })) copy.setAttribute(name, short(value));
    // Maps are clipped at their edges; labels of charts may extend beyond them.
    copy.setAttribute("overflow", getComputedStyle(drawn).overflowX);
    copy.removeAttribute("aria-hidden");
    return new XMLSerializer().serializeToString(copy);
  };

  const measuring = document.createElement("canvas").getContext("2d");
  // The lines into which the browser broke a text.
  const textLines = (node, style, place) => {
    const lines = [];
    for (const word of node.data.matchAll(/[^\s\u2013-]+[\s\u2013-]*|[\s\u2013-]+/g)) {
      const range = document.createRange();
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      const box = place(range.getBoundingClientRect());
      const last = lines[lines.length - 1];
      if (last && Math.abs(last.y - box.y) < 2) last.words += word[0];
      else lines.push({ ...box, words: word[0] });
    }
    measuring.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    const { fontBoundingBoxAscent: up, fontBoundingBoxDescent: down } = measuring.measureText("x");
    return lines.filter((line) => line.words.trim()).map((line) => {
      const base = line.y + (line.height - up - down) / 2 + up;
      return `<text x="${short(line.x)}" y="${short(base)}" font-size="${parseFloat(style.fontSize)}" font-weight="${style.fontWeight}" fill="${style.color}" xml:space="preserve">${xml(line.words.trimEnd())}</text>`;
    });
  };

  const boxed = (element, style, box) => {
    const parts = [];
    const paper = style.backgroundImage !== "none" ? `url(#${element.classList.contains("between") ? "between" : "hatch"})` : isClear(style.backgroundColor) ? null : style.backgroundColor;
    const width = parseFloat(style.borderTopWidth) || 0;
    if (style.transform !== "none") {
      const [x, y, half] = [box.x + box.width / 2, box.y + box.height / 2, box.width / 2 - width];
      return [`<path d="M${short(x)} ${short(y - half)}l${short(half)} ${short(half)}l${short(-half)} ${short(half)}l${short(-half)} ${short(-half)}z" fill="${paper || "none"}" stroke="${style.borderTopColor}" stroke-width="${width}"/>`];
    }
    if (paper && box.width && box.height) parts.push(`<rect x="${short(box.x)}" y="${short(box.y)}" width="${short(box.width)}" height="${short(box.height)}" fill="${paper}"/>`);
    for (const [side, x1, y1, x2, y2] of [["Top", 0, 0, 1, 0], ["Left", 0, 0, 0, 1], ["Right", 1, 0, 1, 1], ["Bottom", 0, 1, 1, 1]]) {
      const thick = parseFloat(style[`border${side}Width`]);
      if (!thick || style[`border${side}Style`] === "none") continue;
      const dashes = style[`border${side}Style`] === "dashed" ? ' stroke-dasharray="3 3"' : "";
      parts.push(`<path d="M${short(box.x + x1 * box.width)} ${short(box.y + y1 * box.height)}L${short(box.x + x2 * box.width)} ${short(box.y + y2 * box.height)}" stroke="${style[`border${side}Color`]}" stroke-width="${thick}"${dashes}/>`);
    }
    return parts;
  };

  const written = (element, place) => {
    const style = getComputedStyle(element);
    if (style.display === "none" || style.visibility === "hidden" || element.classList.contains("vh")) return [];
    const box = place(element.getBoundingClientRect());
    if (element.nodeName.toLowerCase() === "svg") return [inlined(element, box)];
    const inside = [...element.childNodes].flatMap((node) => (node.nodeType === Node.TEXT_NODE ? textLines(node, style, place)
      : node.nodeType === Node.ELEMENT_NODE ? written(node, place) : []));
    return [...boxed(element, style, box), ...inside];
  };

  // Returns the picture as SVG with its size.
  const make = (figure) => {
    const host = laidOut(figure);
    try {
      const { left, top, width, height } = host.getBoundingClientRect();
      const place = (box) => ({ x: box.left - left, y: box.top - top, width: box.width, height: box.height });
      const style = getComputedStyle(host);
      const colour = (name) => style.getPropertyValue(name).trim();
      const hatch = `<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="6" height="6" fill="${colour("--s7")}"/><rect width="3" height="6" fill="${colour("--c1")}"/></pattern><pattern id="between" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="6" height="6" fill="#fff"/><rect width="2" height="6" fill="${colour("--c1")}"/></pattern></defs>`;
      const parts = [...host.children].flatMap((child) => written(child, place));
      const words = [figure.name, figure.summary.textContent];
      const size = { width: Math.ceil(width), height: Math.ceil(height) };
      return {
        ...size,
        svg: `<svg xmlns="${XMLNS}" width="${size.width}" height="${size.height}" viewBox="0 0 ${size.width} ${size.height}" font-family="Arial, 'Liberation Sans', Helvetica, sans-serif" role="img"><title>${xml(words[0])}</title><desc>${xml(words[1])}</desc>${hatch}<rect width="100%" height="100%" fill="#fff"/>${parts.join("")}</svg>`,
      };
    } finally {
      host.remove();
    }
  };

  const drawn = ({ svg, width, height }) => new Promise((done, failed) => {
    const image = new Image();
    image.onload = () => {
      const canvas = h("canvas", { width: width * SCALE, height: height * SCALE });
      canvas.getContext("2d").drawImage(image, 0, 0, width * SCALE, height * SCALE);
      canvas.toBlob((blob) => (blob ? done(blob) : failed(new Error("png"))), "image/png");
    };
    image.onerror = failed;
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  });

  const save = async (figure, name, kind) => {
    const made = make(figure);
    if (kind === "svg") site.files.save(name, [made.svg], "image/svg+xml");
    else site.files.save(name, [await drawn(made)], "image/png");
  };

  Object.assign(site, { picture: { make, save } });
})();
