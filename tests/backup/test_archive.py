"""What a backup is as a file: whole, private, and nothing that could do harm to whoever opens it."""

from __future__ import annotations

import gzip
import io
import json
import stat
import tarfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadcapture.backup import archive
from leadcapture.backup.archive import BadArchive, Manifest

UPLOAD = "uploads/" + "0a" * 16


def manifest(**files: tuple[int, str]) -> Manifest:
    return Manifest("0.1.0", datetime(2026, 3, 4, tzinfo=UTC), "sqlite", "20261122_15", ["a key"], {"sites": 1}, files)


def made(folder: Path, **contents: bytes) -> Path:
    """A backup of ours with these files."""
    target = folder / "backup.tar.gz"
    with archive.writing(target) as out:
        for name, content in (contents or {archive.SQLITE: b"rows", UPLOAD: b"bytes"}).items():
            source = folder / "source"
            source.write_bytes(content)
            with source.open("rb") as file:
                out.add(name, file)
        out.end(manifest(**out.files))
    return target


def crafted(folder: Path, *members: tuple[tarfile.TarInfo, bytes], **options: Any) -> Path:
    """An archive of somebody else's making."""
    target = folder / "crafted.tar.gz"
    with tarfile.open(target, "w:gz", **options) as out:
        for info, content in members:
            info.size = len(content)
            out.addfile(info, io.BytesIO(content))
    return target


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def test_what_goes_in_comes_out_for_this_user_alone(tmp_path: Path) -> None:
    target = made(tmp_path)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    out = tmp_path / "out"
    out.mkdir()
    assert archive.read(target, out).counts == {"sites": 1}
    assert (out / archive.SQLITE).read_bytes() == b"rows"
    assert (out / UPLOAD).read_bytes() == b"bytes"
    assert {stat.S_IMODE(path.stat().st_mode) for path in out.rglob("*") if path.is_file()} == {0o600}


def test_any_tar_can_unpack_it(tmp_path: Path) -> None:
    with tarfile.open(made(tmp_path)) as usual:
        assert usual.getnames() == [archive.SQLITE, UPLOAD, archive.MANIFEST]
        assert usual.extractfile(UPLOAD).read() == b"bytes"  # type: ignore[union-attr]


def test_what_is_there_is_not_written_over_and_what_failed_leaves_nothing(tmp_path: Path) -> None:
    target = made(tmp_path)
    with pytest.raises(FileExistsError), archive.writing(target):
        pass
    with pytest.raises(RuntimeError), archive.writing(tmp_path / "other.tar.gz"):
        raise RuntimeError("the disk was pulled out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup.tar.gz", "source"]


@pytest.mark.parametrize(
    "info",
    [
        member("../outside"),
        member("/etc/cron.d/ours"),
        member("uploads/../../outside"),
        member("uploads/" + "0a" * 15),
        member("leadcapture.db"),
        member("secret_key", tarfile.SYMTYPE, "/etc/passwd"),
        member("secret_key", tarfile.LNKTYPE, "/etc/passwd"),
        member("uploads", tarfile.SYMTYPE, "/tmp"),
        member("uploads", tarfile.DIRTYPE),
        member(archive.SQLITE, tarfile.CHRTYPE),
        member(archive.SQLITE, tarfile.FIFOTYPE),
        member(archive.SQLITE, tarfile.GNUTYPE_SPARSE),
        member("dkim/" + "a" * 200 + ".pem"),
    ],
    ids=lambda info: f"{info.name[:24]}-{info.type!r}",
)
def test_what_has_no_place_in_a_backup_is_refused_before_it_is_unpacked(tmp_path: Path, info: tarfile.TarInfo) -> None:
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(BadArchive):
        archive.read(crafted(tmp_path, (info, b"")), out)
    assert list(out.iterdir()) == []
    assert not (tmp_path / "outside").exists()


def test_headers_that_name_another_place_are_refused(tmp_path: Path) -> None:
    info = member(archive.SQLITE)
    info.pax_headers = {"path": "../outside"}
    with pytest.raises(BadArchive):
        archive.read(crafted(tmp_path, (info, b"rows"), format=tarfile.PAX_FORMAT))


def test_a_bomb_is_refused_after_what_a_backup_of_that_size_could_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MOST_BEYOND", 1_000_000)
    bomb = made(tmp_path, **{archive.SQLITE: bytes(30_000_000)})
    assert bomb.stat().st_size < 200_000
    with pytest.raises(BadArchive, match="far more"):
        archive.read(bomb)
    claims = member(archive.SQLITE)
    claims.size = 1 << 60
    lying = tmp_path / "lying.tar.gz"
    lying.write_bytes(gzip.compress(claims.tobuf(tarfile.GNU_FORMAT) + bytes(10_000_000)))
    with pytest.raises(BadArchive):
        archive.read(lying)


def test_a_file_twice_or_behind_the_manifest_or_without_a_database_is_refused(tmp_path: Path) -> None:
    rows, says = (member(archive.SQLITE), b"rows"), (member(archive.MANIFEST), manifest().to_json())
    for members in ([rows, rows, says], [says, rows], [says], [rows]):
        with pytest.raises(BadArchive):
            archive.read(crafted(tmp_path, *members))


def test_the_manifest_of_a_later_version_says_so(tmp_path: Path) -> None:
    said = json.loads(manifest().to_json()) | {"format": archive.FORMAT + 1}
    with pytest.raises(BadArchive, match="later version"):
        archive.read(crafted(tmp_path, (member(archive.MANIFEST), json.dumps(said).encode())))


@given(data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_damage_goes_unseen(tmp_path: Path, data: st.DataObject) -> None:
    """One byte changed, or the end missing: refused, with a sentence and nothing worse."""
    target = tmp_path / "backup.tar.gz"
    whole = target.read_bytes() if target.exists() else made(tmp_path).read_bytes()
    at = data.draw(st.integers(10, len(whole) - 1))  # before that are moment and system, which mean nothing
    bit = data.draw(st.integers(0, 7))
    hurt = whole[:at] if data.draw(st.booleans()) else whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :]
    damaged = tmp_path / "damaged.tar.gz"
    damaged.write_bytes(hurt)
    with pytest.raises(BadArchive):
        archive.read(damaged)


@given(st.binary(max_size=2000))
@settings(max_examples=60)
def test_a_manifest_of_anything_is_read_or_refused(content: bytes) -> None:
    with pytest.raises(BadArchive):
        Manifest.from_json(content)
