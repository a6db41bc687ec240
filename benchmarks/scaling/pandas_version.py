"""The same job in plain pandas, as an experienced user would write it instead of this project.

    .venv/bin/python -m benchmarks.scaling.pandas_version DATA WAREHOUSE SNAPSHOT FOLDER [--without-workbook]

Files are read with ``read_csv``, ``read_excel`` (the fast engine), ``read_sav`` and ``read_parquet``, melted, merged and
grouped to the four long tables, and written as CSV, Parquet and one workbook. It leaves out the same as the floor (see
``floor``): areas, rounds and breaks are read ready-made, nothing is checked, no other format is written. Sums are floating
point.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyreadstat

from benchmarks.scaling.floor import MOST_ROWS, Job, compare, list_jobs
from benchmarks.scaling.measuring import stopwatch

FTE = ("fte_by_service", "fte_by_education", "fte_by_pathway")
BLANKS = " \t\n\r\u00a0\u2007\u2009\u202f\ufeff"
AREA = ["time_period", "area_basis", "unit_level", "unit_code"]
MEASURE = ["question", "target_group", "category"]
FLAGS = ["is_carried", "is_rejected", "is_half_missing", "is_estimated", "is_weight_estimated", "is_weight_missing"]


def read_sheet(job: Job, first_row: int) -> pd.DataFrame:
    """Return a sheet's cells that are not empty, below the header: sheet_id, r, c, t."""
    number, reader, path, sheet, encoding, delimiter = job
    if reader == "csv":
        columns = max(line.count(delimiter) for line in Path(path).read_text(encoding=encoding).splitlines()) + 1
        frame = pd.read_csv(
            path,
            sep=delimiter,
            encoding="utf-8-sig" if encoding == "utf-8" else encoding,
            header=None,
            names=range(columns),
            dtype=str,
            keep_default_na=False,
            na_values=[""],
            skip_blank_lines=False,
        )
    elif reader == "xlsx":
        frame = pd.read_excel(
            path, sheet_name=sheet, header=None, dtype=object, engine="calamine", na_values=[""], keep_default_na=False
        )
    else:
        if reader == "sav":
            frame, _ = pyreadstat.read_sav(path, user_missing=True, disable_datetime_conversion=True)
        else:
            frame = pd.read_parquet(path)
        frame.index = frame.index + 1
    frame.columns = pd.Index(range(1, frame.shape[1] + 1))
    frame = frame.loc[first_row - 1 :]
    cells = frame.rename_axis("r").reset_index().melt(id_vars="r", var_name="c", value_name="t").dropna(subset=["t"])
    cells["r"] += 1
    cells["t"] = cells["t"].astype(str).str.strip(BLANKS).str.replace("\u00a0", " ", regex=False)
    return cells[cells["t"] != ""].assign(sheet_id=number)


def _codes(texts: pd.Series) -> pd.Series:
    return texts.str.replace(r"^([0-9]+)[.,]0+$", r"\1", regex=True)


def _numbers(texts: pd.Series) -> pd.Series:
    """Return typed numbers; NaN where a text is not a number."""
    plain = texts.where(texts.str.fullmatch(r"[0-9]*([.,][0-9]+)?") & (texts != ""))
    blanks = texts.where(texts.str.fullmatch(r"[0-9]{1,3}( [0-9]{3})+([.,][0-9]+)?")).str.replace(" ", "")
    points = texts.where(texts.str.fullmatch(r"[0-9]{1,3}([.][0-9]{3})+,[0-9]+")).str.replace(".", "")
    commas = texts.where(texts.str.fullmatch(r"[0-9]{1,3}(,[0-9]{3})+[.][0-9]+")).str.replace(",", "")
    return pd.to_numeric(commas.fillna(plain).fillna(blanks).fillna(points).str.replace(",", "."), errors="coerce")


class Inputs:
    """The tables that depend only on the form registry and the reference files, and the sheets."""

    def __init__(self, warehouse: Path, sheets: list[tuple[Any, ...]]) -> None:
        with duckdb.connect(str(warehouse), read_only=True) as connection:

            def table(name: str) -> pd.DataFrame:
                return connection.execute(f"select * from {name}").df()

            self.columns = table("forms.columns")
            self.identifiers = table("forms.identifiers")
            self.layouts = table("forms.layouts")
            self.row_rules = table("forms.row_rules")
            self.statuses = table("forms.statuses")
            self.missing = table("forms.missing_texts")
            self.options = table("forms.options")
            self.forms = table("forms.forms")
            self.headers = table("raw.columns")
            for name in (
                "code_successors",
                "units",
                "rounds",
                "unit_successors",
                "area_members",
                "areas",
                "unit_pieces",
                "area_populations",
                "municipality_areas",
                "indicator_rounds",
                "series_breaks",
                "unit_set_members",
                "unit_set_sizes",
                "constructed_rounds",
                "newest_period",
            ):
                setattr(self, name, table(f"intermediate.int_{name}"))
            self.codelists = table("classifications.codelists")
            self.limits = table("disclosure.limits")
            self.hidden = table("intermediate.int_hidden_groups")
            self.declared_breaks = table("classifications.series_breaks")
            self.indicators = table("indicators.indicators")
            self.groups = table("indicators.answer_groups")
            self.derived = table("indicators.derived_indicators")
        names = ["sheet_id", "form", "file", "sheet", "layout", "first_row", "reader"]
        self.sheets = pd.DataFrame(sheets, columns=names)
        self.placed = self.sheets.merge(self.headers, on=["form", "file", "sheet", "layout"]).rename(
            columns={"column_number": "c"}
        )

    def __getattr__(self, name: str) -> pd.DataFrame:
        raise AttributeError(name)


def counted_rows(cells: pd.DataFrame, given: Inputs) -> pd.DataFrame:
    """Return the rows whose answers count: sheet_id, r, form, unit."""
    identifiers = given.identifiers.groupby(["form", "layout", "role", "header"], as_index=False)["priority"].max()
    links = (
        given.layouts.dropna(subset=["link_header"])
        .rename(columns={"link_header": "header"})
        .assign(role="link", priority=0)
    )
    identifiers = pd.concat([identifiers, links[["form", "layout", "role", "header", "priority"]]])
    rules = given.placed.merge(given.row_rules, on=["form", "layout", "header"])[["sheet_id", "c", "pattern"]]
    ruled = cells.merge(rules, on=["sheet_id", "c"])
    no_data = [part[part["t"].str.fullmatch(pattern)][["sheet_id", "r"]] for pattern, part in ruled.groupby("pattern")]
    columns = given.placed.merge(identifiers, on=["form", "layout", "header"]).merge(
        given.forms[["form", "units"]], on="form"
    )
    keys = cells.merge(columns[["sheet_id", "c", "role", "priority", "units"]], on=["sheet_id", "c"])
    digits = keys["t"].str.extract(r"^([0-9]+)", expand=False)
    named = keys["units"] != "anonymous"
    keys["t"] = np.where(named & keys["role"].isin(["code", "part_code"]), digits, keys["t"])
    is_code = keys["role"].isin(["id", "status", "link"])
    keys.loc[is_code, "t"] = _codes(keys.loc[is_code, "t"])
    zeros = (keys["role"] == "part_code") & keys["t"].str.fullmatch("0+").fillna(False).astype(bool)
    keys = keys[~zeros].dropna(subset=["t"]).sort_values("priority").drop_duplicates(["sheet_id", "r", "role"])
    rows = keys.pivot(index=["sheet_id", "r"], columns="role", values="t").reset_index()
    for name in ("code", "part_code", "id", "status", "submitted", "link"):
        if name not in rows:
            rows[name] = None
    if no_data:
        gone = pd.concat(no_data).drop_duplicates().assign(gone=True)
        rows = rows.merge(gone, on=["sheet_id", "r"], how="left")
        rows = rows[rows["gone"].isna()].drop(columns="gone")
    rows = rows.merge(given.sheets, on="sheet_id").merge(given.forms[["form", "units", "time_period"]], on="form")
    rows = rows.merge(given.layouts[["form", "layout", "links_to", "link_by"]], on=["form", "layout"], how="left")
    code_length, part_length = rows["code"].str.len(), rows["part_code"].str.len()
    part = rows["part_code"].str.zfill(6).where(part_length <= 6)
    part = part.fillna(rows["code"].str.zfill(6).where(code_length.isin([5, 6])))
    part = part.where(~((part_length <= 2) & (code_length <= 4)), rows["code"].str.zfill(4) + rows["part_code"].str.zfill(2))
    rows["part"], rows["municipality"] = part, rows["code"].str.zfill(4).where(code_length <= 4)
    successors = given.code_successors.groupby(["code", "time_period"], as_index=False).agg(
        successor=("successor_code", "min"), count=("successor_code", "size")
    )
    successors = successors[successors["count"] == 1].rename(columns={"code": "municipality"})
    rows = rows.merge(
        successors[["municipality", "time_period", "successor"]], on=["municipality", "time_period"], how="left"
    )
    parts = given.units[given.units["unit_level"].isin(["city_district", "agency"])][
        ["time_period", "unit_code"]
    ].drop_duplicates()
    rows = rows.merge(parts.rename(columns={"unit_code": "part"}).assign(known=True), on=["time_period", "part"], how="left")
    of_part = rows["part"].where(rows["known"].notna())
    rows["unit"] = of_part.where(rows["part"].notna(), rows["successor"])
    rows["unit"] = rows["unit"].where(rows["units"] != "anonymous", rows["code"])
    rows = rows.merge(given.statuses, on=["form", "layout", "status"], how="left")
    rows["completed"] = rows["meaning"].eq("completed") | (rows["meaning"].isna() & rows["status"].isna())
    dates = pd.to_numeric(rows["submitted"], errors="coerce")
    for pattern in ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d"):
        parsed = pd.to_datetime(rows["submitted"], format=pattern, errors="coerce")
        dates = dates.fillna((parsed - pd.Timestamp(0)) / pd.Timedelta(seconds=1))
    rows["date"] = dates
    known = rows[rows["unit"].notna()]
    own = known[known["links_to"].isna()]
    last = (
        own[own["completed"]]
        .sort_values(["date", "file", "sheet", "r"], na_position="first")
        .drop_duplicates(["form", "unit"], keep="last")
    )
    found = [last[["sheet_id", "r", "form", "unit"]]]
    main = rows[rows["links_to"].isna() & rows["id"].notna()].assign(unit=lambda frame: frame["unit"].fillna(""))
    same = main.groupby(["form", "layout", "id"])["unit"].transform("nunique") == 1
    main = main[same].sort_values(["file", "sheet", "r"]).drop_duplicates(["form", "layout", "id"])
    main = main.merge(last[["sheet_id", "r", "unit"]], on=["sheet_id", "r"], suffixes=("_first", ""))
    linked = rows[rows["link_by"] == "submission"].drop(columns=["unit", "id"])
    main = main[["form", "layout", "id", "unit"]].rename(columns={"layout": "links_to", "id": "link"})
    found.append(linked.merge(main, on=["form", "links_to", "link"])[["sheet_id", "r", "form", "unit"]])
    submitted = own.groupby(["form", "unit"], as_index=False)["completed"].any().rename(columns={"completed": "has_counted"})
    by_unit = known[known["link_by"] == "unit"].merge(submitted, on=["form", "unit"], how="left")
    by_unit = by_unit[by_unit["has_counted"].isna() | by_unit["has_counted"].eq(True)]
    by_unit = by_unit.sort_values(["file", "sheet", "r"]).drop_duplicates(["form", "layout", "unit"], keep="last")
    found.append(by_unit[["sheet_id", "r", "form", "unit"]])
    return pd.concat(found)


def counted_answers(cells: pd.DataFrame, given: Inputs) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the answers that count, and the units that answered, by form."""
    questions = given.columns[
        (given.columns["use"] == "answer")
        & (given.columns["condition_count"] == 0)
        & (given.columns["type"].isin(["code", "tick"]) | given.columns["question"].isin(FTE))
    ]
    questions = questions[
        ["form", "layout", "line", "header", "question", "item", "answer", "target_group", "reporting_form", "type"]
    ]
    rows = counted_rows(cells, given)
    columns = given.placed.merge(questions, on=["form", "layout", "header"]).drop(
        columns=["form", "file", "sheet", "layout", "header", "first_row", "reader"]
    )
    answers = cells.merge(rows, on=["sheet_id", "r"]).merge(columns, on=["sheet_id", "c"])
    answers["code"] = _codes(answers["t"])
    missing = given.missing.rename(columns={"text": "code"}).assign(is_missing=True)
    answers = answers.merge(missing, on=["form", "line", "code"], how="left")
    answers["is_missing"] = answers["is_missing"].notna()
    units = rows[["form", "unit"]].drop_duplicates().merge(given.forms[["form", "time_period", "survey"]], on="form")
    return answers, units


def fte_reported(answers: pd.DataFrame, units: pd.DataFrame, given: Inputs) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the FTE cells of each unit in the blocks that count, and the cells that each form asks for."""
    delivered = given.rounds[given.rounds["is_delivered"]][["form", "time_period", "series"]]
    asked = given.columns[(given.columns["use"] == "answer") & given.columns["question"].isin(FTE)]
    asked = asked[["form", "line", "question", "target_group", "reporting_form", "item"]].rename(
        columns={"item": "category"}
    )
    asked = asked.merge(delivered[["form", "time_period"]], on="form")
    numbers = answers[(answers["type"] == "number") & (answers["t"] != "-")].copy()
    numbers["number"] = _numbers(numbers["t"]).where(~numbers["is_missing"])
    numbers["is_rejected"] = numbers["number"].isna() & ~numbers["is_missing"]
    block = ["form", "unit", "question", "target_group"]
    filled = numbers[numbers["is_rejected"] | numbers["number"].notna()]
    filled = filled.groupby([*block, "reporting_form"]).size().unstack(fill_value=0).gt(0).reset_index()
    choices = answers[answers["question"] == "reporting_form"].merge(
        given.options[["form", "question", "code", "answer"]], on=["form", "question", "code"], suffixes=("_box", "")
    )
    choices = (
        choices.groupby(["form", "unit", "target_group"], as_index=False)["answer"]
        .max()
        .rename(columns={"answer": "choice"})
    )
    with_choice = given.columns[(given.columns["use"] == "answer") & (given.columns["question"] == "reporting_form")]
    with_choice = with_choice[["form", "target_group"]].drop_duplicates().assign(has_choice=True)
    known = given.units[["time_period", "unit_code"]].drop_duplicates().rename(columns={"unit_code": "unit"})
    routes = units.merge(known, on=["time_period", "unit"])[["form", "unit"]]
    routes = routes.merge(asked[["form", "question", "target_group"]].drop_duplicates(), on="form")
    routes = routes.merge(with_choice, on=["form", "target_group"], how="left").merge(
        choices, on=["form", "unit", "target_group"], how="left"
    )
    routes = routes.merge(filled, on=block, how="left")
    for name in ("joint", "mental_health", "substance_use"):
        routes[name] = routes[name].eq(True) if name in routes else False
    routes["separate"] = routes["mental_health"] | routes["substance_use"]
    together = routes.groupby(["form", "unit", "target_group"])[["joint", "separate"]].transform("any")
    elsewhere = pd.Series(
        np.where(together["joint"], "joint", np.where(together["separate"], "separate", None)), index=routes.index
    )
    route = routes["choice"].fillna(elsewhere)
    route = route.mask(routes["separate"], "separate").mask(routes["joint"], "joint")
    route = route.mask(routes["joint"] & routes["separate"], routes["choice"].fillna("joint"))
    routes["route"] = route.mask(routes["has_choice"].isna(), "all")
    routes = routes[
        routes["route"].notna() & ((routes["question"] != "fte_by_pathway") | routes["joint"] | routes["separate"])
    ]
    routes["is_half_missing"] = (routes["route"] == "separate") & (routes["mental_health"] != routes["substance_use"])
    cells = routes.merge(asked, on=["form", "question", "target_group"])
    form, half = cells["reporting_form"], cells["is_half_missing"]
    separate = np.where(
        half,
        np.where(cells["mental_health"], form == "mental_health", form == "substance_use"),
        form.isin(["mental_health", "substance_use"]),
    )
    cells = cells[
        (cells["route"] == "all")
        | ((cells["route"] == "joint") & (form == "joint"))
        | ((cells["route"] == "separate") & separate)
    ]
    cells = cells.merge(
        numbers[["form", "unit", "line", "number"]].assign(has_answer=True), on=["form", "unit", "line"], how="left"
    )
    cells["has_answer"] = cells["has_answer"].eq(True)
    cells["fte"] = cells["number"].where(cells["has_answer"], 0.0)
    cells["is_rejected"] = cells["has_answer"] & cells["number"].isna()
    return cells[["time_period", "unit", *MEASURE, "reporting_form", "fte", "is_rejected", "is_half_missing"]], asked


def _weighted(frame: pd.DataFrame) -> pd.Series:
    return (
        frame["weight_children"]
        .astype(float)
        .where(frame["target_group"] == "children", frame["weight_adults"].astype(float))
    )


def _rest(frame: pd.DataFrame, value: str, share: str, cell: list[str]) -> pd.Series:
    """Return the shares of a split, where the last one gets the rest if all are known."""
    others = frame[share].where(~frame["is_last"]).groupby([frame[name] for name in cell]).transform("sum")
    known = frame[share].notna().groupby([frame[name] for name in cell]).transform("all")
    return (frame[value] - others).where(frame["is_last"] & known, frame[share])


def fte_carried(reported: pd.DataFrame, units: pd.DataFrame, asked: pd.DataFrame, given: Inputs) -> pd.DataFrame:
    """Return the FTE of units that did not answer where the form carries forward."""
    rounds = given.rounds[given.rounds["is_delivered"] & (given.rounds["non_response"] == "carry_forward")][
        ["form", "time_period"]
    ]
    expected = given.units[given.units["unit_level"] != "remainder"].rename(columns={"unit_code": "unit"})[
        ["time_period", "unit"]
    ]
    missing = rounds.merge(expected, on="time_period").merge(
        units[["form", "unit"]].assign(here=True), on=["form", "unit"], how="left"
    )
    missing = missing[missing["here"].isna()][["time_period", "unit"]]
    steps = given.unit_successors[given.unit_successors["target_period"] == given.unit_successors["time_period"] + 1]
    steps = steps.drop(columns="time_period").rename(
        columns={"target_period": "time_period", "unit_code": "predecessor", "successor_code": "unit"}
    )
    before = missing.merge(steps[["time_period", "unit", "predecessor"]], on=["time_period", "unit"])
    asked_before = (
        asked[["time_period", "question"]].drop_duplicates().assign(time_period=lambda frame: frame["time_period"] + 1)
    )
    needed = before.merge(asked_before, on="time_period").merge(reported[["target_group"]].drop_duplicates(), how="cross")
    answered = reported[["time_period", "unit", "question", "target_group"]].drop_duplicates()
    answered = answered.assign(time_period=answered["time_period"] + 1, there=True).rename(columns={"unit": "predecessor"})
    needed = needed.merge(answered, on=["time_period", "predecessor", "question", "target_group"], how="left")
    group = ["time_period", "unit", "question", "target_group"]
    complete = needed.groupby(group, as_index=False)["there"].agg(lambda values: values.notna().all())
    complete = complete[complete["there"]][group]
    shares = reported.assign(time_period=reported["time_period"] + 1).rename(columns={"unit": "predecessor"})
    shares = shares[shares["predecessor"].isin(before["predecessor"])].merge(steps, on=["time_period", "predecessor"])
    shares["share"] = shares["fte"] * _weighted(shares)
    shares["part"] = _rest(shares, "fte", "share", ["time_period", "predecessor", *MEASURE, "reporting_form"])
    shares["is_estimated"] = shares["successor_count"] > 1
    shares["unknown"] = shares["share"].isna() & ~shares["is_rejected"]
    parts = shares.merge(complete, on=group)
    parts = parts.groupby(["time_period", "unit", *MEASURE, "reporting_form"], as_index=False).agg(
        fte=("part", lambda values: values.sum(min_count=1)),
        is_rejected=("is_rejected", "any"),
        is_half_missing=("is_half_missing", "any"),
        is_estimated=("is_estimated", "any"),
        is_weight_estimated=("is_weight_estimated", "any"),
        unknown=("unknown", "any"),
    )
    return parts[~parts["unknown"]].drop(columns="unknown")


def _totals(frame: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return the sums by target group and category, with the totals over each and over both."""
    levels = []
    for over in ([], ["category"], ["target_group"], ["target_group", "category"]):
        names = [*keys, *(name for name in MEASURE if name not in over)]
        grouped = frame.groupby(names, sort=False)
        sums = grouped[["fte", "carried"]].sum(min_count=1).round(6).join(grouped[FLAGS].any()).reset_index()
        levels.append(sums.assign(**dict.fromkeys(over, "total")))
    return pd.concat(levels, ignore_index=True)


def fte_tables(answers: pd.DataFrame, units: pd.DataFrame, given: Inputs) -> dict[str, pd.DataFrame]:
    """Return the three tables of FTE."""
    reported, asked = fte_reported(answers, units, given)
    carried = fte_carried(reported, units, asked, given)
    cells = pd.concat(
        [reported.assign(carried=0.0, is_carried=False), carried.assign(carried=carried["fte"], is_carried=True)],
        ignore_index=True,
    )
    for name in FLAGS:
        cells[name] = cells[name].eq(True) if name in cells else False
    by_unit = _totals(cells, ["time_period", "unit"])
    members = given.area_members.rename(columns={"member_code": "unit"})
    whole = members[members["piece_code"].isna()].merge(by_unit, on=["time_period", "unit"])
    held = members[members["piece_code"].notna()]
    pieces = given.unit_pieces[given.unit_pieces["piece_count"] > 1].rename(
        columns={"unit_code": "unit", "is_weight_estimated": "is_piece_estimated"}
    )
    plain = by_unit[(by_unit["target_group"] != "total") & (by_unit["category"] != "total")]
    shares = plain.merge(pieces, on=["time_period", "unit"])
    for value, share in (("fte", "share"), ("carried", "share_carried")):
        shares[share] = shares[value] * _weighted(shares)
    cell = ["time_period", "unit", *MEASURE]
    shares["is_weight_missing"] = shares["fte"].notna() & shares["share"].isna()
    shares["fte"], shares["carried"] = _rest(shares, "fte", "share", cell), _rest(shares, "carried", "share_carried", cell)
    shares["is_estimated"], shares["is_weight_estimated"] = (
        True,
        shares["is_weight_estimated"] | shares["is_piece_estimated"],
    )
    shares = shares.merge(
        held[["time_period", "unit", "piece_code"]].drop_duplicates(), on=["time_period", "unit", "piece_code"]
    )
    of_pieces = held.merge(_totals(shares, ["time_period", "unit", "piece_code"]), on=["time_period", "unit", "piece_code"])
    parts = pd.concat([whole, of_pieces], ignore_index=True)
    parts["answered"] = (parts["counts_as_unit"] & parts["fte"].notna() & ~parts["is_carried"]).astype(int)
    parts["with_cells"] = parts["counts_as_unit"].astype(int)
    grouped = parts.groupby([*AREA, *MEASURE], sort=False)
    sums = (
        grouped[["fte", "carried"]]
        .sum(min_count=1)
        .round(6)
        .join(grouped[["answered", "with_cells"]].sum())
        .join(grouped[FLAGS].any())
    )
    sums = sums.reset_index()
    sums.loc[sums["is_weight_missing"], ["fte", "carried"]] = np.nan
    return _observations(sums, asked, given)


def _grid(asked: pd.DataFrame, given: Inputs) -> pd.DataFrame:
    lists = given.codelists
    questions = lists[lists["codelist"] == "fte_breakdown"][["code", "parent"]].rename(
        columns={"code": "question", "parent": "codelist"}
    )
    groups = lists[lists["codelist"] == "target_group"][["code"]].rename(columns={"code": "target_group"})
    codes = lists[["codelist", "code", "parent"]].rename(columns={"code": "category"})
    categories = questions.merge(groups, how="cross").merge(codes, on="codelist")
    categories = categories[categories["parent"].isna() | (categories["parent"] == categories["target_group"])][MEASURE]
    rounds = given.rounds
    first = (
        asked.merge(rounds[["form", "series"]], on="form")
        .groupby(["series", "question"], as_index=False)["time_period"]
        .min()
    )
    areas = given.areas[[*AREA, "unit_name", "units_with_agencies"]].rename(columns={"units_with_agencies": "units_total"})
    grid = rounds[["time_period", "series", "form", "is_delivered"]].merge(areas, on="time_period")
    grid = grid[grid["is_delivered"] | (grid["unit_level"] == "country")]
    newest = given.newest_period["newest_period"].max()
    grid = grid[(grid["area_basis"] == "reported") | (grid["time_period"] <= newest)]
    grid = grid.merge(categories, how="cross")
    grid = grid.merge(first.rename(columns={"time_period": "first"}), on=["series", "question"], how="left")
    grid = grid[(grid["question"] == "fte_by_service") | (grid["time_period"] >= grid["first"])].drop(columns="first")
    own = asked[["form", *MEASURE]].drop_duplicates()
    of_form = pd.concat(
        [
            own,
            own.assign(category="total"),
            own.assign(target_group="total"),
            own.assign(target_group="total", category="total"),
        ]
    )
    grid = grid.merge(of_form.drop_duplicates().assign(is_asked=True), on=["form", *MEASURE], how="left")
    grid["is_asked"] = grid["is_asked"].eq(True)
    return grid


def _breaks(frame: pd.DataFrame, indicator: str, series: list[str], breaks: pd.DataFrame) -> pd.Series:
    """Return whether the indicator's series breaks between a row and the previous one."""
    previous = frame.sort_values("time_period").groupby(series, dropna=False)["time_period"].shift().reindex(frame.index)
    pairs = (
        frame[[indicator, "time_period"]]
        .assign(previous=previous.fillna(frame["time_period"] - 1))
        .rename(columns={indicator: "indicator"})
    )
    distinct = pairs.drop_duplicates()
    kinds = breaks[~breaks["kind"].isin(["new", "dropped", "not_delivered"])][["indicator", "time_period"]].rename(
        columns={"time_period": "at"}
    )
    kinds["at"] = kinds["at"].astype(int)
    hits = distinct.merge(kinds, on="indicator")
    hits = hits[(hits["at"] <= hits["time_period"]) & (hits["at"] > hits["previous"])]
    hits = hits[["indicator", "time_period", "previous"]].drop_duplicates().assign(series_break=True)
    marked = pairs.merge(hits, on=["indicator", "time_period", "previous"], how="left")["series_break"]
    return pd.Series(marked.eq(True).to_numpy(), index=frame.index)


def _observations(sums: pd.DataFrame, asked: pd.DataFrame, given: Inputs) -> dict[str, pd.DataFrame]:
    frame = _grid(asked, given).merge(sums, on=[*AREA, *MEASURE], how="left")
    for name in FLAGS:
        frame[name] = frame[name].eq(True)
    frame["fte"] = frame["fte"].where(frame["is_asked"])
    reason = pd.Series("not_answered", index=frame.index, dtype=object)
    reason = (
        reason.mask(frame["is_rejected"], "rejected")
        .mask(frame["is_weight_missing"], "no_weight")
        .mask(frame["fte"].notna(), None)
    )
    frame["absence_reason"] = reason.mask(~frame["is_asked"], "not_asked").mask(~frame["is_delivered"], "not_delivered")
    frame["answered"] = frame["answered"].fillna(0).where(frame["is_delivered"])
    frame["units_total"] = frame["units_total"].where(frame["is_delivered"])
    frame["imputed_share"] = (
        (frame["carried"] / frame["fte"]).mask(frame["fte"] == 0, 0.0).where(frame["fte"].notna()).round(10)
    )
    frame["series_break"] = _breaks(
        frame, "question", ["area_basis", "unit_level", "unit_code", *MEASURE], given.declared_breaks
    )
    statuses = given.codelists[given.codelists["codelist"] == "absence_reason"].set_index("code")["parent"]
    present = frame["absence_reason"].isna()
    status = pd.Series("A", index=frame.index, dtype=object).mask(frame["is_estimated"], "E").mask(frame["is_carried"], "I")
    frame["obs_status"] = status.where(present, frame["absence_reason"].map(statuses))
    missing = (frame["question"] != "fte_by_pathway") & (frame["with_cells"].fillna(0) < frame["units_total"])
    notes = pd.Series("", index=frame.index)
    for name, holds in (
        ("rejected_cells", frame["is_rejected"] | (frame["is_half_missing"] & (frame["unit_level"] == "country"))),
        ("units_missing", missing),
        ("weight_estimated", frame["is_weight_estimated"]),
    ):
        notes = notes + np.where(holds, ";" + name, "")
    frame["obs_note"] = notes.str[1:].where(present & (notes != ""), None)
    constructed = set(map(tuple, given.constructed_rounds[["survey", "time_period"]].to_numpy()))
    frame["is_constructed"] = [
        (series, year) in constructed or (status == "I" and (series, year - 1) in constructed)
        for series, year, status in zip(frame["series"], frame["time_period"], frame["obs_status"], strict=True)
    ]
    names = ["time_period", "series", "unit_level", "unit_code", "unit_name", "area_basis", "target_group"]
    ends = ["imputed_share", "series_break", "obs_status", "absence_reason", "obs_note", "is_constructed"]
    tables = {}
    for question, category in zip(FTE, ("service_type", "education", "pathway"), strict=True):
        own = frame[frame["question"] == question].rename(columns={category: "_", "category": category}).copy()
        if question == "fte_by_service":
            own = _with_rates(own, given)
            more = ["population", "fte_per_10000", "fte_per_10000_unweighted"]
        else:
            totals = own[own[category] == "total"][[*AREA, "series", "target_group", "fte", "answered"]]
            own = own.drop(columns="answered").merge(
                totals.rename(columns={"fte": "total"}), on=[*AREA, "series", "target_group"]
            )
            own["share"] = (own["fte"] / own["total"].mask(own["total"] == 0)).round(10)
            own["units_answered"] = own["answered"]
            more = ["share", *(["units_answered", "units_total"] if question == "fte_by_pathway" else [])]
        tables[question] = own[[*names, category, "fte", *more, *ends]]
    return tables


def _with_rates(own: pd.DataFrame, given: Inputs) -> pd.DataFrame:
    populations = given.area_populations.assign(population=given.area_populations["population"].astype(float))
    own = own.merge(populations, on=[*AREA, "target_group"], how="left")
    own["rate"] = own["fte"] / own["population"].mask(own["population"] == 0) * 10000
    municipal = own[own["unit_level"] == "municipality"].rename(columns={"unit_code": "municipality_code"})
    larger = given.municipality_areas[given.municipality_areas["unit_level"].isin(["country", "county", "size_group"])]
    rates = larger.merge(municipal.drop(columns="unit_level"), on=["time_period", "area_basis", "municipality_code"])
    rates = rates.groupby([*AREA, "target_group", "service_type"], as_index=False)["rate"].mean()
    own = own.merge(
        rates.rename(columns={"rate": "fte_per_10000_unweighted"}), on=[*AREA, "target_group", "service_type"], how="left"
    )
    own["fte_per_10000"] = own["rate"].round(10)
    own["fte_per_10000_unweighted"] = own["fte_per_10000_unweighted"].round(10)
    return own


def indicator_shares(answers: pd.DataFrame, given: Inputs) -> pd.DataFrame:
    """Return the shares of the indicators."""
    rounds = given.indicator_rounds.rename_axis("round_id").reset_index()
    question = ["form", "question", "item", "target_group", "reporting_form"]
    renamed = rounds.rename(columns={"item": "published_item", "indicator": "question", "question_item": "item"})
    closed = answers[answers["type"].isin(["code", "tick"])].merge(renamed[["round_id", "unit_set", *question]], on=question)
    options = given.options[["form", "question", "code", "answer", "missing_reason"]]
    singles = (
        closed[(closed["type"] == "code") & ~closed["is_missing"]]
        .drop(columns="answer")
        .merge(options, on=["form", "question", "code"])
    )
    singles = singles[singles["answer"].notna() & singles["missing_reason"].isna()][["round_id", "unit", "answer"]].assign(
        kind="single"
    )
    ticks = closed[(closed["type"] == "tick") & closed["code"].str.lower().isin(["0", "1", "x"])]
    chosen = ticks[ticks["code"] != "0"][["round_id", "unit", "answer"]].assign(kind="multiple")
    beside = given.indicators.dropna(subset=["answered_with"])[["indicator", "answered_with"]]
    beside = (
        rounds[rounds["type"] == "tick"][["round_id", "form", "indicator"]]
        .merge(beside, on="indicator")
        .rename(columns={"answered_with": "question"})
    )
    of_question = answers[answers["type"].isin(["code", "tick"])].merge(
        options, on=["form", "question", "code"], how="left", suffixes=("_box", "")
    )
    of_question = of_question[
        (of_question["type"] == "tick")
        | of_question["answer"].notna()
        | of_question["missing_reason"].notna()
        | of_question["is_missing"]
    ]
    beside = beside.merge(of_question[["form", "question", "unit"]].drop_duplicates(), on=["form", "question"])
    several = (
        pd.concat([ticks[["round_id", "unit"]], beside[["round_id", "unit"]]]).drop_duplicates().assign(kind="multiple")
    )
    choices = pd.concat(
        [singles, singles[["round_id", "unit", "kind"]].drop_duplicates(), chosen, several], ignore_index=True
    )
    voices = _voices(choices, rounds, given)
    round_answers = _round_answers(voices, rounds, given)
    grouped = (
        voices.dropna(subset=["answer"]).rename(columns={"answer": "source"}).merge(round_answers, on=["round_id", "source"])
    )
    grouped = pd.concat([grouped[["round_id", "member", "answer"]].drop_duplicates(), voices[voices["answer"].isna()]])
    unions = rounds[rounds["is_derived"]][["round_id", "form", "indicator", "item"]].merge(
        given.derived[["indicator", "item", "source_indicator", "source_item"]], on=["indicator", "item"]
    )
    sources = rounds[~rounds["is_derived"]][["round_id", "form", "indicator", "item"]]
    sources = sources.rename(columns={"round_id": "source_id", "indicator": "source_indicator", "item": "own_item"})
    unions = unions.merge(sources, on=["form", "source_indicator"])
    unions = unions[(unions["source_item"] == "*") | (unions["source_item"] == unions["own_item"])][
        ["round_id", "source_id"]
    ]
    unions = unions.merge(grouped.rename(columns={"round_id": "source_id"}), on="source_id")
    unions = unions.assign(yes=unions["answer"].eq("yes")).groupby(["round_id", "member"], as_index=False)["yes"].any()
    derived = unions.assign(answer=np.where(unions["yes"], "yes", "no"))[["round_id", "member", "answer"]]
    everything = pd.concat([grouped, derived, unions[["round_id", "member"]]], ignore_index=True)
    of_rounds = pd.concat(
        [
            round_answers[["round_id", "answer"]],
            unions[["round_id"]].drop_duplicates().merge(pd.DataFrame({"answer": ["yes", "no"]}), how="cross"),
        ]
    ).drop_duplicates()
    return _shares(everything, of_rounds, rounds, given)


def _voices(choices: pd.DataFrame, rounds: pd.DataFrame, given: Inputs) -> pd.DataFrame:
    placed = choices.merge(rounds[["round_id", "form", "indicator", "time_period", "unit_set"]], on="round_id")
    units = given.units.rename(columns={"unit_code": "unit"})[["time_period", "unit", "unit_level", "municipality_code"]]
    placed = placed.merge(units, on=["time_period", "unit"], how="left")
    level, chosen_set = placed["unit_level"], placed["unit_set"]
    speaks = (
        (chosen_set == "sample")
        | (level == "municipality")
        | ((level == "city_district") & (chosen_set != "municipalities"))
    )
    speaks |= (level == "agency") & (chosen_set == "with_agencies")
    own = placed[speaks].rename(columns={"unit": "member"})[["round_id", "member", "answer"]]
    votes = placed[(chosen_set == "municipalities") & (level == "city_district")]
    keys = ["round_id", "form", "indicator", "municipality_code", "kind", "answer"]
    votes = votes.groupby(keys, dropna=False).size().rename("votes").reset_index()
    order = given.options.dropna(subset=["answer"]).assign(
        place=lambda frame: pd.to_numeric(frame["code"], errors="coerce").fillna(0)
    )
    order = order.groupby(["form", "question", "answer"], as_index=False).agg(place=("place", "min"), code=("code", "min"))
    order = order.rename(columns={"question": "indicator"})
    elected = votes[votes["kind"] == "single"].merge(order, on=["form", "indicator", "answer"])
    elected = elected.sort_values(["votes", "place", "code", "answer"], ascending=[False, True, True, True]).drop_duplicates(
        ["round_id", "municipality_code"]
    )
    all_votes = votes[votes["answer"].isna()][["round_id", "municipality_code", "votes"]].rename(columns={"votes": "all"})
    boxes = votes[(votes["kind"] == "multiple") & votes["answer"].notna()].merge(
        all_votes, on=["round_id", "municipality_code"]
    )
    boxes = boxes[2 * boxes["votes"] > boxes["all"]]
    cities = pd.concat([elected, boxes, all_votes]).rename(columns={"municipality_code": "member"})
    return pd.concat([own, cities[["round_id", "member", "answer"]]], ignore_index=True)


def _round_answers(voices: pd.DataFrame, rounds: pd.DataFrame, given: Inputs) -> pd.DataFrame:
    """Return the answers of each row of an indicator, and the options of which each consists."""
    answered = rounds[rounds["round_id"].isin(voices["round_id"])]
    of_options = (
        given.options.dropna(subset=["answer"])
        .rename(columns={"question": "indicator"})[["form", "indicator", "answer"]]
        .drop_duplicates()
    )
    singles = answered[answered["type"] == "code"].merge(of_options, on=["form", "indicator"])
    boxes = given.columns[(given.columns["use"] == "answer") & (given.columns["type"] == "tick")]
    boxes = boxes.rename(columns={"question": "indicator", "item": "question_item"})
    keys = ["form", "indicator", "question_item", "target_group", "reporting_form"]
    several = answered[answered["type"] == "tick"].merge(boxes[[*keys, "answer"]].drop_duplicates(), on=keys)
    plain = pd.concat([singles, several])[["round_id", "form", "indicator", "answer"]].drop_duplicates()
    lists = (
        given.groups.assign(source=given.groups["members"].str.split("|"))
        .explode("source")
        .rename(columns={"indicator": "of", "answer": "group"})
    )
    sizes = lists.groupby(["of", "group"]).size().rename("size").reset_index()
    found = plain.rename(columns={"answer": "source"}).merge(lists, on="source")
    found = found[(found["of"] == "*") | (found["of"] == found["indicator"])]
    of_forms = (
        found[["form", "indicator", "of", "group", "source"]]
        .drop_duplicates()
        .groupby(["form", "indicator", "of", "group"])
        .size()
        .rename("found")
    )
    of_forms = of_forms.reset_index().merge(sizes, on=["of", "group"])
    of_forms = of_forms[of_forms["found"] == of_forms["size"]][["form", "indicator", "of", "group"]]
    groups = found.merge(of_forms, on=["form", "indicator", "of", "group"])[["round_id", "group", "source"]].rename(
        columns={"group": "answer"}
    )
    return pd.concat([plain.assign(source=plain["answer"])[["round_id", "answer", "source"]], groups]).drop_duplicates()


def _shares(voices: pd.DataFrame, of_rounds: pd.DataFrame, rounds: pd.DataFrame, given: Inputs) -> pd.DataFrame:
    least = int(given.limits.set_index("parameter").loc["minimum_units", "value"])
    area = ["area_basis", "unit_level", "unit_code"]
    about = rounds[["round_id", "indicator", "item", "time_period", "unit_set"]]
    members = given.unit_set_members.rename(columns={"member_code": "member"})[["time_period", "unit_set", *area, "member"]]
    counted = voices.merge(about[["round_id", "time_period", "unit_set"]], on="round_id").merge(
        members, on=["time_period", "unit_set", "member"]
    )
    counts = counted.groupby(["round_id", *area, "answer"], dropna=False, sort=False).size().rename("n").reset_index()
    answered = counts[counts["answer"].isna()].drop(columns="answer").rename(columns={"n": "n_answered"})
    frame = about.merge(of_rounds, on="round_id").merge(
        given.unit_set_sizes[["time_period", "unit_set", *area, "unit_name", "n_units"]], on=["time_period", "unit_set"]
    )
    frame = frame.merge(counts.rename(columns={"n": "n_answer"}), on=["round_id", *area, "answer"], how="left").merge(
        answered, on=["round_id", *area], how="left"
    )
    frame[["n_answer", "n_answered"]] = frame[["n_answer", "n_answered"]].fillna(0)
    # The search that decides which groups are hidden is left out here.
    of_group = ["indicator", "item", "time_period", "unit_set", *area]
    hidden = given.hidden[given.hidden["subject"] == "indicator_shares"][of_group].assign(is_hidden=True)
    frame = frame.merge(hidden, on=of_group, how="left")
    reason = pd.Series(None, index=frame.index, dtype=object).mask(frame["n_answered"] == 0, "not_answered")
    frame["absence_reason"] = reason.mask(frame["is_hidden"].notna(), "confidential")
    samples = rounds[rounds["unit_set"] == "sample"].merge(given.forms[["form", "units_sampled"]], on="form")
    sampled = samples.merge(of_rounds, on="round_id")
    by_answer = voices.groupby(["round_id", "answer"], dropna=False).size().rename("n").reset_index()
    sampled = sampled.merge(by_answer.rename(columns={"n": "n_answer"}), on=["round_id", "answer"], how="left")
    sampled = sampled.merge(
        by_answer[by_answer["answer"].isna()][["round_id", "n"]].rename(columns={"n": "n_answered"}), on="round_id"
    )
    labels = given.codelists[given.codelists["codelist"] == "unit_level"].set_index("code")["label_nb"]
    sampled = sampled.assign(
        unit_level="country",
        unit_code="0",
        unit_name=labels["country"],
        area_basis="reported",
        n_units=sampled["units_sampled"],
        n_answer=sampled["n_answer"].fillna(0),
        is_sample=True,
        absence_reason=np.where(sampled["n_answered"] < least, "confidential", None),
    )
    spans = about[about["unit_set"] != "sample"].merge(of_rounds, on="round_id")
    asked = spans[["indicator", "item", "answer", "time_period"]].drop_duplicates()
    spans = spans.groupby(["indicator", "item", "answer"], as_index=False).agg(
        first=("time_period", "min"), last=("time_period", "max")
    )
    gaps = spans.merge(given.rounds[["time_period", "is_delivered"]], how="cross")
    gaps = gaps[(gaps["time_period"] > gaps["first"]) & (gaps["time_period"] < gaps["last"])]
    gaps = gaps.merge(asked.assign(there=True), on=["indicator", "item", "answer", "time_period"], how="left")
    countries = given.unit_set_sizes[
        (given.unit_set_sizes["unit_set"] == "with_agencies") & (given.unit_set_sizes["unit_level"] == "country")
    ]
    gaps = gaps[gaps["there"].isna()].merge(countries.drop(columns="n_units"), on="time_period")
    gaps["absence_reason"] = np.where(gaps["is_delivered"], "not_asked", "not_delivered")
    frame = pd.concat([frame, sampled, gaps], ignore_index=True)
    frame["series_break"] = _breaks(frame, "indicator", ["indicator", "answer", "item", *area], given.series_breaks)
    shown = frame["absence_reason"].isna()
    frame["share_of_answered"] = (frame["n_answer"] / frame["n_answered"]).where(shown).round(10)
    frame["share_of_all"] = (frame["n_answer"] / frame["n_units"]).where(shown).round(10)
    of_answer = ["indicator", "answer", "item", "time_period"]
    countries = (
        frame[shown & (frame["unit_level"] == "country")].groupby(of_answer, as_index=False)[["n_answer", "n_units"]].max()
    )
    countries = frame[of_answer].merge(countries, on=of_answer, how="left").set_index(frame.index)
    lower = (countries["n_answer"] - (countries["n_units"] - frame["n_units"])).fillna(0).clip(lower=0)
    upper = np.fmin(frame["n_units"], countries["n_answer"])
    for name, bound in (("n_answer_lower", lower), ("n_answer_upper", upper)):
        frame[name] = bound.where((frame["absence_reason"] == "confidential") & countries["n_answer"].notna())
    frame["n_answer"] = frame["n_answer"].where(shown)
    for name in ("n_answered", "n_units"):
        frame[name] = frame[name].where(shown | (frame["absence_reason"] == "not_answered"))
    statuses = given.codelists[given.codelists["codelist"] == "absence_reason"].set_index("code")["parent"]
    status = pd.Series("A", index=frame.index, dtype=object).mask(frame["is_sample"].eq(True), "U")
    frame["obs_status"] = status.where(shown, frame["absence_reason"].map(statuses))
    frame["obs_note"] = None
    frame["is_constructed"] = frame["time_period"].isin(given.constructed_rounds["time_period"])
    return frame[
        [
            "indicator",
            "answer",
            "item",
            "time_period",
            "unit_level",
            "unit_code",
            "unit_name",
            "area_basis",
            "n_answer",
            "n_answered",
            "n_units",
            "share_of_answered",
            "share_of_all",
            "unit_set",
            "series_break",
            "obs_status",
            "absence_reason",
            "obs_note",
            "n_answer_lower",
            "n_answer_upper",
            "is_constructed",
        ]
    ]


def run(data: Path, warehouse: Path, snapshot: Path, folder: Path, *, workbook: bool = True) -> dict[str, Any]:
    """Read, compute and write; return the seconds of each and the figures that agree."""
    jobs, sheets = list_jobs(warehouse, data)
    given = Inputs(warehouse, sheets)
    folder.mkdir(parents=True, exist_ok=True)
    seconds: dict[str, float] = {}
    lap = stopwatch(seconds)
    first_rows = {sheet[0]: sheet[5] for sheet in sheets}
    cells = pd.concat([read_sheet(job, first_rows[job[0]]) for job in jobs], ignore_index=True)
    lap("reading")
    answers, units = counted_answers(cells, given)
    tables = fte_tables(answers, units, given) | {"indicator_shares": indicator_shares(answers, given)}
    lap("long tables")
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
        table.to_parquet(folder / f"{name}.parquet", index=False)
    lap("Parquet and CSV")
    if workbook:
        with pd.ExcelWriter(folder / "is248.xlsx") as writer:
            for name, table in tables.items():
                table.head(MOST_ROWS).to_excel(writer, sheet_name=name, index=False)
        lap("workbook")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    with duckdb.connect() as connection:
        for name in tables:
            connection.execute(f"create table {name} as select * from '{folder}/{name}.parquet'")
        agree = compare(connection, snapshot)
    return {"seconds": seconds, "cells": len(cells), "agree": agree, "peak_megabytes": peak}


def main() -> None:
    """Run and print the measurements as JSON."""
    data, warehouse, snapshot, folder = (Path(argument) for argument in sys.argv[1:5])
    print(json.dumps(run(data, warehouse, snapshot, folder, workbook="--without-workbook" not in sys.argv)))


if __name__ == "__main__":
    main()
