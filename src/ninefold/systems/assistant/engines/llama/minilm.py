"""Converts all-MiniLM-L6-v2, an embedding model, from its package's files to GGUF, which llama.cpp reads.

It is done once, by the process that serves the model, and takes less than a second: safetensors is a JSON header and
the numbers, GGUF (version 3) a binary header and the numbers, and the numbers stay as they are. With 32 bits, llama.cpp
embeds faster on a CPU than with 16.
"""

import json
import os
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

_ALIGNMENT: Final = 32
_HEADER_LENGTH_MAX: Final = 1024 * 1024
_FLOAT32: Final = 0
"""The type of numbers, for a tensor and for the file."""

_POOLING_MEAN: Final = 1
_TOKEN_NORMAL, _TOKEN_CONTROL = 1, 3
_CONTROL_TOKENS: Final = frozenset({"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"})

_NAMES: Final = {
    "embeddings.word_embeddings": "token_embd",
    "embeddings.position_embeddings": "position_embd",
    "embeddings.token_type_embeddings": "token_types",
    "embeddings.LayerNorm": "token_embd_norm",
}
_LAYER_NAMES: Final = {
    "attention.self.query": "attn_q",
    "attention.self.key": "attn_k",
    "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output",
    "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up",
    "output.dense": "ffn_down",
    "output.LayerNorm": "layer_output_norm",
}


class Tensor(msgspec.Struct, frozen=True, kw_only=True):
    """A tensor, and where its numbers are in the safetensors file."""

    name: str
    shape: tuple[int, ...]
    begin: int
    end: int

    @property
    def length(self) -> int:
        """How many bytes its numbers have."""
        return self.end - self.begin


def convert_minilm(folder: Path, target: Path) -> None:
    """Write the model of a folder as one GGUF file, which appears when it is whole.

    Args:
        folder: with `config.json`, `vocab.txt` and `model.safetensors`.
        target: the file; its folder is created.

    Raises:
        OSError: a file can't be read or written.
        ValueError: the files aren't those of a BERT model with 32-bit numbers.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with (folder / "model.safetensors").open("rb") as source:
        tensors = _read_tensors(source)
        head = _encode_head(json.loads((folder / "config.json").read_text()), _read_vocabulary(folder), tensors)
        unfinished = target.with_suffix(f".{os.getpid()}")
        with unfinished.open("wb") as output:
            output.write(head)
            for tensor in tensors:
                _copy_numbers(tensor, source, output)
    unfinished.rename(target)


def _read_tensors(source: BinaryIO) -> list[Tensor]:
    (length,) = struct.unpack("<Q", source.read(8))
    if length > _HEADER_LENGTH_MAX:
        raise ValueError("This isn't a safetensors file.")
    header = json.loads(source.read(length))
    tensors = []
    for old_name, entry in header.items():
        if (name := _new_name(old_name)) is None:
            continue
        if entry["dtype"] != "F32":
            raise ValueError(f"{old_name} has numbers of type {entry['dtype']}.")
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        tensors.append(Tensor(name=name, shape=tuple(entry["shape"]), begin=begin, end=end))
    return tensors


def _new_name(name: str) -> str | None:
    """Return the name of a tensor in GGUF; None if GGUF doesn't have it."""
    stem, _, kind = name.rpartition(".")
    if stem in _NAMES:
        return f"{_NAMES[stem]}.{kind}"
    parts = stem.split(".", 3)
    if parts[:2] == ["encoder", "layer"]:
        return f"blk.{parts[2]}.{_LAYER_NAMES[parts[3]]}.{kind}"
    return None


def _read_vocabulary(folder: Path) -> list[str]:
    return (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()


def _encode_head(config: Mapping[str, int], vocabulary: list[str], tensors: list[Tensor]) -> bytes:
    entries = list(_metadata(config, vocabulary))
    head = b"".join([b"GGUF", struct.pack("<IQQ", 3, len(tensors), len(entries)), *entries])
    offset = 0
    for tensor in tensors:
        # GGUF names the innermost dimension first.
        shape = struct.pack(f"<{len(tensor.shape)}Q", *reversed(tensor.shape))
        head += _text(tensor.name) + struct.pack("<I", len(tensor.shape)) + shape + struct.pack("<IQ", _FLOAT32, offset)
        offset += tensor.length + _padding(tensor.length)
    return head + bytes(_padding(len(head)))


def _metadata(config: Mapping[str, int], vocabulary: list[str]) -> Iterator[bytes]:
    yield _entry("general.architecture", _text("bert"), kind=8)
    yield _entry("general.name", _text("all-MiniLM-L6-v2"), kind=8)
    numbers = {
        "general.file_type": _FLOAT32,
        "bert.block_count": config["num_hidden_layers"],
        "bert.context_length": config["max_position_embeddings"],
        "bert.embedding_length": config["hidden_size"],
        "bert.feed_forward_length": config["intermediate_size"],
        "bert.attention.head_count": config["num_attention_heads"],
        "bert.pooling_type": _POOLING_MEAN,
        "tokenizer.ggml.token_type_count": config["type_vocab_size"],
    }
    for key, number in numbers.items():
        yield _entry(key, struct.pack("<I", number), kind=4)
    yield _entry("bert.attention.layer_norm_epsilon", struct.pack("<f", config["layer_norm_eps"]), kind=6)
    yield _entry("bert.attention.causal", b"\0", kind=7)
    yield _entry("tokenizer.ggml.model", _text("bert"), kind=8)
    tokens = b"".join(_text(_word_piece(token)) for token in vocabulary)
    yield _entry("tokenizer.ggml.tokens", struct.pack("<IQ", 8, len(vocabulary)) + tokens, kind=9)
    kinds = [_TOKEN_CONTROL if token in _CONTROL_TOKENS else _TOKEN_NORMAL for token in vocabulary]
    yield _entry("tokenizer.ggml.token_type", struct.pack(f"<IQ{len(kinds)}i", 5, len(kinds), *kinds), kind=9)


def _word_piece(token: str) -> str:
    """Return a token as llama.cpp writes it: the beginning of a word is marked, not its continuation."""
    if token in _CONTROL_TOKENS:
        return token
    return token[2:] if token.startswith("##") else f"\u2581{token}"


def _entry(key: str, value: bytes, *, kind: int) -> bytes:
    return _text(key) + struct.pack("<I", kind) + value


def _text(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack("<Q", len(encoded)) + encoded


def _padding(length: int) -> int:
    return -length % _ALIGNMENT


def _copy_numbers(tensor: Tensor, source: BinaryIO, output: BinaryIO) -> None:
    source.seek(tensor.begin)
    numbers = source.read(tensor.length)
    if len(numbers) < tensor.length:
        raise ValueError("The safetensors file is too short.")
    output.write(numbers)
    output.write(bytes(_padding(tensor.length)))
