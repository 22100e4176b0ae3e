"""What `ninefold doctor` says about chess."""

from pathlib import Path

from chess_engines import EngineProgram
from ninefold.systems.chess.checks import check_engine
from ninefold.systems.chess.settings import read_chess_settings


def test_doctor_says_that_the_engine_is_there(tmp_path: Path) -> None:
    path = EngineProgram(tmp_path).path
    (finding,) = check_engine(read_chess_settings({"NINEFOLD_CHESS_STOCKFISH": str(path)}))
    assert finding.state == "ok"
    assert str(path) in finding.detail


def test_doctor_says_how_to_install_the_engine(tmp_path: Path) -> None:
    (finding,) = check_engine(read_chess_settings({"NINEFOLD_CHESS_STOCKFISH": str(tmp_path / "nowhere")}))
    assert finding.state == "warning"
    assert "apt-get install stockfish" in str(finding.remedy)
