"""A package out of a zip that may come from anywhere."""

from __future__ import annotations

import re
import stat
import zipfile
from pathlib import Path

from slideviewer.errors import ModelError
from slideviewer.models.archive import chunks_of
from slideviewer.models.package import LARGEST_FILE_BYTES
from slideviewer.models.spec import CONFIG, LARGEST_CONFIG_BYTES, ModelSpec

MOST_MEMBERS = 64
"""A package has a handful of files; the rest is room for what people add."""

_PLAIN_NAME = re.compile(r"[^/\\:\x00-\x1f]{1,128}")


def unpack_package(path: Path, folder: Path) -> None:
    """Unpack the files that a package lists, and no others, into an empty folder.

    The package lies at the top of the archive, or in one folder there.

    Raises
    ------
    ModelError
        If the archive has no `config.json`, or has a name that leads elsewhere, a link, the same
        name twice, too many files or too large ones; nothing is unpacked then.
    slideviewer.models.archive.DAMAGE
        If it is damaged.
    """
    with zipfile.ZipFile(path) as archive:
        members = _members_by_name(archive, path)
        config = members.get(CONFIG)
        if config is None:
            raise ModelError(f"The archive has no {CONFIG}, so it is no model package.", path=path)
        _refuse_large(config, LARGEST_CONFIG_BYTES, path)
        data = b"".join(chunks_of(archive, config))
        try:
            listed = ModelSpec.from_json(data).files
        except ModelError as error:
            raise ModelError(f"{CONFIG}: {error.problem}", path=path) from error
        wanted = {name: members[name] for name in listed if name in members}
        for member in wanted.values():
            _refuse_large(member, LARGEST_FILE_BYTES, path)
        (folder / CONFIG).write_bytes(data)
        for name, member in wanted.items():
            with (folder / name).open("xb") as out:
                for piece in chunks_of(archive, member):
                    out.write(piece)


def _members_by_name(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    """The files beside `config.json` by their plain names, once all names have been looked at."""
    members = archive.infolist()
    if len(members) > MOST_MEMBERS:
        raise ModelError(
            f"The archive holds {len(members):,} files, where {MOST_MEMBERS} are allowed.",
            path=path,
        )
    for member in members:
        parts = member.filename.rstrip("/").split("/")
        if any(part == ".." or not _PLAIN_NAME.fullmatch(part) for part in parts):
            raise ModelError(
                f'The archive holds "{member.filename[:100]}", a name that leads out of it.',
                path=path,
            )
        kind = stat.S_IFMT(member.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise ModelError(
                f'The archive holds "{member.filename}", a link and no plain file.', path=path
            )
    tops = [
        member.filename.removesuffix(CONFIG)
        for member in members
        if member.filename.rpartition("/")[2] == CONFIG and member.filename.count("/") <= 1
    ]
    # A Mac's archives hold a second file of each name in "__MACOSX".
    top = next((top for top in tops if top != "__MACOSX/"), None)
    found: dict[str, zipfile.ZipInfo] = {}
    for member in members:
        if top is None or member.is_dir() or not member.filename.startswith(top):
            continue
        name = member.filename.removeprefix(top)
        if name in found:
            raise ModelError(f'The archive holds "{name}" twice.', path=path)
        found[name] = member
    return found


def _refuse_large(member: zipfile.ZipInfo, limit: int, path: Path) -> None:
    if member.file_size > limit:
        raise ModelError(
            f'"{member.filename}" unpacks to {member.file_size:,} bytes, where {limit:,} are'
            " allowed.",
            path=path,
        )
