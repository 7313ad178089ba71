"""Reading XForms: what is understood, and what is refused by name."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence

import pytest

from hub.base.errors import Refused
from hub.forms import model, xform
from hub.forms.instance import Instance
from hub.forms.model import GroupNode, QuestionNode, QuestionType, RepeatNode
from hub.forms.typed import DataType
from tests.forms import samples
from tests.forms.samples import NOW


def types(nodes: Sequence[model.BodyNode]) -> dict[str, QuestionType]:
    return {node.path[-1]: node.type for node in model.walk(nodes) if isinstance(node, QuestionNode)}


def test_a_form_tells_its_name_version_and_languages() -> None:
    form = samples.form("household")
    assert (form.form_id, form.version, form.title) == ("household", "2026112101", "Hộ gia đình")
    assert form.languages == ("Tiếng Việt (vi)", "English (en)")
    assert form.language("en") == "English (en)"
    assert form.language("hmn") == form.default_language == "Tiếng Việt (vi)"
    assert form.public_key is None


def test_every_kind_of_question_keeps_its_authors_type() -> None:
    found = types(samples.form("household").body)
    expected = {
        "welcome": "note",
        "name": "text",
        "born_on": "date",
        "married": "select_one",
        "certificate": "image",
        "rice": "decimal",
        "animals": "select_multiple",
        "at": "time",
        "child_age": "integer",
        "letter": "file",
        "agreed": "acknowledge",
    }
    assert {name: found[name].value for name in expected} == expected


def test_a_read_only_text_that_has_something_to_show_is_no_note() -> None:
    form = samples.written(
        "| | type | name | label | read_only | default | calculation |\n"
        "| | text | told | Told | yes | given | |\n| | text | computed | Computed | yes | | 1 + 1 |\n"
        "| | text | bare | Bare | yes | | |\n"
    )
    assert [one.value for one in types(form.body).values()] == ["text", "text", "note"]


def test_groups_and_repeats_keep_their_nesting() -> None:
    body = samples.form("nested").body
    family = body[0]
    assert isinstance(family, RepeatNode) and not family.fixed
    member = family.children[-1]
    assert isinstance(member, RepeatNode) and member.fixed and member.count is not None
    head = next(node for node in samples.form("household").body if isinstance(node, GroupNode))
    assert head.appearance == ("field-list",)


def test_the_public_key_comes_out_unescaped() -> None:
    form = xform.read(samples.raw(model='<submission base64RsaPublicKey="MIIB&#10;AQ=="/>'))
    assert form.public_key == "MIIB\nAQ=="


def test_binds_know_their_kind_and_rules() -> None:
    bind = samples.form("household").binds[("data", "head", "born_on")]
    assert bind.kind is DataType.DATE
    assert bind.required is not None and bind.constraint is not None and bind.relevant is None


def test_questions_are_settled_after_what_they_depend_on() -> None:
    order = samples.form("household").order
    at = {path[-1]: place for place, path in enumerate(order)}
    assert at["born_on"] < at["age"]
    assert at["married"] < at["spouse"]
    assert at["vehicles"] < at["plate"]
    assert at["child_age"] < at["children_years"]


def test_a_form_without_an_instance_id_gets_one_so_that_a_resend_is_no_duplicate() -> None:
    instance = Instance.new(xform.read(samples.raw()), now=NOW, instance_id="uuid:7")
    assert instance.instance_id == "uuid:7"
    assert b"uuid:7</orx:instanceID>" in instance.submission_xml()


def test_an_instance_with_a_namespace_of_its_own_keeps_it_when_sent() -> None:
    form = xform.read(samples.raw(root='xmlns="http://example.org/visit" version="1"'))
    assert form.form_id == "http://example.org/visit"
    sent = Instance.new(form, now=NOW, instance_id="uuid:7").submission_xml()
    assert b'<data xmlns="http://example.org/visit"' in sent
    assert Instance.from_xml(form, sent).instance_id == "uuid:7"


@pytest.mark.parametrize(
    ("xml", "key"),
    [
        (b"<a/>", "forms.not_a_form"),
        (samples.raw(root='version="1"'), "forms.no_form_id"),
        (samples.raw(model='<bind nodeset="/data/b"/>'), "forms.unknown_reference"),
        (samples.raw(model='<bind nodeset="/data/a" calculate="/data/b"/>'), "forms.unknown_reference"),
        (samples.raw(model='<bind nodeset="/data/a" relevant="1 +"/>'), "forms.broken_expression"),
        (samples.raw(model='<bind nodeset="/data/a" calculate="search(.)"/>'), "forms.unsupported_function"),
        (samples.raw(model='<bind nodeset="/data/a" jr:preload="patient"/>'), "forms.unsupported_feature"),
        (samples.raw(model='<instance id="x" src="jr://file-csv/x.csv"/>'), "forms.file_missing"),
        (samples.raw(model='<instance id="x" src="http://x.example/x.csv"/>'), "forms.unsupported_external"),
        (samples.raw(model='<instance id="x" src="jr://file/../x.xml"/>'), "forms.unsupported_external"),
        (samples.raw(model='<bind nodeset="/data/a" calculate="instance(\'x\')/a"/>'), "forms.unknown_list"),
        (
            samples.raw('<select1 ref="/data/a" appearance="minimal search(\'x\')"/>'),
            "forms.unsupported_function",
        ),
        (samples.raw(model='<action ref="/data/a"/>'), "forms.unsupported_feature"),
        (samples.raw('<input ref="/data/b"/>'), "forms.unknown_reference"),
        (samples.raw('<range ref="/data/a"/>'), "forms.unsupported_question"),
        (samples.raw('<input ref="/data/a"><label ref="jr:itext(\'no\')"/></input>'), "forms.unknown_text"),
        (samples.raw('<group><repeat nodeset="/data/b"/></group>'), "forms.unknown_reference"),
        (
            samples.raw('<input ref="/data/a"/>', '<bind nodeset="/data/a" type="hologram"/>'),
            "forms.unsupported_question",
        ),
        (
            samples.raw(
                model='<bind nodeset="/data/a" calculate="/data/b"/>'
                '<bind nodeset="/data/b" calculate="/data/a"/>',
                data="<a/><b/>",
            ),
            "forms.circular",
        ),
        (
            samples.raw(model='<bind nodeset="/data/g" relevant="/data/g/a != \'\'"/>', data="<g><a/></g>"),
            "forms.circular",
        ),
    ],
)
def test_what_cannot_be_run_is_refused_by_name(xml: bytes, key: str) -> None:
    with pytest.raises(Refused) as caught:
        xform.read(xml)
    assert caught.value.key == key


def test_a_refusal_names_the_question_it_is_about() -> None:
    with pytest.raises(Refused) as caught:
        xform.read(samples.raw(model='<bind nodeset="/data/a" relevant="1 +"/>'))
    assert caught.value.values == {"path": "/data/a", "expression": "1 +"}


def test_choices_written_into_the_body_work_too() -> None:
    body = (
        '<select1 ref="/data/a"><label>A</label><item><label>One</label><value>1</value></item>'
        "<item><label>Two</label><value>2</value></item></select1>"
    )
    form = xform.read(samples.raw(body))
    instance = Instance.new(form, now=NOW, instance_id="uuid:1")
    choices = form.questions[("data", "a")].choices
    assert choices is not None
    assert choices.listed(form, instance.scope(instance.node("/data/a"))) == [("1", "One"), ("2", "Two")]


def test_three_thousand_choices_are_searched_by_index_not_one_by_one() -> None:
    items = "".join(
        f"<item><name>v{n}</name><label>L{n}</label><in>c{n % 100}</in></item>" for n in range(3000)
    )
    body = (
        '<select1 ref="/data/b"><label>B</label>'
        "<itemset nodeset=\"instance('v')/root/item[in = /data/a and name != '']\">"
        '<value ref="name"/><label ref="label"/></itemset></select1>'
    )
    form = xform.read(samples.raw(body, f'<instance id="v"><root>{items}</root></instance>', "<a/><b/>"))
    instance = Instance.new(form, now=NOW, instance_id="uuid:1")
    instance.set("/data/a", "c7")
    choices = form.questions[("data", "b")].choices
    assert choices is not None
    scope = instance.scope(instance.node("/data/b"))
    listed = choices.listed(form, scope)
    assert [value for value, _ in listed] == [f"v{n}" for n in range(3000) if n % 100 == 7]
    began = time.perf_counter()
    for _ in range(20):
        choices.offered(form, scope)
    assert (time.perf_counter() - began) / 20 < 0.01


def test_reading_a_form_does_not_bring_pyxform_into_the_process() -> None:
    rooms = "hub.forms.questions, hub.forms.xform, hub.forms.seal, hub.forms.merge"
    code = f"import sys, {rooms}; print('pyxform' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert run.stdout.strip() == "False"
