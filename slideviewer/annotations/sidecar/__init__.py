"""What ASAP's XML cannot hold, kept in a file beside it."""

from slideviewer.annotations.sidecar.file import (
    SIDECAR_SUFFIX,
    Sidecar,
    read_sidecar,
    sidecar_of,
    write_sidecar,
)
from slideviewer.annotations.sidecar.identity import SlideIdentity, identity_of, mismatches
from slideviewer.annotations.sidecar.marks import Mark, digest_of

__all__ = [
    "SIDECAR_SUFFIX",
    "Mark",
    "Sidecar",
    "SlideIdentity",
    "digest_of",
    "identity_of",
    "mismatches",
    "read_sidecar",
    "sidecar_of",
    "write_sidecar",
]
