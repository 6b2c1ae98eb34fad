"""API keys: their form, that only the hash is stored, and who is recognised."""

import re
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from app.accounts.keys import ApiKeys
from app.accounts.permissions import KeyKind
from storage.db import Database

ACCOUNT = "W142hJk"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    await opened.migrate()
    yield opened
    await opened.close()


@pytest.fixture
def keys(database: Database) -> ApiKeys:
    return ApiKeys(database)


@pytest.mark.parametrize("kind", list(KeyKind))
async def test_a_key_is_recognised(keys: ApiKeys, kind: KeyKind) -> None:
    created, shown = await keys.create(ACCOUNT, kind)
    assert re.fullmatch(f"{kind}_{ACCOUNT}[1-9A-HJ-NP-Za-km-z]{{24}}", shown)
    assert (created.account, created.kind, created.last_used_ms) == (ACCOUNT, kind, None)
    found = await keys.find(shown)
    assert found is not None
    assert found.id == created.id
    used = (await keys.list(ACCOUNT))[0].last_used_ms
    assert used is not None
    assert used >= created.created_ms
    await keys.find(shown)
    assert (await keys.list(ACCOUNT))[0].last_used_ms == used, "written once a minute at most"


async def test_what_is_not_a_key_is_not_recognised(keys: ApiKeys) -> None:
    _, shown = await keys.create(ACCOUNT, KeyKind.PUBLIC)
    changed = shown[:-1] + ("2" if shown[-1] != "2" else "3")
    for text_ in ("", "secret_", changed, shown.replace("public", "secret"), shown + "1", f" {shown}", shown.upper(), "ü" * 40):
        assert await keys.find(text_) is None


async def test_keys_differ_and_are_stored_as_hashes_only(keys: ApiKeys, database: Database) -> None:
    shown = [(await keys.create(ACCOUNT, KeyKind.SECRET))[1] for _ in range(5)]
    await keys.create("X142hJk", KeyKind.SECRET)
    assert len(set(shown)) == 5
    assert len(await keys.list(ACCOUNT)) == 5
    async with database.read() as connection:
        stored = repr((await connection.execute(text("SELECT * FROM api_keys"))).all())
    assert not [key for key in shown if key in stored or key[15:] in stored]


async def test_accounts(keys: ApiKeys) -> None:
    await keys.ensure_account(ACCOUNT)
    await keys.ensure_account(ACCOUNT)
    assert await keys.list(ACCOUNT) == []
    for bad in ("", "W142hJ", "W142hJkk", "W142hJ0", "W142h/k"):
        with pytest.raises(ValueError, match="no account"):
            await keys.ensure_account(bad)
