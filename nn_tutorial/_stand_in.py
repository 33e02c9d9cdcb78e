"""Handwritten digits of scikit-learn, written as the files of MNIST.

Needs NumPy and scikit-learn. To copy: this file.

Source:
    Alpaydin & Kaynak, "Optical recognition of handwritten digits" (UCI Machine
    Learning Repository, 1998), as packaged in scikit-learn.
"""

import numpy as np

__all__ = ["STAND_IN_MD5", "stand_in_files"]

STAND_IN_MD5 = {
    "t10k-labels-idx1-ubyte": "d20a020a68a010ebd341090cabde04c3",
    "train-labels-idx1-ubyte": "561e11ee647dbb19807a852f714c7d34",
    "t10k-images-idx3-ubyte": "3bf67dac8a6d4ab9721e4579daadd871",
    "train-images-idx3-ubyte": "64f55294506dd1170907f7c1ad38b212",
}
STAND_IN_TRAINING = 1_497  # of scikit-learn's 1,797 images; the other 300 are the test


def stand_in_files(reason: str) -> dict[str, bytes]:
    """Return the four files of the stand-in, as a dictionary from name to content."""
    try:
        from sklearn.datasets import load_digits
    except ModuleNotFoundError as error:
        msg = (
            f"{reason}\nThe stand-in for MNIST needs scikit-learn: "
            "python -m pip install scikit-learn"
        )
        raise ModuleNotFoundError(msg, name=error.name) from error
    digits = load_digits()
    images = _enlarge(digits.images.astype(np.int64))
    labels = digits.target.astype(np.uint8)
    files = {}
    for half, rows in (
        ("train", slice(None, STAND_IN_TRAINING)),
        ("t10k", slice(STAND_IN_TRAINING, None)),
    ):
        files[f"{half}-images-idx3-ubyte"] = _idx(images[rows])
        files[f"{half}-labels-idx1-ubyte"] = _idx(labels[rows])
    return files


def _enlarge(images: np.ndarray) -> np.ndarray:
    """Return 8 x 8 images of levels 0 to 16 as 28 x 28 images of levels 0 to 255.

    The 8 x 8 pixels become 20 x 20 by linear interpolation, with a margin of 4 pixels
    around, as in MNIST. Everything is counted in integers, so that every machine
    writes the same bytes.

    Args:
        images: Shape ``(N, 8, 8)``, int64 in [0, 16].

    Returns:
        Shape ``(N, 28, 28)``, uint8.
    """
    # In tenths of an old pixel: center i of the new pixels lies at 4 i - 3.
    position = np.clip(4 * np.arange(20) - 3, 0, 70)
    distance = np.abs(position[:, None] - 10 * np.arange(8))
    weights = np.clip(10 - distance, 0, None)  # (20, 8), each row adds up to 10
    hundredths = weights @ images @ weights.T  # (N, 20, 20), in [0, 1600]
    levels = (255 * hundredths + 800) // 1600
    return np.pad(levels.astype(np.uint8), ((0, 0), (4, 4), (4, 4)))


def _idx(array: np.ndarray) -> bytes:
    """Return an array of bytes in MNIST's format: magic number, shape, values."""
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
    return header + array.tobytes()
