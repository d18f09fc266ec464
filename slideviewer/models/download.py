"""Fetching a registered model: what was broken off goes on, and nothing is unpacked unchecked."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from slideviewer.errors import ModelError
from slideviewer.models.install import add_package, refuse_taken_name
from slideviewer.models.package import ModelPackage
from slideviewer.models.registry import RegisteredModel
from slideviewer.paths import cache_folder
from slideviewer.progress import Progress, Step, silent

if TYPE_CHECKING:
    import requests

CONNECT_SECONDS, READ_SECONDS = 10, 30
"""How long a server may take to answer, and how long it may then send nothing."""

_MOST_REDIRECTS = 5
_CHUNK_BYTES = 1 << 16
_KILOBYTE = 1000
# A server may lead on to the same or a safer way, and to nothing else.
_LEADS_TO = {"http": ("http", "https"), "https": ("https",)}


def downloads_folder() -> Path:
    """Where downloads lie until they are installed; part of the platform's cache."""
    return cache_folder() / "models"


def fetch_package(
    model: RegisteredModel, progress: Progress = silent, *, replace: bool = False
) -> ModelPackage:
    """Download a registered model and install it.

    Parameters
    ----------
    model : RegisteredModel
    progress : Progress
        Raising `Cancelled` from it keeps what has come; the next call goes on from there.
    replace : bool
        As in `add_package`.

    Raises
    ------
    ModelError
        If it cannot be had, is not the file that the list names, or is refused.
    """
    refuse_taken_name(model.name, replace=replace)
    archive = download(model, progress)
    package = add_package(archive, progress, replace=replace, name=model.name)
    archive.unlink(missing_ok=True)  # installed, it would only take up the room twice
    return package


def download(model: RegisteredModel, progress: Progress = silent) -> Path:
    """Download a registered model's zip, unless it is there.

    Returns
    -------
    Path
        A file whose SHA-256 is the registered one.

    Raises
    ------
    ModelError
        If no address gives it. The message says where to put a copy from elsewhere.
    """
    import pooch  # late: it takes a while, and hardly any command needs it

    pooch.get_logger().setLevel(logging.WARNING)
    folder = downloads_folder()
    target = folder / model.file_name
    reasons: list[str] = []
    for url in model.urls:
        try:
            with _in_words(model):
                return Path(
                    pooch.retrieve(
                        url,
                        known_hash=f"sha256:{model.sha256}",
                        fname=model.file_name,
                        path=folder,
                        downloader=_Resuming(model, progress),
                    )
                )
        except ModelError as error:
            reasons.append(f"{url}: {error.problem}")
    raise ModelError(
        f'The model "{model.name}" cannot be downloaded. {" ".join(reasons)}',
        remedy="What has come is kept, and the same command goes on from there. Without a network"
        f" save {model.urls[0]} as {target} and give the same command again.",
    )


@contextmanager
def _in_words(model: RegisteredModel) -> Iterator[None]:
    """Make of whatever goes wrong with one address a `ModelError` that says it shortly."""
    import requests
    import urllib3

    try:
        yield
    except (requests.Timeout, urllib3.exceptions.TimeoutError) as error:
        raise ModelError("The server does not answer.") from error
    except requests.exceptions.SSLError as error:
        raise ModelError("The server's certificate is not trusted.") from error
    except requests.ConnectionError as error:
        raise ModelError("There is no connection to the server.") from error
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise ModelError(f"The connection broke off: {error}.") from error
    except OSError as error:
        raise ModelError(
            f"It cannot be kept in {downloads_folder()}: {error.strerror or error}."
        ) from error
    except ValueError as error:  # pooch has no other for a wrong hash
        raise ModelError(
            f"What came is not the file that the list names (SHA-256 {model.sha256[:12]}…), and"
            " was deleted."
        ) from error


class _Resuming:
    """What pooch calls to have a file; a part of it stays when that breaks off."""

    def __init__(self, model: RegisteredModel, progress: Progress) -> None:
        self._model, self._progress = model, progress

    def __call__(self, url: str, output_file: str, _: Any) -> None:
        part = downloads_folder() / f"{self._model.file_name}.part"
        if not part.exists() or part.stat().st_size != self._model.size:
            self._receive(url, part)
        part.replace(output_file)

    def _receive(self, url: str, part: Path) -> None:
        import requests

        done = part.stat().st_size if part.exists() else 0
        if done > self._model.size:
            done = 0
        with requests.Session() as session, _answer(session, url, done) as response:
            if response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and done:
                part.unlink()  # the server's file is shorter than what is here
                self._receive(url, part)
                return
            done = _place_of(response, done)
            response.raw.enforce_content_length = False  # said below, in our words
            begun, before = time.monotonic(), done
            with part.open("r+b" if done else "wb") as stream:
                stream.seek(done)
                stream.truncate()
                while piece := response.raw.read1(_CHUNK_BYTES, decode_content=False):
                    done += len(piece)
                    if done > self._model.size:
                        stream.truncate(0)
                        raise ModelError(
                            f"It is larger than the {self._model.size:,} bytes of the list."
                        )
                    stream.write(piece)
                    rate = (done - before) / max(time.monotonic() - begun, 1e-6)
                    self._progress(self._step(done, rate))
        if done < self._model.size:
            raise ModelError(f"It broke off after {done:,} of {self._model.size:,} bytes.")

    def _step(self, done: int, rate: float) -> Step:
        return Step(
            done=done // _KILOBYTE,
            total=max(1, self._model.size // _KILOBYTE),
            text=f"Downloading {self._model.name}",
            unit="kB",
            rate=rate / _KILOBYTE,
        )


def _answer(session: requests.Session, url: str, done: int) -> requests.Response:
    """Ask for a file from a byte on, following redirects that stay with http or https."""
    headers = {"Accept-Encoding": "identity"}
    if done:
        headers["Range"] = f"bytes={done}-"
    for _ in range(_MOST_REDIRECTS + 1):
        response = session.get(
            url,
            headers=headers,
            stream=True,
            allow_redirects=False,
            timeout=(CONNECT_SECONDS, READ_SECONDS),
        )
        if not response.is_redirect:
            return response
        response.close()
        there = urljoin(url, response.headers["Location"])
        if urlsplit(there).scheme not in _LEADS_TO[urlsplit(url).scheme]:
            raise ModelError(f"The server leads on to {there[:100]}, which is not followed.")
        url = there
    raise ModelError(f"The server leads on more than {_MOST_REDIRECTS} times.")


def _place_of(response: requests.Response, asked: int) -> int:
    """From which byte on the answer is; servers may send the whole though a part was asked for."""
    status = response.status_code
    if status == HTTPStatus.OK:
        return 0
    sent = response.headers.get("Content-Range", "")
    if status == HTTPStatus.PARTIAL_CONTENT and sent.startswith(f"bytes {asked}-"):
        return asked
    raise ModelError(f"The server answers {status} {response.reason or ''}".rstrip() + ".")
