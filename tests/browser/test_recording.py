"""A guide records a villager's voice on the tablet: with its microphone, with a file, and with the keyboard."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.test_guide import sign_in
from tests.browser.test_villager import New, both, say
from tests.trades.speech import samples


@both
def test_a_villagers_voice_is_recorded_heard_kept_and_withdrawn(
    tablet: New, script: bool, tmp_path: Path
) -> None:
    one = tablet(script=script)
    sign_in(one)
    one.go("/guide/dossiers")
    one.press(say("recording.title"))
    one.look("recording")
    one.press(say("recording.begin"))
    one.look("recording consent")
    one.press(say("recording.agreed_do"))
    one.shows(say("recording.language_needed"))
    one.page.locator("input[name=language][value=hmn]").check()
    one.press(say("recording.agreed_do"))
    one.shows(say("recording.consent_needed"))
    one.page.locator("input[name=agreed]").check()
    one.press(say("recording.agreed_do"))
    one.shows("Mời số")
    one.look("recording sentence")
    code = one.page.locator("main .code").last.inner_text()
    if script:
        # Chromium's microphone beeps once a second.
        one.press(say("recording.record"))
        stop = one.main.get_by_role("button", name=say("recording.stop"))
        expect(stop).to_be_visible()
        one.page.wait_for_timeout(2_600)
        stop.click()
    else:
        recorded = tmp_path / "a.wav"
        recorded.write_bytes(samples.wav())
        one.page.locator("input[name=sound]").set_input_files(recorded)
        one.press(say("recording.hand_in"))
    expect(one.page.locator("audio")).to_be_visible()
    one.look("recording heard")
    if script:
        ready = "() => document.querySelector('audio').readyState >= 2"
        one.page.wait_for_function(ready)
        assert one.page.evaluate("() => document.querySelector('audio').duration") > 0.15
    one.press(say("recording.keep"))
    expect(one.page.locator("audio")).to_have_count(0)
    one.shows("một")
    one.page.locator("main summary").click()
    assert one.page.locator("main details .row").count() > 60
    one.press(say("recording.withdraw"))
    one.shows(code)
    one.look("recording withdraw")
    one.press(say("recording.withdraw"))
    one.shows(say("recording.erased", count=1))
    expect(one.page).to_have_url(re.compile(r"/guide/recording$"))
