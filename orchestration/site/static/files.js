// Files of a figure that the reader saves: rows as CSV and as a workbook. The workbook is the smallest that spreadsheet
// programs open: no library that writes one is small enough for a page.
// Does not belong here: which rows (tables.js), pictures (picture.js).
(() => {
  "use strict";
  const site = window.IS248;
  const { text, xml } = site;
  const encoder = new TextEncoder();

  const save = (name, parts, type) => {
    const link = site.h("a", { href: URL.createObjectURL(new Blob(parts, { type })), download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  };

  // The format that spreadsheet programs of the language read: with a byte order mark; for Norwegian with semicolons and decimal commas.
  const csv = ({ columns, rows }) => {
    const [between, decimal] = site.english() ? [",", "."] : [";", ","];
    const quoted = (value) => (/["\n\r]/.test(value) || value.includes(between) || value !== value.trim() ? `"${value.replaceAll('"', '""')}"` : value);
    // A spreadsheet program would read a code as a number, and a text that begins like this as a formula.
    const kept = columns.map((column, at) => ({ ...column, at })).filter(({ kind }) => kind !== "code");
    const written = ({ kind, at }, row) => {
      const value = row[at];
      if (value === null || value === "") return "";
      if (kind === "number") return String(value).replace(".", decimal);
      return quoted(/^[=+@\t]/.test(value) ? `'${value}` : String(value));
    };
    const lines = [kept.map(({ title }) => quoted(title)), ...rows.map((row) => kept.map((column) => written(column, row)))];
    return `\uFEFF${lines.map((line) => line.join(between)).join("\r\n")}\r\n`;
  };

  const CRC = Uint32Array.from({ length: 256 }, (_, place) => {
    let value = place;
    for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
    return value >>> 0;
  });
  const checked = (bytes) => {
    let value = 0xffffffff;
    for (const byte of bytes) value = CRC[(value ^ byte) & 0xff] ^ (value >>> 8);
    return (value ^ 0xffffffff) >>> 0;
  };

  // An uncompressed ZIP archive of files, given by name and text.
  const zipped = (files) => {
    const parts = [];
    const directory = [];
    let offset = 0;
    const numbers = (...pairs) => {
      const view = new DataView(new ArrayBuffer(pairs.reduce((sum, [size]) => sum + size, 0)));
      let at = 0;
      for (const [size, value] of pairs) {
        if (size === 4) view.setUint32(at, value, true);
        else view.setUint16(at, value, true);
        at += size;
      }
      return new Uint8Array(view.buffer);
    };
    // The first day that the format can represent, so that the same figures give the same file.
    const FIRST_DAY = 0x21;
    for (const [name, content] of files) {
      const title = encoder.encode(name);
      const bytes = encoder.encode(content);
      const facts = [[2, 20], [2, 0x800], [2, 0], [2, 0], [2, FIRST_DAY], [4, checked(bytes)], [4, bytes.length], [4, bytes.length], [2, title.length], [2, 0]];
      parts.push(numbers([4, 0x04034b50], ...facts), title, bytes);
      directory.push(numbers([4, 0x02014b50], [2, 20], ...facts, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]), title);
      offset += 30 + title.length + bytes.length;
    }
    const size = directory.reduce((sum, part) => sum + part.length, 0);
    return [...parts, ...directory, numbers([4, 0x06054b50], [2, 0], [2, 0], [2, files.length], [2, files.length], [4, size], [4, offset], [2, 0])];
  };

  const HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>';
  const SHEETS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
  const OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
  const PACKAGE = "http://schemas.openxmlformats.org/package/2006";
  const TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml";
  const cell = (value, style = 0) => {
    if (value === null || value === "") return "<c/>";
    if (typeof value === "number") return `<c><v>${value}</v></c>`;
    return `<c t="inlineStr"${style ? ` s="${style}"` : ""}><is><t xml:space="preserve">${xml(value)}</t></is></c>`;
  };
  const sheet = (lines, widths, isHeaded) => `${HEAD}<worksheet xmlns="${SHEETS}">${isHeaded ? '<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>' : ""}<cols>${widths.map((width, at) => `<col min="${at + 1}" max="${at + 1}" width="${width}" customWidth="1"/>`).join("")}</cols><sheetData>${lines.map((line, place) => `<row>${line.map((value) => cell(value, isHeaded && !place ? 1 : 0)).join("")}</row>`).join("")}</sheetData></worksheet>`;

  // A workbook with two sheets: the rows, and a description of the figure.
  const xlsx = ({ columns, rows }, about) => {
    const lines = [columns.map(({ title }) => title), ...rows];
    const widths = columns.map((_, at) => Math.min(60, 2 + Math.max(...lines.map((line) => String(line[at] ?? "").length))));
    const names = [text("sheet_rows"), text("sheet_about")];
    const path = (place) => `worksheets/sheet${place + 1}.xml`;
    return zipped([
      ["[Content_Types].xml", `${HEAD}<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="${TYPE}.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="${TYPE}.styles+xml"/>${names.map((_, place) => `<Override PartName="/xl/${path(place)}" ContentType="${TYPE}.worksheet+xml"/>`).join("")}</Types>`],
      ["_rels/.rels", `${HEAD}<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="rId1" Type="${OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>`],
      ["xl/workbook.xml", `${HEAD}<workbook xmlns="${SHEETS}" xmlns:r="${OFFICE}"><sheets>${names.map((name, place) => `<sheet name="${xml(name)}" sheetId="${place + 1}" r:id="rId${place + 1}"/>`).join("")}</sheets></workbook>`],
      ["xl/_rels/workbook.xml.rels", `${HEAD}<Relationships xmlns="${PACKAGE}/relationships">${names.map((_, place) => `<Relationship Id="rId${place + 1}" Type="${OFFICE}/worksheet" Target="${path(place)}"/>`).join("")}<Relationship Id="rId3" Type="${OFFICE}/styles" Target="styles.xml"/></Relationships>`],
      ["xl/styles.xml", `${HEAD}<styleSheet xmlns="${SHEETS}"><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2"><xf xfId="0"/><xf xfId="0" fontId="1" applyFont="1"/></cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`],
      [`xl/${path(0)}`, sheet(lines, widths, true)],
      [`xl/${path(1)}`, sheet(about, [24, 110], false)],
    ]);
  };

  Object.assign(site, { files: { save, csv, xlsx } });
})();
