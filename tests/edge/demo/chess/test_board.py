from ninefold.edge.demo.chess.board import draw_board

PLACEMENT = "rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR"


def test_a_plain_board_has_letters() -> None:
    lines = [line.rstrip() for line in draw_board(PLACEMENT, is_plain=True).plain.split("\n")]

    assert lines == [
        "8  r  n  b  q  k  b  n  r",
        "7  p  p  p  p  p  p  p  p",
        "6  ·  ·  ·  ·  ·  ·  ·  ·",
        "5  ·  ·  ·  ·  ·  ·  ·  ·",
        "4  ·  ·  ·  ·  P  ·  ·  ·",
        "3  ·  ·  ·  ·  ·  ·  ·  ·",
        "2  P  P  P  P  ·  P  P  P",
        "1  R  N  B  Q  K  B  N  R",
        "   a  b  c  d  e  f  g  h",
    ]


def test_a_board_in_colour_has_pieces_on_light_and_dark_squares() -> None:
    board = draw_board(PLACEMENT, last_move="e1e2")

    assert board.plain.split("\n")[0] == "8  ♜  ♞  ♝  ♛  ♚  ♝  ♞  ♜ "
    grounds = {str(span.style).split(" on ")[1] for span in board.spans if " on " in str(span.style)}
    assert len(grounds) == 4
