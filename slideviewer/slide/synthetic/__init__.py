"""A made slide for demonstrations and tests: the drawing of a lymph node with metastases."""

from slideviewer.slide.synthetic.generate import SyntheticSlide, generate_slide
from slideviewer.slide.synthetic.markup import imperfect_outlines
from slideviewer.slide.synthetic.plan import TissuePlan, plan
from slideviewer.slide.synthetic.tiles import sample_tiles

__all__ = [
    "SyntheticSlide",
    "TissuePlan",
    "generate_slide",
    "imperfect_outlines",
    "plan",
    "sample_tiles",
]
