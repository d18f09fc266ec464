"""What is known to be wrong in the data of Camelyon16, as its organisers say."""

from __future__ import annotations

LEFT_OUT_ALWAYS = ("test_049",)
LEFT_OUT_OF_LESIONS = ("test_114",)
TUMOUR_IN_SPITE_OF_ITS_NAME = "normal_086"


def is_left_out(name: str, *, of_lesions: bool) -> bool:
    """Whether a slide of Camelyon16 is not to be evaluated."""
    known = LEFT_OUT_ALWAYS + (LEFT_OUT_OF_LESIONS if of_lesions else ())
    return _plain(name) in known


def is_tumour_in_spite(name: str) -> bool:
    """Whether a slide is called normal and is none."""
    return _plain(name) in (TUMOUR_IN_SPITE_OF_ITS_NAME, "normal_86")


def _plain(name: str) -> str:
    return name.casefold().removesuffix("_mask")
