"""Texts for people are data: complete in both languages, with the same placeholders, used, and none of them in code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestration.core import yaml_text
from orchestration.core.errors import UserError
from orchestration.core.language import LANGUAGES, in_language
from orchestration.core.tables import Label
from orchestration.core.texts import ROOMS, Texts, blanks, filled, load_texts, read_groups, read_texts

CODE = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(ROOMS.rglob("*.py"))}
FILES = sorted(ROOMS.glob("**/texts/*.yml"))
LOADERS = {"load_texts": read_texts, "load_groups": read_groups}

# Users of texts other than modules: templates, scripts, and the descriptions of pages and figures.
USERS = ("*.py", "*.j2", "*.js", "pages/*.yml")


def file_of(call: ast.Call) -> Path:
    room, name = (ast.literal_eval(argument) for argument in call.args)
    return ROOMS / room / "texts" / f"{name}.yml"


def is_load(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in LOADERS


def loads() -> Iterator[tuple[str, Path]]:
    for tree in CODE.values():
        for node in ast.walk(tree):
            if is_load(node):
                assert isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
                yield node.func.id, file_of(node)


LOADED = {path: loader for loader, path in loads()}


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOMS.parent).with_suffix("").parts)


def named_texts() -> dict[str, dict[str, Path]]:
    """Return the names in each module that refer to a whole file of texts, including imported names."""
    trees = {module_of(path): tree for path, tree in CODE.items()}
    named: dict[str, dict[str, Path]] = {module: {} for module in trees}
    for module, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and is_load(node.value) and isinstance(node.targets[0], ast.Name):
                assert isinstance(node.value, ast.Call)
                named[module][node.targets[0].id] = file_of(node.value)
    for module, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module in named:
                named[module] |= {
                    each.name: named[node.module][each.name] for each in node.names if each.name in named[node.module]
                }
    return named


def texts_of(path: Path) -> Iterator[tuple[str, Label]]:
    if LOADED[path] == "load_groups":
        for group, texts in read_groups(path).items():
            yield from ((f"{group}.{key}", label) for key, label in texts.items())
    else:
        yield from read_texts(path).items()


def test_every_file_is_read_and_every_file_that_is_read_is_there() -> None:
    assert set(FILES) == set(LOADED)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOMS).as_posix())
def test_every_text_is_in_both_languages_with_the_same_blanks(path: Path) -> None:
    labels = dict(texts_of(path))
    assert labels
    for key, label in labels.items():
        assert blanks(label.nb) == blanks(label.en), key
        for language in LANGUAGES:
            text = in_language(label, language)
            assert text == text.strip() and "  " not in text, key


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOMS).as_posix())
def test_no_key_comes_twice(path: Path) -> None:
    def check(node: Any) -> None:
        if isinstance(node, yaml.MappingNode):
            keys = [key.value for key, _ in node.value]
            assert len(keys) == len(set(keys)), [key for key in keys if keys.count(key) > 1]
            for _, value in node.value:
                check(value)

    check(yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOMS).as_posix())
def test_a_file_says_the_same_to_both_parsers(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert yaml.load(text, Loader=yaml.SafeLoader) == yaml_text.load(text)


def unused(keys: list[str], users: str) -> list[str]:
    """Return the keys that no source uses, in quotation marks or as an attribute in templates and scripts."""
    words = set(re.findall(r"""(?<=["'])[\w-]+(?=["'])""", users)) | set(re.findall(r"\btexts?\.(\w+)", users))
    return [key for key in keys if key not in words]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOMS).as_posix())
def test_every_text_is_used(path: Path) -> None:
    room = path.parent.parent
    # Parts of pages that several rooms share name the texts of each of them.
    users = "\n".join(
        each.read_text(encoding="utf-8")
        for pattern in USERS
        for folder in (room, ROOMS / "core" / "templates")
        for each in sorted(folder.rglob(pattern))
    )
    # The keys of a group are codes of the data; only the use of the group can be checked.
    keys = list(read_groups(path)) if LOADED[path] == "load_groups" else list(read_texts(path))
    assert unused(keys, users) == []


def test_a_text_that_nobody_uses_is_found() -> None:
    assert unused(["a", "b", "c", "d"], """say(text.a), TEXTS["b"], text('c'), a comment about d""") == ["d"]


def test_every_key_that_code_names_is_there() -> None:
    named = named_texts()
    seen = 0
    for path, tree in CODE.items():
        own = named[module_of(path)]
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id in own):
                continue
            if isinstance(node.slice, ast.Constant):
                seen += 1
                file = own[node.value.id]
                assert node.slice.value in LOADERS[LOADED[file]](file), f"{path}, line {node.lineno}: {node.slice.value}"
    assert seen > 50


def labels_in_code(tree: ast.Module) -> list[int]:
    """Return the lines in which a label is a literal text."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Label"
        for argument in (*node.args, *(keyword.value for keyword in node.keywords))
        # A constant, or the literal parts of an f-string.
        for part in (argument.values if isinstance(argument, ast.JoinedStr) else [argument])
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and re.search(r"[^\W\d_]", part.value)
    ]


def test_no_text_stands_in_code() -> None:
    found = {path.relative_to(ROOMS).as_posix(): labels_in_code(tree) for path, tree in CODE.items()}
    assert not {path: lines for path, lines in found.items() if lines}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('Label(nb="ord", en="word")', True),
        ('Label(nb=f"Lisens: {name}", en=name)', True),
        ('Label(nb=name, en="word")', True),
        ('Label(nb="\\u2013", en="\\u2013")', False),
        ('Label(nb=f"{name}: {value}", en=name)', False),
    ],
)
def test_words_in_code_are_found(text: str, found: bool) -> None:
    assert bool(labels_in_code(ast.parse(text))) == found


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("word: {nb: ord}", "word: en: Field required"),
        ("word: {nb: ord, en: ''}", "word: en: String should have at least 1 character"),
        ("word: {nb: ord, en: word, se: sátni}", "word: se: Extra inputs are not permitted"),
        ("word: {nb: nei, en: no}", "word: en: Input should be a valid string"),
        ("no: {nb: nei, en: 'no'}", "the key False is not a text"),
        ('word: {nb: "{number} ord", en: words}', "word: not all languages have the blank number"),
        ('word: {nb: "{number} ord", nn: ord, en: "{number} words"}', "word: not all languages have the blank number"),
        ('word: {nb: "{number} ord", en: "{count} words"}', "word: not all languages have the blank count, number"),
        ('word: {nb: "{} ord", en: "{} words"}', "word: a blank has no name"),
        ('word: {nb: "{ord", en: word}', "word: "),
        ("word", "has no texts by key"),
        ("", "has no texts by key"),
        ("{", "cannot be read"),
    ],
)
def test_a_wrong_file_is_reported_with_its_key(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "words.yml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UserError) as found:
        read_texts(path)
    assert found.value.what.startswith(message)
    assert found.value.place == str(path)


def test_a_file_that_is_not_there_is_reported() -> None:
    with pytest.raises(UserError, match=r"nothing\.yml: cannot be read"):
        load_texts("site", "nothing")


def test_an_unknown_key_is_reported_with_its_file(tmp_path: Path) -> None:
    path = tmp_path / "words.yml"
    path.write_text("word: {nb: ord, en: word}", encoding="utf-8")
    texts = read_texts(path)
    assert texts["word"] == Label(nb="ord", en="word")
    assert texts.get("wort") is None
    with pytest.raises(UserError, match=r"words\.yml: has no text 'wort'"):
        texts["wort"]


def test_a_group_is_reported_with_its_file(tmp_path: Path) -> None:
    path = tmp_path / "words.yml"
    path.write_text("colours:\n  red: {nb: rød, en: red}\n", encoding="utf-8")
    groups = read_groups(path)
    assert groups == {"colours": Texts("", {"red": Label(nb="rød", en="red")})}
    with pytest.raises(UserError, match=r"words\.yml, colours: has no text 'blue'"):
        groups["colours"]["blue"]


def test_a_file_is_read_once() -> None:
    assert load_texts("site", "pages") is load_texts("site", "pages")


def test_blanks_are_filled_in_the_language_of_the_text() -> None:
    text = filled(Label(nb="{what} nr. {number}", en="{what} no. {number}"), what=Label(nb="Ark", en="Sheet"), number=1)
    assert text == Label(nb="Ark nr. 1", en="Sheet no. 1")
