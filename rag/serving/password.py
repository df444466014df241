"""The password, kept hashed on disk."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
import tempfile
import unicodedata
from pathlib import Path

from rag.config import data_folder
from rag.errors import ConfigError

SHORTEST, LONGEST = 8, 1024
N, R, P = 2**15, 8, 1  # 32 MiB and about a tenth of a second for one try


class Password:
    """The password of the page, in a file that holds its hash alone.

    Args:
        path: of the file; by default `password.json` in the data folder.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path if path is not None else data_folder() / "password.json"

    @property
    def is_set(self) -> bool:
        """Tell whether there is one."""
        return self.path.exists()

    @property
    def mark(self) -> str:
        """What tells this password from those before it; "" where none is set."""
        try:
            return self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""

    @staticmethod
    def check(word: str) -> None:
        """Look whether words will do as a password.

        Raises:
            ConfigError: they are too short or too long.
        """
        if not SHORTEST <= len(word) <= LONGEST:
            raise ConfigError(
                f"a password has {SHORTEST} to {LONGEST:,} characters; give such a one."
            )

    def set(self, word: str) -> None:
        """Keep a password; who is logged in with the one before has to log in anew.

        Raises:
            ConfigError: it is too short or too long.
        """
        self.check(word)
        salt = secrets.token_bytes(16)
        kept = {
            "scheme": "scrypt",
            "n": N,
            "r": R,
            "p": P,
            "salt": base64.b64encode(salt).decode(),
            "hash": base64.b64encode(_hash(word, salt, N, R, P)).decode(),
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # mkstemp makes a file that its owner alone may read, from its first byte on.
        handle, name = tempfile.mkstemp(prefix=".password", dir=self.path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(kept, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self.path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def remove(self) -> bool:
        """Forget the password; tell whether there was one."""
        there = self.is_set
        self.path.unlink(missing_ok=True)
        return there

    def matches(self, word: str) -> bool:
        """Tell whether this is the password; False where none is set.

        Raises:
            ConfigError: the file is damaged.
        """
        text = self.mark
        if not text or len(word) > LONGEST:
            return False
        try:
            kept = json.loads(text)
            n, r, p = (int(kept[name]) for name in ("n", "r", "p"))
            salt, hashed = (base64.b64decode(kept[name]) for name in ("salt", "hash"))
            given = _hash(word, salt, n, r, p)
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError(
                "the file of the password is damaged; set it again with `rag password set`."
            ) from error
        return hmac.compare_digest(given, hashed)


def _hash(word: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    # Keyboards write the same letter in several ways.
    secret = unicodedata.normalize("NFKC", word).encode()
    return hashlib.scrypt(secret, salt=salt, n=n, r=r, p=p, maxmem=256 * 1024**2, dklen=32)
