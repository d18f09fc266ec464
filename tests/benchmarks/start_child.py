"""In a process of its own: show the window, open a slide, note when there was what to see."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

from benchmarks import child


class _Shell:
    """Stands where the program's own window would be opened, and measures instead."""

    def open_window(
        self, slide: Path | None, annotations: Path | None = None, prediction: Path | None = None
    ) -> int:
        # Nothing is imported before the program itself would import it.
        from benchmarks.stage import Painting, Stage, collect_as_the_program

        told = child.settings()
        path = child.path_of(told, "slide")
        with Stage() as stage:
            since = perf_counter() - stage.paintings[0].ended_s
            shown = child.seconds_since_start(told) - since
            collect_as_the_program()
            from benchmarks.blank import BlankCheck
            from benchmarks.coarse import load

            check = BlankCheck(load(child.path_of(told, "coarse")))
            blanks: list[tuple[float, int]] = []  # when painted, and how many places were blank
            sharp: list[float] = []

            def note(painting: Painting) -> None:
                window = stage.window
                if window.session.slide is None or sharp:
                    return
                seconds = painting.ended_s - opened
                blank, _ = check.places(
                    stage.frame(), window.canvas.viewpoint, stage.extent, stage.covered()
                )
                blanks.append((seconds, blank))
                if stage.is_sharp and window.canvas.is_finished:
                    sharp.append(seconds)

            stage.on_painted = note
            opened = perf_counter()
            stage.window.files.open_slide(path)
            from slideviewer.ui.launch import wait_until

            wait_until(lambda: bool(sharp), 60)
        # What is blank in the end is blank in the file: tiles that were never stored.
        first = next(seconds for seconds, blank in blanks if blank <= blanks[-1][1])
        child.answer({"shown": shown, "coarse": first, "sharp": sharp[0]})
        return 0


def main() -> int:
    """Start as the program itself does, by its command line without arguments."""
    from slideviewer.cli import main as run

    return run([], _Shell())


if __name__ == "__main__":
    raise SystemExit(main())
