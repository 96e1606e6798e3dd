"""`python -m bench`: measure, print the table, keep it and the figures beside this file."""

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.measure import measure
from bench.site import application
from bench.table import table

HERE = Path(__file__).parent


def main() -> None:
    sizes = sorted({int(size) for size in os.environ.get("CASES", "1000,100000").split(",")})
    with TemporaryDirectory() as folder:
        app = application(Path(folder))
        results = measure(app, Path(folder), sizes, say=lambda sentence: print(sentence, flush=True))
    (HERE / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    (HERE / "results.md").write_text(table(results))
    print("\n" + table(results))


if __name__ == "__main__":
    main()
