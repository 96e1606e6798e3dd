"""Tests that must hold on each database the portal runs on."""

import pytest

ON_BOTH = pytest.mark.parametrize("backend", ["sqlite", "postgresql"], indirect=True)
