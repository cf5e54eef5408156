"""Put a copy of the database back."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from syncbridge.errors import ConfigError
from syncbridge.store import backup
from syncbridge.store.migrate import HEAD, known, revision


def restore(saved: Path, file: Path, *, aside: Path) -> None:
    """Put a copy in the place of a database that nobody uses, and keep what was there as `aside`.

    Raises ConfigError if the copy is missing, damaged, or of another program or a newer one; nothing is changed then.
    """
    if not saved.is_file():
        raise ConfigError(f"there is no file {saved}; name a copy that `syncbridge db backup` made")
    backup.check(saved)
    found = revision(create_engine(f"sqlite:///{saved}", poolclass=NullPool))
    if found is None:
        raise ConfigError(f"{saved} is no database of syncbridge; name a copy that `syncbridge db backup` made")
    if not known(found):
        raise ConfigError(f"{saved} is at schema {found}, this syncbridge knows {HEAD}; install the newer one first")
    fresh = file.with_name(f"{file.name}.restoring")
    backup.copy(saved, fresh)
    for suffix in ("", "-wal"):
        with contextlib.suppress(FileNotFoundError):
            shutil.copy2(f"{file}{suffix}", f"{aside}{suffix}")
    for suffix in ("-wal", "-shm"):  # first: the log of the old database must never be read into the new one
        Path(f"{file}{suffix}").unlink(missing_ok=True)
    os.replace(fresh, file)
