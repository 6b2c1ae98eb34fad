"""Settings that every test shares."""

import os

import pytest
from hypothesis import settings

from deploy.setup.debian import missing_test_packages
from tests.databases import any_database, database_url, migrated_template, postgres_server

__all__ = ["any_database", "database_url", "migrated_template", "postgres_server"]  # fixtures

# Machines that build are shared and slow at times: how long an example takes proves nothing.
settings.register_profile("soundpath", deadline=None, database=None)
settings.load_profile("soundpath")


def pytest_configure() -> None:
    """A test whose foreign player is missing is skipped, with its reason; under SOUNDPATH_REQUIRE_TOOLS=1 nothing may be missing."""
    missing = missing_test_packages()
    if missing and os.environ.get("SOUNDPATH_REQUIRE_TOOLS") == "1":
        raise pytest.UsageError(f"SOUNDPATH_REQUIRE_TOOLS is set, and these Debian packages are missing: {', '.join(missing)}")
