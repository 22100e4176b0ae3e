import asyncio
from uuid import UUID

import pytest

from ninefold.systems.assistant.openai import interruptions
from ninefold.systems.assistant.openai.interruptions import OpenAnswers, TooManyAnswersError

ORGANISATION_ID = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
OTHER_ID = UUID("01890a5d-ac96-774b-bcce-b302099a8058")


def test_an_organisation_has_a_limit_of_open_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interruptions, "ANSWERS_MAX", 2)
    open_answers = OpenAnswers(asyncio.Event())
    with open_answers.counted(ORGANISATION_ID), open_answers.counted(ORGANISATION_ID):
        with pytest.raises(TooManyAnswersError):
            open_answers.require_room(ORGANISATION_ID)
        open_answers.require_room(OTHER_ID)
    open_answers.require_room(ORGANISATION_ID)
