"""ASAP's annotation XML: read what it and its neighbours produce; write what it loads whole.

The rules are those of the reader and writer in ASAP's sources (annotation/XmlRepository.cpp).
"""

from slideviewer.annotations.asap.kept import (
    asap_attributes,
    with_asap_attributes,
    with_only_asap_attributes,
)
from slideviewer.annotations.asap.reader import read_asap
from slideviewer.annotations.asap.recovery import recover_asap
from slideviewer.annotations.asap.writer import write_asap

__all__ = [
    "asap_attributes",
    "read_asap",
    "recover_asap",
    "with_asap_attributes",
    "with_only_asap_attributes",
    "write_asap",
]
