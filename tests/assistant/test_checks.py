import socket

from ninefold.systems.assistant.checks import check_engine
from ninefold.systems.assistant.settings import read_assistant_settings


def settings_for(port: int) -> dict[str, str]:
    return {"NINEFOLD_ASSISTANT_URL": f"http://127.0.0.1:{port}/v1", "NINEFOLD_ASSISTANT_MODEL": "llama3.2"}


def test_doctor_says_when_nothing_listens_at_the_url_of_the_engine() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]

        (finding,) = check_engine(read_assistant_settings(settings_for(port)))

    assert finding.state == "warning"
    assert f"http://127.0.0.1:{port}/v1 can't be reached: Connection refused" in finding.detail
    assert "NINEFOLD_ASSISTANT_URL" in str(finding.remedy)


def test_doctor_says_when_the_url_of_the_engine_accepts_connections() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        (finding,) = check_engine(read_assistant_settings(settings_for(listener.getsockname()[1])))

    assert finding.state == "ok"
    assert "accepts connections" in finding.detail
