"""The first page says what is true: its shapes and its error, against NumPy."""

import numpy as np
import pytest


@pytest.fixture(scope="module")
def page(run_chapter):
    return run_chapter("before-you-start")


def test_broadcasting_is_that_of_numpy(page):
    table, column, row = (page[name].numpy() for name in ("table", "column", "row"))

    assert np.broadcast_shapes(table.shape, row.shape) == (2, 3)
    assert np.broadcast_shapes(column.shape, row.shape) == (3, 3)
    np.testing.assert_allclose(
        page["column"] + page["row"], np.add.outer(column[:, 0], row)
    )


def test_product_is_worked_out_row_by_column(page):
    product = page["layer"](page["points"])

    assert product[0].tolist() == [1 * 1, 2 * 1, 1 * 2 + 2 * 1, 1 * 1 - 2 * 1]
    np.testing.assert_allclose(
        product, np.einsum("ij,jk->ik", page["points"], page["weights"])
    )


def test_shapes_that_do_not_fit_are_named_in_the_error(page):
    [error] = page["errors"]

    assert isinstance(error, RuntimeError)
    assert "(2x3 and 2x4)" in str(error)


def test_float32_keeps_about_7_digits_and_float64_all_that_python_has(page):
    short, long = page["short"].item(), page["long"].item()

    assert 1e-8 < abs(short - 0.1) / 0.1 < 1e-6
    assert short == np.float32(0.1)
    assert long == 0.1
