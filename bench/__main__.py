"""`python -m bench`: measure, print the table, keep it and the figures beside this file."""

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import searches
from bench.measure import measure
from bench.site import application
from bench.table import table

HERE = Path(__file__).parent


def main() -> None:
    sizes = sorted({int(size) for size in os.environ.get("CASES", "1000,100000").split(",")})
    with TemporaryDirectory() as folder:
        app = application(Path(folder))
        results = measure(app, Path(folder), sizes, say=lambda sentence: print(sentence, flush=True))
    panel = "\n".join(f"- {sentence}" for sentence in searches.sentences(searches.measure()))
    written = f"{table(results)}\n## Over the whole panel\n\nMedian CPU of {searches.TURNS} turns, facts in memory.\n\n{panel}\n"
    (HERE / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    (HERE / "results.md").write_text(written)
    print("\n" + written)


if __name__ == "__main__":
    main()
