"""The fast ways beside the ordinary ones."""

import pytest

pytest.register_assert_rewrite("tests.hub.fast_paths.ways")
