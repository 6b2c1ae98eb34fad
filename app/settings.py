"""Every setting, once: the only place that reads the environment. A refused value is reported under its variable's name."""

import os
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AnyHttpUrl, Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.rates import Rates
from app.signing.sealing import Sealing
from storage.fetch.urls import AllowedHost, parse_allowed
from transforms.limits import PlanLimits

ENV_PREFIX = "SOUNDPATH_"
DEFAULT_ACCOUNT = "W142hJk"
SECRET_FIELDS = frozenset({"secret", "database_url"})

Network = IPv4Network | IPv6Network


class SettingsRefused(Exception):
    """The environment holds values that are not allowed; the message names each variable."""


class Settings(BaseSettings):
    """Defaults serve one small machine. Sizes are bytes, times are seconds unless the name says otherwise."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, extra="ignore", frozen=True)

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="TCP port to listen on; 0 takes a free one.")
    data_dir: Path = Field(Path("data"), description="Folder of everything that is kept: objects, database, scratch.")
    database_url: str | None = Field(
        None,
        pattern=r"^postgresql://",
        description="URL of the database and the queue, `postgresql://…`, for many machines; default: SQLite in the data folder.",
    )
    store: str = Field("disk", pattern=r"^(disk|s3://[^/]+(/.*)?)$", description="Where objects are kept: disk, or s3://bucket/prefix.")
    s3_endpoint: AnyHttpUrl | None = Field(None, description="Address of the S3-compatible store; default: AWS.")
    s3_redirect_seconds: int = Field(
        0, ge=0, le=604_800, description="Finished files above 256 KiB are fetched from S3 by addresses good for so long; 0: we serve them."
    )
    local_cache_bytes: int = Field(10 * 2**30, ge=2**20, description="Local disk for copies of what lies in S3, most recently used.")
    hosts: int = Field(1, ge=1, description="Machines that share the database and the store; more than one need PostgreSQL and S3.")
    library_dir: Path | None = Field(None, description="Read-only folder whose files are the default account's originals at once.")
    demo: bool = Field(True, description="Give a fresh install one original to try, /demo/first-light.wav.")
    public_url: AnyHttpUrl | None = Field(None, description="Base of absolute links; default: the request's host.")
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = Field(
        (), description="Networks whose X-Forwarded-* headers are believed, comma-separated."
    )
    workers: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=0, le=256, description="Encodes that run at once; 0: web only.")
    ffmpeg: Path | None = Field(None, description="FFmpeg binary for MP3; default: the one a package brings.")
    queue_limit: int = Field(10_000, ge=1, description="Jobs that may wait; more are answered 503.")
    cache_limit_bytes: int | None = Field(None, ge=0, description="Artifacts above this total are dropped, least recently used first.")
    free_space_bytes: int = Field(512 * 2**20, ge=0, description="Disk space that is never used: new work is refused before.")
    max_input_bytes: int = Field(16 * 2**30, ge=1, description="Largest original that is transformed.")
    max_channel_seconds: int = Field(8 * 12 * 3600, ge=1, description="Longest output, counted in seconds times channels.")
    rate_cdn: int = Field(0, ge=0, description="Requests that are no API calls, such as for variants, a minute and address; 0: no limit.")
    rate_api: int = Field(12_000, ge=0, description="API calls a minute and address; 0: no limit.")
    rate_key: int = Field(12_000, ge=0, description="API calls a minute and key; 0: no limit.")
    rate_starts: int = Field(6_000, ge=0, description="Runs that begin a minute and address; 0: no limit.")
    rate_refusals: int = Field(300, ge=0, description="Requests refused for their key or signature a minute and address; 0: no limit.")
    max_output_seconds: int = Field(12 * 3600, ge=1, description="Longest output of one rendition.")
    max_output_bytes: int = Field(64 * 2**30, ge=2**20, description="Largest output file.")
    job_timeout_seconds: int = Field(4 * 3600, ge=1, description="Wall-clock bound of one encode.")
    lease_seconds: int = Field(20, ge=3, le=300, description="A job whose worker has been silent this long goes back to the queue.")
    max_upload_bytes: int = Field(5 * 10**9, ge=0, description="Largest file that may be uploaded.")
    upload_lifetime_seconds: int = Field(24 * 3600, ge=1, description="Unfinished uploads are dropped after this long.")
    failure_memory_seconds: int = Field(60, ge=0, description="How long a failure caused by the input is answered from memory.")
    fetch_allowed_hosts: Annotated[tuple[AllowedHost, ...], NoDecode] = Field(
        (), description="Hosts that may be fetched from whatever their address, comma-separated; 'host:port' also allows that port."
    )
    secret: str | None = Field(None, description="Base64 of 32 bytes that seal what is secret at rest; default: made in the data folder.")
    drain_seconds: float = Field(10, ge=0, le=3600, description="What running jobs get to end when the service stops; then they go back.")
    metrics_networks: Annotated[tuple[Network, ...], NoDecode] = Field(
        (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128")),
        description="Networks that may read /metrics, comma-separated; never through a proxy.",
    )
    metrics_port: int | None = Field(
        None, ge=0, le=65535, description="Where `soundpath work` answers /metrics, /healthz and /readyz; `serve` does on its own port."
    )
    trace_endpoint: AnyHttpUrl | None = Field(None, description="Where OpenTelemetry spans go (OTLP over HTTP); needs soundpath[otel].")
    access_log: bool = Field(False, description="Log every request (costs more than half of the hit rate).")
    log_json: bool = Field(False, description="Logs as JSON lines instead of text.")

    @field_validator("trusted_proxies", "metrics_networks", mode="before")
    @classmethod
    def _read_networks(cls, value: object) -> object:
        return _listed(value) if isinstance(value, str) else value

    @field_validator("fetch_allowed_hosts", mode="before")
    @classmethod
    def _read_hosts(cls, value: object) -> object:
        return tuple(map(parse_allowed, _listed(value))) if isinstance(value, str) else value

    @field_validator("secret")
    @classmethod
    def _is_a_secret(cls, value: str | None) -> str | None:
        if value is not None:
            Sealing.from_text(value)
        return value

    @field_validator("*", mode="before")
    @classmethod
    def _empty_is_unset(cls, value: object, field: ValidationInfo) -> object:
        """Where unset means something: compose files and unit files pass every variable on."""
        assert field.field_name is not None
        return None if value == "" and cls.model_fields[field.field_name].default is None else value

    @field_validator("library_dir")
    @classmethod
    def _is_folder(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_dir():
            raise ValueError("not a folder")
        return value

    @field_validator("hosts")
    @classmethod
    def _are_fitted(cls, value: int, others: ValidationInfo) -> int:
        if value > 1 and (others.data.get("database_url") is None or others.data.get("store") == "disk"):
            raise ValueError("more than one machine need SOUNDPATH_DATABASE_URL=postgresql://… and SOUNDPATH_STORE=s3://…")
        return value

    @classmethod
    def load(cls, **overrides: Any) -> Self:
        """Read the environment (overrides win); raises SettingsRefused with one line per bad variable."""
        try:
            return cls(**overrides)
        except ValidationError as error:
            raise SettingsRefused("\n".join(_refusal(str(e["loc"][0]), e["input"], e["msg"]) for e in error.errors())) from error

    @property
    def sql_url(self) -> str:
        """URL of the one database."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data_dir.resolve() / 'soundpath.db'}"

    @property
    def bucket(self) -> tuple[str, str] | None:
        """Name and key prefix (empty, or with '/' at its end) of the S3 bucket; None for the disk."""
        if self.store == "disk":
            return None
        name, _, prefix = self.store.removeprefix("s3://").partition("/")
        return name, f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    @property
    def s3_endpoint_url(self) -> str | None:
        """As boto3 takes it."""
        return str(self.s3_endpoint).rstrip("/") if self.s3_endpoint else None

    @property
    def local_dir(self) -> Path:
        """Local copies of what lies elsewhere: may be deleted while nothing runs."""
        return self.data_dir.resolve() / "local"

    @property
    def objects_dir(self) -> Path:
        """Root of the disk store."""
        return self.data_dir.resolve() / "objects"

    @property
    def plan_limits(self) -> PlanLimits:
        """What one plan may cost."""
        return PlanLimits(self.max_output_seconds, self.max_output_bytes, self.max_channel_seconds)

    @property
    def rates(self) -> Rates:
        """Calls a minute, by kind."""
        return Rates(self.rate_cdn, self.rate_api, self.rate_key, self.rate_starts, self.rate_refusals)

    @property
    def secret_file(self) -> Path:
        """Where the secret is kept when the environment has none."""
        return self.data_dir.resolve() / "secret"

    @property
    def uploads_dir(self) -> Path:
        """Uploads that are not finished; on the store's disk, so that finishing one is a rename."""
        return self.data_dir.resolve() / "uploads"

    @property
    def owners_dir(self) -> Path:
        """Marks of life of this machine's programs."""
        return self.data_dir.resolve() / "owners"

    @property
    def scratch_dir(self) -> Path:
        """Where encodes write aside; emptied of the dead at start."""
        return self.data_dir.resolve() / "scratch"


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _refusal(name: str, value: object, reason: str) -> str:
    """One line about a refused variable; what may hold a password is not repeated."""
    shown = "…" if name in SECRET_FIELDS else repr(value)
    return f"{ENV_PREFIX}{name.upper()}={shown}: {reason}"
