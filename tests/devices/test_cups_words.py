"""What a print service says, in the House's words: reasons, message and age together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.desk_ports import SheetStage
from devices.drivers import cups_words
from devices.drivers.cups_words import IDLE, PROCESSING, STOPPED, Printer
from devices.ports import State

PULLED = "The printer may not exist or is unavailable at this time."
KEYWORDS = st.sampled_from(
    [*cups_words._REASONS, "none", "connecting-to-device", "cups-waiting-for-job-completed"]
)
REASONS = st.lists(st.tuples(KEYWORDS, st.sampled_from(["", "-error", "-warning", "-report"])).map("".join))
PRINTERS = st.builds(
    Printer,
    state=st.sampled_from([IDLE, PROCESSING, STOPPED]),
    reasons=REASONS.map(tuple),
    message=st.sampled_from(["", PULLED, "Printing.", "The printer is in use."]) | st.text(max_size=40),
    accepts=st.booleans(),
)


@pytest.mark.parametrize("severity", ["", "-error", "-warning"])
@pytest.mark.parametrize(
    ("reason", "state"),
    [
        ("media-empty", State.NO_PAPER),
        ("media-needed", State.NO_PAPER),
        ("cover-open", State.COVER_OPEN),
        ("door-open", State.COVER_OPEN),
        ("media-jam", State.JAMMED),
        ("marker-supply-empty", State.NO_INK),
        ("toner-low", State.LOW_INK),
        ("media-low", State.LOW_PAPER),
        ("offline", State.OFFLINE),
        ("paused", State.PAUSED),
        ("spool-area-full", State.BROKEN),
    ],
)
def test_a_reason_means_the_same_whatever_its_severity(reason: str, severity: str, state: State) -> None:
    printer = Printer(PROCESSING, ("cups-waiting-for-job-completed", reason + severity), "Printing.")
    assert cups_words.status(printer).state is state


def test_a_mere_report_is_no_trouble_but_offline_is() -> None:
    assert cups_words.status(Printer(IDLE, ("media-empty-report",), "")).state is State.READY
    assert cups_words.status(Printer(IDLE, ("offline-report",), "")).state is State.OFFLINE


def test_an_unknown_error_is_a_fault_and_an_unknown_warning_is_not() -> None:
    assert cups_words.status(Printer(IDLE, ("vendor-thing-error",), "")).state is State.BROKEN
    assert cups_words.status(Printer(IDLE, ("vendor-thing-warning",), "")).state is State.READY


def test_a_pulled_cable_is_read_from_the_message_and_not_from_an_old_one() -> None:
    assert cups_words.status(Printer(PROCESSING, ("none",), PULLED)).state is State.OFFLINE
    assert cups_words.status(Printer(IDLE, ("none",), PULLED)).state is State.READY


def test_connecting_is_usual_for_a_moment_and_offline_after_a_while() -> None:
    printer = Printer(PROCESSING, ("connecting-to-device",), "Connecting to printer.")
    assert cups_words.status(printer, connecting_s=1.0).state is State.READY
    assert cups_words.status(printer, connecting_s=30.0).state is State.OFFLINE


def test_a_job_without_an_end_and_without_a_word_is_held_for_a_look() -> None:
    printer = Printer(PROCESSING, ("none",), "Printing.")
    assert cups_words.progress(5, (), printer, printing_s=10).stage is SheetStage.PRINTING
    silent = cups_words.progress(5, (), printer, printing_s=1000)
    assert (silent.stage, silent.status.state) == (SheetStage.HELD, State.UNKNOWN)


@pytest.mark.parametrize(
    ("job", "reasons", "stage"),
    [
        (3, (), SheetStage.WAITING),
        (4, ("job-incoming",), SheetStage.WAITING),
        (4, ("job-hold-until-specified",), SheetStage.HELD),
        (4, ("cups-held-for-authentication",), SheetStage.HELD),
        (5, (), SheetStage.PRINTING),
        (6, (), SheetStage.FAILED),
        (7, (), SheetStage.CANCELLED),
        (7, ("processing-to-stop-point",), SheetStage.PRINTING),
        (8, (), SheetStage.FAILED),
        (9, ("processing-to-stop-point",), SheetStage.DONE),
        (99, (), SheetStage.FAILED),
    ],
)
def test_every_state_of_a_job_has_its_stage(job: int, reasons: tuple[str, ...], stage: SheetStage) -> None:
    assert cups_words.progress(job, reasons, Printer(IDLE, ("none",), "")).stage is stage


def test_a_job_that_waits_for_a_stopped_or_rejecting_queue_is_held_for_a_technician() -> None:
    for printer in (Printer(STOPPED, ("paused",), ""), Printer(IDLE, ("none",), "", accepts=False)):
        held = cups_words.progress(3, (), printer)
        assert (held.stage, held.status.state) == (SheetStage.HELD, State.PAUSED)


@given(printer=PRINTERS, age=st.floats(0, 1000))
def test_whatever_a_printer_says_is_understood_and_a_stopped_one_never_looks_well(
    printer: Printer, age: float
) -> None:
    status = cups_words.status(printer, connecting_s=age)
    assert len(status.detail) <= 200
    if printer.state == STOPPED or not printer.accepts:
        assert status.state is State.PAUSED


@given(job=st.integers(0, 20), reasons=REASONS, printer=PRINTERS)
def test_an_ended_job_stays_ended_whatever_its_printer_says(
    job: int, reasons: list[str], printer: Printer
) -> None:
    seen = cups_words.progress(job, reasons, printer)
    if job == 9 and "cups-held-for-authentication" not in {cups_words.keyword(one)[0] for one in reasons}:
        assert seen.stage is SheetStage.DONE
    if seen.stage is SheetStage.HELD:
        assert not seen.status.state.usable or seen.status.state in (State.UNKNOWN, State.BUSY)
