"""Models from a server: a real one on this machine, which also does everything wrong."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tiny_model import write_tiny_package

from slideviewer.errors import Cancelled, ModelError
from slideviewer.models import ModelPackage
from slideviewer.models.download import download, downloads_folder, fetch_package
from slideviewer.models.export import export_package
from slideviewer.models.package import open_package
from slideviewer.models.registry import (
    LARGEST_DOWNLOAD_BYTES,
    RegisteredModel,
    registered_model,
    registered_models,
)
from slideviewer.paths import bundled_models_folder, user_models_folder
from slideviewer.progress import Step

PIECE = 4096


class Server(ThreadingHTTPServer):
    """Serves one file in several ways; the address says in which.

    Attributes
    ----------
    content : bytes
    asked : list of (str, str or None)
        What was asked for: paths, and the ranges of them.
    go_on : threading.Event
        For which "/slow" waits after its first piece.
    """

    daemon_threads = True

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.content = content
        self.asked: list[tuple[str, str | None]] = []
        self.go_on = threading.Event()

    def url(self, way: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{way}"


class Answers(BaseHTTPRequestHandler):
    """One method for each way to serve the file, or not to."""

    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.asked.append((self.path, wanted))
        getattr(self, self.path.strip("/").replace("-", "_"))(self.server.content, wanted)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def whole(self, content: bytes, _: str | None) -> None:
        self.begin(200, len(content))
        self.wfile.write(content)

    def ranges(self, content: bytes, wanted: str | None) -> None:
        if wanted is None:
            return self.whole(content, None)
        start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        if start >= len(content):
            return self.begin(416, 0)
        self.begin(206, len(content) - start, f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.wfile.write(content[start:])

    def truncated(self, content: bytes, _: str | None) -> None:
        self.begin(200, len(content))
        self.wfile.write(content[: len(content) // 2])

    def short(self, content: bytes, _: str | None) -> None:
        self.whole(content[: len(content) // 2], None)

    def tampered(self, content: bytes, _: str | None) -> None:
        self.whole(content[:-1] + bytes((content[-1] ^ 1,)), None)

    def longer(self, content: bytes, _: str | None) -> None:
        self.begin(200, None)
        self.wfile.write(content + b"more")

    def slow(self, content: bytes, _: str | None) -> None:
        self.begin(200, len(content))
        self.wfile.write(content[:PIECE])
        self.wfile.flush()
        self.server.go_on.wait(60)
        self.wfile.write(content[PIECE:])

    def elsewhere(self, content: bytes, wanted: str | None) -> None:
        """Claim to send another part than the one that was asked for."""
        if wanted is None:
            return self.whole(content, None)
        self.begin(206, len(content) - 1, f"bytes 1-{len(content) - 1}/{len(content)}")
        self.wfile.write(content[1:])

    def missing(self, _: bytes, __: str | None) -> None:
        self.begin(404, 0)

    def moved(self, _: bytes, __: str | None) -> None:
        self.lead_to(self.server.url("ranges"))

    def to_file(self, _: bytes, __: str | None) -> None:
        self.lead_to("file:///etc/passwd")

    def in_circles(self, _: bytes, __: str | None) -> None:
        self.lead_to(self.server.url("in-circles"))

    def lead_to(self, place: str) -> None:
        self.send_response(302)
        self.send_header("Location", place)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def begin(self, status: int, length: int | None, part: str = "") -> None:
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(length))
        if part:
            self.send_header("Content-Range", part)
        self.end_headers()


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    return write_tiny_package(tmp_path_factory.mktemp("offered") / "tiny")


@pytest.fixture
def server(
    tmp_path: Path, package: ModelPackage, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    export_package(package, tmp_path / "tiny.zip")
    with Server((tmp_path / "tiny.zip").read_bytes()) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.go_on.set()
        running.shutdown()
        thread.join()


Offer = Callable[..., RegisteredModel]


@pytest.fixture
def offer(server: Server) -> Offer:
    """Register the server's file by the ways in which it is served."""

    def registered(*ways: str) -> RegisteredModel:
        return RegisteredModel(
            name="tiny",
            title="Tiny",
            licence="CC0",
            urls=tuple(server.url(way) for way in ways),
            sha256=hashlib.sha256(server.content).hexdigest(),
            size=len(server.content),
        )

    return registered


def part_of(model: RegisteredModel) -> Path:
    return downloads_folder() / f"{model.file_name}.part"


def failing(model: RegisteredModel, reason: str) -> str:
    """The words of a download that fails and installs nothing."""
    with pytest.raises(ModelError, match=reason) as error:
        fetch_package(model)
    assert not (user_models_folder() / "tiny").exists()
    assert [path for path in downloads_folder().iterdir() if path.suffix != ".part"] == []
    return str(error.value)


def test_a_redirect_is_followed(offer: Offer, server: Server) -> None:
    assert download(offer("moved")).read_bytes() == server.content


def test_a_model_is_fetched_and_installed(
    offer: Offer, package: ModelPackage, server: Server
) -> None:
    steps: list[Step] = []
    assert fetch_package(offer("whole"), steps.append).hash == package.hash
    assert open_package("tiny").origin == "user"
    down = [step for step in steps if step.text == "Downloading tiny"]
    assert down[-1].done == down[-1].total == len(server.content) // 1000
    assert all(step.unit == "kB" and step.rate > 0 for step in down)
    assert list(downloads_folder().iterdir()) == []


def test_an_installed_one_is_not_fetched_again(
    offer: Offer, package: ModelPackage, server: Server
) -> None:
    model = offer("whole")
    fetch_package(model)
    with pytest.raises(ModelError, match="installed already"):
        fetch_package(model)
    assert len(server.asked) == 1
    assert fetch_package(model, replace=True).hash == package.hash
    assert len(server.asked) == 2


@pytest.mark.parametrize("way", ["truncated", "short"])
def test_a_truncated_one_goes_on_from_there(offer: Offer, server: Server, way: str) -> None:
    half = len(server.content) // 2
    said = failing(offer(way), f"broke off after {half:,} of {len(server.content):,} bytes")
    assert "goes on from there" in said
    assert part_of(offer("ranges")).read_bytes() == server.content[:half]
    steps: list[Step] = []
    assert download(offer("ranges"), steps.append).read_bytes() == server.content
    assert server.asked[-1] == ("/ranges", f"bytes={half}-")
    assert steps[0].done * 1000 > half - 1000


def test_a_server_without_ranges_sends_it_anew(offer: Offer, server: Server) -> None:
    failing(offer("truncated"), "broke off")
    assert download(offer("whole")).read_bytes() == server.content
    assert server.asked[-1] == ("/whole", f"bytes={len(server.content) // 2}-")


def test_another_part_than_asked_for_is_not_taken(offer: Offer, server: Server) -> None:
    failing(offer("truncated"), "broke off")
    failing(offer("elsewhere"), "answers 206")
    assert part_of(offer("ranges")).stat().st_size == len(server.content) // 2


def test_a_part_that_is_longer_or_spoilt_is_begun_anew(offer: Offer, server: Server) -> None:
    model = offer("ranges")
    downloads_folder().mkdir(parents=True)
    part_of(model).write_bytes(server.content + b"more")
    assert download(model).read_bytes() == server.content
    (downloads_folder() / model.file_name).unlink()
    part_of(model).write_bytes(b"spoilt")
    failing(model, "not the file that the list names")
    assert not part_of(model).exists()
    assert download(model).read_bytes() == server.content


def test_a_part_beyond_what_the_server_has(offer: Offer, server: Server) -> None:
    model = offer("ranges").model_copy(update={"size": len(server.content) + 100})
    downloads_folder().mkdir(parents=True)
    part_of(model).write_bytes(server.content + b"more")
    failing(model, "broke off")
    assert [wanted is None for _, wanted in server.asked] == [False, True]


def test_a_whole_part_needs_no_server(offer: Offer, server: Server) -> None:
    model = offer("missing")
    downloads_folder().mkdir(parents=True)
    part_of(model).write_bytes(server.content)
    assert download(model).read_bytes() == server.content
    assert server.asked == []


def test_a_tampered_one_is_deleted(offer: Offer, server: Server) -> None:
    failing(offer("tampered"), "not the file that the list names")
    assert list(downloads_folder().iterdir()) == []


def test_one_that_does_not_end_is_stopped(offer: Offer) -> None:
    failing(offer("longer"), "larger than the")


def test_a_slow_one_is_cancelled_and_goes_on(offer: Offer, server: Server) -> None:
    def cancel(_: Step) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        fetch_package(offer("slow"), cancel)
    assert not server.go_on.is_set()  # what had come was told before the rest was there
    begun = part_of(offer("ranges")).stat().st_size
    assert 0 < begun <= PIECE
    assert download(offer("ranges")).read_bytes() == server.content
    assert server.asked[-1] == ("/ranges", f"bytes={begun}-")


def test_a_server_that_falls_silent(
    offer: Offer, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slideviewer.models.download.READ_SECONDS", 0.2)
    failing(offer("slow"), "does not answer")
    assert 0 < part_of(offer("slow")).stat().st_size <= PIECE


@pytest.mark.parametrize(
    ("way", "reason"),
    [
        ("missing", "answers 404"),
        ("to-file", "leads on to file:///etc/passwd, which is not followed"),
        ("in-circles", "more than 5 times"),
    ],
)
def test_answers_that_are_no_file(offer: Offer, way: str, reason: str) -> None:
    failing(offer(way), reason)


def test_the_next_address_is_tried(offer: Offer, server: Server) -> None:
    model = offer("missing", "tampered", "ranges")
    assert download(model).read_bytes() == server.content
    assert [path for path, _ in server.asked] == ["/missing", "/tampered", "/ranges"]


def test_offline_it_says_what_to_put_where(
    offer: Offer, server: Server, package: ModelPackage
) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as closed:
        nobody = f"http://127.0.0.1:{closed.server_port}/tiny.zip"
    model = offer("whole").model_copy(update={"urls": (nobody,)})
    by_hand = downloads_folder() / model.file_name
    said = failing(model, "no connection")
    assert nobody in said and str(by_hand) in said
    by_hand.write_bytes(server.content)
    assert fetch_package(model).hash == package.hash
    assert server.asked == []


def test_a_file_of_the_right_hash_with_another_model_in_it(offer: Offer) -> None:
    model = offer("whole").model_copy(update={"name": "other"})
    with pytest.raises(ModelError, match='holds the model "tiny", not "other"'):
        fetch_package(model)
    assert not (user_models_folder() / "tiny").exists()


def test_a_cache_that_cannot_be_written(offer: Offer, user_folder: Path) -> None:
    (user_folder / "cache").write_text("in the way")
    with pytest.raises(ModelError, match="cannot be kept in"):
        fetch_package(offer("whole"))


def test_the_list_that_ships_is_sound() -> None:
    assert (bundled_models_folder() / "registry.json").is_file()
    names = {model.name for model in registered_models()}
    assert not any((bundled_models_folder() / name).is_dir() for name in names)


def listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: object) -> None:
    path = tmp_path / "registry.json"
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    monkeypatch.setenv("SLIDEVIEWER_REGISTRY", str(path))


ENTRY = {
    "name": "tiny",
    "title": "Tiny",
    "licence": "CC0",
    "urls": ["https://example.org/tiny.zip"],
    "sha256": "0" * 64,
    "size": 100,
}


def test_another_list_takes_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed(tmp_path, monkeypatch, {"version": 1, "models": [ENTRY]})
    assert registered_model("tiny").size == 100
    with pytest.raises(ModelError, match=r'no model "other" to download\. There are: tiny'):
        registered_model("other")
    listed(tmp_path, monkeypatch, {"version": 1, "models": []})
    with pytest.raises(ModelError, match="empty so far"):
        registered_model("tiny")


@pytest.mark.parametrize(
    "data",
    [
        "",
        "[]",
        {"version": 2, "models": []},
        {"version": 1, "models": [ENTRY, ENTRY]},
        {"version": 1, "models": [ENTRY | {"urls": ["ftp://example.org/a.zip"]}]},
        {"version": 1, "models": [ENTRY | {"urls": ["file:///etc/passwd"]}]},
        {"version": 1, "models": [ENTRY | {"urls": []}]},
        {"version": 1, "models": [ENTRY | {"sha256": "abc"}]},
        {"version": 1, "models": [ENTRY | {"size": LARGEST_DOWNLOAD_BYTES + 1}]},
        {"version": 1, "models": [ENTRY | {"name": "../up"}]},
    ],
)
def test_lists_that_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: object
) -> None:
    listed(tmp_path, monkeypatch, data)
    with pytest.raises(ModelError, match=r"registry\.json: The list of models to download"):
        registered_models()


def test_a_list_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIDEVIEWER_REGISTRY", str(tmp_path / "nowhere.json"))
    with pytest.raises(ModelError, match="cannot be read"):
        registered_models()
