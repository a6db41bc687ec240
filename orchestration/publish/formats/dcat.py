"""``dcat.jsonld``: the snapshot as a catalogue by DCAT-AP-NO 2, the Norwegian profile that data.norge.no harvests.

Belongs here: how the profile expresses what ``metadata`` has. Does not belong here: a text of a table, a column or a code.

The file is JSON-LD with its context inside, so that reading it needs no network. Where the profile and newer versions of
DCAT differ, the profile decides: dates of a period are days, sizes are decimals, and SHA-1 is its only checksum
(``datapackage.json`` and ``SHA256SUMS`` have SHA-256).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from orchestration.core.tables import Label, Table
from orchestration.publish.formats import metadata
from orchestration.publish.publication_metadata import Release

FILE = "dcat.jsonld"

CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}

EU = "http://publications.europa.eu/resource/authority/"
PUBLIC = f"{EU}access-right/PUBLIC"
LANGUAGES = (f"{EU}language/NOB", f"{EU}language/ENG")
MEDIA_TYPES = "https://www.iana.org/assignments/media-types/"

PROFILE = "https://data.norge.no/specification/dcat-ap-no"
DATA_PACKAGE = "https://datapackage.org/profiles/2.0/datapackage.json"

Node = dict[str, Any]


def write(tables: list[Table], release: Release, folder: Path) -> None:
    """Write ``dcat.jsonld``.

    Args:
        tables: the public tables.
        release: the candidate's own facts.
        folder: the candidate; every other file of it has been written.
    """
    nodes: list[Node] = [_catalogue(tables, release)]
    file_types, media_types = set[str](), set[str]()
    for table in tables:
        files = metadata.files_of(table, folder)
        nodes.append(_dataset(table, files, release, folder))
        nodes += [_distribution(each, table, release, folder) for each in files]
        file_types |= {_file_type(each.format) for each in files}
        media_types |= {_media_type(each.format) for each in files}
    nodes += _references(release, file_types, media_types)
    metadata.dump({"@context": CONTEXT, "@graph": nodes}, folder / FILE)


def _catalogue(tables: Iterable[Table], release: Release) -> Node:
    about = release.catalogue
    return {
        "@id": _node("catalogue", release),
        "@type": "dcat:Catalog",
        "dct:identifier": _node("catalogue", release),
        "dct:title": _texts(about.title),
        "dct:description": _texts(metadata.with_notice(about.description, release.notice)),
        "dct:publisher": _reference(about.publisher.uri),
        "dcat:contactPoint": _reference(_node("contact", release)),
        "foaf:homepage": _reference(about.address),
        "dct:license": _reference(about.licence.uri),
        "dct:language": [_reference(language) for language in LANGUAGES],
        "dct:spatial": _reference(about.spatial),
        "dct:accrualPeriodicity": _reference(about.frequency),
        "dct:conformsTo": _reference(PROFILE),
        "dcat:themeTaxonomy": [_reference(scheme) for scheme in dict.fromkeys(map(_scheme, about.themes))],
        **_dates(release),
        **_provenance(release.notice),
        "dcat:dataset": [_reference(_node(table.name, release)) for table in tables],
    }


def _dataset(table: Table, files: Iterable[metadata.Files], release: Release, folder: Path) -> Node:
    about = release.catalogue
    notice = metadata.notice_of(table, release)
    return {
        "@id": _node(table.name, release),
        "@type": "dcat:Dataset",
        "dct:identifier": _node(table.name, release),
        "dct:title": _texts(table.title),
        "dct:description": _texts(metadata.with_notice(table.description, notice)),
        "dct:publisher": _reference(about.publisher.uri),
        "dcat:contactPoint": _reference(_node("contact", release)),
        "dcat:theme": [_reference(theme) for theme in about.themes],
        "dct:accessRights": _reference(PUBLIC),
        "dcat:keyword": [
            {"@value": word, "@language": language}
            for language, words in (("nb", about.keywords.nb), ("en", about.keywords.en))
            for word in words
        ],
        "dct:spatial": _reference(about.spatial),
        **_temporal(table, folder),
        **_dates(release),
        "dct:accrualPeriodicity": _reference(about.frequency),
        "dct:language": [_reference(language) for language in LANGUAGES],
        "dct:conformsTo": _reference(DATA_PACKAGE),
        # How the figures are made, and that they are constructed.
        **_provenance(table.method, notice),
        "foaf:page": {
            "@id": _address(f"metadata/{table.name}.json", release),
            "@type": "foaf:Document",
            "dct:title": _texts(table.title),
        },
        "dcat:distribution": [_reference(_node(f"{table.name}-{each.format.name}", release)) for each in files],
    }


def _distribution(files: metadata.Files, table: Table, release: Release, folder: Path) -> Node:
    addresses = [_reference(_address(path, release)) for path in files.paths]
    title = Label(nb=f"{table.title.nb} ({files.format.title})", en=f"{table.title.en} ({files.format.title})")
    return {
        "@id": _node(f"{table.name}-{files.format.name}", release),
        "@type": "dcat:Distribution",
        "dct:title": _texts(title),
        "dct:description": _texts(files.format.description),
        "dcat:accessURL": addresses,
        "dcat:downloadURL": addresses,
        "dct:format": _reference(_file_type(files.format)),
        "dcat:mediaType": _reference(_media_type(files.format)),
        "dct:license": _reference(release.catalogue.licence.uri),
        "dct:language": [_reference(language) for language in LANGUAGES],
        **_dates(release),
        # Both are about one file.
        **(
            _size_and_checksum(folder / files.paths[0])
            if len(files.paths) == 1 and files.format.is_content and metadata.is_content(table)
            else {}
        ),
    }


def _size_and_checksum(path: Path) -> Node:
    with path.open("rb") as file:
        # To find damaged copies only; it is not a proof of authenticity.
        digest = hashlib.file_digest(file, lambda: hashlib.sha1(usedforsecurity=False)).hexdigest()
    return {
        "dcat:byteSize": {"@value": str(path.stat().st_size), "@type": "xsd:decimal"},
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": _reference("spdx:checksumAlgorithm_sha1"),
            "spdx:checksumValue": {"@value": digest, "@type": "xsd:hexBinary"},
        },
    }


def _temporal(table: Table, folder: Path) -> Node:
    content = metadata.content_of(table, folder)
    if content is None or content.first is None:
        return {}
    return {
        "dct:temporal": {
            "@type": "dct:PeriodOfTime",
            "dcat:startDate": {"@value": f"{content.first:04d}-01-01", "@type": "xsd:date"},
            "dcat:endDate": {"@value": f"{content.last:04d}-12-31", "@type": "xsd:date"},
        }
    }


def _dates(release: Release) -> Node:
    """Return when this edition is issued, and so when the figures were last modified: the time that the calendar sets.

    The first issue of a table is not recorded, and each edition is described by its own catalogue.
    """
    if release.released_at is None:
        return {}
    moment = {"@value": release.released_at.isoformat(timespec="seconds"), "@type": "xsd:dateTime"}
    return {"dct:issued": moment, "dct:modified": moment}


def _provenance(*texts: Label | None) -> Node:
    statements = [{"@type": "dct:ProvenanceStatement", "rdfs:label": _texts(text)} for text in texts if text is not None]
    return {"dct:provenance": statements} if statements else {}


def _references(release: Release, file_types: set[str], media_types: set[str]) -> list[Node]:
    """Return the resources that the catalogue refers to, with the class that the profile requires.

    Themes are left out: their class requires a name, which the EU's own vocabulary gives.
    """
    about = release.catalogue
    return [
        {
            "@id": about.publisher.uri,
            "@type": "foaf:Agent",
            "foaf:name": _texts(about.publisher.name),
            "dct:identifier": about.publisher.uri,
        },
        {
            "@id": _node("contact", release),
            # The profile requires one of the kinds; their superclass is stated for readers that do not know the kinds.
            "@type": ["vcard:Organization", "vcard:Kind"],
            "vcard:fn": _texts(about.contact.name),
            "vcard:hasEmail": _reference(f"mailto:{about.contact.email}"),
        },
        {"@id": about.address, "@type": "foaf:Document", "dct:title": _texts(about.title)},
        {"@id": PROFILE, "@type": "dct:Standard", "dct:title": _texts(metadata.TEXTS["dcat"])},
        {"@id": DATA_PACKAGE, "@type": "dct:Standard", "dct:title": _texts(metadata.TEXTS["data_package"])},
        _term(PUBLIC, "dct:RightsStatement"),
        _term(about.licence.uri, "dct:LicenseDocument"),
        _term(about.spatial, "dct:Location"),
        _term(about.frequency, "dct:Frequency"),
        *(_term(language, "dct:LinguisticSystem") for language in LANGUAGES),
        *(_term(file_type, "dct:MediaTypeOrExtent") for file_type in sorted(file_types)),
        *({"@id": media_type, "@type": "dct:MediaType"} for media_type in sorted(media_types)),
    ]


def _term(address: str, kind: str) -> Node:
    """Describe a term of a controlled vocabulary: its class, and the vocabulary, which its address names."""
    return {"@id": address, "@type": kind, "skos:inScheme": _reference(_scheme(address))}


def _scheme(address: str) -> str:
    return address.rpartition("/")[0]


def _file_type(each: metadata.Format) -> str:
    return f"{EU}file-type/{each.file_type}"


def _media_type(each: metadata.Format) -> str:
    return MEDIA_TYPES + each.media_type


def _address(path: str, release: Release) -> str:
    return release.catalogue.address + quote(path)


def _node(name: str, release: Release) -> str:
    """Return the address of a resource that this file describes."""
    return f"{release.catalogue.address}{FILE}#{quote(name)}"


def _reference(address: str) -> Node:
    return {"@id": address}


def _texts(label: Label) -> list[Node]:
    return [{"@value": label.nb, "@language": "nb"}, {"@value": label.en, "@language": "en"}]
