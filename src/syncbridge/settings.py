"""What the owner sets: read from syncbridge.toml, the environment and secret files, refused in plain words.

Order of precedence: environment, file, default. Times are in seconds. No secret is ever shown: the options of an
account stay out of every repr, and no message quotes a value.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from syncbridge.errors import ConfigError, MappingError
from syncbridge.model.money import Money
from syncbridge.rules.quota import DayQuota
from syncbridge.rules.retry import RetryPolicies, RetryPolicy
from syncbridge.settings_sources import Tree, find_file, from_environment, from_file, origin, sentence

Seconds = Annotated[float, Field(gt=0)]
Share = Annotated[Decimal, Field(ge=0, le=1)]
_VENDOR_LIMITS = {
    "alibaba1688": {"per_second": "4", "per_day": "100000", "per": "app"},
    "aliexpress": {"per_second": "5"},
    "track17": {"per_second": "3"},
}
S = TypeVar("S", bound=BaseModel)


def _account_name(name: str) -> str:
    if re.fullmatch(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*", name):
        return name
    raise ValueError(f'"{name}" cannot name an account; use small letters, digits, - and _, such as [accounts.toys]')


def _spending_cap(value: object) -> object:
    if value is None or isinstance(value, Money):
        return value
    try:
        cap = Money.parse(value if isinstance(value, str) else "")
    except ValueError:
        raise ValueError('is not an amount with its currency; write "2000.00 CNY"') from None
    if cap < Money.zero(cap.currency):
        raise ValueError('must not be negative; write "2000.00 CNY"')
    return cap


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, hide_input_in_errors=True)


class WebSettings(_Section):
    """Where the receiver and the console listen."""

    host: str = Field(default="127.0.0.1", min_length=1)
    port: int = Field(default=8688, ge=0, le=65535)
    """0 takes any free port."""
    max_body_bytes: int = Field(default=1024 * 1024, gt=0)


class WorkerSettings(_Section):
    """How many jobs run at once."""

    count: int = Field(default=8, ge=1)
    idle: Seconds = 1.0
    """The longest time a due job waits to be seen."""


class DeadlineSettings(_Section):
    """How long one vendor call may take, and how long an unclear purchase is left alone."""

    total: Seconds = 30.0
    read: Seconds = 15.0
    margin: Seconds = 30.0
    quarantine: Seconds = 120.0
    """The least wait; see `Settings.quarantine`."""

    @model_validator(mode="after")
    def _a_read_fits_into_the_call(self) -> DeadlineSettings:
        if self.read > self.total:
            raise ValueError(f"read ({self.read:g}) is longer than total ({self.total:g}); make read the shorter one")
        return self


class JobSettings(_Section):
    """How a worker holds a job."""

    lease: Seconds = 120.0
    renewal: Seconds = 30.0
    sweep: Seconds = 15.0

    @model_validator(mode="after")
    def _a_lease_is_renewed_in_time(self) -> JobSettings:
        if self.renewal >= self.lease:
            raise ValueError(f"renewal ({self.renewal:g}) must be shorter than lease ({self.lease:g})")
        return self


class PollSettings(_Section):
    """How often each vendor list is read."""

    orders: Seconds = 300.0
    purchases: Seconds = 300.0
    offers: Seconds = 86_400.0
    """The whole pool, for what is new in it; between two such readings each offer is read when it is due."""
    due_offers: Seconds = 60.0
    """Whether offers are due to be read."""
    carrier: Seconds = 900.0
    listings: Seconds = 3600.0
    """Which listings of the stores changed; an edit by hand is known after this long at the latest."""
    rates: Seconds = 21600.0
    tracks: Seconds = 14_400.0
    """How far declared parcels are."""


class MonitorSettings(_Section):
    """How often offers are read, by how often they change and sell, and how long their past is kept."""

    soonest: Seconds = 900.0
    """No offer is read again sooner by itself."""
    latest: Seconds = 86_400.0
    """Each is read again after that, as far as the quota allows."""
    history_days: int = Field(default=180, ge=1)
    """Costs and stocks that no longer hold are kept for so long."""

    @model_validator(mode="after")
    def _the_latest_is_later(self) -> MonitorSettings:
        if self.latest < self.soonest:
            raise ValueError(f"latest ({self.latest:g}) is sooner than soonest ({self.soonest:g}); make it the longer")
        return self


class WaitSettings(_Section):
    """How long to leave a vendor alone that is not done yet."""

    audit: Seconds = 300.0
    """Between looks at a listing under audit."""
    read_back: Seconds = 60.0
    """Before a declaration that did not show is looked for again."""
    orders: Seconds = 300.0
    """Before a stock on the channel that no known order explains is decided on."""
    booking: Seconds = 600.0
    """Between looks for the number and the label of a booked parcel."""
    domestic: Seconds = 432_000.0
    """Before a person is told of a domestic parcel that does not move, or that arrived and is not sent abroad."""


class LedgerSettings(_Section):
    """When the books are held against the vendors', and how often silence is listened for."""

    audit_hour: int = Field(default=7, ge=0, le=23)
    """Of the day in China."""
    quiet: Annotated[float, Field(gt=0, le=1800)] = 900.0
    """Each look is a sign of life; without one for an hour, the daemon counts as stopped."""


class RetrySettings(_Section):
    """Attempts, and waits that double from `first` to `cap`, for one sort of work."""

    attempts: int = Field(ge=1)
    first: Seconds
    cap: Seconds


class RetriesSettings(_Section):
    """How often work is tried before a person is asked."""

    purchase: RetrySettings = RetrySettings(attempts=8, first=720, cap=8 * 3600)
    tracking: RetrySettings = RetrySettings(attempts=12, first=900, cap=12 * 3600)
    catalogue: RetrySettings = RetrySettings(attempts=6, first=720, cap=2 * 3600)

    @property
    def policies(self) -> RetryPolicies:
        """As the rules want them."""
        sorts = (self.purchase, self.tracking, self.catalogue)
        return RetryPolicies(*(RetryPolicy(sort.attempts, sort.first, sort.cap) for sort in sorts))


class BrakeSettings(_Section):
    """Bounds that stop a run of changes and wait for a person; fractions, so 0.30 is 30 %."""

    price_step: Share = Decimal("0.30")
    repriced_share: Share = Decimal("0.25")
    zeroed_share: Share = Decimal("0.10")
    margin_floor: Annotated[Decimal, Field(ge=0, lt=1)] = Decimal(0)
    rate_band: Share = Decimal("0.015")
    """An exchange rate so near to the one in force changes no price."""
    rate_outlier: Share = Decimal("0.05")
    """One that moves by more from one day to the next waits for a person."""
    rate_days: int = Field(default=3, ge=1)
    """Working days without news after which a rate makes no price any more."""


class ImageSettings(_Section):
    """Which pictures may be fetched, to tell goods by what they look like."""

    fetch: bool = True
    """False: goods are told by their texts alone."""
    hosts: tuple[str, ...] = ("*.alicdn.com", "*.aliexpress-media.com")
    """Nothing is fetched from anywhere else; ``*.alicdn.com`` stands for every name below it."""
    per_run: int = Field(default=400, ge=0)
    """The most of one run of proposals."""


class LimitSettings(_Section):
    """How fast an adapter may call its vendor where the vendor does not say; calls per second."""

    per_second: Annotated[float, Field(gt=0)] = 4.0
    catalogue_share: Annotated[Decimal, Field(gt=0, lt=1)] = Decimal("0.5")
    """What catalogue calls may use of it; the rest is kept for orders and tracking."""
    per_day: int | None = Field(default=None, gt=0)
    """Calls the vendor allows on one day in China; no more are made. None: nobody knows."""
    per: Literal["account", "app"] = "account"
    """Whose calls are counted together: an account's, or those of all accounts with one app key."""

    @property
    def quota(self) -> DayQuota | None:
        """The same beside what the catalogue may use of it."""
        return None if self.per_day is None else DayQuota(self.per_day, self.catalogue_share)

    @property
    def catalogue_per_second(self) -> float:
        """Calls a second that the catalogue may make."""
        return self.per_second * float(self.catalogue_share)


class AccountSettings(_Section):
    """One account at a vendor, ``[accounts.NAME]``."""

    adapter: str
    live: bool = False
    """False is a dry run: nothing is written at the vendor."""
    daily_spending_cap: Annotated[Money | None, BeforeValidator(_spending_cap)] = None
    """None: nothing is bought."""
    resend_unknown: bool = False
    required_labels: tuple[str, ...] = ("诚信通", "超级工厂")
    """Labels a supplier must have to be bought from without asking; an empty list asks for none."""
    without_labels: Literal["confirm", "by_hand"] = "confirm"
    """What becomes of purchases from suppliers that lack one."""
    approve: Literal["auto", "person"] = "auto"
    """Who approves changes of a store's catalogue that no guard stops."""
    confirm_receipt: Literal["never", "signed", "delivered"] = "never"
    """When a supplier is told that its goods arrived, after which the money is its own."""
    callback: str = Field(default="http://127.0.0.1:8689/callback", pattern=r"^https?://[^\s/]+")
    """Where the vendor sends the browser after a person opened the account, as its app's console knows it."""
    options: dict[str, object] = Field(default_factory=dict, repr=False)
    """Every other key, for the adapter's own settings; may hold secrets."""

    @model_validator(mode="before")
    @classmethod
    def _gather_options(cls, raw: object) -> object:
        if not isinstance(raw, dict) or "options" in raw:
            return raw
        own = {key: value for key, value in raw.items() if key in cls.model_fields}
        return own | {"options": {key: value for key, value in raw.items() if key not in own}}


class Settings(BaseSettings):
    """All of syncbridge.toml. Built directly it reads neither file nor environment; `load_settings` does."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, hide_input_in_errors=True)

    database_url: str = "sqlite:///syncbridge.db"
    driver: Literal["poll"] = "poll"
    mappings: Path = Path("mappings")
    key_file: Path = Path("syncbridge.key")
    language: Literal["en", "zh"] | None = None
    """Of what people read; None: the locale's."""
    cool_off: Annotated[float, Field(ge=0)] = 600.0
    """How long a paid order waits before it is bought for; buyers often cancel early."""
    web: WebSettings = WebSettings()
    workers: WorkerSettings = WorkerSettings()
    deadlines: DeadlineSettings = DeadlineSettings()
    jobs: JobSettings = JobSettings()
    polls: PollSettings = PollSettings()
    monitor: MonitorSettings = MonitorSettings()
    waits: WaitSettings = WaitSettings()
    ledger: LedgerSettings = LedgerSettings()
    retry: RetriesSettings = RetriesSettings()
    brakes: BrakeSettings = BrakeSettings()
    images: ImageSettings = ImageSettings()
    limits: dict[str, LimitSettings] = Field(default_factory=dict, validate_default=True)
    """By adapter; the vendors' known limits unless set."""
    accounts: dict[Annotated[str, AfterValidator(_account_name)], AccountSettings] = Field(default_factory=dict)
    _folder: Path = PrivateAttr(default=Path())

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what is passed in, so that no stray variable reaches a test or a demo."""
        return (init_settings,)

    @field_validator("database_url")
    @classmethod
    def _sqlite_only(cls, url: str) -> str:
        if url.startswith("postgres"):
            raise ValueError(
                'names PostgreSQL, and many hosts come in a later release; write "sqlite:///syncbridge.db"'
            )
        if not url.removeprefix("sqlite:///") or not url.startswith("sqlite:///"):
            raise ValueError('does not name a SQLite file; write "sqlite:///syncbridge.db"')
        return url

    @field_validator("driver", mode="before")
    @classmethod
    def _poll_only(cls, driver: object) -> object:
        if driver == "pgqueuer":
            raise ValueError('names an engine for many hosts, which comes in a later release; write "poll"')
        return driver

    @field_validator("limits", mode="before")
    @classmethod
    def _known_limits(cls, raw: object) -> object:
        if not isinstance(raw, dict):
            return raw
        known: dict[str, object] = {**_VENDOR_LIMITS}
        given = {n: {**_VENDOR_LIMITS.get(n, {}), **v} if isinstance(v, dict) else v for n, v in raw.items()}
        return known | given

    @property
    def database_file(self) -> Path:
        """The file of the database, whatever links lead to it."""
        return Path(self.database_url.removeprefix("sqlite:///")).resolve()

    @property
    def quarantine(self) -> float:
        """Seconds between an unclear purchase and the look-up: never less than two whole calls and the margin."""
        limits = self.deadlines
        return max(2 * limits.total + limits.margin, limits.quarantine)

    def limit(self, adapter: str) -> LimitSettings:
        """How fast an adapter may call, also one nobody has set a limit for."""
        return self.limits.get(adapter, LimitSettings())

    def counted_as(self, account: str) -> str:
        """Under which name an account's calls are counted against its vendor's quota: its own, or that of its app."""
        adapter, key = self.accounts[account].adapter, self.accounts[account].options.get("app_key")
        return f"{adapter}/{key}" if key and self.limit(adapter).per == "app" else account

    def reads_per_second(self, account: str) -> float:
        """Calls that the quota leaves for the account's catalogue; accounts that are counted together share it."""
        together = [name for name in self.accounts if self.counted_as(name) == self.counted_as(account)]
        return self.limit(self.accounts[account].adapter).catalogue_per_second / len(together)

    def adapter_settings(self, account: str, model: type[S]) -> S:
        """An account's options as its adapter's own settings; paths are taken from the file's folder.

        Raises ConfigError with a sentence for each problem.
        """
        try:
            read = model.model_validate(self.accounts[account].options)
        except ValidationError as error:
            problems = [f"accounts.{account}.{sentence(p, model)}" for p in error.errors(include_input=False)]
        else:
            paths = {name: self._folder / value for name, value in read if isinstance(value, Path)}
            return read.model_copy(update=paths)
        raise ConfigError("\n".join(problems))


def load_settings(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of this run: environment over file over defaults.

    The file is `path`, else ``$SYNCBRIDGE_CONFIG``, else syncbridge.toml in the working directory, else in the user's
    configuration directory; without any, the defaults hold. Raises ConfigError with one sentence per problem.
    """
    variables = os.environ if environ is None else environ
    file = find_file(path, variables)
    outer = from_environment(variables, Settings)
    written = _anchored(from_file(file), file.parent) if file else {}
    sources = (InitSettingsSource(Settings, outer), InitSettingsSource(Settings, written))
    try:
        settings = Settings(_build_sources=(sources, {}))  # type: ignore[call-arg]  # pydantic hides it from checkers
    except ValidationError as error:
        problems = [f"{origin(p, outer, file)}: {sentence(p, Settings)}" for p in error.errors(include_input=False)]
    else:
        settings._folder = file.parent if file else Path()
        return settings
    # Raised out here, so that no traceback carries pydantic's error, which knows the values.
    raise ConfigError("\n".join(problems))


def _anchored(tree: Tree, folder: Path) -> Tree:
    """Relative paths of a file, also those it leaves to the defaults, are relative to its folder."""
    paths = {key: tree.get(key, Settings.model_fields[key].default) for key in ("mappings", "key_file")}
    url = tree.get("database_url", Settings.model_fields["database_url"].default)
    if isinstance(url, str) and url.startswith("sqlite:///") and url != "sqlite:///":
        tree["database_url"] = "sqlite:///" + (folder / url.removeprefix("sqlite:///")).as_posix()
    return tree | {key: folder / path for key, path in paths.items() if isinstance(path, str | Path)}


def read_mappings(path: Path) -> dict[str, str]:
    """The text of one mapping file, or of every .yaml file of a folder, by file name."""
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix in (".yaml", ".yml"))
    else:
        files = [path] if path.is_file() else []
    if not files:
        raise ConfigError(f"{path}: there is no mapping file; name a .yaml file or a folder that holds some")
    return {str(file): _mapping_text(file) for file in files}


def _mapping_text(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise MappingError(f"{file}:1:1: is not UTF-8 text; save it as UTF-8 in the editor") from None
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read ({error.strerror}); check its permissions") from error
