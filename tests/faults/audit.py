"""What has to be true of rows and objects when nothing is left to do, whatever happened before."""

from pathlib import Path

from storage.disk_names import object_path
from tests.faults.house import House

ENDED = "SELECT count(*) = 0 FROM jobs WHERE status NOT IN ('Succeeded', 'Failed', 'Cancelled')"

RULES = {
    "nothing failed": "SELECT count(*) FROM jobs WHERE status <> 'Succeeded'",
    "every job is billed": "SELECT count(*) FROM jobs LEFT JOIN ledger ON job_id = id WHERE status = 'Succeeded' AND job_id IS NULL",
    "nothing else is billed": "SELECT count(*) FROM ledger LEFT JOIN jobs ON job_id = id WHERE status IS DISTINCT FROM 'Succeeded'",
    "nothing is billed twice": "SELECT count(*) - count(DISTINCT job_id) FROM ledger",
    "the same is billed the same": """SELECT count(*) FROM (SELECT split_part(canonical, 'version', 1) FROM ledger JOIN jobs ON job_id = id
        GROUP BY 1 HAVING count(DISTINCT (billed_units, quota_units)) > 1) AS unequal""",
    "one job for each variant": "SELECT count(*) - count(DISTINCT identity) FROM jobs",
    "what is served is the last owner's": """SELECT count(*) FROM jobs, json_array_elements(result->'artifacts') AS artifact
        WHERE artifact->>'key' NOT LIKE '%/!' || id || '/' || attempt || '/%'""",
}
"""How many rows break a rule."""

PUBLISHED = """SELECT artifact->>'key' || ' ' || (artifact->>'size_bytes')
    FROM jobs, json_array_elements(result->'artifacts') AS artifact WHERE status = 'Succeeded'"""


def broken_rules(house: House, told: set[str]) -> list[str]:
    """What is wrong, in words; `told`: ids of jobs that clients know."""
    broken = [f"{rule}: {count}" for rule, sql in RULES.items() if (count := house.sql(sql)) != "0"]
    lost = told - set(house.sql("SELECT id FROM jobs").split())
    return broken + [f"{job_id} is lost" for job_id in sorted(lost)] + _wrong_objects(house)


def _wrong_objects(house: House) -> list[str]:
    wrong = []
    for line in house.sql(PUBLISHED).splitlines():
        key, _, size_bytes = line.rpartition(" ")
        file = house.objects.file(f"{house.prefix}/{object_path(Path(), key)}")
        if not file.exists() or file.stat().st_size != int(size_bytes):
            wrong.append(f"{key} is not there as it was published")
    return wrong
