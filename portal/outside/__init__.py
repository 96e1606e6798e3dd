"""The world the portal calls: each file holds the real thing and its twin in memory or on disk."""
