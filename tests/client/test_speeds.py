from __future__ import annotations

from pathlib import Path

import pytest

from flireo_iac.client import requestlog, speeds
from flireo_iac.client.speeds import Speeds
from flireo_iac.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(key="fl_x", state_dir=tmp_path)


def test_the_first_run_counts_whole_and_later_ones_by_half(settings: Settings) -> None:
    assert speeds.remembered(settings) == speeds.remembered(None) == Speeds()
    speeds.remember(settings, {"request_s": (0.4, 3)})
    assert speeds.remembered(settings) == Speeds(request_s=0.4)
    speeds.remember(settings, {"request_s": (0.2, 10), "write_s": (0.1, 1)})
    known = speeds.remembered(settings)
    assert known.write_s == 0.1
    assert known.request_s == pytest.approx(0.3)
    speeds.remember(settings, {"request_s": (1.3, 2)})  # two requests tell less than ten
    assert speeds.remembered(settings).request_s == pytest.approx(0.4)
    other = Settings(key="fl_x", base_url="https://other.example.com", state_dir=settings.state_dir)
    assert speeds.remembered(other) == Speeds()


@pytest.mark.parametrize("text", ["", "no json", "[]", "3", '{"request_s": []}', '{"request_s": "x"}'])
def test_a_broken_file_is_passed_over_and_mended(settings: Settings, text: str) -> None:
    speeds.remember(settings, {"request_s": (0.4, 3)})
    (file,) = (settings.state_dir / "speeds").iterdir()
    file.write_text(text)
    assert speeds.remembered(settings) == Speeds()
    speeds.remember(settings, {"request_s": (Speeds().request_s, 3)})
    assert speeds.remembered(settings) == Speeds()


def test_a_folder_that_cannot_be_written_is_passed_over(settings: Settings) -> None:
    (settings.state_dir / "speeds").write_text("no folder")
    speeds.remember(settings, {"request_s": (0.4, 3)})
    assert speeds.remembered(settings) == Speeds()


def test_requests_are_read_from_where_counting_began(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert (requestlog.size(log), list(requestlog.read(log))) == (0, [])
    first, second = requestlog.Entry("GET", "/agents", 200, 0.25), requestlog.Entry("POST", "/agents", None, 30.0)
    requestlog.note(log, first, 0.0)
    offset = requestlog.size(log)
    requestlog.note(log, second, 1.5)
    assert list(requestlog.read(log)) == [first, second]
    assert list(requestlog.read(log, offset)) == [second]
    assert log.read_text().splitlines()[1] == "1970-01-01T00:00:01.500Z POST /agents - 30.000"
    assert log.stat().st_mode & 0o777 == 0o600


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    requestlog.note(tmp_path / "missing" / "log", requestlog.Entry("GET", "/agents", 200, 0.25), 0.0)
