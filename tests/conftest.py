"""Settings that every test shares."""

from hypothesis import settings

# Machines that build are shared and slow at times: how long an example takes proves nothing.
settings.register_profile("soundpath", deadline=None, database=None)
settings.load_profile("soundpath")
