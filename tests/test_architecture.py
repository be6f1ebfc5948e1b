"""The house's rules that no type checker sees: layers, homes of libraries, sizes, purity, docstrings."""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent / "kube_pos"
FILES = sorted(ROOT.rglob("*.py"))

# A library lives in one place, so that it can be replaced or loaded late.
HOMES = {
    "PySide6": ("app", "bench/", "ui/"),
    "sqlalchemy": ("ledger/tables", "ledger/sqlite_", "upstream/"),
    "sqlcipher3": ("app", "ledger/sqlite_engine", "upstream/database"),
    "httpx": ("sync/client",),
    "serial": ("devices/serial_port", "devices/transports_system"),
    "cv2": ("devices/opencv",),
    "pyzbar": ("devices/zbar",),
    "zxingcpp": ("devices/zxing", "upstream/codes"),
    "escpos": ("devices/escpos_printer", "devices/transports_system"),
    "fastapi": ("upstream/",),
    "uvicorn": ("upstream/",),
    "openpyxl": ("upstream/",),
    "xlsxwriter": ("operations/closing_record", "upstream/report_files"),
    "fpdf": ("upstream/",),
    "keyring": ("keys",),
    "argon2": ("operations/signing_in", "upstream/"),
}
PURE = [
    *(f"ledger/{name}.py" for name in (
        "ids", "cards", "quantity", "days", "documents", "entries", "entitlement", "basket", "chain", "effects",
        "totals", "receipt_code", "checkpoint", "marker",
    )),
    "devices/document.py",
    "devices/wedge.py",
    "devices/framing.py",
    "devices/evidence.py",
    "sync/wire.py",
    "sync/outbox.py",
    "operations/layout.py",
    "operations/receipts.py",
    "operations/slips.py",
]  # fmt: skip
IMPURE = {"time", "os", "pathlib", "threading", "logging", "random", "secrets", "socket", "subprocess", "sqlalchemy"}
BROAD_EXCEPTS = {"background.py", "devices/supervisor.py", "devices/worker.py", "sync/worker.py", "ui/bridge.py"}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield node.module


def all_imports(path: Path) -> set[str]:
    return {name for node in ast.walk(tree(path)) for name in imported(node)}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_library_has_one_home(path: Path) -> None:
    for module in all_imports(path):
        library = module.partition(".")[0]
        if library in HOMES:
            assert name_of(path).startswith(HOMES[library]), f"{library} does not belong in {name_of(path)}"


@pytest.mark.parametrize("name", PURE)
def test_a_pure_file_touches_nothing(name: str) -> None:
    roots = {module.partition(".")[0] for module in all_imports(ROOT / name)}
    assert not roots & IMPURE
    assert "kube_pos.clock" not in all_imports(ROOT / name)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_file_fits_on_a_few_screens(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


def test_the_usual_file_fits_on_one_screen() -> None:
    lengths = [len(path.read_text(encoding="utf-8").splitlines()) for path in FILES]
    assert statistics.median(lengths) <= 150


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_functions_and_classes_stay_small(path: Path) -> None:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 80, f"{node.name} is too long"
        if isinstance(node, ast.ClassDef):
            methods = [item for item in node.body if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)]
            assert len(methods) <= 20, f"{node.name} has too many methods"


def test_long_functions_are_rare() -> None:
    lengths = [
        (node.end_lineno or 0) - node.lineno + 1
        for path in FILES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert sum(length > 50 for length in lengths) <= len(lengths) * 0.01


@pytest.mark.parametrize("path", [path for path in FILES if path.name == "__init__.py"], ids=name_of)
def test_a_package_file_imports_nothing(path: Path) -> None:
    assert not all_imports(path)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_no_state_at_module_level(path: Path) -> None:
    for node in ast.walk(tree(path)):
        assert not isinstance(node, ast.Global), f"global in {name_of(path)}"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_broad_excepts_only_where_a_thread_ends(path: Path) -> None:
    if name_of(path) in BROAD_EXCEPTS:
        return
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ExceptHandler) and isinstance(node.type, ast.Name):
            reraises = any(isinstance(inner, ast.Raise) and inner.exc is None for inner in ast.walk(node))
            assert node.type.id not in {"Exception", "BaseException"} or reraises, f"line {node.lineno}"
        assert not (isinstance(node, ast.ExceptHandler) and node.type is None), "a bare except"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_no_float_in_the_ledger_and_the_use_cases(path: Path) -> None:
    if not name_of(path).startswith(("ledger/", "operations/")):
        return
    for node in ast.walk(tree(path)):
        assert not (isinstance(node, ast.Name) and node.id == "float"), f"float at line {node.lineno}"
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), f"float at line {node.lineno}"
