"""What a chapter offers to take along: a notebook and a script."""


class OfferError(Exception):
    """Something in a chapter that has no form in a notebook or a script."""
