import json
from pathlib import Path

from ninefold.edge.demo.payloads import CORPUS, read_payloads


def test_the_corpus_next_to_the_repository_is_used(tmp_path: Path) -> None:
    corpus = tmp_path / CORPUS
    corpus.parent.mkdir(parents=True)
    corpus.write_bytes(b'{"event":"push","name":"a","payload":{"b": 1.0,"a":"\xc3\xa4"}}\n\n')

    file = read_payloads(repository=tmp_path / "ninefold")

    assert [(payload.event_type, payload.body) for payload in file.payloads] == [
        ("github.push", b'{"b": 1.0,"a":"\xc3\xa4"}')
    ]


def test_the_sample_is_used_if_there_is_no_corpus(tmp_path: Path) -> None:
    file = read_payloads(repository=tmp_path / "ninefold")

    assert "sample" in file.origin
    assert len(file.payloads) == 12


def test_the_sample_has_json_that_decoding_and_encoding_would_change(tmp_path: Path) -> None:
    payloads = [payload.body for payload in read_payloads(repository=tmp_path / "ninefold").payloads]

    changed = [body for body in payloads if json.dumps(json.loads(body), separators=(",", ":")).encode() != body]

    assert len(payloads) // 2 < len(changed)
    assert any(b"1e3" in body for body in payloads)
    assert any(b"1.0" in body for body in payloads)
    assert any("検索".encode() in body for body in payloads)
