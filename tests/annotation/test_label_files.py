"""Files and archives of labelled texts with parts that have no labels, or cannot be read."""

import errno
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from topicdesk import create_project
from topicdesk.annotation import read_labels, read_table
from topicdesk.corpus import read_articles
from topicdesk.errors import CorpusError

TEXTS = ["The judge heard the appeal.", "The tram was late again.", "The court stopped the tram.", "The train left."]
TABLE = pd.DataFrame({"text": TEXTS, "topics": list("abab")})
PAGE = (
    "Ferry Talks Made Good Progress\nThe harbour master met the islands.\n-\nThe delegation left.\n-\nThe mayor came."
)


@pytest.mark.parametrize(
    "pages",
    [{"ferry.txt": PAGE}, {"README.txt": "Just one line"}, {"x.txt": PAGE, "y.txt": "Just one line", "z.txt": ""}],
)
@pytest.mark.parametrize("packed", [False, True])
def test_read_table_lists_texts_without_labels_beside_a_table(tmp_path, pages, packed):
    folder = tmp_path / "d"
    folder.mkdir()
    TABLE.to_csv(folder / "a.csv", index=False)
    for name, text in pages.items():
        (folder / name).write_text(text)
    source = folder
    if packed:
        source = tmp_path / "d.zip"
        with zipfile.ZipFile(source, "w") as archive:
            for file in folder.iterdir():
                archive.write(file, file.name)
            archive.writestr("__MACOSX/x.txt", "Just one line")
    with pytest.warns(UserWarning, match=f"not readable: .*{next(iter(pages))}: a text without labels"):
        table = read_table(source)
    assert table["text"].tolist() == TEXTS
    created = create_project(tmp_path / "desk", source)
    assert created.table.account.articles == len(TEXTS)
    assert created.table.account.dropped["not readable"] == len(pages)


def pack(path, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for number, text in enumerate(TEXTS * 2):
            archive.writestr(f"{'ab'[number % 2]}/{number}.txt", text + f" {number}")
    return path


def damage(path, place, old, new):
    content = path.read_bytes()
    assert old in content
    at = content.index(old) if place == "first" else content.rindex(old)
    path.write_bytes(content[:at] + new + content[at + len(old) :])
    return path


@pytest.mark.parametrize("fault", ["checksum", "encrypted", "unsupported", "bzip2", "lzma"])
def test_read_table_lists_members_of_an_archive_that_cannot_be_read(tmp_path, fault):
    path = tmp_path / "t.zip"
    match fault:
        case "checksum":
            damage(pack(path), "first", b"The judge", b"The nurse")
        case "encrypted":  # the flags of the first member
            damage(damage(pack(path), "first", b"PK\x03\x04\x14\0\0", b"PK\x03\x04\x14\0\x01"), "first",
                   b"PK\x01\x02\x14\x03\x14\0\0", b"PK\x01\x02\x14\x03\x14\0\x01")  # fmt: skip
        case "unsupported":  # its method
            damage(damage(pack(path), "first", b"PK\x03\x04\x14\0\0\0\0", b"PK\x03\x04\x14\0\0\0\x60"), "first",
                   b"PK\x01\x02\x14\x03\x14\0\0\0\0", b"PK\x01\x02\x14\x03\x14\0\0\0\x60")  # fmt: skip
        case "bzip2":
            damage(pack(path, zipfile.ZIP_BZIP2), "first", b"BZh9", b"BZh0")
        case "lzma":
            content = bytearray(pack(path, zipfile.ZIP_LZMA).read_bytes())
            start = content.index(b"a/0.txt") + len("a/0.txt") + 9
            content[start : start + 12] = b"\xff" * 12
            path.write_bytes(content)
    with pytest.warns(UserWarning, match=r"not readable: .*t\.zip, a/0\.txt: cannot be read: "):
        assert len(read_table(path)) == 7
    assert create_project(tmp_path / "desk", path).table.account.articles == 7


def test_read_table_unpacks_no_bomb_in_folders(tmp_path):
    path = pack(tmp_path / "t.zip")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/bomb.txt", "0" * 10_000_000)
    with pytest.warns(UserWarning, match=r"a/bomb\.txt: would unpack to 10000000 bytes, more than the limit"):
        assert len(read_table(path)) == 8


@pytest.mark.parametrize("name", ["t.csv", "folder"])
def test_files_that_the_system_refuses_are_named(tmp_path, monkeypatch, name):
    path = tmp_path / name
    if name == "folder":
        (path / "a").mkdir(parents=True)
    else:
        TABLE.to_csv(path, index=False)

    def refused(self, *args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr(Path, "rglob" if name == "folder" else "open", refused)
    for read in (read_labels, read_table, lambda source: create_project(tmp_path / "desk", source)):
        with pytest.raises(CorpusError, match=f"{name}: cannot be read: Permission denied"):
            read(path)


def test_read_labels_lists_a_text_that_the_system_refuses(tmp_path, monkeypatch):
    for number, text in enumerate(TEXTS):
        file = tmp_path / "news" / "ab"[number % 2] / f"{number}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    read = Path.read_bytes

    def refused(self):
        if self.name == "0.txt":
            raise PermissionError(errno.EACCES, "Permission denied", str(self))
        return read(self)

    monkeypatch.setattr(Path, "read_bytes", refused)
    with pytest.warns(UserWarning, match=r"not readable: .*0\.txt: cannot be read: .*Permission denied"):
        assert len(read_labels(tmp_path / "news")) == 3


def test_read_labels_without_texts_finds_articles_by_ids_with_white_space_and_control_characters(tmp_path):
    articles = pd.DataFrame(
        {"id": ["a\x1b 1", "b\x002"], "text": ["The court heard an appeal.", "The ferry was full."]}
    )
    articles.to_json(tmp_path / "articles.jsonl", orient="records", lines=True)
    corpus, _ = read_articles([tmp_path / "articles.jsonl"])
    assert corpus["id"].tolist() == ["a1", "b2"]
    articles.drop(columns="text").assign(topics=["courts", "sea"]).to_json(
        tmp_path / "labels.jsonl", orient="records", lines=True
    )
    labels = read_labels(tmp_path / "labels.jsonl", corpus)
    assert dict(zip(labels["article_id"], labels["topics"], strict=True)) == {"a1": ("courts",), "b2": ("sea",)}
