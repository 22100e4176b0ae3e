import base64
import struct

from ninefold.systems.assistant.openai.objects.lists import embedding_list


def test_vectors_can_be_numbers() -> None:
    shown = embedding_list([[0.5, -1.0], [0.25, 2.0]], model="small", tokens=7, is_base64=False)
    assert [(item.index, item.embedding) for item in shown.data] == [(0, [0.5, -1.0]), (1, [0.25, 2.0])]
    assert (shown.usage.prompt_tokens, shown.usage.total_tokens) == (7, 7)


def test_vectors_can_be_floats_in_base64() -> None:
    (item,) = embedding_list([[0.5, -1.0]], model="small", tokens=2, is_base64=True).data
    assert isinstance(item.embedding, str)
    assert struct.unpack("<2f", base64.b64decode(item.embedding)) == (0.5, -1.0)
