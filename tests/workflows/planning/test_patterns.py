import time

import pytest

from ninefold.systems.workflows.planning.patterns import is_included, is_match


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("main", ["main"], ["mains", "a/main", ""]),
        ("feature/*", ["feature/a", "feature/"], ["feature/a/b", "feature"]),
        ("feature/**", ["feature/a", "feature/a/b"], ["features/a"]),
        ("*", ["main", "v1.0"], ["a/b"]),
        ("**", ["main", "a/b/c", ""], []),
        ("*feature", ["feature", "my-feature"], ["feature-a"]),
        ("v2*", ["v2", "v2.0", "v20"], ["v1", "v2/a"]),
        ("v[12].[0-9]+.[0-9]+", ["v1.10.1", "v2.0.0"], ["v3.0.0", "v1.0", "v1..1"]),
        ("*.jsx?", ["page.js", "page.jsx"], ["page.jsxx", "a/page.js"]),
        ("**.js", ["index.js", "js/index.js"], ["index.jsx"]),
        ("docs/*", ["docs/README.md"], ["docs/a/b.md"]),
        ("**/README.md", ["README.md", "js/README.md", "a/b/README.md"], ["README.txt"]),
        ("**/docs/**", ["docs/a.md", "dir/docs/a.txt"], ["docs"]),
        ("**/*src/**", ["a/src/app.js", "my-src/code/app.js"], ["src"]),
        ("**/migrate-*.sql", ["migrate-1.sql", "db/migrate-1.sql"], ["migrate.sql"]),
        ("a\\*b", ["a*b"], ["axb"]),
        ("a.b", ["a.b"], ["axb"]),
        ("[a-]x", ["ax", "-x"], ["bx"]),
        ("+", ["+"], [""]),
        ("[", ["["], []),
    ],
)
def test_a_pattern_matches_whole_names(pattern: str, matching: list[str], others: list[str]) -> None:
    assert [name for name in [*matching, *others] if is_match(name, pattern)] == matching


@pytest.mark.parametrize(
    ("patterns", "included", "excluded"),
    [
        (["releases/**", "!releases/**-alpha"], ["releases/10"], ["releases/10-alpha", "main"]),
        (["*.md", "!README.md", "README*"], ["README.md", "hello.md", "README.doc"], ["a/hello.md"]),
        (["*.md", "README*", "!README.md"], ["hello.md", "README.doc"], ["README.md"]),
        (["!main"], [], ["main", "other"]),
    ],
)
def test_the_last_pattern_that_matches_counts(patterns: list[str], included: list[str], excluded: list[str]) -> None:
    assert [name for name in [*included, *excluded] if is_included(name, patterns)] == included


def test_a_pattern_with_many_wildcards_is_matched_fast() -> None:
    started = time.process_time()

    assert not is_match("a" * 2_000, "**a" * 100 + "b")
    assert time.process_time() - started < 5
