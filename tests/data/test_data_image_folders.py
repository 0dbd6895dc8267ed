"""Which folders are classes and which are splits, and that nothing is left out unnamed."""

from __future__ import annotations

import os

import numpy as np
import pytest
from PIL import Image
from refusals import refused

from search.data import DataRequest, prepare, read_source


def fill(folder, classes=("cat", "dog"), count=6, suffix="png", shade=10):
    for number, name in enumerate(classes):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for image in range(count):
            picture = Image.new("RGB", (4, 6), (shade + number * 50 + image,) * 3)
            picture.save(folder / name / f"{image}.{suffix}", format="PNG" if suffix == "png" else None)
    return DataRequest(str(folder.parent if folder.name != "pets" else folder))


@pytest.fixture
def pets(tmp_path):
    return tmp_path / "pets"


@pytest.mark.parametrize(
    ("train", "val", "test"),
    [
        ("train", "val", "test"),
        ("Train", "Valid", "Test"),
        ("Training", "validation", "Testing"),
        ("training_set", "validation-set", "test_set"),
    ],
)
def test_folders_of_splits_are_used_whatever_their_case(pets, tmp_path, train, val, test):
    fill(pets / train)
    fill(pets / val, count=3, shade=100)
    fill(pets / test, count=2, shade=200)
    raw = read_source(DataRequest(str(pets)))
    assert (len(raw.x), raw.given_validation, raw.given_test, raw.notes) == (22, 6, 4, ())
    prepared = prepare(DataRequest(str(pets)), tmp_path / "cache")
    assert prepared.validation()[0][:, 0, 0, 0].tolist() == [100, 101, 102, 150, 151, 152]
    assert prepared.spec.given_validation


@pytest.mark.parametrize("names", [("train", "test"), ("Train", "val", "Test"), ("training", "dog", "cat")])
def test_names_of_splits_are_no_classes(pets, tmp_path, names):
    refused(
        fill(pets, names),
        tmp_path,
        "of a split" if "dog" in names else "of splits",
        f"'{names[0]}'",
        "<class>",
    )


def test_what_is_sorted_into_valid_and_invalid_is_no_split(pets):
    assert read_source(fill(pets, ("invalid", "valid"))).class_names == ("invalid", "valid")


def test_split_folders_beside_class_folders_are_their_splits(pets):
    fill(pets)
    fill(pets / "val", count=2)
    raw = read_source(DataRequest(str(pets)))
    assert (raw.class_names, len(raw.x), raw.given_validation) == (("cat", "dog"), 16, 4)


def test_two_folders_of_one_split_are_refused(pets, tmp_path):
    for split in ("train", "val", "Validation"):
        fill(pets / split)
    refused(DataRequest(str(pets)), tmp_path, "Validation and val", "merge")


def test_a_test_folder_alone_is_refused(pets, tmp_path):
    fill(pets / "test")
    refused(DataRequest(str(pets)), tmp_path, "test", "no training images")


def test_splits_below_the_classes_are_refused(pets, tmp_path):
    fill(pets / "cat", ("train", "test"))
    fill(pets / "dog", ("train", "test"))
    refused(DataRequest(str(pets)), tmp_path, "names of splits", "above the classes")


def test_every_folder_that_is_left_out_is_named(pets):
    fill(pets / "train")
    fill(pets, ("extra",))
    fill(pets / "train" / "cat", ("deeper",))
    (pets / "test").mkdir()
    Image.new("RGB", (4, 6)).save(pets / "test" / "1.png")
    fill(pets / "__MACOSX")
    raw = read_source(DataRequest(str(pets)))
    assert (len(raw.x), raw.given_test) == (12, 0)
    assert raw.notes == ("folders are left out: extra, train/cat/deeper, test",)


def test_images_in_no_class_folder_are_told_as_images(pets):
    fill(pets)
    for number in range(2):
        Image.new("RGB", (4, 6)).save(pets / f"{number}.png")
    (pets / "labels.txt").write_text("cat\ndog\n")
    assert read_source(DataRequest(str(pets))).notes == (
        "2 images are left out: in no class folder",
        "1 file is left out: hidden, or not PNG or JPEG",
    )


def test_a_class_without_usable_files_is_named_with_what_it_holds(pets):
    fill(pets)
    (pets / "fox").mkdir()
    (pets / "hare").mkdir()
    for number in range(3):
        (pets / "hare" / f"{number}.webp").write_bytes(b"RIFF")
    raw = read_source(DataRequest(str(pets)))
    assert raw.class_names == ("cat", "dog")
    assert (
        raw.notes[-1]
        == "class folders are left out, as they hold no PNG or JPEG: fox (empty), hare (3 .webp)"
    )


def test_a_class_that_a_given_split_lacks_is_named(pets):
    fill(pets / "train")
    fill(pets / "val", ("cat",))
    assert read_source(DataRequest(str(pets))).notes == ("the val split has no images of: dog",)


def test_images_in_a_folder_of_their_own_are_found(pets):
    for name in ("cat", "dog"):
        fill(pets / name, ("images",))
    assert len(read_source(DataRequest(str(pets))).x) == 12


def test_images_without_class_folders_are_told_how_to_be_sorted(pets, tmp_path):
    pets.mkdir()
    for number in range(3):
        Image.new("RGB", (4, 6)).save(pets / f"cat.{number}.png")
    refused(DataRequest(str(pets)), tmp_path, "3 images of its own", "sort them by class")


def test_links_are_followed_and_those_that_lead_nowhere_are_named(pets, tmp_path):
    fill(tmp_path / "elsewhere")
    fill(pets)
    (pets / "fox").symlink_to(tmp_path / "elsewhere" / "cat")
    (pets / "cat" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    raw = read_source(DataRequest(str(pets)))
    assert raw.class_names == ("cat", "dog", "fox")
    assert raw.notes == ("links are left out that lead nowhere: cat/gone.png",)


def test_all_unusable_images_are_told_at_once(pets, tmp_path):
    fill(pets, count=20)
    for number in range(15):
        (pets / "cat" / f"{number}.png").write_bytes(b"GIF89a")
        (pets / "dog" / f"{number}.png").write_bytes(b"")
    refused(
        DataRequest(str(pets)),
        tmp_path,
        "30 images cannot be used",
        "it is a GIF",
        "it is empty",
        "and 10 more",
    )


def test_a_decompression_bomb_is_refused(pets, tmp_path, monkeypatch, recwarn):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 30)
    fill(pets)
    Image.new("RGB", (7, 7)).save(pets / "cat" / "large.png")  # a warning of Pillow
    Image.new("RGB", (9, 9)).save(pets / "dog" / "larger.png")  # its error
    refused(DataRequest(str(pets)), tmp_path, "large.png: has more pixels", "larger.png: has more pixels")
    assert not recwarn.list


def test_images_that_do_not_fit_into_memory_are_refused(pets, tmp_path, monkeypatch):
    monkeypatch.setattr("search.data.reading.free_memory.free_memory", lambda: 100)
    refused(fill(pets), tmp_path, "12 images of 6 x 4 pixels", "--image-size")


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_images_are_put_on_white(pets, mode):
    fill(pets)
    image = Image.new("RGBA" if mode == "P" else mode, (4, 6), (0, 0, 0, 0) if mode != "LA" else (0, 0))
    image.putpixel((1, 2), (0, 0, 0, 255) if mode != "LA" else (0, 255))
    image.putpixel((2, 2), (0, 0, 0, 51) if mode == "RGBA" else image.getpixel((2, 2)))
    (image.convert("P") if mode == "P" else image).save(pets / "cat" / "00.png")
    raw = read_source(DataRequest(str(pets)))
    seen = raw.x[1]
    assert (seen[2, 1] == 0).all()
    assert (seen[2, 2] == (204 if mode == "RGBA" else 255)).all()
    assert seen.sum() == 255 * 72 - 255 * 3 - (51 * 3 if mode == "RGBA" else 0)
    assert "1 images are transparent in places: put on white" in raw.notes[0]


def test_grey_images_with_transparency_stay_grey(pets):
    for number, name in enumerate(("cat", "dog")):
        (pets / name).mkdir(parents=True)
        for image in range(6):
            Image.new("LA", (4, 6), (number * 9, 255 * (image > 0))).save(pets / name / f"{image}.png")
    raw = read_source(DataRequest(str(pets)))
    assert raw.x.shape == (12, 6, 4, 1)
    assert raw.x[:, 0, 0, 0].tolist() == [255, *[0] * 5, 255, *[9] * 5]


def test_opaque_images_are_what_they_were(pets):
    fill(pets)
    Image.new("RGBA", (4, 6), (1, 2, 3, 255)).save(pets / "cat" / "00.png")
    raw = read_source(DataRequest(str(pets)))
    assert raw.x[1, 0, 0].tolist() == [1, 2, 3]
    assert raw.notes == ()


def test_of_an_animated_image_the_first_frame_is_used_and_it_is_said(pets):
    fill(pets)
    frames = [Image.new("RGB", (4, 6), (shade,) * 3) for shade in (7, 99)]
    frames[0].save(pets / "cat" / "00.png", save_all=True, append_images=frames[1:])
    raw = read_source(DataRequest(str(pets)))
    assert (raw.x[1] == 7).all()
    assert raw.notes == ("1 images are animated: their first frame is used",)
    assert raw.x.dtype == np.uint8


def test_an_archive_that_unpacked_one_folder_deeper_is_told_what_to_name(pets, tmp_path):
    fill(pets / "dataset" / "train")
    fill(pets / "dataset" / "test")
    refused(DataRequest(str(pets)), tmp_path, "one folder, 'dataset'", f"name it: {pets / 'dataset'}")


def test_a_split_folder_in_one_of_its_name_is_that_split(pets):
    for split in ("train", "test"):
        fill(pets / split / split)
    raw = read_source(DataRequest(str(pets)))
    assert (raw.class_names, len(raw.x), raw.given_test) == (("cat", "dog"), 24, 12)


def test_a_link_that_leads_back_is_not_followed_for_ever(pets):
    fill(pets)
    (pets / "fox").mkdir()
    (pets / "fox" / "self").symlink_to(".")
    assert read_source(DataRequest(str(pets))).class_names == ("cat", "dog")


def test_a_name_that_is_no_text_is_refused_as_a_class_and_shown_otherwise(pets, tmp_path):
    fill(pets)
    (pets / "cat" / os.fsdecode(b"link\xe9")).symlink_to("nowhere")
    assert read_source(DataRequest(str(pets))).notes == (
        "links are left out that lead nowhere: cat/link\\udce9",
    )
    (pets / os.fsdecode(b"caf\xe9")).mkdir()
    refused(DataRequest(str(pets)), tmp_path, "caf\\udce9", "no UTF-8")


def test_damaged_exif_data_is_no_damage_to_the_image(pets, recwarn):
    fill(pets)
    Image.new("RGB", (4, 6)).save(pets / "cat" / "e.jpg", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff")
    assert len(read_source(DataRequest(str(pets))).x) == 13
    assert not recwarn.list
