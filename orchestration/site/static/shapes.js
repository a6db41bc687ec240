// Shapes of areas: read from the boundaries of municipalities, merged into larger areas, and projected.
// Does not belong here: drawing (map.js), or which area a municipality belongs to (boundaries.py).
(() => {
  "use strict";
  const site = window.IS248;
  // The height of the whole map, in the units of its paths.
  const HEIGHT = 1000;
  // The central meridian of UTM 33, the usual projection for maps of the whole country.
  const MERIDIAN = 15;

  class Shapes {
    constructor(raw) {
      this.raw = raw;
      const { scale, translate } = raw.transform;
      const project = d3.geoTransverseMercator().rotate([-MERIDIAN, 0]).scale(1).translate([0, 0]);
      const lines = raw.arcs.map((arc) => {
        let x = 0;
        let y = 0;
        return arc.map(([dx, dy]) => { x += dx; y += dy; return project([x * scale[0] + translate[0], y * scale[1] + translate[1]]); });
      });
      const used = new Set(Object.values(raw.rings).flat(2).map((arc) => (arc < 0 ? ~arc : arc)));
      const points = lines.filter((_, place) => used.has(place)).flat();
      const [left, right] = d3.extent(points, (point) => point[0]);
      const [top, bottom] = d3.extent(points, (point) => point[1]);
      const factor = HEIGHT / (bottom - top);
      // Rounded in the same way, so that lines that meet share an end.
      const round = (value) => Math.round(value * factor * 10) / 10;
      this.lines = lines.map((line) => line.map(([x, y]) => [round(x - left), round(y - top)]));
      this.width = round(right - left);
      this.height = HEIGHT;
      this.areas = {};
    }

    // The larger areas of a level with their municipalities; municipalities themselves are areas of one.
    members(level) {
      if (level === "municipality") return new Map(Object.keys(this.raw.rings).map((code) => [code, [code]]));
      return d3.rollup(Object.entries(this.raw.of[level] || {}), (pairs) => pairs.map(([code]) => code), ([, area]) => area);
    }

    has(level) { return level === "municipality" || level in this.raw.of; }

    // Areas of a level by code: path, box, and a point inside near the middle.
    level(level) {
      this.areas[level] ||= new Map([...this.members(level)].map(([code, members]) => [code, this.area(members)]));
      return this.areas[level];
    }

    area(members) {
      const rings = this.rings(members).map((ring) => this.points(ring));
      return { path: Shapes.path(rings), box: Shapes.box(rings), middle: Shapes.middle(rings) };
    }

    // The points of a line, reversed if the shape uses it backwards.
    line(arc) { return arc < 0 ? [...this.lines[~arc]].reverse() : this.lines[arc]; }

    points(ring) { return ring.flatMap((arc) => this.line(arc).slice(1)); }

    // The outline of municipalities as one area, without the lines that two of them share.
    rings(members) {
      const once = new Map();
      for (const arc of members.flatMap((code) => this.raw.rings[code]).flat()) {
        const line = arc < 0 ? ~arc : arc;
        once.set(line, once.has(line) ? null : arc);
      }
      const name = (point) => point.join(" ");
      const start = (arc) => name(arc < 0 ? this.lines[~arc].at(-1) : this.lines[arc][0]);
      const end = (arc) => name(arc < 0 ? this.lines[~arc][0] : this.lines[arc].at(-1));
      const left = new Set([...once.values()].filter((arc) => arc !== null));
      const from = d3.group(left, start);
      const rings = [];
      for (const first of left) {
        const ring = [];
        // All shapes have their outline in the same direction, so that a line begins at every end.
        for (let arc = first; arc !== undefined; arc = end(arc) === start(first) ? undefined : from.get(end(arc))?.find((each) => left.has(each))) {
          left.delete(arc);
          ring.push(arc);
        }
        rings.push(ring);
      }
      return rings;
    }

    // Borders between larger areas, as lines.
    frame(level) {
      const sides = new Map();
      for (const [code, rings] of Object.entries(this.raw.rings)) {
        for (const arc of rings.flat()) {
          const line = arc < 0 ? ~arc : arc;
          sides.set(line, [...(sides.get(line) || []), this.raw.of[level][code]]);
        }
      }
      return [...sides].filter(([, [a, b]]) => b !== undefined && a !== b)
        .map(([line]) => `M${this.lines[line].map((point) => point.join(",")).join("L")}`).join("");
    }

    static path(rings) { return rings.map((ring) => `M${ring.map((point) => point.join(",")).join("L")}Z`).join(""); }

    static box(rings) {
      const points = rings.flat();
      return [...d3.extent(points, (point) => point[0]), ...d3.extent(points, (point) => point[1])];
    }

    // The middle of the largest part; if that is outside, the middle of the widest stretch at its height.
    static middle(rings) {
      const ring = d3.greatest(rings, (each) => Math.abs(d3.polygonArea(each)));
      const centre = d3.polygonCentroid(ring);
      if (!centre.every(Number.isFinite)) return ring[0];
      if (d3.polygonContains(ring, centre)) return centre;
      const y = centre[1];
      const cuts = ring.map((point, place) => [point, ring[(place + 1) % ring.length]])
        .filter(([a, b]) => (a[1] > y) !== (b[1] > y))
        .map(([a, b]) => a[0] + ((y - a[1]) / (b[1] - a[1])) * (b[0] - a[0])).sort(d3.ascending);
      const widest = d3.greatest(d3.range(0, cuts.length - 1, 2), (place) => cuts[place + 1] - cuts[place]);
      return widest === undefined ? centre : [(cuts[widest] + cuts[widest + 1]) / 2, y];
    }
  }

  site.boundaries = (raw) => { site.shapes = new Shapes(raw); };
})();
