"""Letters are handsome, archivable and the same each time; what people wrote stays text."""

import copy
import re
import subprocess
import sys

import pypdfium2
import pytest

from portal.outside import pdf
from portal.outside.pdf import UnknownLetter, render
from tests.outside.letter_samples import (
    ADDENDUM,
    COVER_LETTER,
    NOTICE,
    NOTICE_ES,
    QUESTIONS,
    RECORD,
    REPORT,
    SAMPLES,
)


def words_of(made):
    """The text of every page, with each run of white space as one space."""
    document = pypdfium2.PdfDocument(made)
    try:
        pages = [page.get_textpage().get_text_bounded() for page in document]
    finally:
        document.close()
    return " ".join(" ".join(pages).split())


def texts_in(data):
    """Every text that a letter was given, paragraph by paragraph."""
    if isinstance(data, str):
        return [" ".join(line.split()) for line in data.splitlines() if line.strip()]
    if isinstance(data, dict):
        return [
            text for key, part in data.items() if key not in ("dated", "language") for text in texts_in(part)
        ]
    return [text for part in data for text in texts_in(part)] if isinstance(data, list) else []


def squeezed(text):
    return re.sub(r"\s", "", text)


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_letter_says_all_it_was_given(sample):
    data = SAMPLES[sample]
    if sample == "record":
        data = {**data, "entries": data["entries"][:2]}

    said = squeezed(words_of(render(sample.split("-")[0], data)))

    assert [text for text in texts_in(data) if squeezed(text) not in said] == []


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_letter_is_the_same_each_time_and_declares_its_standards(sample):
    first, second = (render(sample.split("-")[0], SAMPLES[sample]) for _ in range(2))

    assert first == second
    assert b"pdfuaid:part" in first
    assert b"<pdfaid:part>2</pdfaid:part>" in first
    assert b"<pdfaid:conformance>A</pdfaid:conformance>" in first


def test_a_letter_carries_its_own_date_and_not_the_day_it_was_made():
    made = render("report", REPORT)

    assert b"D:20260318" in made


def test_every_page_says_its_number_and_the_reference():
    document = pypdfium2.PdfDocument(render("record", RECORD))
    pages = [page.get_textpage().get_text_bounded() for page in document]
    count = len(document)
    document.close()

    assert count > 1
    for number, said in enumerate(pages, 1):
        assert f"Page {number} of {count}" in said
        assert RECORD["reference"] in said


def test_the_report_answers_each_question_word_for_word_in_order():
    said = words_of(render("report", REPORT))

    places = [said.index(f"{number}. {question}") for number, question in enumerate(QUESTIONS, 1)]
    assert places == sorted(places)
    assert said.index("Certificate and signature") > places[-1]
    assert "Total pages 103" in said


def test_the_addendum_names_the_report_it_belongs_to_by_its_fingerprint():
    said = words_of(render("addendum", ADDENDUM))

    assert ADDENDUM["report_sha256"] in said
    assert "Addendum 2" in said
    assert "It follows addendum 1" in said


def test_the_cover_letter_leaves_out_what_is_empty():
    bare = {**COVER_LETTER, "emphasis": [], "records": [], "deadlines": []}

    said = words_of(render("cover_letter", bare))

    for heading in ("Please pay attention to", "Records you receive", "When we need it"):
        assert heading not in said


def test_the_notice_speaks_the_language_of_the_claimant():
    assert "What to bring" in words_of(render("notice_of_examination", NOTICE))
    assert "9 de febrero de 2026" in words_of(render("notice_of_examination", NOTICE_ES))
    assert "Qué traer" in words_of(render("notice_of_examination", NOTICE_ES))


HOSTILE = [
    '#import "/etc/passwd": *',
    '#read("/etc/passwd")',
    "#panic()",
    "$ x^2 $ *bold* _it_ `raw` @ref <label> // comment /* */",
    "= Heading",
    "#sys.inputs",
    "{{7*7}} {0.__class__} $(id) %s ${x}",
    '\\" \\u{41} "); #eval("1")',
    "<script>alert(1)</script> &amp;",
    "https://127.0.0.1/x",
]


def everywhere(data, text):
    """The same letter with this text in place of every text."""
    if isinstance(data, str):
        return text
    if isinstance(data, dict):
        kept = ("dated", "language")
        return {key: part if key in kept else everywhere(part, text) for key, part in data.items()}
    return [everywhere(part, text) for part in data] if isinstance(data, list) else data


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("letter", sorted({sample.split("-")[0] for sample in SAMPLES}))
def test_no_text_is_read_as_markup_wherever_it_stands(letter, text):
    said = words_of(render(letter, everywhere(SAMPLES[letter], text)))

    assert squeezed(text) in squeezed(said)
    assert "root:" not in said


@pytest.mark.parametrize(
    "text", ["", " ", "\n\n\n", "\x00\x07\x1b", "\ue000", "\ud800", "\u202e\u200b\ufeff", "\r\n\r\na\rb"]
)
def test_text_without_anything_to_print_is_no_error(text):
    assert b"pdfuaid:part" in render("report", {**everywhere(REPORT, text), "title": "Report"})


def test_paragraphs_are_parted_by_blank_lines_and_lines_stay_lines():
    one = copy.deepcopy(REPORT)
    one["sections"] = [{"heading": "History", "text": "First line\nsecond line\r\n \r\nNew paragraph"}]

    document = pypdfium2.PdfDocument(render("report", one))
    said = document[0].get_textpage().get_text_bounded()
    document.close()

    assert re.search(r"First line\s*\r?\nsecond line\s*\r?\nNew paragraph", said)


def test_a_letter_our_font_lacks_still_comes_out(caplog):
    made = render("record", {**RECORD, "patient": "田中 花子", "entries": RECORD["entries"][:1]})

    assert made.startswith(b"%PDF-")
    assert "left the archive standard" in caplog.text
    assert "田中" not in caplog.text


@pytest.mark.parametrize(
    "name", ["", "nothing", "_house", "../report", "report.typ", "/etc/passwd", "Report", "report\n"]
)
def test_only_the_letters_that_exist_are_rendered(name):
    with pytest.raises(UnknownLetter):
        render(name, REPORT)


def test_a_letter_with_a_part_missing_is_an_error_of_ours_and_no_half_letter():
    without = {key: part for key, part in REPORT.items() if key != "signature"}

    with pytest.raises(RuntimeError, match="signature"):
        render("report", without)


def test_every_template_has_its_shape_and_its_sample():
    templates = {place.stem for place in pdf.LETTERS.glob("*.typ") if not place.stem.startswith("_")}

    assert templates == {sample.split("-")[0] for sample in SAMPLES}


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_sample_has_exactly_the_parts_of_its_shape(sample):
    shape = getattr(
        pdf, "".join(word.title() for word in sample.split("-")[0].split("_")).replace("Of", "Of")
    )

    assert SAMPLES[sample].keys() == shape.__annotations__.keys() | pdf.Letter.__annotations__.keys()


def test_typst_is_loaded_only_when_a_letter_is_rendered():
    check = "import sys, portal.outside.pdf; print('typst' in sys.modules)"

    said = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, check=True, cwd=pdf.HERE.parent
    )

    assert said.stdout.strip() == "False"
