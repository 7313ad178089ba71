"""The board on the wall."""

from __future__ import annotations

import sqlite3

from hub.base.house import House
from hub.trades.tickets import service as tickets
from hub.trades.tickets import views
from tests.desks.test_look import Reader
from tests.desks.visitor import Visitor, words
from tests.fakes import FakeClock


def test_the_board_shows_who_goes_where_and_who_is_next(
    visitor: Visitor, conn: sqlite3.Connection, house: House, clock: FakeClock
) -> None:
    called = tickets.call_next(conn, "2", 1, moment=clock.read(), settings=house.settings)
    assert called is not None
    board = visitor.get("/board")
    told = words(board)
    assert f"{called.label}Bàn 2" in told.replace(" Bàn", "Bàn")
    for ticket in views.board(conn).upcoming:
        assert ticket.label in told and f"ground-{ticket.colour}" in board.text
    tickets.recall(conn, "2", moment=clock.read(), settings=house.settings)
    assert "Gọi lần 2" in words(visitor.get("/board"))


def test_every_call_draws_the_board_anew_and_silence_costs_nothing(
    visitor: Visitor, conn: sqlite3.Connection, house: House, clock: FakeClock
) -> None:
    tag = visitor.get("/board").headers["ETag"]
    assert visitor.get("/board", If_None_Match=tag).status_code == 304
    tickets.call_next(conn, "1", 1, moment=clock.read(), settings=house.settings)
    assert visitor.get("/board", If_None_Match=tag).status_code == 200


def test_the_last_call_stands_large_and_the_others_below(
    visitor: Visitor, conn: sqlite3.Connection, house: House, clock: FakeClock
) -> None:
    labels = []
    for desk in ("1", "2", "3"):
        called = tickets.call_next(conn, desk, 1, moment=clock.read(), settings=house.settings)
        assert called is not None
        labels.append(called.label)
        clock.advance(5)
    board = visitor.get("/board").text
    assert f'class="call-no num">{labels[2]}<' in board
    assert board.index(f'<b class="num">{labels[1]}</b>') < board.index(f'<b class="num">{labels[0]}</b>')


def test_an_empty_house_welcomes_in_both_languages(
    visitor: Visitor, conn: sqlite3.Connection, house: House, clock: FakeClock
) -> None:
    while called := tickets.call_next(conn, "1", 1, moment=clock.read(), settings=house.settings):
        tickets.no_show(conn, called.id, moment=clock.read(), settings=house.settings)
    assert "Chào bà con" in words(visitor.get("/board"))
    page = visitor.get("/board?lang=en")
    Reader(page.text)
    assert "Nobody is waiting" in words(page)
