"""What is in a set, before anybody trains on it."""

from slideviewer.training.explore.finding import Item, find_items
from slideviewer.training.explore.page import write_page
from slideviewer.training.explore.survey import Survey, survey

__all__ = ["Item", "Survey", "find_items", "survey", "write_page"]
