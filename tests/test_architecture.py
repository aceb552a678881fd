"""The arrows of the architecture: who may import whom, and what stays pure."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("timmy_site", "tenants_app", "conversations")
EDGES = {"conversations.consumers", "conversations.views", "conversations.python_api", "conversations.admin"}
PURE_TENANT_MODULES = {
    "tenants_app.persona", "tenants_app.knowledge", "tenants_app.examples", "tenants_app.documents",
    "tenants_app.problems", "tenants_app.entries", "tenants_app.relevance", "tenants_app.words", "tenants_app.labels",
}  # fmt: skip
CORE_LIBRARIES = {"phonenumbers", "msgspec"}


def modules(package: str) -> Iterator[tuple[str, ast.Module]]:
    for path in sorted((ROOT / package).rglob("*.py")):
        if "migrations" not in path.parts:
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            yield name, ast.parse(path.read_text(encoding="utf-8"))


def imports(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def within(name: str, *places: str) -> bool:
    return any(name == place or name.startswith(f"{place}.") for place in places)


def test_tenants_never_import_conversations() -> None:
    wrong = {
        name: got
        for name, tree in modules("tenants_app")
        if (got := {i for i in imports(tree) if within(i, "conversations")})
    }
    assert wrong == {}


def test_edges_never_import_each_other() -> None:
    wrong = [
        (name, other)
        for name, tree in modules("conversations")
        for other in imports(tree) & EDGES
        if name in EDGES and other != name
    ]
    assert wrong == []


def test_only_the_installation_imports_the_installation() -> None:
    wrong = [
        (name, found)
        for package in ("tenants_app", "conversations")
        for name, tree in modules(package)
        for found in imports(tree)
        # The content policy is settings, read where a page needs more than the public gets.
        if within(found, "timmy_site") and not within(found, "timmy_site.content_policy")
    ]
    assert wrong == []


def test_the_agent_knows_nothing_of_sockets_pages_or_files() -> None:
    [tree] = [tree for name, tree in modules("conversations") if name == "conversations.agent"]
    ours = {found for found in imports(tree) if within(found, "conversations", "tenants_app", "django", "channels")}
    allowed = ("conversations.core", "conversations.llm.base", "conversations.storage.base", "tenants_app.documents")
    assert [found for found in ours if not within(found, *allowed)] == []


def test_core_imports_only_pure_things() -> None:
    wrong = [
        (name, found)
        for name, tree in modules("conversations")
        if within(name, "conversations.core")
        for found in imports(tree)
        if not (
            found.split(".")[0] in sys.stdlib_module_names | CORE_LIBRARIES
            or within(found, "conversations.core", *PURE_TENANT_MODULES)
        )
    ]
    assert wrong == []


@pytest.mark.parametrize("module", [
    *(name for name, _ in modules("conversations") if within(name, "conversations.core")), *sorted(PURE_TENANT_MODULES),
])  # fmt: skip
def test_a_pure_module_can_be_imported_without_django(module: str) -> None:
    code = f"import sys, {module}; print({{'django', 'channels', 'openai'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("set()\n", "")


def test_no_file_of_ours_is_too_long_to_read() -> None:
    sources = [path for package in PACKAGES for kind in ("*.py", "*.js") for path in (ROOT / package).rglob(kind)]
    long = {path.name: lines for path in sources if (lines := path.read_text(encoding="utf-8").count("\n")) >= 400}
    assert long == {}


def test_every_module_says_in_its_first_line_what_it_is() -> None:
    ours = [one for package in PACKAGES for one in modules(package)]
    silent = [name for name, tree in ours if tree.body and not ast.get_docstring(tree)]
    assert silent == []
