"""Runs the examples in docstrings."""

import ast
import asyncio
import inspect
import pkgutil
import re
import textwrap
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any, Final

import ninefold

# A line that ends with a colon, an empty one, and lines that are indented: `Args:` has no empty line.
_EXAMPLE: Final = re.compile(r"(?m):\n\n(?P<code>(?:(?: {4}.*)?\n|(?: {4}.*)\Z)+)")


def source_modules() -> Iterator[ModuleType]:
    """Yield every module of Ninefold."""
    for module in pkgutil.walk_packages(ninefold.__path__, prefix="ninefold."):
        if not module.name.endswith("__main__"):
            yield import_module(module.name)


def find_broken_examples(module: ModuleType) -> Iterator[str]:
    """Report examples that raise an error, in the docstrings of a module, its classes and its functions.

    All examples of a docstring run together, with the names of its module; they can `await`.
    """
    own = [value for value in vars(module).values() if inspect.isclass(value) or inspect.isfunction(value)]
    for documented in [module, *(value for value in own if value.__module__ == module.__name__)]:
        examples = _EXAMPLE.finditer(_without_margin(documented.__doc__ or ""))
        try:
            _run("\n".join(textwrap.dedent(example["code"]) for example in examples), vars(module))
        except Exception as error:  # noqa: BLE001  # an example may fail in any way.
            yield f"the example of {getattr(documented, '__qualname__', module.__name__)} raises {error!r}"


def _without_margin(docstring: str) -> str:
    """Return a docstring without its indentation, which is that of the closing quotes."""
    margin = docstring.rpartition("\n")[2]
    return docstring if margin.strip() else docstring.replace(f"\n{margin}", "\n")


def _run(code: str, names: dict[str, Any]) -> None:
    compiled = compile(code, "<example>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    result = eval(compiled, {**names})  # our own docstrings.
    if inspect.iscoroutine(result):
        asyncio.run(result)
