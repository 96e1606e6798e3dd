"""Finds the real PDF files that some tests upload; they live beside the repository, not in it."""

from pathlib import Path

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "pdfs"


def find_pdfs() -> list[Path]:
    """Every file of the folder in the order of its names; empty where there is no such folder."""
    return sorted(path for path in FOLDER.glob("*.pdf") if path.is_file())
