"""A file is what its bytes are, or it is refused with a sentence; nothing it does reaches the portal."""

import base64
import io
import json
import signal
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from portal.outside import inspect, opening
from portal.outside.inspect import ACCEPTED, Inspected, Refused, clean_name, inspect_file, inspect_files

DOCUMENT = b'<?xml version="1.0"?><w:document xmlns:w="http://example.com/w"><w:body/></w:document>'
WORD_PARTS = {"[Content_Types].xml": b"<Types/>", "word/document.xml": DOCUMENT}
HTML = b"<!DOCTYPE html><html><body><script>alert(1)</script></body></html>"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
PROGRAM = b"MZ" + bytes(58) + b"\x80\x00\x00\x00" + bytes(64) + b"PE\x00\x00" + bytes(200)


def pdf(pages=1, **save):
    made = io.BytesIO()
    with pikepdf.new() as document:
        for _ in range(pages):
            document.add_blank_page(page_size=(612, 792))
        document.save(made, **save)
    return made.getvalue()


def picture(kind, size=(40, 30), **save):
    made = io.BytesIO()
    Image.new("RGB", size, "navy").save(made, kind, **save)
    return made.getvalue()


def word(parts=WORD_PARTS, **more):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in {**parts, **more}.items():
            packed.writestr(name, content)
    return made.getvalue()


def png_of(width, height):
    def chunk(kind, content):
        return len(content).to_bytes(4) + kind + content + zlib.crc32(kind + content).to_bytes(4)

    header = width.to_bytes(4) + height.to_bytes(4) + bytes([8, 2, 0, 0, 0])
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


@pytest.fixture
def upload(tmp_path):
    """Writes the bytes of an upload to a file; returns its path and its name."""

    def write(content, name):
        place = tmp_path / f"upload-{len(list(tmp_path.iterdir()))}"
        place.write_bytes(content)
        return place, name

    return write


# A blue picture of 64 by 48 pixels; Pillow reads this kind and cannot write it.
HEIC = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAa1tZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAA"
    "AAAAAA5waXRtAAAAAAACAAAAEGlkYXQAAAAAAEAAMAAAADhpbG9jAQAAAERAAAIAAQAAAAAAAAHRAAEAAAAAAAAAGQACAAEA"
    "AAAAAAAAAQAAAAAAAAAIAAAAOGlpbmYAAAAAAAIAAAAVaW5mZQIAAAEAAQAAaHZjMQAAAAAVaW5mZQIAAAAAAgAAZ3JpZAAA"
    "AADYaXBycAAAALZpcGNvAAAAdmh2Y0MBA3AAAAAAAAAAAAAe8AD8/fj4AAAPAyAAAQAYQAEMAf//A3AAAAMAkAAAAwAAAwAe"
    "ugJAIQABACpCAQEDcAAAAwCQAAADAAADAB6gIIEFlurkprm4EBAwIAAAAwAgAAADACEiAAEABkQBwXPAiQAAABRpc3BlAAAA"
    "AAAAAEAAAABAAAAAFGlzcGUAAAAAAAAAQAAAADAAAAAQcGl4aQAAAAADCAgIAAAAGmlwbWEAAAAAAAAAAgABAoECAAICA4QA"
    "AAAaaXJlZgAAAAAAAAAOZGltZwACAAEAAQAAACFtZGF0AAAAFSgBrwtg9eWDr//6uHW9zCPGVP9Q4A=="
)

GOOD = {
    "one page.pdf": (pdf(), "application/pdf", 1),
    "THREE PAGES.PDF": (pdf(3), "application/pdf", 3),
    "owner password only.pdf": (
        pdf(2, encryption=pikepdf.Encryption(owner="owner", user="")),
        "application/pdf",
        2,
    ),
    "photo.jpg": (picture("JPEG"), "image/jpeg", 1),
    "photo.JPEG": (picture("JPEG"), "image/jpeg", 1),
    "scan.png": (picture("PNG"), "image/png", 1),
    "scan.tif": (picture("TIFF"), "image/tiff", 1),
    "fax.tiff": (
        picture("TIFF", save_all=True, append_images=[Image.new("RGB", (9, 9))] * 2),
        "image/tiff",
        3,
    ),
    "photo.heic": (HEIC, "image/heic", 1),
    "photo.webp": (picture("WEBP"), "image/webp", 1),
    "letter.docx": (word(), opening.DOCX, None),
}


@pytest.mark.parametrize("name", GOOD)
def test_an_accepted_file_is_named_and_counted(upload, name):
    content, media_type, pages = GOOD[name]

    assert inspect_file(*upload(content, name)) == Inspected(media_type, pages)


BAD = {
    "empty.pdf": (b"", "empty"),
    "page.html": (HTML, "HTML files cannot be taken"),
    "payload.HtMl": (HTML, "HTML files cannot be taken"),
    "drawing.svg": (SVG, "SVG files cannot be taken"),
    "data.xml": (DOCUMENT, "XML files cannot be taken"),
    "script.js": (b"alert(1)", "JS files cannot be taken"),
    "setup.exe": (PROGRAM, "EXE files cannot be taken"),
    "records.zip": (word(), "ZIP files cannot be taken"),
    "macros.docm": (word(), "DOCM files cannot be taken"),
    "notes.txt": (b"some notes", "TXT files cannot be taken"),
    "report.pdf.exe": (PROGRAM, "EXE files cannot be taken"),
    "report.pdf\x00.exe": (pdf(), "EXE files cannot be taken"),
    "report\u202efdp.exe": (pdf(), "EXE files cannot be taken"),
    "report.pdf:stream.exe": (pdf(), "EXE files cannot be taken"),
    "report.exe. . .": (pdf(), "EXE files cannot be taken"),
    "report": (pdf(), "no ending"),
    ".pdf": (pdf(), "no ending"),
    "": (pdf(), "no ending"),
    "html.jpg": (HTML, "not a JPEG picture"),
    "svg.png": (SVG, "not a PNG picture"),
    "program.pdf": (PROGRAM, "not a PDF"),
    "program.docx": (PROGRAM, "not a Word document"),
    "text.pdf": (b"Dear doctor, %PDF-1.7", "not a PDF"),
    "junk before.pdf": (b"<script>1</script>" + pdf(), "not a PDF"),
    "pdf.jpg": (pdf(), "This file is a PDF, but its name says JPEG picture"),
    "png.pdf": (picture("PNG"), "This file is a PNG picture, but its name says PDF"),
    "gif.png": (picture("GIF"), "not a PNG picture"),
    "locked.pdf": (pdf(encryption=pikepdf.Encryption(owner="owner", user="user")), "locked with a password"),
    "cut.pdf": (b"%PDF-1.7\n" + bytes(300), "damaged"),
    "pages.pdf": (pdf(0), "has no pages"),
    "cut.jpg": (picture("JPEG", (400, 300), quality=95)[:1500], "damaged or cut off"),
    "cut.png": (picture("PNG", (400, 300))[:-30], "damaged or cut off"),
    "head only.jpg": (b"\xff\xd8\xff\xe0" + bytes(20), "damaged or cut off"),
    "head only.tif": (b"II*\x00\x08\x00\x00\x00" + bytes(100), "damaged or cut off"),
    "head only.webp": (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "damaged or cut off"),
    "head only.heic": (HEIC[:200], "damaged or cut off"),
    "huge.png": (png_of(60_000, 60_000), "60,000 by 60,000 pixels"),
    "endless.png": (png_of(2**31 - 1, 2**31 - 1), "pixels"),
    "archive.docx": (word({"readme.txt": b"hello"}), "ZIP archive"),
    "macro.docx": (word(**{"word/vbaProject.bin": b"\x00"}), "macros"),
    "locked.docx": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504), "locked with a password"),
    "bomb.docx": (word(**{"word/media/a.bin": bytes(64 * 1024 * 1024)}), "unpacks into far more"),
    "parts.docx": (word(**{f"word/{n}": b"" for n in range(5_001)}), "unpacks into far more"),
    "climbing.docx": (word(**{"../../etc/cron.d/x": b"x"}), "damaged"),
    "entities.docx": (
        word({**WORD_PARTS, "word/document.xml": b"<!DOCTYPE a [<!ENTITY b 'c'>]><document/>"}),
        "damaged",
    ),
    "flipped.docx": (word().replace(b"word/document.xml", b"word/documemt.xml", 1), "damaged"),
    "cut.docx": (word()[:-40], "damaged"),
}


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory):
    """What one inspection of the whole hostile corpus gives, by name."""
    folder = tmp_path_factory.mktemp("hostile")
    files = []
    for number, (name, (content, _)) in enumerate(BAD.items()):
        (folder / str(number)).write_bytes(content)
        files.append((folder / str(number), name))
    return dict(zip(BAD, inspect_files(files), strict=True))


@pytest.mark.parametrize("name", BAD)
def test_a_hostile_file_is_refused_with_its_sentence(verdicts, name):
    refusal = verdicts[name]

    assert isinstance(refusal, Refused)
    assert BAD[name][1] in refusal.sentence
    assert refusal != inspect.UNOPENED


@pytest.mark.parametrize("name", ["page.html", "records.zip", "html.jpg", "report"])
def test_a_refused_kind_is_told_what_is_accepted(verdicts, name):
    assert ACCEPTED in verdicts[name].sentence


def test_a_pdf_with_too_many_pages_is_refused_and_one_at_the_limit_is_taken():
    assert opening.counted(5_000, "PDF") == 5_000
    with pytest.raises(Refused, match="5,001 pages; the limit is 5,000"):
        opening.counted(5_001, "PDF")


def test_verdicts_come_in_the_order_of_the_files(upload):
    files = [upload(pdf(2), "a.pdf"), upload(HTML, "b.jpg"), upload(pdf(3), "c.pdf")]

    first, second, third = inspect_files(files)

    assert (first.pages, third.pages) == (2, 3)
    assert isinstance(second, Refused)


def test_one_refused_file_is_raised(upload):
    with pytest.raises(Refused, match="HTML files"):
        inspect_file(*upload(HTML, "page.html"))


def test_no_files_need_no_child(monkeypatch):
    monkeypatch.delattr(subprocess, "Popen")

    assert inspect_files([]) == []


def test_a_file_that_is_not_there_is_refused(tmp_path):
    assert inspect_files([(tmp_path / "gone", "gone.pdf")]) == [inspect.UNOPENED]


MISBEHAVIOR = {
    "crashes": f"os.kill(os.getpid(), {int(signal.SIGSEGV)})",
    "hangs": "signal.pause()",
    "burns the processor": "allow_cpu(0)\nwhile True: pass",
    "eats memory": "x = bytearray(4 * 1024**3)",
    "talks nonsense": "print('nonsense', file=out, flush=True)",
    "answers another shape": "print(json.dumps(['ok', 7, 'seven']), file=out, flush=True)",
    "talks without end": "while True: print('x' * 65536, end='', file=out, flush=True)",
    "leaves": "sys.exit(0)",
}


ENDLESS = {"hangs", "burns the processor"}  # only time ends these; the rest is not to hurry on a busy machine


@pytest.mark.parametrize("misbehavior", MISBEHAVIOR)
def test_a_file_that_takes_its_child_down_is_refused_alone(upload, tmp_path, monkeypatch, misbehavior):
    source = Path(opening.__file__).read_text()
    act = "\n".join(f"            {line}" for line in MISBEHAVIOR[misbehavior].splitlines())
    attacked = source.replace(
        "        allow_cpu(CPU_SECONDS)\n",
        f"        allow_cpu(CPU_SECONDS)\n        if name == 'evil.pdf':\n            import signal\n{act}\n",
    )
    child = tmp_path / "opening.py"
    child.write_text(attacked)
    monkeypatch.setattr(opening, "__file__", str(child))
    files = [upload(pdf(1), "a.pdf"), upload(pdf(2), "evil.pdf"), upload(pdf(3), "c.pdf")]

    found = inspect_files(files, seconds=4 if misbehavior in ENDLESS else 60)

    assert attacked != source
    assert found == [Inspected("application/pdf", 1), inspect.UNOPENED, Inspected("application/pdf", 3)]


def test_the_child_can_write_no_file_and_drop_no_core():
    check = (
        f"import sys; sys.path.insert(0, {str(Path(opening.__file__).parent)!r}); import opening, resource\n"
        "opening.limit_process()\n"
        "print([resource.getrlimit(r) for r in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE, resource.RLIMIT_AS)])"
    )

    said = subprocess.run(
        [sys.executable, "-I", "-B", "-c", check], capture_output=True, text=True, check=True
    )

    assert said.stdout.strip() == f"[(0, 0), (0, 0), ({opening.MEMORY}, {opening.MEMORY})]"


def test_the_child_loads_neither_the_portal_nor_its_web_framework(upload):
    path, name = upload(pdf(), "a.pdf")
    check = (
        f"import runpy, sys; runpy.run_path({opening.__file__!r}, run_name='__main__')\n"
        "sys.stderr.write(str([m for m in sys.modules if m.split('.')[0] in ('portal', 'flask', 'peewee')]))"
    )

    said = subprocess.run(
        [sys.executable, "-I", "-B", "-c", check],
        input=json.dumps([[str(path), name]]),
        capture_output=True,
        text=True,
        check=True,
    )

    assert json.loads(said.stdout) == ["ok", "application/pdf", 1]
    assert said.stderr == "[]"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("MRI report.pdf", "MRI report.pdf"),
        ("  Año 2025 – informe.pdf ", "Año 2025 – informe.pdf"),
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\Users\\dana\\scan.pdf", "scan.pdf"),
        ("report.pdf. . ", "report.pdf"),
        ("re\r\nport\t1.pdf", "re port 1.pdf"),
        ("report\x00.pdf", "report.pdf"),
        ("report\u202efdp.exe", "reportfdp.exe"),
        ("zero\u200bwidth\ufeff.pdf", "zerowidth.pdf"),
        ('a<b>:"c|?*.pdf', "a-b---c---.pdf"),
        ("e\u0301.pdf", "é.pdf"),
        ("half\ud800pair.pdf", "halfpair.pdf"),
        ("..", "file"),
        ("", "file"),
        ("/", "file"),
        ("x" * 300 + ".pdf", "x" * 116 + ".pdf"),
        ("x" * 300, "x" * 120),
    ],
)
def test_a_name_is_cleaned(given, kept):
    assert clean_name(given) == kept
    assert clean_name(kept) == kept


def test_every_real_file_ends_as_inspected_or_refused(real_pdfs):
    found = inspect_files([(path, path.name) for path in real_pdfs])

    assert len(found) == len(real_pdfs)
    assert all(
        refusal.sentence.endswith(".") and refusal != inspect.UNOPENED
        for refusal in found
        if isinstance(refusal, Refused)
    )
    counted = [file for file in found if isinstance(file, Inspected)]
    assert all(file.media_type == "application/pdf" and file.pages >= 1 for file in counted)
    assert len(counted) > len(real_pdfs) / 2
