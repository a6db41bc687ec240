"""The words of chapters: most return a value that is bound to published cells, or refuse with a reason.

Belongs here: the words, their defaults, and what each refuses. Does not belong here: which cells a measure is made of
(``printed_words``), the template (``sentences``), or how a number is written (``writing``).

Defaults of every word: the year of the report, the country or the report's own area, both target groups, all services.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from orchestration.core.language import in_language, rounded
from orchestration.core.suggestions import suggest
from orchestration.report.bound_values import AUTOMATIC_REMARKS, Bound, Composed
from orchestration.report.grid import Round
from orchestration.report.labels import Labels
from orchestration.report.printed_words import WITH_CORRECTION, Place
from orchestration.report.tables import REMARKED_STATUSES
from orchestration.report.values import BASIS, CODE, LEVEL, YEAR, Cell, Quantity, ReportError, plain
from orchestration.report.writing import GROUPS, WORDS, in_words, kept_together, listed

# The remark that a status needs, by the name that authors use in ``remark``.
STATUS_NAMES = dict(zip(REMARKED_STATUSES, ("carried_forward", "estimated", "provisional", "uncertain"), strict=True))
AREAS = {
    "county": "county",
    "size": "size_group",
    "hf": "hf_area",
    "region": "health_region",
    "municipality": "municipality_no",
}
LEVELS = {"county": "county", "size": "size_group", "hf": "hf_area", "region": "health_region"}
AMOUNT_UNITS = {"nok": 1, "thousand": 1_000, "million": 1_000_000}


class Vocabulary:
    """The words, for one round of one report."""

    def __init__(self, of: Round, here: Place | None = None) -> None:
        self.of, self.here = of, here
        self.labels = Labels(of.published, of.language, of.words.places)

    def words(self) -> dict[str, Callable[..., Any]]:
        """Return every word by its name."""
        names = (
            *("fte", "rate", "rate_unweighted", "share_of_fte", "on_pathways", "reporting_form", "share", "number_of"),
            *("change", "real_change", "highest", "lowest", "rose_or_fell", "about_unchanged", "amount", "persons"),
            *(
                "responded",
                "municipalities",
                "population",
                "in_words",
                "fraction",
                "size_of",
                "above_or_below",
                "asked",
                "comparable",
                "has_real_change",
                "has_fte",
                "not_answered",
            ),
        )
        return {name: getattr(self, name) for name in names}

    # FTE

    def fte(self, year: int | None = None, group: str = "total", **how: Any) -> Bound:
        """FTE: ``fte(year, "adults", service="home_ambulatory")``; several categories in a list are added up."""
        return self._measure("fte_reported", year, group, how, 0)

    def rate(self, year: int | None = None, group: str = "total", **how: Any) -> Bound:
        """FTE per 10 000 inhabitants of the target group."""
        return self._measure("fte_per_10000", year, group, how, 0)

    def rate_unweighted(self, year: int | None = None, group: str = "total", **how: Any) -> Bound:
        """The mean of the municipalities' FTE per 10 000 inhabitants, each municipality counting once."""
        remark, unit, decimals, rest = _common(how, 0)
        dimensions = self._dimensions(group, rest)
        place = self.of.words.area(dimensions, self._year(year))
        key = {
            **place.columns(),
            YEAR: str(self._year(year)),
            "target_group": group,
            "service_type": rest.get("service", "total"),
        }
        cell = self.of.published.cell("fte_by_service", "fte_per_10000_unweighted", key)
        return self._bound(Quantity(plain(cell)), decimals, remark, unit)

    def share_of_fte(self, year: int | None = None, group: str = "total", **how: Any) -> Bound:
        """The percentage of a group's FTE in a service, education or pathway; without one, the group's share of all FTE."""
        return self._measure("share_of_fte", year, group, how, 0)

    def on_pathways(self, year: int | None = None, group: str = "total", **how: Any) -> Bound:
        """The percentage of FTE that are distributed by pathway."""
        return self._measure("share_of_fte_distributed_on_pathways", year, group, how, 0)

    def reporting_form(self, form: str, group: str, year: int | None = None, **how: Any) -> Bound:
        """The percentage of municipalities that reported jointly or separately."""
        remark, unit, decimals, _ = _common(how, 0)
        dimensions = {"reporting_form": form, "target_group": group}
        quantity = self.of.words.quantity("share_of_municipalities", dimensions, self._year(year))
        return self._bound(quantity, decimals, remark, unit)

    # Answers

    def share(self, indicator: str, answer: str = "yes", **how: Any) -> Bound:
        """The percentage that gave an answer, of the question's base unless ``base`` is ``"all"`` or ``"answered"``."""
        return self._answer("share_of_municipalities", indicator, answer, how)

    def number_of(self, indicator: str, answer: str = "yes", **how: Any) -> Bound:
        """The number that gave an answer; ``"answered"`` counts all that answered, ``"all_municipalities"`` all."""
        return self._answer("municipalities", indicator, answer, how)

    def asked(self, indicator: str, item: str | None = None, year: int | None = None) -> bool:
        """Whether a round has published answers to a question, for ``{% if %}``."""
        self._require_indicator(indicator)
        wanted = {LEVEL: "country", CODE: "0", BASIS: "reported", "indicator": indicator, YEAR: str(self._year(year))}
        if item is not None:
            wanted["item"] = item
        return any(row["share"] is not None for row in self.of.published.rows("indicator_shares", wanted))

    # Changes

    def change(self, before: int | None, year: int, group: str = "total", **how: Any) -> Bound:
        """The change between two rounds: of FTE in percent, or with ``as_="fte"`` in FTE; of an answer's share in points."""
        return self._change(before, year, group, dict(how))

    def real_change(self, before: int, year: int, group: str = "total", **how: Any) -> Bound:
        """The real change in percent: without municipalities that changed their reporting practice."""
        remark, unit, decimals, _ = _common(how, 1)
        key = {"time_period_from": str(before), "time_period_to": str(year), "target_group": group}
        cell = self.of.published.cell("real_change", "real_change_percent", key)
        return self._bound(Quantity(plain(cell)), decimals, remark, unit)

    def has_real_change(self, before: int, year: int) -> bool:
        """Whether a real change between two rounds is published, for ``{% if %}``."""
        key = {"time_period_from": str(before), "time_period_to": str(year), "target_group": "total"}
        return any(row["real_change_percent"] is not None for row in self.of.published.rows("real_change", key))

    def comparable(self, before: int, year: int, indicator: str = "fte_by_service") -> bool:
        """Whether two years can be compared, perhaps with reservations, for ``{% if %}``."""
        found = self.of.published.difference(indicator, before, year)
        return found is not None and found.verdict != "not_comparable"

    def rose_or_fell(self, before: int, year: int, group: str = "total", **how: Any) -> Bound:
        """``økte``, ``sank`` or ``var uendret``, depending on the rounded change."""
        return replace(self._change(before, year, group, dict(how)), form="direction")

    def has_fte(self, year: int | None = None, group: str = "total", **how: Any) -> bool:
        """Whether the area has FTE that can be shown, for ``{% if %}``."""
        try:
            quantity = self.of.words.quantity("fte_reported", self._dimensions(group, how), self._year(year))
        except ReportError:
            return False
        return not quantity.missing

    def not_answered(self, year: int | None = None, *, carried_forward: bool = False) -> str:
        """The names of the report's county's municipalities without figures of FTE; empty if all have them.

        ``carried_forward=True`` lists those whose figures are carried forward.
        """
        county = self.of.words.places["here"].code
        wanted = {LEVEL: "municipality", YEAR: str(self._year(year)), BASIS: "current"}
        names = []
        for row in self.of.published.rows("areas", {**wanted, "county_code": county}):
            key = {**wanted, CODE: str(row[CODE]), "target_group": "total", "service_type": "total"}
            cells = self.of.published.rows("fte_by_service", key)
            is_carried = any(cell["obs_status"] == "I" for cell in cells)
            is_missing = not cells or all(cell["fte"] is None for cell in cells)
            if is_carried if carried_forward else is_missing:
                names.append(str(row["unit_name"]))
        return listed(sorted(names), self.of.language)

    def about_unchanged(self, before: int, year: int, group: str = "total", limit: float = 1, **how: Any) -> bool:
        """Whether a change in either direction is smaller than a limit, for ``{% if %}``."""
        return abs(self._change(before, year, group, dict(how)).value) < Decimal(str(limit))

    # Comparing areas

    def highest(self, count: int, word: str, by: str = "county", among: str = "", **how: Any) -> Composed:
        """The areas with the highest values, and these values: ``highest(3, "rate", by="county", group="adults")``."""
        return self._extreme(count, word, by, among, how, is_highest=True)

    def lowest(self, count: int, word: str, by: str = "county", among: str = "", **how: Any) -> Composed:
        """The areas with the lowest values, and these values."""
        return self._extreme(count, word, by, among, how, is_highest=False)

    # Others

    def amount(
        self, year: int, unit: str = "million", *, real: bool = False, remark: str | Sequence[str] = (), decimals: int = 0
    ) -> Bound:
        """The amount that municipalities gave to organised user involvement; ``unit`` is nok, thousand or million."""
        if unit not in AMOUNT_UNITS:
            raise ReportError(f"{unit!r} is not a unit of amounts", f"units are {', '.join(AMOUNT_UNITS)}")
        dimensions = {"price_basis": "real" if real else "nominal"}
        quantity = self.of.words.quantity("user_involvement_amount", dimensions, year)
        return replace(self._bound(quantity, decimals, remark, ""), divisor=AMOUNT_UNITS[unit])

    def persons(self, indicator: str, year: int, category: str = "total") -> Composed:
        """An estimated number of persons, always as an interval between the estimates under two assumptions."""
        key = {"indicator": indicator, YEAR: str(year), "category": category}
        ends = [
            self.of.published.cell("person_estimates", column, key) for column in ("persons_main", "persons_alternative")
        ]
        first, last = (
            self._bound(Quantity(plain(cell)), 0, ("estimated",), "") for cell in sorted(ends, key=lambda c: c.value or 0)
        )
        return Composed((replace(first, remarks=()), "\u2013", replace(last, remarks=())))

    def responded(
        self, year: int | None = None, unit_set: str = "municipalities", what: str = "units_answered", **how: Any
    ) -> Bound:
        """The number of units that answered; other values of ``what``: ``units_expected``, ``units_missing``, ``share``."""
        remark, unit, decimals, _ = _common(how, 0)
        rows = self.of.published.rows("response", {YEAR: str(self._year(year)), "unit_set": unit_set})
        main = [row for row in rows if row["survey"] in ("is248", "is24")]
        key = {YEAR: str(self._year(year)), "unit_set": unit_set}
        if main:
            key["survey"] = str(main[0]["survey"])
        if what == "share":
            cells = [self.of.published.cell("response", column, key) for column in ("units_answered", "units_expected")]
            return self._bound(Quantity(plain(cells[0]), plain(cells[1]), 100), decimals, remark, unit)
        return self._bound(Quantity(plain(self.of.published.cell("response", what, key))), decimals, remark, unit)

    def municipalities(self, year: int | None = None, *, share: bool = False, **how: Any) -> Bound:
        """The number of municipalities, of a size or in an area; with ``share=True``, in percent of all."""
        measure = "share_of_municipalities" if share else "municipalities"
        return self._of_areas(measure, year, how)

    def population(self, year: int | None = None, group: str = "total", *, share: bool = False, **how: Any) -> Bound:
        """The number of inhabitants in the target group; with ``share=True``, in percent of the country's."""
        return self._of_areas("share_of_population" if share else "population", year, {**how, "group": group})

    def in_words(self, bound: Bound) -> Bound:
        """A number from zero to ten as a word; others stay numbers."""
        return replace(bound, form="word") if in_words(bound.value, self.of.language) is not None else bound

    def size_of(self, bound: Bound) -> Bound:
        """A change without its sign, to follow ``rose_or_fell``."""
        return replace(bound, form="size")

    def above_or_below(self, bound: Bound, other: Bound) -> Bound:
        """``over``, ``under`` or ``likt med``, depending on both values as written."""
        if not isinstance(bound, Bound) or not isinstance(other, Bound):
            raise ReportError("only two values can be compared", "give two words, such as rate(year) and rate(before)")
        return bound.beside(other)

    def fraction(self, bound: Bound) -> Bound:
        """A share as ``halvparten``, ``hver tredje`` ..., if it is close enough to one of them; otherwise an error."""
        return replace(bound, form="fraction")

    # What the words have in common

    def _year(self, year: int | None) -> int:
        return self.of.year if year is None else int(year)

    def _require_indicator(self, indicator: str) -> None:
        known = self.of.words.known_indicators()
        if indicator not in known:
            raise ReportError(f"there is no indicator {indicator!r}{suggest(indicator, known)}", "correct the name")

    def _dimensions(self, group: str, how: dict[str, Any]) -> dict[str, str]:
        dimensions = {"target_group": group}
        kinds = {"service": "measure_type", "education": "education", "pathway": "pathway"}
        for name, dimension in kinds.items():
            if name in how:
                codes = how[name]
                dimensions[dimension] = codes if isinstance(codes, str) else "+".join(codes)
        for name, dimension in AREAS.items():
            if name in how:
                dimensions[dimension] = str(how[name])
        if "place" in how:
            dimensions["place"] = str(how["place"])
        elif "here" in self.of.words.places and not set(how) & set(AREAS):
            # In a report about an area, that area is the default.
            dimensions["place"] = "here"
        taken = {*kinds, *AREAS, "place", "item", "base", "indicator", "answer", "as_"}
        for name in sorted(set(how) - taken):
            guess = suggest(name, [*taken, "remark", "unit", "decimals", "year"])
            raise ReportError(f"words do not take {name!r}{guess}", "docs/run/reports.md lists what each word takes")
        if group == "total" and how.get("service", "total") != "total":
            raise ReportError("services are either for adults or for children", 'name the group: fte(year, "adults", ...)')
        return dimensions

    def _measure(self, measure: str, year: int | None, group: str, how: dict[str, Any], decimals: int) -> Bound:
        remark, unit, decimals, rest = _common(how, decimals)
        quantity = self.of.words.quantity(measure, self._dimensions(group, rest), self._year(year))
        return self._bound(quantity, decimals, remark, unit)

    def _answer(self, measure: str, indicator: str, answer: str, how: dict[str, Any]) -> Bound:
        self._require_indicator(indicator)
        remark, unit, decimals, rest = _common(how, 0)
        year = self._year(rest.pop("year", None))
        dimensions = self._dimensions("", rest)
        dimensions.pop("target_group")
        dimensions |= {"question": indicator, "answer": answer, "service": str(rest.get("item", "all"))}
        quantity = self.of.words.quantity(measure, dimensions, year, base=str(rest.get("base", "")))
        return self._bound(quantity, decimals, remark, unit)

    def _of_areas(self, measure: str, year: int | None, how: dict[str, Any]) -> Bound:
        remark, unit, decimals, rest = _common(how, 0)
        sizes = rest.pop("size", "")
        group = rest.pop("group", "total")
        found: Quantity | None = None
        for size in [sizes] if isinstance(sizes, str) else list(sizes):
            dimensions = {**self._dimensions(group, rest), **({"size_group": size} if size else {})}
            one = self.of.words.quantity(measure, dimensions, self._year(year))
            found = one if found is None else replace(found, numerator=(*found.numerator, *one.numerator))
        if found is None:
            raise ReportError("no size is given", "name one, or leave it out")
        return self._bound(found, decimals, remark, unit)

    def _change(self, before: int | None, year: int, group: str, how: dict[str, Any]) -> Bound:
        if before is None:
            raise ReportError("there is no earlier round", "put the sentence in {% if before %}")
        as_ = how.pop("as_", "points" if "indicator" in how else "percent")
        if "indicator" in how:
            return self._points(before, year, how)
        of_rate = how.pop("of", "fte") == "rate"
        remark, unit, decimals, rest = _common(how, 1 if as_ == "percent" else 0)
        measures = {"percent": "fte_per_10000_change_percent" if of_rate else "fte_change_percent", "fte": "fte_change"}
        if as_ not in measures:
            raise ReportError(f"a change of FTE cannot be given as {as_!r}", f"give {' or '.join(measures)}")
        dimensions = {**self._dimensions(group, rest), "from_year": str(before)}
        quantity = self.of.words.quantity(measures[as_], dimensions, year)
        table = quantity.cells[0].table
        return self._bound(quantity, decimals, remark, unit, also=self._correction(table, before, year))

    def _points(self, before: int, year: int, how: dict[str, Any]) -> Bound:
        remark, unit, decimals, rest = _common(how, 0)
        indicator, answer = str(rest.pop("indicator")), str(rest.pop("answer", "yes"))
        self.of.words.require_comparable(indicator, before, year)
        # The difference of two shares with different bases is not a single fraction, so the published shares are used.
        cells = [self._share_cell(indicator, answer, rest, each) for each in (year, before)]
        quantity = Quantity((*plain(cells[0]), *(replace(term, factor=-1) for term in plain(cells[1]))), scale=100)
        return self._bound(quantity, decimals, remark, unit, also=self._correction(indicator, before, year))

    def _share_cell(self, indicator: str, answer: str, how: dict[str, Any], year: int) -> Cell:
        dimensions = self._dimensions("", {name: value for name, value in how.items() if name not in ("item", "base")})
        place = self.of.words.area(dimensions, year)
        key = {
            **place.columns(),
            "indicator": indicator,
            "answer": answer,
            "item": str(how.get("item", "all")),
            YEAR: str(year),
        }
        column = {"all": "share_of_all", "answered": "share_of_answered"}.get(str(how.get("base", "")), "share")
        return self.of.published.cell("indicator_shares", column, key)

    def _correction(self, indicator: str, before: int, year: int) -> tuple[str, ...]:
        found = self.of.published.difference(indicator, before, year)
        if found is None:
            raise ReportError(f"no entry says whether {before} and {year} can be compared", "add one to data/comparability")
        return (WITH_CORRECTION,) if found.verdict == WITH_CORRECTION else ()

    def _extreme(self, count: int, word: str, by: str, among: str, how: dict[str, Any], *, is_highest: bool) -> Composed:
        if by not in LEVELS:
            raise ReportError(f"there are no areas by {by!r}{suggest(by, LEVELS)}", f"give one of {', '.join(LEVELS)}")
        make = self.words().get(word)
        if make is None:
            raise ReportError(
                f"there is no word {word!r}{suggest(word, self.words())}", "docs/run/reports.md lists the words"
            )
        year = self._year(how.get("year"))
        wanted = {LEVEL: LEVELS[by], YEAR: str(year), BASIS: "reported"}
        found: list[tuple[str, Bound]] = []
        hidden: list[str] = []
        refused: ReportError | None = None
        for row in sorted(self.of.published.rows("areas", wanted), key=lambda row: str(row[CODE])):
            name = kept_together(str(row["unit_name"]), self.of.language)
            code = str(row["unit_name"]) if by == "county" else str(row[CODE])
            try:
                found.append((name, make(**{**how, by: code})))
            except ReportError as error:
                hidden.append(name)
                refused = error
        if refused is not None and not found:
            # If every area is refused, the expression is wrong.
            raise refused
        if hidden and among != "shown":
            raise ReportError(f"{', '.join(hidden)} cannot be shown", 'add among="shown", so that the sentence says so')
        if len(found) <= count:
            raise ReportError(f"there are only {len(found)} areas to choose from", "ask for fewer")
        found.sort(key=lambda each: each[1].value, reverse=is_highest)
        last = rounded(found[count - 1][1].value, found[count - 1][1].decimals)
        chosen = [each for each in found[:count] if rounded(each[1].value, each[1].decimals) != last]
        chosen += [each for each in found if rounded(each[1].value, each[1].decimals) == last]
        return Composed(self._beside(chosen, are_some_hidden=bool(hidden)))

    def _beside(self, chosen: list[tuple[str, Bound]], *, are_some_hidden: bool) -> tuple[str | Bound, ...]:
        marks = [f"\u0001{place}\u0002" for place in range(len(chosen))]
        text = listed(marks, self.of.language)
        parts: list[str | Bound] = []
        for place, (name, bound) in enumerate(chosen):
            lead, text = text.split(marks[place], 1)
            parts += [f"{lead}{name} (", bound, ")"]
        if are_some_hidden:
            parts.append(f", {in_language(WORDS['among_shown'], self.of.language)}")
        return tuple(part for part in parts if part)

    def _bound(
        self, quantity: Quantity, decimals: int, remark: str | Sequence[str], unit: str, also: tuple[str, ...] = ()
    ) -> Bound:
        """Return a value with the remarks that it needs.

        Raises:
            ReportError: a cell has no value, ``remark`` has an unknown name, or the value needs a remark that the author did
                not allow.
        """
        for cell in quantity.missing:
            reason = self.labels.code("absence_reason", cell.reason) if cell.reason else "no value"
            raise ReportError(f"{cell.named()} has no value: {reason.lower()}", "leave the sentence out of this round")
        allowed = _names(remark)
        for name in allowed:
            if name not in GROUPS["remarks"]:
                known = list(GROUPS["remarks"])
                raise ReportError(
                    f"there is no remark {name!r}{suggest(name, known)}", f"remark is one of {', '.join(known)}"
                )
        needed = list(dict.fromkeys([*also, *(name for cell in quantity.cells for name in self._needed(cell))]))
        for name in needed:
            if name not in allowed and name not in AUTOMATIC_REMARKS:
                what = in_language(GROUPS["remarks"][name], self.of.language) if name in GROUPS["remarks"] else name
                raise ReportError(f"the value needs a remark: {what}", f'add remark="{name}", so that the sentence shows it')
        return Bound(quantity, decimals, language=self.of.language, unit=unit, remarks=tuple(needed))

    def _needed(self, cell: Cell) -> Iterable[str]:
        if cell.status in STATUS_NAMES:
            yield STATUS_NAMES[cell.status]
        yield from self.of.notes_of(cell)
        if cell.coverage is not None and cell.coverage < self.of.report.coverage_from:
            yield "incomplete"


def _names(remark: str | Sequence[str]) -> list[str]:
    return [remark] if isinstance(remark, str) else list(remark)


def _common(how: dict[str, Any], decimals: int) -> tuple[Any, str, int, dict[str, Any]]:
    """Return the arguments that every word takes (``remark``, ``unit``, ``decimals``), and the rest."""
    rest = dict(how)
    return rest.pop("remark", ()), str(rest.pop("unit", "")), int(rest.pop("decimals", decimals)), rest
