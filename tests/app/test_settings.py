"""Settings: a refused value is reported under its variable's name, and never with what may be a password."""

from pathlib import Path

import pytest

from app.settings import Settings, SettingsRefused


@pytest.mark.parametrize(("name", "value"), [
    ("PORT", "many"), ("LIBRARY_DIR", "/does/not/exist"), ("LEASE_SECONDS", "0"), ("TRUSTED_PROXIES", "10.0.0.0/99"),
    ("PUBLIC_URL", "no url"), ("STORE", "ftp://x"), ("WORKERS", "-1"),
])  # fmt: skip
def test_a_refused_value_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"SOUNDPATH_{name}", value)
    with pytest.raises(SettingsRefused, match=f"SOUNDPATH_{name}"):
        Settings.load()


def test_what_may_hold_a_password_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOUNDPATH_DATABASE_URL", "mysql://user:hunter2@host/name")
    with pytest.raises(SettingsRefused) as refused:
        Settings.load()
    assert "SOUNDPATH_DATABASE_URL" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_empty_means_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    optional = [name for name, field in Settings.model_fields.items() if field.default is None]
    assert {"library_dir", "public_url", "ffmpeg", "cache_limit_bytes", "metrics_port", "trace_endpoint"} <= set(optional)
    for name in optional:
        monkeypatch.setenv(f"SOUNDPATH_{name.upper()}", "")
    settings = Settings.load()
    assert {name: getattr(settings, name) for name in optional} == dict.fromkeys(optional)


def test_lists_are_comma_separated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SOUNDPATH_TRUSTED_PROXIES", "10.0.0.0/8, ::1/128")
    monkeypatch.setenv("SOUNDPATH_DATA_DIR", str(tmp_path))
    settings = Settings.load()
    assert [str(network) for network in settings.trusted_proxies] == ["10.0.0.0/8", "::1/128"]
    assert settings.objects_dir == tmp_path / "objects"
