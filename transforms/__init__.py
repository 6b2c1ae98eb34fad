"""Audio knowledge: the URL's transformation language, the plan, probing and encoding. No HTTP, no accounts, no storage."""
