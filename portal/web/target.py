"""Where somebody may be sent after a form: pages of this portal and nothing else."""

from urllib.parse import unquote


def own_page(target: str) -> str:
    """The target if every browser reads it as a page of this portal, else nothing."""
    plain = unquote(target)
    is_path = plain.startswith("/") and not plain.startswith("//") and target.startswith("/")
    return target if is_path and "\\" not in plain and plain.isprintable() else ""
