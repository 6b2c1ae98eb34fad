from tests.app.web.conftest import database, doors, variants

__all__ = ["database", "doors", "variants"]
