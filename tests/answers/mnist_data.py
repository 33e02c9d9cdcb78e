"""Right and wrong answers to the exercises on the data of MNIST."""

import numpy as np
import torch
from torch.utils.data import Dataset, Subset


def gray(row):
    return (row * 0.5 + 0.5) * 255


def by_numpy(row):
    rounded = np.rint(gray(row.numpy())).reshape(28, 28)
    return torch.from_numpy(rounded.astype(np.uint8))


def of_all(images):
    pixels = images.float() / 255
    return torch.stack([pixels.mean(), pixels.std()])


def by_sums(images):
    pixels = images.flatten().double() / 255
    mean = pixels.sum() / len(pixels)
    squares = ((pixels - mean) ** 2).sum() / len(pixels)
    return torch.stack([mean, squares.sqrt()])


class OnlyDigits(Dataset):
    keeps = staticmethod(lambda label, digits: label in digits)

    def __init__(self, data_set, digits):
        self.examples = [
            (row, label)
            for row, label in data_set
            if self.keeps(int(label), set(digits))
        ]

    def __len__(self):
        return len(self.examples)

    def __getitem__(self, i):
        return self.examples[i]


class TheOthers(OnlyDigits):
    keeps = staticmethod(lambda label, digits: label not in digits)


class Unfiltered(OnlyDigits):
    keeps = staticmethod(lambda label, digits: True)


class InputsOnly(OnlyDigits):
    def __getitem__(self, i):
        return self.examples[i][0]


class Backward(OnlyDigits):
    def __getitem__(self, i):
        return self.examples[len(self) - 1 - i]


class WithoutLength:
    def __init__(self, data_set, digits):
        pass


def subset(data_set, digits):
    labels = [int(label) for _, label in data_set]
    return Subset(data_set, [i for i, label in enumerate(labels) if label in digits])


ANSWERS = {
    "mnist-data-1": (
        [lambda row: gray(row).round().byte().reshape(28, 28), by_numpy],
        [
            (lambda row: gray(row).byte().view(28, 28), "1 too low"),
            (lambda row: (row * 255).round().short().view(28, 28), "−1 should become"),
            (lambda row: (gray(row) / 255).round().byte().view(28, 28), "255"),
            (lambda row: gray(row).round().byte().view(28, 28).T, "swapped"),
            (lambda row: gray(row).round().byte(), "(28, 28)"),
            (lambda row: 255 - gray(row).round().byte().view(28, 28), "reverse"),
        ],
    ),
    "mnist-data-2": (
        [of_all, by_sums],
        [
            (lambda images: of_all(images) * 255, "Divide each pixel"),
            (
                lambda images: torch.stack([of_all(image) for image in images]).mean(0),
                "all pixels together",
            ),
            (
                lambda images: of_all(images) ** torch.tensor([1, 2]),
                "variance",
            ),
            (lambda images: of_all(images).flip(0), "mean comes first"),
            (lambda images: of_all(images)[:1], "(2,)"),
            (lambda images: 1 - of_all(images), "Convert to floats"),
        ],
    ),
    "mnist-data-3": (
        [OnlyDigits, subset],
        [
            (TheOthers, "wrong way around"),
            (Unfiltered, "Of 8 examples"),
            (InputsOnly, "two things"),
            (Backward, "should be example"),
            (WithoutLength, "with `__len__`"),
            (lambda data_set, digits: len(data_set), "with `__len__`"),
            (lambda data_set: data_set, "error"),
        ],
    ),
}
