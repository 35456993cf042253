"""YAML is read without obeying it: values know their lines, and nothing grows without a bound."""

from __future__ import annotations

import pytest

from mcp_server.conventions.files.yaml import (
    MAX_DEPTH,
    Located,
    Value,
    as_list,
    as_mapping,
    line_of,
    parse_yaml,
)


def field(text: str, name: str) -> Value | None:
    return as_mapping(parse_yaml(text)).get(name)


def test_a_scalar_stays_as_it_is_written_and_knows_its_line() -> None:
    found = as_mapping(parse_yaml("\non: 1.20\nb:\n  - yes\n  - ~\n"))
    assert list(found) == ["on", "b"]
    assert found["on"] == "1.20"
    assert line_of(found["on"]) == 2
    assert [(one, line_of(one)) for one in as_list(found["b"])] == [("yes", 4), ("~", 5)]


@pytest.mark.parametrize("mark", ["|", ">", "|-", ">+", "|2"])
def test_the_line_of_a_block_is_that_of_its_first_text(mark: str) -> None:
    found = field(f"a: 1\nrun: {mark}\n  x\n  y\nb: 2\n", "run")
    assert isinstance(found, Located)
    assert found.split() == ["x", "y"]
    assert line_of(found) == 3


def test_the_line_of_a_collection_is_that_of_its_first_scalar() -> None:
    assert line_of(field("a:\n\n  - []\n  - {}\n  - [[x]]\n  - y\n", "a")) == 5
    assert line_of(field("a:\n\n  b:\n    c: 1\n", "a")) == 3
    assert line_of(field("a: [[], {}]\n", "a"), 7) == 7


@pytest.mark.parametrize("value", [None, 3, "plain", [], {}, [None, 3], {"a": None}])
def test_what_holds_no_scalar_of_a_file_has_the_line_that_is_given(value: object) -> None:
    assert line_of(value, 7) == 7


def test_aliases_that_chain_deeper_than_functions_call_each_other_have_a_line() -> None:
    deep, end = "[" * 50, "]" * 50
    chained = "".join(f"  - &a{one} {deep}*a{one - 1}{end}\n" for one in range(1, 80))
    found = as_list(field(f"a:\n  - &a0 []\n{chained}", "a"))
    assert line_of(found[-1], 7) == 7
    found = as_list(field(f"a:\n  - &a0 [x]\n{chained}", "a"))
    assert line_of(found[-1], 7) == 2


def test_each_value_that_aliases_share_is_looked_at_once_for_a_line() -> None:
    doubled = "".join(f"  - &a{one} [*a{one - 1}, *a{one - 1}]\n" for one in range(1, 16))
    found = field(f"a:\n  - &a0 []\n{doubled}", "a")
    assert line_of([found] * 10_000, 7) == 7


def test_a_bomb_of_aliases_is_refused() -> None:
    doubled = "".join(f"  - &a{one} [{f'*a{one - 1}, ' * 9}]\n" for one in range(1, 12))
    with pytest.raises(ValueError, match="it grows beyond 200,000 values"):
        parse_yaml(f"a:\n  - &a0 [x]\n{doubled}")


def test_an_alias_of_what_it_stands_in_is_refused() -> None:
    with pytest.raises(ValueError, match="`a` where that is not whole yet"):
        parse_yaml("a: &a [*a]\n")


@pytest.mark.parametrize("deep", ["[" * 5000, "{a: " * 5000, "- " * 5000])
def test_what_nests_too_deep_is_refused(deep: str) -> None:
    with pytest.raises(ValueError, match=f"it nests deeper than {MAX_DEPTH} levels"):
        parse_yaml(deep)


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.getcwd", "!reference", "!!binary"])
def test_no_tag_is_obeyed(tag: str) -> None:
    assert field(f"a: {tag} [x, y]\n", "a") == ["x", "y"]
    assert field(f"a: {tag} x\n", "a") == "x"


def test_a_merge_key_gives_what_the_mapping_does_not_say_itself() -> None:
    text = "one: &one {a: 1, b: 1}\ntwo: &two {b: 2, c: 2}\nuse:\n  c: 3\n  <<: [*one, *two]\n"
    assert field(text, "use") == {"c": "3", "a": "1", "b": "1"}
    assert field("use:\n  <<: x\n  a: 1\n", "use") == {"a": "1"}


def test_a_later_key_wins_and_a_key_that_is_no_scalar_is_left_out() -> None:
    assert field("use:\n  a: 1\n  [x]: 2\n  a: 3\n", "use") == {"a": "3"}


def test_only_the_first_document_counts_and_none_is_nothing() -> None:
    assert parse_yaml("a: 1\n---\nb: [\n") == {"a": "1"}
    assert parse_yaml("") is None
    assert parse_yaml("# nothing\n") is None


@pytest.mark.parametrize("text", ["a: [", "a: 'b", "\ta: 1", "a: b: c", "@", "a: *b", "%"])
def test_what_is_no_yaml_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ValueError, match=r"^it ") as caught:
        parse_yaml(f"x: 1\n{text}\n")
    assert "\n" not in str(caught.value)
