"""Several visitors who ask one server for one page over and over: `python -m bench.visitors port path cookie seconds`.

In a process of their own, so that they do not take the server's time; prints how many answers of 200 they got."""

import sys
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from time import perf_counter

VISITORS = 4


def visit(port: int, path: str, cookie: str, seconds: float) -> int:
    """One visitor on one kept connection: the number of pages read. Raises ValueError for another answer than 200."""
    connection, pages, end = HTTPConnection("127.0.0.1", port), 0, perf_counter() + seconds
    while perf_counter() < end:
        connection.request("GET", path, headers={"Cookie": cookie})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise ValueError(f"The server answers {answer.status}.")
        pages += 1
    connection.close()
    return pages


def main(port: str, path: str, cookie: str, seconds: str) -> None:
    with ThreadPoolExecutor(VISITORS) as crowd:
        visits = [crowd.submit(visit, int(port), path, cookie, float(seconds)) for _ in range(VISITORS)]
        print(sum(each.result() for each in visits))


if __name__ == "__main__":
    main(*sys.argv[1:])
