"""Image folders: layouts, colour, sizes, and what each mistake is told."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from refusals import refused

from search.data import DataRequest, fingerprint_source, read_source
from search.errors import DataError


def save(path, *, size=(6, 4), mode="RGB", shade=100, exif=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new(mode, (size[1], size[0]), shade if mode in ("L", "P") else (shade,) * len(mode))
    image.save(path, **({"exif": exif} if exif else {}))


def fill(folder, *, classes=("cat", "dog"), count=8, **options):
    for number, name in enumerate(classes):
        for image in range(count):
            save(folder / name / f"{image}.png", shade=number * 50 + image, **options)
    return DataRequest(str(folder))


def test_classes_are_the_folders(tmp_path):
    raw = read_source(fill(tmp_path / "pets"))
    assert (raw.x.shape, raw.x.dtype, raw.class_names) == ((16, 6, 4, 3), np.uint8, ("cat", "dog"))
    assert raw.x[:, 0, 0, 0].tolist() == [*range(8), *range(50, 58)]
    assert raw.y.tolist() == [0] * 8 + [1] * 8


def test_train_and_test_folders_are_the_given_split(tmp_path):
    fill(tmp_path / "pets" / "train")
    fill(tmp_path / "pets" / "test", count=3)
    raw = read_source(DataRequest(str(tmp_path / "pets")))
    assert (len(raw.x), raw.given_test) == (22, 6)


def test_folders_named_by_numbers_sort_by_number(tmp_path):
    raw = read_source(fill(tmp_path / "digits", classes=("10", "9", "2")))
    assert raw.class_names == ("2", "9", "10")


def test_grey_images_have_one_channel_unless_some_are_in_colour(tmp_path):
    request = fill(tmp_path / "pets", mode="L")
    assert read_source(request).x.shape == (16, 6, 4, 1)
    save(tmp_path / "pets" / "cat" / "colour.png", mode="RGBA")
    raw = read_source(request)
    assert raw.x.shape == (17, 6, 4, 3)
    assert (raw.x[0, ..., 0] == raw.x[0, ..., 2]).all()


def test_hidden_and_other_files_are_left_out_and_told(tmp_path):
    request = fill(tmp_path / "pets")
    (tmp_path / "pets" / "cat" / ".hidden.png").write_bytes(b"")
    (tmp_path / "pets" / "cat" / "notes.txt").write_text("none")
    (tmp_path / "pets" / ".git").mkdir()
    raw = read_source(request)
    assert len(raw.x) == 16
    assert raw.notes[0].startswith("3 files are left out")


def test_a_turned_photo_is_turned_back(tmp_path):
    exif = Image.Exif()
    exif[274] = 6
    request = fill(tmp_path / "pets")
    save(tmp_path / "pets" / "cat" / "turned.jpg", size=(4, 6), exif=exif)
    assert read_source(request).x.shape == (17, 6, 4, 3)


def test_differing_sizes_ask_for_an_image_size(tmp_path):
    request = fill(tmp_path / "pets")
    save(tmp_path / "pets" / "dog" / "wide.png", size=(6, 9))
    with pytest.raises(DataError, match=r"wide\.png has 6 x 9.*6 x 4.*image size"):
        read_source(request)


def test_images_are_resized_to_the_image_size(tmp_path):
    fill(tmp_path / "pets")
    save(tmp_path / "pets" / "dog" / "wide.png", size=(60, 90), shade=70)
    raw = read_source(DataRequest(str(tmp_path / "pets"), image_size=(6, 4)))
    assert raw.resized == (6, 4)
    assert raw.x.shape == (17, 6, 4, 3)
    assert (raw.x[-1] == 70).all()
    assert any("resized to 6 x 4" in note for note in raw.notes)


@pytest.mark.parametrize("damage", ["empty", "text", "truncated", "checksum"])
@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_a_broken_image_is_named(tmp_path, damage, suffix):
    request = fill(tmp_path / "pets")
    path = tmp_path / "pets" / "dog" / f"broken.{suffix}"
    save(path, size=(6, 4))
    whole = path.read_bytes()
    broken = {
        "empty": b"",
        "text": b"no image",
        "truncated": whole[: len(whole) // 2],
        "checksum": whole[:20] + b"\xff\xff\xff" + whole[23:40],
    }[damage]
    path.write_bytes(broken)
    refused(request, tmp_path, str(path), "remove or replace")


def test_a_folder_without_images_is_told(tmp_path):
    (tmp_path / "pets" / "cat").mkdir(parents=True)
    refused(DataRequest(str(tmp_path / "pets")), tmp_path, "no images", "<class>")


def test_one_class_is_told(tmp_path):
    refused(fill(tmp_path / "pets", classes=("cat",)), tmp_path, "one class, 'cat'")


def test_a_class_of_the_test_folder_alone_is_told(tmp_path):
    fill(tmp_path / "pets" / "train")
    fill(tmp_path / "pets" / "test", classes=("cat", "wolf"))
    refused(DataRequest(str(tmp_path / "pets")), tmp_path, "'wolf'")


def test_a_rare_class_is_told(tmp_path):
    request = fill(tmp_path / "pets")
    save(tmp_path / "pets" / "wolf" / "0.png")
    refused(request, tmp_path, "'wolf' has 1")


def test_sixteen_bit_images_are_told(tmp_path):
    request = fill(tmp_path / "pets", mode="L")
    Image.fromarray(np.full((6, 4), 40_000, dtype=np.uint16)).save(tmp_path / "pets" / "cat" / "deep.png")
    refused(request, tmp_path, "deep.png", "8 bits")


def test_options_of_tables_are_refused(tmp_path):
    fill(tmp_path / "pets")
    refused(DataRequest(str(tmp_path / "pets"), target="y"), tmp_path, "target 'y'", "subfolders")
    refused(DataRequest(str(tmp_path / "pets"), task="regression"), tmp_path, "classification")


def test_the_fingerprint_sees_names_and_bytes(tmp_path):
    request = fill(tmp_path / "pets")
    before = fingerprint_source(request)
    assert fingerprint_source(request) == before
    (tmp_path / "pets" / "cat" / "0.png").rename(tmp_path / "pets" / "cat" / "00.png")
    renamed = fingerprint_source(request)
    save(tmp_path / "pets" / "cat" / "00.png", shade=9)
    assert len({before, renamed, fingerprint_source(request)}) == 3
