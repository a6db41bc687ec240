"""What a quote must not contain: the name of a municipality, district or agency, or what looks like the name of a person.

Belongs here: finding such names in a text. Does not belong here: files and slots (``authored``). Counties and services are
not units of the survey and may be named. No list has the names of all persons: whatever looks like one is refused until
somebody signs that it is not a name.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from orchestration.report.values import LEVEL, Published

UNIT_LEVELS = ("municipality", "city_district", "agency")
# Columns of the reference file with names that no year of the series has: official ones in several languages, former ones.
NAMES_OF_MUNICIPALITIES = ("municipality_name", "name_plain", "official_name")
# Shorter names can be ordinary words (time, ski, marker), so they must begin with a capital.
LONG = 7
_TITLES = (
    "herr|fru|frøken|doktor|dr\\.|lege|fastlege|overlege|psykolog|sykepleier|leder|enhetsleder|ordfører|rådmann|"
    "kommunedirektør|mister|mrs?\\.|doctor|nurse|psychologist|mayor"
)
_LETTER = "A-ZÆØÅÁČĐŊŠŽÄÖÜ"
_NAME = rf"[{_LETTER}][a-zæøåáčđŋšžäöüéèô]+(?:-[{_LETTER}][a-zæøåáčđŋšžäöüéèô]+)?"
# Two adjacent capitalised words that do not begin a sentence, or one after a title.
_PERSON = re.compile(rf"(?<=[^.!?:«\"\s]\s){_NAME}(?:\s{_NAME})+|(?<=\b)(?i:{_TITLES})\s({_NAME})")
_MAIL = re.compile(r"\S+@\S+\.\w+")


@dataclass(frozen=True)
class Named:
    """A name that was found: its line, its kind, and whether somebody may sign that it is not a name."""

    line: int
    text: str
    kind: str
    may_be_signed: bool


@dataclass(frozen=True)
class Names:
    """The names of the units of the survey, and of the persons who signed something."""

    units: frozenset[str]
    persons: frozenset[str] = frozenset()

    @cached_property
    def _long(self) -> re.Pattern[str]:
        return _pattern((each for each in self.units if len(each) >= LONG), r"\w*", re.IGNORECASE)

    @cached_property
    def _short(self) -> re.Pattern[str]:
        short = [each for each in self.units if len(each) < LONG]
        return _pattern([*short, *(each.upper() for each in short)], "(?:s|['\u2019]s?)?", 0)

    @cached_property
    def _municipal(self) -> re.Pattern[str]:
        """Match a short name in any case if a word for municipality or district follows."""
        return re.compile(rf"{self._short.pattern}\s(?:kommune|bydel|municipality|district)\b", re.IGNORECASE)

    def found(self, text: str) -> Iterator[Named]:
        """Yield the names in a text, line by line."""
        for line, written in enumerate(text.split("\n"), start=1):
            for pattern in (self._long, self._municipal, self._short):
                for match in pattern.finditer(written):
                    yield Named(line, match[0], "a unit of the survey", False)
            for person in sorted(self.persons):
                if re.search(rf"(?<!\w){re.escape(person)}(?!\w)", written):
                    yield Named(line, person, "a person", False)
            for match in _MAIL.finditer(written):
                yield Named(line, match[0], "an address", False)
            for match in _PERSON.finditer(written):
                yield Named(line, match[0], "what looks like a person", True)


def _pattern(names: Iterable[str], ending: str, flags: int) -> re.Pattern[str]:
    each = sorted({re.escape(name) for name in names}, key=lambda name: (-len(name), name))
    # Without names, the pattern matches nothing.
    return re.compile(rf"(?<!\w)(?:{'|'.join(each)}){ending}(?!\w)" if each else r"(?!)", flags)


def unit_names(published: Published, data: Path) -> frozenset[str]:
    """Return every name that a municipality, district or agency has or had: of the snapshot, and of the reference files."""
    found = {str(row["unit_name"]) for level in UNIT_LEVELS for row in published.rows("areas", {LEVEL: level})}
    for row in _rows(data / "reference" / "municipalities.csv"):
        found |= {row[name] for name in NAMES_OF_MUNICIPALITIES}
    found |= {
        row["district_name"]
        for row in _rows(data / "reference" / "oslo_districts.csv")
        if row["district_type"] == "district"
    }
    found |= {row["agency_name"] for row in _rows(data / "classifications" / "agencies.csv")}
    # Brackets distinguish units with the same name and are not part of it; an official name has one part per language.
    parts = {part.strip() for name in found for part in re.split(r"\s-\s|\s/\s", re.sub(r"\s*\([^)]*\)", "", name))}
    return frozenset(part for part in parts if part)


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
