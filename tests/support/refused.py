"""What a test client raises when the hub or a server says no."""


class Refused(AssertionError):
    """The hub or a server said no: the HTTP status and the words that a person would see."""

    def __init__(self, what: str, status: int, text: str) -> None:
        super().__init__(f"{what}: HTTP {status}: {text}")
        self.status = status
        self.text = text
