"""An installation whose raw pages go to an S3-compatible server: crawled, read again, forgotten; and while it is away."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import boto3
import pytest
from installation import Installation, events
from moto.server import ThreadedMotoServer


@pytest.fixture
def server() -> Iterator[ThreadedMotoServer]:
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    yield running
    running.stop()


def environment(endpoint: str) -> dict[str, str]:
    return {
        "AIWIRE_CAPTURES": "s3://pages/raw",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "somebody",
        "AWS_SECRET_ACCESS_KEY": "hunter2hunter2",
        "AWS_DEFAULT_REGION": "us-east-1",
    }


def objects(endpoint: str) -> list[str]:
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id="somebody",
        aws_secret_access_key="hunter2hunter2",
        region_name="us-east-1",
    )
    return [found["Key"] for found in client.list_objects_v2(Bucket="pages").get("Contents", [])]


@pytest.mark.slow
def test_raw_pages_live_on_object_storage(installation: Installation, server: ThreadedMotoServer) -> None:
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    there = environment(endpoint)
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id="somebody",
        aws_secret_access_key="hunter2hunter2",
        region_name="us-east-1",
    )
    client.create_bucket(Bucket="pages")

    done = installation.aiwire("crawl", "chipwire", "--limit", "2", **there)
    assert done.returncode == 0, done.stderr
    rows = installation.rows("SELECT object, body FROM aiwire.capture ORDER BY object")
    assert len(rows) == 2
    assert all(row["body"] is None for row in rows)
    assert objects(endpoint) == [f"raw/{row['object']}" for row in rows]

    again = installation.aiwire("reprocess", "chipwire", "--dry-run", "--json", **there)
    assert again.returncode == 0, again.stderr
    assert "not_kept" not in again.stdout.replace('"not_kept": 0', "")

    status = json.loads(installation.aiwire("status", "--json", **there).stdout)
    assert status["captures"] == "s3://pages/raw"
    assert (status["days"][0]["captures"], status["days"][0]["articles"]) == (2, 2)

    url = installation.one("SELECT url FROM news.article ORDER BY url LIMIT 1")
    forgotten = installation.aiwire("forget", url, "--yes", **there)
    assert forgotten.returncode == 0, forgotten.stderr
    (left,) = installation.rows("SELECT object FROM aiwire.capture")
    assert objects(endpoint) == [f"raw/{left['object']}"]


def test_page_that_cannot_be_kept_is_not_captured_and_waits(installation: Installation) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{closed.getsockname()[1]}"
    done = installation.once(**environment(endpoint))
    told = [event for event in events(done.stderr) if event["event"] == "captures_unavailable"]
    assert told, done.stderr
    assert "s3://pages/raw" in told[0]["reason"]
    assert "hunter2" not in done.stderr
    assert "Traceback" not in done.stderr
    assert installation.one("SELECT count(*) FROM aiwire.capture") == 0
    waiting = installation.rows(
        "SELECT DISTINCT state, attempts, disposition FROM aiwire.entry WHERE state <> 'settled'"
    )
    assert [tuple(row.values()) for row in waiting] == [("pending", 0, None)]
    # A host whose page can't be kept is left alone for a while, not asked every second.
    held = installation.rows("SELECT hold_reason FROM aiwire.host WHERE hold_until > now() + interval '3 min'")
    assert {row["hold_reason"] for row in held} == {"raw pages can't be kept: captures_unavailable"}
