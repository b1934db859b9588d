"""Splices: what they change, what they refuse to change, and in which files."""

from __future__ import annotations

import ast

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.syntax.source_file import (
    Source,
    UnparsableError,
    calls,
    dotted,
    find,
    function,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.syntax.splices import (
    BadEditError,
    Splice,
    after,
    apply,
    before,
    remove,
    replace,
    rewrite,
)

TEXT = """\
import os  # files


@decorator
def f(x):
    if x:
        g(x)  # call
    else:
        g("ž", x); h()
    return x
"""


def source(text: str = TEXT) -> Source:
    return Source("f.py", text.encode())


def changed(here: Source, *splices: Splice) -> str:
    return apply(here, splices).decode()


def test_a_node_is_replaced_and_its_comment_stays() -> None:
    here = source()
    call = calls(here.tree, "g")[0]
    assert changed(here, replace(here, call, "g(0)")) == TEXT.replace("g(x)", "g(0)")


def test_characters_of_several_bytes_do_not_shift_the_edit() -> None:
    here = source()
    call = calls(here.tree, "h")[0]
    assert changed(here, replace(here, call, "i()")) == TEXT.replace("h()", "i()")


def test_lines_come_before_the_decorators_of_a_function() -> None:
    here = source()
    inserted = before(here, here.tree.body[1], "\nX = 1\n\n\n")
    assert changed(here, inserted) == TEXT.replace("@decorator", "X = 1\n\n\n@decorator")


def test_a_statement_is_replaced_by_several_at_its_indentation() -> None:
    here = source()
    call = find(here.tree, ast.Expr)[0]
    lines = "\nif y:\n    g(x)\n"
    expected = TEXT.replace("        g(x)  # call", "        if y:\n            g(x)  # call")
    assert changed(here, rewrite(here, call, lines)) == expected


def test_lines_after_the_last_line_without_a_newline() -> None:
    here = source("x = 1")
    assert changed(here, after(here, here.tree.body[0], "y = 2")) == "x = 1\ny = 2\n"


def test_a_statement_is_removed_with_its_line() -> None:
    here = source()
    assert changed(here, remove(here, here.tree.body[0])) == TEXT[len("import os  # files\n") :]


def test_a_line_with_two_statements_is_not_removed() -> None:
    here = source()
    shared = find(here.tree, ast.Expr)[2]
    with pytest.raises(BadEditError):
        remove(here, shared)
    first = find(here.tree, ast.Expr)[1]
    with pytest.raises(BadEditError):
        apply(here, [remove(here, first)])


@pytest.mark.parametrize(
    "text",
    ["g(x", '"""', "g(x)\n    return 1\n", "g(x)\nclass C:\n    def f(self): pass\n", "else:"],
    ids=["bracket", "string", "dedent", "new-owner", "keyword"],
)
def test_an_edit_that_changes_code_outside_it_is_refused(text: str) -> None:
    here = source()
    call = calls(here.tree, "g")[0]
    with pytest.raises(BadEditError):
        apply(here, [replace(here, call, text)])


def test_an_edit_that_hides_the_rest_is_refused() -> None:
    here = source("a(1)\nb(2)\n")
    with pytest.raises(BadEditError):
        apply(here, [Splice(0, 4, 'if False:\n    """'), Splice(9, 9, '\n    """\n')])


def test_a_statement_that_changes_its_branch_is_refused() -> None:
    here = source("if a:\n    b()\nelse:\n    c()\n")
    with pytest.raises(BadEditError):
        apply(here, [Splice(6, 20, "")])


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [(1, 3, "==2"), (0, 2, "y=="), (1, 2, "==")],
    ids=["left", "right", "both"],
)
def test_a_neighbour_that_gets_another_meaning_is_refused(start: int, end: int, text: str) -> None:
    with pytest.raises(BadEditError):
        apply(source("x=1\n"), [Splice(start, end, text)])


def test_a_text_that_changes_how_the_file_is_decoded_is_refused() -> None:
    with pytest.raises(BadEditError):
        apply(source("# ž\nx = 1\n"), [Splice(0, 0, "# coding: latin-1\n")])


def test_overlapping_changes_are_refused() -> None:
    here = source()
    call = calls(here.tree, "g")[0]
    with pytest.raises(BadEditError):
        apply(here, [replace(here, call, "a()"), replace(here, call.args[0], "b")])


def test_text_that_the_encoding_lacks_is_refused() -> None:
    here = Source("f.py", b"# coding: ascii\nx = 1\n")
    with pytest.raises(BadEditError):
        apply(here, [replace(here, find(here.tree, ast.Constant)[0], '"ž"')])


@pytest.mark.parametrize(
    "data",
    [
        b"def f(:\n",
        b"return 1\n",
        b"\x00",
        b"# coding: klingon\n",
        b"x = '\xff'\n",
        b"if x:\n\ty\n        z\n",
        b"(" * 3000,
        b"\xff\xfex\x00",
    ],
    ids=["syntax", "compiler", "nul", "codec", "bytes", "tabs", "nesting", "utf-16"],
)
def test_a_file_that_is_not_python_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(UnparsableError) as caught:
        Source("f.py", data)
    assert caught.value.code == "patches.unparsable"
    assert "f.py" in caught.value.message


def test_the_invalid_escapes_of_old_code_do_not_warn() -> None:
    assert Source("f.py", b'x = "\\d"\n').tree.body


@pytest.mark.parametrize(
    ("code", "name"), [("a", "a"), ("a.b.c", "a.b.c"), ("a().b", ""), ("1", ""), ("a[0]", "")]
)
def test_only_names_and_attributes_of_names_have_a_dotted_name(code: str, name: str) -> None:
    assert dotted(ast.parse(code, mode="eval").body) == name


def test_a_method_is_found_by_its_class() -> None:
    here = source("class A:\n    def f(self): pass\nclass B:\n    def f(self): return 1\n")
    found = function(here.tree, "B.f")
    assert found is not None
    assert found.lineno == 4
    assert function(here.tree, "C.f") is None
    assert function(here.tree, "f") is None


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("", "    "),
        ("x = 1\n", "    "),
        ("if x:\n  y\n", "  "),
        ("if x:\n\ty\n", "\t"),
        ("if x: y\nif x:\n   y\n", "   "),
        ("class A:\n def f():\n    pass\n", " "),
    ],
)
def test_the_indentation_of_a_file_is_that_of_its_first_block(text: str, unit: str) -> None:
    assert Source("a.py", text.encode()).unit == unit


@pytest.mark.parametrize(
    ("text", "ending"), [("x\r\ny\n", "\r\n"), ("x\ny\r\n", "\n"), ("x", "\n")]
)
def test_a_new_line_ends_as_the_first_line_of_its_file(text: str, ending: str) -> None:
    assert Source("a.py", text.encode()).newline == ending
