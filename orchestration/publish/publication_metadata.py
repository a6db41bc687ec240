"""Metadata of the publication as a whole, for every format: title, publisher, licence, channel, provenance, labels.

Belongs here: reading ``data/metadata/_catalogue.yml`` and the candidate's own facts, once for all writers. Does not belong
here: how a format writes it (``formats``, ``site``), or the snapshot's id and predecessor, which no content file may
contain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestration.core import yaml_text
from orchestration.core.errors import UserError
from orchestration.core.release_calendar import REHEARSAL, Purpose
from orchestration.core.tables import Column, Label
from orchestration.core.texts import filled, load_texts
from orchestration.core.warehouse import dictionaries
from orchestration.publish.definitions import KIND, Definitions, read_definitions

CATALOGUE = "_catalogue.yml"

TEXTS = load_texts("publish", "release")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Keywords(_Strict):
    """Search words in Norwegian and English."""

    nb: tuple[str, ...] = Field(min_length=1)
    en: tuple[str, ...] = Field(min_length=1)


class Publisher(_Strict):
    """The publisher; ``uri`` identifies it."""

    name: Label
    uri: str


class Contact(_Strict):
    """The contact for questions."""

    name: Label
    email: str


class Licence(_Strict):
    """The licence of the figures; ``name`` is its SPDX name, ``uri`` the one of the EU's list, ``path`` its text."""

    name: str
    title: str
    uri: str
    path: str


class Catalogue(_Strict):
    """The publication as a whole; ``address`` is where its files are published, with a slash at the end.

    ``official_statistics`` says whether publications in the channel ``official`` are official statistics by law.
    """

    title: Label
    description: Label
    keywords: Keywords
    publisher: Publisher
    contact: Contact
    address: str = Field(pattern=r"^https?://.*/$")
    frequency: str
    themes: tuple[str, ...] = Field(min_length=1)
    spatial: str
    official_statistics: bool = False
    licence: Licence
    constructed: Label
    provisional: Label


@dataclass(frozen=True)
class Code:
    """One code of a code list; ``sign`` is what Statistics Norway prints for a status."""

    label: Label
    parent: str | None
    sign: str | None


@dataclass(frozen=True)
class Release:
    """The facts that a candidate states about itself.

    ``time_period`` is the newest year, ``constructed_periods`` the years of which a delivery is constructed, ``codes`` the
    codes of each code list in their order; ``indicator`` is one of them, made from the catalogue of indicators.
    ``is_provisional`` says whether the figures of the newest year are provisional. ``released_at`` and ``next_release_at``
    are the calendar's times of this release and the next; None without a calendar entry, and for a rehearsal, which is never
    published.
    """

    catalogue: Catalogue
    channel: Purpose
    time_period: int
    constructed_periods: tuple[int, ...]
    codes: Mapping[str, Mapping[str, Code]]
    is_provisional: bool = False
    definitions: Definitions = field(default_factory=dict)
    released_at: datetime | None = None
    next_release_at: datetime | None = None

    @property
    def is_constructed(self) -> bool:
        """Whether any figure rests on a constructed delivery."""
        return bool(self.constructed_periods)

    @property
    def is_rehearsal(self) -> bool:
        """Whether it is a rehearsal and not a publication."""
        return self.channel == REHEARSAL

    @property
    def is_official_statistics(self) -> bool:
        """Whether the publisher calls it official statistics; a demonstration and constructed figures never are."""
        return self.catalogue.official_statistics and self.channel == "official" and not self.is_constructed

    @property
    def notice(self) -> Label | None:
        """The notice in every file and page on a rehearsal, constructed deliveries or provisional figures."""
        # The most important comes first: a footer has room only for the first sentence.
        sentences = [filled(TEXTS["rehearsal"], period=str(self.time_period))] if self.is_rehearsal else []
        if self.is_constructed:
            periods = spans(self.constructed_periods)
            sentences.append(filled(self.catalogue.constructed, periods=periods))
        if self.is_provisional:
            sentences.append(filled(self.catalogue.provisional, period=str(self.time_period)))
        if not sentences:
            return None
        return Label(nb=" ".join(text.nb for text in sentences), en=" ".join(text.en for text in sentences))

    def label(self, codelist: str, code: str) -> Label:
        """Return the label of a code; the code itself where the list has none (the gate refuses such a candidate)."""
        found = self.codes.get(codelist, {}).get(code)
        return found.label if found else Label(nb=code, en=code)

    def codes_of(self, column: Column) -> Mapping[str, Code]:
        """Return the codes that a column may have, in their order; none where it has no code list."""
        return self.codes.get(column.codelist or column.name, {})


def spans(years: tuple[int, ...]) -> str:
    """Return years as ``2007-2013, 2015``."""
    parts = []
    for _, group in groupby(enumerate(sorted(years)), key=lambda pair: pair[1] - pair[0]):
        run = [year for _, year in group]
        parts.append(str(run[0]) if len(run) == 1 else f"{run[0]}\u2013{run[-1]}")
    return ", ".join(parts)


def load_catalogue(metadata: Path) -> Catalogue:
    """Return the description of the publication.

    Raises:
        UserError: the file is missing or not valid; the message names the place.
    """
    path = metadata / CATALOGUE
    try:
        return Catalogue.model_validate(yaml_text.load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"cannot be read ({error})", place=str(path), remedy="restore it") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(
            f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}",
            place=str(path),
            remedy="give every text in nb and en",
        ) from error


def read_release(connection: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> Release:
    """Return the facts that the candidate whose tables the connection sees states about itself."""
    rows = connection.execute(
        "select codelist, code, label_nb, label_en, parent, sign from codelists order by codelist, sort_order, code"
    ).fetchall()
    codes: dict[str, dict[str, Code]] = {}
    for codelist, code, label_nb, label_en, parent, sign in rows:
        codes.setdefault(codelist, {})[code] = Code(Label(nb=label_nb, en=label_en), parent, sign)
    # Indicators are catalogued in a separate table; amounts are not in it.
    indicators = connection.execute("select indicator, label_nb, label_en from indicators order by indicator").fetchall()
    codes["indicator"] = {code: Code(Label(nb=nb, en=en), None, None) for code, nb, en in indicators} | codes.get(
        "amount", {}
    )
    # A snapshot of an earlier version may state less about itself.
    (identity,) = dictionaries(connection, "select * from snapshot")
    constructed = connection.execute(
        "select distinct time_period from deliveries where is_constructed order by time_period"
    ).fetchall()
    if identity["channel"] == REHEARSAL:
        catalogue = catalogue.model_copy(update={"title": filled(TEXTS["rehearsal_title"], title=catalogue.title)})
    return Release(
        catalogue=catalogue,
        channel=identity["channel"],
        time_period=identity["time_period"],
        constructed_periods=tuple(row[0] for row in constructed),
        codes=codes,
        is_provisional=identity.get("release_status") == "provisional",
        definitions=read_definitions(connection, codes.get(KIND, {})),
        released_at=_moment(identity, "release_at"),
        next_release_at=_moment(identity, "next_release_at"),
    )


def _moment(identity: Mapping[str, Any], name: str) -> datetime | None:
    """Return a time of the calendar; a rehearsal has none, whatever release it practises."""
    text = identity.get(name)
    return None if text is None or identity["channel"] == REHEARSAL else datetime.fromisoformat(text)
