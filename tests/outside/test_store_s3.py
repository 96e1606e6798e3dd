"""The store speaks S3 as it speaks to a folder; the bucket here is a stand-in on loopback."""

import hashlib
import io
import os
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from portal.outside.store import EmptyFile, Store, TooLarge

LARGE = os.urandom(1024) * 12 * 1024


class Bucket(BaseHTTPRequestHandler):
    """As much of S3 as the store uses: whole and multipart writes, reads, lists, deletes, write-once."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *said):
        """Nothing."""

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def asked(self):
        parts = urlsplit(self.path)
        self.server.seen.append((self.command, parts.query))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        key = unquote(parts.path).removeprefix("/files").lstrip("/")
        return key, parse_qs(parts.query, keep_blank_values=True), body

    def do_PUT(self):
        key, query, body = self.asked()
        if "partNumber" in query:
            with self.server.lock:
                if (
                    not self.server.is_uploading
                ):  # a part that comes after its upload was ended is no part of anything
                    return self.answer(404, b"<Error><Code>NoSuchUpload</Code></Error>")
                self.server.parts[int(query["partNumber"][0])] = body
        elif self.headers.get("If-None-Match") == "*" and key in self.server.objects:
            return self.answer(412, b"<Error><Code>PreconditionFailed</Code></Error>")
        else:
            self.server.objects[key] = body
        return self.answer(200, ETag='"1"')

    def do_POST(self):
        key, query, body = self.asked()
        if "uploads" in query:
            self.server.is_uploading = True
            return self.answer(
                200, b"<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>"
            )
        if "delete" in query:
            gone = re.findall(r"<Key>(.*?)</Key>", body.decode())
            for key in gone:
                self.server.objects.pop(key, None)
            said = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in gone)
            return self.answer(200, f"<DeleteResult>{said}</DeleteResult>".encode())
        self.server.objects[key] = b"".join(self.server.parts[part] for part in sorted(self.server.parts))
        return self.answer(
            200, b"<CompleteMultipartUploadResult><ETag>1</ETag></CompleteMultipartUploadResult>"
        )

    def do_GET(self):
        key, query, _ = self.asked()
        if "list-type" in query:
            listed = "".join(
                f"<Contents><Key>{key}</Key><Size>{len(body)}</Size><LastModified>2026-03-04T00:00:00.000Z</LastModified></Contents>"
                for key, body in self.server.objects.items()
            )
            return self.answer(200, f"<ListBucketResult>{listed}</ListBucketResult>".encode())
        if key not in self.server.objects:
            return self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        return self.answer(
            200, self.server.objects[key], ETag='"1"', Last_Modified="Wed, 04 Mar 2026 00:00:00 GMT"
        )

    def do_HEAD(self):
        self.do_GET()

    def do_DELETE(self):
        key, query, _ = self.asked()
        if "uploadId" in query:
            with self.server.lock:
                self.server.is_uploading = False
                self.server.parts.clear()
        else:
            self.server.objects.pop(key, None)
        self.answer(204)


@pytest.fixture
def bucket(monkeypatch):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    server.objects, server.parts, server.seen = {}, {}, []
    server.lock, server.is_uploading = threading.Lock(), False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    settings = {
        "ENDPOINT": f"http://127.0.0.1:{server.server_port}",
        "ALLOW_HTTP": "true",
        "REGION": "us-east-1",
    }
    for name, value in {**settings, "ACCESS_KEY_ID": "portal", "SECRET_ACCESS_KEY": "invented"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("content", [b"short", LARGE], ids=["short", "large"])
def test_a_document_in_a_bucket_is_put_read_listed_and_deleted(bucket, content):
    store = Store("s3://files")

    stored = store.put(io.BytesIO(content), limit=len(content))

    assert bucket.objects == {stored.key: content}
    assert stored.sha256 == hashlib.sha256(content).hexdigest()
    assert b"".join(store.open(stored.key)) == content
    assert list(store.keys()) == [stored.key]
    assert store.exists(stored.key)
    store.delete(stored.key)
    assert not store.exists(stored.key)


def wait_until(is_so, seconds=10.0):
    """Fails where it is not so within the time."""
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.parametrize("content", [b"", b"short", LARGE], ids=["empty", "short", "large"])
def test_a_refused_document_leaves_nothing_in_the_bucket(bucket, content):
    with pytest.raises((TooLarge, EmptyFile)):
        Store("s3://files").put(io.BytesIO(content), limit=max(0, len(content) - 1))

    wait_until(lambda: bucket.objects == bucket.parts == {})  # the parts are taken back behind our back


def test_a_large_document_goes_in_parts_and_a_short_one_whole(bucket):
    store = Store("s3://files")

    store.put(io.BytesIO(b"short"), limit=10)
    assert [query for _, query in bucket.seen] == [""]

    store.put(io.BytesIO(LARGE), limit=len(LARGE))
    assert sum("partNumber" in query for _, query in bucket.seen) > 1
