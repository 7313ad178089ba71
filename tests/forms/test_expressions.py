"""ODK's XPath: functions, repeats, dates, truth, and text that is no expression at all."""

from __future__ import annotations

import threading
import timeit
from collections.abc import Sequence
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from hub.base.errors import Refused
from hub.forms import rewrite, xpath
from hub.forms.expressions import Expression, Scope
from hub.forms.lists import Keys
from hub.forms.markup import Element
from tests.forms import samples
from tests.forms.samples import NOW, VILLAGE

DATA = etree.fromstring(
    "<data><name>Lý A Mẫu</name><born>1990-05-20</born><amount>12.5</amount><empty/>"
    "<many>pig hen</many>"
    "<kid><who>An</who><age>3</age></kid><kid><who>Bình</who><age>12</age></kid>"
    "<kid><who/><age/></kid></data>"
)
PATHS = {
    *[("data",), ("data", "name"), ("data", "born"), ("data", "amount"), ("data", "empty"), ("data", "many")],
    *[("data", "kid"), ("data", "kid", "who"), ("data", "kid", "age")],
}
REPEATS = {("data", "kid")}


class _NoForm:
    version = "7"

    def secondary(self, name: str) -> Element | None:
        return None

    def lookup(self, name: str, steps: str, keys: Keys, held: Element | None = None) -> Sequence[Element]:
        return []

    def choice_name(self, value: str, path: str, scope: Scope) -> str:
        return f"{path}={value}"

    def translated(self, name: str, scope: Scope) -> str:
        return f"text {name}"


def compiled(source: str, context: tuple[str, ...] = ("data", "name")) -> Expression:
    return Expression(source, rewrite.Place(context, PATHS, REPEATS), {})


def scope(node: Element = DATA[0], now: datetime | None = NOW) -> Scope:
    return Scope(_NoForm(), DATA, node, now)


def value(source: str) -> str:
    return compiled(source).text(scope())


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("1 + 2 * 3", "7"),
        ("0.1 + 0.2", "0.3"),
        ("7 mod 3 - 4 div 2", "-1"),
        ("- - 3", "3"),
        ("10000000000 * 10", "100000000000"),
        ("'a' = \"a\"", "true"),
        ("if(/data/amount > 12, 'more', 'less')", "more"),
        ("if(/data/empty, 'yes', 'no')", "no"),
        ("if(/data/name, 'yes', 'no')", "yes"),
        ("coalesce(/data/empty, /data/name)", "Lý A Mẫu"),
        ("coalesce('', 'x', 'y')", "x"),
        ("coalesce(number('x'), 0)", "0"),
        ("once('new')", "Lý A Mẫu"),
        ("selected(/data/many, 'hen')", "true"),
        ("selected(/data/many, 'he')", "false"),
        ("selected-at(/data/many, 1)", "hen"),
        ("selected-at(/data/many, 9)", ""),
        ("count-selected(/data/many)", "2"),
        ("count-non-empty(/data/kid/age)", "2"),
        ("count(/data/kid)", "3"),
        ("regex('010199000000', '[0-9]{12}')", "true"),
        ("regex('0101990000001', '[0-9]{12}')", "false"),
        ("int(-2.7)", "-2"),
        ("int('x')", ""),
        ("round(2.5)", "3"),
        ("round(1234.567, 2)", "1234.57"),
        ("round(2.345, 2)", "2.35"),
        ("round(1250, -2)", "1300"),
        ("pow(2, 10)", "1024"),
        ("pow(0, -1)", ""),
        ("pow(10, 400)", "Infinity"),
        ("sqrt(-1)", ""),
        ("abs(-4)", "4"),
        ("log10(1000)", "3"),
        ("round(pi(), 4)", "3.1416"),
        ("min(3, /data/amount, 8)", "3"),
        ("max(/data/kid/age)", "12"),
        ("max(/data/empty)", ""),
        ("sum(/data/kid[age != '']/age)", "15"),
        ("today()", "2026-11-21"),
        ("now()", "2026-11-21T08:30:00.000+07:00"),
        ("date('2026-11-21T23:30:00.000+07:00')", "2026-11-21"),
        ("date('2026-11-21T23:30:00.000Z')", "2026-11-22"),
        ("date('2026-02-30')", ""),
        ("date(today() + 30)", "2026-12-21"),
        ("date-time('2026-01-02')", "2026-01-02T00:00:00.000+07:00"),
        ("format-date(/data/born, '%e/%n/%Y %y %%')", "20/5/1990 90 %"),
        ("format-date('', '%d')", ""),
        (
            "format-date-time('2026-11-21T09:05:07.250+07:00', '%d/%m/%Y %H:%M:%S.%3 %h')",
            "21/11/2026 09:05:07.250 9",
        ),
        ("decimal-date-time('1970-01-02T12:00:00.000+07:00')", "1.5"),
        ("decimal-time('06:00:00.000')", "0.25"),
        ("/data/born < today()", "true"),
        ("/data/born >= '2000-01-01'", "false"),
        ("today() - /data/born", "13334"),
        ("int((today() - /data/born) div 365.25)", "36"),
        ("concat(/data/name, '-', 5, '-', /data/kid/who)", "Lý A Mẫu-5-AnBình"),
        ("join(', ', /data/kid/age)", "3, 12, "),
        ("substr('Mường', 1, 3)", "ườ"),
        ("substr('Mường', -2)", "ng"),
        ("substring('Mường', 2, 2)", "ườ"),
        ("substring-before('a/b', '/')", "a"),
        ("substring-after('a/b', '/')", "b"),
        ("string-length('Mẫu')", "3"),
        ("normalize-space('  a   b ')", "a b"),
        ("translate('a.b', '.', ',')", "a,b"),
        (
            "contains(/data/name, 'Mẫu') and starts-with(/data/name, 'Lý') and ends-with(/data/name, 'ẫu')",
            "true",
        ),
        ("boolean-from-string('true')", "true"),
        ("boolean-from-string('no')", "false"),
        ("string(true())", "true"),
        ("number('12.50')", "12.5"),
        ("number('12,5')", ""),
        ("checklist(1, 2, 'a' = 'a', 'b' = 'c')", "true"),
        ("checklist(2, -1, true(), false(), true())", "true"),
        ("weighted-checklist(5, -1, true(), 3, true(), 1)", "false"),
        ("not(/data/empty)", "true"),
        ("not(/data/kid[age > 5])", "false"),
        ("indexed-repeat(/data/kid/who, /data/kid, 2)", "Bình"),
        ("indexed-repeat(/data/kid/who, /data/kid, 9)", ""),
        ("jr:itext('yes:label')", "text yes:label"),
        ("jr:choice-name('a', '/data/many')", "/data/many=a"),
        ("version()", "7"),
        ("/data/kid[position() = 2]/who", "Bình"),
        ("/data/*[. = 'pig hen']", "pig hen"),
        ("//who", "An"),
        ("/data/name | /data/born", "Lý A Mẫu"),
        ("instance('nowhere')/root/item[name = /data/name]/label", ""),
        ("pulldata('nowhere', 'label', 'name', /data/name)", ""),
        ("digest('abc', 'MD5', 'hex')", "900150983cd24fb0d6963f7d28e17f72"),
        ("digest('abc', 'SHA-1', 'hex')", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("digest('abc', 'SHA-256')", "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="),
        ("substr(digest('abc', 'SHA-384', 'hex'), 0, 8)", "cb00753f"),
        ("substr(digest('abc', 'sha-512', 'base64'), 0, 8)", "3a81oZNh"),
        ("base64-decode('TcaDdQ==')", "Mƃu"),
        ("base64-decode('TeG6q3U=')", "Mẫu"),
        ("base64-decode('%%%')", ""),
        # Bytes 0 and 1 between two letters, and U+FFFF: XML carries none of them.
        ("base64-decode('QQABQg==')", "AB"),
        ("base64-decode('Qe+/v0I=')", "AB"),
        ("property('deviceid')", ""),
        ("join('', randomize(/data/kid/who, 42))", "AnBình"),
        ("string-length(uuid(12))", "12"),
        ("format-date('2026-11-22', '%a %e %b %Y')", "CN 22 thg 11 2026"),
        ("area('21.5 104.5 0 0;21.5 104.501 0 0;21.501 104.501 0 0;21.501 104.5 0 0')", "11529.59"),
        ("area('21.5 104.5 0 0;21.5 104.501 0 0')", "0"),
        ("area('somewhere')", ""),
        ("distance('0 0 0 0;0 1 0 0')", "111318.85"),
        ("distance('0 0', '0 1', '0 0')", "222637.69"),
        ("distance('91 0;0 0')", ""),
        ("geofence('0.5 0.5', '0 0;0 1;1 1;1 0;0 0')", "true"),
        ("geofence('0.5 1.5', '0 0;0 1;1 1;1 0;0 0')", "false"),
        ("geofence('', '0 0;0 1;1 1;1 0;0 0')", "false"),
        ("intersects('0 0;1 1;0 1;1 0')", "true"),
        ("intersects('0 0;0 1;1 1;1 0;0 0')", "false"),
        ("intersects('0 0;0 2;0 1')", "true"),
        ("selected-at(/data/many, -1)", ""),
        ("round(-2.5)", "-3"),
        ("sum(/data/kid/age)", ""),
    ],
)
def test_an_expression_means_what_odk_says(source: str, expected: str) -> None:
    assert value(source) == expected


def test_every_function_on_the_list_is_tried_here() -> None:
    """The list above and the ones below leave no supported function untried."""
    from hub.forms.functions import FUNCTIONS

    tried = " ".join(mark.args[1][at][0] for mark in _marks() for at in range(len(mark.args[1])))
    rarely = {
        "exp",
        "exp10",
        "log",
        "sin",
        "cos",
        "tan",
        "asin",
        "acos",
        "atan",
        "atan2",
        "random",
        "uuid",
        "current",
    }
    rarely |= {"floor", "ceiling", "local-name", "name", "last", "false", "boolean"}
    assert {name for name in FUNCTIONS if f"{name}(" not in tried} <= rarely


def _marks() -> list[pytest.Mark]:
    return list(test_an_expression_means_what_odk_says.pytestmark)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("exp(0) + exp10(2) + log(1)", 101.0),
        ("round(sin(0) + cos(0) + tan(0) + asin(0) + acos(1) + atan(0) + atan2(0, 1), 6)", 1.0),
        ("floor(2.9) + ceiling(2.1)", 5.0),
        ("string-length(local-name(.)) + string-length(name(.))", 8.0),
        ("number(boolean(/data/name)) + number(false())", 1.0),
        ("/data/kid[last()]/age = ''", 1.0),
    ],
)
def test_the_rarer_functions_calculate(source: str, expected: float) -> None:
    assert compiled(source).number(scope()) == expected


def test_random_and_uuid_are_marked_so_that_they_are_not_drawn_twice() -> None:
    assert compiled("uuid()").volatile and compiled("random() * 3").volatile
    assert not compiled("today()").volatile
    assert value("uuid()") != value("uuid()")
    assert 0 <= float(value("random()")) < 1


SECOND_KID = DATA.findall("kid")[1]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("/data/kid/who", "Bình"),
        ("../who", "Bình"),
        ("position(..)", "2"),
        ("sum(/data/kid/age)", "12"),
        ("count(/data/kid)", "3"),
        ("indexed-repeat(/data/kid/who, /data/kid, position(..) - 1)", "An"),
        ("/data/kid[who = current()/../who]/age", "12"),
        ("/data/kid[who = /data/kid/who]/age", "12"),
        ("concat(/data/name, /data/kid/age)", "Lý A Mẫu12"),
    ],
)
def test_inside_a_repeat_a_path_means_this_very_repeat(source: str, expected: str) -> None:
    expression = compiled(source, ("data", "kid", "age"))
    assert expression.text(scope(SECOND_KID[1])) == expected


@pytest.mark.parametrize(
    "source", ["", "1 +", "(", "a b", "if(1", "'open", "/data/", "a[", "$x", "1 2", "foo::a", "..a"]
)
def test_what_is_not_an_expression_is_refused(source: str) -> None:
    with pytest.raises(Refused) as caught:
        compiled(source)
    assert caught.value.key == "forms.broken_expression"


@pytest.mark.parametrize(
    ("source", "key"),
    [
        ("search('x')", "forms.unsupported_function"),
        ("digest('x', 'CRC32')", "forms.unsupported_function"),
        ("document('file:///etc/hostname')", "forms.unsupported_function"),
        ("if(1, 2)", "forms.wrong_argument_count"),
        ("true(1)", "forms.wrong_argument_count"),
        ("/data/nowhere", "forms.unknown_reference"),
        ("/other/name", "forms.unknown_reference"),
        ("regex(., '(')", "forms.broken_pattern"),
        ("house-p:root()", "forms.unsupported_function"),
    ],
)
def test_what_the_engine_or_the_form_does_not_know_is_refused_by_name(source: str, key: str) -> None:
    with pytest.raises(Refused) as caught:
        compiled(source)
    assert caught.value.key == key


def test_an_expression_nested_without_end_is_refused() -> None:
    with pytest.raises(Refused):
        compiled("(" * 5000 + "1" + ")" * 5000)
    with pytest.raises(Refused):
        compiled("-" * 20_000 + "1")


def test_what_only_fails_when_run_is_refused_and_named() -> None:
    with pytest.raises(Refused) as caught:
        compiled("count('text')").value(scope())
    assert caught.value.key == "forms.broken_expression"
    assert caught.value.values["expression"] == "count('text')"


def test_asking_for_the_time_without_being_given_it_is_a_mistake_of_the_program() -> None:
    with pytest.raises(ValueError, match="village"):
        compiled("today()").text(scope(now=None))
    with pytest.raises(ValueError, match="village"):
        compiled("now()").text(scope(now=datetime(2026, 11, 21)))


def test_today_is_the_villages_date_not_londons() -> None:
    early = datetime(2026, 11, 22, 0, 10, tzinfo=VILLAGE)
    assert compiled("today()").text(scope(now=early)) == "2026-11-22"


def test_an_expression_knows_the_questions_it_looks_at() -> None:
    needs = compiled("if(/data/amount > 1, ../born, /data/kid[age = /data/empty]/who)").needs
    names = {"/".join(path) for path in needs}
    assert names == {"data/amount", "data/born", "data/kid/who", "data/kid/age", "data/empty"}
    assert compiled("sum(/data/kid/*)", ("data", "name")).needs == {("data", "kid", "*")}


_PIECES = st.sampled_from(
    "/data/name ../age . .. /data/kid 'x' 1 2.5 ( ) [ ] , + - * div mod and or = != < >= | "
    "today() count( if( sum( position( concat( selected( regex( current() instance('a') date( int( "
    "// @ :: $ é \u0301 randomize( area( distance( geofence( intersects( digest( 'MD5' base64-decode( "
    "pulldata( join( format-date( uuid(".split(" ")
)


@settings(max_examples=300)
@given(st.lists(_PIECES, max_size=12).map(" ".join) | st.text(max_size=40))
def test_random_expressions_are_evaluated_or_refused(source: str) -> None:
    try:
        expression = compiled(source, ("data", "kid", "age"))
        expression.text(scope(SECOND_KID[1]))
        expression.true(scope(SECOND_KID[1]))
        expression.number(scope(SECOND_KID[1]))
    except Refused:
        pass


@given(
    st.recursive(
        st.integers(0, 9).map(str),
        lambda inner: st.tuples(inner, st.sampled_from("+-*"), inner).map(
            lambda three: f"({three[0]} {three[1]} {three[2]})"
        ),
        max_leaves=8,
    )
)
def test_arithmetic_agrees_with_python(source: str) -> None:
    assert compiled(source).number(scope()) == float(eval(source))  # noqa: S307 - digits and signs only


@given(st.text(max_size=30).filter(lambda text: "'" not in text and text.isprintable()))
def test_a_quoted_text_comes_back_as_it_was(text: str) -> None:
    assert isinstance(xpath.parse(f"'{text}'"), xpath.Literal)
    assert value(f"'{text}'") == text


def test_one_expression_serves_many_threads_at_once() -> None:
    expression = compiled("concat(/data/name, ' ', int((today() - /data/born) div 365.25), ' ', string(.))")
    trees = [etree.fromstring(etree.tostring(DATA)) for _ in range(6)]
    for number, tree in enumerate(trees):
        tree[0].text = f"person {number}"
    wrong: list[str] = []

    def work(number: int) -> None:
        here = Scope(_NoForm(), trees[number], trees[number][0], NOW)
        for _ in range(300):
            told = expression.text(here)
            if told != f"person {number} 36 person {number}":
                wrong.append(told)

    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    assert not wrong


def test_a_label_that_quotes_itself_is_refused_and_does_not_hang() -> None:
    model = (
        '<itext><translation lang="vi"><text id="t"><value>x <output value="jr:itext(\'t\')"/></value></text>'
        '</translation></itext><bind nodeset="/data/a" calculate="jr:itext(\'t\')"/>'
    )
    from hub.forms import xform
    from hub.forms.instance import Instance

    form = xform.read(samples.raw(model=model))
    told: list[str] = []

    def work() -> None:
        try:
            Instance.new(form, now=NOW, instance_id="uuid:1")
        except Refused as refused:
            told.append(refused.key)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(20)
    assert told == ["forms.circular"]


def test_an_expression_takes_microseconds() -> None:
    expression, here = compiled("/data/name != '' and /data/amount = 12.5"), scope()
    best = min(timeit.repeat(lambda: expression.true(here), number=500, repeat=5)) / 500
    assert best < 200e-6
