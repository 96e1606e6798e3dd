"""A verdict is clean or a name; anything else means the scanner is down."""

import socket
import struct
import threading

import pytest

from portal.outside.scanner import EICAR, ClamScanner, MemoryScanner, NoScanner, ScannerDown, scanner_from


@pytest.fixture
def clamd():
    """Starts a stand-in for clamd that gives this answer; returns its URL and what it received."""
    listeners, threads = [], []

    def start(answer, family=socket.AF_INET, address=("127.0.0.1", 0)):
        listener = socket.socket(family)
        listener.bind(address)
        listener.listen()
        received = []
        thread = threading.Thread(target=serve, args=(listener, answer, received))
        thread.start()
        listeners.append(listener)
        threads.append(thread)
        if family == socket.AF_UNIX:
            return f"unix://{address}", received
        return f"tcp://127.0.0.1:{listener.getsockname()[1]}", received

    yield start
    for thread in threads:
        thread.join(5)
    for listener in listeners:
        listener.close()


def serve(listener, answer, received):
    link, _ = listener.accept()
    with link, link.makefile("rb") as heard:
        received.append(heard.read(len(b"zINSTREAM\0")))
        while size := struct.unpack(">I", heard.read(4))[0]:
            received.append(heard.read(size))
        link.sendall(answer)


def test_a_clean_file_has_no_finding(clamd):
    url, received = clamd(b"stream: OK\0")

    assert ClamScanner(url).scan([b"one", b"", b"two"]) is None
    assert received == [b"zINSTREAM\0", b"one", b"two"]


def test_malware_is_named(clamd):
    url, _ = clamd(b"stream: Eicar-Test-Signature FOUND\0")

    assert ClamScanner(url).scan([EICAR]) == "Eicar-Test-Signature"


def test_the_scanner_is_reached_by_a_unix_socket_too(clamd, tmp_path):
    url, _ = clamd(b"stream: OK\0", socket.AF_UNIX, str(tmp_path / "clamd.sock"))

    assert scanner_from(url).scan([b"x"]) is None


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"INSTREAM size limit exceeded. ERROR\0",
        b"stream: \xff\0",
        b"stream: OK, or so it seems\0",
        b"OK\0",
    ],
)
def test_an_answer_that_is_no_verdict_means_the_scanner_is_down(clamd, answer):
    url, _ = clamd(answer)

    with pytest.raises(ScannerDown):
        ClamScanner(url).scan([b"x"])


def test_a_scanner_that_is_not_there_is_down(tmp_path):
    with pytest.raises(ScannerDown):
        ClamScanner(f"unix://{tmp_path}/none.sock").scan([b"x"])


def test_a_scanner_that_never_answers_is_down():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"tcp://127.0.0.1:{silent.getsockname()[1]}"

        with pytest.raises(ScannerDown):
            ClamScanner(url, timeout=0.05).scan([b"x"])


def test_the_twin_finds_the_test_string_across_chunks_and_can_be_down():
    assert MemoryScanner().scan([b"before " + EICAR[:20], EICAR[20:]]) == "Eicar-Test-Signature"
    assert MemoryScanner().scan([b"a report"]) is None
    with pytest.raises(ScannerDown):
        MemoryScanner(down=True).scan([])


def test_a_url_names_its_scanner():
    assert isinstance(scanner_from(""), NoScanner)
    assert NoScanner().scan([EICAR]) is None
    assert isinstance(scanner_from("memory:"), MemoryScanner)
    assert isinstance(scanner_from("tcp://127.0.0.1:3310"), ClamScanner)
    with pytest.raises(ValueError, match="tcp"):
        scanner_from("http://127.0.0.1")
