"""docs/FORMS.md says what the corpus and the tests prove, of every name there is."""

from __future__ import annotations

from hub.forms import functions
from tests.forms import cases, matrix


def test_the_document_is_what_the_proofs_say() -> None:
    written = matrix.TARGET.read_text(encoding="utf-8")
    assert written == matrix.text(), "run: python -m tests.forms.matrix"


def test_every_name_has_a_proof_and_no_proof_is_of_an_unknown_name() -> None:
    told = matrix.rows()
    assert not [row.key for row in told if not row.proofs]
    known = {row.key for row in told}
    assert len(known) == len(told)
    assert not {key for case in cases.all() for key in case.proves} - known


def test_every_test_named_as_a_proof_is_there() -> None:
    named = [proof for row in matrix.rows() for proof in row.proofs if not proof.startswith("corpus/")]
    assert named and not [proof for proof in named if not matrix.has_test(proof)]


def test_every_function_the_engine_has_is_a_name_of_the_document_or_xpaths_own() -> None:
    own = {"floor", "ceiling", "last", "local-name", "name", "substring"}
    documented = {row.name.partition("(")[0] for row in matrix.rows() if row.section == "Functions"}
    assert set(functions.FUNCTIONS) - own == documented
