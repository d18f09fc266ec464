"""How pixels become what is shown: adjustments, colour profiles, channels."""

import io
import struct
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms
from PySide6.QtGui import QImage

from slideviewer.errors import SlideError
from slideviewer.geometry import Rect
from slideviewer.slide import Pixels, TileKey, open_slide
from slideviewer.slide.channel_colours import Label
from slideviewer.slide.channels import ChannelLook, composite
from slideviewer.slide.display import for_display
from slideviewer.slide.picture import Picture
from slideviewer.slide.picture_slide import PictureSlide
from slideviewer.slide.stored_tiles import StoredTiles
from slideviewer.ui.colour_management import (
    MAX_PROFILE_BYTES,
    Conversion,
    Unmanaged,
    conversion_of,
)
from slideviewer.ui.histograms import BINS, channel_histograms
from slideviewer.ui.look import Look, adjusted, read_seen, read_tile, to_image

ADOBE_PRIMARIES = ((0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446))
"""Adobe RGB (1998) against D50, which no screen in sRGB shows alike."""


def make_profile(
    tags: dict[bytes, bytes], *, space: bytes = b"RGB ", pcs: bytes = b"XYZ "
) -> bytes:
    """Lay tags out as an ICC 2.4 scanner profile (ICC.1:2001-04, section 6)."""
    start = 128 + 4 + 12 * len(tags)
    body, table = b"", struct.pack(">I", len(tags))
    for name, data in tags.items():
        table += name + struct.pack(">II", start + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    head = struct.pack(">I", start + len(body)) + b"lcms\2\x40\0\0" + b"scnr" + space + pcs
    head += b"\0" * 12 + b"acsp" + b"\0" * 28 + xyz(0.9642, 1, 0.8249)[8:]
    return head.ljust(128, b"\0") + table + body


def fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def xyz(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(map(fixed, values))


def matrix_profile(gamma: float = 1.8) -> bytes:
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))
    columns = dict(zip((b"rXYZ", b"gXYZ", b"bXYZ"), ADOBE_PRIMARIES, strict=True))
    return make_profile(
        {b"wtpt": xyz(0.9642, 1, 0.8249)}
        | {name: xyz(*column) for name, column in columns.items()}
        | {name: curve for name in (b"rTRC", b"gTRC", b"bTRC")}
    )


def table_profile(steps: int = 9) -> bytes:
    """RGB to Lab by a table, as many scanners' profiles are: grey all over, darker as it goes."""
    grid = np.linspace(0, 1, steps) ** 1.5
    light = (grid[:, None, None] + grid[None, :, None] + grid[None, None, :]) / 3
    lab = np.stack([light * 65280, np.full_like(light, 32768), np.full_like(light, 34000)], -1)
    ramp = np.array([0, 65535] * 3, ">u2").tobytes()
    data = b"mft2\0\0\0\0" + bytes([3, 3, steps, 0])
    data += b"".join(fixed(value) for value in np.eye(3).ravel()) + struct.pack(">HH", 2, 2)
    data += ramp + lab.round().astype(">u2").tobytes() + ramp
    return make_profile({b"wtpt": xyz(0.9642, 1, 0.8249), b"A2B0": data}, pcs=b"Lab ")


def picture(pixels: Pixels, profile: bytes | None = None) -> PictureSlide:
    return PictureSlide(Path("made.png"), Picture(pixels, "png", icc_profile=profile))


def noise(height: int, width: int, seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def pixels_of(image: QImage) -> Pixels:
    words = np.frombuffer(image.bits(), np.uint8).reshape(image.height(), image.width(), 4)
    return np.ascontiguousarray(words[..., 2::-1])


def little_cms(pixels: Pixels, profile: bytes) -> Pixels:
    """What LittleCMS itself makes of pixels, asked for all of them at once."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    screen = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    transform = ImageCms.buildTransform(source, screen, "RGB", "RGB")
    converted = ImageCms.applyTransform(Image.fromarray(pixels), transform)
    assert converted is not None
    return np.asarray(converted)


class TestLook:
    """The value itself."""

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            *(("brightness", value) for value in (-1.01, 1.01, float("nan"))),
            *(("contrast", value) for value in (-0.01, 4.01, float("inf"))),
            *(("gamma", value) for value in (0.0, 0.09, 5.01)),
        ],
    )
    def test_nonsense_is_refused_by_name_and_value(self, name: str, value: float) -> None:
        with pytest.raises(ValueError, match=f"{name} is {value}"):
            Look(**{name: value})

    def test_plain_means_that_nothing_is_changed(self) -> None:
        look = ChannelLook((255, 0, 0), 0, 255)
        assert Look().is_plain and Look(managed=False).is_plain
        assert not Look(gamma=0.5).is_plain
        assert not Look(channels=(look,)).is_plain and Look(channels=(look,)).has_plain_values
        assert hash(Look(0.5, channels=(look,))) == hash(Look(0.5, channels=(replace(look),)))

    def test_the_table_follows_the_formula(self) -> None:
        assert Look().table.tolist() == list(range(256))
        assert Look(brightness=1).table.min() == 255
        assert Look(brightness=-1).table.max() == 0
        assert set(Look(contrast=0).table.tolist()) == {128}
        assert Look(contrast=2).table[[64, 128, 191]].tolist() == [0, 128, 254]
        assert Look(gamma=2).table[128] == 64 and Look(gamma=0.5).table[64] == 128

    @given(
        st.floats(-1, 1),
        st.floats(0, 4),
        st.floats(0.1, 5),
    )
    def test_brighter_stays_brighter(
        self, brightness: float, contrast: float, gamma: float
    ) -> None:
        table = Look(brightness, contrast, gamma).table.astype(int)
        assert (np.diff(table) >= 0).all()

    def test_no_model_room_knows_of_looks(self) -> None:
        """A look is for the eye: nothing that feeds a model imports it."""
        rooms = Path(__file__).resolve().parents[1] / "slideviewer"
        for room in ("inference", "models", "training", "evaluation", "cohort", "slide"):
            for module in (rooms / room).rglob("*.py"):
                assert "ui.look" not in module.read_text("utf-8"), module


class TestImages:
    """From an array to a picture."""

    @given(st.integers(1, 40), st.integers(1, 40))
    def test_an_image_holds_the_pixels(self, height: int, width: int) -> None:
        pixels = noise(height, width)
        image = to_image(pixels)
        assert image.format() == QImage.Format.Format_RGB32
        assert np.array_equal(pixels_of(image), pixels)
        alpha = np.frombuffer(image.bits(), np.uint8).reshape(height, width, 4)[..., 3]
        assert (alpha == 255).all()

    def test_an_image_owns_its_memory(self) -> None:
        pixels = noise(8, 8)
        image, before = to_image(pixels), pixels.copy()
        pixels[:] = 0
        assert np.array_equal(pixels_of(image), before)

    def test_a_part_of_a_larger_array_is_fine(self) -> None:
        pixels = noise(30, 30)[3:20:2, 5:17]
        assert np.array_equal(pixels_of(to_image(pixels)), pixels)


class TestTiles:
    """Reading what is shown."""

    def test_a_plain_tile_is_the_slides_own(self) -> None:
        pixels = noise(300, 270)
        slide = picture(pixels)
        assert np.array_equal(
            pixels_of(read_tile(slide, TileKey(0, 1, 1), Look())), pixels[256:, 256:]
        )

    def test_values_are_laid_over_a_tile(self) -> None:
        pixels, look = noise(20, 20), Look(0.1, 1.5, 0.7)
        tile = read_tile(picture(pixels), TileKey(0, 0, 0), look)
        assert np.array_equal(pixels_of(tile), look.table[pixels])
        assert adjusted(pixels, Look()) is pixels

    def test_a_damaged_tile_is_said(self, real_data: Path) -> None:
        slide = open_slide(real_data / "slides" / "unreadable.svs")
        with pytest.raises(SlideError):
            read_tile(slide, TileKey(0, 0, 0), Look(contrast=2))
        slide.close()

    def test_real_tiles_read_by_several_threads(self, real_data: Path) -> None:
        slide = open_slide(real_data / "slides" / "tcga-cr-7395-01a-01-ts1.svs")
        look = Look(0.05, 1.2, 1.1)
        keys = slide.pyramid.tiles_in(Rect(0, 0, 1500, 1500), 0)
        alone = {key: read_tile(slide, key, look) for key in keys}
        together: dict[TileKey, QImage] = {}

        def read(mine: list[TileKey]) -> None:
            together.update({key: read_tile(slide, key, look) for key in mine})

        threads = [threading.Thread(target=read, args=(keys[i::4],)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        slide.close()
        assert together == alone

    def test_what_is_seen_is_read_small_and_before_adjustments(self) -> None:
        pixels = noise(2000, 1800)
        slide = picture(pixels)
        look = Look(0.5)
        part = read_seen(slide, Rect(100.4, 200, 50, 60), look)
        assert np.array_equal(part, pixels[200:260, 100:151])
        assert read_seen(slide, Rect(0, 0, 1800, 2000), look).shape == (500, 450, 3)
        assert read_seen(slide, Rect(-500, -500, 100, 100), look).size == 0
        assert read_seen(slide, Rect(1799.5, 1999.5, 900, 900), look).shape == (1, 1, 3)


class TestProfiles:
    """ICC profiles, honest and hostile."""

    @pytest.mark.parametrize(
        "profile", [matrix_profile(), table_profile()], ids=["matrix", "table"]
    )
    def test_colours_are_those_of_little_cms(self, profile: bytes) -> None:
        ramp = np.arange(256, dtype=np.uint8)
        cube = np.stack(np.meshgrid(ramp[::5], ramp[::3], ramp[::5], indexing="ij"), -1)
        pixels = cube.reshape(52, -1, 3)
        expected = little_cms(pixels, profile)
        assert np.abs(expected.astype(int) - pixels).max() > 10  # it is not all the same anyway
        conversion = conversion_of(picture(pixels, profile))
        assert isinstance(conversion, Conversion)
        for _ in range(2):  # asked of LittleCMS, and then looked up
            assert np.array_equal(conversion.apply(pixels), expected)

    def test_tiles_use_it_until_told_not_to(self) -> None:
        pixels, profile = noise(50, 60), matrix_profile()
        slide = picture(pixels, profile)
        managed = pixels_of(read_tile(slide, TileKey(0, 0, 0), Look()))
        assert np.array_equal(managed, little_cms(pixels, profile))
        stored = pixels_of(read_tile(slide, TileKey(0, 0, 0), Look(managed=False)))
        assert np.array_equal(stored, pixels)

    def test_values_are_adjusted_after_the_profile(self) -> None:
        pixels, profile, look = noise(50, 60), matrix_profile(), Look(-0.1, 1.3)
        tile = pixels_of(read_tile(picture(pixels, profile), TileKey(0, 0, 0), look))
        assert np.array_equal(tile, look.table[little_cms(pixels, profile)])

    def test_several_threads_find_the_same_colours(self) -> None:
        profile = matrix_profile(2.6)  # of no other test, so that nothing is known yet
        slides = [picture(noise(64, 64, seed), profile) for seed in range(4)]
        expected = [little_cms(noise(64, 64, seed), profile) for seed in range(4)]
        wrong = []

        def convert(start: int) -> None:
            for i in range(12):
                which = (start + i) % 4
                tile = read_tile(slides[which], TileKey(0, 0, 0), Look())
                if not np.array_equal(pixels_of(tile), expected[which]):
                    wrong.append((start, i))

        threads = [threading.Thread(target=convert, args=(start,)) for start in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []

    def test_slides_of_one_scanner_share_a_conversion(self) -> None:
        first, second = (picture(noise(4, 4), matrix_profile()) for _ in range(2))
        assert conversion_of(first) is conversion_of(second) is conversion_of(first)
        assert conversion_of(picture(noise(4, 4), matrix_profile(2.4))) is not conversion_of(first)

    def test_a_slide_without_a_profile_is_no_fault(self) -> None:
        unmanaged = conversion_of(picture(noise(4, 4)))
        assert unmanaged == Unmanaged("This slide has no colour profile.", is_fault=False)

    @pytest.mark.parametrize(
        ("profile", "words"),
        [
            (b"garbage", "damaged"),
            (matrix_profile()[:200], "damaged"),
            (bytes(MAX_PROFILE_BYTES + 1), "4.0 MiB"),
            (make_profile({b"wtpt": xyz(1, 1, 1)}, space=b"CMYK"), "for CMYK colours"),
            (make_profile({b"wtpt": xyz(1, 1, 1)}, space=b"GRAY"), "for GRAY colours"),
            (make_profile({b"wtpt": xyz(1, 1, 1)}), "damaged"),
        ],
    )
    def test_a_bad_profile_is_told_and_not_used(self, profile: bytes, words: str) -> None:
        pixels = noise(30, 30)
        slide = picture(pixels, profile)
        unmanaged = conversion_of(slide)
        assert isinstance(unmanaged, Unmanaged) and unmanaged.is_fault
        assert words in unmanaged.reason and "shown as they are stored" in unmanaged.reason
        assert np.array_equal(pixels_of(read_tile(slide, TileKey(0, 0, 0), Look())), pixels)

    @settings(max_examples=60, deadline=None)
    @given(st.data())
    def test_a_spoilt_profile_does_no_harm(self, data: st.DataObject) -> None:
        profile = bytearray(data.draw(st.sampled_from([matrix_profile(), table_profile(3)])))
        for _ in range(data.draw(st.integers(1, 6))):
            profile[data.draw(st.integers(0, len(profile) - 1))] = data.draw(st.integers(0, 255))
        slide = picture(noise(5, 5), bytes(profile))
        conversion = conversion_of(slide)
        assert isinstance(conversion, Conversion | Unmanaged)
        assert read_tile(slide, TileKey(0, 0, 0), Look()).size().toTuple() == (5, 5)

    def test_a_profile_that_cannot_be_read_is_told(self) -> None:
        slide = picture(noise(5, 5))

        class Unreadable(PictureSlide):
            @property
            def icc_profile(self) -> bytes | None:
                raise SlideError("The colour profile cannot be read: bad offset.")

            @icc_profile.setter
            def icc_profile(self, _: bytes | None) -> None:
                """The slide sets its own; this one has none to give."""

        broken = Unreadable(slide.path, Picture(noise(5, 5), "png"))
        unmanaged = conversion_of(broken)
        assert isinstance(unmanaged, Unmanaged) and unmanaged.is_fault
        assert "bad offset" in unmanaged.reason

    def test_a_real_profile(self, real_data: Path) -> None:
        slide = open_slide(real_data / "slides" / "tcga-cr-7395-01a-01-ts1.svs")
        pixels = slide.read_region(0, 1000, 1000, 256, 256)
        conversion = conversion_of(slide)
        slide.close()
        assert isinstance(conversion, Conversion)
        # The file's profile is sRGB itself, so hardly anything moves.
        assert np.abs(conversion.apply(pixels).astype(int) - pixels).max() <= 2


def deep_picture(deep: np.ndarray) -> PictureSlide:
    """A slide of two channels, in memory."""
    labels = (Label("DAPI", (0, 0, 255)), Label("CD8", (0, 255, 0)))
    return PictureSlide(Path("deep.tif"), Picture(deep, "tiff", labels=labels))


@pytest.fixture
def deep() -> np.ndarray:
    return np.random.default_rng(5).integers(0, 1000, (600, 500, 2)).astype(np.uint16)


class TestChannels:
    """Slides that are mixed on the screen."""

    def test_a_tile_is_the_mix_that_is_wanted(self, deep: np.ndarray) -> None:
        slide = deep_picture(deep)
        looks = (ChannelLook((255, 0, 0), 0, 800, gamma=0.5), ChannelLook((0, 9, 0), 0, 9, False))
        tile = read_tile(slide, TileKey(0, 1, 1), Look(channels=looks))
        assert np.array_equal(pixels_of(tile), composite(deep[256:512, 256:500], looks))

    def test_looks_of_another_slide_are_not_used(self, deep: np.ndarray) -> None:
        slide = deep_picture(deep)
        look = Look(channels=(ChannelLook((255, 0, 0), 0, 1),))
        key = TileKey(0, 0, 0)
        assert read_tile(slide, key, look) == read_tile(slide, key, Look())
        pixels = noise(20, 20)
        assert np.array_equal(pixels_of(read_tile(picture(pixels), TileKey(0, 0, 0), look)), pixels)

    def test_only_what_is_shown_is_decoded(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        planes = np.random.default_rng(3).integers(0, 900, (9, 700, 600), np.uint16)
        path = tmp_path / "nine.ome.tif"
        with tifffile.TiffWriter(path, ome=True) as file:
            how = {"tile": (256, 256)}
            file.write(planes, subifds=1, metadata={"axes": "CYX"}, **how)
            file.write(planes[:, ::4, ::4], subfiletype=1, **how)
        looks = tuple(ChannelLook((9, 99, 199), 0, 900, number in (2, 8)) for number in range(9))
        nothing = tuple(replace(look, visible=False) for look in looks)
        decoded: list[int] = []
        read_stored = StoredTiles.read_tile

        def counted(tiles: StoredTiles, column: int, row: int, plane: int = 0) -> np.ndarray | None:
            decoded.append(id(tiles))
            return read_stored(tiles, column, row, plane)

        slide = for_display(open_slide(path))
        assert [level.width for level in slide.pyramid.levels] == [600, 300, 150]
        monkeypatch.setattr(StoredTiles, "read_tile", counted)
        finest = read_tile(slide, TileKey(0, 0, 0), Look(channels=looks))
        whole = np.moveaxis(planes[:, :256, :256], 0, -1)
        assert np.array_equal(pixels_of(finest), composite(whole, looks))
        assert len(decoded) == len(set(decoded)) == 2
        made = read_tile(slide, TileKey(1, 0, 0), Look(channels=looks))  # of 2 x 2 stored ones
        assert len(decoded) == 2 * 4
        black = read_tile(slide, TileKey(1, 0, 0), Look(channels=nothing))
        assert not pixels_of(black).any()
        assert len(decoded) == 2 * 4
        every = slide.read_channels(1, 0, 0, 256, 256)
        assert np.array_equal(pixels_of(made), composite(every, looks))
        slide.close()

    def test_channels_have_no_profile(self, deep: np.ndarray) -> None:
        unmanaged = conversion_of(deep_picture(deep))
        assert isinstance(unmanaged, Unmanaged) and not unmanaged.is_fault
        assert "channels" in unmanaged.reason

    def test_histograms_count_the_coarsest_level(self, deep: np.ndarray) -> None:
        deep[..., 1] = 7
        slide = deep_picture(deep)
        first, second = channel_histograms(slide)
        coarse = slide.read_channels(1, 0, 0, 250, 300)[..., 0]
        assert (first.lowest, first.highest) == (coarse.min(), coarse.max())
        counts, _ = np.histogram(coarse, BINS, (coarse.min(), coarse.max()))
        assert np.array_equal(first.counts, counts) and first.is_whole
        assert (second.lowest, second.highest) == (7, 8) and second.counts[0] == coarse.size
        assert channel_histograms(picture(noise(9, 9))) == ()

    def test_histograms_of_fractions_leave_out_what_is_no_number(self) -> None:
        values = np.zeros((10, 10, 2), np.float32)
        values[0, :5, 0] = 0.25
        values[1, :, 0] = np.nan
        values[..., 1] = np.inf
        first, second = channel_histograms(deep_picture(values))
        assert (first.lowest, first.highest, first.is_whole) == (0, 0.25, False)
        assert first.counts.sum() == 90 and first.counts[-1] == 5
        assert second.counts.sum() == 0
